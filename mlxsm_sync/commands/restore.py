"""`mlxsm restore`: put a kept state in the place of one that is gone or cannot be read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlxsm_sync.commands.output import telling_of
from mlxsm_sync.commands.prompts import confirm
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import UsageError
from mlxsm_sync.state.lost import best
from mlxsm_sync.text.times import local, now
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.state import Write
from mlxsm_sync.views.reports import list_report, restore_report
from mlxsm_sync.views.style import NO_SERVER, list_text

if TYPE_CHECKING:
    from mlxsm_sync.state.history import Earlier
    from mlxsm_sync.state.lost import Lost
    from mlxsm_sync.state.store import Store


def restore(session: Session, version: str | None, yes: bool) -> None:
    """Put a kept state in the place of one that is lost."""
    store = session.store
    lost = store.lost()
    if lost is None:
        raise UsageError(
            f"there is nothing to restore: {store.path} is not lost", _other_ways(session, store)
        )
    goal = _chosen(store, lost, version)
    session.output.note(lost.reason)
    _show(session, goal)
    if not yes:
        confirm(session, "Type yes to restore this version:")
    written = Write(at=now(), command="restore", owner=None, summary=f"version {goal.state.serial} restored")
    done = store.restore(goal, written, session.lock_timeout)
    with telling_of("the state"):
        aside = [str(path) for path in done.aside]
        report = restore_report(str(store.path), lost.reason, goal.state, str(goal.path), done.state, aside)
        session.output.data(report)
        serial = f"Restored: version {goal.state.serial} is the current state, as serial {done.state.serial}."
        notes = [f"What could not be read is kept as {visible(path)}." for path in aside]
        after = "What was written after that version is not in it."
        if not session.output.quiet:
            session.output.print("\n".join([serial, after, *notes, NO_SERVER, ""]))
        if not session.output.json:
            session.output.note(f"Next: {session.command('plan')}")


def _other_ways(session: Session, store: Store) -> str:
    """What there is instead, where a state is whole."""
    hint = f"{session.command('history')} lists its earlier versions"
    lineage = store.read().lineage
    if any(one.state.lineage not in (lineage, None) for one in store.kept()):
        hint += "; those of a state that was here before are kept, too: to restore one, move this one away"
    return hint


def _show(session: Session, goal: Earlier) -> None:
    """What is going to be restored; whoever is asked sees it also where only JSON is printed."""
    state, written = goal.state, goal.state.written
    by = (
        f", written {local(written.at)} by {visible(f'{written.command} ({written.summary})')}"
        if written
        else ""
    )
    lines = f"Version {state.serial}{by}: {visible(str(goal.path))}\n"
    report = list_report(state)
    lines += (
        list_text(report, session.output.style(sys.stderr)) if report.entries else "It has no profiles.\n"
    )
    if not session.output.quiet:
        session.output.print_prompt(lines)


def _chosen(store: Store, lost: Lost, version: str | None) -> Earlier:
    """The kept version that was asked for; UsageError where it is not one."""
    if version is not None and not version.isdecimal():
        return store.read_kept(Path(version))
    kept = store.kept()
    if version is None:
        if (found := best(kept, lost.lineage)) is None:
            raise UsageError(
                "there is no version that can be read", "mlxsm restore FILE takes one from elsewhere"
            )
        return found
    same = [one for one in kept if one.state.serial == int(version)]
    same = [one for one in same if one.state.lineage == lost.lineage] or same
    if not same:
        raise UsageError(f"there is no version {version}", "mlxsm history lists what is kept")
    if len({one.state.lineage for one in same}) > 1:
        raise UsageError(
            f"{len(same)} versions have the serial {version}",
            f"name the file of one: {', '.join(str(one.path) for one in same)}",
        )
    return same[0]
