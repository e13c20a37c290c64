"""Which entries can leave this machine, and why each of the others stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple

from mlxsm_sync.text.json_value import JsonObject, texts
from mlxsm_sync.text.secret_scan import HIDDEN, reasons, value_reason
from mlxsm_sync.values.model_ids import is_local_path
from mlxsm_sync.values.profile import OPTIONS, Profile, from_fields
from mlxsm_sync.values.state import Entry
from mlxsm_sync.values.validation import ValidationError
from mlxsm_sync.values.value_advice import profile_faults


class LeftOut(NamedTuple):
    """A profile that stays on this machine."""

    name: str
    reason: str


class Selection(NamedTuple):
    """What goes out, and what does not."""

    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]


Form = Callable[[Profile], str | None]
"""Why a profile does not fit into what is written, None where it does."""


def unfit_for_a_file(profile: Profile) -> str | None:
    """Why no profile file can hold a profile, else None."""
    fault = next(profile_faults(profile), None)
    return f"a profile file cannot hold it: {fault}" if fault is not None else None


def select(entries: Iterable[Entry], *, local_paths: bool, form: Form = unfit_for_a_file) -> Selection:
    """Every entry that can go out in this form, and why each of the others cannot."""
    going: list[Entry] = []
    left_out: list[LeftOut] = []
    for entry in entries:
        if (reason := obstacle(entry, local_paths=local_paths, form=form)) is None:
            going.append(entry)
        else:
            left_out.append(LeftOut(entry.name, reason))
    return Selection(tuple(going), tuple(left_out))


def obstacle(entry: Entry, *, local_paths: bool, form: Form = unfit_for_a_file) -> str | None:
    """Why an entry must stay on this machine, else None."""
    profile = entry.profile
    # A profile file also names the owner and the name that the owner's file has for it.
    values = [*profile.fields.values(), entry.owner, entry.source]
    if HIDDEN in values or any(reasons(values)) or _hides_a_secret(entry):
        return "something in it looks like a secret"
    try:
        from_fields(profile.fields)
    except ValidationError:
        return "it breaks the rules of a profile; correct it where it was made"
    if (reason := form(profile)) is not None:
        return reason
    if not local_paths and is_local_path(profile.model_id):
        return "its modelID is a local path; --include-local-paths exports it all the same"
    return None


def _hides_a_secret(entry: Entry) -> bool:
    """Whether another program's list says something of it that was not even read."""
    said = texts(json.loads(entry.verbatim)) if entry.verbatim is not None else ()
    return any(map(value_reason, said))


def consistent(profile: JsonObject) -> JsonObject:
    """A profile without `enableThinking` where its template arguments say the opposite, and win."""
    options = profile.get(OPTIONS)
    arguments = options.get("chatTemplateArgs") if isinstance(options, dict) else None
    in_template = arguments.get("enable_thinking") if isinstance(arguments, dict) else None
    if isinstance(in_template, bool) and profile.get("enableThinking") is (not in_template):
        return {key: value for key, value in profile.items() if key != "enableThinking"}
    return profile
