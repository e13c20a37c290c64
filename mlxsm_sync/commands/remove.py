"""`mlxsm remove`: take profiles out of the state, whoever owns them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from mlxsm_sync.commands.session import Session
from mlxsm_sync.commands.transitions import show_and_write
from mlxsm_sync.errors import UsageError
from mlxsm_sync.planning.changes import between, without
from mlxsm_sync.planning.selectors import known_names
from mlxsm_sync.text.unicode import visible

if TYPE_CHECKING:
    from mlxsm_sync.values.plan import Plan
    from mlxsm_sync.values.state import State


def remove(session: Session, names: tuple[str, ...], yes: bool) -> None:
    """Take profiles out of the state, whoever owns them. No server is stopped, no model deleted."""

    def remake(state: State) -> tuple[Plan, State]:
        going = known_names(state, names)
        _refuse_namesakes(state, going)
        after = without(state, going)
        return between(state, after), after

    show_and_write(session, remake, "remove", yes=yes)


def _refuse_namesakes(state: State, names: Collection[str]) -> None:
    """The Mac app lets two profiles have one name; which of them was meant is not for us to guess."""
    counted = Counter(entry.name for entry in state.entries)
    for name in sorted(names):
        if counted[name] > 1:
            raise UsageError(
                f'"{visible(name)}" is the name of {counted[name]} profiles; nothing was removed',
                "rename one of them in the app first",
            )
