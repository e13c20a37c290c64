"""When a server last answered a completion, by its own log: nothing is asked.

mlx_lm.server writes a line when an answer begins, with the time of its own clock on the wall
(`BaseHTTPRequestHandler.log_request` of Python). A cluster that hangs writes none: its first rank shares a
request with the others before it begins to answer, and health knows nothing of that.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from mlxsm_sync.servers import logs
from mlxsm_sync.text.times import from_seconds, to_seconds
from mlxsm_sync.values.run import RunRecord

_ANSWER = re.compile(
    rb"^\S+ - - \[(?P<at>\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d)\] "
    rb'"POST /(?:v1/)?(?:chat/)?completions HTTP/1\.[01]" 200\b',
    re.MULTILINE,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""As the server writes them, in every language."""
_LONGEST = 512
"""Bytes of such a line, of which a part can be in the block before."""


def answered_at(record: RunRecord) -> str | None:
    """When the server of a record last began to answer a completion, ISO 8601, UTC; None if it never did."""
    for path in (record.log, f"{record.log}.1"):
        if (found := _last_in(Path(path), record)) is not None:
            return found
    with suppress(ValueError):  # whoever edits a record may write what is no time
        if record.ready == "answered" and record.ready_seconds is not None:
            return from_seconds(to_seconds(record.started_at) + record.ready_seconds)
    return None


def _last_in(path: Path, record: RunRecord) -> str | None:
    with suppress(OSError, ValueError, OverflowError):
        began = to_seconds(record.started_at)
        if path.stat().st_mtime < began:
            return None  # a log of an earlier run
        for block in logs.blocks_from_the_end(path, _LONGEST):
            moments = (_seconds(found["at"].decode()) for found in _ANSWER.finditer(block))
            known = [one for one in moments if one is not None and one >= began - 1]
            if known:
                return from_seconds(known[-1])
    return None


def _seconds(text: str) -> float | None:
    """Seconds since 1970 of `27/Nov/2026 14:02:33` by the clock of this machine."""
    with suppress(ValueError, OverflowError, OSError):
        day, month, year_and_time = text.split("/")
        year, time = year_and_time.split(" ")
        number = _MONTHS.index(month) + 1
        return datetime.fromisoformat(f"{year}-{number:02d}-{day} {time}").astimezone().timestamp()
    return None
