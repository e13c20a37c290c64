"""`mlxsm service` with a real user manager of systemd, in namespaces of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlxsm_sync.servers import systemd_unit
from mlxsm_sync.servers.service_units import Service
from testing.paths import QUICK_RUN, STAND_IN
from testing.ports import is_free, new_port
from testing.project import Project
from testing.servers import Servers
from testing.services import Serviced
from testing.waiting import wait_for

pytestmark = pytest.mark.linux("a user manager of systemd in namespaces")

TOKEN = "hf_" + "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi"


def test_from_login_to_login(serviced: Serviced) -> None:
    """The life of a service: installed, started, healed, stopped, started again, gone without a trace."""
    port = serviced.declare(A="test/load-0")["A"]
    unit = f"systemd:mlxsm-{serviced.record_path('A').stem}.service"
    (one,) = serviced.install("A", HF_TOKEN=TOKEN)["services"]
    assert (one["result"], one["started"], one["service"]) == ("installed", True, unit)
    seen = serviced.seen("A")
    assert (seen["status"], seen["manager"]) == ("ready", unit)
    assert serviced.record("A")["manager"] == unit

    # It dies, and is there again.
    pid = serviced.seen("A")["pid"]
    serviced.run_inside("kill", "-9", str(pid))
    wait_for(lambda: (now := serviced.seen("A"))["status"] == "ready" and now["pid"] != pid)

    # Whoever logs out and in again finds it.
    serviced.session.log_out()
    assert is_free(port)
    assert serviced.run("service", "install", "A").code == 1
    serviced.session.log_in()
    wait_for(lambda: serviced.seen("A")["status"] == "ready")
    assert serviced.status()["A"]["state"] == "running"

    # What was stopped stays so, and is started again by the same manager.
    (down,) = serviced.run("down", "A", "--json").json["servers"]
    assert down["result"] == "stopped"
    assert "mlxsm service uninstall A" in down["message"]
    assert is_free(port)
    assert serviced.status()["A"]["state"] == "stopped"
    assert serviced.up("A")["A"]["result"] == "started"
    assert serviced.seen("A")["manager"] == unit
    before = serviced.seen("A")["pid"]
    (again,) = serviced.run("restart", "A", "--json").json["servers"]
    assert again["result"] == "recreated"
    assert serviced.seen("A")["pid"] != before

    gone = serviced.run("service", "uninstall", "A", "--json").json["services"]
    assert [one["result"] for one in gone] == ["uninstalled"]
    assert is_free(port)
    assert serviced.left() == []
    assert serviced.seen("A")["manager"] is None
    assert serviced.systemctl("status", unit.partition(":")[2]).returncode == 4  # no such unit


def test_a_unit_holds_no_secret_and_is_left_where_nothing_changes(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    first = serviced.install("A", "--no-start", HF_TOKEN=TOKEN, HF_HOME="/a b/$c%d\"e'", MLXSM_X="x" * 9)
    assert first["leftOut"] == ["HF_TOKEN"]
    path = serviced.unit_path("A")
    text, inode = path.read_text(), path.stat().st_ino
    assert TOKEN not in text
    assert "Environment=MLXSM_X=xxxxxxxxx" in text
    shown = serviced.systemctl("show", path.name, "--property=Environment").stdout
    assert "HF_HOME=/a b/$c%d\"e'" in shown.replace('\\"', '"').replace("\\$", "$")
    (again,) = serviced.install("A", "--no-start", HF_TOKEN=TOKEN, HF_HOME="/a b/$c%d\"e'", MLXSM_X="x" * 9)[
        "services"
    ]
    assert again["result"] == "unchanged"
    assert path.stat().st_ino == inode
    assert not serviced.record_path("A").exists()
    verified = serviced.run_inside("systemd-analyze", "verify", "--user", str(path))
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


def test_systemd_reads_every_word_as_it_was_meant(serviced: Serviced) -> None:
    """Quotes, percent signs, variables, spaces and letters of other scripts arrive, also in a program's path."""
    told = serviced.folder / "told.json"
    place = serviced.folder / "a $HOME %h \"b' \\ é"
    place.mkdir()
    (place / "python").symlink_to(sys.executable)
    words = ("", " ", "$HOME", "${HOME}", "%h%%", "a\tb\nc", "\"'\\", ";", "-x", "@y", "é\u200b", "#")
    script = f"import json, os, sys; json.dump([sys.argv[1:], dict(os.environ)], open({str(told)!r}, 'w'))"
    environment = {"HF_A": "$HOME %h \"'\\ é", "HF_B": "", "PATH": "/x y:%%"}
    argv = (str(place / "python"), "-c", script, *words)
    made = systemd_unit.written(Service("abcdefgh12345678", argv, environment, 5.0, ""))
    path = Path(serviced.environment["HOME"]) / ".config/systemd/user/mlxsm-abcdefgh12345678.service"
    path.parent.mkdir(parents=True)
    path.write_bytes(made)
    serviced.systemctl("daemon-reload")
    serviced.systemctl("start", path.name)
    got, variables = json.loads(told.read_text())
    assert got == [*words]
    assert {name: variables.get(name) for name in environment} == environment
    assert serviced.run_inside("systemd-analyze", "verify", "--user", str(path)).stderr == ""


