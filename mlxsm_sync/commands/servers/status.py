"""`mlxsm status`: what this machine says of itself."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from mlxsm_sync import __version__
from mlxsm_sync.commands.invoked import invocation
from mlxsm_sync.commands.output import telling_of
from mlxsm_sync.commands.output_paths import STDOUT
from mlxsm_sync.commands.servers.ps import seen_servers
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import FileError, MlxsmError, ServerError, UsageError
from mlxsm_sync.files.atomic import PRIVATE, write_whole
from mlxsm_sync.files.checkout import commit_of
from mlxsm_sync.files.machine_name import this_machine
from mlxsm_sync.files.plain_files import read_plain
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.planning.standing import standing
from mlxsm_sync.profile_file.whereabouts import look as look_at_origins
from mlxsm_sync.profile_file.whereabouts import named_path
from mlxsm_sync.servers.agent_files import AgentFiles
from mlxsm_sync.servers.program import find_program, release_beside
from mlxsm_sync.system.memory_limit import memory_limit
from mlxsm_sync.system.portable import system_name
from mlxsm_sync.text.json_value import digest_bytes
from mlxsm_sync.text.times import now
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.state import State
from mlxsm_sync.values.status import (
    LastApply,
    MachineStatus,
    StatusEvent,
    StatusFile,
    StatusMachine,
    StatusMemory,
    StatusPlan,
    StatusState,
    StatusVersions,
)
from mlxsm_sync.views.machine_status import headline_of, status_text
from mlxsm_sync.views.openmetrics import openmetrics
from mlxsm_sync.views.plan import headline

if TYPE_CHECKING:
    from mlxsm_sync.values.desired import Desired

_EVENTS = 20
"""Versions of the state that are told; the report joins those of many machines."""
_LARGEST = 64 * 1024 * 1024
"""Bytes of a profile file; a larger one is refused when it is read."""
_READABLE = 0o644
"""node_exporter runs as another user."""


def status(session: Session, form: str, out: str | None) -> int:
    """Show what this machine says of itself, or write it to a file."""
    output = session.output
    output.stdout_is_taken = out == STDOUT and not output.json
    if output.json and out == STDOUT:
        raise UsageError("--json and -o - both print it", "leave out one of the two")
    seen = look(session)
    if form == "openmetrics":
        text, mode = output.redaction.text(openmetrics(seen)), _READABLE
    else:
        text, mode = f"{output.redaction.json(seen.model_dump())}\n", PRIVATE
    if out is not None and out != STDOUT:
        write_whole(out, text, mode=mode)
        with telling_of(out):
            output.data(seen)
            output.note(f"wrote {out}")
        return 0
    output.data(seen)
    if out == STDOUT or (form == "openmetrics" and not output.json):
        output.stdout_is_taken = False
        output.print(text)
    elif output.quiet:
        output.print(f"{headline_of(seen)}\n")
    else:
        output.print(status_text(seen, output.style(sys.stdout)), wrap=True)
    return 0


def look(session: Session) -> MachineStatus:
    """What this machine says of itself now; servers of ours are asked for their health, and nothing changes.

    A file or a state that cannot be used is told in it, and is no failure.
    """
    state, trouble = _state(session)
    desired, wrong = _desired(session)
    trouble = trouble or wrong
    machine = desired.machine if desired is not None else None
    called = machine or this_machine(session.machine, os.environ)
    file = _file(session)
    servers = seen_servers(session) if state is not None else None
    events = _events(session, state)
    return MachineStatus(
        machine=StatusMachine(name=called.name, tags=called.tags),
        file=file,
        state=StatusState(
            collection=desired.owner if desired is not None else None,
            serial=state.serial if state is not None else 0,
            lineage=state.lineage if state is not None else None,
        ),
        plan=_plan(session, desired, state, trouble),
        servers=servers.servers if servers is not None else (),
        memory=StatusMemory(
            limit_bytes=memory_limit().nbytes, used_bytes=servers.memory_bytes if servers is not None else 0
        ),
        versions=_versions(),
        last_apply=_last_apply(session, events),
        history=events[:_EVENTS],
        at=now(),
    )


def _state(session: Session) -> tuple[State | None, str | None]:
    """The state, or why it cannot be used."""
    try:
        state = session.store.read()
        lost = session.store.lost()
    except MlxsmError as error:
        return None, error.message
    return (None, lost.reason) if lost is not None else (state, None)


def _desired(session: Session) -> tuple[Desired | None, str | None]:
    """What the profile file wants here, or why it wants nothing."""
    try:
        return session.desired(), None
    except MlxsmError as error:
        first = [str(one) for one in error.problems[:1]]
        more = len(error.problems) - 1
        return None, first[0] + (f" (and {more} more)" if more > 0 else "") if first else error.message


def _file(session: Session) -> StatusFile:
    """The profile file as it is on the disk; what cannot be read has no digest."""
    with suppress(MlxsmError, OSError):
        named = named_path(session.path)
        if named is None:
            return StatusFile()
        digest = None
        with suppress(OSError):
            digest = digest_bytes(read_plain(named, _LARGEST))
        return StatusFile(path=named, digest=digest, commit=commit_of(named))
    return StatusFile()


def _plan(session: Session, desired: Desired | None, state: State | None, trouble: str | None) -> StatusPlan:
    if desired is None or state is None:
        return StatusPlan(status="broken", message=trouble)
    again = invocation(session, "apply", desired)
    made = make_plan(desired, state, Choices(), invocation=again, origins=look_at_origins(desired, state))
    how = standing(made)
    message = headline(made).removeprefix("Plan: ") if how != "in-step" else None
    return StatusPlan(status=how, summary=made.summary, message=message)


def _versions() -> StatusVersions:
    """What is installed, read from the notes of installers; no program is started."""
    release = mlx = None
    with suppress(ServerError, FileError):
        program = find_program(None, os.environ)
        release, mlx = program.version, release_beside(program.command, "mlx", os.environ)
    info = sys.version_info
    return StatusVersions(
        mlxsm=__version__,
        mlx_lm=release,
        mlx=mlx,
        system=system_name(),
        python=f"{info.major}.{info.minor}.{info.micro}",
    )


def _events(session: Session, state: State | None) -> tuple[StatusEvent, ...]:
    """The versions of the state that are kept, the current one first."""
    if state is None or state.lineage is None:
        return ()
    with suppress(MlxsmError):
        return tuple(_event(one) for one in (state, *(kept.state for kept in session.store.earlier())))
    return (_event(state),)


def _event(state: State) -> StatusEvent:
    written = state.written
    if written is None:
        return StatusEvent(serial=state.serial)
    return StatusEvent(
        serial=state.serial,
        at=written.at,
        command=written.command,
        owner=written.owner,
        summary=written.summary,
    )


def _last_apply(session: Session, events: tuple[StatusEvent, ...]) -> LastApply | None:
    """The newest apply: of the agent, or one that wrote a state. Another one has left nothing behind."""
    written = [one.at for one in events if one.command == "apply" and one.at is not None]
    with suppress(MlxsmError):
        run = AgentFiles(session.store.folder, session.store.label).last_run()
        if run is not None and run.applied_at is not None and run.applied_at >= max(written, default=""):
            return LastApply(at=run.applied_at, exit=run.apply_exit)
    return LastApply(at=written[0]) if written else None
