"""Start one server, wait until it is ready, and leave nothing behind where it will never be.

An old one is stopped only when everything that can be known of the new one has been looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event
from typing import Any, NamedTuple

from mlxsm_sync.errors import MlxsmError, ServerError
from mlxsm_sync.servers import model_files, preflight, runs, stopping
from mlxsm_sync.servers.attempt import END_SECONDS, Attempt, Outcome
from mlxsm_sync.servers.command_line import changed_program, changes, flags_of
from mlxsm_sync.servers.moves import Moves
from mlxsm_sync.servers.observing import Look, look
from mlxsm_sync.servers.orders import Order
from mlxsm_sync.servers.readiness import Ready, Step, Stopped
from mlxsm_sync.servers.records import Damaged, RunFiles
from mlxsm_sync.system.process_identity import identify
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.run import Record, UpResult, UpServer

Tell = Callable[[str, Step], None]
"""An entry's id, and what its start is doing."""


class Settings(NamedTuple):
    """How to start."""

    environment: Mapping[str, str]
    timeout: float
    remedy: Callable[[str, str], str]
    """The command line of a command for the server of a name."""
    asking: bool = True
    """Whether a server must answer before it counts as ready."""
    recreate: bool = False
    """Whether one that runs with other options is started anew."""
    restart: bool = False
    """Whether one that runs is started anew in any case."""


