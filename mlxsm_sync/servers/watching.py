"""One look at all servers of a state: those of its profiles, and those whose profile or record is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from mlxsm_sync.servers import model_files, port_owners
from mlxsm_sync.servers.answered import answered_at
from mlxsm_sync.servers.asking import PATIENCE
from mlxsm_sync.servers.asking import asked as question
from mlxsm_sync.servers.command_line import Program, launch
from mlxsm_sync.servers.endings import ending_of
from mlxsm_sync.servers.measuring import Meter
from mlxsm_sync.servers.observed_state import differences
from mlxsm_sync.servers.observing import look
from mlxsm_sync.servers.plan import DesiredServer, ObservedState, ReplacePolicy, decide
from mlxsm_sync.servers.program import examine
from mlxsm_sync.servers.ranks import rank_changes, rank_record
from mlxsm_sync.servers.records import Damaged, RunFiles
from mlxsm_sync.system import ports, spawn
from mlxsm_sync.system.current import environment as environment_of
from mlxsm_sync.system.portable import machine_memory
from mlxsm_sync.system.process import by_group
from mlxsm_sync.text.times import from_seconds
from mlxsm_sync.values.cluster import RankRecord
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.run import Adopted, Listener, RunRecord
from mlxsm_sync.values.server_reports import SeenReport, SeenServer
from mlxsm_sync.values.state import Entry

_SIDE_BY_SIDE = 16
_ENDING_SECONDS = 5.0
"""For a parent that lives to note how its server ended: it does so at once, unless the machine is busy."""
_ABOUT_MODELS = ("HF_", "HUGGINGFACE_", "TRANSFORMERS_", "MLX_", "XDG_CACHE_HOME")


class StatusReporter:
    """Reports how all servers of a state are."""

    def __init__(
        self,
        files: RunFiles,
        program: Program | None,
        environment: Mapping[str, str],
        lost: Sequence[RunRecord] = (),
        orphans: Collection[str] = (),
        *,
        machine: str = "",
        ask: bool = False,
    ) -> None:
        """`lost` are servers without a record, `orphans` ids whose profile is gone from file or state.

        `machine` is what this one is called; with `ask`, what looks ready is asked for one token.
        """
        self._files = files
        self._program = program
        self._environment = environment
        self._orphans, self._machine, self._ask = orphans, machine, ask
        self._names: dict[str, str] = {}
        self._lost = lost

    def report(self, entries: Sequence[Entry], known: Collection[Entry], gone: Collection[str]) -> SeenReport:
        """How the servers of these entries are, and those of the ids in `gone`, which have no entry.

        `known` are all entries of the state.
        """
        self._names = {entry.id: entry.name for entry in known}
        records = (one for one in self._files.records().values() if isinstance(one, RunRecord))
        meter = Meter(by_group(), [one.pid for one in records if one.pid is not None])
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            servers = [*pool.map(self.see, entries)]
        servers += self._without_entry(gone)
        measured = meter.measured(_once(servers))
        used = sum(server.memory_bytes or 0 for server in measured)
        return SeenReport(servers=tuple(measured), memory_bytes=used, machine_memory_bytes=machine_memory())

    def see(self, entry: Entry) -> SeenServer:
        """How the server of an entry is."""
        profile = entry.profile
        where = endpoint(profile.host, profile.port)
        plain = SeenServer(
            id=entry.id, name=entry.name, status="stopped", endpoint=where, model_id=profile.model_id
        )
        rank = rank_record(profile.cluster, self._machine) if profile.cluster is not None else None
        if rank is not None:
            plain = _as_rank(plain, rank)
        record = self._files.record(entry.id)
        if isinstance(record, Damaged):
            return plain.model_copy(status="crashed", uncertain=True, last_error=record.reason)
        if record is None and (lost := next((one for one in self._lost if one.id == entry.id), None)):
            return self._unrecorded(lost, plain)
        seen = self._recorded(record, plain) if record is not None else plain
        if seen.pid is not None and record is not None:
            differences = self._changes(entry, record)
            observed = ObservedState(pid=seen.pid, differences=differences)
            action = decide(DesiredServer(entry.id), observed, ReplacePolicy())
            return seen.model_copy(
                stale=action.kind == "stale",
                changes=differences,
                orphan=entry.id in self._orphans,
                environment_changes=self._environment_changes(seen.pid),
            )
        if (adopted := self._files.adopted(entry.id)) is not None:
            return _adopted(adopted, plain)
        # Only the first rank of a cluster takes the port.
        serves = rank.serves if rank is not None else profile.cluster is None
        held = ports.holders(profile.host, profile.port) if serves else []
        if held and seen.status == "crashed":
            now = f"{seen.last_error or 'it ended'}; its port is now held by {ports.describe(held)}"
            return seen.model_copy(last_error=now)
        return self._held_by_others(held, seen) if held and seen.status == "stopped" else seen

    def _without_entry(self, gone: Collection[str]) -> Iterator[SeenServer]:
        for entry_id in gone:
            record = self._files.record(entry_id)
            if isinstance(record, Damaged):
                plain = self._gone(entry_id, entry_id, "").model_copy(status="crashed")
                yield plain.model_copy(uncertain=True, last_error=record.reason)
            elif record is not None:
                where = endpoint(record.host, record.port)
                yield self._recorded(record, self._gone(entry_id, record.name, where))
        for lost in self._lost:
            if lost.id in gone:
                where = endpoint(lost.host, lost.port)
                yield self._unrecorded(lost, self._gone(lost.id, lost.id, where))

    def _gone(self, entry_id: str, name: str, where: str) -> SeenServer:
        """A server without an entry, of which nothing more is known yet."""
        orphan = entry_id in self._orphans
        return SeenServer(id=entry_id, name=name, status="stopped", endpoint=where, orphan=orphan)

    def _recorded(self, record: RunRecord, plain: SeenServer) -> SeenServer:
        """What is known of a server that we started."""
        asked = self._files.asked(record)
        seen = look(record, lambda: ending_of(record, self._files, _ENDING_SECONDS), asked)
        if self._ask:
            seen = question(record, seen, PATIENCE)
        if (rank := record.cluster) is not None:
            plain = _as_rank(plain, rank)
        return plain.model_copy(
            status=seen.status,
            uncertain=seen.doubtful,
            pid=seen.pid,
            endpoint=endpoint(record.host, record.port),
            log=record.log,
            last_error=seen.last_error,
            started_at=record.started_at,
            answered_at=answered_at(record),
            stop_requested_at=_time(asked) if asked is not None else None,
            exit_code=seen.ending.code if seen.ending else None,
            ended_at=_time(seen.ending.at) if seen.ending else None,
        )

    def _unrecorded(self, lost: RunRecord, plain: SeenServer) -> SeenServer:
        """A server that we started and whose record is gone: its marks tell of it."""
        stop = self._files.command("down", plain.name)
        message = f"mlxsm started it, but its record is gone: {stop} stops it"
        return plain.model_copy(status="foreign", pid=lost.pid, last_error=message)

    def _held_by_others(self, held: Sequence[Listener], seen: SeenServer) -> SeenServer:
        """A port that another server of ours has, or somebody else."""
        owner = port_owners.owner_of(held, self._files)
        if owner is not None and owner.name is not None:
            name = self._names.get(owner.id, owner.name)
            stop = self._files.command("down", name)
            return seen.model_copy(last_error=f'port in use by "{name}": {stop} frees it')
        message = f"its port is held by {ports.describe(held)}"
        if owner is not None:
            message = f"{message}; {port_owners.describe(owner, self._files)}"
        return seen.model_copy(status="foreign", pid=held[0].pid, last_error=message)

    def _changes(self, entry: Entry, record: RunRecord) -> tuple[str, ...]:
        """What a restart with this program would change; where none is named, with its own."""
        program = self._program or examine(record.command, self._environment)
        model = model_files.model_of(entry, self._environment).argument
        now = launch(entry.profile, model, program, find=model_files.finder(entry)).arguments
        of_rank = rank_changes(record, entry.profile.cluster, self._machine)
        return (*differences(record, program, now), *of_rank)

    def _environment_changes(self, pid: int) -> tuple[str, ...]:
        """Variables about models that a start would set otherwise now; no values: some are secret."""
        then = environment_of(pid)
        if not then:
            return ()  # it is not to be seen
        now = spawn.child_environment(self._environment, "", self._files.folder)
        names = {name for name in {*then, *now} if name.startswith(_ABOUT_MODELS)}
        return tuple(sorted(name for name in names if then.get(name) != now.get(name)))


def _once(servers: Sequence[SeenServer]) -> list[SeenServer]:
    """No process stands in two rows: a stranger that has the port of several profiles is in the first."""
    seen: set[int | None] = set()
    found = []
    for server in servers:
        again = server.status == "foreign" and server.pid in seen
        found.append(server.model_copy(pid=None) if again else server)
        seen.add(server.pid)
    return found


def _as_rank(server: SeenServer, rank: RankRecord) -> SeenServer:
    """The server with what it is in its cluster."""
    first = None if rank.serves else rank.machines[0]
    return server.model_copy(rank=rank.rank, ranks=rank.count, answered_by=first)


def _adopted(adopted: Adopted, plain: SeenServer) -> SeenServer:
    """A server that somebody else started: whether it listens, and nothing else."""
    where = endpoint(adopted.host, adopted.port)
    held = ports.holders(adopted.host, adopted.port)
    silent = None if held else "nothing is listening"
    return plain.model_copy(status="adopted", endpoint=where, last_error=silent)


def _time(seconds: float) -> str | None:
    try:
        return from_seconds(seconds)
    except ValueError:
        return None
