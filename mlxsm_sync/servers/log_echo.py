"""What a server writes, repeated on standard output, without the lines about our own questions."""

from __future__ import annotations

import sys
from pathlib import Path

from mlxsm_sync.servers.logs import LONGEST, Reader
from mlxsm_sync.servers.own_lines import OwnLines
from mlxsm_sync.text.redaction import redacted
from mlxsm_sync.text.unicode import visible


class LogEcho:
    """Repeats one log; where nobody reads it any more, it stops doing so."""

    def __init__(self, path: Path, start: int = 0) -> None:
        self._log = Reader(path)
        self._log.at = start
        self._own = OwnLines()
        self._rest = ""
        self._heard = True

    @property
    def at(self) -> int:
        """Where in the log the next line begins."""
        return self._log.at - len(self._rest.encode())

    def step(self) -> None:
        """Repeat what is new."""
        while text := self._log.more():
            *lines, self._rest = (self._rest + text).split("\n")
            self._print(self._own.seen(lines))

    def finish(self) -> None:
        """Repeat what is left, with what was held back."""
        self.step()
        self._print(self._own.rest())

    def begin_anew(self) -> None:
        """Note that the log was emptied."""
        self._log.at, self._rest = 0, ""

    def _print(self, lines: list[str]) -> None:
        try:
            for line in lines if self._heard else ():
                sys.stdout.write(f"{visible(redacted(line[: 2 * LONGEST]))[:LONGEST]}\n")
            sys.stdout.flush()
        except OSError:
            self._heard = False
