"""What this machine is called: by the command line, the environment, a file of ours, or the system."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mlxsm_sync.errors import FileError, UsageError
from mlxsm_sync.files import atomic
from mlxsm_sync.files.paths import config_folder
from mlxsm_sync.text.secret_scan import looks_like
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.machines import NAME_RULE, Machine, is_name

_MOST_BYTES = 1024


def this_machine(named: str | None, environment: Mapping[str, str]) -> Machine:
    """The name of this machine, without tags; the first of the four places that has one counts.

    `named` is what the command line says. FileError or UsageError where a place has what is no name.
    """
    if named is not None:
        return Machine(name=checked(named, "--machine"), from_="flag")
    if said := environment.get("MLXSM_MACHINE"):
        return Machine(name=checked(said, "MLXSM_MACHINE"), from_="environment")
    path = place(environment)
    if (kept := _kept(path)) is not None:
        return Machine(name=kept, from_="file", place=str(path))
    return Machine(name=host_name(), from_="system")


def checked(name: str, where: str) -> str:
    """A name in lower case; UsageError where no machine can be called so."""
    if looks_like(name):
        raise UsageError(f"{where} looks like a secret; nothing was done")
    if not is_name(name):
        raise UsageError(f'{where} "{visible(name[:80])}" cannot name a machine: {NAME_RULE}')
    return name.lower()


def host_name() -> str:
    """The host name up to its first dot, in lower case, as `os.uname().nodename` has it."""
    # Windows has no uname; the module platform would be a tenth of a plan's start.
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return name.partition(".")[0].lower()


def place(environment: Mapping[str, str]) -> Path:
    """The file that keeps the name of this machine."""
    return config_folder(environment) / "machine"


def keep(name: str, environment: Mapping[str, str]) -> Path:
    """Write the name of this machine, for its user alone; FileError where the disk refuses."""
    path = place(environment)
    with atomic.system_errors(f"cannot write {path}"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    atomic.write_whole(str(path), f"{name}\n")
    return path


def forget(environment: Mapping[str, str]) -> Path | None:
    """Remove the file with the name; None where there is none."""
    path = place(environment)
    with atomic.system_errors(f"cannot remove {path}"):
        try:
            path.unlink()
        except FileNotFoundError:
            return None
    return path


def _kept(path: Path) -> str | None:
    """The name in the file; None where there is no file."""
    with atomic.system_errors(f"cannot read {path}"):
        try:
            # A pipe would be waited for.
            fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except (FileNotFoundError, NotADirectoryError):
            return None
        with os.fdopen(fd, "rb") as file:
            data = file.read(_MOST_BYTES + 1) or b""  # a pipe with a writer who says nothing has None
    text = None
    with suppress(UnicodeDecodeError):
        text = data.decode("utf-8-sig").strip()
    if text is None or len(data) > _MOST_BYTES or looks_like(text) or not is_name(text):
        raise FileError(f"{path} has no name of a machine: {NAME_RULE}", "mlxsm machine NAME writes it anew")
    return text.lower()
