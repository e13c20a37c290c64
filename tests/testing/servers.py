"""What the tests with running servers share: a home whose servers are stand-ins, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from testing.paths import LIKE_DARWIN, STAND_IN
from testing.ports import is_free, new_port
from testing.processes import processes_of, start_mark
from testing.programs.tiny_model import make_model
from testing.project import Project
from testing.waiting import wait_for


@dataclass
class Servers(Project):
    """A project whose profiles are served by the stand-in, by their models."""

    def declare(self, **models: str) -> dict[str, int]:
        """Write a profile for each name and model, and apply it; the ports by name."""
        ports = {name: new_port() for name in models}
        self.write_profiles({name: {"modelID": model, "port": ports[name]} for name, model in models.items()})
        return ports

    def write_profiles(self, profiles: dict[str, dict[str, Any]]) -> None:
        """Write these profiles and apply them."""
        listed = [{"host": "127.0.0.1", "name": name} | fields for name, fields in profiles.items()]
        self.apply(json.dumps({"schemaVersion": 1, "collection": "test", "profiles": listed}))

    def seen(self, name: str) -> dict[str, Any]:
        """How `ps` sees one server."""
        (server,) = self.run("ps", name, "--json").json["servers"]
        return dict(server)

    def up(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """What `up` says of each."""
        return {one["name"]: one for one in self.run("up", "--json", *arguments).json["servers"]}

    def record_path(self, name: str) -> Path:
        (entry,) = (one for one in self.state["entries"] if one["profile"]["name"] == name)
        return self.state_path.parent / "run" / f"{entry['id']}.json"

    def record(self, name: str) -> Any:
        return json.loads(self.record_path(name).read_text())

    def edit_record(self, name: str, **fields: Any) -> None:
        self.record_path(name).write_text(json.dumps(self.record(name) | fields))

    def gate(self, name: str) -> Path:
        """A file that a model `gate-NAME` waits for; touch it."""
        return Path(self.environment["HOME"]) / f"gate-{name}"

    def start_mark(self, pid: int) -> str:
        """When a process started, as the command under test notes it: on a rehearsed Mac otherwise than here."""
        if len(self.program) == 1:
            return start_mark(pid)
        look = (
            f"import sys; sys.path.insert(0, {str(LIKE_DARWIN.parent)!r})\n"
            "import like_darwin; like_darwin.pretend()\n"
            "from mlxsm_sync.system.current import facts\n"
            f"print(facts({pid}).start_mark)"
        )
        return subprocess.run(
            [sys.executable, "-c", look], env=self.environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    def log(self, name: str) -> Path:
        return self.state_path.parent / "logs" / f"{self.record_path(name).stem}.log"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder, made once for all workers."""
    shared = tmp_path_factory.getbasetemp().parent
    with FileLock(shared / "model.lock"):
        folder = shared / "tiny-model"
        if not (folder / "tokenizer_config.json").exists():
            make_model(folder)
    return folder


@pytest.fixture
def servers(project: Project) -> Iterator[Servers]:
    environment = project.environment | {"MLXSM_SERVER": str(STAND_IN)}
    found = Servers(project.folder, environment, project.program)
    yield found
    left = processes_of(environment["HOME"])
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours that no server is; a signal would end it."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def stranger() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Somebody else's server, started by the test itself; it answers 200 to everything."""
    started: list[subprocess.Popen[bytes]] = []

    def start(port: int, host: str = "127.0.0.1") -> subprocess.Popen[bytes]:
        code = (
            "import sys\nfrom http.server import *\n"
            "class H(BaseHTTPRequestHandler):\n"
            "    def do_GET(self):\n"
            "        self.rfile.read(int(self.headers.get('Content-Length', 0)))\n"
            "        self.send_response(200); self.end_headers()\n"
            '        self.wfile.write(b\'{"status": "ok", "choices": [{}]}\')\n'
            "    do_POST = do_GET\n"
            "ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), H).serve_forever()\n"
        )
        process = subprocess.Popen([sys.executable, "-c", code, host, str(port)], stderr=subprocess.DEVNULL)
        started.append(process)
        wait_for(lambda: not is_free(port))
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