def test_a_server_that_fails_is_told_and_given_up(serviced: Serviced) -> None:
    serviced.declare(A="test/exit-3", B="test/load-0")
    (one,) = serviced.install("A")["services"]
    assert one["result"] == "failed"
    assert one["message"].startswith("exited (code 3)")
    assert "systemd starts it again soon: mlxsm down A keeps it from that" in one["message"]
    assert serviced.status()["A"]["state"] in ("waiting", "starting")
    (down,) = serviced.run("down", "A", "--json").json["servers"]
    assert down["result"] in ("stopped", "not-running")
    assert serviced.status()["A"]["state"] in ("stopped", "failed")


def test_what_no_other_try_mends_is_tried_once(serviced: Serviced) -> None:
    serviced.declare(A="test/exit-2")
    (one,) = serviced.install("A")["services"]
    assert one["result"] == "failed"
    assert "starts it again" not in one["message"]
    assert serviced.status()["A"]["state"] == "failed"
    unit = serviced.unit_path("A").name
    shown = serviced.systemctl("show", unit, "--property=NRestarts,ExecMainStatus").stdout
    assert sorted(shown.split()) == ["ExecMainStatus=78", "NRestarts=0"]
    assert "mlxsm up A tries again" in serviced.status()["A"]["message"]


def test_the_fifth_failure_ends_it(serviced: Serviced) -> None:
    serviced.declare(A="test/exit-3")
    serviced.install("A", "--no-start")
    unit = serviced.unit_path("A")
    unit.write_text(unit.read_text().replace("RestartSec=5", "RestartSec=100ms"))
    serviced.systemctl("daemon-reload")
    serviced.systemctl("start", unit.name)
    wait_for(lambda: serviced.status()["A"]["state"] == "failed")
    message = serviced.status()["A"]["message"]
    assert message.startswith("it is not started again by itself: exited (code 3)")
    assert serviced.run("up", "A").code == 1
    assert len(json.loads(unit_failures(serviced).read_text())["failedAt"]) >= 1


def unit_failures(serviced: Serviced) -> Path:
    return serviced.record_path("A").with_suffix(".failures")


def test_options_that_the_unit_does_not_hold(serviced: Serviced) -> None:
    """The command that is told keeps what the unit holds."""
    serviced.declare(A="test/load-0")
    serviced.install("A", "--no-start", "--no-probe", "--stop-after-idle", "30m")
    refused = serviced.run("up", "A", "--timeout", "7", "--json").json["servers"][0]
    assert refused["result"] == "refused"
    entry = serviced.record_path("A").stem
    _, install, _ = re.split(": (mlxsm .*) changes that", refused["message"])
    assert install == f"mlxsm service install {entry} --timeout 7 --no-probe --stop-after-idle=1800s"
    (changed,) = serviced.install(*install.split()[3:])["services"]
    assert (changed["result"], changed["started"]) == ("updated", True)
    assert serviced.up("A", "--timeout", "7", "--no-probe")["A"]["result"] == "running"
    assert "--stop-after-idle=1800s" in serviced.unit_path("A").read_text()


