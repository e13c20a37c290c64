"""`mlxsm service` with launchd, rehearsed: a stand-in of launchd, and the commands in a Python like that of a Mac."""

from __future__ import annotations

import os
import plistlib
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testing.paths import LIKE_DARWIN, PROGRAMS, STAND_IN
from testing.ports import is_free
from testing.project import Project
from testing.servers import Servers
from testing.user_session import ScreenSession
from testing.waiting import wait_for

pytestmark = pytest.mark.linux("a namespace for the stand-in of launchd")


class Mac(Servers):
    """A project of a user who is logged in at the screen."""

    session: ScreenSession

    @property
    def home(self) -> Path:
        return Path(self.environment["HOME"])

    def install(self, *arguments: str, **environment: str) -> Any:
        told = self.run("service", "install", "--json", *arguments, **environment)
        assert "services" in told.json, told
        return told.json["services"][0]

    def status(self) -> dict[str, Any]:
        (one,) = self.run("service", "status", "--json").json["services"]
        return dict(one)

    def kill_inside(self, pid: int) -> None:
        subprocess.run(self.session.program(self.folder, "kill", "-9", pid), check=True)

    @property
    def agents(self) -> list[Path]:
        return sorted((self.home / "Library/LaunchAgents").glob("*"))


@pytest.fixture
def mac(project: Project, tmp_path: Path) -> Iterator[Mac]:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, program in (("launchctl", PROGRAMS / "launchctl.py"), ("python-of-a-mac", LIKE_DARWIN)):
        (tools / name).write_text(f"#!{sys.executable}\n{program.read_text()}")
        (tools / name).chmod(0o755)
    environment = project.environment | {
        "MLXSM_SERVER": str(STAND_IN),
        "LIKE_DARWIN_PYTHON": str(tools / "python-of-a-mac"),
        "PATH": f"{tools}:{project.environment['PATH']}",
    }
    found = Mac(project.folder, environment)
    found.session = ScreenSession(found.home)
    found.program = found.session.program(project.folder, sys.executable, LIKE_DARWIN)
    yield found
    found.session.close()


def test_from_login_to_uninstall(mac: Mac) -> None:
    port = mac.declare(A="test/load-0")["A"]
    one = mac.install("A")
    label = f"com.mlxsm.{mac.record_path('A').stem}"
    assert (one["result"], one["started"], one["service"]) == ("installed", True, f"launchd:{label}")
    seen = mac.seen("A")
    assert seen["manager"] == f"launchd:{label}"
    assert mac.record("A")["manager"] == f"launchd:{label}"
    (path,) = mac.agents
    plist = plistlib.loads(path.read_bytes())
    assert plist["ProgramArguments"][1:6] == ["-P", "-m", "mlxsm_sync", "run", mac.record_path("A").stem]
    assert "--give-up-with-zero" in plist["ProgramArguments"]
    assert plist["KeepAlive"] == {"SuccessfulExit": False}
    assert (plist["ProcessType"], plist["ThrottleInterval"], plist["ExitTimeOut"]) == ("Interactive", 30, 60)

    mac.kill_inside(seen["pid"])
    wait_for(lambda: (now := mac.seen("A"))["status"] == "ready" and now["pid"] != seen["pid"])

    (down,) = mac.run("down", "A", "--json").json["servers"]
    assert down["result"] == "stopped"
    assert is_free(port)
    assert mac.status()["state"] == "absent"
    assert mac.up("A")["A"]["result"] == "started"
    (again,) = mac.run("restart", "A", "--json").json["servers"]
    assert again["result"] == "recreated"
    assert mac.seen("A")["manager"] == f"launchd:{label}"
    assert mac.run("service", "uninstall", "A").code == 0
    assert is_free(port)
    assert mac.agents == []
    assert not list(mac.state_path.parent.rglob("*.service.log"))


def test_a_bootout_that_takes_its_time(mac: Mac) -> None:
    """`bootstrap` says error 5 while the old one is there: it is waited for, and not told."""
    mac.declare(A="test/load-0")
    mac.install("A")
    (mac.home / "slow").write_text("2")
    changed = mac.install("A", "--no-probe")
    assert (changed["result"], changed["started"]) == ("updated", True)
    (again,) = mac.run("restart", "A", "--json").json["servers"]
    assert again["result"] == "recreated"


