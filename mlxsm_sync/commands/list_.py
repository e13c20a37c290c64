"""`mlxsm list`: show the profiles of this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mlxsm_sync.commands.session import Session
from mlxsm_sync.planning.selectors import known_names
from mlxsm_sync.views.reports import list_report
from mlxsm_sync.views.style import list_text

if TYPE_CHECKING:
    pass


def list_(session: Session, names: tuple[str, ...]) -> None:
    """Show the profiles of this machine: model, endpoint, owner, drift."""
    state = session.store.read()
    report = list_report(state, known_names(state, names))
    session.output.data(report)
    if report.entries:
        session.output.print(list_text(report, session.output.style(sys.stdout)))
    else:
        first = session.with_file("apply")
        session.output.note(f"there are no profiles on this machine yet; {first} puts them there")
