"""Carry out what is decided about one server, and wait until it is ready.

A server that will never be ready is ended with all that it started. An old one is stopped only when
everything that can be known of the new one has been looked at.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any, NamedTuple

from mlxsm_sync.errors import MlxsmError, ServerError
from mlxsm_sync.servers import model_files, plan, preflight, runs, stopping
from mlxsm_sync.servers.attempt import END_SECONDS, Attempt, Outcome
from mlxsm_sync.servers.command_line import Program, flags_of
from mlxsm_sync.servers.moves import Moves
from mlxsm_sync.servers.observed_state import Surroundings
from mlxsm_sync.servers.orders import Order
from mlxsm_sync.servers.outcomes import Unusable
from mlxsm_sync.servers.plan import ReplacePolicy, ServerAction
from mlxsm_sync.servers.ranks import port_trouble, whom_to_ask
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.servers.service_start import ServiceStart
from mlxsm_sync.servers.services import Services
from mlxsm_sync.servers.start_steps import Ready, Step, Stopped, Waiting
from mlxsm_sync.servers.switching import Switch
from mlxsm_sync.system.spawn import Child, Shim
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.run import RunRecord, UpResult, UpServer
from mlxsm_sync.values.state import Entry

Tell = Callable[[str, Step], None]
"""An entry's id, and what its start is doing."""


class StartPolicy(NamedTuple):
    """How servers are started, and which of those that run are replaced."""

    environment: Mapping[str, str]
    timeout: float
    remedy: Callable[[str, str], str]
    """The command line of a command for the server of a name."""
    asking: bool = True
    """Whether a server must answer before it counts as ready."""
    replace: ReplacePolicy = ReplacePolicy()
    """Which servers that run are replaced."""
    again: Callable[[RunRecord], str] = str
    """How a server that was stopped for another one is started again."""
    services: Services | None = None
    """Which of them are started by a manager; None where this process starts all itself."""
    foreground: bool = False
    """Whether this process itself becomes the parent of what it starts."""


