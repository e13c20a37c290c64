"""`mlxsm service` with a real user manager of systemd, in namespaces of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testing.paths import MLXSM, STAND_IN
from testing.ports import is_free, new_port
from testing.project import Project
from testing.servers import Servers
from testing.user_session import RUNTIME, UserSession
from testing.waiting import wait_for

TOKEN = "hf_" + "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi"


class Serviced(Servers):
    """A project whose commands run in the session of a user."""

    session: UserSession

    def install(self, *arguments: str, **environment: str) -> Any:
        return self.run("service", "install", "--json", *arguments, **environment).json

    def status(self, *arguments: str) -> dict[str, Any]:
        found = self.run("service", "status", "--json", *arguments).json["services"]
        return {one["name"]: one for one in found}

    def unit_path(self, name: str) -> Path:
        return (
            Path(self.environment["HOME"])
            / f".config/systemd/user/mlxsm-{self.record_path(name).stem}.service"
        )

    def systemctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        program = self.session.program(self.folder, Path("/usr/bin/systemctl"))
        return subprocess.run(
            [*program, "--user", *words], env=self.environment, capture_output=True, text=True, check=False
        )

    def run_inside(self, *words: str) -> subprocess.CompletedProcess[str]:
        program = self.session.program(self.folder, Path(words[0]))
        return subprocess.run(
            [*program, *words[1:]], env=self.environment, capture_output=True, text=True, check=False
        )

    def left(self) -> list[str]:
        """What there is of services in the home."""
        config = Path(self.environment["HOME"]) / ".config/systemd"
        return sorted(str(path.relative_to(config)) for path in config.rglob("*") if not path.is_dir())


@pytest.fixture
def servers(project: Project) -> Iterator[Serviced]:
    environment = project.environment | {"MLXSM_SERVER": str(STAND_IN), "XDG_RUNTIME_DIR": RUNTIME}
    session = UserSession(Path(environment["HOME"]))
    found = Serviced(project.folder, environment, session.program(project.folder, MLXSM))
    found.session = session
    yield found
    session.close()


def test_from_login_to_login(servers: Serviced) -> None:
    """The life of a service: installed, started, healed, stopped, started again, gone without a trace."""
    port = servers.declare(A="test/load-0")["A"]
    unit = f"systemd:mlxsm-{servers.record_path('A').stem}.service"
    (one,) = servers.install("A", HF_TOKEN=TOKEN)["services"]
    assert (one["result"], one["started"], one["service"]) == ("installed", True, unit)
    seen = servers.seen("A")
    assert (seen["status"], seen["manager"]) == ("ready", unit)
    assert servers.record("A")["manager"] == unit

    # It dies, and is there again.
    pid = servers.seen("A")["pid"]
    servers.run_inside("kill", "-9", str(pid))
    wait_for(lambda: (now := servers.seen("A"))["status"] == "ready" and now["pid"] != pid)

    # Whoever logs out and in again finds it.
    servers.session.log_out()
    assert is_free(port)
    assert servers.run("service", "install", "A").code == 1
    servers.session.log_in()
    wait_for(lambda: servers.seen("A")["status"] == "ready")
    assert servers.status()["A"]["state"] == "running"

    # What was stopped stays so, and is started again by the same manager.
    (down,) = servers.run("down", "A", "--json").json["servers"]
    assert down["result"] == "stopped"
    assert "mlxsm service uninstall A" in down["message"]
    assert is_free(port)
    assert servers.status()["A"]["state"] == "stopped"
    assert servers.up("A")["A"]["result"] == "started"
    assert servers.seen("A")["manager"] == unit
    before = servers.seen("A")["pid"]
    (again,) = servers.run("restart", "A", "--json").json["servers"]
    assert again["result"] == "recreated"
    assert servers.seen("A")["pid"] != before

    gone = servers.run("service", "uninstall", "A", "--json").json["services"]
    assert [one["result"] for one in gone] == ["uninstalled"]
    assert is_free(port)
    assert servers.left() == []
    assert servers.seen("A")["manager"] is None
    assert servers.systemctl("status", unit.partition(":")[2]).returncode == 4  # no such unit


def test_a_unit_holds_no_secret_and_is_left_where_nothing_changes(servers: Serviced) -> None:
    servers.declare(A="test/load-0")
    first = servers.install("A", "--no-start", HF_TOKEN=TOKEN, HF_HOME="/a b/$c%d\"e'", MLXSM_X="x" * 9)
    assert first["leftOut"] == ["HF_TOKEN"]
    path = servers.unit_path("A")
    text, inode = path.read_text(), path.stat().st_ino
    assert TOKEN not in text
    assert "Environment=MLXSM_X=xxxxxxxxx" in text
    shown = servers.systemctl("show", path.name, "--property=Environment").stdout
    assert "HF_HOME=/a b/$c%d\"e'" in shown.replace('\\"', '"').replace("\\$", "$")
    (again,) = servers.install("A", "--no-start", HF_TOKEN=TOKEN, HF_HOME="/a b/$c%d\"e'", MLXSM_X="x" * 9)[
        "services"
    ]
    assert again["result"] == "unchanged"
    assert path.stat().st_ino == inode
    assert not servers.record_path("A").exists()
    verified = servers.run_inside("systemd-analyze", "verify", "--user", str(path))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def test_a_server_that_fails_is_told_and_given_up(servers: Serviced) -> None:
    servers.declare(A="test/exit-3", B="test/load-0")
    (one,) = servers.install("A")["services"]
    assert one["result"] == "failed"
    assert one["message"].startswith("exited (code 3)")
    assert "systemd starts it again soon: mlxsm down A keeps it from that" in one["message"]
    assert servers.status()["A"]["state"] in ("waiting", "starting")
    (down,) = servers.run("down", "A", "--json").json["servers"]
    assert down["result"] in ("stopped", "not-running")
    assert servers.status()["A"]["state"] in ("stopped", "failed")


def test_what_no_other_try_mends_is_tried_once(servers: Serviced) -> None:
    servers.declare(A="test/exit-2")
    (one,) = servers.install("A")["services"]
    assert one["result"] == "failed"
    assert "starts it again" not in one["message"]
    assert servers.status()["A"]["state"] == "failed"
    unit = servers.unit_path("A").name
    shown = servers.systemctl("show", unit, "--property=NRestarts,ExecMainStatus").stdout
    assert sorted(shown.split()) == ["ExecMainStatus=78", "NRestarts=0"]
    assert "mlxsm up A tries again" in servers.status()["A"]["message"]


def test_the_fifth_failure_ends_it(servers: Serviced) -> None:
    servers.declare(A="test/exit-3")
    servers.install("A", "--no-start")
    unit = servers.unit_path("A")
    unit.write_text(unit.read_text().replace("RestartSec=5", "RestartSec=100ms"))
    servers.systemctl("daemon-reload")
    servers.systemctl("start", unit.name)
    wait_for(lambda: servers.status()["A"]["state"] == "failed")
    message = servers.status()["A"]["message"]
    assert message.startswith("it is not started again by itself: exited (code 3)")
    assert servers.run("up", "A").code == 1
    assert len(json.loads(unit_failures(servers).read_text())["failedAt"]) >= 1


def unit_failures(servers: Serviced) -> Path:
    return servers.record_path("A").with_suffix(".failures")


def test_options_that_the_unit_does_not_hold(servers: Serviced) -> None:
    servers.declare(A="test/load-0")
    servers.install("A", "--no-start", "--no-probe")
    refused = servers.run("up", "A", "--timeout", "7", "--json").json["servers"][0]
    assert refused["result"] == "refused"
    entry = servers.record_path("A").stem
    assert f"mlxsm service install {entry} --timeout 7" in refused["message"]
    (changed,) = servers.install(entry, "--timeout", "7", "--no-probe")["services"]
    assert (changed["result"], changed["started"]) == ("updated", True)
    assert servers.up("A", "--timeout", "7", "--no-probe")["A"]["result"] == "running"


def test_a_server_of_up_is_not_taken_over(servers: Serviced) -> None:
    servers.declare(A="test/load-0")
    servers.up("A")
    (one,) = servers.install("A")["services"]
    assert one["result"] == "failed"
    assert "started by mlxsm up as process" in one["message"]
    assert servers.left() == []
    seen = servers.status()["A"]
    assert (seen["service"], seen["server"]) == (None, "ready")


def test_a_run_that_was_killed(servers: Serviced) -> None:
    """The manager starts another one, which ends what the first has left, if anything."""
    port = servers.declare(A="test/load-0")["A"]
    servers.install("A")
    pid = servers.seen("A")["pid"]
    servers.run_inside("kill", "-9", str(servers.record("A")["runner"]))
    wait_for(lambda: (now := servers.seen("A"))["status"] == "ready" and now["pid"] != pid)
    assert servers.run("down", "A", "--json").json["servers"][0]["result"] == "stopped"
    assert is_free(port)


def test_units_and_entries_that_lost_each_other(servers: Serviced) -> None:
    servers.declare(A="test/load-0", B="test/load-0")
    servers.install("--all")
    assert {one["state"] for one in servers.status().values()} == {"running"}
    a = servers.record_path("A").stem
    servers.run("remove", "A", "--yes")
    gone = servers.status()["A"]
    assert (gone["orphan"], gone["state"]) == (True, "running")
    assert f"mlxsm service uninstall {a}" in gone["message"]
    assert servers.run("service", "uninstall", a).code == 0
    elsewhere = {
        one["id"]: one
        for one in servers.run("service", "status", "--json", "--state", "other.json").json["services"]
    }
    (other,) = elsewhere.values()
    assert "it is of another state" in other["message"]
    assert servers.run("service", "uninstall", "--all").code == 0
    assert servers.left() == []


def test_a_state_without_a_profile_file(servers: Serviced) -> None:
    servers.declare(A="test/load-0")
    (servers.folder / "profiles.yaml").unlink()
    (one,) = servers.install("A")["services"]
    assert one["started"] is True
    assert "--file" not in servers.unit_path("A").read_text()


def test_it_ends_when_idle_and_is_not_started_again(servers: Serviced) -> None:
    servers.declare(A="test/load-0")
    servers.install("A", "--stop-after-idle", "1s")
    wait_for(lambda: servers.seen("A")["status"] == "stopped")
    seen = servers.seen("A")
    assert "idle for" in (seen["lastError"] or "")
    assert servers.status()["A"]["state"] == "stopped"


def test_nothing_without_a_manager(project: Project) -> None:
    """No session, no unit; what would be written can be seen all the same."""
    servers = Servers(project.folder, project.environment | {"MLXSM_SERVER": str(STAND_IN)}, project.program)
    servers.declare(A="test/load-0")
    told = servers.run("service", "install", "A", XDG_RUNTIME_DIR="/nowhere")
    assert told.code == 1
    assert "nothing was written" in told.err
    assert not (Path(servers.environment["HOME"]) / ".config/systemd").exists()
    printed = servers.run("service", "install", "A", "--print", XDG_RUNTIME_DIR="/nowhere")
    assert printed.code == 0
    assert "KillMode=mixed" in printed.out
    assert os.listdir(Path(servers.environment["HOME"])) == [".local"]
    assert new_port()
