"""What `mlxsm run` is to serve, or why nothing: that is printed, and noted for who asked a manager for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlxsm_sync.commands.output import report_failure
from mlxsm_sync.commands.servers.bring_up import orders_of
from mlxsm_sync.commands.servers.rows import has_file, is_entry_id, row_of
from mlxsm_sync.commands.servers.run_reports import note_failed, show_failed
from mlxsm_sync.errors import FileError, InvalidFile, UnknownMachine, UnreadableState
from mlxsm_sync.servers import give_up
from mlxsm_sync.servers.foreground import teller

if TYPE_CHECKING:
    from mlxsm_sync.commands.servers.service_means import UpOptions
    from mlxsm_sync.commands.session import Session
    from mlxsm_sync.servers.orders import Order
    from mlxsm_sync.servers.outcomes import Outcome
    from mlxsm_sync.servers.records import RunFiles


def order_or_outcome(session: Session, files: RunFiles, name: str, how: UpOptions) -> Order | Outcome:
    """The server of a name or an ID; what became of the run where there is none to start."""
    entry_id = name if is_entry_id(name) else ""
    try:
        return _order(session, files, name, how) or "hopeless"
    except (InvalidFile, UnreadableState, UnknownMachine) as error:
        report_failure(error)
        note_failed(files, entry_id, error.message)
        return "hopeless"
    except FileError as error:  # a disk that is not there yet, or a file that will not come back
        report_failure(error)
        note_failed(files, entry_id, error.message)
        say = teller(name, quiet=session.output.quiet)
        return give_up.settled(files, entry_id, "failed", say) if entry_id else "failed"


def _order(session: Session, files: RunFiles, name: str, how: UpOptions) -> Order | None:
    """What is to be served; None where that cannot be, and it was said why."""
    row = row_of(session, name)
    if row is None:
        where = f"for this machine in {session.path}" if has_file(session) else "here"
        why = f'there is no profile with the ID "{name}" {where}'
        session.output.note(f"{why}; nothing was started")
        note_failed(files, name, why)
        return None
    orders = orders_of(session, files, [row], how)
    for warning in (*orders.warnings, *orders.memory_warnings):
        session.output.note(f"warning: {warning}")
    for server in orders.decided.values():
        show_failed(session, files, row.entry_id or (name if is_entry_id(name) else ""), server)
    return next(iter(orders.wanted), None)
