"""Start a server's process: no shell, no terminal, a clean environment, a log that nobody else pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.errors import ServerError
from mlxsm_sync.system.process_identity import SHIM
from mlxsm_sync.system.run_marks import RECORD_VARIABLE, RUN_VARIABLE

_DROPPED = ("PYTHON", "LD_", "DYLD_")
_NO_BARS = "HF_HUB_DISABLE_PROGRESS_BARS"
"""Bars are for a terminal; in a log each redraw is another line. Whoever sets it otherwise gets them."""
_DROPPED_NAMES = ("MLX_RANK", "MLX_HOSTFILE", "__PYVENV_LAUNCHER__")


Shim = subprocess.Popen[bytes]
"""The parent of a server."""


class Started(NamedTuple):
    """A server's process, and its parent, which waits for it."""

    pid: int
    shim: Shim


def child_environment(environment: Mapping[str, str], mark: str, record: Path) -> dict[str, str]:
    """Ours without what changes how programs load, or makes a server one of several ranks."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith(_DROPPED) and name not in _DROPPED_NAMES
    }
    return {_NO_BARS: "1"} | kept | {RUN_VARIABLE: mark, RECORD_VARIABLE: str(record)}


def start(
    argv: Sequence[str], environment: Mapping[str, str], log: int, ending: Path, mark: str, folder: Path
) -> Started:
    """Start a server in a session of its own; ServerError where the system refuses.

    `log` is a descriptor that its output goes to, `ending` where its parent notes how it ended.
    """
    reading, writing = os.pipe()
    command = [sys.executable, "-I", "-S", SHIM, str(ending), str(writing), *argv]
    try:
        shim = subprocess.Popen(  # noqa: S603 - starting what the user named is its job
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=child_environment(environment, mark, ending.with_suffix(".json")),
            cwd=folder,
            pass_fds=(writing,),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        os.close(reading)
        raise ServerError(f"cannot start {argv[0]}: {_reason(error)}") from None
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.readline().strip()
    if said.isdigit():
        return Started(int(said), shim)
    shim.wait()
    number = said.removeprefix(b"!")
    reason = os.strerror(int(number)) if number.isdigit() else "its parent process ended at once"
    raise ServerError(f"cannot start {argv[0]}: {reason}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
