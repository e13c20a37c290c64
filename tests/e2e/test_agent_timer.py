"""`mlxsm agent install` with a real user manager of systemd, in namespaces of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from testing.checkouts import Fleet, profiles
from testing.ports import is_free, new_port
from testing.services import Serviced
from testing.waiting import wait_for

pytestmark = pytest.mark.linux("a user manager of systemd in namespaces")

TOKEN = "hf_" + "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi"
UNITS = ["user/mlxsm-agent.service", "user/mlxsm-agent.timer"]
ENABLED = "user/timers.target.wants/mlxsm-agent.timer"


def last_run(serviced: Serviced) -> dict[str, Any]:
    return dict(serviced.run("agent", "status", "--json").json["lastRun"] or {})


def install(fleet: Fleet, serviced: Serviced, *options: str, **environment: str) -> Any:
    return serviced.run(
        "agent", "install", "--repo", str(fleet.checkout), "--json", *options, **environment
    ).json


def test_from_install_to_uninstall(fleet: Fleet, serviced: Serviced) -> None:
    done = install(fleet, serviced, "--every", "15m")
    assert (done["result"], done["unit"], done["started"]) == ("installed", "systemd:mlxsm-agent.timer", True)
    assert serviced.left() == sorted([*UNITS, ENABLED])
    wait_for(lambda: last_run(serviced).get("applied") == "1 created")

    # It is listed, and it is read without a word of complaint.
    assert "mlxsm-agent.timer" in serviced.systemctl("list-timers").stdout
    paths = [str(Path(serviced.environment["HOME"]) / ".config/systemd" / name) for name in UNITS]
    verified = serviced.run_inside("/usr/bin/systemd-analyze", "verify", "--user", *paths)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    seen = serviced.run("agent", "status", "--json").json
    assert (seen["installed"], seen["isSet"], seen["managerTrouble"]) == (True, True, None)
    assert seen["nextAt"] > seen["lastRun"]["at"]
    assert (seen["options"]["everyMinutes"], seen["options"]["repository"]) == (15, str(fleet.checkout))

    # Started by its manager, it follows a push.
    made = fleet.push(profiles("One", port=21900))
    assert serviced.systemctl("start", "mlxsm-agent.service").returncode == 0
    assert (last_run(serviced)["after"], fleet.ports) == (made, {"One": 21900})

    # The same again changes nothing; without --repo the unit says which checkout.
    before = [Path(path).stat().st_ino for path in paths]
    assert install(fleet, serviced, "--every", "15m")["result"] == "unchanged"
    assert [Path(path).stat().st_ino for path in paths] == before
    assert serviced.run("agent", "run", "--json").json["repository"] == str(fleet.checkout)
    assert install(fleet, serviced, "--every", "1h", "--prune")["result"] == "updated"

    # Whoever logs out and in again finds it.
    serviced.session.log_out()
    refused = serviced.run("agent", "install", "--repo", str(fleet.checkout), "--every", "2h")
    assert refused.code == 1
    assert "nothing was written" in refused.err
    assert serviced.run("agent", "status", "--json").json["managerTrouble"] is not None
    serviced.session.log_in()
    wait_for(lambda: serviced.run("agent", "status", "--json").json["isSet"])

    gone = serviced.run("agent", "uninstall", "--json").json
    assert (gone["result"], serviced.left()) == ("uninstalled", [])
    assert "mlxsm" not in serviced.systemctl("list-timers", "--all").stdout
    assert serviced.systemctl("status", "mlxsm-agent.timer").returncode == 4
    data = Path(serviced.environment["HOME"]) / ".local/share"
    assert not list(data.rglob("*mlxsm*"))
    assert serviced.run("agent", "uninstall", "--json").json["result"] == "absent"
    assert fleet.ports == {"One": 21900}


def test_what_fails_is_a_failed_run_and_the_next_one_comes(fleet: Fleet, serviced: Serviced) -> None:
    install(fleet, serviced)
    wait_for(lambda: last_run(serviced) != {})
    (fleet.checkout / "profiles.yaml").write_text(profiles("One", port=21777))
    assert serviced.systemctl("start", "mlxsm-agent.service").returncode == 1
    seen = serviced.run("agent", "status", "--json").json
    assert (seen["state"], seen["isSet"], seen["lastRun"]["exit"]) == ("failed", True, 1)
    assert "changes that are not committed" in serviced.run("agent", "status").out
    fleet.git(fleet.checkout, "checkout", "--quiet", "profiles.yaml")
    healed = serviced.systemctl("start", "mlxsm-agent.service")
    assert healed.returncode == 0, last_run(serviced)


def test_it_holds_no_secret_and_writes_nothing_where_it_only_prints(fleet: Fleet, serviced: Serviced) -> None:
    printed = install(fleet, serviced, "--print", HF_TOKEN=TOKEN, HF_HOME="/models", SSH_AUTH_SOCK="/agent")
    assert printed["leftOut"] == ["HF_TOKEN"]
    texts = [one["text"] for one in printed["files"]]
    assert [Path(one["path"]).name for one in printed["files"]] == [
        "mlxsm-agent.timer",
        "mlxsm-agent.service",
    ]
    assert "Environment=HF_HOME=/models" in texts[1]
    assert not any(word in text for text in texts for word in (TOKEN, "SSH_AUTH_SOCK"))
    assert serviced.left() == []
    done = install(fleet, serviced, "--no-start", HF_TOKEN=TOKEN, HF_HOME="/models")
    assert (done["result"], done["started"], done["leftOut"]) == ("installed", False, ["HF_TOKEN"])
    config = Path(serviced.environment["HOME"]) / ".config/systemd/user"
    assert [(config / Path(one["path"]).name).read_text() for one in printed["files"]] == texts
    assert last_run(serviced) == {}
    serviced.session.log_out()
    serviced.session.log_in()
    wait_for(lambda: serviced.run("agent", "status", "--json").json["isSet"])


@pytest.mark.parametrize("name", ["mlxsm-agent.timer", "mlxsm-agent.service"])
def test_a_unit_of_somebody_else_is_not_touched(fleet: Fleet, serviced: Serviced, name: str) -> None:
    path = Path(serviced.environment["HOME"]) / ".config/systemd/user" / name
    path.parent.mkdir(parents=True)
    path.write_text("[Unit]\nDescription=mine\n")
    for command in (("install", "--repo", str(fleet.checkout)), ("uninstall",)):
        refused = serviced.run("agent", *command)
        assert refused.code == 1
        assert f"{path} is there, and mlxsm agent install did not write it" in refused.err
        assert serviced.left() == [f"user/{name}"]
    assert path.read_text() == "[Unit]\nDescription=mine\n"
    seen = serviced.run("agent", "status", "--json").json
    assert (seen["installed"], seen["options"]) == (False, None)


def test_agents_of_two_states_do_not_meet(fleet: Fleet, serviced: Serviced) -> None:
    other = serviced.folder / "other.json"
    install(fleet, serviced)
    second = install(fleet, serviced, "--state", str(other))
    assert second["unit"] != "systemd:mlxsm-agent.timer"
    record = other.parent / "agent-other/last-run.json"
    wait_for(lambda: record.exists() and last_run(serviced) != {})
    assert json.loads(record.read_text())["exit"] == 0
    assert (other.exists(), fleet.ports) == (True, {"One": 21801})
    assert serviced.run("agent", "uninstall", "--state", str(other)).code == 0
    assert serviced.left() == sorted([*UNITS, ENABLED])


def test_servers_that_it_starts_go_on(fleet: Fleet, serviced: Serviced) -> None:
    port = new_port()
    fleet.push(profiles("One", port=port, modelID="test/load-0"))
    install(fleet, serviced, "--up")
    wait_for(lambda: serviced.state_path.exists() and serviced.seen("One")["status"] == "ready")
    wait_for(lambda: last_run(serviced).get("exit") == 0)
    pid = serviced.seen("One")["pid"]
    assert serviced.systemctl("start", "mlxsm-agent.service").returncode == 0
    assert (serviced.seen("One")["status"], serviced.seen("One")["pid"]) == ("ready", pid)
    assert serviced.run("agent", "uninstall").code == 0
    assert serviced.seen("One")["pid"] == pid
    assert serviced.run("down", "One").code == 0
    assert is_free(port)


def test_what_the_unit_holds_counts_for_a_run_by_hand(fleet: Fleet, serviced: Serviced) -> None:
    """Whoever asked for signed commits does not move to others by typing less."""
    install(fleet, serviced, "--verify-commits", "--no-start")
    before = fleet.head()
    made = fleet.push(profiles("One", port=21900))
    for words in ((), ("--repo", str(fleet.checkout))):
        told = serviced.run("agent", "run", "--json", *words).json
        assert (told["exit"], told["moved"], fleet.head()) == (1, False, before)
        assert "no good signature" in told["message"]
    other = fleet.clone(serviced.folder / "other")
    fleet.git(other, "reset", "--quiet", "--hard", before)
    assert serviced.run("agent", "run", "--json", "--repo", str(other)).json["after"] == made


def test_uninstall_ends_a_run_that_goes_on(fleet: Fleet, serviced: Serviced) -> None:
    install(fleet, serviced)
    wait_for(lambda: last_run(serviced) != {})
    tools = serviced.folder / "tools"
    tools.mkdir()
    began = serviced.folder / "began"
    (tools / "ssh").write_text(f"#!/bin/sh\ntouch {began}\nexec sleep 600\n")
    (tools / "ssh").chmod(0o755)
    fleet.git(fleet.checkout, "remote", "set-url", "origin", "ssh://nobody.invalid/fleet")
    install(fleet, serviced, "--every", "10m", PATH=f"{tools}:{serviced.environment['PATH']}")
    wait_for(began.exists)
    seen = serviced.run("agent", "status", "--json").json
    assert seen["state"] == "starting"
    gone = serviced.run("agent", "uninstall", "--json").json
    assert (gone["result"], serviced.left()) == ("uninstalled", [])
