"""Start servers side by side; one failure hides none of the others, and one word stops them all."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event, Lock, Thread

from mlxsm_sync.servers import stopping
from mlxsm_sync.servers.attempt import END_SECONDS
from mlxsm_sync.servers.model_files import make_cache_folder
from mlxsm_sync.servers.moves import Moves
from mlxsm_sync.servers.orders import Order
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.servers.starting import Start, StartPolicy, Tell
from mlxsm_sync.values.run import UpServer


class Executor:
    """One run of `up`: a thread for each server."""

    def __init__(self, wanted: Iterable[Order], files: RunFiles, policy: StartPolicy, tell: Tell) -> None:
        self.results: dict[str, UpServer] = {}
        """What came of each, by entry."""
        self._files = files
        self._environment = policy.environment
        self._stop, self._done, self._counting = Event(), Event(), Lock()
        orders = [*wanted]
        moves = Moves(len(orders))
        self._starts = [Start(one, files, policy, moves, self._stop, tell) for one in orders]
        self._threads = [Thread(target=self._run, args=(start,), daemon=True) for start in self._starts]

    def begin(self) -> None:
        """Start all of them; come back at once."""
        self._files.prepare()
        make_cache_folder(self._environment)
        if not self._threads:
            self._done.set()
        for thread in self._threads:
            thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for them, at most so long; say whether all are done."""
        return self._done.wait(seconds)

    def stop(self) -> None:
        """Stop what was started here, and nothing else; come back when it is gone."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        begun = [(start.begun.name, start.begun) for start in self._starts if start.begun is not None]
        ended = stopping.stop_all(begun, self._files, force=True, grace=END_SECONDS)
        by_id = {one.id: one for one in ended}
        for start in self._starts:
            if start.begun is not None:
                one = by_id[start.begun.id]
                failed = one.result == "failed"
                what = one.message or "it could not be stopped" if failed else "it was stopped"
                pid = one.pid if failed else None
                self.results[start.entry.id] = start.report("failed", pid=pid, message=f"interrupted: {what}")

    def _run(self, start: Start) -> None:
        result = start.run()
        with self._counting:
            self.results[start.entry.id] = result
            if len(self.results) == len(self._starts):
                self._done.set()
