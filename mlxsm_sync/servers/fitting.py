"""Whether profiles fit into the memory of a machine: what each needs, what runs, and the limit.

What is asked of files is gathered first; `report`, `overcommitted` and `told` decide, and ask nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mlxsm_sync.servers import model_files
from mlxsm_sync.servers.memory_needs import (
    ModelNeeds,
    Needs,
    cannot_be_quantized,
    given,
    model_needs,
    needs_of,
)
from mlxsm_sync.text.amounts import size
from mlxsm_sync.values.fit import FitProfile, FitReport, MemoryLimit
from mlxsm_sync.values.server_options import DRAFT_MODEL
from mlxsm_sync.values.state import Entry

_MODEL, _DRAFT = "its model", "its draft model"


class Wish(NamedTuple):
    """For what the needs are counted, where the profile does not say."""

    context: int | None = None
    conversations: int = 1


NO_WISH = Wish()


class Sized(NamedTuple):
    """An entry and what it needs."""

    entry: Entry
    needs: Needs
    problem: str | None = None
    """What keeps a server with these options from serving this model at all."""


def sized(entry: Entry, environment: Mapping[str, str], wish: Wish = NO_WISH, what: str = _MODEL) -> Sized:
    """What an entry needs, as far as the files of its model tell; `what` the model is called in messages."""
    try:
        folder = model_files.folder_for(entry, environment)
        if folder is None:
            return _unknown(entry, wish, f"{what} is not on this disk")
        model = model_needs(folder)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return _unknown(entry, wish, f"the files of {what} do not tell: {reason}")
    found = Sized(entry, needs_of(entry.profile, model, *wish), _about_windows(entry, model))
    draft = given(entry.profile).get(DRAFT_MODEL)
    return found if draft is None else _with_draft(found, draft, environment, wish)


def _with_draft(found: Sized, draft: str, environment: Mapping[str, str], wish: Wish) -> Sized:
    """What a profile needs with the model that drafts its answers, which reads the same conversations."""
    needs, profile = found.needs, found.entry.profile
    options = profile.advanced_launch_options.model_copy(raw_extra_args=None)
    second = profile.model_copy(
        model_id=draft, context=needs.context, advanced_launch_options=options, name=f"{profile.name} (draft)"
    )
    inner = sized(found.entry.model_copy(profile=second), environment, wish, _DRAFT).needs
    if needs.kv is None or inner.weights is None or inner.kv is None:
        about = inner.message if inner.weights is None else f"{_DRAFT}: {inner.message}"
        message = needs.message or about
        return found._replace(needs=needs._replace(kv=None, certainty="unknown", message=message))
    both = needs._replace(
        weights=(needs.weights or 0) + inner.weights,
        kv=needs.kv + inner.kv,
        one_kv=(needs.one_kv or 0) + (inner.one_kv or 0),
        unset_cache=None if needs.unset_cache is None else needs.unset_cache + (inner.unset_cache or 0),
        certainty=max(needs.certainty, inner.certainty),  # upper-bound comes after exact
    )
    return found._replace(needs=both)


def _unknown(entry: Entry, wish: Wish, message: str) -> Sized:
    declared = wish.context or entry.profile.context
    cache = entry.profile.advanced_launch_options.prompt_cache_bytes
    return Sized(entry, Needs(declared, prompt_cache=cache, message=message))


def _about_windows(entry: Entry, model: ModelNeeds) -> str | None:
    if not cannot_be_quantized(entry.profile, model):
        return None
    return "its model keeps a sliding window, which the server cannot quantize: take --kv-bits out"


def report(those: Sequence[Sized], limit: MemoryLimit, running: Mapping[str, int]) -> FitReport:
    """What they need beside what runs: `running` has the measured bytes by entry.

    A server that runs may still grow, so it counts with the greater of what it uses and what it needs.
    """
    profiles = tuple(_line(one, limit) for one in those)
    meant = {one.entry.id for one in those}
    total = sum(count for entry_id, count in running.items() if entry_id not in meant)
    total += sum(max(one.sum_bytes or 0, one.weights_bytes or 0, running.get(one.id, 0)) for one in profiles)
    is_known = all(one.sum_bytes is not None for one in profiles)
    fits = False if total > limit.nbytes else True if is_known else None
    return FitReport(
        limit=limit, profiles=profiles, running=sum(running.values()), sum_bytes=total, fits=fits
    )


def _line(one: Sized, limit: MemoryLimit) -> FitProfile:
    needs, total = one.needs, one.needs.total
    least = total if total is not None else needs.weights or 0
    fits = False if least > limit.nbytes else None if total is None else True
    return FitProfile(
        id=one.entry.id,
        name=one.entry.name,
        weights_bytes=needs.weights,
        kv_bytes=needs.kv,
        prompt_cache_bytes=needs.prompt_cache,
        sum_bytes=total,
        context=needs.context,
        certainty=needs.certainty,
        fits=fits,
        message="; ".join(filter(None, (one.problem, needs.message, cache_note(needs)))) or None,
    )


def cache_note(needs: Needs) -> str | None:
    """What the prompt cache may add where nothing limits it."""
    if not needs.unset_cache:
        return None
    count = needs.unset_cache // (needs.one_kv or 1)
    return f"up to {count} conversations more: +{size(needs.unset_cache)}; set promptCacheBytes"


def overcommitted(one: Sized, limit: MemoryLimit, taken: int) -> str | None:
    """Why a server is not to be started: weights alone, beside `taken` bytes, are over the limit."""
    weights = one.needs.weights
    if weights is None or taken + weights <= limit.nbytes:
        return None
    beside = f" beside {size(taken)} of others" if taken else ""
    room = max(limit.nbytes - taken, 0)
    return (
        f"its weights are {size(weights)}{beside}, and the limit is {limit_text(limit)}: "
        f"a model of up to {size(room)} would fit; --allow-overcommit starts it all the same"
    )


def limit_text(limit: MemoryLimit) -> str:
    """The limit, and where it is from if that is less than sure."""
    return f"{size(limit.nbytes)} (assumed)" if limit.from_ == "assumed" else size(limit.nbytes)


def told(starting: Sequence[Sized], limit: MemoryLimit, taken: int) -> list[str]:
    """What to warn of before these are started beside `taken` bytes; each thing once."""
    known = [one for one in starting if one.needs.total is not None]
    total = taken + sum(one.needs.total or one.needs.weights or 0 for one in starting)
    notes = []
    if total > limit.nbytes:
        notes.append(f"memory: {size(total)} would be asked for, and the limit is {limit_text(limit)}")
    if unknown := [one for one in starting if one.needs.total is None]:
        names = _listed(one.entry.name for one in unknown)
        notes.append(f"memory: not known, and not counted, is what {names} needs")
    if unset := [one for one in known if one.needs.unset_cache]:
        more = size(sum(one.needs.unset_cache or 0 for one in unset))
        names = _listed(one.entry.name for one in unset)
        notes.append(f"memory: prompt caches of {names} may grow by {more}; promptCacheBytes limits them")
    return notes


def _listed(names: Iterable[str], most: int = 3) -> str:
    every = [*names]
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
