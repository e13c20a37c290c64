"""`mlxsm history` and `mlxsm rollback`: earlier states."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.parameters import WholeNumber
from mlxsm_sync.cli.session import Session
from mlxsm_sync.cli.transitions import show_and_write
from mlxsm_sync.errors import UnreadableState, UsageError

if TYPE_CHECKING:
    from mlxsm_sync.state.history import Earlier
    from mlxsm_sync.state.store import Store
    from mlxsm_sync.values.plan import Plan
    from mlxsm_sync.values.state import State


@click.command(
    epilog="""\b
Examples:
  mlxsm history              the current state and the earlier ones
Next: mlxsm rollback SERIAL plans back to one and asks."""
)
@options.state
@options.as_json
@click.pass_obj
def history(session: Session) -> None:
    """Show the states that are kept, the current one first, and which command wrote each."""
    store = session.store
    try:
        state = store.read()
    except UnreadableState as error:
        if not (session.output.json or error.newer):
            _show_history(session, None, store.kept())
        raise
    if state.lineage is not None:
        _show_history(session, state, store.earlier())
    else:  # it was never written, or is lost
        _show_history(session, None, store.kept())


def _show_history(session: Session, current: State | None, earlier: Iterable[Earlier]) -> None:
    from mlxsm_sync.views.reports import history_report
    from mlxsm_sync.views.style import history_text

    report = history_report(current, (one.state for one in earlier))
    session.output.data(report)
    if report.entries:
        session.output.show(history_text(report, session.output.style(sys.stdout), local_time))
    else:
        session.output.say("there are no earlier states yet")


def local_time(at: str) -> str:
    """A time of a file as a clock of this machine shows it; as it stands there, where it is none."""
    try:
        return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return at


@click.command(
    epilog="""\b
Examples:
  mlxsm rollback             back to the state before the last write
  mlxsm rollback 7 --yes     back to state 7, without the question
Next: mlxsm rollback again undoes the rollback."""
)
@click.argument("serial", required=False, type=WholeNumber())
@options.state
@options.lock
@options.yes
@options.while_app_runs
@options.as_json
@click.pass_obj
def rollback(session: Session, serial: int | None, yes: bool) -> None:
    """Go back to an earlier state, as a new write. No server is started or changed."""
    from mlxsm_sync.planning.changes import between, restored

    goal = _earlier(session.store, serial)
    if goal is None and (lost := session.store.lost()) is not None:
        raise UsageError(lost.reason, f"to put a kept version back: {session.command('restore')}")
    if goal is None:
        which = "to go back to" if serial is None else str(serial)
        raise UsageError(f"there is no earlier state {which}", "mlxsm history lists them")

    def remake(state: State) -> tuple[Plan, State]:
        after = restored(goal, state)
        return between(state, after), after

    show_and_write(session, remake, "rollback", yes=yes)


def _earlier(store: Store, serial: int | None) -> State | None:
    """The state of a serial; without one, that before the last write, since what is kept can be newer."""
    now = store.read().serial
    for one in store.earlier():  # newest first
        if one.state.serial == serial or (serial is None and one.state.serial < now):
            return one.state
    return None
