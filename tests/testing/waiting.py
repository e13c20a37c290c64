"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def wait_for(condition: Callable[[], Any]) -> Any:
    """The first true answer; where there is none for two minutes, the test hangs, and fails."""
    for _ in range(6000):
        if answer := condition():
            return answer
        time.sleep(0.02)
    raise AssertionError("it never came true")
