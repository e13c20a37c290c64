"""The last line about servers that were started for profiles that are gone: from plain files, as metadata."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from mlxsm_sync.commands.session import Session
from mlxsm_sync.state.run_names import command, run_folder, started
from mlxsm_sync.text.unicode import visible

if TYPE_CHECKING:
    from mlxsm_sync.values.plan import Plan
    from mlxsm_sync.values.state import State


def tell_left(
    session: Session,
    left_out: Callable[[State], Collection[str]] = lambda _: (),
    runs: Callable[[str], bool] = lambda _: True,
) -> None:
    """Name the servers of entries that are gone, and of those that the profile file no longer lists.

    `left_out` gives the ids of the latter; `runs` says of an id whether its server does, where that is known.
    """
    found = [one for one in started(run_folder(session.store.folder, session.store.label)) if runs(one.id)]
    if not found or session.store.lost() is not None:
        return  # a lost state says of no profile that it is gone
    state = session.store.read()
    now, listed_no_more = {entry.id: entry.name for entry in state.entries}, left_out(state)
    for what, servers in (
        ("no longer here", [one for one in found if one.id not in now]),
        ("no longer in the profile file", [one for one in found if one.id in listed_no_more]),
    ):
        if servers:
            _tell(session, list(dict.fromkeys(now.get(one.id, one.name) for one in servers)), what)


def of_plan(plan: Plan, state: State) -> set[str]:
    """The ids of entries that a plan finds no longer listed, or deletes; other files may list their own."""
    names = {one.name for one in plan.orphans if not one.foreign or one.from_ is None} | {
        one.name for one in plan.changes if one.action == "delete"
    }
    return {entry.id for entry in state.entries if entry.name in names}


def _tell(session: Session, names: Sequence[str], what: str) -> None:
    called = ", ".join(f'"{visible(name)}"' for name in names)
    look = visible(command("ps", state=session.state_words))
    stop = visible(command("down", *names, state=session.state_words))
    if len(names) == 1:
        message = f"a server was started for {called}, which is {what}: {look} shows it, {stop} stops it"
    else:
        message = f"servers were started for {called}, which are {what}: {look} shows them, {stop} stops them"
    session.output.note(f"note: {message}")
