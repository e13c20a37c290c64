"""The names of started servers, read from the files of their runs as plain files.

Commands for metadata say by it which servers were started for profiles that are gone. A file tells what
was started, and nothing of what lives: that is for `mlxsm ps`.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.files import atomic
from mlxsm_sync.text.nesting import loads

RECORD = re.compile(r"([a-z0-9]{16})\.json")
"""The name of a record's file: that of its entry."""
ADOPTED = re.compile(r"([a-z0-9]{16})\.adopted")
"""The name of the file that tells of an adopted server."""


class Started(NamedTuple):
    """A server that was started, and was not seen to end."""

    id: str
    """The entry."""
    name: str
    """What the entry was called then."""
    owner: str | None
    """The collection that the entry was of then."""


def run_folder(beside: Path, label: str) -> Path:
    """Where the records of a state's servers are; `label` tells several states of one folder apart."""
    return beside / ("run" if label == "state" else f"run-{label}")


def agent_folder(beside: Path, label: str) -> Path:
    """Where the agent of a state keeps its own; `label` as above."""
    return beside / ("agent" if label == "state" else f"agent-{label}")


def started(folder: Path) -> list[Started]:
    """The servers of a folder by their records, in the order of names; what cannot be read is left out."""
    found: list[Started] = []
    with suppress(OSError):
        for name in os.listdir(folder):
            record = _mapping(folder / name) if RECORD.fullmatch(name) else {}
            ending = _mapping(folder / f"{name.partition('.')[0]}.ending") if record else {}
            match record:
                case {"id": str(entry_id), "name": str(called), "nonce": str(run_id)}:
                    if ending.get("nonce") == run_id or record.get("failure") is not None:
                        continue
                    owner = record.get("owner")
                    found.append(Started(entry_id, called, owner if isinstance(owner, str) else None))
    return sorted(found, key=lambda one: (one.name, one.id))


def command(verb: str, *names: str, options: Sequence[str] = (), state: Sequence[str] = ()) -> str:
    """A command line for servers of these names, to be typed; `state` are the words that name the state."""
    if any(name.startswith("-") for name in names):
        return shlex.join(("mlxsm", *verb.split(), *options, *state, "--", *names))
    return shlex.join(("mlxsm", *verb.split(), *names, *options, *state))


def _mapping(path: Path) -> dict[str, object]:
    with suppress(MlxsmError, ValueError, RecursionError):
        data = loads(atomic.read_own(path) or b"{}")
        return data if isinstance(data, dict) else {}
    return {}
