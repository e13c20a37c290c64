"""`mlxsm machine`: what this machine is called, who says so, and which profiles are for it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from mlxsm_sync.commands.output import sentence, telling_of
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import FileError, MlxsmError, UnknownMachine, UsageError
from mlxsm_sync.files import machine_name
from mlxsm_sync.values.file_reports import MachineReport
from mlxsm_sync.views.machines import machine_text

if TYPE_CHECKING:
    from pathlib import Path

    from mlxsm_sync.values.desired import Desired
    from mlxsm_sync.values.machines import Machine


def machine(session: Session, /, name: str | None, forget: bool) -> None:
    """Show or set what this machine is called, where a profile file has machines."""
    if name is not None and forget:
        raise UsageError("--forget takes no name", "leave out one of the two")
    written = _write(name, forget=forget)
    called = machine_name.this_machine(None, os.environ)
    desired = _desired(session, must_be_valid=written is None)
    with telling_of(str(written) if written is not None else None):
        report = _report(session, called, desired)
        session.output.data(report)
        session.output.print(machine_text(report, called, session.output.quiet))
    if written is not None:
        session.output.note(f"wrote {written}" if name is not None else f"removed {written}")
    if name is not None and called.from_ != "file":
        session.output.note(f"note: {called.source.removeprefix('from ')} says otherwise, and comes first")


def _write(name: str | None, *, forget: bool) -> Path | None:
    """Keep the name, or forget it; the file that was touched."""
    if name is not None:
        return machine_name.keep(machine_name.checked(name, "NAME"), os.environ)
    return machine_name.forget(os.environ) if forget else None


def _desired(session: Session, *, must_be_valid: bool) -> Desired | UnknownMachine | None:
    """What the profile file wants here, or why it wants nothing; None where there is no usable file."""
    try:
        with suppress(FileError):
            session.file = session.path
        return session.desired() if session.file is not None else None
    except UnknownMachine as error:
        return error
    except MlxsmError:
        if must_be_valid:
            raise
        return None


def _report(session: Session, called: Machine, desired: Desired | UnknownMachine | None) -> MachineReport:
    path = session.file
    if isinstance(desired, UnknownMachine):
        session.output.note(f"note: {sentence(desired.message)}")
        return MachineReport(machine=called, path=path, known=False, profiles=(), elsewhere=())
    if desired is None:
        return MachineReport(machine=called, path=None, known=None, profiles=(), elsewhere=())
    return MachineReport(
        machine=desired.machine or called,
        path=path,
        known=True if desired.machine is not None else None,
        profiles=tuple(one.profile.name for one in desired.profiles),
        elsewhere=tuple(one.name for one in desired.elsewhere),
    )
