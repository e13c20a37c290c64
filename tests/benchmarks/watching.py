"""Measure `mlxsm run` and `mlxsm fit`; nothing here passes or fails.

    python tests/benchmarks/watching.py [--runs N] [--seconds S] [--real]

`run` is timed until its server has answered, in turns with `up`, and then looked at while it watches. The log of the
server is small in one round and 45 MB in another. `fit` counts 20 models, in turns with `ls -lR` and a start of Python.
Without `--real` the server is a small stand-in.
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
from collections.abc import Callable
from pathlib import Path

import psutil

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from testing.models import model_folder  # noqa: E402 - of the folder that was just named
from testing.programs.tiny_model import make_model  # noqa: E402 - the same

BIN = Path(sys.executable).parent
MLXSM = str(BIN / "mlxsm")
STAND_IN = str(HERE.parent / "testing/programs/stand_in.py")
PORT = 26100
LONG = 45_000_000
"""Bytes of a log that is not moved away yet."""


class Home:
    """A home with one profile, or with the models of twenty."""

    def __init__(self, folder: Path, *, real: bool) -> None:
        self.folder = folder
        server = str(BIN / "mlx_lm.server") if real else STAND_IN
        self.environment = os.environ | {"HOME": str(folder), "MLXSM_SERVER": server, "HF_HUB_OFFLINE": "1"}
        self.environment.pop("XDG_STATE_HOME", None)
        model = "test/load-0"
        if real:
            make_model(folder / "model")
            model = str(folder / "model")
        else:
            self.environment.pop("HF_HUB_OFFLINE")
        self.write([{"name": "A", "modelID": model, "host": "127.0.0.1", "port": PORT}])

    def write(self, profiles: list[dict[str, object]]) -> None:
        (self.folder / "profiles.yaml").write_text(json.dumps({"schemaVersion": 1, "profiles": profiles}))
        self.call("apply", "--yes", "--prune", "--force")

    def call(self, *words: str) -> str:
        done = subprocess.run(
            [MLXSM, *words], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    def run(self) -> subprocess.Popen[str]:
        """A `run` whose server has answered."""
        process = subprocess.Popen(
            [MLXSM, "run", "A"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if "ready after" in line:
                return process
        raise RuntimeError("its server did not become ready")

    @property
    def log(self) -> Path:
        return next((self.folder / ".local/state/mlxsm/logs").glob("*.log"))


def timed(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def ready(home: Home, runs: int) -> None:
    """How long until the server has answered, by `up` and by `run`."""
    by_up, by_run = [], []
    for _ in range(runs):
        by_up.append(timed(lambda: home.call("up")))
        home.call("down")
        started: list[subprocess.Popen[str]] = []
        by_run.append(timed(lambda started=started: started.append(home.run())))  # type: ignore[misc]
        started[0].terminate()
        started[0].wait()
    up, run = statistics.median(by_up), statistics.median(by_run)
    say(f"ready: up {up:.2f} s, run {run:.2f} s, {run - up:+.2f} s")


def watched(home: Home, seconds: float, *, long: bool) -> None:
    """What a `run` holds and takes while it watches, and what its looks and `ps` take."""
    process = home.run()
    if long:
        with home.log.open("a") as log:
            log.write("a line of a log that has grown long\n" * (LONG // 36))
    time.sleep(12)  # what belongs to the start
    one = psutil.Process(process.pid)
    before, size = one.cpu_times(), home.log.stat().st_size
    time.sleep(seconds)
    after = one.cpu_times()
    used = after.user + after.system - before.user - before.system
    looked = timed(lambda: home.call("ps"))
    say(
        f"watching, log of {size / 1e6:.0f} MB: {one.memory_info().rss / 2**20:.1f} MiB, "
        f"{100 * used / seconds:.3f} % of a core over {seconds:g} s, "
        f"log {home.log.stat().st_size - size:+d} bytes, ps {looked:.2f} s"
    )
    process.terminate()
    process.wait()


def fit(home: Home, runs: int) -> None:
    """20 profiles on a folder of 20 models, as large as large ones are."""
    models = home.folder / "models"
    config = {
        "model_type": "qwen3_moe",
        "num_hidden_layers": 48,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
        "head_dim": 128,
        "hidden_size": 2048,
        "max_position_embeddings": 262144,
    }
    profiles: list[dict[str, object]] = []
    for number in range(20):
        path = model_folder(models / f"model-{number}", 17_000_000_000, config)
        profiles.append(
            {"name": f"P{number}", "modelID": str(path), "host": "127.0.0.1", "port": PORT + number}
        )
    home.write(profiles)
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(timed(lambda: home.call("fit", "--memory", "512GB")))
        theirs.append(
            timed(lambda: subprocess.run(["ls", "-lR", models], check=True, stdout=subprocess.DEVNULL))
            + timed(lambda: subprocess.run([sys.executable, "-c", ""], check=True))
        )
    a, b = statistics.median(ours), statistics.median(theirs)
    click = statistics.median(
        timed(lambda: subprocess.run([sys.executable, "-c", "import click, yaml, pydantic_core"], check=True))
        for _ in range(runs)
    )
    say(f"fit of 20: {a:.3f} s, ls -lR and python {b:.3f} s: {a / b:.1f}; libraries alone {click:.3f} s")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--real", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder), real=options.real)
        ready(home, options.runs)
        watched(home, options.seconds, long=False)
        watched(home, options.seconds, long=True)
        fit(home, options.runs)


if __name__ == "__main__":
    main()
