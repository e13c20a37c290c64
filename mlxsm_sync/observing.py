"""How servers are, asked anew each time: a record is a hint, the process and its socket are the facts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync import log_files, log_text, model_files, ports, probe
from mlxsm_sync.flags import BLIND_HEALTH, parse_version
from mlxsm_sync.installed import examine
from mlxsm_sync.launch import Program, changed_program, changes, launch
from mlxsm_sync.processes import Handle, age, by_group, facts, identify, is_ours, marked_for
from mlxsm_sync.profile import endpoint
from mlxsm_sync.run_files import Damaged, RunFiles
from mlxsm_sync.server import Adopted, Ending, Listener, Record, SeenReport, SeenServer, Status
from mlxsm_sync.state import Entry

_PATIENCE = 3.0
"""Seconds for an answer about health; a busy server has been seen to take 0.04."""
_SIDE_BY_SIDE = 16


class Look(NamedTuple):
    """One look at the server of a record."""

    status: Status
    pid: int | None = None
    last_error: str | None = None
    ending: Ending | None = None
    certain: bool = True
    """Whether it is sure that it will not come back; one that is only silent may."""


def look(record: Record, ending: Ending | None = None) -> Look:
    """How the server of a record is now; `ending` is what its parent noted."""
    found = identify(record)
    if found.doubt is not None:
        return Look("crashed", last_error=found.doubt)
    if found.handle is None:
        if found.rebooted:
            return Look("stopped", last_error="this machine was started anew since")
        return _ended(record, ending)
    try:
        return _alive(record, found.handle)
    finally:
        found.handle.close()


def _ended(record: Record, ending: Ending | None) -> Look:
    if record.failure is not None:
        return Look("crashed", last_error=f"its start failed: {record.failure}")
    return Look("crashed", last_error=log_text.last_error(log_files.text(Path(record.log))), ending=ending)


def _alive(record: Record, handle: Handle) -> Look:
    said = _fatal(record)
    held = ports.holders(record.host, record.port, (handle.pid,))
    ours = [one for one in held if is_ours(one.pid, record.copy(pid=handle.pid))]
    if not ours:
        if held or record.ready is not None or said is not None:
            taken = f"port {record.port} is held by {ports.describe(held)}" if held else None
            return Look("no-socket", handle.pid, taken or said or "it does not listen any more")
        return Look("loading", handle.pid)
    others = [one for one in held if one not in ours]
    if rivals := ports.rivals(ours, others, record.host, record.port):
        taken = f"port {record.port} is held by {ports.describe(rivals)}, too"
        return Look("no-socket", handle.pid, taken, certain=False)
    if said is not None:
        return Look("dead-thread", handle.pid, said)
    answer = probe.health(ports.reachable(ports.resolve(record.host, record.port)), _PATIENCE)
    if answer is None:
        unheard = f"it does not answer within {_PATIENCE:g} s"
        status: Status = "loading" if record.ready is None else "dead-thread"
        return Look(status, handle.pid, unheard, certain=False)
    if answer.status == 503:
        why = log_text.fatal(log_files.text(Path(record.log)), was_ready=record.ready is not None)
        return Look("dead-thread", handle.pid, why or "its model cannot be used (health 503)")
    return Look("ready" if record.ready is not None else "loading", handle.pid)


def _fatal(record: Record) -> str | None:
    """What the log says that the health check would not.

    Once a server was ready, only releases whose health is 200 for ever are judged by their log: clients
    can write into it.
    """
    was_ready = record.ready is not None
    if was_ready and parse_version(record.server_version or "") != BLIND_HEALTH:
        return None
    return log_text.fatal(log_files.text(Path(record.log)), was_ready=was_ready)


def ending_text(ending: Ending | None, log: str) -> str:
    """How a process ended, and the last thing that it said."""
    last = log_text.last_error(log)
    return f"{code_text(ending.code if ending else None)}{f': {last}' if last else ''}"


def code_text(code: int | None) -> str:
    """An exit code as people say it."""
    if code is None:
        return "ended, and nobody saw how"
    return f"exited (code {code})" if code >= 0 else f"exited (signal {-code})"


class Observer:
    """One look at all servers of a state."""

    def __init__(self, files: RunFiles, program: Program | None, environment: Mapping[str, str]) -> None:
        self._files = files
        self._program = program
        self._environment = environment
        self._groups: dict[int, list[int]] = {}

    def report(self, entries: Sequence[Entry], *, others: bool) -> SeenReport:
        """How the servers of these entries are, and with `others` those whose entry is gone."""
        from mlxsm_sync.psutil_facts import machine_memory

        self._groups = by_group()
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            servers = [*pool.map(self.see, entries)]
        if others:
            servers += self._without_entry({entry.id for entry in entries})
        used = sum(server.memory_bytes or 0 for server in servers)
        return SeenReport(servers=tuple(servers), memory_bytes=used, machine_memory_bytes=machine_memory())

    def see(self, entry: Entry) -> SeenServer:
        """How the server of an entry is."""
        profile = entry.profile
        where = endpoint(profile.host, profile.port)
        plain = SeenServer(id=entry.id, name=entry.name, status="stopped", endpoint=where)
        record = self._files.record(entry.id)
        if isinstance(record, Damaged):
            return plain.copy(status="crashed", last_error=record.reason)
        seen = self._recorded(record, plain) if record is not None else plain
        if seen.pid is not None and record is not None:
            told = self._changes(entry, record)
            return seen.copy(stale=bool(told), changes=told)
        if (adopted := self._files.adopted(entry.id)) is not None:
            return _adopted(adopted, plain)
        held = ports.holders(profile.host, profile.port)
        if held and seen.status == "crashed":
            now = f"{seen.last_error or 'it ended'}; its port is now held by {ports.describe(held)}"
            return seen.copy(last_error=now)
        return _foreign(held, seen) if held and seen.status == "stopped" else seen

    def _without_entry(self, known: set[str]) -> Iterable[SeenServer]:
        for entry_id, record in self._files.records().items():
            if entry_id in known:
                continue
            if isinstance(record, Damaged):
                plain = SeenServer(id=entry_id, name=entry_id, status="crashed", endpoint="")
                yield plain.copy(last_error=record.reason)
                continue
            where = endpoint(record.host, record.port)
            yield self._recorded(
                record, SeenServer(id=entry_id, name=record.name, status="stopped", endpoint=where)
            )

    def _recorded(self, record: Record, plain: SeenServer) -> SeenServer:
        """What is known of a server that we started."""
        seen = look(record, self._files.ending(record))
        known = plain.copy(
            status=seen.status,
            pid=seen.pid,
            endpoint=endpoint(record.host, record.port),
            log=record.log,
            last_error=seen.last_error,
            started_at=record.started_at,
            exit_code=seen.ending.code if seen.ending else None,
            ended_at=_time(seen.ending.at) if seen.ending else None,
        )
        if seen.pid is None:
            return known
        return _measured(known, record, self._groups.get(seen.pid, [seen.pid]))

    def _changes(self, entry: Entry, record: Record) -> tuple[str, ...]:
        """What a restart with this program would change; where none is named, with its own."""
        program = self._program or examine(record.command, self._environment)
        model = model_files.look_at(entry.profile.model_id, self._environment).argument
        now = launch(entry.profile, model, program).arguments
        return (
            *changed_program(record.command, record.server_version, program),
            *changes(record.arguments, now),
        )


def _measured(seen: SeenServer, record: Record, group: Sequence[int]) -> SeenServer:
    """What the server and its group use."""
    from mlxsm_sync import psutil_facts

    about = facts(seen.pid or 0)
    uptime = age(record.start_mark or about.start_mark) if about is not None else None
    busy = [seconds for pid in group if (seconds := psutil_facts.cpu_seconds(pid)) is not None]
    used = [count for pid in group if (count := psutil_facts.memory(pid)) is not None]
    percent = round(100 * sum(busy) / uptime, 1) if busy and uptime else None
    return seen.copy(
        memory_bytes=sum(used) if used else None,
        uptime_seconds=round(uptime, 1) if uptime is not None else None,
        cpu_percent=percent,
    )


def _adopted(adopted: Adopted, plain: SeenServer) -> SeenServer:
    """A server that somebody else started: whether it listens, and nothing else."""
    where = endpoint(adopted.host, adopted.port)
    held = ports.holders(adopted.host, adopted.port)
    silent = None if held else "nobody listens there now"
    return plain.copy(status="adopted", endpoint=where, last_error=silent)


def _foreign(held: Sequence[Listener], seen: SeenServer) -> SeenServer:
    told = f"its port is held by {ports.describe(held)}"
    if any(one.pid is not None and marked_for(one.pid) for one in held):
        told = f"{told}; mlxsm started it, but its record is gone: end it by hand"
    return seen.copy(status="foreign", pid=held[0].pid, last_error=told)


def _time(seconds: float) -> str | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    except (ValueError, OverflowError, OSError):
        return None


def ago(moment: str | None) -> str | None:
    """How long ago a noted moment was, for people."""
    if moment is None:
        return None
    seconds = time.time() - datetime.fromisoformat(moment).timestamp()
    return f"{duration(max(seconds, 0))} ago"


def duration(seconds: float) -> str:
    """`12 s`, `5 min`, `3 h`, `2 d`."""
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds // 86400:.0f} d"
