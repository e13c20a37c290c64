"""Show, ask and write what leads from one state to another."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mlxsm_sync.cli.ask import confirm, is_terminal
from mlxsm_sync.cli.left_running import tell_left
from mlxsm_sync.cli.next_step import tell_next_of_rollback
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.cli.output import telling_of
from mlxsm_sync.cli.plan import refuse, refuse_guarded
from mlxsm_sync.errors import NoTerminal

if TYPE_CHECKING:
    from mlxsm_sync.state.store import Remake
    from mlxsm_sync.values.plan import Plan


def show_and_write(shared: Shared, remake: Remake, command: str, *, yes: bool) -> None:
    """Write the state that `remake` makes, as it was shown and confirmed."""
    from mlxsm_sync.state.store import outcome, write_as_shown
    from mlxsm_sync.views.plan import outcome_text, plan_text

    output, style = shared.output, shared.output.style(sys.stdout)
    shared.store.recover(shared.lock_timeout)
    shown, _ = remake(shared.store.read())
    if output.json and not yes and is_terminal():
        output.tell(plan_text(shown, output.style(sys.stderr)))
    elif not output.quiet or not yes:
        output.show(plan_text(shown, style))
    if not shown.changes:
        output.data(outcome(shown, applied=False))
        return
    refuse_guarded(shared, shown)
    shared.store.refuse_to_write()
    if not yes:
        _confirm(shared, shown, "roll back" if command == "rollback" else command)
    plan, state = write_as_shown(shared.store, remake, shown, command, shared.lock_timeout)
    ended = outcome(plan, applied=True, serial=state.serial)
    with telling_of("the state"):
        output.data(ended)
        output.show(outcome_text(ended, style))
    tell_left(shared)
    if command == "rollback":
        tell_next_of_rollback(shared, plan)


def _confirm(shared: Shared, shown: Plan, what: str) -> None:
    try:
        confirm(f"Type yes to {what}:")
    except NoTerminal as error:
        refuse(shared, shown, error)
