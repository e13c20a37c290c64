"""`mlxsm fit`: how much memory each profile needs, and whether all fit."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlxsm_sync.commands.servers.targets import run_files
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import FileError
from mlxsm_sync.planning.prune import listed_entries
from mlxsm_sync.planning.selectors import entries_named
from mlxsm_sync.servers.fitting import Wish, report, sized
from mlxsm_sync.servers.measuring import used_by
from mlxsm_sync.system.memory_limit import memory_limit
from mlxsm_sync.values.fit import MemoryLimit
from mlxsm_sync.views.fit import fit_text
from mlxsm_sync.views.style import plural

if TYPE_CHECKING:
    from mlxsm_sync.values.state import Entry, State


def fit(
    session: Session,
    names: tuple[str, ...],
    context: int | None,
    conversations: int,
    memory: int | None,
    check: bool,
) -> int:
    """Count what each profile needs, and say whether all fit; nothing is loaded, started or downloaded."""
    files = run_files(session)
    limit = memory_limit() if memory is None else MemoryLimit(nbytes=memory, from_="asked")
    # Another machine's memory is asked about without what runs on this one.
    running = used_by(files) if memory is None else {}
    wish = Wish(context, conversations)
    made = report([sized(one, os.environ, wish) for one in _meant(session, names)], limit, running)
    session.output.data(made)
    style = session.output.style(sys.stdout)
    session.output.print(fit_text(made, style, quiet=session.output.quiet))
    if not made.profiles:
        session.output.note(f"there are no profiles to count; {session.with_file('apply')} puts them there")
    return int(check and made.fits is not True)


def _meant(session: Session, names: Sequence[str]) -> list[Entry]:
    """The entries of these names; else those that the profile file lists, or all where there is no file."""
    state = session.store.read()
    if names:
        return [*entries_named(state, names)]
    try:
        session.file = session.path
    except FileError:
        return [*state.entries]
    return _listed(session, state)


def _listed(session: Session, state: State) -> list[Entry]:
    desired = session.desired()
    places = listed_entries(desired, state)
    if missing := len(desired.profiles) - len(places.places):
        what = plural(missing, "profile")
        session.output.note(f"{what} of the file not applied, and not counted: {session.with_file('apply')}")
    return [one for one in places.in_order(state.entries) if one.id in places.places]
