"""`mlxsm logs`: what servers write, without the lines about our own questions."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from mlxsm_sync.commands.output import echo
from mlxsm_sync.commands.servers.targets import (
    is_running,
    known_servers,
    listing,
    meant,
    read_state,
    run_files,
)
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import ServerError, UsageError
from mlxsm_sync.servers.logs import LONGEST, follow, tail
from mlxsm_sync.servers.own_lines import OwnLines, without_own
from mlxsm_sync.text.columns import columns, padded
from mlxsm_sync.text.redaction import redacted
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.views.style import CYAN, GREEN, MAGENTA, ORANGE, RED

if TYPE_CHECKING:
    from mlxsm_sync.commands.servers.targets import Known
    from mlxsm_sync.servers.records import RunFiles
    from mlxsm_sync.values.state import State

_COLOURS = (CYAN, ORANGE, GREEN, MAGENTA, RED)
_WAITING = 100
"""Pieces of logs that wait to be shown; who reads them more slowly than they come holds the readers up."""
_IDLE = 1.0


class _Log(NamedTuple):
    """The log of one server."""

    id: str
    name: str
    path: Path


def logs(session: Session, names: tuple[str, ...], follow: bool, lines: int, previous: bool) -> None:
    """Show what servers write, or follow it. Each start begins a new log."""
    if follow and previous:
        raise UsageError("nothing is added to a log before the last start", "leave out -f, or --previous")
    files = run_files(session)
    known = known_servers(files, lost=False)
    state = read_state(session, known)
    found = _logs(session, files, state, known, names)
    if previous:
        found = [one._replace(path=one.path.with_name(f"{one.path.name}.1")) for one in found]
    there = [one for one in found if one.path.exists()]
    shown_names = {one.name for one in there}  # of a profile that was made anew, the old server has a log
    missing = [one for one in found if one.name not in shown_names]
    if not found or (not follow and (not there or (names and missing))):
        raise _no_log(files, missing[0] if missing else None, session.with_file("up"), previous=previous)
    shown_logs = found if follow else there
    prefixes = _prefixes(session, shown_logs)
    ends = {one.id: _show_last(one, prefixes[one.id], lines) for one in shown_logs}
    if follow:
        for one in missing:
            _say_missing(session, files, one)
        _follow(shown_logs, ends, prefixes)


def _logs(
    session: Session, files: RunFiles, state: State, known: Known, names: tuple[str, ...]
) -> list[_Log]:
    """The logs of the servers that are meant; without names those of the file, else all that there are."""
    servers = meant(state, known, names)
    entries = [*servers.entries]
    gone: Iterable[str] = servers.gone
    if not names and (file := listing(session, state)).places:
        entries = [entry for entry in file.in_order(entries) if entry.id in file.places]
        gone = ()
    called = [(entry.id, entry.name) for entry in entries] + [(one, known.names[one]) for one in gone]
    return [_Log(entry_id, name, files.log_path(entry_id)) for entry_id, name in called]


def _no_log(files: RunFiles, log: _Log | None, up: str, *, previous: bool) -> ServerError:
    """Why no log can be shown, and which command helps."""
    if log is None:
        return ServerError("no server was started here yet", f"{up} starts those of the profile file")
    if previous:
        message = f"{files.command('logs', log.name)} shows what there is since its last start"
        return ServerError(f'there is no earlier log of "{log.name}"', message)
    if is_running(files, log.id):
        return ServerError(
            f'the log of "{log.name}" was removed, and its server still writes to it',
            f"{files.command('restart', log.name)} begins a new one",
        )
    return ServerError(f'there is no log of "{log.name}"', f"{up} starts its server")


def _say_missing(session: Session, files: RunFiles, log: _Log) -> None:
    """Say what is waited for, if a log that is followed does not exist yet."""
    if is_running(files, log.id):
        session.output.note(f'note: the log of "{log.name}" was removed: waiting for a restart of its server')
    else:
        session.output.note(f'note: there is no log of "{log.name}" yet: waiting for a start of its server')


def _show_last(log: _Log, prefix: str, lines: int) -> int:
    """Show the last lines of a log; where it ended then."""
    # More are read than asked for, since lines about our own questions are left out.
    wanted = lines * 4 + 50 if lines else 0
    found = tail(log.path, wanted, max(wanted * LONGEST, LONGEST * 64))
    _print(prefix, without_own(found.lines)[-lines:] if lines else ())
    return found.end


def _follow(logs: list[_Log], ends: dict[str, int], prefixes: dict[str, str]) -> None:
    """Show what comes; one thread reads each log, and one writes, so that no line is cut by another."""
    pieces: Queue[tuple[str, list[str]]] = Queue(_WAITING)
    filters = {one.id: OwnLines() for one in logs}
    for one in logs:
        Thread(target=_read, args=(one, ends[one.id], pieces), daemon=True).start()
    while True:
        try:
            entry_id, new = pieces.get(timeout=_IDLE)
            _print(prefixes[entry_id], filters[entry_id].seen(new))
        except Empty:
            for entry_id, others in filters.items():
                _print(prefixes[entry_id], others.rest())
        sys.stdout.flush()


def _read(log: _Log, start: int, pieces: Queue[tuple[str, list[str]]]) -> None:
    for new in follow(log.path, start, alive=lambda: True):
        if new:
            pieces.put((log.id, new))


def _prefixes(session: Session, logs: list[_Log]) -> dict[str, str]:
    """What stands before the lines of each, where there are several, by its id."""
    if len(logs) == 1:
        return {logs[0].id: ""}
    width = max(columns(visible(one.name)) for one in logs)
    colour = session.output.style(sys.stdout).colour
    prefixes = {}
    for number, one in enumerate(logs):
        text = f"{padded(visible(one.name), width)} | "
        code = _COLOURS[number % len(_COLOURS)]
        prefixes[one.id] = f"\x1b[{code}m{text}\x1b[0m" if colour else text
    return prefixes


def _print(prefix: str, lines: Iterable[str]) -> None:
    for line in lines:
        echo(f"{prefix}{_line(line)}")


def _line(text: str) -> str:
    """One line of a log for the screen: tabs as they are, and no more of it than can be read."""
    # What is cut off could have shown the rest of a secret, so more is looked through than is shown.
    seen = "\t".join(map(visible, redacted(text[: 2 * LONGEST]).split("\t")))
    if len(text) <= LONGEST:
        return seen
    return f"{seen[:LONGEST]} … (a line of {len(text)} characters)"
