"""`up --instead`: who may be named, and how a server that made way comes back."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import MlxsmError, UsageError
from mlxsm_sync.planning.declared import clashes, place
from mlxsm_sync.values.choices import as_argument

if TYPE_CHECKING:
    from mlxsm_sync.planning.declared import Declared
    from mlxsm_sync.values.run import RunRecord


def refuse_unclear(session: Session, names: Sequence[str], rows: Sequence[Declared]) -> None:
    """UsageError where it is not plain which of several servers is to have a port."""
    if not names:
        hint = f"name the one that is to run: {session.command('up')} --instead NAME"
        raise UsageError("--instead stops other servers, and so needs names", hint)
    for index, others in sorted(clashes(row.wanted for row in rows).items()):
        one = next(row.wanted for row in rows if row.wanted.index == index)
        two = others[0]
        hint = f"name one of them: {session.command('up')} --instead {as_argument(one.profile.name)}"
        both = f'"{one.profile.name}" and "{two.profile.name}"'
        raise UsageError(f"{both} use the same port, {place(two)}, and only one can be up", hint)


def comes_back(session: Session) -> Callable[[RunRecord], str]:
    """How a server that was stopped is started again, in a sentence with the command."""

    def again(record: RunRecord) -> str:
        try:
            entry = session.store.read().by_id.get(record.id)
        except MlxsmError:
            entry = None
        if entry is None:
            return "its profile is gone, so nothing starts it again"
        line, there = session.command("up"), entry.from_
        here = os.path.exists(session.path) and there is not None and os.path.exists(there)
        if there is not None and here and not os.path.samefile(there, session.path):
            line = shlex.join(["mlxsm", "up", "-f", there, *session.machine_words, *session.state_words])
        return f"{line} {as_argument(entry.name)} starts it again"

    return again
