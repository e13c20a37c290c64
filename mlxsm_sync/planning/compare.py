"""Step 2: the three-way comparison: the file, what was applied, and what is."""

from __future__ import annotations

from typing import NamedTuple

from mlxsm_sync.text.json_value import same
from mlxsm_sync.values.profile import NAME, RAW_EXTRA_ARGS, Fields
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
