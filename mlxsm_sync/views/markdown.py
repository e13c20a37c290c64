"""A plan as Markdown, for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.field_names import called
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.plan import Change, FieldChange, Plan
from mlxsm_sync.views.plan import (
    CONFLICT_SIGN,
    INVALID_SIGN,
    ORPHAN_SIGN,
    SIGNS,
    headline,
    plan_text,
)
from mlxsm_sync.views.style import Style, value

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")
_REFERENCE = re.compile(r"(?<=@)(?=\w)|(?<=#)(?=\d)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
"""Where a forge would find a person, an issue or a link in plain text."""


def plan_markdown(plan: Plan) -> str:
    """A heading, a table of what changes and of what stays behind, and the whole plan folded away."""
    lines = [f"### {_text(headline(plan))}", ""]
    rows = [f"| `{sign}` | {_text(name)} | {what} |" for sign, name, what in _rows(plan)]
    if rows:
        lines += ["| | Profile | What |", "| --- | --- | --- |", *rows, ""]
    if plan.input is not None and plan.input.meaning is not None:
        lines += [f"To apply only what this file says now: `--expect-input {plan.input.meaning}`", ""]
    fence = "```"
    text = plan_text(plan, Style())
    while fence in text:
        fence += "`"
    lines += [
        "<details><summary>Details</summary>",
        "",
        f"{fence}text",
        text.rstrip("\n"),
        fence,
        "",
        "</details>",
    ]
    return "\n".join([*lines, "", f"<!-- mlxsm plan {plan.digest} -->"]) + "\n"


def _rows(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Sign, name, and what happens, in the order of the plan's text."""
    for change in plan.counted:
        yield SIGNS[change.action], change.name, _what(change)
    for conflict in plan.conflicts:
        yield CONFLICT_SIGN, conflict.name, f"conflict: {_text(conflict.message)}"
    for one in plan.invalid:
        yield INVALID_SIGN, one.name, f"invalid: {_text('; '.join(one.messages))}"
    for orphan in plan.orphans:
        stays = "stays, it came from another file" if orphan.foreign else "stays, unless pruned"
        yield ORPHAN_SIGN, orphan.name, f"no longer in the file: {stays}"


def _what(change: Change) -> str:
    if change.action == "create" and change.after is not None:
        where = endpoint(change.after.host, change.after.port)
        return f"create: {_code(change.after.model_id)} at {_code(where)}"
    fields = ", ".join(map(_field, change.fields))
    action = f"{change.action} {_code(change.target)}" if change.action == "replace" else change.action
    return f"{action}: {fields}" if fields else action


def _field(one: FieldChange) -> str:
    """`port 21361 → 21362`, in the words of the file."""
    return _code(f"{called(one.path)} {value(one.before)} → {value(one.after)}")


def _code(text: str | None) -> str:
    """Text of others as code, in which nothing is read as Markdown, not even a mention."""
    shown = visible(text or "").replace("|", "\\|")
    fence = "`"
    while fence in shown:
        fence += "`"
    edge = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def _text(text: str) -> str:
    """Text of others in a sentence: it is text, and refers to nobody and nothing."""
    return "<!-- -->".join(_SPECIAL.sub(r"\\\1", part) for part in _REFERENCE.split(visible(text)))
