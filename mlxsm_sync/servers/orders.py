"""What `up` is to do for each profile: start it, look after one that runs, or refuse it and say why.

A server that runs needs no program, no files and nobody's word any more, so records are looked at first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from mlxsm_sync.planning.declared import Declared, clashes, place
from mlxsm_sync.servers import plan
from mlxsm_sync.servers.command_line import Consent, Launch, Program
from mlxsm_sync.servers.fitting import Sized
from mlxsm_sync.servers.memory_guard import MemoryGuard
from mlxsm_sync.servers.plan import DesiredServer, ObservedState, ReplacePolicy
from mlxsm_sync.servers.preflight import about_program, check
from mlxsm_sync.servers.program import examine
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.system import ports
from mlxsm_sync.system.process_identity import found
from mlxsm_sync.values.cluster import RankRecord
from mlxsm_sync.values.desired import DesiredProfile
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.run import Adopted, RunRecord, UpServer
from mlxsm_sync.values.state import Entry


class Order(NamedTuple):
    """A server that is to run."""

    entry: Entry
    launch: Launch
    program: Program
    trouble: tuple[str, ...] = ()
    """Why it could not be started now, though one that runs may go on."""
    unallowed: bool = False
    """Whether the trouble is only that somebody has to allow something."""
    memory: Sized | None = None
    """What it needs."""
    rank: RankRecord | None = None
    """Which rank of its cluster this machine runs; None for a server of its own."""

    @property
    def desired(self) -> DesiredServer:
        """What the decision needs to know of it."""
        return DesiredServer(self.entry.id, self.trouble, self.unallowed)


class Orders(NamedTuple):
    """All that `up` is to do."""

    wanted: list[Order]
    decided: dict[int, UpServer]
    """What is settled already, by the profile's place in the file."""
    unapplied: bool
    """Whether a profile is not applied as the file has it."""
    warnings: list[str]
    memory_warnings: list[str]
    """Those about memory, which are told also where nothing is started."""


class ServiceMeans(NamedTuple):
    """What a service that a manager keeps says of its start."""

    program: Program | None
    """None if it is not there any more; `trouble` says so."""
    trouble: str
    consent: Consent
    overcommit: bool
    """Whether it begins whatever its weights are."""
    unheld: str | None = None
    """That it does not hold what is asked of it now, and what changes that; None where it does."""


class Means(NamedTuple):
    """What there is to start servers with."""

    program: Program | None
    """None if it cannot be told; `trouble` says why."""
    trouble: str
    consent: Consent
    environment: Mapping[str, str]
    restart: bool
    """Whether all are started anew, also those that run as they should."""
    recreate: bool
    """Whether those are started anew that run with other options than they should."""
    remedy: Callable[[str, str], str]
    """The command line of a command for the server of a name."""
    machine: str = ""
    """What this machine is called."""
    memory: MemoryGuard | None = None
    """The memory that is left; None where nobody asks."""
    of_services: Mapping[str, ServiceMeans] = {}
    """What the services hold of it for themselves, by entry."""

    def of(self, entry_id: str) -> Means:
        """The same for one entry."""
        held = self.of_services.get(entry_id)
        if held is None:
            return self
        memory = None if held.overcommit else self.memory
        return self._replace(program=held.program, trouble=held.trouble, consent=held.consent, memory=memory)


def orders(rows: Sequence[Declared], files: RunFiles, means: Means) -> Orders:
    """Look at everything before anything is started."""
    made = Orders([], {}, any(row.entry is None for row in rows), [], [])
    now = {row.entry_id: _now(row.entry, files) for row in rows if row.entry is not None}
    renewed = means.restart or means.recreate
    clashing = clashes(
        row.wanted
        for row in rows
        if row.entry is not None
        and (now[row.entry_id] is None or (renewed and not isinstance(now[row.entry_id], Adopted)))
    )
    running_ports = {row.wanted.index for row in rows if now.get(row.entry_id) is not None}
    begins = False
    for row in rows:
        index = row.wanted.index
        if row.entry is None:
            name = row.wanted.profile.name
            made.decided[index] = UpServer(id=None, name=name, result="refused", message=row.reason)
            continue
        running = now[row.entry_id]
        if isinstance(running, Adopted):
            made.decided[index] = _adopted(running, row.entry, means)
            continue
        order, warnings = _order(row.entry, running, means)
        if running is None and not order.trouble and index in clashing:
            trouble = _clash(row.entry, clashing[index], running_ports, means)
            order = order._replace(trouble=(trouble,), unallowed=True)
        if running is None or means.restart:
            order = _within_memory(order, means.of(row.entry_id).memory)
        if running is None and (refused := refusal(order)) is not None:
            made.decided[index] = refused
            continue
        begins = begins or running is None or means.restart
        if running is None or means.restart:
            made.warnings.extend(f"{row.entry.name}: {word}" for word in warnings)
        made.wanted.append(order)
    if begins and means.program is not None:
        made.warnings.extend(about_program(means.program))
    made.memory_warnings.extend(means.memory.warnings() if means.memory is not None else ())
    return made


