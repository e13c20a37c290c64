"""`mlxsm rollback`: go back to an earlier state, as a new write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlxsm_sync.commands.session import Session
from mlxsm_sync.commands.transitions import show_and_write
from mlxsm_sync.errors import UsageError
from mlxsm_sync.planning.changes import between, restored

if TYPE_CHECKING:
    from mlxsm_sync.state.store import Store
    from mlxsm_sync.values.plan import Plan
    from mlxsm_sync.values.state import State


def rollback(session: Session, serial: int | None, yes: bool) -> None:
    """Go back to an earlier state, as a new write. No server is started or changed."""
    goal = _earlier(session.store, serial)
    if goal is None and (lost := session.store.lost()) is not None:
        raise UsageError(lost.reason, f"to put a kept version back: {session.command('restore')}")
    if goal is None:
        which = "to go back to" if serial is None else str(serial)
        raise UsageError(f"there is no earlier state {which}", "mlxsm history lists them")

    def remake(state: State) -> tuple[Plan, State]:
        after = restored(goal, state)
        return between(state, after), after

    if serial is None:
        by = f", which {goal.written.command} wrote" if goal.serial and goal.written is not None else ""
        session.output.note(f"back to serial {goal.serial}{by}")
    show_and_write(session, remake, "rollback", yes=yes)


def _earlier(store: Store, serial: int | None) -> State | None:
    """The state of a serial; without one, that before the last write, since what is kept can be newer."""
    now = store.read().serial
    for one in store.earlier():  # newest first
        if one.state.serial == serial or (serial is None and one.state.serial < now):
            return one.state
    return None