def test_no_session_at_the_screen(mac: Mac) -> None:
    mac.declare(A="test/load-0")
    (mac.home / "no-session").touch()
    told = mac.run("service", "install", "A")
    assert told.code == 1
    assert "this user has no session at the screen, and launchd needs one" in told.err
    assert mac.agents == []
    assert mac.run("service", "install", "A", "--print").code == 0


def test_what_no_other_try_mends_is_started_once(mac: Mac) -> None:
    """launchd knows no code that it gives up at, so `run` ends with 0."""
    mac.declare(A="test/exit-2")
    one = mac.install("A")
    assert one["result"] == "failed"
    assert "starts it again" not in one["message"]
    assert mac.status()["state"] == "stopped"


def test_the_fifth_failure_is_the_last(mac: Mac) -> None:
    mac.declare(A="test/exit-3")
    one = mac.install("A")
    assert one["result"] == "failed"
    assert "launchd starts it again soon" in one["message"]
    wait_for(lambda: mac.status()["state"] == "stopped")
    assert "it is not started again by itself: exited (code 3)" in mac.status()["message"]
    log = next(iter(mac.state_path.parent.rglob("*.service.log"))).read_text()
    assert log.count("A: failed") == 5
    assert "gave up: 5 runs failed within 10 min" in log


def test_at_boot_only_tells_what_the_administrator_does(mac: Mac) -> None:
    mac.declare(A="test/load-0")
    told = mac.run("service", "install", "A", "--at", "boot")
    assert told.code == 0
    assert mac.agents == []
    first, second = told.out.splitlines()
    assert first.startswith(
        "mlxsm service install --at boot --print A | sudo tee /Library/LaunchDaemons/com.mlxsm."
    )
    assert second.startswith("sudo launchctl bootstrap system /Library/LaunchDaemons/com.mlxsm.")
    shown = mac.run("service", "install", "A", "--at", "boot", "--print")
    assert plistlib.loads(shown.out.encode())["UserName"] == os.environ.get("LOGNAME", "root")


def test_at_boot_the_command_keeps_what_was_typed_and_json_tells_it(mac: Mac) -> None:
    mac.declare(A="test/load-0")
    typed = ("--at", "boot", "--stop-after-idle", "30m", "--timeout", "99", "--allow-arg", "a b")
    told = mac.run("service", "install", "A", *typed)
    first, _ = told.out.splitlines()
    words = shlex.split(first.partition(" | ")[0])
    held = plistlib.loads(mac.run(*words[1:]).out.encode())["ProgramArguments"]
    assert {"--stop-after-idle=1800s", "--timeout=99", "--allow-arg=a b"} <= {*held}
    one = mac.install("A", *typed)
    assert one["result"] == "refused"
    assert one["path"].startswith("/Library/LaunchDaemons/")
    assert first in one["message"]
    assert mac.agents == []


def test_a_service_whose_file_was_removed_is_seen_and_taken_away(mac: Mac) -> None:
    port = mac.declare(A="test/load-0")["A"]
    mac.install("A")
    mac.agents[0].unlink()
    assert mac.status()["state"] == "running"
    assert "is not there: mlxsm service install A writes it anew" in mac.status()["message"]
    assert mac.run("service", "uninstall", "A").code == 0
    assert is_free(port)
    assert mac.run("service", "status", "--json").json["services"] == []


def test_runs_by_hand_beside_a_service_do_not_keep_it_from_healing(mac: Mac) -> None:
    mac.declare(A="test/load-0")
    mac.install("A")
    for _ in range(5):
        assert mac.run("run", "A").code == 1
    pid = mac.seen("A")["pid"]
    mac.kill_inside(pid)
    wait_for(lambda: (now := mac.seen("A"))["status"] == "ready" and now["pid"] != pid)


def test_the_journal_that_launchd_does_not_have(mac: Mac) -> None:
    mac.declare(A="test/load-0")
    assert mac.run("service", "install", "A", "--log-to-stdout").code == 64


def test_a_plist_is_the_same_again_and_is_left(mac: Mac) -> None:
    mac.declare(A="test/load-0")
    mac.install("A", HF_HOME="/a b/<&>\"'é")
    (path,) = mac.agents
    before = path.stat().st_ino
    assert mac.install("A", HF_HOME="/a b/<&>\"'é")["result"] == "unchanged"
    assert path.stat().st_ino == before
    assert plistlib.loads(path.read_bytes())["EnvironmentVariables"]["HF_HOME"] == "/a b/<&>\"'é"
