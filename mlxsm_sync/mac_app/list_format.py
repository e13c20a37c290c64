"""The Mac app's own list of profiles, `models.json`: read leniently, written so that the rest stays.

What the app needs must be there and of its type, or the app would not read the list, and neither do
we. Everything else of an entry is kept to the letter: keys that only the app knows, or a newer app,
and options that are not what they should be.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from mlxsm_sync.mac_app.options import OPTION_NAMES, is_too_long, read_option, write_option
from mlxsm_sync.syntax.json import read_json, slices
from mlxsm_sync.syntax.tree import MAX_SCALAR, Node, Problems
from mlxsm_sync.text.json_value import Json, same
from mlxsm_sync.text.secret_scan import HIDDEN, looks_like, reasons
from mlxsm_sync.text.unicode import normal
from mlxsm_sync.values.fields import aliases
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import OPTIONS, Profile
from mlxsm_sync.values.state import Entry, Rules

_HIGHEST_TEMPERATURE = 1


class _ListRules(Rules):
    """What the app's list asks of its entries."""

    __slots__ = ()

    def problems(self, profile: Profile) -> Iterator[str]:
        """What the list cannot hold of a profile: in it every value is a text."""
        options = profile.advanced_launch_options
        temperature = options.default_temperature
        if temperature is not None and temperature > _HIGHEST_TEMPERATURE:
            yield f"the app takes no defaultTemperature above {_HIGHEST_TEMPERATURE}"
        if options.raw_extra_args is not None and not options.raw_extra_args:
            yield "the app has no empty rawExtraArgs: leave them out"
        if any(one.split() != [one] for one in options.raw_extra_args or ()):
            yield "the app splits rawExtraArgs at white space, so none of them may be empty or contain any"
        if profile.notes is not None and not profile.notes.strip():
            yield "the app has no empty notes: leave them out"
        if is_too_long(profile):
            yield f"the app's list holds no text over {MAX_SCALAR // 1024} KiB"


RULES = _ListRules(one_per_model=True, never_empty=True)
"""The app knows a profile by its model, invents one for an empty list, and splits raw arguments."""

IMPORTED_NOTES = "Imported profile metadata. Review before starting a managed server."
_IMPORTED = {"family": "Imported", "quantization": "Imported profile metadata"}

_TEXTS = ("displayName", "family", "host", "localName", "modelID", "notes", "quantization")
_MARGIN = "  "


class ListItem(NamedTuple):
    """One entry of the list."""

    profile: Profile
    """What of it is a profile's; it may break rules that the app does not have."""
    verbatim: str
    """All of it, to the letter."""
    unreadable: tuple[str, ...] = ()
    """Paths of options that the list has and no profile can hold."""


def is_app_list(root: Node) -> bool:
    """Whether this is the app's own list: what only its entries have tells it from everything else."""
    return any({"displayName", "serverPort"} & (item.members or {}).keys() for item in root.items or ())


def read_list(text: str, problems: Problems) -> list[ListItem]:
    """The entries of the list; its problems are raised where the app could not read it."""
    root = read_json(text, problems)
    if root.items is None:
        problems.add(root.at, "the list must be an array of profiles")
    for node in root.items or ():
        _judge(node, problems)
    problems.raise_any()
    verbatim = (source for _, source in slices(text))
    return [
        ListItem(_profile(node), source, _read_options(_options_of(node))[1])
        for node, source in zip(root.items or (), verbatim, strict=True)
    ]


def write_list(entries: Iterable[Entry], before: str | None) -> str:
    """The text of the list with these entries; what did not change stays as it is in `before`."""
    written = [_write(entry) for entry in entries]
    if before is not None and written == [source for _, source in slices(before)]:
        return before
    end = before[len(before.rstrip()) :] if before is not None else ""
    return "[\n" + ",\n".join(_MARGIN + one for one in written) + f"\n]{end}"


def _judge(node: Node, problems: Problems) -> None:
    """Note what would keep the app from reading an entry."""
    if node.members is None:
        problems.add(node.at, "a profile of the list must be an object")
        return
    for key in _TEXTS:
        _require(node, key, "text", problems)
    _require(node, "serverPort", "a whole number", problems)
    _require(node, "enableThinking", "true or false", problems)
    options = node.members.get(OPTIONS, Node(node.at))
    if options.members is None and (options.items is not None or options.value is not None):
        problems.add(options.at, f"{OPTIONS} must be an object")
    for option in OPTION_NAMES:
        if (found := (options.members or {}).get(option)) is not None and found.plain() is not None:
            _require(options, option, "text", problems)


def _require(node: Node, key: str, what: str, problems: Problems) -> None:
    found = (node.members or {}).get(key)
    if found is None:
        problems.add(node.at, f"{key} is required", also=True)
        return
    value = found.value
    kinds = {
        "text": isinstance(value, str),
        "true or false": isinstance(value, bool),
        "a whole number": not isinstance(value, bool)
        and isinstance(value, (int, float))
        and value == int(value),
    }
    if not kinds[what]:
        problems.add(found.at, f"{key} must be {what}")


