"""Decide what is to be done about one server, from what is desired, what is observed, and a policy.

Everything here is pure: what is observed was gathered before, and what is decided is carried out elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from mlxsm_sync.values.run import Ending, Status, UpResult

Kind = Literal[
    "start",  # None runs, and a new one can be started.
    "switch",  # None runs, and servers of ours that hold its port are stopped for it.
    "keep",  # It runs as desired and is ready.
    "wait",  # It runs as desired and is not ready yet.
    "recreate",  # It runs, and the policy says that it is stopped and started again.
    "replace",  # It runs and will never be ready, so it is stopped and started again.
    "stale",  # It runs with other options than desired, and is left as it is.
    "leave",  # It runs and is silent, and may recover by itself.
    "skip",  # Somebody else started it, and it is left as it is.
    "refuse",  # None runs, and somebody has to allow a new one first.
    "fail",  # None runs, and a new one could not be started.
    "blocked",  # A new one could not take its place, so whatever runs is left as it is.
    "doubt",  # It cannot be told whether one runs, so nothing is done.
]
RESULTS: Mapping[Kind, UpResult] = {
    "start": "started",
    "switch": "started",
    "keep": "running",
    "wait": "running",
    "recreate": "recreated",
    "replace": "started",
    "stale": "stale",
    "leave": "failed",
    "skip": "running",
    "refuse": "refused",
    "fail": "failed",
    "blocked": "failed",
    "doubt": "failed",
}
"""What `up` reports of each action that succeeds."""
_BROKEN = ("dead-thread", "no-socket")
"""States that a server does not leave by itself."""


class Observation(NamedTuple):
    """How the server of a record is."""

    status: Status
    pid: int | None = None
    last_error: str | None = None
    ending: Ending | None = None
    certain: bool = True
    """Whether it is certain that it stays as it is; a server that is only silent may recover."""
    doubtful: bool = False
    """Whether it cannot be told if it runs at all."""


class PortHolders(NamedTuple):
    """Who holds the port that a server needs."""

    ours: frozenset[str]
    """The entries whose servers hold it."""
    strangers: bool
    """Whether anybody or anything else is in the way."""
    problem: str
    advice: str | None = None
    """What can be done about it beyond what the problem says."""
    names: tuple[tuple[str, str], ...] = ()
    """The names of the servers of ours, each behind its entry."""
    doubt: str | None = None
    """Why one of them cannot be told for ours beyond doubt."""

    @property
    def message(self) -> str:
        """The problem and the advice, on a line each."""
        return "\n".join(filter(None, (self.problem, self.doubt, self.advice)))


class DesiredServer(NamedTuple):
    """A server that is to run."""

    id: str
    problems: tuple[str, ...] = ()
    """Why it could not be started now."""
    unallowed: bool = False
    """Whether the problems are only that somebody has to allow something."""


class ObservedState(NamedTuple):
    """What is known of one server and its surroundings; a field that was not looked at has its default."""

    pid: int | None = None
    """The process of the server that runs, None where none does."""
    endpoint: str | None = None
    """Where the server that runs was told to listen."""
    doubt: str | None = None
    """Why it cannot be told whether a server runs."""
    adopted: Literal["listening", "silent"] | None = None
    """How the server is that somebody else started and that was adopted, None where none was."""
    differences: tuple[str, ...] = ()
    """What a new start would change."""
    health: Observation | None = None
    missing_model: str | None = None
    """Why its model cannot be loaded: this machine is offline, and the model is not cached."""
    port: PortHolders | None = None
    """Who holds the port, None where it is free."""


class ReplacePolicy(NamedTuple):
    """Which of the servers that run are replaced."""

    recreate: bool = False
    """Those that run with other options than they should."""
    restart: bool = False
    """All of them."""
    instead: bool = False
    """Those of ours that hold a port which another one needs."""
    wanted: frozenset[str] = frozenset()
    """The entries that are to run: none of them makes way for another one."""


class ServerAction(NamedTuple):
    """What is to be done about one server, and why."""

    kind: Kind
    cause: str = ""
    stops: frozenset[str] = frozenset()
    """The entries of other servers that are stopped before."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.cause}"


