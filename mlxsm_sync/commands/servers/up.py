"""`mlxsm up` and `mlxsm restart`: run the declared servers, and say ready only when they are."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlxsm_sync.commands.servers.bring_up import bring_up
from mlxsm_sync.commands.servers.rows import declared_rows, refuse_elsewhere
from mlxsm_sync.commands.servers.service_means import UpOptions
from mlxsm_sync.commands.servers.switching import refuse_unclear
from mlxsm_sync.commands.servers.targets import run_files
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import ServerError
from mlxsm_sync.planning.selectors import entries_named
from mlxsm_sync.values.choices import as_argument

if TYPE_CHECKING:
    from mlxsm_sync.values.desired import Desired
    from mlxsm_sync.values.state import Entry


def up(session: Session, /, names: tuple[str, ...], dry_run: bool, **how: Any) -> int:
    """Start the servers of the profile file, and wait until each has loaded its model."""
    files = run_files(session)
    rows = declared_rows(session, names)
    options = UpOptions(**how)
    if options.instead:
        refuse_unclear(session, names, rows)
    return bring_up(session, files, rows, options, dry_run=dry_run)


def restart(session: Session, /, names: tuple[str, ...], **how: Any) -> int:
    """Stop servers and start them again; those that do not run are started."""
    files = run_files(session)
    desired = session.desired()
    rows = declared_rows(session, (), desired)
    if names:
        entries = entries_named(session.store.read(), names)
        ids, keys = {entry.id for entry in entries}, {entry.key for entry in entries}
        # One that is not applied as the file has it is refused by its row, with the reason.
        rows = [row for row in rows if row.entry_id in ids or (not row.entry_id and row.name in keys)]
        named = {row.entry_id for row in rows} | {row.name for row in rows if not row.entry_id}
        _refuse_missing(session, desired, [one for one in entries if not named & {one.id, one.key}])
    return bring_up(session, files, rows, UpOptions(**how, restart=True), dry_run=False)


def _refuse_missing(session: Session, desired: Desired, missing: Sequence[Entry]) -> None:
    """ServerError where an entry is not of this profile file; whose it is, and where to say so, is told."""
    for entry in missing[:1]:
        refuse_elsewhere(desired, entry.key)
        name, there = as_argument(entry.name), entry.from_
        hint = f"{session.command('plan')} shows what differs"
        here = os.path.exists(session.path) and there is not None and os.path.exists(there)
        if there is not None and here and not os.path.samefile(there, session.path):
            words = ["mlxsm", "restart", "-f", there, *session.state_words]
            hint = f"it is of another file: {shlex.join(words)} {name}"
        raise ServerError(f'"{entry.name}" is not in {session.path}; nothing was stopped', hint)
