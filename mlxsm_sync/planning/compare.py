"""Step 2: the three-way comparison, and what changed, field by field."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from mlxsm_sync.text.json_value import Json, canonical, same
from mlxsm_sync.values.plan import FieldChange
from mlxsm_sync.values.profile import NAME, RAW_EXTRA_ARGS, Fields, field_paths
from mlxsm_sync.values.state import UNREADABLE, Entry


class Comparison(NamedTuple):
    """What the file decides about an entry, against what is and what was applied."""

    before: Fields
    """All fields as they are; of those that cannot be read, only what is decided."""
    after: Fields
    """All fields as they would be; null for unset."""
    changed: tuple[str, ...]
    """Paths of the fields that would change."""
    drift: tuple[str, ...]
    """Those whose current value is neither the applied nor the file's."""

    @property
    def equal(self) -> bool:
        """Whether every field that the file decides is as it should be."""
        return not self.changed


def compare(declared: Fields, current: Fields, applied: Fields | None = None) -> Comparison:
    """Declared fields must equal the file; applied ones no longer declared are unset.

    Every other field is the machine's. `applied` is None where nothing was: then nothing is unset
    and nothing can have drifted.
    """
    decided: Fields = dict.fromkeys(applied or ()) | declared
    if declared.get(RAW_EXTRA_ARGS, []) is None and current.get(RAW_EXTRA_ARGS) == []:
        decided[RAW_EXTRA_ARGS] = []  # only a document declares null, and it cannot say []
    changed = tuple(path for path, value in decided.items() if not same(current.get(path), value))
    drift: tuple[str, ...] = ()
    if applied is not None:
        drift = tuple(path for path in changed if not same(current.get(path), applied.get(path)))
    before = {path: value for path, value in current.items() if path in decided or value != UNREADABLE}
    return Comparison(before, before | decided, changed, drift)


def drift_of(entry: Entry) -> tuple[str, ...]:
    """The fields of an owned entry that were changed on this machine since it was last applied.

    The name of an entry with a `source` is the machine's, so it cannot drift.
    """
    current = entry.current
    return tuple(
        path
        for path, value in (entry.applied_fields or {}).items()
        if not same(current.get(path), value) and not (path == NAME and entry.source is not None)
    )


def drifted(entry: Entry) -> bool:
    """Whether an owned entry was changed on this machine since it was last applied."""
    return bool(drift_of(entry))


def explain(before: Fields, after: Fields, drift: Collection[str] = ()) -> tuple[FieldChange, ...]:
    """What differs between two profiles, in the order of the model's fields.

    `drift` are the fields whose value before was set on this machine.
    """
    return tuple(
        change.copy(drifted=True) if path in drift else change
        for path in field_paths()
        for change in _explain(path, before.get(path), after.get(path))
    )


def _explain(path: str, before: Json, after: Json) -> Iterator[FieldChange]:
    if same(before, after):
        return
    if isinstance(before, (dict, list)) and type(before) is type(after):
        yield from _explain_nested(path, before, after)
    else:
        yield FieldChange(path=path, before=before, after=after)


def _explain_nested(path: str, before: Json, after: Json) -> Iterator[FieldChange]:
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
    changes = [_change(path, level) for levels in found.values() for level in levels]
    # deepdiff goes through sets, whose order changes from run to run.
    yield from sorted(changes, key=lambda one: (_places(one.path), one.path))


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
