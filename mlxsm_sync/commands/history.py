"""`mlxsm history`: show the states that are kept."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import UnreadableState
from mlxsm_sync.text.times import local
from mlxsm_sync.views.history import history_text
from mlxsm_sync.views.reports import history_report

if TYPE_CHECKING:
    from mlxsm_sync.state.history import Earlier
    from mlxsm_sync.values.state import State


def history(session: Session, graph: bool) -> None:
    """Show the states that are kept, the current one first, and which command wrote each."""
    store = session.store
    try:
        state = store.read()
    except UnreadableState as error:
        if not (session.output.json or error.newer):
            _show_history(session, None, store.kept(), graph=graph)
        raise
    if state.lineage is not None:
        _show_history(session, state, store.earlier(), graph=graph)
    else:  # it was never written, or is lost
        _show_history(session, None, store.kept(), graph=graph)


def _show_history(
    session: Session, current: State | None, earlier: Iterable[Earlier], *, graph: bool
) -> None:
    report = history_report(current, (one.state for one in earlier))
    session.output.data(report)
    if report.entries:
        session.output.print(history_text(report, session.output.style(sys.stdout), local, graph=graph))
    else:
        session.output.note("there are no earlier states yet")
