"""Measure whole processes side by side and print ratios; nothing here passes or fails.

    python tests/benchmarks/run.py [--runs N] [--octodns PYTHON] [--terraform PROGRAM]

`--octodns` names a Python that has octodns installed (`pip install octodns`): plans of profiles are set beside
octoDNS planning as many records, YAML as source and as target. `--terraform` names a Terraform: they are set
beside its plans of as many `terraform_data` resources with the same values, which need no plugin.
"""

from __future__ import annotations

import argparse
import json
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
PACKAGE = Path(__file__).parents[2] / "mlxsm_sync"
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


def for_machines(count: int, machines: int) -> str:
    """The same profiles, each for one machine by its name and for all others by a tag."""
    head = [f"  machine-{number}: {{tags: [all, odd]}}" for number in range(machines)]
    listed = profiles(count, "new").split("profiles:\n", 1)[1].split("  - name: ")[1:]
    body = [
        f"  - name: {one}    on: [machine-{number % machines}, '@all']" for number, one in enumerate(listed)
    ]
    lines = ["schemaVersion: 1", "machines:", *head, "defaults: {host: 127.0.0.1}", "profiles:", *body]
    return "\n".join(lines) + "\n"


def with_machines(options: argparse.Namespace, folder: Path) -> None:
    """What selection costs, and what a plan between two versions of a file does."""
    (folder / "machines.yaml").write_text(for_machines(1000, 50))
    state = ["--state", "1000.json"]
    several = [MLXSM, "plan", "-f", "machines.yaml", "--machine", "machine-7", *state]
    between = [MLXSM, "plan", "--base", "old1000.yaml", "-f", "new1000.yaml"]
    commands = {
        "one": plan("new", 1000),
        "old": plan("old", 1000),
        "several": several,
        "between": between,
    }
    seconds = medians(commands, options.runs, folder)
    say(f"plan of 1,000 for one of 50 machines / for any   {seconds['several'] / seconds['one']:.2f}")
    both = seconds["one"] + seconds["old"]
    say(f"plan --base of 1,000 / the plans of both files   {seconds['between'] / both:.2f}")


def peak(command: Sequence[str], folder: Path) -> float:
    """The most memory that a command has at once, in MiB."""
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)  # it is waited for already
    if child.returncode != 0:
        raise SystemExit(f"{command}: {child.returncode}")
    return used.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)


def octodns(program: str, folder: Path, count: int, name: str) -> list[str]:
    """The command line of octoDNS for records that are there already, or all of which change."""
    place = folder / f"octodns-{name}{count}"
    for side, ttl in (("source", 300), ("target", 300 if name == "old" else 600)):
        (place / side).mkdir(parents=True)
        (place / side / "example.com.yaml").write_text(records(count, ttl))
    (place / "octodns.yaml").write_text(
        "providers:\n"
        f"  source: {{class: octodns.provider.yaml.YamlProvider, directory: {place}/source}}\n"
        f"  target: {{class: octodns.provider.yaml.YamlProvider, directory: {place}/target}}\n"
        "zones:\n  example.com.: {sources: [source], targets: [target]}\n"
    )
    sync = str(Path(program).parent / "octodns-sync")
    return [sync, "--config-file", str(place / "octodns.yaml"), "--force"]


def terraform(program: str, folder: Path, count: int, name: str) -> list[str]:
    """The command line of Terraform for resources that are there already, or all of which change."""
    place = folder / f"terraform-{name}{count}"
    place.mkdir()
    for notes in ("old", name):
        (place / "main.tf").write_text("".join(resource(number, notes) for number in range(count)))
        if notes == "old":
            for step in (["init", "-input=false"], ["apply", "-auto-approve", "-input=false"]):
                subprocess.run([program, *step], cwd=place, capture_output=True, check=True)
    return [program, f"-chdir={place}", "plan", "-input=false"]


def resource(number: int, notes: str) -> str:
    """One profile as a resource."""
    fields = {
        "name": f"Profile {number}",
        "modelID": f"mlx-community/Model-{number}-4bit",
        "host": "127.0.0.1",
        "port": 1024 + number % 60000,
        "notes": notes,
        "advancedLaunchOptions": {"defaultTemperature": 0.2, "defaultMaxTokens": 4096},
    }
    return f'resource "terraform_data" "p{number}" {{\n  input = {json.dumps(fields)}\n}}\n'


def beside_others(options: argparse.Namespace, folder: Path) -> None:
    """Plans beside those of tools that people know, unchanged and all changed."""
    for count in (10, 100, 1000):
        for name, told in (("old", "unchanged"), ("new", "changed")):
            commands = {"mlxsm": plan(name, count)}
            if options.octodns:
                commands["octoDNS"] = octodns(options.octodns, folder, count, name)
            if options.terraform and count < 1000:
                commands["Terraform"] = terraform(options.terraform, folder, count, name)
            seconds = medians(commands, options.runs if count < 1000 else 5, folder)
            for other in [one for one in commands if one != "mlxsm"]:
                say(f"plan of {count:,} {told} / {other:38} {seconds['mlxsm'] / seconds[other]:.2f}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--octodns", metavar="PYTHON")
    parser.add_argument("--terraform", metavar="PROGRAM")
    options = parser.parse_args()
    # As an installation does; an edited file that nobody has compiled would count as slow.
    subprocess.run([PYTHON, "-m", "compileall", "-q", str(PACKAGE)], check=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for count in (10, 20, 100, 1000, 10_000):
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
        for name, told in (("old", "unchanged"), ("new", "changed")):
            say(f"peak memory of a plan of 10,000 {told:13} {peak(plan(name, 10_000), folder):.0f} MiB")
        with_machines(options, folder)
        beside_others(options, folder)


if __name__ == "__main__":
    main()
