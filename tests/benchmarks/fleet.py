"""Measure `mlxsm report` for many machines beside what reading their files takes; nothing here passes or fails.

    python tests/benchmarks/fleet.py [--machines N] [--runs N]

Each machine has three servers and twenty versions of its state. The page is set beside the same Python reading the
same files with the standard library, which is the least that any program in it could do.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.run import MLXSM, PYTHON, peak, say
from testing.statuses import event, server, status

READ = "import json, sys; [json.load(open(name)) for name in sys.argv[1:]]"
STANDINGS = ("in-step", "behind", "drift", "conflict", "broken")
MODEL = "mlx-community/Qwen3-{}B-4bit"


def prepare(folder: Path, machines: int) -> list[str]:
    """The files, in the folder."""
    for number in range(machines):
        name = f"machine-{number:04}"
        servers = [server(f"{one} of {name}", 8080 + one, modelID=MODEL.format(one)) for one in range(3)]
        day = "2026-06-{:02}T{:02}:{:02}:00Z"
        history = [
            event(40 - n, day.format(20 - n, number % 24, number % 60), summary=f"{number % 7 + 1} updated")
            for n in range(20)
        ]
        standing = STANDINGS[number % 10] if number % 10 < len(STANDINGS) else STANDINGS[0]
        one = status(name, standing, servers=servers, history=history)
        (folder / f"{name}.json").write_text(json.dumps(one, indent=2))
    return sorted(path.name for path in folder.glob("*.json"))


def seconds(command: Sequence[str], folder: Path) -> float:
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--machines", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        names = prepare(folder, options.machines)
        whole = [MLXSM, "report", *names, "-o", "fleet.html"]
        tenth = [MLXSM, "report", *names[::10], "-o", "tenth.html"]
        read = [PYTHON, "-c", READ, *names]
        rounds = [[seconds(command, folder) for command in (whole, tenth, read)] for _ in range(options.runs)]
        report, some, reading = (statistics.median(times) for times in zip(*rounds, strict=True))
        bytes_read = sum((folder / name).stat().st_size for name in names)
        say(f"machines                                         {len(names)}")
        say(f"files in MiB                                     {bytes_read / 2**20:.1f}")
        say(
            f"page in MiB                                      {(folder / 'fleet.html').stat().st_size / 2**20:.1f}"
        )
        say(f"report / reading the files                       {report / reading:.1f}")
        say(f"report of all / of every tenth                   {report / some:.1f}")
        say(f"seconds of report, here                          {report:.1f}")
        say(f"memory at most in MiB                            {peak(whole, folder):.0f}")


if __name__ == "__main__":
    main()