def _within_memory(order: Order, memory: MemoryGuard | None) -> Order:
    """The order, with trouble where its weights would not fit beside the others."""
    if memory is None or order.memory is None or order.trouble:
        return order
    reason = memory.refusal(order.memory)
    return order if reason is None else order._replace(trouble=(reason,), unallowed=True)


def refusal(order: Order) -> UpServer | None:
    """Say why a server could not be started if none ran; None where it could."""
    action = plan.decide(order.desired, ObservedState(), ReplacePolicy())
    if action.kind == "start":
        return None
    result = plan.RESULTS[action.kind]
    return UpServer(id=order.entry.id, name=order.entry.name, result=result, message=action.cause)


def _now(entry: Entry, files: RunFiles) -> RunRecord | Adopted | None:
    """What is there for an entry: its own server that runs, else one that is adopted, else nothing."""
    return _running(entry, files) or files.adopted(entry.id)


def _clash(entry: Entry, others: Sequence[DesiredProfile], running: Collection[int], means: Means) -> str:
    """One that runs keeps its port; where none does, only a person can say which is to."""
    for other in others:
        if other.index in running:
            name = other.profile.name
            instead = means.remedy("up --instead", entry.name)
            where = place(other)
            return f'"{name}" runs, and uses the same port, {where}: {instead} starts this one in its place'
    return (
        f'"{others[0].profile.name}" uses the same port, {place(others[0])}, and only one can be up: '
        f"{means.remedy('up', entry.name)} starts this one"
    )


def _running(entry: Entry, files: RunFiles) -> RunRecord | None:
    """The record of an entry whose process lives, for all that is known."""
    record = files.record(entry.id)
    if not isinstance(record, RunRecord):
        return None
    with found(record) as now:
        return None if now.handle is None and now.doubt is None else record


def _order(entry: Entry, running: RunRecord | None, means: Means) -> tuple[Order, Iterable[str]]:
    service, means = means.of_services.get(entry.id), means.of(entry.id)
    program = means.program
    if program is None:
        program = examine(running.command, means.environment) if running is not None else Program(())
    checked = check(entry, program, means.consent, means.environment, means.machine)
    broken = (means.trouble,) if means.program is None else checked.problems
    unheld = (service.unheld,) if service is not None and service.unheld is not None else ()
    trouble = (*broken, *unheld, *checked.launch.unallowed)
    order = Order(entry, checked.launch, program, trouble, not broken, checked.memory, checked.rank)
    return order, checked.warnings


def _adopted(adopted: Adopted, entry: Entry, means: Means) -> UpServer:
    """A server that somebody else started is there, or it is not; it is never started or stopped."""
    where = endpoint(adopted.host, adopted.port)
    listens = bool(ports.holders(adopted.host, adopted.port))
    observed = ObservedState(adopted="listening" if listens else "silent")
    policy = ReplacePolicy(means.recreate, means.restart)
    action = plan.decide(DesiredServer(entry.id), observed, policy)
    result = plan.RESULTS[action.kind]
    report = UpServer(id=entry.id, name=entry.name, result=result, endpoint=where)
    forget = means.remedy("forget", entry.name)
    whose = "a server that mlxsm did not start is adopted for it"
    if not listens:
        return report.model_copy(message=f"{whose}, and nothing is listening there: {forget} drops it")
    if action.kind == "refuse":
        return report.model_copy(message=f"{whose} and never restarted: {forget} drops it")
    return report.model_copy(message=f"{whose}; it was left as it is")
