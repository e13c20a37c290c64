"""States that are cut off, foreign, newer or broken otherwise; `zebra` is what no message may repeat."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def broken(change: Callable[[dict[str, Any]], object]) -> bytes:
    """A state that is good but for one change."""
    state = {
        "formatVersion": 1,
        "lineage": "x",
        "serial": 1,
        "entries": [
            {
                "id": f"{number:016d}",
                "profile": {"name": f"P{number}", "modelID": "m", "host": "h", "port": number},
                "owner": None,
            }
            for number in (1, 2)
        ],
    }
    change(state)
    return json.dumps(state).encode()


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], object]:
    def change(state: Any) -> None:
        *parents, last = path.split(".")
        for step in parents:
            state = state[int(step) if step.isdigit() else step]
        state[last] = value

    return change


UNREADABLE = {
    "empty": b"",
    "blank": b" \n",
    "cut off": broken(_set("serial", 1))[:-20],
    "no JSON": b"hello",
    "no object": b"[]",
    "no state": b"{}",
    "another program's": b'{"version": 4, "terraform_version": "1.9"}',
    "not UTF-8": b'{"formatVersion": 1, "x": "\xff"}',
    "a key twice": b'{"formatVersion": 1, "formatVersion": 1}',
    "NaN": broken(_set("serial", 1)).replace(b'"serial": 1', b'"serial": NaN'),
    "too deep": b"[" * 200_000,
    "too many digits": b'{"formatVersion": 1, "serial": ' + b"9" * 5000 + b"}",
    "newer": broken(_set("formatVersion", 2)),
    "version as text": broken(_set("formatVersion", "1")),
    "version as true": broken(_set("formatVersion", True)),
    "negative serial": broken(_set("serial", -1)),
    "serial as text": broken(_set("serial", "1")),
    "no lineage": broken(lambda state: state.pop("lineage")),
    "lineage as number": broken(_set("lineage", 5)),
    "entries as mapping": broken(_set("entries", {})),
    "unknown key": broken(_set("more", 1)),
    "unknown key in an entry": broken(_set("entries.0.more", 1)),
    "unknown key in a profile": broken(_set("entries.0.profile.more", 1)),
    "id with a path": broken(_set("entries.0.id", "../../../etc/pass")),
    "id with a line": broken(_set("entries.0.id", "000000000000000\n")),
    "two ids": broken(_set("entries.1.id", "0" * 15 + "1")),
    "two names": broken(_set("entries.1.profile.name", "P1")),
    "two identities": broken(_set("entries.1.profile.port", 1)),
    "port as text": broken(_set("entries.0.profile.port", "1")),
    "port out of range": broken(_set("entries.0.profile.port", 70000)),
    "host with a port": broken(_set("entries.0.profile.host", "a:1")),
    "a text": b'"zebra"',
    "a number": b"5",
    "null": b"null",
    "only spaces and a mark": b"\xef\xbb\xbf",
    "a byte order mark": b"\xef\xbb\xbf" + broken(_set("serial", 1)),
    "UTF-16": broken(_set("serial", 1)).decode().encode("utf-16"),
    "NULs, as after a loss of power": b"\0" * 512,
    "half of it NULs": broken(_set("serial", 1))[:200] + b"\0" * 200,
    "twice": broken(_set("serial", 1)) * 2,
    "a conflict of git": b"<<<<<<< HEAD\n" + broken(_set("serial", 1)) + b"\n=======\n{}\n>>>>>>> zebra\n",
    "much newer, of another form": b'{"formatVersion": 7, "profiles": ["zebra"]}',
    "version 1.5": broken(_set("formatVersion", 1.5)),
    "no version": broken(lambda state: state.pop("formatVersion")),
    "serial as a fraction": broken(_set("serial", 1.5)),
    "half of a pair": broken(_set("entries.0.profile.notes", "\ud800")),
    "a name that is no name": broken(_set("entries.0.profile.name", "ze\u202ebra")),
    "a model that is an option": broken(_set("entries.0.profile.modelID", "--zebra")),
    "owner as a list": broken(_set("entries.0.owner", ["zebra"])),
    "the profiles of the app": b'[{"displayName": "zebra", "modelID": "m", "host": "h", "port": 1}]',
    "owner without applied": broken(_set("entries.0.owner", "team")),
    "applied without a name": broken(lambda s: s["entries"][0].update(owner="t", applied={"port": 1})),
}
