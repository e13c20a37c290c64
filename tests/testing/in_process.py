"""The command in this process: the same door, many times faster than a start of Python."""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlxsm_sync.cli import main
from testing import json_contract

METADATA = frozenset(
    [
        "apply",
        "connect",
        "export",
        "history",
        "import",
        "init",
        "list",
        "plan",
        "pull",
        "remove",
        "restore",
        "rollback",
        "schema",
        "validate",
    ]
)
"""Commands that start no process and open no socket, so that nothing of them outlives a call."""
_OF_PYTHON = ("PYTHON", "LD_", "_MLXSM_COMPLETE", "LC_")
"""What only a new Python would read."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Place(Protocol):
    """Where a command runs."""

    folder: Path
    environment: dict[str, str]


def can_run(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether a command would do the same in a process of its own."""
    return bool({*words[:1]} & METADATA) and not any(name.startswith(_OF_PYTHON) for name in environment)


def run(place: Place, *words: str, folder: Path | None = None, **environment: str) -> Result:
    """What the installed command would do there with these words, and what it would print."""
    result = call(words, folder or place.folder, place.environment | environment)
    assert "by its own fault" not in result.out + result.err, result.out + result.err
    return result


def call(words: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: str = "") -> Result:
    """The same, in a folder and with an environment that are told."""
    with _elsewhere(folder, environment), _streams(stdin) as streams:
        try:
            main([*words])
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        out, err = (_text(stream) for stream in streams)
    assert "Traceback" not in err, err
    json_contract.hold(words, out, folder, code)
    return Result(code, out, err)


@contextmanager
def _elsewhere(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Another working folder and environment, and everything as it was afterwards."""
    before, here = dict(os.environ), Path.cwd()
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        gc.enable()


@contextmanager
def _streams(stdin: str) -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    """Standard streams like those of a pipe."""
    before = sys.stdin, sys.stdout, sys.stderr
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    typed = io.BytesIO(stdin.encode(errors="surrogateescape"))
    sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(typed, encoding="utf-8"), out, err
    try:
        yield out, err
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()
