"""Where things are when nobody says: the profile file and the state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlxsm_sync.errors import FileTrouble

PROFILE_FILES = ("profiles.yaml", "mlxsm.yaml")


def find_profile_file(environment: Mapping[str, str]) -> str:
    """The profile file to use where none was named; FileTrouble where there is none."""
    config = Path(environment.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "mlxsm"
    for candidate in (*map(Path, PROFILE_FILES), *(config / name for name in PROFILE_FILES)):
        if candidate.is_file():
            return str(candidate)
    raise FileTrouble(
        f"there is no profile file: neither {' nor '.join(PROFILE_FILES)}, here or in {config}",
        "mlxsm init writes one, -f FILE names another",
    )


def default_state_path(environment: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/mlxsm/state.json`, else the same in `~/.local/state`, on every system."""
    base = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "mlxsm" / "state.json"