class Start:
    """One start of one server; `stop` ends the waiting."""

    def __init__(
        self, order: Order, files: RunFiles, settings: Settings, moves: Moves, stop: Event, tell: Tell
    ) -> None:
        self.entry = order.entry
        self.begun: Record | None = None
        """The run that was begun here, and so is ours to end."""
        self._order = order
        self._files = files
        self._settings = settings
        self._moves = moves
        self._stop = stop
        self._tell = tell
        self._old_is_gone = False
        self._notes: list[str] = []

    def run(self) -> UpServer:
        """Start it and say how that went, whatever happens."""
        try:
            return self._run()
        except Stopped:
            return self.told("failed", message="interrupted")
        except MlxsmError as error:
            return self._abandon(error.message)
        except OSError as error:
            return self._abandon(f"the system refused: {error.strerror or error}")
        except Exception as error:
            return self._abandon(f"mlxsm failed by its own fault ({type(error).__name__})")
        finally:
            self._moves.has_made_way(self.entry.id)

    def told(self, result: UpResult, **known: Any) -> UpServer:
        """What came of it. Whatever else failed: that the old server is gone is always told."""
        where = endpoint(self.entry.profile.host, self.entry.profile.port)
        server = UpServer(id=self.entry.id, name=self.entry.name, result=result, endpoint=where, **known)
        if result == "failed" and self._old_is_gone:
            return server.copy(message=f"{server.message}\nthe server that ran before was stopped")
        return server

    def _abandon(self, reason: str) -> UpServer:
        """Give up a start that something else than the server spoiled."""
        if (record := self.begun) is not None:
            ended = stopping.stop_all([(record.name, record)], self._files, force=True, grace=END_SECONDS)
            if ended[0].result == "failed":
                reason = f"{reason}; and its process {record.pid} cannot be ended: {ended[0].message}"
        return self.told("failed", message=reason)

    def _run(self) -> UpServer:
        """Begin under the lock, wait without it: whoever wants to stop the server meanwhile can."""
        going: frozenset[str] = frozenset()
        if self._settings.recreate or self._settings.restart:
            going = self._moves.agree(self.entry.id, self._wish(), self._stop)
        if self._stop.is_set():
            raise Stopped
        result: UpResult = "started"
        with self._files.start_lock(self.entry.id):
            running = self._running()
            if running is None:
                if self._order.trouble:
                    return self.told(self._order.result, message="\n".join(self._order.trouble))
                attempt = self._begin(self._order.launch.arguments, going)
            else:
                differences = self._differences(running)
                anew = self._settings.restart or (bool(differences) and self._settings.recreate)
                seen = None if anew or differences else look(running)
                if not anew and (settled := self._settled(running, differences, seen)) is not None:
                    return settled
                result = "recreated" if anew else result
                if seen is not None and seen.status not in ("dead-thread", "no-socket"):
                    attempt, result = self._attempt(running), "running"
                elif (trouble := self._in_the_way(going, works=seen is None)) is not None:
                    left = f"{trouble}\nnothing was stopped: the server that runs was left as it is"
                    return self.told("failed", pid=running.pid, message=left)
                else:
                    self._make_way(running)
                    attempt = self._begin(self._order.launch.arguments, going)
        return self._finish(attempt, result)

    def _wish(self) -> frozenset[str] | None:
        """Whose ports it needs before it can take the place of a server that runs; None where it will not."""
        running = self._running()
        if running is None or self._order.trouble:
            return None
        if not self._settings.restart and not self._differences(running):
            return None
        held = self._port()
        if held is None:
            return frozenset()
        return None if held.strangers else held.ours - {self.entry.id}

    def _settled(self, running: Record, differences: tuple[str, ...], seen: Look | None) -> UpServer | None:
        """What there is to tell of a server that is left as it is; None where there is more to do."""
        if seen is None:
            needed = f"restart needed ({self._settings.remedy('up', self.entry.name)} --recreate)"
            return self.told("stale", pid=running.pid, message=f"{'; '.join(differences)}: {needed}")
        if seen.status == "ready":
            return self.told("running", pid=running.pid)
        if seen.status == "dead-thread" and not seen.certain:
            anew = self._settings.remedy("restart", self.entry.name)
            message = f"it runs, but {seen.last_error}: {anew} starts it anew"
            return self.told("failed", pid=running.pid, message=message)
        return None

    def _running(self) -> Record | None:
        """The record of a server that runs; ServerError where that cannot be told."""
        record = self._files.record(self.entry.id)
        if isinstance(record, Damaged):
            raise ServerError(
                f"{record.reason}: it cannot be told whether a server runs; remove it if none does"
            )
        if record is None:
            return None
        found = identify(record)
        if found.doubt is not None:
            raise ServerError(f"{found.doubt}; nothing was started")
        if found.handle is None:
            return None
        found.handle.close()
        return record.copy(pid=found.handle.pid)

    def _differences(self, running: Record) -> tuple[str, ...]:
        then = running.installed_version or running.server_version
        return (
            *changed_program(running.command, then, self._order.program),
            *changes(running.arguments, self._order.launch.arguments),
        )

    def _port(self) -> preflight.PortTrouble | None:
        profile = self.entry.profile
        return preflight.port_trouble(profile.host, profile.port, self._files)

    def _in_the_way(self, going: frozenset[str], *, works: bool) -> str | None:
        """Why a new server could not take the place of the one that runs, as far as can be told before."""
        if self._order.trouble:
            return "\n".join(self._order.trouble)
        environment = self._settings.environment
        if works and model_files.is_offline(environment):
            files = model_files.model_of(self.entry, environment)
            if files.kind == "not cached":
                return files.warning
        if self.entry.id in going:
            return None  # its port was looked at before all agreed, and may be in motion now
        held = self._port()
        if held is None or (not held.strangers and held.ours <= {self.entry.id}):
            return None
        return self._told_port(held)

    def _told_port(self, held: preflight.PortTrouble) -> str:
        remedy = self._settings.remedy
        return "\n".join(filter(None, (held.told(remedy), held.advice(remedy, self.entry.name))))

    def _make_way(self, running: Record) -> None:
        """Stop a server that is to be started anew."""
        (ended,) = stopping.stop_all(
            [(running.name, running)], self._files, holding_lock=True, hurry=self._stop
        )
        self._old_is_gone = ended.result != "failed"
        if self._stop.is_set():
            raise Stopped
        if ended.result == "failed":
            raise ServerError(f"the old one cannot be stopped: {ended.message}")

    def _begin(self, arguments: tuple[str, ...], going: frozenset[str]) -> Attempt:
        """Start the process, once its port is free."""
        self._moves.has_made_way(self.entry.id)
        held = self._port()
        if held is not None and going:
            # Who is on its way out has no record any more, and looks like a stranger.
            self._moves.wait_for(going, self._stop)
            held = self._port()
        if self._stop.is_set():
            raise Stopped
        if held is not None:
            raise ServerError(self._told_port(held))
        if isinstance(earlier := self._files.record(self.entry.id), Record):
            self._clear_away(earlier)
        begun = runs.begin(
            self.entry, self._order.program, arguments, self._files, self._settings.environment
        )
        self.begun = begun.record
        self._files.write(begun.record)
        return Attempt(begun.record, self._files, self._stop, self._step, begun.keeper)

    def _clear_away(self, earlier: Record) -> None:
        """End what a server that is gone has left behind: it can be found by its record only."""
        (ended,) = stopping.stop_all([(earlier.name, earlier)], self._files, holding_lock=True)
        if ended.result == "failed":
            raise ServerError(f"what its last run left behind cannot be stopped: {ended.message}")

    def _attempt(self, running: Record) -> Attempt:
        return Attempt(running, self._files, self._stop, self._step, None)

    def _step(self, step: Step) -> None:
        self._tell(self.entry.id, step)

    def _finish(self, attempt: Attempt, result: UpResult) -> UpServer:
        """Wait until it is ready; where its program refuses a default of ours, start it without that."""
        settings = self._settings
        outcome = attempt.finish(settings.environment, settings.timeout, asking=settings.asking)
        refused = outcome.refused & flags_of(attempt.record.arguments)
        if refused and refused <= flags_of(self._order.launch.defaults):
            return self._finish(self._again_without(refused, attempt.record), result)
        if outcome.ready is None:
            return self.told("failed", pid=outcome.pid, message=self._failure(outcome))
        if outcome.ready.release is not None:
            self._notes += self._about_release(outcome.ready)
        message = "\n".join(self._notes) or None
        return self.told(result, pid=outcome.pid, ready_seconds=outcome.seconds, message=message)

    def _again_without(self, flags: frozenset[str], before: Record) -> Attempt:
        kept = tuple(one for one in before.arguments if one.partition("=")[0] not in flags)
        self._notes.append(
            f"warning: its program does not know {', '.join(sorted(flags))}: started without; "
            "every web page can use this server"
        )
        with self._files.start_lock(self.entry.id):
            there = self._files.record(self.entry.id)
            if not isinstance(there, Record) or there.nonce != before.nonce:
                raise ServerError("another mlxsm stopped it, or started it anew, meanwhile")
            return self._begin(kept, frozenset())

    def _about_release(self, ready: Ready) -> list[str]:
        """What is to be said of the release that really runs, where another one was expected."""
        program = self._order.program
        expected = preflight.about_program(program)
        now = preflight.about_program(program._replace(version=ready.release))
        return [f"warning: {word}" for word in now if word not in expected]

    def _failure(self, outcome: Outcome) -> str:
        """Why it failed, and where there is more about it."""
        model = self.entry.profile.model_id
        told = [outcome.failure or ""]
        if outcome.pid is None and self.begun is not None:
            there = model_files.model_of(self.entry, self._settings.environment)
            page = model_files.hub_page(model, self._settings.environment)
            if there.kind == "not cached" and page is not None:
                told.append(
                    f"{model} is not complete in the cache; {page} tells whether it exists and is open to you"
                )
            told.append(f"the whole log: {self._settings.remedy('logs', self.entry.name)}")
        return "\n".join(told)