def test_runs_by_hand_beside_a_service_do_not_keep_it_from_healing(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    serviced.install("A")
    for _ in range(6):
        assert serviced.run("run", "A").code == 1
    pid = serviced.seen("A")["pid"]
    serviced.run_inside("kill", "-9", str(pid))
    wait_for(lambda: (now := serviced.seen("A"))["status"] == "ready" and now["pid"] != pid)


def test_a_run_by_hand_does_not_end_the_wait_for_a_service(serviced: Serviced) -> None:
    serviced.declare(A="test/gate-x")
    with serviced.start("service", "install", "A", "--json") as installing:
        wait_for(lambda: serviced.seen("A")["status"] == "loading")
        assert serviced.run("run", "A").code == 1
        serviced.gate("x").touch()
        out, _ = installing.communicate(timeout=120)
    (one,) = json.loads(out)["services"]
    assert (one["result"], one["started"]) == ("installed", True), one


def test_up_starts_what_waits_to_be_started_again(
    serviced: Serviced, stranger: Callable[..., subprocess.Popen[bytes]]
) -> None:
    port = serviced.declare(A="test/load-0")["A"]
    serviced.install("A", "--no-start")
    other = stranger(port)
    serviced.systemctl("start", "--no-block", serviced.unit_path("A").name)
    wait_for(lambda: serviced.status()["A"]["state"] == "waiting")
    other.kill()
    other.wait()
    up = serviced.up("A")["A"]
    assert up["result"] == "started", up
    assert serviced.status()["A"]["state"] == "running"


def test_restart_stops_nothing_that_its_service_could_not_start_again(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    serviced.install("A", "--no-probe")
    pid, entry = serviced.seen("A")["pid"], serviced.record_path("A").stem
    old, new = serviced.folder / "profiles.yaml", serviced.folder / "new.yaml"
    old.rename(new)
    assert serviced.run("apply", "--yes", "-f", "new.yaml").code == 0
    again = f"mlxsm service install -f new.yaml {entry} --no-probe changes that"
    for why in (
        f"its service reads {old}, which it cannot",
        f"its service reads another profile file, {old}",
    ):
        told = serviced.run("restart", "A", "-f", "new.yaml", "--json").json["servers"][0]
        assert told["result"] == "failed"
        assert why in told["message"]
        assert again in told["message"].replace("'", "")
        assert serviced.seen("A")["pid"] == pid
        old.write_text("{")

    # What its `run` finds when it is started all the same is told by the status.
    serviced.run_inside("kill", "-9", str(pid))
    wait_for(lambda: serviced.status()["A"]["state"] == "failed")
    message = serviced.status()["A"]["message"]
    assert "profiles.yaml" in message
    assert "it ended" not in message

    (one,) = serviced.install(entry, "-f", "new.yaml")["services"]
    assert (one["result"], one["started"]) == ("updated", True), one
    unit = serviced.unit_path("A")
    unit.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/gone/python", unit.read_text()))
    told = serviced.run("restart", "A", "-f", "new.yaml", "--json").json["servers"][0]
    assert (
        "its service starts it with /gone/python, which is not there: mlxsm service install"
        in told["message"]
    )
    assert serviced.seen("A")["status"] == "ready"


def test_a_profile_that_is_for_other_machines_now_is_told_so(serviced: Serviced) -> None:
    """`up` would not start it either."""
    serviced.declare(A="test/load-0")
    serviced.install("A", MLXSM_MACHINE="here")
    file = json.loads((serviced.folder / "profiles.yaml").read_text())
    file["machines"] = {"here": {}, "elsewhere": {}}
    file["profiles"][0]["on"] = ["elsewhere"]
    serviced.write(json.dumps(file))
    serviced.run_inside("kill", "-9", str(serviced.record("A")["runner"]))
    wait_for(lambda: serviced.status()["A"]["state"] == "failed")
    message = serviced.status()["A"]["message"]
    assert (
        "has no profile of it for this machine: mlxsm service uninstall A takes the service away" in message
    )
    assert "mlxsm up" not in message


def test_down_while_a_service_is_installed_is_told_as_that(serviced: Serviced) -> None:
    serviced.declare(A="test/gate-x")
    with serviced.start("service", "install", "A", "--json") as installing:
        wait_for(lambda: serviced.seen("A")["status"] == "loading")
        assert serviced.run("down", "A").code == 0
        out, _ = installing.communicate(timeout=120)
    (one,) = json.loads(out)["services"]
    assert (one["result"], one["message"]) == ("failed", "it was stopped before it was ready")


def test_an_interrupt_between_two_services_finishes_the_one_that_is_written(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0_deaf", B="test/load-0")
    serviced.install("--all")
    pid, before = serviced.record("A")["pid"], serviced.unit_path("B").read_text()
    with serviced.start("service", "install", "A", "B", "--timeout", "77", "--json") as installing:
        wait_for(lambda: serviced.status()["A"]["state"] == "stopping")
        serviced.run_inside("pkill", "-INT", "-f", "service install A B")
        serviced.run_inside("kill", "-9", str(pid))
        out, err = installing.communicate(timeout=120)
    assert installing.returncode == 130
    assert "interrupted: nothing more was written or started" in err
    a, b = json.loads(out)["services"]
    assert (a["result"], b["result"]) == ("updated", "failed")
    assert a["message"] == "its server was stopped, and is not started again: mlxsm up A starts it"
    assert "--timeout=77" in serviced.unit_path("A").read_text()
    assert serviced.unit_path("B").read_text() == before
    assert serviced.status()["B"]["state"] == "running"


def test_what_a_run_leaves_its_manager_kills_and_down_waits_for_that(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0_deaf")
    serviced.install("A", "--no-start")
    unit = serviced.unit_path("A")
    text = unit.read_text().replace("-P -m mlxsm_sync run", f"{QUICK_RUN} run")
    unit.write_text(text.replace("[Service]\n", "[Service]\nEnvironment=QUICK_GRACE=2\n"))
    serviced.systemctl("daemon-reload")
    serviced.systemctl("start", unit.name)
    assert serviced.seen("A")["status"] == "ready"
    (down,) = serviced.run("down", "A", "--grace", "2", "--json").json["servers"]
    assert down["result"] == "stopped", down


def test_what_a_service_cannot_hold_is_not_called_a_secret(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    told = serviced.run("service", "install", "A", "--print", HF_HOME="/x\ny")
    assert "HF_HOME of the environment: left out, since a service can hold no line break" in told.err
    assert "secrets" not in told.err


def test_a_server_of_up_is_not_taken_over(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    serviced.up("A")
    (one,) = serviced.install("A")["services"]
    assert one["result"] == "failed"
    assert "started by mlxsm up as process" in one["message"]
    assert serviced.left() == []
    seen = serviced.status()["A"]
    assert (seen["service"], seen["server"]) == (None, "ready")


def test_a_server_makes_way_through_its_manager(serviced: Serviced) -> None:
    port = new_port()
    models = {"A": "test/load-0", "B": "test/load-0_x"}
    serviced.write_profiles({name: {"modelID": model, "port": port} for name, model in models.items()})
    serviced.install("A")
    assert serviced.up("B", "--instead")["B"]["result"] == "started"
    assert serviced.status()["A"]["state"] == "stopped"
    assert (serviced.seen("B")["status"], serviced.seen("B")["manager"]) == ("ready", None)
    assert serviced.up("A", "--instead")["A"]["result"] == "started"
    assert serviced.seen("A")["manager"] == serviced.status("A")["A"]["service"]


def test_an_interrupt_while_it_starts_ends_it_and_leaves_the_unit(serviced: Serviced) -> None:
    port = serviced.declare(A="test/gate-x")["A"]
    with serviced.start("service", "install", "A") as installing:
        wait_for(lambda: serviced.seen("A")["status"] == "loading")
        serviced.run_inside("pkill", "-INT", "-f", "service install A")
        _, err = installing.communicate(timeout=120)
    assert installing.returncode == 130
    assert "interrupted: stopping what was started here" in err
    wait_for(lambda: serviced.status()["A"]["state"] in ("stopped", "failed"))
    assert is_free(port)
    assert serviced.unit_path("A").exists()


def test_a_service_without_its_manager(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    serviced.install("A", "--no-start")
    serviced.session.log_out()
    told = serviced.up("A")["A"]
    assert told["result"] == "failed"
    assert "mlxsm service uninstall A takes that away" in told["message"]
    assert serviced.run("ps").code == 0
    assert serviced.run("down", "A").code == 0
    gone = serviced.run("service", "uninstall", "A", "--json").json["services"][0]
    assert gone["result"] == "uninstalled"
    assert serviced.left() == []
    assert serviced.up("A")["A"]["result"] == "started"
    assert serviced.run("down", "A").code == 0


def test_at_boot_tells_what_the_administrator_does(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    told = serviced.run("service", "install", "A", "--at", "boot", "--no-start")
    assert told.code == 0
    assert "sudo loginctl enable-linger" in told.err
    shown = serviced.run("service", "install", "A", "--at", "boot", "--print")
    assert ("sudo loginctl enable-linger" in shown.err, "[Service]" in shown.out) == (True, True)
    assert "linger" not in serviced.run("service", "install", "A", "--print").err
    assert serviced.unit_path("A").exists()


def test_a_run_that_was_killed(serviced: Serviced) -> None:
    """The manager starts another one, which ends what the first has left, if anything."""
    port = serviced.declare(A="test/load-0")["A"]
    serviced.install("A")
    pid = serviced.seen("A")["pid"]
    serviced.run_inside("kill", "-9", str(serviced.record("A")["runner"]))
    wait_for(lambda: (now := serviced.seen("A"))["status"] == "ready" and now["pid"] != pid)
    assert serviced.run("down", "A", "--json").json["servers"][0]["result"] == "stopped"
    assert is_free(port)


def test_units_and_entries_that_lost_each_other(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0", B="test/load-0")
    serviced.install("--all")
    assert {one["state"] for one in serviced.status().values()} == {"running"}
    a = serviced.record_path("A").stem
    serviced.run("remove", "A", "--yes")
    gone = serviced.status()["A"]
    assert (gone["orphan"], gone["state"]) == (True, "running")
    assert f"mlxsm service uninstall {a}" in gone["message"]
    assert serviced.run("service", "uninstall", a).code == 0
    elsewhere = {
        one["id"]: one
        for one in serviced.run("service", "status", "--json", "--state", "other.json").json["services"]
    }
    (other,) = elsewhere.values()
    assert "it is of another state" in other["message"]
    gone = serviced.run("service", "uninstall", "--all", "--json").json["services"]
    assert [one["name"] for one in gone] == ["B"]
    assert serviced.left() == []


def test_a_state_without_a_profile_file(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    (serviced.folder / "profiles.yaml").unlink()
    (one,) = serviced.install("A")["services"]
    assert one["started"] is True
    assert "--file" not in serviced.unit_path("A").read_text()


def test_a_download_may_take_longer_than_a_start(serviced: Serviced) -> None:
    """systemd is asked for more time as long as something comes."""
    serviced.declare(A="test/fetch-24")
    cache = str(serviced.folder / "cache")
    serviced.install("A", "--timeout", "3", "--no-start", HF_HUB_CACHE=cache)
    unit = serviced.unit_path("A")
    unit.write_text(unit.read_text().replace("TimeoutStartSec=18\n", "TimeoutStartSec=3\n"))
    serviced.systemctl("daemon-reload")
    one = serviced.up("A", "--timeout", "3")["A"]
    assert one["result"] == "started", one
    assert one["readySeconds"] > 3


def test_it_ends_when_idle_and_is_not_started_again(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    serviced.install("A", "--stop-after-idle", "1s")
    wait_for(lambda: serviced.seen("A")["status"] == "stopped")
    seen = serviced.seen("A")
    assert "idle for" in (seen["lastError"] or "")
    assert serviced.status()["A"]["state"] == "stopped"


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
