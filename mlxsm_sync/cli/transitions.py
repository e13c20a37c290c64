"""Show, ask and write what leads from one state to another."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mlxsm_sync.cli.ask import confirm
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.cli.output import telling_of
from mlxsm_sync.cli.plan import refuse_guarded

if TYPE_CHECKING:
    from mlxsm_sync.applying import Remake


def show_and_write(shared: Shared, remake: Remake, command: str, *, yes: bool) -> None:
    """Write the state that `remake` makes, as it was shown and confirmed."""
    from mlxsm_sync.applying import outcome, write_as_shown
    from mlxsm_sync.render import outcome_text, plan_text

    style = shared.output.style(sys.stdout)
    shared.store.recover(shared.lock_timeout)
    shown, _ = remake(shared.store.read())
    if not shared.output.quiet or not yes:
        shared.output.show(plan_text(shown, style))
    if not shown.changes:
        return
    refuse_guarded(shared, shown)
    shared.store.refuse_to_write()
    if not yes:
        confirm("Write this?")
    plan, state = write_as_shown(shared.store, remake, shown.digest, command, shared.lock_timeout)
    with telling_of("the state"):
        shared.output.show(outcome_text(outcome(plan, applied=True, serial=state.serial), style))