class Start:
    """One start of one server; `stop` ends the waiting."""

    def __init__(
        self, order: Order, files: RunFiles, policy: StartPolicy, moves: Moves, stop: Event, tell: Tell
    ) -> None:
        self.entry = order.entry
        self.begun: RunRecord | None = None
        """The run that was begun here, and so is ours to end."""
        self.parent: Shim | Child | None = None
        """Who is told how that ends."""
        self.unusable: Unusable | None = None
        """What another try would not mend, where that made it fail."""
        self.waited = False
        """Whether it failed since other ranks of its cluster did not come."""
        self._order = order
        self._files = files
        self._policy = policy
        self._surroundings = Surroundings(files, policy.environment, policy.replace, policy.remedy)
        self._moves = moves
        self._stop = stop
        self._tell = tell
        self._switch = Switch(files, policy.again)
        self._old_is_gone = False
        self._notes: list[str] = []

    def run(self) -> UpServer:
        """Start it and say how that went, whatever happens.

        A rank that waits for the others in vain ends by itself; it is started again while there is time.
        """
        until = time.monotonic() + self._policy.timeout
        while True:
            self.waited = False
            server = self._tried()
            left = until - time.monotonic()
            if not self.waited or self._policy.foreground or left <= 0 or self._stop.is_set():
                return server
            self._policy = self._policy._replace(timeout=left)

    def _tried(self) -> UpServer:
        try:
            return self._run()
        except Stopped:
            return self.report("failed", message="interrupted")
        except MlxsmError as error:
            return self._abandon(error.message)
        except OSError as error:
            return self._abandon(f"the system refused: {error.strerror or error}")
        except Exception as error:
            return self._abandon(f"mlxsm failed by its own fault ({type(error).__name__})")
        finally:
            self._moves.has_made_way(self.entry.id)

    def report(self, result: UpResult, **known: Any) -> UpServer:
        """What came of it. Whatever else failed: which servers were stopped for it is always told."""
        where = endpoint(self.entry.profile.host, self.entry.profile.port)
        server = UpServer(id=self.entry.id, name=self.entry.name, result=result, endpoint=where, **known)
        if result != "failed":
            return server
        gone = ["the server that ran before was stopped"] if self._old_is_gone else []
        said = [server.message] if server.message else []
        return server.model_copy(message="\n".join([*said, *gone, *self._switch.undone]))

    def _abandon(self, reason: str) -> UpServer:
        """Give up a start that something else than the server spoiled."""
        if (record := self.begun) is not None:
            ended = stopping.stop_all([(record.name, record)], self._files, force=True, grace=END_SECONDS)
            if ended[0].result == "failed":
                reason = f"{reason}; and its process {record.pid} cannot be ended: {ended[0].message}"
        return self.report("failed", message=reason)

    def _run(self) -> UpServer:
        """Decide and begin under the lock, and wait without it, so that others can stop the server."""
        order, replace = self._order, self._policy.replace
        going: frozenset[str] = frozenset()
        if replace.recreate or replace.restart:
            before = self._surroundings.before_agreement(order)
            if before.doubt is not None:
                return self.report("failed", message=before.doubt)
            needs = plan.ports_to_wait_for(order.desired, before, replace)
            going = self._moves.agree(self.entry.id, needs, self._stop)
            if replace.instead and self.entry.id not in going:
                # Who is on its way out has no record any more, and looks like a stranger.
                self._moves.wait_for(going, self._stop)
        if self._stop.is_set():
            raise Stopped
        with self._files.start_lock(self.entry.id):
            running, observed = self._surroundings.under_lock(order, going)
            action = plan.decide(order.desired, observed, replace)
            attempt = self._carry_out(action, running, going)
        if attempt is None:
            message = _settled_message(action, running, self.entry.name, self._policy.remedy)
            return self.report(plan.RESULTS[action.kind], pid=observed.pid, message=message)
        return self._finish(attempt, plan.RESULTS[action.kind])

    def _carry_out(
        self, action: ServerAction, running: RunRecord | None, going: frozenset[str]
    ) -> Attempt | ServiceStart | None:
        """Do what was decided; None where there is nothing to wait for."""
        if action.stops:
            self._step(Step("stopping another server"))
            self._switch.stop(action.stops, self._stop)
        match action.kind:
            case "wait" if running is not None:
                return Attempt(running, self._files, self._stop, self._step, None)
            case "recreate" | "replace" if running is not None:
                self._make_way(running)
                return self._begin(self._order.launch.arguments, going)
            case "start" | "switch":
                return self._begin(self._order.launch.arguments, going)
        return None

    def _make_way(self, running: RunRecord) -> None:
        """Stop a server that is to be started anew."""
        (ended,) = stopping.stop_all(
            [(running.name, running)], self._files, holding_lock=True, hurry=self._stop
        )
        self._old_is_gone = ended.result != "failed"
        if self._stop.is_set():
            raise Stopped
        if ended.result == "failed":
            raise ServerError(f"the old one cannot be stopped: {ended.message}")

    def _begin(self, arguments: tuple[str, ...], going: frozenset[str]) -> Attempt | ServiceStart:
        """Start the process, once its port is free."""
        self._moves.has_made_way(self.entry.id)
        held = self._surroundings.port(self._order)
        if held is not None and going:
            # Who is on its way out has no record any more, and looks like a stranger.
            self._moves.wait_for(going, self._stop)
            held = self._surroundings.port(self._order)
        if self._stop.is_set():
            raise Stopped
        if held is not None:
            raise ServerError(held.message)
        if isinstance(earlier := self._files.record(self.entry.id), RunRecord):
            self._clear_away(earlier)
        services = self._policy.services
        if services is not None and services.held_here(self.entry.id) is not None:
            return ServiceStart(self.entry, self._files, services, self._stop, self._step)
        program, environment = self._order.program, self._policy.environment
        foreground, rank = self._policy.foreground, self._order.rank
        if rank is not None and (trouble := port_trouble(rank)) is not None:
            raise ServerError(trouble)
        begun = runs.begin(
            self.entry, program, arguments, self._files, environment, foreground=foreground, rank=rank
        )
        self.begun, self.parent = begun
        self._files.write(begun.record)
        return Attempt(begun.record, self._files, self._stop, self._step, begun.parent)

    def _clear_away(self, earlier: RunRecord) -> None:
        """End what a server that is gone has left behind: it can be found by its record only."""
        (ended,) = stopping.stop_all([(earlier.name, earlier)], self._files, holding_lock=True)
        if ended.result == "failed":
            raise ServerError(f"what its last run left behind cannot be stopped: {ended.message}")

    def _step(self, step: Step) -> None:
        self._tell(self.entry.id, step)

    def _finish(self, attempt: Attempt | ServiceStart, result: UpResult) -> UpServer:
        """Wait until it is ready; where its program refuses a default of ours, start it without that."""
        policy = self._policy
        patient = policy.foreground
        outcome = attempt.finish(Waiting(policy.environment, policy.timeout, policy.asking, patient))
        if isinstance(attempt, Attempt):
            refused = outcome.refused & flags_of(attempt.record.arguments)
            if refused and refused <= flags_of(self._order.launch.defaults):
                return self._finish(self._again_without(refused, attempt.record), result)
        if outcome.ready is None:
            self.unusable, self.waited = outcome.unusable, outcome.waiting
            return self.report("failed", pid=outcome.pid, message=self._failure(outcome))
        if outcome.ready.release is not None:
            self._notes += _about_release(self._order.program, outcome.ready)
        if outcome.ready.proof == "joined" and self._order.rank is not None:
            self._notes.append(whom_to_ask(self._order.rank))
        message = "\n".join([*self._switch.done, *self._notes]) or None
        return self.report(result, pid=outcome.pid, ready_seconds=outcome.seconds, message=message)

    def _again_without(self, flags: frozenset[str], before: RunRecord) -> Attempt | ServiceStart:
        kept = tuple(one for one in before.arguments if one.partition("=")[0] not in flags)
        self._notes.append(
            f"warning: its program does not know {', '.join(sorted(flags))}: started without; "
            "every web page can use this server"
        )
        with self._files.start_lock(self.entry.id):
            there = self._files.record(self.entry.id)
            if not isinstance(there, RunRecord) or there.run_id != before.run_id:
                raise ServerError("another mlxsm stopped it, or started it anew, meanwhile")
            return self._begin(kept, frozenset())

    def _failure(self, outcome: Outcome) -> str:
        """Say why it failed, and where there is more about it."""
        if outcome.pid is not None or self.begun is None:
            return outcome.failure or ""
        missing = _missing_from_cache(self.entry, self._policy.environment)
        log = f"the whole log: {self._policy.remedy('logs', self.entry.name)}"
        return "\n".join([outcome.failure or "", *filter(None, (missing,)), log])


def _settled_message(
    action: ServerAction, running: RunRecord | None, name: str, remedy: Callable[[str, str], str]
) -> str | None:
    """Say why a server is left as it is."""
    match action.kind:
        case "keep":
            return None
        case "stale":
            return f"{action.cause}: restart needed ({remedy('up', name)} --recreate)"
        case "leave":
            return f"it runs, but {action.cause}: {remedy('restart', name)} starts it anew"
        case "blocked" if running is not None:
            return f"{action.cause}\nnothing was stopped: the server that runs was left as it is"
    return action.cause


def _about_release(program: Program, ready: Ready) -> list[str]:
    """Warn about the release that really runs, where another one was expected."""
    expected = preflight.about_program(program)
    now = preflight.about_program(program._replace(version=ready.release))
    return [f"warning: {word}" for word in now if word not in expected]


def _missing_from_cache(entry: Entry, environment: Mapping[str, str]) -> str | None:
    """Say where to look up a model that is not complete in the cache."""
    page = model_files.hub_page(entry.profile.model_id, environment)
    if page is None or model_files.model_of(entry, environment).kind != "not cached":
        return None
    model = entry.profile.model_id
    return f"{model} is not complete in the cache; {page} tells whether it exists and is open to you"
