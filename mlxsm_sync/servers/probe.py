"""Questions to a server: is it healthy, does its model answer, is it mlx_lm.server at all.

Only our own servers are asked, but for the identity check of `adopt`. Requests are HTTP/1.0, which
tells them from those of clients in the server's log.
"""

from __future__ import annotations

import re
import select
import socket
import time
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from io import BytesIO
from typing import NamedTuple

from mlxsm_sync.servers.log_blocks import PROBE_VERSION
from mlxsm_sync.text.nesting import loads

_MOST = 1024 * 1024
_CHUNK = 65536
_CHAT = b'{"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}'


class Answer(NamedTuple):
    """What a server said."""

    status: int
    body: bytes
    server: str = ""
    """The software, as it calls itself."""

    @property
    def data(self) -> dict[str, object]:
        """The body as a JSON object; empty if it is something else."""
        with suppress(ValueError, RecursionError):
            data = loads(self.body)
            return data if isinstance(data, dict) else {}
        return {}

    @property
    def error(self) -> str:
        """What the server gives as its reason."""
        reason = self.data.get("error")
        if isinstance(reason, dict):
            reason = reason.get("message")
        return str(reason or self.body[:300].decode(errors="replace")).strip()


class Question:
    """One request on one connection, held open until it is answered."""

    def __init__(self, place: tuple[str, int], request: bytes, seconds: float) -> None:
        self._socket = socket.create_connection(place, timeout=seconds)
        try:
            self._socket.sendall(request)
        except BaseException:
            self._socket.close()
            raise

    @property
    def port(self) -> int:
        """The port on our side, which the server notes where the question makes it fail."""
        return int(self._socket.getsockname()[1])

    def is_answered(self, seconds: float) -> bool:
        """Wait for the answer at most so long; say whether it has begun."""
        return bool(select.select([self._socket], [], [], seconds)[0])

    def answer(self, seconds: float) -> Answer | None:
        """The answer; None if it is no HTTP, or is not complete in time, even if it drips."""
        until = time.monotonic() + seconds
        data = b""
        try:
            while not _is_whole(data) and len(data) < _MOST:
                if not self.is_answered(max(until - time.monotonic(), 0)):
                    return None
                if not (more := self._socket.recv(_CHUNK)):
                    break
                data += more
            return _read(data)
        except (OSError, HTTPException, ValueError):
            return None

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()


class _Received:
    """What was received, as the library takes it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> BytesIO:
        return BytesIO(self._data)


def _is_whole(data: bytes) -> bool:
    """Whether an answer of a known length has come; others end with the connection."""
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d{1,9})", head) if end else None
    return length is not None and len(body) >= int(length[1])


def _read(data: bytes) -> Answer:
    response = HTTPResponse(_Received(data))  # type: ignore[arg-type]  # it only makes a file of it
    response.begin()
    return Answer(response.status, response.read(), response.getheader("Server") or "")


def health(place: tuple[str, int], seconds: float) -> Answer | None:
    """What `/health` says; None where nothing is said in time."""
    return _ask(place, _request(place, "GET", "/health"), seconds)


def one_token(place: tuple[str, int], seconds: float) -> Question:
    """Ask for one token, without naming a model: naming one could make the server load it.

    Asked as a chat, so that the chat template is tried, too. OSError where nobody takes the call.
    """
    return Question(place, _request(place, "POST", "/v1/chat/completions", _CHAT), seconds)


def software(place: tuple[str, int], seconds: float) -> tuple[str, bool] | None:
    """What answers there, and whether it is mlx_lm.server; None where nothing does. No model is used.

    A body that is no JSON object is refused by mlx_lm.server (0.31.2 and newer) in words of its own.
    """
    answer = _ask(place, _request(place, "POST", "/v1/completions", b"[]"), seconds)
    if answer is not None and answer.status == 400 and "JSON dictionary" in answer.error:
        return "mlx_lm.server", True
    answer = answer or _ask(place, _request(place, "GET", "/v1/models"), seconds)
    if answer is None:
        return None
    return (f"a server that calls itself {answer.server[:80]}" if answer.server else "an HTTP server"), False


def _ask(place: tuple[str, int], request: bytes, seconds: float) -> Answer | None:
    try:
        question = Question(place, request, seconds)
    except OSError:
        return None
    try:
        return question.answer(seconds)
    finally:
        question.close()


def _request(place: tuple[str, int], method: str, path: str, body: bytes = b"") -> bytes:
    host = f"[{place[0]}]" if ":" in place[0] else place[0]
    lines = [
        f"{method} {path} {PROBE_VERSION}",
        f"Host: {host}:{place[1]}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
