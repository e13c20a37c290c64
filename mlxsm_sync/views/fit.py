"""What profiles need of the memory, as text: a line for each, and all of it as a bar."""

from __future__ import annotations

from mlxsm_sync.text.amounts import size
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.fit import FitProfile, FitReport
from mlxsm_sync.views.style import Style, records, table

_WIDTH = 10
_HEAD = ("NAME", "WEIGHTS", "KV", "TOKENS", "PROMPT CACHE", "SUM", "CERTAINTY")
_DROPPING = ("PROMPT CACHE", "TOKENS", "KV", "WEIGHTS")
_ORIGINS = {
    "asked": "as asked for",
    "iogpu.wired_limit_mb": "iogpu.wired_limit_mb",
    "metal": "what Metal recommends",
    "assumed": "assumed",
    "ram": "the RAM of this machine",
}


def bar(used: int, limit: int, style: Style) -> str:
    """`███░░░░░░░ 18.2 of 48.0 GB`; in letters that every terminal has where it is plain, or none.

    It is full only where nothing is left, and empty only where nothing is used.
    """
    filled = max(min(_WIDTH * used // limit if limit else _WIDTH, _WIDTH), int(used > 0))
    full, empty = ("█", "░") if style.blocks else ("#", ".")
    amount, unit = size(used), size(limit).split()[1]
    amount = amount.removesuffix(f" {unit}")
    return f"{full * filled}{empty * (_WIDTH - filled)} {amount} of {size(limit)}"


def fit_text(report: FitReport, style: Style, *, quiet: bool = False) -> str:
    """A line for each profile, what there is to say of it, and what runs and would start as a bar.

    Plain: name, bytes of weights, KV, tokens, bytes of the prompt cache, sum, certainty, whether it fits.
    """
    if style.plain:
        return records(map(_record, report.profiles))
    text = ""
    if report.profiles and not quiet:
        rows = map(_row, report.profiles)
        text = table(_HEAD, rows, style, yielding=("NAME",), dropping=_DROPPING) + "\n"
    notes = [f"{visible(one.name)}: {visible(one.message)}\n" for one in report.profiles if one.message]
    word, sign = {True: ("fits", "+"), False: ("does not fit", "✗"), None: ("not known", "?")}[report.fits]
    filled = bar(report.sum_bytes, report.limit.nbytes, style)
    runs = f", {size(report.running)} of it in use" if report.running else ""
    missing = sum(one.sum_bytes is None for one in report.profiles)
    without = f", without {missing} that cannot be told" if missing else ""
    end = f"{filled} ({_ORIGINS[report.limit.from_]}){runs}{without}: {style.paint(word, sign)}\n"
    return text + "".join(notes) * (not quiet) + end


def _record(one: FitProfile) -> tuple[object, ...]:
    return (
        one.name,
        one.weights_bytes,
        one.kv_bytes,
        one.context,
        one.prompt_cache_bytes,
        one.sum_bytes,
        one.certainty,
        one.fits,
    )


def _row(one: FitProfile) -> tuple[str, ...]:
    return (
        one.name,
        _amount(one.weights_bytes),
        _amount(one.kv_bytes),
        str(one.context) if one.context is not None else "?",
        _amount(one.prompt_cache_bytes, "-"),
        _amount(one.sum_bytes),
        one.certainty.replace("-", " "),
    )


def _amount(count: int | None, absent: str = "?") -> str:
    return size(count) if count is not None else absent
