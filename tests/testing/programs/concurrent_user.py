"""One of many processes that use one state at once; test_many_at_once.py starts them.

`write NUMBER ROUNDS` applies a collection of its own again and again, with another port each time, by the
entry point of the installed command; `read` reads the state until its input ends.
"""

from __future__ import annotations

import json
import select
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

from mlxsm_sync.state.state_file import StateFile
from testing.entry_point import command

FIRST_PORT = 1000


def text(number: int, turn: int) -> str:
    """The profile file of a process in one of its turns."""
    port = FIRST_PORT + turn
    profile = f"{{name: P{number}, modelID: m/{number}, host: 127.0.0.1, port: {port}}}"
    return f"schemaVersion: 1\ncollection: c{number}\nprofiles:\n- {profile}\n"


def write(number: int, turns: int) -> dict[str, object]:
    """Apply so often; how many were written, and what the others said."""
    path = Path(f"{number}.yaml")
    failed = []
    for turn in range(turns):
        path.write_text(text(number, turn))
        code, said, _ = command("apply", "-f", str(path), "--yes", "--json", "--lock-timeout", "300")
        if code != 0 or not json.loads(said)["applied"]:
            failed.append(said)
    return {"written": turns - len(failed), "failed": failed}


def read() -> dict[str, object]:
    """Read until the input ends, in turn as a library and as a command; serials never go back."""
    place = Path.home() / ".local/state/mlxsm/state.json"
    ways: list[Callable[[], int]] = [
        lambda: StateFile(place).read().serial,
        lambda: int(json.loads(command("list", "--json").out)["serial"]),
    ]
    reads, last, back = 0, 0, 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        serial = ways[reads % 2]()
        back += serial < last
        last, reads = serial, reads + 1
    return {"reads": reads, "back": back}


if __name__ == "__main__":
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    sys.stdin.readline()
    kind, *numbers = sys.argv[1:]
    print(json.dumps(write(*map(int, numbers)) if kind == "write" else read()))  # noqa: T201 - what a program says
