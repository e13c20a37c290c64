"""Measure `mlxsm up` and `mlxsm down` beside a bare shell, supervisor and honcho; nothing here passes or fails.

    python tests/benchmarks/servers.py [--runs N] [--servers N] [--real] [--others PYTHON]

All start the same servers, take turns, and are timed until the last server has answered, and then from
the wish to stop until the last port is free. Without `--real` the servers are small stand-ins. `--others` names
a Python that has supervisor and honcho installed (`pip install supervisor honcho`).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
MLXSM = str(BIN / "mlxsm")
STAND_IN = str(HERE.parent / "testing/programs/stand_in.py")
FIRST_PORT = 26000
BODY = '{"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}'


class Times(NamedTuple):
    """Seconds of one round."""

    up: float
    down: float


class Field:
    """The servers of one comparison, and the folder in which they run."""

    def __init__(self, folder: Path, count: int, *, real: bool) -> None:
        self.folder, self.count = folder, count
        self.program = str(BIN / "mlx_lm.server") if real else STAND_IN
        self.model = str(folder / "model") if real else "test/a"
        self.ports = range(FIRST_PORT, FIRST_PORT + count)
        self.environment = (
            os.environ
            | {
                "HOME": str(folder),
                "XDG_STATE_HOME": str(folder),
                "MLXSM_SERVER": self.program,
            }
            | ({"HF_HUB_OFFLINE": "1"} if real else {})
        )

    def arguments(self, port: int) -> list[str]:
        return [self.program, f"--model={self.model}", "--host=127.0.0.1", f"--port={port}"]

    def prepare(self) -> None:
        profiles = [
            {"name": f"S{port}", "modelID": self.model, "host": "127.0.0.1", "port": port}
            for port in self.ports
        ]
        (self.folder / "profiles.yaml").write_text(json.dumps({"schemaVersion": 1, "profiles": profiles}))
        self.run("apply", "--yes")
        lines = [f"{' '.join(self.arguments(port))} >{port}.log 2>&1 &" for port in self.ports]
        (self.folder / "bare.sh").write_text("\n".join([*lines, "wait", ""]))
        (self.folder / "Procfile").write_text(
            "".join(f"s{port}: exec {' '.join(self.arguments(port))}\n" for port in self.ports)
        )
        programs = "".join(
            f"[program:s{port}]\ncommand={' '.join(self.arguments(port))}\nstdout_logfile={port}.log\n"
            for port in self.ports
        )
        (self.folder / "supervisord.conf").write_text(f"[supervisord]\nnodaemon=true\n{programs}")

    def run(self, *arguments: str) -> None:
        done = subprocess.run(
            [MLXSM, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"mlxsm {arguments[0]}: {done.stdout}{done.stderr}")

    def mlxsm(self) -> Times:
        up = timed(lambda: self.run("up"))
        self.until(answers)  # so that it is seen to be true
        down = timed(lambda: self.run("down"))
        if not all(map(is_free, self.ports)):
            raise SystemExit("a port is not free after mlxsm down")
        return Times(up, down)

    def other(self, command: list[str]) -> Times:
        """A process in the foreground that starts them all; its group is ended at the end."""
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.until(answers)
        up = time.perf_counter() - begun
        begun = time.perf_counter()
        if command[0] == "sh":
            os.killpg(process.pid, signal.SIGTERM)
        else:
            process.terminate()
        self.until(is_free)
        down = time.perf_counter() - begun
        process.wait()
        return Times(up, down)

    def until(self, condition: Callable[[int], bool]) -> None:
        """Wait until it is true of every port, looked at one after the other."""
        for port in self.ports:
            limit = time.monotonic() + 120
            while not condition(port):
                if time.monotonic() > limit:
                    raise SystemExit(f"port {port}: it never came true")
                time.sleep(0.01)


def answers(port: int) -> bool:
    """Whether the server's model answers; the question is held open."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    with suppress(OSError, http.client.HTTPException):
        connection.request("POST", "/v1/chat/completions", BODY, {"Content-Type": "application/json"})
        return connection.getresponse().status == 200
    connection.close()
    return False


def is_free(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) != 0


def timed(action: Callable[[], None]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def median(rounds: Iterable[Times]) -> Times:
    ups, downs = zip(*rounds, strict=True)
    return Times(statistics.median(ups), statistics.median(downs))


def compare(field: Field, runs: int, others: str | None) -> None:
    """Let all take turns, and print what each needs beyond the bare shell."""
    ways: dict[str, Callable[[], Times]] = {
        "bare shell": lambda: field.other(["sh", "bare.sh"]),
        "mlxsm": field.mlxsm,
    }
    if others:
        bin_ = Path(others).parent
        ways["honcho"] = lambda: field.other([str(bin_ / "honcho"), "start"])
        ways["supervisor"] = lambda: field.other([str(bin_ / "supervisord"), "-c", "supervisord.conf"])
    rounds: dict[str, list[Times]] = {name: [] for name in ways}
    for _ in range(runs + 1):
        for name, way in ways.items():
            rounds[name].append(way())
    bare = median(rounds["bare shell"][1:])
    kind = "mlx_lm.server" if field.program != STAND_IN else "stand-ins"
    say(f"{field.count} {kind}: bare shell up {bare.up:.2f} s, down {bare.down:.2f} s")
    for name in [*ways][1:]:
        found = median(rounds[name][1:])
        say(f"  {name:<10}  up +{found.up - bare.up:.2f} s   down +{found.down - bare.down:.2f} s")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--servers", type=int, action="append")
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--others", metavar="PYTHON")
    options = parser.parse_args()
    for count in options.servers or ([3] if options.real else [5, 20]):
        with tempfile.TemporaryDirectory() as name:
            field = Field(Path(name), count, real=options.real)
            if options.real:
                make = [sys.executable, str(HERE.parent / "testing/programs/tiny_model.py"), field.model]
                subprocess.run(make, check=True)
            field.prepare()
            try:
                compare(field, options.runs, options.others)
            finally:
                field.run("down", "--all")


if __name__ == "__main__":
    main()
