"""Gather what is known of one server before anything is decided about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from mlxsm_sync.servers import model_files, plan, preflight
from mlxsm_sync.servers.asking import look_and_ask
from mlxsm_sync.servers.command_line import Program, changed_program, changes
from mlxsm_sync.servers.orders import Order
from mlxsm_sync.servers.plan import ObservedState, PortHolders, ReplacePolicy, ServerAction
from mlxsm_sync.servers.ranks import rank_changes
from mlxsm_sync.servers.records import Damaged, RunFiles
from mlxsm_sync.system import ports
from mlxsm_sync.system.process_identity import found, identify
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.run import RunRecord
from mlxsm_sync.values.state import Entry


class Surroundings:
    """The files and the environment of this machine, from which the state of a server is gathered."""

    def __init__(
        self,
        files: RunFiles,
        environment: Mapping[str, str],
        policy: ReplacePolicy,
        remedy: Callable[[str, str], str],
    ) -> None:
        self._files = files
        self._environment = environment
        self._policy = policy
        self._remedy = remedy

    def before_agreement(self, order: Order) -> ObservedState:
        """Gather what tells whether a server is to make way for another one."""
        _, observed = self._process(order)
        if order.trouble or not plan.is_renewed(observed, self._policy):
            return observed
        return observed._replace(port=self.port(order, runs=True))

    def under_lock(self, order: Order, going: frozenset[str]) -> tuple[RunRecord | None, ObservedState]:
        """Gather all that the decision depends on; the record is that of the server that runs.

        A port that others in `going` are about to free was looked at before, and may be in motion now.
        """
        running, observed = self._process(order)
        if running is None:
            return running, self._with_rivals(order, observed)
        if plan.needs_health(observed, self._policy):
            observed = observed._replace(health=look_and_ask(running))
        renewed = plan.is_renewed(observed, self._policy)
        if order.trouble or not (renewed or plan.is_broken(observed)):
            return running, observed
        if renewed:
            observed = observed._replace(missing_model=self._missing_model(order.entry))
        if observed.missing_model is None and order.entry.id not in going:
            observed = observed._replace(port=self.port(order, runs=True))
        return running, observed

    def foreseen(self, order: Order) -> ServerAction:
        """Say what would be done, as far as no server has to be asked."""
        running, observed = self._process(order)
        if running is None or plan.is_renewed(observed, self._policy):
            observed = self._with_rivals(order, observed)
        return plan.decide(order.desired, observed, self._policy)

    def _with_rivals(self, order: Order, observed: ObservedState) -> ObservedState:
        """Add who holds the port, where he may have to make way."""
        if not self._policy.instead or observed.doubt is not None or order.trouble:
            return observed
        missing = self._missing_model(order.entry)
        return observed._replace(missing_model=missing, port=self.port(order))

    def _doubt(self, entries: Iterable[str]) -> str | None:
        """Why one of these servers could not be signalled, as its own stop would find out."""
        for one in sorted(entries):
            record = self._files.record(one)
            if isinstance(record, RunRecord):
                with found(record) as now:
                    if now.doubt is not None:
                        return f'"{record.name}": {now.doubt}'
        return None

    def port(self, order: Order, *, runs: bool = False) -> PortHolders | None:
        """Say who holds the port of an entry; None where it is free. `runs` says that its server does.

        A rank that serves no HTTP needs none.
        """
        if order.rank is not None and not order.rank.serves:
            return None
        entry = order.entry
        instead = self._policy.instead
        switch = "up --recreate --instead" if runs else "up --instead"
        held = port_holders(entry, self._files, self._remedy, None if instead else switch)
        if held is None or not instead:
            return held
        return held._replace(doubt=self._doubt(held.ours - {entry.id}))

    def _process(self, order: Order) -> tuple[RunRecord | None, ObservedState]:
        record = self._files.record(order.entry.id)
        if isinstance(record, Damaged):
            unknown = "it cannot be told whether a server runs; remove it if none does"
            return None, ObservedState(doubt=f"{record.reason}: {unknown}")
        if record is None:
            return None, ObservedState()
        now = identify(record)
        if now.doubt is not None:
            return None, ObservedState(doubt=f"{now.doubt}; nothing was started")
        if now.handle is None:
            return None, ObservedState()
        now.handle.close()
        running = record.model_copy(pid=now.handle.pid)
        changed = differences(running, order.program, order.launch.arguments)
        machine = order.rank.machines[order.rank.rank] if order.rank is not None else ""
        changed += rank_changes(running, order.entry.profile.cluster, machine)
        return running, ObservedState(pid=now.handle.pid, differences=changed)

    def _missing_model(self, entry: Entry) -> str | None:
        if not model_files.is_offline(self._environment):
            return None
        files = model_files.model_of(entry, self._environment)
        return files.warning if files.kind == "not cached" else None


def port_holders(
    entry: Entry, files: RunFiles, remedy: Callable[[str, str], str], switch: str | None = None
) -> PortHolders | None:
    """Say who holds the port of an entry; None where it is free. `switch` is the command that frees it."""
    held = preflight.port_trouble(entry.profile.host, entry.profile.port, files)
    if held is None:
        return None
    advice = held.advice(remedy, entry.name, None if entry.id in held.ours else switch)
    names = tuple(held.servers.items())
    return PortHolders(held.ours, held.strangers, held.message(remedy), advice, names)


def without_order(entry: Entry, files: RunFiles) -> ObservedState:
    """Gather what is known of the server of an entry where no command line for it is at hand."""
    record = files.record(entry.id)
    if isinstance(record, Damaged):
        return ObservedState(doubt=record.reason)
    if record is not None and (handle := identify(record).handle) is not None:
        handle.close()
        return ObservedState(pid=handle.pid, endpoint=endpoint(record.host, record.port))
    if (adopted := files.adopted(entry.id)) is not None:
        listens = ports.holders(adopted.host, adopted.port)
        return ObservedState(adopted="listening" if listens else "silent")
    return ObservedState(port=port_holders(entry, files, preflight.plain_remedy))


def differences(running: RunRecord, program: Program, arguments: Sequence[str]) -> tuple[str, ...]:
    """Say what a new start with this program and these arguments would change of a server that runs."""
    then = running.installed_version or running.server_version
    return (
        *changed_program(running.command, then, program),
        *changes(running.arguments, arguments),
    )
