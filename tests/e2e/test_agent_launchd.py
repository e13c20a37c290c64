"""`mlxsm agent install` with launchd, rehearsed: a stand-in of launchd, and a Python like that of a Mac."""

from __future__ import annotations

import plistlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testing.checkouts import Fleet, profiles
from testing.paths import LIKE_DARWIN, PROGRAMS
from testing.project import Project
from testing.user_session import ScreenSession
from testing.waiting import wait_for

pytestmark = pytest.mark.linux("a namespace for the stand-in of launchd")


class Mac(Project):
    """A project of a user who is logged in at the screen."""

    session: ScreenSession

    @property
    def home(self) -> Path:
        return Path(self.environment["HOME"])

    @property
    def plist(self) -> Path:
        return self.home / "Library/LaunchAgents/com.mlxsm.agent.plist"

    @property
    def last_run(self) -> dict[str, Any]:
        return dict(self.run("agent", "status", "--json").json["lastRun"] or {})


@pytest.fixture
def mac(fleet: Fleet, tmp_path: Path) -> Iterator[Mac]:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, program in (("launchctl", PROGRAMS / "launchctl.py"), ("python-of-a-mac", LIKE_DARWIN)):
        (tools / name).write_text(f"#!{sys.executable}\n{program.read_text()}")
        (tools / name).chmod(0o755)
    project = fleet.project
    environment = project.environment | {
        "LIKE_DARWIN_PYTHON": str(tools / "python-of-a-mac"),
        "PATH": f"{tools}:{project.environment['PATH']}",
    }
    found = Mac(project.folder, environment)
    found.session = ScreenSession(found.home)
    found.program = found.session.program(project.folder, sys.executable, LIKE_DARWIN)
    yield found
    found.session.close()


def install(fleet: Fleet, mac: Mac, *options: str) -> Any:
    done = mac.run("agent", "install", "--repo", str(fleet.checkout), "--json", *options)
    assert done.code == 0, done
    return done.json


def test_from_install_to_uninstall(fleet: Fleet, mac: Mac) -> None:
    done = install(fleet, mac)
    assert (done["result"], done["unit"], done["started"]) == ("installed", "launchd:com.mlxsm.agent", True)
    wait_for(lambda: mac.last_run.get("applied") == "1 created")  # at load
    plist = plistlib.loads(mac.plist.read_bytes())
    assert len(plist["StartCalendarInterval"]) == 2
    assert plist["StartCalendarInterval"][1]["Minute"] - plist["StartCalendarInterval"][0]["Minute"] == 30
    assert not {"KeepAlive", "StartInterval"} & plist.keys()
    assert mac.plist.stat().st_mode & 0o777 == 0o644

    made = fleet.push(profiles("One", port=21900))
    (mac.home / "due").touch()
    wait_for(lambda: mac.last_run["after"] == made)
    wait_for(lambda: mac.run("agent", "status", "--json").json["state"] == "stopped")
    seen = mac.run("agent", "status", "--json").json
    assert (seen["installed"], seen["isSet"], seen["nextAt"]) == (True, True, None)
    assert seen["options"]["everyMinutes"] == 30

    inode = mac.plist.stat().st_ino
    assert install(fleet, mac)["result"] == "unchanged"
    assert mac.plist.stat().st_ino == inode
    assert install(fleet, mac, "--every", "4h")["result"] == "updated"
    assert len(plistlib.loads(mac.plist.read_bytes())["StartCalendarInterval"]) == 6

    gone = mac.run("agent", "uninstall", "--json").json
    assert gone["result"] == "uninstalled"
    assert [*mac.plist.parent.iterdir()] == []
    assert mac.run("agent", "status", "--json").json["installed"] is False


def test_it_is_loaded_at_the_next_login_only_where_that_is_wanted(fleet: Fleet, mac: Mac) -> None:
    done = install(fleet, mac, "--no-start")
    assert (done["started"], mac.plist.exists()) == (False, True)
    assert mac.run("agent", "status", "--json").json["isSet"] is False
    assert mac.last_run == {}


def test_no_session_at_the_screen(fleet: Fleet, mac: Mac) -> None:
    (mac.home / "no-session").touch()
    refused = mac.run("agent", "install", "--repo", str(fleet.checkout))
    assert refused.code == 1
    assert "this user has no session at the screen, and launchd needs one" in refused.err
    assert "nothing was written" in refused.err
    assert not mac.plist.exists()
    printed = mac.run("agent", "install", "--repo", str(fleet.checkout), "--print")
    assert plistlib.loads(printed.out.encode())["Label"] == "com.mlxsm.agent"


def test_the_plist_of_somebody_else_is_not_touched(fleet: Fleet, mac: Mac) -> None:
    mac.plist.parent.mkdir(parents=True)
    mac.plist.write_bytes(plistlib.dumps({"Label": "com.mlxsm.agent", "ProgramArguments": ["/bin/true"]}))
    before = mac.plist.read_bytes()
    for command in (("install", "--repo", str(fleet.checkout)), ("uninstall",)):
        refused = mac.run("agent", *command)
        assert refused.code == 1
        assert "it was not touched" in refused.err
    assert mac.plist.read_bytes() == before


def test_what_launchd_catches_of_a_run_is_kept_short(fleet: Fleet, mac: Mac) -> None:
    install(fleet, mac)
    wait_for(lambda: mac.last_run != {})
    log = mac.state_path.parent / "agent/manager.log"
    assert "Applied: 1 created." in log.read_text()
    log.write_bytes(b"x" * (1024 * 1024 + 1))
    (mac.home / "due").touch()
    wait_for(lambda: log.with_name("manager.log.1").exists())
