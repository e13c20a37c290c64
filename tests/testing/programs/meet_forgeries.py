"""Lets the commands for servers meet every forgery, and says what each did; test_forged_records.py runs it.

`PLACE forgeries` or `PLACE edits`, with the scene on standard input.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[2]))

from testing.entry_point import command
from testing.forged_records import EDITS, FORGERIES, Forgery, Scene

COMMANDS = [
    ["down", "A"],
    ["down", "A", "--force", "--grace", "0"],
    ["down", "--all", "--force", "--grace", "0"],
    ["restart", "A"],
    ["up", "A"],
    ["ps"],
    ["ps", "--json"],
    ["logs", "A"],
    ["forget", "A"],
    ["doctor"],
]
LOOKING = [["ps"], ["ps", "--json"], ["doctor"], ["logs", "A"], ["up", "A"], ["up", "--dry-run"]]


def clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def meet(path: Path, scene: Scene, forgeries: list[Forgery], commands: list[list[str]]) -> None:
    met: list[dict[str, Any]] = []
    for number, forgery in enumerate(forgeries):
        for words in commands:
            clear(path)
            forgery.place(path, scene)
            begun = time.monotonic()
            ended = command(*words)
            seconds = time.monotonic() - begun
            met.append({"forgery": number, "words": words, "seconds": seconds, **ended._asdict()})
    clear(path)
    print(json.dumps(met))  # noqa: T201 - what a program says


if __name__ == "__main__":
    place, data = Path(sys.argv[1]), json.loads(sys.stdin.read())
    edits = sys.argv[2] == "edits"
    scene = Scene(**data | {"others": Path(data["others"])})
    meet(place, scene, EDITS if edits else FORGERIES, LOOKING if edits else COMMANDS)
