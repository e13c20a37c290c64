"""Gather what is known of one server before anything is decided about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mlxsm_sync.servers import model_files, plan, preflight
from mlxsm_sync.servers.command_line import Program, changed_program, changes
from mlxsm_sync.servers.observing import look
from mlxsm_sync.servers.orders import Order
from mlxsm_sync.servers.plan import ObservedState, PortHolders, ReplacePolicy
from mlxsm_sync.servers.records import Damaged, RunFiles
from mlxsm_sync.system import ports
from mlxsm_sync.system.process_identity import identify
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
        return observed._replace(port=self.port(order.entry))

    def under_lock(self, order: Order, going: frozenset[str]) -> tuple[RunRecord | None, ObservedState]:
        """Gather all that the decision depends on; the record is that of the server that runs.

        A port that others in `going` are about to free was looked at before, and may be in motion now.
        """
        running, observed = self._process(order)
        if running is None:
            return running, observed
        if plan.needs_health(observed, self._policy):
            observed = observed._replace(health=look(running))
        renewed = plan.is_renewed(observed, self._policy)
        if order.trouble or not (renewed or plan.is_broken(observed)):
            return running, observed
        if renewed:
            observed = observed._replace(missing_model=self._missing_model(order.entry))
        if observed.missing_model is None and order.entry.id not in going:
            observed = observed._replace(port=self.port(order.entry))
        return running, observed

    def port(self, entry: Entry) -> PortHolders | None:
        """Say who holds the port of an entry; None where it is free."""
        return port_holders(entry, self._files, self._remedy)

    def _process(self, order: Order) -> tuple[RunRecord | None, ObservedState]:
        record = self._files.record(order.entry.id)
        if isinstance(record, Damaged):
            unknown = "it cannot be told whether a server runs; remove it if none does"
            return None, ObservedState(doubt=f"{record.reason}: {unknown}")
        if record is None:
            return None, ObservedState()
        found = identify(record)
        if found.doubt is not None:
            return None, ObservedState(doubt=f"{found.doubt}; nothing was started")
        if found.handle is None:
            return None, ObservedState()
        found.handle.close()
        running = record.model_copy(pid=found.handle.pid)
        changed = differences(running, order.program, order.launch.arguments)
        return running, ObservedState(pid=found.handle.pid, differences=changed)

    def _missing_model(self, entry: Entry) -> str | None:
        if not model_files.is_offline(self._environment):
            return None
        files = model_files.model_of(entry, self._environment)
        return files.warning if files.kind == "not cached" else None


def port_holders(entry: Entry, files: RunFiles, remedy: Callable[[str, str], str]) -> PortHolders | None:
    """Say who holds the port of an entry; None where it is free."""
    held = preflight.port_trouble(entry.profile.host, entry.profile.port, files)
    if held is None:
        return None
    return PortHolders(held.ours, held.strangers, held.message(remedy), held.advice(remedy, entry.name))


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
