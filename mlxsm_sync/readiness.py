"""Wait until a server is ready, or will never be: alive is not ready, nor is a health check that says 200.

Ready is a server whose process lives, which itself owns the socket, and whose model has answered.
That holds for every release since 0.24, however it fails: by exit, by a 503 for ever, by a thread
that died and a health check that does not know, by a socket that somebody else got first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import NamedTuple

from mlxsm_sync import log_text, ports, probe
from mlxsm_sync.log_files import Reader
from mlxsm_sync.probe import Answer, Question
from mlxsm_sync.processes import Handle, is_ours
from mlxsm_sync.secret_scan import redacted
from mlxsm_sync.server import Proof, Record

PAUSE = 0.05
_HEALTH_PAUSE = 1.0
"""Between looks at the health of a server that has a question of ours."""
_MOMENTS = 6
_PATIENCE = 2.0
"""For one answer about health."""

Phase = str
"""What a start is doing: `starting`, `loading`."""


class Ready(NamedTuple):
    """A server that can be used."""

    proof: Proof
    fingerprint: str | None = None


class NotReady(Exception):
    """A server that will never be ready; the text says why."""

    def __init__(self, reason: str, *, ended: bool = False) -> None:
        super().__init__(redacted(reason))  # a server says what it likes, and this goes into the record
        self.ended = ended
        """Whether its process has ended by itself."""


class Stopped(Exception):
    """Somebody asked to stop waiting."""


class Wait:
    """The wait for one server."""

    def __init__(
        self,
        handle: Handle,
        record: Record,
        log: Reader,
        *,
        timeout: float,
        stop: Event,
        tell: Callable[[Phase], None],
    ) -> None:
        self._handle = handle
        self._record = record
        self._host, self._port = record.host, record.port
        self._log = log
        self._said = ""
        self._timeout = timeout
        self._until = time.monotonic() + timeout
        self._stop = stop
        self._tell = tell
        self._phase = "starting"

    def until_ready(self, *, asking: bool) -> Ready:
        """Wait; NotReady with the reason, Stopped. Without `asking`, socket and health are enough."""
        place = self._until_bound()
        self._change_phase("loading")
        self._until_healthy(place)
        if not asking:
            self._look_who_is_asked()
            return Ready("listening")
        return self._until_answered(place)

    def _until_bound(self) -> tuple[str, int]:
        """Wait until the server itself, and nobody else, has the socket; where to reach it."""
        while True:
            self._look()
            try:
                place = ports.reachable(ports.resolve(self._host, self._port))
            except OSError as error:
                raise NotReady(f"the host {self._host} cannot be found: {error.strerror}") from None
            if self._owns_the_socket():
                return place
            self._pause()

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
            answer = probe.health(place, min(_PATIENCE, self._left()))
            if answer is not None and self._is_healthy(answer):
                return
            self._pause()

    def _is_healthy(self, answer: Answer) -> bool:
        if answer.status == 503:
            raise NotReady(self._why("its model cannot be used (health 503)"))
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
            return self._judge(self._hold(question, place))
        finally:
            question.close()

    def _hold(self, question: Question, place: tuple[str, int]) -> Answer | None:
        next_look = time.monotonic() + _HEALTH_PAUSE
        while not question.is_answered(PAUSE):
            self._look()
            if time.monotonic() > next_look:
                self._look_who_is_asked()
                answer = probe.health(place, _PATIENCE)
                if answer is not None:
                    self._is_healthy(answer)
                next_look = time.monotonic() + _HEALTH_PAUSE
        return question.answer(min(_PATIENCE, max(self._left(), PAUSE)))

    def _judge(self, answer: Answer | None) -> Ready:
        if answer is None:
            raise NotReady(self._why("it dropped the connection instead of an answer"))
        if answer.status != 200:
            raise NotReady(self._why(f"its model does not answer ({answer.status}): {answer.error}"))
        if not answer.data.get("choices"):
            raise NotReady(self._why("it answers, but not as a model server does"))
        self._look_who_is_asked()
        fingerprint = answer.data.get("system_fingerprint")
        return Ready("answered", redacted(str(fingerprint))[:200] if fingerprint else None)

    def _look(self) -> None:
        """Stopped or NotReady where there is nothing more to wait for."""
        if self._stop.is_set():
            raise Stopped
        gone = self._handle.is_gone()
        self._said += self._log.more()
        if gone:
            raise NotReady(log_text.last_error(self._said) or "its log is empty", ended=True)
        if reason := log_text.fatal(self._said):
            raise NotReady(reason)
        if self._left() <= 0:
            raise NotReady(self._timed_out())

    def _timed_out(self) -> str:
        if self._phase == "starting":
            what = f"it does not listen after {self._timeout:g} s"
        else:
            what = f"its model is not loaded after {self._timeout:g} s"
        last = log_text.last_error(self._said)
        hint = "--timeout waits longer; HF_HUB_OFFLINE=1 keeps a cached model from asking the hub"
        return f"{what}{f'; last in its log: {last}' if last else ''} ({hint})"

    def _why(self, otherwise: str) -> str:
        """The reason, unless an end or the log gives a better one, a moment after the answer."""
        for _ in range(_MOMENTS):
            self._look()
            time.sleep(PAUSE)
        return otherwise

    def _left(self) -> float:
        return self._until - time.monotonic()

    def _pause(self) -> None:
        self._stop.wait(PAUSE)

    def _change_phase(self, phase: Phase) -> None:
        self._phase = phase
        self._tell(phase)