def decide(desired: DesiredServer, observed: ObservedState, policy: ReplacePolicy) -> ServerAction:
    """Decide what is to be done about a server. Only `recreate`, `replace` and `switch` stop any."""
    if observed.doubt is not None:
        return ServerAction("doubt", observed.doubt)
    if observed.pid is None:
        return _absent(desired, observed, policy)
    if is_renewed(observed, policy):
        cause = "; ".join(observed.differences) or "restart"
        return _unless_blocked(ServerAction("recreate", cause), desired, observed, policy)
    if observed.differences:
        return ServerAction("stale", "; ".join(observed.differences))
    return _as_desired(desired, observed, policy)


def is_renewed(observed: ObservedState, policy: ReplacePolicy) -> bool:
    """Say whether the policy replaces this server, however it is."""
    runs = observed.pid is not None
    return runs and (policy.restart or (policy.recreate and bool(observed.differences)))


def needs_health(observed: ObservedState, policy: ReplacePolicy) -> bool:
    """Say whether the decision depends on the health of the server, which takes time to ask."""
    return observed.pid is not None and not observed.differences and not policy.restart


def is_broken(observed: ObservedState) -> bool:
    """Say whether the server runs and will never be ready."""
    health = observed.health
    return health is not None and health.status in _BROKEN and not _may_recover(health)


def ports_to_wait_for(
    desired: DesiredServer, observed: ObservedState, policy: ReplacePolicy
) -> frozenset[str] | None:
    """Name the entries whose ports a server needs before it is replaced; None where it is not."""
    if desired.problems or not is_renewed(observed, policy):
        return None
    if observed.port is None:
        return frozenset()
    return None if observed.port.strangers else observed.port.ours - {desired.id}


def _absent(desired: DesiredServer, observed: ObservedState, policy: ReplacePolicy) -> ServerAction:
    if observed.adopted == "silent":
        return ServerAction("refuse", "nothing is listening where the adopted server was")
    if observed.adopted is not None:
        adopted = "a server that mlxsm did not start"
        return ServerAction("refuse" if policy.restart else "skip", adopted)
    if desired.problems:
        return ServerAction("refuse" if desired.unallowed else "fail", "\n".join(desired.problems))
    if observed.port is None:
        return ServerAction("start", "no server runs")
    return _unless_blocked(ServerAction("switch"), desired, observed, policy)


def _as_desired(desired: DesiredServer, observed: ObservedState, policy: ReplacePolicy) -> ServerAction:
    """Decide about a server that has the desired options, by its health."""
    health = observed.health
    if health is None:
        return ServerAction("keep", "it runs")
    cause = health.last_error or health.status
    if health.status in ("ready", "joined"):
        return ServerAction("keep", cause)
    if is_broken(observed):
        return _unless_blocked(ServerAction("replace", cause), desired, observed, policy)
    return ServerAction("leave" if _may_recover(health) else "wait", cause)


def _may_recover(health: Observation) -> bool:
    return health.status == "dead-thread" and not health.certain


def _unless_blocked(
    action: ServerAction, desired: DesiredServer, observed: ObservedState, policy: ReplacePolicy
) -> ServerAction:
    """Leave the old server where a new one could not take its place."""
    if desired.problems:
        return ServerAction("blocked", "\n".join(desired.problems))
    if observed.missing_model is not None:
        return ServerAction("blocked", observed.missing_model)
    port = observed.port
    if port is None:
        return action
    if observed.pid is not None and not port.strangers and port.ours <= {desired.id}:
        return action
    stops = port.ours if observed.pid is None else port.ours - {desired.id}
    if not policy.instead or not _may_all_be_stopped(stops, desired, port, policy):
        return ServerAction("blocked", port.message)
    first = (f'"{name}" is stopped first' for entry_id, name in port.names if entry_id in stops)
    return ServerAction(action.kind, "; ".join([*filter(None, [action.cause]), *first]), stops)


def _may_all_be_stopped(
    stops: frozenset[str], desired: DesiredServer, port: PortHolders, policy: ReplacePolicy
) -> bool:
    """Say whether nobody but these holds the port, each is ours for certain, and none is to run itself."""
    certain = not port.strangers and port.doubt is None
    return certain and bool(stops) and not stops & (policy.wanted | {desired.id})
