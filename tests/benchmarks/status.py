"""Measure `mlxsm status` beside `mlxsm ps` of the same servers; nothing here passes or fails.

    python tests/benchmarks/status.py [--runs N] [--servers N]

Both look at the same stand-ins, take turns, and are timed as whole processes. Status also plans, reads the
history and the releases that are installed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.run import MLXSM, say
from benchmarks.servers import Field


def main() -> None:
    """Start the servers, look at them, and print what that took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--servers", type=int, default=20)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        field = Field(Path(folder), told.servers, real=False)
        field.prepare()
        field.run("up")
        try:
            seconds: dict[str, list[float]] = {"ps": [], "status": []}
            for _ in range(told.runs):
                for command, took in seconds.items():
                    took.append(timed(field, command))
        finally:
            field.run("down", "--all")
    medians = {command: statistics.median(took) for command, took in seconds.items()}
    for command, median in medians.items():
        say(f"{command:<8}{median * 1000:6.0f} ms")
    say(f"ratio   {medians['status'] / medians['ps']:6.2f}")


def timed(field: Field, command: str) -> float:
    """The seconds that one command takes."""
    began = time.perf_counter()
    words = [MLXSM, command, "--json"]
    subprocess.run(words, cwd=field.folder, env=field.environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
