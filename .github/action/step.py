"""`step.py NAME`: one step of action.yml. Standard library only; it runs before anything is installed."""

from __future__ import annotations

import importlib
import io
import sys

STEPS = ("install", "plan", "comment", "verdict")

if __name__ == "__main__":
    (name,) = sys.argv[1:]
    if name not in STEPS:
        sys.exit(f"no such step: {name}")
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # whatever the runner's locale is
    # Only this one: `install` must be readable by a Python that is too old for the others.
    sys.exit(importlib.import_module(f"mlxsm_action.{name}").main())
