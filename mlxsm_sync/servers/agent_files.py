"""What the agent keeps beside a state: the record of its last run, its log, its lock, and the status."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlxsm_sync.errors import FileError, UnreadableState
from mlxsm_sync.files import atomic
from mlxsm_sync.servers import logs
from mlxsm_sync.state.lock import locked
from mlxsm_sync.state.run_names import agent_folder
from mlxsm_sync.state.serialization import read_model, write_text
from mlxsm_sync.text.times import now
from mlxsm_sync.values.agent import AgentRun

LOG_LIMIT = 1024 * 1024
"""Bytes of a log, looked at when a run begins; a longer one makes room for a new one."""


class AgentFiles:
    """The folder of the agent of one state; made when something is first written."""

    def __init__(self, beside: Path, label: str) -> None:
        """`label` tells several states of one folder apart."""
        self.folder = agent_folder(beside, label)
        self.log = self.folder / "agent.log"
        self.manager_log = self.folder / "manager.log"
        """Where a manager without a log of its own writes what a run prints."""
        self.status = self.folder / "status.json"
        self._record = self.folder / "last-run.json"

    def prepare(self) -> None:
        """Make the folder, for its owner alone, and room in the logs."""
        with atomic.system_errors(f"cannot prepare {self.folder}"):
            atomic.make_private(self.folder)
        for path in (self.log, self.manager_log):
            if logs.size(path) > LOG_LIMIT:
                logs.rotate(path)

    @contextmanager
    def alone(self, timeout: float) -> Iterator[None]:
        """One run at a time, waiting at most `timeout` seconds; StateLocked where another one goes on."""
        with atomic.system_errors(f"cannot prepare {self.folder}"):
            atomic.make_private(self.folder)
        with locked(self.folder / "agent.lock", timeout, "mlxsm agent run", "an agent is at work already:"):
            yield

    def last_run(self) -> AgentRun | None:
        """What the last run did; None where there was none. FileError or UnreadableState if it is damaged."""
        data = atomic.read_own(self._record)
        return read_model(AgentRun, data, self._record, "record") if data is not None else None

    def note(self, run: AgentRun) -> None:
        """Remember what a run did; nobody sees half of it. FileError."""
        with atomic.system_errors(f"cannot write {self._record}"):
            atomic.sweep(self._record)
            atomic.put_in_place(atomic.write_beside(self._record, write_text(run)), self._record)

    def write_status(self, text: str) -> None:
        """Put the status in its place, in the place of a link as well. FileError."""
        with atomic.system_errors(f"cannot write {self.status}"):
            atomic.sweep(self.status)
            atomic.put_in_place(atomic.write_beside(self.status, text.encode()), self.status)

    def write_log(self, text: str) -> None:
        """Add lines to the log, each with the time; a disk that takes none of it does not end the run."""
        lines = "".join(f"{now()} {line}\n" for line in text.splitlines() if line.strip())
        with suppress(OSError, FileError):
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            with os.fdopen(os.open(self.log, flags, atomic.PRIVATE), "ab") as file:
                file.write(lines.encode(errors="backslashreplace"))


def last_run_or_trouble(files: AgentFiles) -> tuple[AgentRun | None, str | None]:
    """What the last run did, or why that cannot be told."""
    try:
        return files.last_run(), None
    except (FileError, UnreadableState) as error:
        return None, error.message
