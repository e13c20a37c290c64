"""The profile file that `init` and `export` write: commented, and valid as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from mlxsm_sync.characters import quotable
from mlxsm_sync.json_value import Json, JsonObject
from mlxsm_sync.profile import OPTIONS, Profile

SCHEMA_LINE = "# yaml-language-server: $schema=./profiles.schema.json"

_HEAD = f"""\
{SCHEMA_LINE}
# The model servers of a machine. `mlxsm plan` shows what this file would change, `mlxsm apply`
# changes it. For completion in your editor: mlxsm schema profiles > profiles.schema.json
schemaVersion: 1
"""
_COLLECTION = (
    "collection: default         # who owns these profiles on a machine; give each file its own name\n"
)

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


def starter(profiles: Iterable[Profile]) -> str:
    """A profile file with these profiles, or with an example where there are none."""
    listed = [profile.sparse for profile in profiles]
    return _HEAD + _COLLECTION + (_listed(listed) if listed else _EXAMPLE)


def profile_file(collection: str, profiles: Iterable[JsonObject]) -> str:
    """A profile file with these profiles, as they are nested in JSON."""
    return f"{_HEAD}collection: {_scalar(collection)}\n{_listed(profiles)}"


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
