"""Carry out a pull: the file first, checked before it is written, then the record that it is applied.

A stop between the two leaves the file as the machine is, and the next plan only has to record that.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.errors import FileError, InvalidFile, MlxsmError, NotEditable, StalePlan, UsageError
from mlxsm_sync.files import atomic
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.planning.profile_warnings import about
from mlxsm_sync.planning.pull import intended, plan_pull, recorded
from mlxsm_sync.profile_file.editor import Unsafe, edited, patch, strays
from mlxsm_sync.profile_file.file import declared_in, wanted_here
from mlxsm_sync.profile_file.selection import select
from mlxsm_sync.profile_file.whereabouts import look
from mlxsm_sync.state.store import Store, new_lineage
from mlxsm_sync.syntax.source import Tree, parse_text, read_tree
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.text.json_value import digest_bytes, same
from mlxsm_sync.text.times import now
from mlxsm_sync.values.desired import Desired, ProfileWarning
from mlxsm_sync.values.machines import Machine
from mlxsm_sync.values.profile import HOST, MODEL_ID, RAW_EXTRA_ARGS
from mlxsm_sync.values.pull import Edit, Pull, Scope
from mlxsm_sync.values.state import State, Write

_DOUBTFUL = {MODEL_ID, HOST, RAW_EXTRA_ARGS}
"""The fields that can give cause for a warning."""


class Prepared(NamedTuple):
    """A pull before it is carried out."""

    path: str
    """The file, as it was named."""
    place: Path
    """Where it is: resolved once, so that a link that turns leads nowhere else."""
    tree: Tree
    """What was read of it."""
    desired: Desired
    """What it says so far."""
    pull: Pull
    text: str
    """What is to be in it."""
    patch: str
    """The change of the file; empty if the file says so already."""
    state: State | None
    """The state that records what was pulled as applied; None if the state stays as it is."""
    changes: int
    """How many entries that records."""
    warnings: tuple[ProfileWarning, ...]
    """What is worth a look in the profiles that are written."""


def prepare(path: str, state: State, scope: Scope, machine: str | None = None) -> Prepared:
    """What a pull would do; nothing is written."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise FileError(f"{path} is not a regular file, and cannot be written back")
    with atomic.system_errors(f"cannot write {path}"):
        place = atomic.own_place(path)
    tree = read_tree(path)
    desired = wanted_here(declared_in(path, tree), machine)
    pull = plan_pull(desired, state, scope)
    if scope.names and pull.stuck:
        first = pull.stuck[0]
        failure = UsageError if first.misnamed else MlxsmError
        raise failure(f'"{first.name}" cannot be pulled: {first.reason}', first.hint)
    source = _unchanged(path, place, tree).decode("utf-8-sig")
    writing = [edit for edit in pull.edits if edit.fields]
    text = _edited(path, source, tree, desired, writing) if writing else source
    following = _judged(path, text, desired.machine) if writing else desired
    places = _places(following, pull.edits)
    after, count = _record(following, state, pull, places)
    _refuse_conflicts(following, after, pull, places, partial=bool(scope.fields))
    brought = {at for at, edit in zip(places, pull.edits, strict=True) if edit.fields.keys() & _DOUBTFUL}
    return Prepared(
        path=path,
        place=place,
        tree=tree,
        desired=desired,
        pull=pull,
        text=text,
        patch=patch(source, text, path) if writing else "",
        state=after if count else None,
        changes=count,
        warnings=tuple(about(one for one in following.profiles if one.index in brought)),
    )


def carry_out(
    shown: Prepared, store: Store, scope: Scope, timeout: float, machine: str | None = None
) -> bool:
    """Write what was shown, and record it as applied; StalePlan where it would be something else now.

    It says whether the file has other names, which keep the old content.
    """
    with store.locked(timeout, "mlxsm pull") as state:
        ready = prepare(shown.path, state, scope, machine)
        if (ready.place, ready.patch, ready.pull) != (shown.place, shown.patch, shown.pull):
            raise _changed(shown.path)
        others = _write(ready) if ready.patch else False
        if ready.state is not None:
            summary = f"{ready.changes} pulled"
            written = Write(at=now(), command="pull", owner=ready.desired.owner, summary=summary)
            try:
                store.replace(ready.state, written, new_lineage())
            except MlxsmError as error:
                if ready.patch:
                    error.message = f"{ready.path} was written, but not recorded as applied: {error.message}"
                    error.hint = "run mlxsm pull again to record it"
                raise
        return others


