"""Measure whole processes side by side and print ratios; nothing here passes or fails.

    python tests/benchmarks/run.py [--runs N] [--octodns PYTHON]

`--octodns` names a Python that has octodns installed (`pip install octodns`); then planning 1,000 changed
profiles is set beside octoDNS planning 1,000 changed records, YAML as source and as target.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

BIN = Path(sys.executable).parent
PYTHON, MLXSM = sys.executable, str(BIN / "mlxsm")
IMPORTS = "import click, yaml, pydantic"


def profiles(count: int, notes: str) -> str:
    lines = ["schemaVersion: 1", "defaults: {host: 127.0.0.1}", "profiles:"]
    for number in range(count):
        lines += [
            f"  - name: Profile {number}",
            f"    modelID: mlx-community/Model-{number}-4bit",
            f"    port: {1024 + number % 60000}",
            f"    notes: {notes}",
            "    advancedLaunchOptions: {defaultTemperature: 0.2, defaultMaxTokens: 4096}",
        ]
    return "\n".join(lines) + "\n"


def records(count: int, ttl: int) -> str:
    record = "host{n:05}:\n  ttl: {ttl}\n  type: A\n  value: 10.0.{high}.{low}\n"
    lines = (record.format(n=n, ttl=ttl, high=n // 250, low=n % 250 + 1) for n in range(count))
    return "---\n" + "".join(lines)


def medians(commands: dict[str, Sequence[str]], runs: int, folder: Path) -> dict[str, float]:
    """The median seconds of each command; they take turns, so that a slow moment hits them all."""
    environment = os.environ | {"HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs + 1):
        for name, command in commands.items():
            begun = time.perf_counter()
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            seconds[name].append(time.perf_counter() - begun)
            if done.returncode != 0:
                raise SystemExit(f"{name}: {done.stderr}")
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


def prepare(folder: Path, count: int) -> None:
    (folder / f"old{count}.yaml").write_text(profiles(count, "old"))
    (folder / f"new{count}.yaml").write_text(profiles(count, "new"))
    apply = [MLXSM, "apply", "-f", f"old{count}.yaml", "--state", f"{count}.json", "--yes", "-q"]
    subprocess.run(apply, cwd=folder, capture_output=True, check=True)


def plan(name: str, count: int) -> list[str]:
    return [MLXSM, "plan", "-f", f"{name}{count}.yaml", "--state", f"{count}.json"]


def prepare_octodns(folder: Path) -> None:
    for name, ttl in (("source", 300), ("target", 600)):
        (folder / name).mkdir()
        (folder / name / "example.com.yaml").write_text(records(1000, ttl))
    (folder / "octodns.yaml").write_text(
        "providers:\n"
        "  source: {class: octodns.provider.yaml.YamlProvider, directory: ./source}\n"
        "  target: {class: octodns.provider.yaml.YamlProvider, directory: ./target}\n"
        "zones:\n  example.com.: {sources: [source], targets: [target]}\n"
    )


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--octodns", metavar="PYTHON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for count in (20, 1000, 10_000):
            prepare(folder, count)
        quick = medians(
            {
                "click": [PYTHON, "-c", "import click"],
                "imports": [PYTHON, "-c", IMPORTS],
                "version": [MLXSM, "--version"],
                "unchanged": plan("old", 20),
            },
            options.runs,
            folder,
        )
        say(f"mlxsm --version / import click                {quick['version'] / quick['click']:.2f}")
        say(f"plan of 20 unchanged / {IMPORTS}  {quick['unchanged'] / quick['imports']:.2f}")
        slow = medians({"1000": plan("new", 1000), "10000": plan("new", 10_000)}, 3, folder)
        say(f"plan of 10,000 changed / of 1,000 changed     {slow['10000'] / slow['1000']:.2f}")
        if options.octodns:
            prepare_octodns(folder)
            sync = str(Path(options.octodns).parent / "octodns-sync")
            command = [sync, "--config-file", "octodns.yaml", "--force"]
            beside = medians({"octodns": command, "mlxsm": plan("new", 1000)}, 5, folder)
            say(f"plan of 1,000 changed / octoDNS on 1,000      {beside['mlxsm'] / beside['octodns']:.2f}")


if __name__ == "__main__":
    main()
