"""Wait until a server is ready, or will never be: alive is not ready, nor is a health check that says 200.

Ready is a server whose process lives, which itself owns the socket, and whose model has answered.
That holds for every release since 0.24, however it fails: by exit, by a 503 for ever, by a thread
that died and a health check that does not know, by a socket that somebody else got first. Each of these is
decided by a fact; the log, into which clients write, is a reason to look and an explanation afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

from mlxsm_sync.servers import explaining, log_messages, probe
from mlxsm_sync.servers.downloads import Downloads
from mlxsm_sync.servers.logs import Reader
from mlxsm_sync.servers.probe import Answer, Question
from mlxsm_sync.servers.ranks import missing, waits_for
from mlxsm_sync.servers.releases import health_knows
from mlxsm_sync.servers.silence import Idleness
from mlxsm_sync.servers.start_steps import NotReady, Ready, Step, Stopped
from mlxsm_sync.system import ports
from mlxsm_sync.system.process import Handle
from mlxsm_sync.system.process_identity import is_ours
from mlxsm_sync.text.amounts import part
from mlxsm_sync.text.redaction import redacted
from mlxsm_sync.values.cluster import RankRecord
from mlxsm_sync.values.run import RunRecord

PAUSE = 0.05
_HEALTH_PAUSE = 1.0
"""Between looks at the health of a server that has a question of ours."""
_PEERS_PAUSE = 0.25
"""Between looks for other ranks: to ask for the connections of a process is dear."""
_MOMENTS = 6
_PATIENCE = 2.0
"""For one answer about health."""
_NO_SOCKET_SECONDS = 10.0
"""For a server to listen after all, when its log says that it cannot."""
_MUTE_SECONDS = 60.0
"""Without an answer and without work, where health is blind and the log says that the thread died."""
_MUTE = f"it has neither answered nor worked for {_MUTE_SECONDS:g} s"
_STILL_COMING = 10.0
"""Seconds after the last byte of a download until it counts as over, or as held up."""


class ReadinessWait:
    """Waits until one server is ready."""

    def __init__(
        self,
        handle: Handle,
        record: RunRecord,
        downloads: Downloads,
        *,
        timeout: float,
        stop: Event,
        tell: Callable[[Step], None],
        patient: bool = False,
    ) -> None:
        """`patient`: other ranks are waited for without end."""
        self._handle = handle
        self._record, self._host, self._port = record, record.host, record.port
        self._log, self._hints = Reader(Path(record.log)), log_messages.Hints()
        self._downloads = downloads
        self._timeout, self._until = timeout, time.monotonic() + timeout
        self._stop = stop
        self._tell = tell
        self._phase = "starting"
        self._grown = 0.0
        self._patient = patient
        self.awaited: str | None = None
        """Which other ranks it waits for; None where it waits for none any more."""
        self.own = 0
        """How many bytes of its log were written before it listened."""
        self.listened = False
        """Whether it has been seen to listen."""

    def until_ready(self, *, asking: bool) -> Ready:
        """Wait; NotReady with the reason, Stopped. Without `asking`, socket and health are enough.

        A rank that serves no HTTP is ready when it is connected to the others: only the first one is asked.
        """
        if (rank := self._record.cluster) is not None:
            self._until_joined(rank)
            if not rank.serves:
                return Ready("joined")
        place = self._until_bound()
        self.listened = True
        self._change_phase("loading")
        self._until_healthy(place)
        if asking:
            return self._until_answered(place)
        self._look_who_is_asked()
        return Ready("listening")

    def _until_joined(self, rank: RankRecord) -> None:
        """Wait until it is connected to the ranks before and behind it."""
        while others := missing(self._record, self._handle.pid):
            if (awaited := waits_for(rank, others)) != self.awaited:
                self.awaited = awaited
                self._change_phase(f"waiting for {' and '.join(rank.machines[one] for one in others)}")
            self._until = time.monotonic() + self._timeout if self._patient else self._until
            self._look()
            self._stop.wait(_PEERS_PAUSE)
        self.awaited, self._until = None, time.monotonic() + self._timeout

    def _until_bound(self) -> tuple[str, int]:
        """Wait until the server itself, and nobody else, has the socket; where to reach it."""
        unbound_since: float | None = None
        while True:
            self._look()
            read = self._log.at
            try:
                place = ports.reachable(ports.resolve(self._host, self._port))
            except OSError as error:
                raise NotReady(f"the host {self._host} cannot be found: {error.strerror}") from None
            if self._owns_the_socket():
                return place
            self.own = read
            if self._hints.no_socket:
                unbound_since = unbound_since or time.monotonic()
                if time.monotonic() - unbound_since > _NO_SOCKET_SECONDS:
                    raise NotReady(self._explained("it does not listen"))
            self._stop.wait(PAUSE)

    def _owns_the_socket(self) -> bool:
        """Whether the socket is ours; NotReady where it is somebody else's."""
        held = ports.holders(self._host, self._port, (self._handle.pid,))
        ours = [one for one in held if is_ours(one.pid, self._record)]
        others = [one for one in held if one not in ours]
        if others and (not ours or ports.rivals(ours, others, self._host, self._port)):
            self._look()
            raise NotReady(f"port {self._port} is held by {ports.describe(others)}")
        return bool(ours)

    def _look_who_is_asked(self) -> None:
        """Only our own server is asked, and only its answers count: it may have lost its socket since."""
        self._look()
        if not self._owns_the_socket():
            raise NotReady(self._why("it no longer listens"))

    def _until_healthy(self, place: tuple[str, int]) -> None:
        while True:
            self._look_who_is_asked()
            answer = probe.health(place, min(_PATIENCE, max(self._left(), PAUSE)))
            if answer is not None and self._is_healthy(answer):
                return
            self._stop.wait(PAUSE)

    def _is_healthy(self, answer: Answer) -> bool:
        if answer.status == 503:
            raise NotReady(self._why("its model cannot be used (health 503)"), unusable=True)
        # Releases before 0.24.1 have no /health; they open the socket when the model is loaded.
        return answer.status in (200, 404)

    def _until_answered(self, place: tuple[str, int]) -> Ready:
        """Hold one question open until it is answered: given up and asked again, it would be run twice."""
        self._look_who_is_asked()
        try:
            question = probe.one_token(place, max(self._left(), PAUSE))
        except OSError as error:
            raise NotReady(self._why(f"it takes no request: {error.strerror or error}")) from None
        try:
            answer = self._hold(question, place)
            refused = answer is not None and answer.status != 200
            # Health knows more of a thread that has died than the answer does.
            if refused and (health := probe.health(place, _PATIENCE)) is not None:
                self._is_healthy(health)
            return self._judge(answer, question)
        finally:
            question.close()

    def _hold(self, question: Question, place: tuple[str, int]) -> Answer | None:
        next_look = time.monotonic() + _HEALTH_PAUSE
        idle: Idleness | None = None
        while not question.is_answered(PAUSE):
            self._look()
            if time.monotonic() < next_look:
                continue
            self._look_who_is_asked()
            answer = probe.health(place, _PATIENCE)
            if answer is not None:
                self._is_healthy(answer)
            if self._hints.thread_died and not health_knows(self._record.server_version):
                idle = idle or Idleness(self._handle.pid)
                if idle.has_lasted(_MUTE_SECONDS):
                    raise NotReady(self._explained(_MUTE))
            next_look = time.monotonic() + _HEALTH_PAUSE
        return question.answer(min(_PATIENCE, max(self._left(), PAUSE)))

    def _judge(self, answer: Answer | None, question: Question) -> Ready:
        fault = _fault(answer)
        if answer is None or fault is not None:
            asked_from = question.port if answer is None else None
            unusable = answer is not None and answer.status != 200
            raise NotReady(self._why(fault or "", asked_from=asked_from), unusable=unusable)
        self._look_who_is_asked()
        fingerprint = answer.data.get("system_fingerprint")
        return Ready("answered", redacted(str(fingerprint), 200) if fingerprint else None)

    def _look(self) -> None:
        """Raise Stopped or NotReady if waiting cannot help any more."""
        if self._stop.is_set():
            raise Stopped
        if self._handle.is_gone():
            raise NotReady("its process has ended", ended=True, waiting=self.awaited is not None)
        self._hints.feed(self._log.more())
        now = time.monotonic()
        if self._downloads.have_grown(now):  # bytes that come are life, however long that takes
            self._until, self._grown = now + self._timeout, now
            self._report("downloading")
        elif self._grown and now - self._grown > _STILL_COMING:
            self._grown = 0.0
            self._change_phase(self._phase)
        if self._left() <= 0:
            raise NotReady(self._timed_out(), waiting=self.awaited is not None)

    def _timed_out(self) -> str:
        if self.awaited is not None:
            return f"{self.awaited}, for {self._timeout:.0f} s now: is it up there, and can it be reached?"
        what = _late(self._downloads, self._timeout, bound=self._phase != "starting")
        own = self.own if self.listened else self._log.at
        return explaining.timed_out(self._log.path, own, what, listened=self.listened)

    def _explained(self, fact: str, asked_from: int | None = None) -> str:
        """What is known, with what the log adds to it."""
        own = self.own if self.listened else self._log.at
        return explaining.failure(self._log.path, own, fact, asked_from)

    def _why(self, fact: str, asked_from: int | None = None) -> str:
        """The reason, unless the process ends a moment later; so long the log may take for its last words."""
        for _ in range(_MOMENTS):
            self._look()
            time.sleep(PAUSE)
        return self._explained(fact, asked_from)

    def _left(self) -> float:
        return self._until - time.monotonic()

    def _change_phase(self, phase: str) -> None:
        self._phase = phase
        self._report(phase)

    def _report(self, phase: str) -> None:
        self._tell(Step(phase, self._record.pid, self._downloads.received, self._downloads.total))


def _fault(answer: Answer | None) -> str | None:
    """What is wrong with an answer of the model; None where nothing is."""
    if answer is None:
        return "it dropped the connection instead of an answer"
    if answer.status != 200:
        return f"its model does not answer ({answer.status}): {answer.error}"
    return None if answer.data.get("choices") else "it answers, but not as a model server does"


def _late(downloads: Downloads, timeout: float, *, bound: bool) -> str:
    """What a server has not done in time."""
    if downloads.received and downloads.are_unfinished:
        so_far = part(downloads.received, downloads.total)
        return f"nothing more of its download came for {timeout:g} s, {so_far} so far"
    return f"{'its model is not loaded' if bound else 'it does not listen'} after {timeout:g} s"
