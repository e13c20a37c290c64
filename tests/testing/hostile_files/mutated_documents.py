"""Documents of the Mac app with something wrong in them, at any place and of any kind."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from mlxsm_sync.mac_app.options import OPTION_NAMES

_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 1.5, 0.5, 8080, 8080.0, 65535, 65536, 1e18, 10**18 - 1, 2**53, -0.0),
    *(
        "",
        " ",
        "\n",
        "x",
        "0",
        "1",
        "-1",
        "1.5",
        "+1",
        "1.",
        ".5",
        "5e-1",
        "1e1",
        "1_0",
        "٣",
        "NaN",
        "inf",
        "08",
    ),
    *("1" * 18, "1" * 19, "8080 ", "0x10", "true", "null", "{", "{}", "[]", '{"a": 1}', '{"a": 1, "a": 2}'),
    *("--kv-bits 4", "--a 'b", "--port 9", "--ho=x", "--api-key x", "debug", "Info", "loud", "http://a"),
    *("a b", "a/b", "a:1", "::1", "[::1]", "#3", " #3 ", "-x", " -x", "a\u202eb", "\u001cA", "e\u0301" * 100),
    *("n" * 121, "x" * 5000, " " * 5000, "/Users/jane/m", "~/m", "org/m@v", [], [1], ["a"], {}, {"a": 1}),
    *({"a": {"b": [None]}}, [[]], {"name": 1}),
)
_KEYS = (
    "name",
    "modelID",
    "host",
    "port",
    "colour",
    "notes",
    "enableThinking",
    "apiKey",
    "cachePath",
    "",
    "x" * 99,
)


def valid_profile(number: int) -> dict[str, Any]:
    """A profile with all of its options."""
    return {
        "name": f"P{number}",
        "modelID": f"org/m{number}",
        "host": "127.0.0.1",
        "port": 2000 + number,
        "advancedLaunchOptions": {
            "defaultTemperature": "0.3",
            "defaultTopP": 1,
            "defaultTopK": "40",
            "defaultMinP": ".5",
            "defaultMaxTokens": 4096,
            "chatTemplateArgs": '{"enable_thinking": false}',
            "allowedOrigins": "http://localhost:3000",
            "logLevel": "info",
            "decodeConcurrency": "1",
            "promptConcurrency": "2",
            "prefillStepSize": 2048,
            "promptCacheSize": "3",
            "promptCacheBytes": "1000000",
            "rawExtraArgs": "--kv-bits 4",
        },
    }


def valid_document(count: int = 2) -> dict[str, Any]:
    return {
        "app": "MLXServerManager",
        "exportedAt": "2026-06-16T00:00:00Z",
        "profiles": [valid_profile(number) for number in range(1, count + 1)],
        "schemaVersion": 1,
    }


def mutated(count: int, seed: int = 11) -> Iterator[dict[str, Any]]:
    """So many documents, each changed at one to three places."""
    choose = random.Random(seed)
    for _ in range(count):
        content = valid_document()
        for _ in range(choose.randint(1, 3)):
            _change(content, choose)
        yield json.loads(json.dumps(content))


def _change(content: dict[str, Any], choose: random.Random) -> None:
    place: Any = content
    # Most of the time it is a field of a profile or an option of it that is wrong.
    for step in ("profiles", None, "advancedLaunchOptions")[: choose.choice((0, 1, 2, 2, 2, 3, 3, 3, 3))]:
        inner = place[step] if isinstance(place, dict) and step in place else None
        if step is None and isinstance(place, list) and place:
            inner = choose.choice(place)
        if not isinstance(inner, (dict, list)):
            break
        place = inner
    value = copy.deepcopy(choose.choice(_VALUES))
    if isinstance(place, list):
        place.insert(choose.randint(0, len(place)), value)
        return
    key = choose.choice([*place, *place, choose.choice(_KEYS), choose.choice(OPTION_NAMES)])
    if choose.random() < 0.15:
        place.pop(key, None)
    else:
        place[key] = value
