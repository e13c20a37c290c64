"""What `mlxsm run` prints of its start, and notes for whoever asked a manager for it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from mlxsm_sync.commands.output import silence_stdout
from mlxsm_sync.servers import give_up
from mlxsm_sync.servers.service_start import FAILED
from mlxsm_sync.system.managers import manager_of_this_process
from mlxsm_sync.system.notify import Notifier
from mlxsm_sync.values.run import UpReport
from mlxsm_sync.views.servers import up_text

if TYPE_CHECKING:
    from mlxsm_sync.commands.session import Session
    from mlxsm_sync.servers.records import RunFiles
    from mlxsm_sync.values.run import UpServer


def show(session: Session, server: UpServer) -> None:
    """Print what came of a start; where nobody reads it, its server is watched all the same."""
    try:
        session.output.print(
            up_text(UpReport(servers=(server,)), session.output.style(sys.stdout)), wrap=True
        )
    except OSError:
        silence_stdout()


def show_failed(session: Session, files: RunFiles, entry_id: str, server: UpServer) -> None:
    """Print why nothing is served, and note it for whoever asked a manager of services for it."""
    note_failed(files, entry_id, server.message or "")
    show(session, server)


def note_failed(files: RunFiles, entry_id: str, why: str) -> None:
    """Note why nothing is served; nowhere where `entry_id` is empty, since no service has that."""
    if entry_id:
        give_up.note_reason(files, entry_id, why, manager_of_this_process(entry_id, os.environ))
        Notifier(os.environ).tell(f"STATUS={FAILED}{why.partition(chr(10))[0]}")
