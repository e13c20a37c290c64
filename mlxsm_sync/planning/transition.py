"""The plan that leads from one state to another: what `remove` and `rollback` show before they write."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mlxsm_sync.planning.digest import plan_digest, summarise
from mlxsm_sync.planning.explain import explain
from mlxsm_sync.planning.guards import not_to_be_held
from mlxsm_sync.values.plan import Action, Change, Plan
from mlxsm_sync.values.state import Entry, State


def without(state: State, names: Collection[str]) -> State:
    """The next state, without the entries of these names."""
    kept = (entry for entry in state.entries if entry.name not in names)
    return state.next(kept)


def back_to(earlier: State, state: State) -> State:
    """The next state, with the entries of an earlier one; what only another program's list says stays."""
    return state.next(
        _as_kept_now(entry, now) if (now := state.by_id.get(entry.id)) else entry for entry in earlier.entries
    )


def _as_kept_now(entry: Entry, now: Entry) -> Entry:
    unreadable = tuple(path for path in now.unreadable if path not in entry.profile.fields)
    return entry.copy(verbatim=now.verbatim, unreadable=unreadable)


def between(before: State, after: State) -> Plan:
    """What makes `after` of `before`, told as a plan; entries are known by their ids."""
    changes = tuple(_changes(before, after))
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


def _changes(before: State, after: State) -> Iterator[Change]:
    for entry in after.entries:
        was = before.by_id.get(entry.id)
        if was is None:
            yield _change("create", None, entry)
        elif not entry.copy(profile=was.profile).same_as(entry):
            yield _change("update", was, entry)
        elif was != entry or not was.same_as(entry):
            yield _change("claim", was, entry)
    for entry in before.entries:
        if entry.id not in after.by_id:
            yield _change("delete", entry, None)


def _change(action: Action, was: Entry | None, entry: Entry | None) -> Change:
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
