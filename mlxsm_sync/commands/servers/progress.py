"""What starts are doing, while they are doing it: live on a terminal, a line for each step elsewhere.

Telling never harms a start: threads only note their steps, and where nobody can be told, nothing is said.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from mlxsm_sync.commands.output import Output, echo, silence_stderr
from mlxsm_sync.system.portable import memory
from mlxsm_sync.text.amounts import part, size
from mlxsm_sync.text.columns import columns, cut, padded
from mlxsm_sync.text.unicode import visible

if TYPE_CHECKING:
    from mlxsm_sync.servers.start_steps import Step
    from mlxsm_sync.values.run import UpServer

_REDRAW_SECONDS = 0.2
REMIND_SECONDS = 60.0
_SIGNS = {"started": "+", "recreated": "~", "running": "=", "stale": "!"}


class _Doing(NamedTuple):
    step: Step
    since: float
    """When its start began."""
    last_told: float
    """When that was last told, where nothing is drawn."""


class _Row(NamedTuple):
    """What is shown of one server."""

    text: str
    is_ready: bool
    rank: int
    """Those of the lowest rank are shown first, where not all can be."""


class Progress:
    """The steps of several starts, by entry."""

    def __init__(self, output: Output, names: Mapping[str, str], remind: float = REMIND_SECONDS) -> None:
        """`names` are those of the entries, in the order in which they are shown.

        `remind` is how many seconds pass between lines about one that takes long, where nothing is drawn.
        """
        self._remind = remind
        self._output = output
        self._names = names
        self._doing: dict[str, _Doing] = {}
        self._done: set[str] = set()
        self._lines: list[str] = []
        """What is to be told where nothing is drawn."""
        self._lock = Lock()
        self._live = is_live(output)
        self._drawn: list[str] = []
        self._last = 0.0
        self.hung_up = False
        """Whether the terminal is gone, without a signal that says so."""

    def note(self, entry_id: str, step: Step) -> None:
        """Note a step; called from any thread."""
        with self._lock:
            now = time.monotonic()
            before = self._doing.get(entry_id)
            told = before and before.step._replace(received=step.received, total=step.total)
            if before is None or told != step:
                self._lines.append(f"{self._names[entry_id]}: {_begins(step)}")
                self._doing[entry_id] = _Doing(step, before.since if before else now, now)
            else:
                self._doing[entry_id] = before._replace(step=step)

    def draw(self, done: Mapping[str, UpServer]) -> None:
        """Show what is new, on a terminal in the place of what was shown before."""
        with self._lock:
            doing = {one: self._doing[one] for one in self._names if one in self._doing}
            lines, self._lines = self._lines, []
        if not self._live:
            self._tell([*lines, *self._reminders(doing, done), *self._endings(done)])
        elif time.monotonic() - self._last >= _REDRAW_SECONDS:
            self._last = time.monotonic()
            self._redraw(self._rows(doing, done))

    def clear(self) -> None:
        """Take away what is shown."""
        if self._drawn:
            self._write(_erased(self._drawn, _screen().columns))
            self._drawn = []

    # A line for each step.

    def _tell(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._output.note(line)

    def _reminders(self, doing: Mapping[str, _Doing], done: Mapping[str, UpServer]) -> Iterator[str]:
        """A word now and then about what takes long."""
        now = time.monotonic()
        for entry_id, one in doing.items():
            if entry_id not in done and now - one.last_told >= self._remind:
                yield f"{self._names[entry_id]}: {_goes_on(one, now)}"
                with self._lock:
                    self._doing[entry_id] = self._doing[entry_id]._replace(last_told=now)

    def _endings(self, done: Mapping[str, UpServer]) -> Iterator[str]:
        """What came of each of several; of one, the report says it at once."""
        for entry_id in self._names:
            if entry_id in done and entry_id not in self._done and len(self._names) > 1:
                self._done.add(entry_id)
                yield f"{self._names[entry_id]}: {_ended(done[entry_id])} ({self._count(done)})"

    # Rows of a terminal.

    def _rows(self, doing: Mapping[str, _Doing], done: Mapping[str, UpServer]) -> list[str]:
        """A row for each server in the order of the file, at most as many as the screen has."""
        screen = _screen()
        names = {entry_id: cut(visible(name), screen.columns // 2) for entry_id, name in self._names.items()}
        width = max(map(columns, names.values()))
        rows = []
        for entry_id, name in names.items():
            label = padded(f"{name}:", width + 1)
            if entry_id in done:
                sign = _SIGNS.get(done[entry_id].result, "✗")
                rows.append(_Row(f"{sign} {label} {_ended(done[entry_id])}", _is_ready(done[entry_id]), 1))
            elif entry_id in doing:
                rows.append(_Row(f"  {label} {_now(doing[entry_id])}", is_ready=False, rank=0))
        summary = [self._count(done)] if len(names) > 1 else []
        fitting = max(screen.lines - len(summary) - 2, 1)
        if len(rows) > fitting:
            rows = _fewer(rows, fitting)
            # Those that are ready stay in sight by their names.
            ready = ", ".join(visible(name) for one, name in self._names.items() if _is_ready(done.get(one)))
            summary = [f"{line}: {ready}" if ready else line for line in summary]
        return [cut(row, screen.columns - 1) for row in (*(row.text for row in rows), *summary)]

    def _count(self, done: Mapping[str, UpServer]) -> str:
        ready = sum(map(_is_ready, done.values()))
        return f"{ready} of {len(self._names)} ready"

    def _redraw(self, rows: list[str]) -> None:
        if rows != self._drawn:
            text = "".join(f"{row}\n" for row in rows)
            self._write((_erased(self._drawn, _screen().columns) if self._drawn else "") + text)
            self._drawn = rows

    def _write(self, text: str) -> None:
        try:
            echo(text, end="", err=True)
        except (OSError, ValueError) as error:
            silence_stderr()
            self._live = False
            # The system says so when the terminal itself is gone; who asked to outlive it is left alone.
            gone = getattr(error, "errno", None) in (errno.EIO, errno.ENXIO)
            self.hung_up = gone and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN


def is_live(output: Output) -> bool:
    """Whether rows can be drawn again in their place; not for a dumb terminal or in CI, which keeps all."""
    plain = os.environ.get("TERM") == "dumb" or bool(os.environ.get("CI"))
    return sys.stderr.isatty() and not output.quiet and not plain


def _is_ready(server: UpServer | None) -> bool:
    return server is not None and server.result in ("started", "recreated", "running")


def _fewer(rows: list[_Row], fitting: int) -> list[_Row]:
    """As many rows as fit: those that are ready make room, then those that have failed."""
    rest = [row for row in rows if not row.is_ready]
    if len(rest) <= fitting:
        return rest
    kept = sorted(sorted(range(len(rest)), key=lambda at: rest[at].rank)[: fitting - 1])
    more = _Row(f"  … and {len(rest) - len(kept)} more", is_ready=False, rank=1)
    return [*(rest[at] for at in kept), more]


def _screen() -> os.terminal_size:
    with suppress(OSError):
        size_ = os.get_terminal_size(sys.stderr.fileno())
        if size_.columns > 1 and size_.lines > 1:
            return size_
    return os.terminal_size((80, 24))


def _erased(rows: list[str], width: int) -> str:
    """What takes rows away again, also where the terminal has become narrower and wraps them."""
    lines = sum(max(-(-columns(row) // width), 1) for row in rows)
    return f"\x1b[{lines}A\r\x1b[J"


def _begins(step: Step) -> str:
    if step.phase == "starting" and step.pid is not None:
        return f"starting (process {step.pid})"
    if step.phase == "waiting":
        return f"waiting for process {step.pid}, which another mlxsm started"
    return step.phase


def _goes_on(one: _Doing, now: float) -> str:
    if one.step.phase == "downloading":
        return f"still {_arrived(one.step)}"
    return f"still {one.step.phase}, {(now - one.since) / 60:.0f} min"


def _arrived(step: Step) -> str:
    """How far a download is; small files beside the weights are no part of the whole."""
    if step.total is None:
        return f"downloading, {size(step.received)} so far"
    return f"downloading {part(min(step.received, step.total), step.total)}"


def _now(one: _Doing) -> str:
    notes = [one.step.phase, f"{time.monotonic() - one.since:.0f} s"]
    if one.step.phase == "downloading":
        notes[0] = _arrived(one.step)
    elif one.step.pid is not None and (used := memory(one.step.pid)) is not None:
        notes.append(size(used))
    return ", ".join(notes)


def _ended(server: UpServer) -> str:
    if server.ready_seconds is not None:
        return f"ready after {server.ready_seconds:.1f} s"
    return "ready" if server.result == "running" else server.result
