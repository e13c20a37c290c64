"""Mutated files against the loaders, in a process with a small stack: only answers of ours come out."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest

from testing.ledger import SEED, THOROUGH, Tally
from testing.paths import PROGRAMS

TIMES = 10 if THOROUGH else 1
STACK = 1024 * 1024


def _small_stack() -> None:
    resource.setrlimit(resource.RLIMIT_STACK, (STACK, STACK))


def _fuzz(kind: str, count: int, tally: Tally) -> None:
    command = [
        sys.executable,
        str(PROGRAMS / "fuzzing.py"),
        kind,
        str(count * TIMES),
        str(SEED),
    ]
    done = subprocess.run(
        command, env=dict(os.environ), preexec_fn=_small_stack, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    tried = json.loads(done.stdout)
    # Inputs that are all of one kind would not try much.
    assert tried["refused"] > 200
    assert tried["accepted"] > 20
    tally.add(mutated_inputs=sum(tried.values()))


@pytest.mark.threat(1)
def test_mutated_yaml_is_answered(tally: Tally) -> None:
    _fuzz("yaml", 8_000, tally)


@pytest.mark.threat(5)
def test_mutated_json_is_answered(tally: Tally) -> None:
    _fuzz("json", 8_000, tally)


@pytest.mark.threat(23)
def test_mutated_states_are_answered(tally: Tally) -> None:
    _fuzz("state", 100_000, tally)
