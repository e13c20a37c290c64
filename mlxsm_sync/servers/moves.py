"""Which servers of one `up` make way for others of it, agreed on before any of them is stopped.

Two servers that swap their ports must both go before either can come back. One whose new port is held by a
server that stays keeps running instead.
"""

from __future__ import annotations

from threading import Condition, Event

_PAUSE = 0.1


class Moves:
    """The agreement of all starts of one run, each in its own thread."""

    def __init__(self, starts: int) -> None:
        """`starts` is how many have to say what they mean to do."""
        self._waiting_for = starts
        self._needs: dict[str, frozenset[str]] = {}
        self._silent: set[str] = set()
        self._gone: set[str] = set()
        self._changed = Condition()

    def agree(self, entry_id: str, needs: frozenset[str] | None, stop: Event) -> frozenset[str]:
        """Say whose ports a server needs before it can make way, None where it stays; who all goes.

        Comes back when everybody has said so, or `stop` is set.
        """
        with self._changed:
            self._say(entry_id, needs)
            while self._waiting_for > 0 and not stop.is_set():
                self._changed.wait(_PAUSE)
            return leaving(self._needs)

    def has_made_way(self, entry_id: str) -> None:
        """Note that a server is gone, or will not go any more."""
        with self._changed:
            if entry_id not in self._needs and entry_id not in self._silent:
                self._say(entry_id, None)
            self._gone.add(entry_id)
            self._changed.notify_all()

    def wait_for(self, entries: frozenset[str], stop: Event) -> None:
        """Wait until these have made way, or `stop` is set."""
        with self._changed:
            while not entries <= self._gone and not stop.is_set():
                self._changed.wait(_PAUSE)

    def _say(self, entry_id: str, needs: frozenset[str] | None) -> None:
        if needs is None:
            self._silent.add(entry_id)
        else:
            self._needs[entry_id] = needs
        self._waiting_for -= 1
        self._changed.notify_all()


def leaving(needs: dict[str, frozenset[str]]) -> frozenset[str]:
    """Those who can go, since all whose ports they need go, too."""
    going = frozenset(needs)
    while (fewer := frozenset(one for one in going if needs[one] <= going)) != going:
        going = fewer
    return going