def _unchanged(path: str, place: Path, tree: Tree) -> bytes:
    """The bytes of the file; StalePlan where they are no longer those that were read."""
    with atomic.system_errors(f"cannot read {path}"):
        data = place.read_bytes()
    if digest_bytes(data) != tree.digest:
        raise _changed(path)
    return data


def _edited(path: str, source: str, tree: Tree, desired: Desired, edits: Sequence[Edit]) -> str:
    """The new text, held against what was meant; NotEditable with the patch where it is something else."""
    text = source
    try:
        text = edited(source, tree.root, edits)
        following = _judged(path, text, desired.machine)
        meant = intended(desired, edits)
        right = len(meant) == len(following.profiles) and all(
            same(dict(one.declared), dict(fields))
            for one, fields in zip(following.profiles, meant, strict=True)
        )
        right = right and (following.owner, following.elsewhere) == (desired.owner, desired.elsewhere)
        if right and not strays(source, text, tree.root, edits):
            return text
    except (Unsafe, InvalidFile):
        pass
    raise NotEditable(
        f"{path} is laid out so that it cannot be edited without touching other lines; nothing was written",
        "make the edits above by hand, then pull again to record them",
        _by_hand(path, source, text, edits),
    )


def _by_hand(path: str, source: str, text: str, edits: Sequence[Edit]) -> str:
    if text != source:
        return patch(source, text, path)
    lines = []
    for edit in edits:
        place = f"profile #{edit.place}" if edit.place is not None else "a new profile"
        lines += [f"{place}: {field.lstrip('/')} = {value!r}" for field, value in edit.fields.items()]
    return "\n".join([*lines, ""])


def _judged(path: str, text: str, machine: Machine | None) -> Desired:
    problems = Problems(path)
    root = parse_text(path, text, problems)
    tree = Tree(root, problems, digest_bytes(text.encode()))
    return select(declared_in(path, tree), machine)


def _places(following: Desired, edits: Sequence[Edit]) -> tuple[int, ...]:
    """Where in the new file the pulled profiles are; what is new stands last, in order."""
    total = len(following.profiles) + len(following.elsewhere)
    new = total - sum(edit.place is None for edit in edits)
    appended = iter(range(new + 1, total + 1))
    return tuple(edit.place if edit.place is not None else next(appended) for edit in edits)


def _record(following: Desired, state: State, pull: Pull, places: Sequence[int]) -> tuple[State, int]:
    """The state with the pulled entries as applied, and how many of them that changes."""
    wanted = {one.index: one for one in following.profiles}
    now_applied = {
        edit.entry.id: recorded(edit, wanted[at], following)
        for at, edit in zip(places, pull.edits, strict=True)
        if edit.taken is None or edit.taken
    }
    entries = [now_applied.get(entry.id, entry) for entry in state.entries]
    count = sum(not entry.same_as(before) for entry, before in zip(entries, state.entries, strict=True))
    return state.next(entries), count


def _refuse_conflicts(
    following: Desired, after: State, pull: Pull, places: Sequence[int], *, partial: bool
) -> None:
    """UnsafePlan where the pulled profiles would not be what a plan takes for applied."""
    plan = make_plan(following, after, origins=look(following, after))
    left = {clash.place for clash in pull.clashes}
    whole = {at for at, edit in zip(places, pull.edits, strict=True) if edit.taken is None}
    for conflict in plan.conflicts:
        if conflict.index not in places:
            continue
        if conflict.kind == "drift" and (partial or conflict.index in left):
            continue
        raise MlxsmError(
            f'"{conflict.name}" cannot be pulled: {conflict.message}; nothing was written',
            "mlxsm plan shows your options",
        )
    for change in plan.counted:
        if change.index in places and (change.action != "update" or change.index in whole):
            raise MlxsmError("the pulled profiles would not be as they are; nothing was written")


def _write(ready: Prepared) -> bool:
    """Put the new text in the place of the file, unless somebody else changed that meanwhile."""
    path, place = ready.path, ready.place
    with atomic.system_errors(f"cannot write {path}"):
        atomic.sweep(place)
        seen = atomic.mark(place)
    begin = "\ufeff" if _unchanged(path, place, ready.tree).startswith(b"\xef\xbb\xbf") else ""

    def unchanged() -> None:
        if atomic.mark(place) != seen:
            raise _changed(path)

    return atomic.write_at(place, path, begin + ready.text, private=False, unchanged=unchanged)


def _changed(path: str) -> StalePlan:
    return StalePlan(f"{path} was changed meanwhile; nothing was written", "run mlxsm pull again")