def _profile(node: Node) -> Profile:
    """What of an entry is a profile's. A value that looks like a secret is never taken, only kept."""
    values = {key: found.plain() for key, found in (node.members or {}).items()}
    name, model_id, host, notes = (str(values[key]) for key in ("displayName", "modelID", "host", "notes"))
    port, thinking = values["serverPort"], values["enableThinking"]
    assert isinstance(port, (int, float))  # it was judged
    return Profile(
        name=_safe(normal(name) or model_id.strip()),
        model_id=_safe(model_id.strip()),
        host=_safe(host.strip()),
        port=int(port),
        enable_thinking=thinking is True,
        notes=notes if notes.strip() and not looks_like(notes) else None,
        advanced_launch_options=_read_options(_options_of(node))[0],
    )


def _safe(text: str) -> str:
    return HIDDEN if looks_like(text) else text


def _options_of(node: Node) -> dict[str, Json]:
    options = (node.members or {}).get(OPTIONS)
    return {key: found.plain() for key, found in ((options.members if options else None) or {}).items()}


def _read_options(written: Mapping[str, Json]) -> tuple[LaunchOptions, tuple[str, ...]]:
    """The options that a profile can have, and the paths of those that none can."""
    known: dict[str, Any] = {}
    unreadable: list[str] = []
    for attribute, option in aliases(LaunchOptions).items():
        try:
            value = read_option(option, written.get(option), str.split)
            # As it is written, too: a secret of several words is only seen as a whole.
            if any(reasons(value)) or any(reasons(written.get(option))):
                raise ValueError("looks like a secret")
            known[attribute] = tuple(value) if isinstance(value, list) else value
        except ValueError:
            unreadable.append(f"/{OPTIONS}/{option}")
    return LaunchOptions(**known), tuple(unreadable)


def _write(entry: Entry) -> str:
    """One entry of the list: new, changed where its profile was, or as it is."""
    if entry.verbatim is None:
        return _new(entry.profile)
    members = {str(key): source for key, source in slices(entry.verbatim)}
    before = _own_values(_profile(read_json(entry.verbatim, Problems(""))))
    after = _own_values(entry.profile)
    changed = {key: value for key, value in after.items() if value != before[key]}
    if "modelID" in changed and not json.loads(members["displayName"]).strip():
        changed["displayName"] = after["displayName"]  # or its name would follow the model
    options = _changed_options(entry, members.get(OPTIONS, "{}"))
    if not changed and options is None:
        return entry.verbatim
    members |= {key: _text(value) for key, value in changed.items()}
    if options is not None:
        members.pop(OPTIONS, None)
        members |= {OPTIONS: options} if options else {}
    return _object(members)


def _new(profile: Profile) -> str:
    """An entry as the app itself makes it of an import, but for thinking, which is what was declared."""
    values = {**_IMPORTED, **_own_values(profile)}
    if profile.notes is None:
        values["notes"] = IMPORTED_NOTES
    members = {key: _text(value) for key, value in values.items()}
    options = _option_texts(profile)
    return _object(members | ({OPTIONS: _object(options, 2)} if options else {}))


def _option_texts(profile: Profile) -> dict[str, str]:
    options = profile.advanced_launch_options.model_dump(exclude_none=True)
    return {option: _text(write_option(value, " ".join)) for option, value in options.items()}


def _own_values(profile: Profile) -> dict[str, Json]:
    """What the app's keys say of a profile; the app has no unset thinking, and always notes."""
    return {
        "displayName": profile.name,
        "enableThinking": bool(profile.enable_thinking),
        "host": profile.host,
        "localName": profile.model_id.rpartition("/")[2],
        "modelID": profile.model_id,
        "notes": profile.notes or "",
        "serverPort": profile.port,
    }


def _changed_options(entry: Entry, source: str) -> str | None:
    """The new object of options, empty if none is left; None if no option changed."""
    written = {} if source == "null" else {str(key): text for key, text in slices(source)}
    before, unreadable = _read_options({option: json.loads(text) for option, text in written.items()})
    was, after = before.model_dump(), entry.profile.advanced_launch_options.model_dump()
    changed = [
        option
        for option in OPTION_NAMES
        if not same(was[option], after[option])
        or f"/{OPTIONS}/{option}" in set(unreadable) - {*entry.unreadable}
    ]
    if not changed:
        return None
    for option in changed:
        written.pop(option, None)
        if (value := after[option]) is not None:
            written[option] = _text(write_option(value, " ".join))
    return _object(written, 2) if written else ""


def _object(members: Mapping[str, str], depth: int = 1) -> str:
    """An object as Apple's encoder lays it out: sorted, a space on both sides of the colon."""
    margin = _MARGIN * depth
    lines = (f"{margin}{_MARGIN}{_text(key)} : {source}" for key, source in sorted(members.items()))
    return "{\n" + ",\n".join(lines) + f"\n{margin}}}"


def _text(value: Json) -> str:
    # Apple's encoder escapes the slash, too.
    return json.dumps(value, ensure_ascii=False).replace("/", "\\/")


def unwritten(entries: Iterable[Entry], text: str) -> Iterator[str]:
    """The names of entries that would not be read back from this text as they are."""
    listed = read_list(text, Problems(""))
    for entry, found in zip(entries, listed, strict=True):
        wanted, got = _own_values(entry.profile), _own_values(found.profile)
        if entry.profile.notes is None:
            wanted["notes"] = got["notes"]
        if wanted != got or _option_texts(entry.profile) != _option_texts(found.profile):
            yield entry.name
