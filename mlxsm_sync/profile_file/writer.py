"""The profile file that `init` and `export` write: commented, and valid as it is."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator

from mlxsm_sync.text.json_value import Json, JsonObject
from mlxsm_sync.text.secret_scan import looks_like
from mlxsm_sync.text.unicode import normal, quotable, unseen
from mlxsm_sync.values.desired import DEFAULT_COLLECTION
from mlxsm_sync.values.profile import NAME_LENGTH, OPTIONS, Profile, check_name

_SCHEMA_FILE = "profiles.schema.json"
_EDITOR_LINE = f"# yaml-language-server: $schema=./{_SCHEMA_FILE}"
_HEAD = """\
# The model servers of a machine. `mlxsm plan` shows what this file would change, `mlxsm apply`
# changes it.
"""
_HOW = f"""\
# For completion in your editor: mlxsm schema profiles > {_SCHEMA_FILE}, and take one # off the
# first line.
"""
_WHOSE = "# who owns these profiles on a machine; each file has its own name"
_PLAIN = re.compile("(?!(?:true|false|null|yes|no|on|off|[yn])$)[a-z][a-z0-9_-]*", re.IGNORECASE)
"""A name that every version of YAML reads as text without quotes."""

_EXAMPLE = """\
defaults:                   # what every profile inherits
  host: 127.0.0.1           # loopback: the server has no authentication
profiles:
  - name: Qwen3 4B
    modelID: mlx-community/Qwen3-4B-4bit
    port: 8080
    # enableThinking: false
    # notes: daily driver
    # advancedLaunchOptions:
    #   defaultTemperature: 0.2
    #   defaultMaxTokens: 4096
"""


def starter(
    profiles: Iterable[Profile], collection: str = DEFAULT_COLLECTION, *, schema: bool = False
) -> str:
    """A profile file with these profiles, or with an example where there are none.

    `schema` says whether there is a schema beside it.
    """
    listed = [profile.sparse for profile in profiles]
    name = collection if _PLAIN.fullmatch(collection) else _scalar(collection)
    whose = f"collection: {name}".ljust(27) + f" {_WHOSE}\n"
    return _head(schema=schema) + whose + (_listed(listed) if listed else _EXAMPLE)


def has_schema_beside(path: str) -> bool:
    """Whether the folder of a file has the schema that an editor is told of; standard output has none."""
    return path != "-" and os.path.isfile(os.path.join(os.path.dirname(path), _SCHEMA_FILE))


def proposed_collection(folder: str) -> str:
    """A collection named after a folder, with what no collection may contain replaced."""
    seen = "".join(" " if unseen(char) else char for char in folder)
    name = normal(" ".join(seen.split()).lstrip("."))[:NAME_LENGTH].rstrip()
    try:
        name = check_name(name)
    except ValueError:
        return DEFAULT_COLLECTION
    return DEFAULT_COLLECTION if looks_like(name) else name


def profile_file(collection: str, profiles: Iterable[JsonObject], *, schema: bool = False) -> str:
    """A profile file with these profiles, as they are nested in JSON."""
    return f"{_head(schema=schema)}collection: {_scalar(collection)}\n{_listed(profiles)}"


def _head(*, schema: bool) -> str:
    # An editor complains of a schema that is not there; with two marks the line says nothing to it.
    return (
        f"{_EDITOR_LINE}\n{_HEAD}" if schema else f"#{_EDITOR_LINE}\n{_HEAD}{_HOW}"
    ) + "schemaVersion: 1\n"


def _listed(profiles: Iterable[JsonObject]) -> str:
    lines = [line for profile in profiles for line in _profile_lines(profile)]
    return "profiles:\n" + "\n".join(lines) + "\n"


def _profile_lines(profile: JsonObject) -> Iterator[str]:
    begin = "  - "
    for key, value in profile.items():
        if key == OPTIONS and isinstance(value, dict):
            if value:
                yield f"    {OPTIONS}:"
                yield from (f"      {option}: {_scalar(setting)}" for option, setting in value.items())
        else:
            yield f"{begin}{key}: {_scalar(value)}"
            begin = "    "


def _scalar(value: Json) -> str:
    # JSON is YAML in which every text is quoted, and so never ambiguous.
    return quotable(json.dumps(value, ensure_ascii=False))
