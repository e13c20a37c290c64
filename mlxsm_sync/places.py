"""Where things are when nobody says: the profile file and the state."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mlxsm_sync.errors import FileTrouble

PROFILE_FILES = ("profiles.yaml", "mlxsm.yaml")


def find_profile_file(environment: Mapping[str, str]) -> str:
    """The profile file to use where none was named; FileTrouble where there is none."""
    config = _base(environment, "XDG_CONFIG_HOME", ".config") / "mlxsm"
    for candidate in (*map(Path, PROFILE_FILES), *(config / name for name in PROFILE_FILES)):
        if os.path.isfile(candidate):
            return str(candidate)
    raise FileTrouble(
        f"there is no profile file: neither {' nor '.join(PROFILE_FILES)}, here or in {config}",
        "mlxsm init writes one, -f FILE names another",
    )


def default_state_path(environment: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/mlxsm/state.json`, else the same in `~/.local/state`, on every system."""
    return _base(environment, "XDG_STATE_HOME", ".local/state") / "mlxsm" / "state.json"


def app_list_path() -> Path:
    """Where the Mac app MLX Server Manager keeps its profiles."""
    return _home() / "Library/Application Support/MLX Server Manager/models.json"


def _base(environment: Mapping[str, str], name: str, below_home: str) -> Path:
    """The folder of the XDG base directory specification, which says to ignore a relative one."""
    if os.path.isabs(given := environment.get(name, "")):
        return Path(given)
    return _home(f", and {name} is not set", f" or {name}") / below_home


def _home(unset: str = "", instead: str = "") -> Path:
    with suppress(RuntimeError):
        if (home := Path.home()).is_absolute():
            return home
    raise FileTrouble(f"there is no home folder{unset}", f"set HOME{instead}")
