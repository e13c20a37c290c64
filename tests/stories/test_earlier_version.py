"""What version 0.1 has written is read, and a server that it has started is stopped.

The files are its own, but for places that differ from machine to machine, which stand as `@NAME@`. Its
server is started as it was: by the shim of that version, in a session of its own, with the run's mark.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlxsm_sync.mac_app.list_versions import record_of_list
from mlxsm_sync.system import current
from testing.paths import STAND_IN
from testing.ports import is_free, new_port
from testing.project import Project
from testing.servers import Servers
from testing.waiting import wait_for

EARLIER = Path(__file__).with_name("version_0_1")
ENTRY, NONCE = "aefwlkeowaj6thmc", "773f2f6477f297dcfd0004dc505ea3a9"


def restore(project: Project, **known: object) -> None:
    """Put the files of the earlier version where it left them."""
    places = {"HOME": project.folder / "home", "FOLDER": project.folder, "PORT": 8461} | known
    state, listed = project.state_path.parent, project.folder / "list.json"
    record = record_of_list(listed, listed, state)
    for path in EARLIER.rglob("*.*"):
        name = path.relative_to(EARLIER)
        if path.suffix in (".json", ".yaml"):
            text = path.read_text()
            for word, value in places.items():
                text = text.replace(f"@{word}@", str(value))
            outside = name.name in ("list.json", "profiles.yaml")
            target = (project.folder if outside else state) / name
            target = target.with_name(target.name.replace("app-LIST", record.stem))
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            target.write_text(text)
            target.chmod(0o600)


def test_its_state_and_history_are_read_and_gone_on_with(project: Project) -> None:
    restore(project)
    assert [one["name"] for one in project.run("list", "--json").json["entries"]] == ["A", "B"]
    assert project.run("plan").out == "Plan: nothing to do (2 unchanged)\n"
    kept = project.run("history", "--json").json["entries"]
    assert [(one["serial"], one["current"]) for one in kept] == [(2, True), (1, False), (0, False)]
    assert project.run("rollback", "1", "--yes").code == 0
    (_, changed) = project.state["entries"]
    assert (project.state["serial"], changed["profile"]["notes"]) == (3, "one")


def test_its_list_and_the_record_beside_it_are_read(project: Project) -> None:
    restore(project)
    listed = project.run("list", "--state", "app:list.json", "--json").json["entries"]
    assert [(one["name"], one["owner"], one["drifted"]) for one in listed] == [
        ("A", "team", False),
        ("B", "team", False),
    ]
    assert project.run("plan", "--state", "app:list.json").out == "Plan: nothing to do (2 unchanged)\n"


@pytest.fixture
def served(servers: Servers) -> Iterator[int]:
    """A server that the earlier version started, with its record; the number of its process."""
    port = new_port()
    restore(servers, PORT=port, SERVER=STAND_IN, BOOT=current.boot_id(), PID=2, BEGAN=0)
    folder = servers.state_path.parent
    shutil.copy(EARLIER / "keeper.py", servers.folder)
    reading, writing = os.pipe()
    options = ("--model=test/a", "--host=127.0.0.1", f"--port={port}")
    command = [sys.executable, "-I", "-S", str(servers.folder / "keeper.py")]
    command += [str(folder / f"run/{ENTRY}.ending"), str(writing), str(STAND_IN), *options]
    shim = subprocess.Popen(
        command,
        env=servers.environment | {"MLXSM_RUN": f"{ENTRY}.{NONCE}"},
        pass_fds=(writing,),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        pid = int(pipe.readline())
    wait_for(lambda: not is_free(port))
    restore(
        servers, PORT=port, SERVER=STAND_IN, BOOT=current.boot_id(), PID=pid, BEGAN=servers.start_mark(pid)
    )
    yield pid
    shim.wait(timeout=60)


def test_its_server_is_seen_and_stopped(servers: Servers, served: int) -> None:
    assert (servers.seen("A")["status"], servers.seen("A")["pid"]) == ("ready", served)
    (stopped,) = servers.run("down", "A", "--json").json["servers"]
    assert (stopped["name"], stopped["result"]) == ("A", "stopped")
    assert current.facts(served) is None
    assert servers.seen("A")["status"] == "stopped"
