"""What comes after a write, as one command that works when it is pasted."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.files.paths import find_profile_file
from mlxsm_sync.planning.exportable import obstacle
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.profile_file.whereabouts import look
from mlxsm_sync.state.run_names import command, run_folder, started

if TYPE_CHECKING:
    from mlxsm_sync.values.invocation import Invocation
    from mlxsm_sync.values.plan import Plan
    from mlxsm_sync.values.state import Entry

_MOST_NAMED = 5
_OF_NO_SERVER = ("/name", "/notes", "/context")
"""Fields of which a running server knows nothing."""


def tell_next_of_apply(session: Session, written: Plan, again: Invocation) -> None:
    """After an apply the servers are started, or restarted where what they serve has changed."""
    if any(one.action != "delete" for one in written.counted):
        _tell(session, again.up(*_recreate(session, written)))


def tell_next_of_import(session: Session, written: Plan, *, local_paths: bool) -> None:
    """What was imported is nobody's until a profile file lists it; what none can hold is not named."""
    entries = [one.entry for one in written.changes if one.action == "create"]
    names = [entry.name for entry in entries if _fits_a_file(entry)]
    if not names:
        return
    if _file_is_found():
        named = names if len(names) <= _MOST_NAMED else []
        _tell(session, command("pull", *named, options=[] if named else ["--all"], state=session.state_words))
    else:
        options = ["--format", "yaml", *(["--include-local-paths"] if local_paths else [])]
        _tell(
            session, command("export", options=[*options, "-o", "profiles.yaml"], state=session.state_words)
        )


def _fits_a_file(entry: Entry) -> bool:
    return obstacle(entry, local_paths=True) is None


def tell_next_of_rollback(session: Session, written: Plan) -> None:
    """Where a file still says what was rolled back, that is looked at first."""
    following = session.command("plan") if _file_is_found() else session.command("list")
    with suppress(MlxsmError):  # a broken file is told by the next plan
        if _file_is_found() and _is_in_step(session):
            following = shlex.join([*shlex.split(session.command("up")), *_recreate(session, written)])
    _tell(session, following)


def _is_in_step(session: Session) -> bool:
    """Whether this machine is as the profile file says."""
    desired, state = session.desired(), session.store.read()
    plan = make_plan(desired, state, origins=look(desired, state))
    return not plan.counted and not plan.undecided


def _file_is_found() -> bool:
    if os.environ.get("MLXSM_FILE"):
        return True
    with suppress(MlxsmError):
        return bool(find_profile_file(os.environ))
    return False


def _recreate(session: Session, written: Plan) -> list[str]:
    """`--recreate`, where what was there before is served otherwise now, and a server was started."""
    existing = (one for one in written.counted if one.action in ("update", "replace"))
    changed = any(field.path not in _OF_NO_SERVER for one in existing for field in one.fields)
    store = session.store
    return ["--recreate"] if changed and started(run_folder(store.folder, store.label)) else []


def _tell(session: Session, following: str) -> None:
    if not session.output.json:
        session.output.note(f"Next: {following}")
