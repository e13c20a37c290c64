"""Show, ask and write what leads from one state to another."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mlxsm_sync.commands.left_running import tell_left
from mlxsm_sync.commands.next_step import tell_next_of_rollback
from mlxsm_sync.commands.output import telling_of
from mlxsm_sync.commands.plan import refuse, refuse_guarded
from mlxsm_sync.commands.prompts import can_ask, confirm
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import NoTerminal
from mlxsm_sync.state.store import outcome, write_as_shown
from mlxsm_sync.views.plan import outcome_text, plan_text

if TYPE_CHECKING:
    from mlxsm_sync.state.store import Remake
    from mlxsm_sync.values.plan import Plan


def show_and_write(session: Session, remake: Remake, command: str, *, yes: bool) -> None:
    """Write the state that `remake` makes, as it was shown and confirmed."""
    output, style = session.output, session.output.style(sys.stdout)
    session.store.recover(session.lock_timeout)
    shown, _ = remake(session.store.read())
    if output.json and not yes and can_ask(session):
        output.print_prompt(plan_text(shown, output.style(sys.stderr)), wrap=True)
    elif not output.quiet or not yes:
        output.print(plan_text(shown, style), wrap=True)
    if not shown.changes:
        output.data(outcome(shown, applied=False))
        return
    refuse_guarded(session, shown)
    session.store.refuse_to_write()
    if not yes:
        _confirm(session, shown, "roll back" if command == "rollback" else command)
    plan, state = write_as_shown(session.store, remake, shown, command, session.lock_timeout)
    ended = outcome(plan, applied=True, serial=state.serial)
    with telling_of("the state"):
        output.data(ended)
        output.print(outcome_text(ended, style), wrap=True)
    tell_left(session)
    if command == "rollback":
        tell_next_of_rollback(session, plan)


def _confirm(session: Session, shown: Plan, what: str) -> None:
    try:
        confirm(session, f"Type yes to {what}:")
    except NoTerminal as error:
        refuse(session, shown, error)
