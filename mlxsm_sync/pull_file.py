"""Carry out a pull: the file first, checked before it is written, then the record that it is applied.

A stop between the two leaves the file as the machine is, and the next plan only has to record that.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync import disk
from mlxsm_sync.applying import Store, new_ids, new_lineage, now
from mlxsm_sync.cautions import about
from mlxsm_sync.choices import Choices
from mlxsm_sync.desired import Desired, Warned
from mlxsm_sync.digest import digest_bytes, done
from mlxsm_sync.errors import FileTrouble, InvalidFile, MlxsmError, NotEditable, StalePlan, Usage
from mlxsm_sync.json_value import same
from mlxsm_sync.nodes import Problems
from mlxsm_sync.plan import apply_plan, make_plan
from mlxsm_sync.profile import HOST, MODEL_ID, RAW_EXTRA_ARGS
from mlxsm_sync.profile_edit import Unsafe, edited, patch, strays
from mlxsm_sync.profile_file import Tree, judge_tree, parse_text, read_tree
from mlxsm_sync.pulling import Edit, Stuck, intended, plan_pull
from mlxsm_sync.state import State, Write

_DOUBTFUL = {MODEL_ID, HOST, RAW_EXTRA_ARGS}
"""The fields that can give cause for a warning."""


class Pulled(NamedTuple):
    """What a pull did."""

    patch: str
    """The change of the file, empty where it said so already."""
    recorded: int
    """How many entries were recorded as applied."""
    stuck: tuple[Stuck, ...]
    """What was asked for and left, where everything was asked for."""
    warnings: tuple[Warned, ...]
    """What is worth a look in the profiles that were written."""


def pull_into(path: str, store: Store, names: Sequence[str], timeout: float, *, everything: bool) -> Pulled:
    """Make the file say what the machine says, and record it as applied."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise FileTrouble(f"{path} is not a regular file, and cannot be written back")
    with store.locked(timeout, "mlxsm pull") as state:
        tree = read_tree(path)
        desired = judge_tree(path, tree)
        pull = plan_pull(desired, state, names, everything=everything)
        if names and pull.stuck:
            first = pull.stuck[0]
            failure = Usage if first.misnamed else MlxsmError
            raise failure(f'"{first.name}" cannot be pulled: {first.reason}', first.hint)
        edits = pull.edits
        writing = [edit for edit in edits if edit.fields]
        source = _source(path, tree)
        text = _edited(path, source, tree, desired, writing) if writing else source
        following = _judged(path, text) if writing else desired
        places = _places(following, edits)
        recorded, summary, count = _record(following, state, frozenset(places))
        change = patch(source, text, path) if writing else ""
        if change:
            _write(path, text, tree)
        if recorded is not None:
            written = Write(at=now(), command="pull", owner=desired.owner, summary=summary)
            try:
                store.replace(recorded, written, new_lineage())
            except MlxsmError as error:
                if change:
                    error.message = f"{path} was written, but not recorded as applied: {error.message}"
                    error.hint = "run mlxsm pull again to record it"
                raise
        brought = {place for place, edit in zip(places, edits, strict=True) if edit.fields.keys() & _DOUBTFUL}
        warnings = about(one for one in following.profiles if one.index in brought)
        return Pulled(change, count, pull.stuck, tuple(warnings))


def _source(path: str, tree: Tree) -> str:
    return _unchanged(path, tree).decode("utf-8-sig")


def _unchanged(path: str, tree: Tree) -> bytes:
    """The bytes of the file; StalePlan where they are no longer those that were read."""
    with disk.system_errors(f"cannot read {path}"):
        data = Path(path).read_bytes()
    if digest_bytes(data) != tree.digest:
        raise _changed(path)
    return data


def _edited(path: str, source: str, tree: Tree, desired: Desired, edits: Sequence[Edit]) -> str:
    """The new text, held against what was meant; NotEditable with the patch where it is something else."""
    text = source
    try:
        text = edited(source, tree.root, edits)
        following = _judged(path, text)
        meant = intended(desired, edits)
        right = len(meant) == len(following.profiles) and all(
            same(dict(one.declared), dict(fields))
            for one, fields in zip(following.profiles, meant, strict=True)
        )
        if right and following.owner == desired.owner and not strays(source, text, tree.root, edits):
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


def _judged(path: str, text: str) -> Desired:
    problems = Problems(path)
    root = parse_text(path, text, problems)
    return judge_tree(path, Tree(root, problems, digest_bytes(text.encode())))


def _places(following: Desired, edits: Sequence[Edit]) -> tuple[int, ...]:
    """Where in the new file the pulled profiles are; what is new stands last, in order."""
    new = len(following.profiles) - sum(edit.place is None for edit in edits)
    appended = iter(range(new + 1, len(following.profiles) + 1))
    return tuple(edit.place if edit.place is not None else next(appended) for edit in edits)


def _record(following: Desired, state: State, indexes: frozenset[int]) -> tuple[State | None, str, int]:
    """The state that records the pulled profiles as applied; nothing else of it may change."""
    plan = make_plan(following, state, Choices(only=indexes))
    for conflict in make_plan(following, state).conflicts:
        if conflict.index not in indexes:
            continue
        raise MlxsmError(
            f'"{conflict.name}" cannot be pulled: {conflict.message}; nothing was written',
            "mlxsm plan tells more",
        )
    if any(change.action != "claim" for change in plan.changes):
        raise MlxsmError("the pulled profiles would not be as they are; nothing was written")
    if not plan.changes:
        return None, "", 0
    return apply_plan(plan, state, new_ids()), done(plan.summary), len(plan.changes)


def _write(path: str, text: str, tree: Tree) -> None:
    """Put the new text in the place of the file, unless somebody else changed that meanwhile."""
    place = Path(path).resolve()
    with disk.system_errors(f"cannot write {path}"):
        disk.sweep(place)
        seen = disk.mark(place)
    begin = "\ufeff" if _unchanged(path, tree).startswith(b"\xef\xbb\xbf") else ""

    def unchanged() -> None:
        if disk.mark(place) != seen:
            raise _changed(path)

    disk.write_whole(path, begin + text, private=False, unchanged=unchanged)


def _changed(path: str) -> StalePlan:
    return StalePlan(f"{path} was changed meanwhile; nothing was written", "run mlxsm pull again")
