"""The services of the state that a command line names."""

from __future__ import annotations

import os

from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.files.paths import default_state_path, expanded
from mlxsm_sync.servers.services import Services


def services(session: Session) -> Services:
    """The services that a manager keeps for this state."""
    return Services(os.environ, state_name(session))


def told(error: MlxsmError | OSError) -> str:
    """What went wrong with one service, and what to do, for a line of a report."""
    if isinstance(error, MlxsmError):
        return f"{error.message}: {error.hint}" if error.hint else error.message
    what = error.strerror or str(error)
    return f"the system refused {error.filename}: {what}" if error.filename else f"the system refused: {what}"


def state_name(session: Session) -> str:
    """The state, in the form in which a unit names it: wherever that runs, it is the same one."""
    scheme, colon, path = (session.state or "").partition(":")
    if scheme == "app":
        return f"app:{os.path.realpath(expanded(path))}" if colon else scheme
    return os.path.realpath(session.state or default_state_path(os.environ))
