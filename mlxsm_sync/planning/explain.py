"""What changed between two profiles, field by field, and item by item inside free-form values."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from mlxsm_sync.text.json_value import Json, JsonObject, canonical, same
from mlxsm_sync.values.plan import FieldChange
from mlxsm_sync.values.profile import Fields, field_paths


def explain(before: Fields, after: Fields, drift: Collection[str] = ()) -> tuple[FieldChange, ...]:
    """What differs between two profiles, in the order of the model's fields.

    `drift` are the fields whose value before was set on this machine.
    """
    return tuple(
        change.model_copy(drifted=True) if path in drift else change
        for path in field_paths()
        for change in _explain(path, before.get(path), after.get(path))
    )


def _explain(path: str, before: Json, after: Json) -> Iterator[FieldChange]:
    if same(before, after):
        return
    if isinstance(before, (dict, list)) and type(before) is type(after):
        changes = _explain_flat(path, before, after) or _explain_nested(path, before, after)
        yield from sorted(changes, key=lambda one: (_places(one.path), one.path))
    else:
        yield FieldChange(path=path, before=before, after=after)


def _explain_flat(path: str, before: Json, after: Json) -> list[FieldChange] | None:
    """What changed in a list or mapping of scalars, as deepdiff would tell it; None for one that is nested.

    These are nearly all that there are, and deepdiff takes longer to import than the rest of a plan.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        if any(isinstance(value, (dict, list)) for value in (*before.values(), *after.values())):
            return None
        keys = [key for key in before | after if not _same_member(key, before, after)]
        return [_one(path, key, before.get(key), after.get(key)) for key in keys]
    assert isinstance(before, list)
    assert isinstance(after, list)
    if any(isinstance(value, (dict, list)) for value in (*before, *after)):
        return None
    found = _by_insertions(path, before, after)
    count = sum(map(len, found))
    if count > 1 and count >= len(pairs := _by_places(path, before, after)):
        return pairs
    changed, added, removed = found
    # What was taken out of a place where something else was put in is one change.
    gone = {one.path: one for one in removed}
    put = [one.model_copy(before=gone.pop(one.path).before) if one.path in gone else one for one in added]
    return [*changed, *put, *gone.values()]


def _same_member(key: str, before: JsonObject, after: JsonObject) -> bool:
    return key in before and key in after and same(before[key], after[key])


def _by_insertions(path: str, before: list[Json], after: list[Json]) -> Sequence[list[FieldChange]]:
    """What was changed, added and removed, where what is put in or taken out moves the rest."""
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, [*map(canonical, before)], [*map(canonical, after)], autojunk=False)
    changed, added, removed = [], [], []
    for what, start, end, new_start, new_end in matcher.get_opcodes():
        if what == "equal":
            continue
        both = min(end - start, new_end - new_start)
        changed += [_one(path, new_start + n, before[start + n], after[new_start + n]) for n in range(both)]
        added += [_one(path, at, None, after[at]) for at in range(new_start + both, new_end)]
        removed += [_one(path, at, before[at], None) for at in range(start + both, end)]
    return changed, added, removed


def _by_places(path: str, before: list[Json], after: list[Json]) -> list[FieldChange]:
    """A list's changes, place by place."""
    both = min(len(before), len(after))
    changed = [at for at in range(both) if not same(before[at], after[at])]
    return [
        *(_one(path, at, before[at], after[at]) for at in changed),
        *(_one(path, at, None, after[at]) for at in range(both, len(after))),
        *(_one(path, at, before[at], None) for at in range(both, len(before))),
    ]


def _one(path: str, step: str | int, before: Json, after: Json) -> FieldChange:
    return FieldChange(path=path + _token(step), before=before, after=after)


def _explain_nested(path: str, before: Json, after: Json) -> list[FieldChange]:
    """What changed inside a free-form value: an inserted argument is one insertion.

    deepdiff takes `true` for `1` inside lists, so it is given each scalar's canonical text: then its
    equality is ours.
    """
    from deepdiff import DeepDiff

    found = DeepDiff(
        _encode(before),
        _encode(after),
        view="tree",
        threshold_to_diff_deeper=0,
        ignore_private_variables=False,
    )
    # It goes through sets, whose order changes from run to run, so the caller sorts what it finds.
    return [_change(path, level) for levels in found.values() for level in levels]


def _change(path: str, level: Any) -> FieldChange:
    kind: str = level.report_type
    steps = level.path(output_format="list", use_t2="removed" not in kind)
    return FieldChange(
        path=path + "".join(map(_token, steps)),
        before=None if kind.endswith("_added") else _decode(level.t1),
        after=None if kind.endswith("_removed") else _decode(level.t2),
    )


def _places(path: str) -> list[tuple[int, str]]:
    """A pointer in an order in which 10 comes after 9."""
    return [(int(step), "") if step.isdecimal() else (-1, step) for step in path.split("/")]


def _token(key: str | int) -> str:
    """One step of a JSON Pointer: https://www.rfc-editor.org/rfc/rfc6901#section-3."""
    return "/" + str(key).replace("~", "~0").replace("/", "~1")


def _encode(value: Json) -> Any:
    if isinstance(value, dict):
        return {key: _encode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_encode(item) for item in value]
    return canonical(value)


def _decode(value: Any) -> Json:
    if isinstance(value, Mapping):
        return {key: _decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_decode(item) for item in value]
    decoded: Json = json.loads(value)
    return decoded
