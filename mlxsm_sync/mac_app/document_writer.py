"""What leaves this machine: profiles as a document of the app, or as a profile file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from mlxsm_sync.mac_app.document_format import APP, VERSION
from mlxsm_sync.mac_app.options import is_too_long, write_option
from mlxsm_sync.planning.compare import drift_of
from mlxsm_sync.planning.exportable import consistent
from mlxsm_sync.syntax.tree import MAX_SCALAR
from mlxsm_sync.text.json_value import JsonObject
from mlxsm_sync.text.unicode import escaped
from mlxsm_sync.values.desired import DEFAULT_COLLECTION
from mlxsm_sync.values.hosts import is_loopback
from mlxsm_sync.values.local_paths import fields_with_paths, pointer
from mlxsm_sync.values.model_ids import is_local_path
from mlxsm_sync.values.profile import (
    NAME,
    OPTIONS,
    RAW_EXTRA_ARGS,
    Fields,
    Profile,
    flat,
    nested,
)
from mlxsm_sync.values.state import Entry

HIGHEST_TEMPERATURE = 1
"""The app's documents hold no higher one."""


class ProfileFileText(NamedTuple):
    """What a profile file of some entries says, and what it leaves to the machine."""

    collection: str
    profiles: tuple[JsonObject, ...]
    left_to_machine: tuple[str, ...]


def unfit_for_a_document(profile: Profile) -> str | None:
    """Why no document of schema version 1 can hold a profile, else None."""
    if is_too_long(profile):
        return f"a text in it is over {MAX_SCALAR // 1024} KiB, too long for a document"
    temperature = profile.advanced_launch_options.default_temperature
    if temperature is not None and temperature > HIGHEST_TEMPERATURE:
        return f"its defaultTemperature is above {HIGHEST_TEMPERATURE}, which schema version 1 cannot hold"
    return None


def document(profiles: Iterable[JsonObject], exported_at: str) -> str:
    """An export document, schema version 1, of profiles as `document_profile` writes them; sorted keys."""
    content = {
        "app": APP,
        "exportedAt": exported_at,
        "profiles": [*profiles],
        "schemaVersion": VERSION,
    }
    # Readable in any script, and yet nothing in it that a terminal would not show.
    return escaped(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)) + "\n"


def document_profile(profile: Profile) -> JsonObject:
    """A profile as a document has it: option values as texts, nothing that is unset."""
    written: JsonObject = {
        "host": profile.host,
        "modelID": profile.model_id,
        "name": profile.name.strip() or profile.model_id,
        "port": profile.port,
    }
    dumped = profile.advanced_launch_options.model_dump(exclude_none=True)
    options: JsonObject = {option: text for option, value in dumped.items() if (text := write_option(value))}
    return written | ({OPTIONS: options} if options else {})


def not_carried(profiles: Sequence[Profile]) -> Iterator[str]:
    """What a document of schema version 1 cannot hold, or the app does not read as it is meant."""
    thinking = [one.name for one in profiles if one.enable_thinking is not None]
    notes = [one.name for one in profiles if one.notes is not None]
    contexts = [one.name for one in profiles if one.context is not None]
    clusters = [one.name for one in profiles if one.cluster is not None]
    quoted = [
        one.name
        for one in profiles
        if any(arg.split() != [arg] for arg in one.advanced_launch_options.raw_extra_args or ())
    ]
    # `[]` and unset start the same server, but are not the same to a plan.
    empty = [one.name for one in profiles if one.advanced_launch_options.raw_extra_args == ()]
    lost = {"enableThinking": thinking, "notes": notes, "context": contexts, "cluster": clusters}
    lost |= {"an empty rawExtraArgs": empty}
    for what, names in lost.items():
        if names:
            yield f"schema version 1 cannot carry {what}: lost for {_listed(names)}"
    if quoted:
        yield f"the app splits rawExtraArgs at white space, whatever the quotes: {_listed(quoted)}"


_PARTS = {
    "name": "name",
    "modelID": "model ID",
    "host": "host",
    "port": "port",
    OPTIONS: "launch options",
    "enableThinking": "thinking",
    "notes": "notes",
    "context": "context",
    "cluster": "cluster",
}


def contents(written: Sequence[JsonObject]) -> Iterator[str]:
    """What an export has of its profiles, in words."""
    for key, part in _PARTS.items():
        if any(one.get(key) not in (None, {}) for one in written):
            yield part


def sensitive(profiles: Sequence[Profile], written: Sequence[JsonObject]) -> Iterator[str]:
    """What a person may not want others to read, of profiles as they are written."""
    yield "model IDs, which may name private repositories"
    hosts = sorted({host for one in written if (host := str(one["host"])) and not is_loopback(host)})
    if hosts:
        yield f"hosts: {_listed(hosts)}"
    raw = [str(one["name"]) for one in written if RAW_EXTRA_ARGS in flat(one)]
    if raw:
        yield f"raw extra arguments of {_listed(raw)}"
    notes = [str(one["name"]) for one in written if "notes" in one]
    if notes:
        yield f"notes of {_listed(notes)}"
    by_field: dict[str, list[str]] = {}
    for profile, one in zip(profiles, written, strict=True):
        said = [field for field in fields_with_paths(profile) if pointer(field) in flat(one)]
        for field in [*said, *(["modelID"] if is_local_path(profile.model_id) else [])]:
            by_field.setdefault(field, []).append(str(one["name"]))
    for field, names in by_field.items():
        yield f"local paths in {field} of {_listed(names)}"


def clashing(written: Sequence[JsonObject]) -> Iterator[str]:
    """Names that several profiles of a file would share, which no profile file may have."""
    counted = Counter(str(one["name"]) for one in written)
    yield from (name for name, count in counted.items() if count > 1)


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f'"{name}"' for name in names[:most]) + more


def profile_file(entries: Sequence[Entry], owners: Collection[str]) -> ProfileFileText:
    """A profile file with these entries, which changes none of them where it is planned here.

    Entries of one owner go out as that owner's file has them: under the same collection and names,
    with the fields that it declares. Where that cannot be, since there are several owners or names
    would meet, the collection is a new one, and everything goes out under its name on this machine.
    `owners` are all owners of the state.
    """
    own = sorted({entry.owner for entry in entries if entry.owner is not None})
    names = Counter(_name_in_file(entry) for entry in entries)
    if len(own) == 1 and max(names.values()) == 1:
        return ProfileFileText(
            own[0],
            tuple(consistent(nested(_declared(entry))) for entry in entries),
            tuple(entry.name for entry in entries if len(_declared(entry)) < len(entry.profile.fields)),
        )
    return ProfileFileText(
        _new_collection(owners), tuple(consistent(entry.profile.sparse) for entry in entries), ()
    )


def _name_in_file(entry: Entry) -> str:
    return entry.name if entry.owner is None or NAME in drift_of(entry) else entry.key


def _declared(entry: Entry) -> Fields:
    """What its owner's file says of it, as it stands here; all of it where it has no owner."""
    current = entry.profile.fields
    fields = {path: current[path] for path in entry.applied_fields or current if path in current}
    return fields | {NAME: _name_in_file(entry)}


def _new_collection(owners: Collection[str]) -> str:
    names: Iterator[str] = iter((DEFAULT_COLLECTION, "exported", *(f"exported {n}" for n in range(2, 1000))))
    return next(name for name in names if name not in owners)
