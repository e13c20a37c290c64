"""Every place of a file in which a secret could stand; T stands for it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

LONG = 4090
"""Where a long value has its secret: over the edge of what is scanned at a time."""

_OPTIONS: dict[str, Any] = {
    option: {"advancedLaunchOptions": {option: "T"}}
    for option in (
        *("defaultTemperature", "defaultTopP", "defaultTopK", "defaultMinP", "defaultMaxTokens"),
        *("allowedOrigins", "logLevel", "decodeConcurrency", "promptConcurrency", "prefillStepSize"),
        *("promptCacheSize", "promptCacheBytes", "chatTemplateArgs", "rawExtraArgs"),
    )
}
# One profile's own fields; what a place says is laid over a valid profile.
IN_A_PROFILE: dict[str, Any] = {
    "name": {"name": "T"},
    "name with words": {"name": "my T"},
    "modelID": {"modelID": "T"},
    "modelID below an owner": {"modelID": "org/T"},
    "host": {"host": "T"},
    "port": {"port": "T"},
    "enableThinking": {"enableThinking": "T"},
    "notes": {"notes": "T"},
    "notes in words": {"notes": "see T here,\nand more"},
    "notes, far inside": {"notes": "-" * (LONG - 1) + " T " + "-" * 3000},
    "key": {"T": 1},
    "key with a value": {"x": {"T": ["y"]}},
    "value of an unknown key": {"colour": "T"},
    "value deep below an unknown key": {"colour": {"a": [1, {"b": "T"}]}},
    **_OPTIONS,
    "unknown option": {"advancedLaunchOptions": {"speed": "T"}},
    "key of the options": {"advancedLaunchOptions": {"T": 1}},
    "raw argument": {"advancedLaunchOptions": {"rawExtraArgs": ["--kv-bits", "4", "T"]}},
    "value of a raw argument": {"advancedLaunchOptions": {"rawExtraArgs": ["--adapter-path=T"]}},
    "template argument": {"advancedLaunchOptions": {"chatTemplateArgs": {"a": "T"}}},
    "key of the template": {"advancedLaunchOptions": {"chatTemplateArgs": {"T": 1}}},
    "deep in the template": {"advancedLaunchOptions": {"chatTemplateArgs": {"a": [{"b": {"c": ["T"]}}]}}},
    "deep key of the template": {"advancedLaunchOptions": {"chatTemplateArgs": {"a": [{"T": None}]}}},
}
# The rest of a file, laid over a valid one.
IN_THE_HEAD: dict[str, Any] = {
    "schemaVersion": {"schemaVersion": "T"},
    "collection": {"collection": "T"},
    "key": {"T": 1},
    "value of an unknown key": {"colour": {"a": ["T"]}},
    "profiles": {"profiles": "T"},
    "a profile": {"profiles": ["T"]},
    "defaults": {"defaults": "T"},
    "host of the defaults": {"defaults": {"host": "T"}},
    "key of the defaults": {"defaults": {"T": 1}},
    "option of the defaults": {"defaults": {"advancedLaunchOptions": {"rawExtraArgs": ["T"]}}},
    "template of the defaults": {"defaults": {"advancedLaunchOptions": {"chatTemplateArgs": {"T": "T"}}}},
    "app of a document": {"app": "T", "exportedAt": "T"},
}


def filled(place: Any, token: str) -> Any:
    """A place with a token in it, in values and keys."""
    if isinstance(place, str):
        return place.replace("T", token) if place in ("T", "my T", "org/T") or "T" in place else place
    if isinstance(place, list):
        return [filled(one, token) for one in place]
    if isinstance(place, dict):
        return {(token if key == "T" else key): filled(one, token) for key, one in place.items()}
    return place


def profile_with(place: Any, token: str, number: int) -> dict[str, Any]:
    """A profile that is valid but for what stands in this place."""
    valid = {"name": f"P{number}", "modelID": "org/model", "host": "127.0.0.1", "port": 2000 + number}
    return {**valid, **filled(place, token)}


def file_of(profiles: Iterable[Any], **head: Any) -> str:
    """A profile file, which may be JSON, with one profile a line; the first is on line 2."""
    lines = ",\n".join(json.dumps(one) for one in profiles)
    start = json.dumps({"schemaVersion": 1} | head)[:-1]
    return f'{start}, "profiles": [\n{lines}\n]}}\n'
