"""The changes of a plan: what decisions would write, and what leads from one state to another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from mlxsm_sync.planning.candidate import Candidate, Decision
from mlxsm_sync.planning.decide import Decisions
from mlxsm_sync.planning.digest import plan_digest, summarise
from mlxsm_sync.planning.explain import explain
from mlxsm_sync.planning.matched import Matched
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.plan import Action, Change, Plan, Refusal
from mlxsm_sync.values.profile import Profile, from_fields, nested
from mlxsm_sync.values.state import Entry, State

NEW_ID = "0" * 16
"""The id of an entry that is still to be created; `apply_plan` puts a fresh one in its place."""


def planned_changes(matched: Matched, decisions: Decisions) -> Iterator[Change]:
    """What a plan would write, in the order of the file; deletions come last."""
    for decision in decisions.by_index.values():
        if decision.writes:
            yield _planned(matched, decision)
    yield from (_change("delete", entry, None) for entry in matched.orphans.deleted)


def _planned(matched: Matched, decision: Decision) -> Change:
    """The change that carries out one decision."""
    candidate, target = decision.candidate, decision.target
    fields = candidate.declared if decision.comparison is None else decision.comparison.after
    after = from_fields(fields)
    entry = _entry(matched.request.desired, decision, after)
    before = target.profile if target else None
    only_moved = target and decision.outcome == "claim" and entry.same_as(target, but_from=True)
    return Change(
        action=decision.outcome,  # type: ignore[arg-type]  # no conflict, and not unchanged
        name=after.name,
        source=candidate.file_name,
        index=candidate.number,
        target=target.name if target else None,
        renamed=_is_renamed(matched, candidate),
        owner_before=target.owner if target else None,
        owner_after=entry.owner,
        before=before,
        after=after,
        fields=explain(decision.comparison.before, after.fields) if decision.comparison else (),
        entry=entry,
        moved_from=matched.request.origins.describe(target.from_) if target and only_moved else None,
    )


def _is_renamed(matched: Matched, candidate: Candidate) -> bool:
    """Whether a person chose another name than the file's just now."""
    return candidate.wished not in (None, candidate.file_name) and candidate.number not in matched.remembered


def _entry(desired: Desired, decision: Decision, after: Profile) -> Entry:
    """The entry as it will be; one that a document changes keeps its owner, who will see drift."""
    candidate, target = decision.candidate, decision.target
    changed = decision.comparison.changed if decision.comparison else ()
    unreadable = tuple(path for path in target.unreadable if path not in changed) if target else ()
    if desired.owner is None and target is not None:
        return target.model_copy(profile=after, unreadable=unreadable)
    owned, file_name = desired.owner is not None, candidate.file_name
    return Entry(
        id=target.id if target else NEW_ID,
        profile=after,
        owner=desired.owner,
        source=file_name if owned and file_name != after.name else None,
        applied=nested(candidate.declared) if owned else None,
        from_=desired.from_,
        verbatim=target.verbatim if target else None,
        unreadable=unreadable,
    )


def without(state: State, names: Collection[str]) -> State:
    """The state that follows when the entries of these names are removed."""
    kept = (entry for entry in state.entries if entry.name not in names)
    return state.next(kept)


def restored(earlier: State, state: State) -> State:
    """The state that follows when the entries become those of an earlier state again.

    What only another program's list says of an entry stays as it is now.
    """
    return state.next(
        _as_kept_now(entry, now) if (now := state.by_id.get(entry.id)) else entry for entry in earlier.entries
    )


def _as_kept_now(entry: Entry, now: Entry) -> Entry:
    """An earlier entry, with what another program's list says of it now."""
    unreadable = tuple(path for path in now.unreadable if path not in entry.profile.fields)
    return entry.model_copy(verbatim=now.verbatim, unreadable=unreadable)


def between(before: State, after: State) -> Plan:
    """The plan that leads from one state to another, for commands that need no profile file.

    An entry is the same in both states if its id is the same.
    """
    changes = tuple(_changes_between(before, after))
    return Plan(
        lineage=before.lineage,
        serial=before.serial,
        owner=None,
        input=None,
        digest=plan_digest(None, before.lineage, changes, (), (), ()),
        changes=changes,
        summary=summarise(changes, ()),
        guard=not_to_be_held(changes, before),
    )


def _changes_between(before: State, after: State) -> Iterator[Change]:
    """What is created, updated or only recorded, in the order of `after`; deletions come last."""
    for entry in after.entries:
        was = before.by_id.get(entry.id)
        if was is None:
            yield _change("create", None, entry)
        elif not entry.model_copy(profile=was.profile).same_as(entry):
            yield _change("update", was, entry)
        elif was != entry or not was.same_as(entry):
            yield _change("claim", was, entry)
    for entry in before.entries:
        if entry.id not in after.by_id:
            yield _change("delete", entry, None)


def _change(action: Action, was: Entry | None, entry: Entry | None) -> Change:
    """The change of one entry, which is None where it is not there before or after."""
    shown = entry or was
    assert shown is not None  # or nothing changed
    return Change(
        action=action,
        name=shown.name,
        source=entry.source if entry else None,
        index=None,
        target=was.name if was else None,
        owner_before=was.owner if was else None,
        owner_after=entry.owner if entry else None,
        before=was.profile if was else None,
        after=entry.profile if entry else None,
        fields=explain(was.profile.fields, entry.profile.fields) if was and entry else (),
        entry=shown,
    )


def not_to_be_held(changes: Sequence[Change], state: State) -> Refusal | None:
    """Why the state's own format cannot hold what would be written, else None."""
    growth = sum((one.action == "create") - (one.action == "delete") for one in changes)
    if state.rules.never_empty and state.entries and len(state.entries) + growth == 0:
        message = "this would empty the app's list, and the app would put a profile of its own there"
        return Refusal(message, "keep one profile, or delete the last one in the app")
    problems = [
        f'"{one.name}": {problem}'
        for one in changes
        if one.after is not None and one.action != "claim"
        for problem in state.rules.problems(one.after)
    ]
    if problems:
        return Refusal("; ".join(problems), "change the file, or leave the profile out with --skip NAME")
    return None
