"""What a server's log says: why it failed, and which lines are only our own questions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mlxsm_sync.secret_scan import redacted

PROBE_VERSION = "HTTP/1.0"
"""Our own requests are of this version; clients of the server speak 1.1."""

# All from the first letter of a line on: what clients send is quoted inside of lines.
_DEAD = (
    re.compile(r"^(?:[\d:., -]+ - )?(?:ERROR|CRITICAL) - (?:\S+ )?generation thread died: *(?P<why>.*)"),
    re.compile(r"^Exception in thread \S+ \(_generate\)"),
    re.compile(r"^Exception in thread \S+"),
)
_NO_SOCKET = re.compile(r"^(?P<why>(OSError|PermissionError|socket\.gaierror|OverflowError).*)")
_BIND_ERRORS = re.compile(r"\[Errno (13|48|49|98|99|-\d+|8)\]|gaierror|0-65535")
_ERROR = re.compile(
    r"^(?:\S+: )?(?:error|fatal): |^[\w.]*(?:Error|Exception)\b|^[\w.]+: error: |\bERROR\b|\bCRITICAL\b"
)
_OF_ONE_CLIENT = re.compile(
    r"^Exception occurred during processing of request|^BrokenPipeError|^Connection\w+Error"
)
_PROBE = re.compile(r'"(?:GET /health|POST /v1/(?:chat/)?completions) HTTP/1\.0" \d+')
_NOISE = re.compile(r"^\s|^Traceback|^$")


def fatal(text: str, *, was_ready: bool = False) -> str | None:
    """What in a log means that the server will never answer, though its process lives; else None.

    Since mlx-lm 0.31.3 the model is loaded in a thread, and since ever the socket is bound beside it:
    the process survives the failure of either. Once it was ready, other errors are those of some
    client's request, and only the end of that one thread counts.
    """
    lines = text.splitlines()
    for number, line in enumerate(lines):
        for pattern in _DEAD[:2] if was_ready else _DEAD:
            if found := pattern.search(line):
                why = (found.groupdict().get("why") or "").strip()
                return _plain(why) if why else _end_of_traceback(lines[number + 1 :]) or _plain(line)
        if was_ready:
            continue
        if (found := _NO_SOCKET.search(line)) and _BIND_ERRORS.search(line):
            return _plain(found["why"])
    return None


def last_error(text: str) -> str | None:
    """The last line that tells of an error, else the last line at all; None for an empty log."""
    lines = [line for line in text.splitlines() if not is_probe(line)]
    errors = [line for line in lines if _ERROR.search(line) and not _OF_ONE_CLIENT.search(line)]
    spoken = [line for line in lines if not _NOISE.search(line)]
    chosen = errors[-1:] or spoken[-1:]
    return _plain(chosen[0]) if chosen else None


def is_probe(line: str) -> bool:
    """Whether a line of the log is the server's note of a question of ours."""
    return _PROBE.search(line) is not None


def without_probes(lines: Iterable[str]) -> Iterator[str]:
    """The lines that are not about us."""
    return (line for line in lines if not is_probe(line))


def _end_of_traceback(lines: Iterable[str]) -> str | None:
    """The exception at the end of a traceback that begins here."""
    for line in lines:
        if line and not _NOISE.search(line):
            return _plain(line)
    return None


def _plain(line: str) -> str:
    """A line without the time and the level that logging put before it, and without secrets."""
    told = re.sub(r"^\d{4}-\d\d-\d\d[ T][\d:,.]+( - (\S+ - )*)?", "", line).strip()
    return redacted(told)[:500]
