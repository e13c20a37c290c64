"""What a start is doing, while it is doing it: live on a terminal, a line for each step elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from threading import Lock
from typing import NamedTuple

import click

from mlxsm_sync.characters import visible
from mlxsm_sync.cli.output import Output

_REDRAW_SECONDS = 0.2


class _Step(NamedTuple):
    phase: str
    pid: int | None
    since: float


class Progress:
    """The steps of several starts, by entry."""

    def __init__(self, output: Output, names: Mapping[str, str]) -> None:
        self._output = output
        self._names = names
        self._steps: dict[str, _Step] = {}
        self._lock = Lock()
        self._live = sys.stderr.isatty() and not output.quiet
        self._drawn = 0
        self._last = 0.0

    def tell(self, entry_id: str, phase: str, pid: int | None) -> None:
        """Note a step; called from any thread."""
        with self._lock:
            before = self._steps.get(entry_id)
            self._steps[entry_id] = _Step(phase, pid, before.since if before else time.monotonic())
            if not self._live:
                process = f" (process {pid})" if phase == "starting" and pid is not None else ""
                self._output.say(f"{self._names[entry_id]}: {phase}{process}")

    def draw(self, done: Mapping[str, object]) -> None:
        """Show the steps of those that are not done, in the place of what was shown before."""
        if not self._live or time.monotonic() - self._last < _REDRAW_SECONDS:
            return
        self._last = time.monotonic()
        with self._lock:
            lines = [
                self._line(entry_id, step) for entry_id, step in self._steps.items() if entry_id not in done
            ]
        self.clear()
        click.echo("".join(f"{line}\n" for line in lines), nl=False, err=True)
        self._drawn = len(lines)

    def clear(self) -> None:
        """Take away what is shown."""
        if self._drawn:
            click.echo(f"\x1b[{self._drawn}A\x1b[J", nl=False, err=True, color=True)
            self._drawn = 0

    def _line(self, entry_id: str, step: _Step) -> str:
        from mlxsm_sync.psutil_facts import memory
        from mlxsm_sync.render_servers import size

        used = memory(step.pid) if step.pid is not None else None
        seconds = time.monotonic() - step.since
        told = f"  {visible(self._names[entry_id])}: {step.phase}, {seconds:.0f} s"
        return f"{told}, {size(used)}" if used is not None else told
