"""A rehearsal of macOS: the commands in a Python that is like one there, with the kernel's ways of Darwin.

It shows what can be shown without a Mac: which calls are made, and what is made of their answers. The
stories of tests/e2e run under it, too, with `pytest --like-darwin tests/e2e`; some of them each time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.test_down import (  # noqa: F401 - these stories are told again under the rehearsal
    test_a_process_whose_record_was_cut_off_is_found_by_its_mark,
    test_a_server_is_stopped_while_it_loads,
    test_a_server_outlives_its_shim,
    test_a_server_that_ignores_term_is_told_and_killed_only_with_force,
    test_a_server_without_a_record_is_known_by_its_marks,
    test_stopped_means_gone_and_the_port_free,
    test_what_is_left_of_a_server_that_died_is_stopped_too,
)
from e2e.test_watching import (  # noqa: F401 - the same
    test_a_server_that_is_only_silent_is_left_alone,
    test_only_what_answers_is_adopted_and_then_left_alone,
    test_states_of_one_folder_have_their_own_servers,
)
from e2e.test_whose import (  # noqa: F401 - the same
    test_a_profile_that_was_made_anew_is_not_its_old_server,
    test_a_record_of_an_earlier_version,
    test_an_interrupted_down_is_remembered,
    test_two_profiles_on_one_port,
)
from testing.paths import LIKE_DARWIN, STAND_IN
from testing.ports import is_free
from testing.processes import processes_of
from testing.project import Project
from testing.servers import Servers
from testing.waiting import wait_for


@pytest.fixture
def project(project: Project) -> Project:
    """A project whose command is like that of a Mac."""
    project.program = (sys.executable, str(LIKE_DARWIN))
    return project


LOOK = """
import fcntl, json, os, signal, socket, sys, time
sys.path.insert(0, sys.argv[1])
import like_darwin
like_darwin.pretend()
from mlxsm_sync.system import current, portable
gone = [hasattr(m, n) for m, n in ((os, "pidfd_open"), (signal, "pidfd_send_signal"), (socket, "AF_NETLINK"))]
me = current.facts(os.getpid())
print(json.dumps({
    "gone": gone, "source": current.source.__name__, "boot": portable.boot_id(), "name": sys.platform,
    "footprint": portable.memory(os.getpid()), "mark": me.start_mark, "older": me.older_mark,
    "age": current.age(os.getpid()),
    "full sync": fcntl.fcntl(os.open(like_darwin.__file__, os.O_RDONLY), fcntl.F_FULLFSYNC),
}))
"""


def looked(**hooks: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, LIKE_DARWIN.parent],
        env=os.environ | hooks,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_the_rehearsal_lacks_what_macos_lacks() -> None:
    found = looked()
    assert found["gone"] == [False, False, False]
    assert (found["source"], found["name"], found["full sync"]) == ("mlxsm_sync.system.portable", "darwin", 0)
    assert found["boot"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip().upper()
    assert int(str(found["footprint"])) > 10**6


def test_names_of_files_are_found_in_any_case_and_form(project: Project) -> None:
    project.write("schemaVersion: 1\nprofiles: []\n", "Caf\u00e9.yaml")
    for name in ("Caf\u00e9.yaml", "CAF\u00c9.YAML", "cafe\u0301.yaml"):
        assert project.run("validate", name, LIKE_DARWIN_APFS="1").code == 0, name
    assert project.run("validate", "CAF\u00c9.YAML").code == 1
    assert project.run("init", "-f", "cafe\u0301.yaml", LIKE_DARWIN_APFS="1").code == 1  # it is there


def test_what_is_of_one_boot_is_not_forced_through_the_drive(servers: Servers) -> None:
    syncs = servers.folder / "syncs"
    servers.environment["LIKE_DARWIN_SYNCS"] = str(syncs)
    servers.declare(A="test/a")
    assert "/.state.json." in syncs.read_text()
    syncs.write_text("")
    servers.up()
    servers.run("down")
    assert "/run/" not in syncs.read_text().replace("/run\n", "")


# The start of a process is the kernel's count, which no step of the clock moves.


@pytest.mark.parametrize("step", ["-86400", "3600", "0.5"])
def test_a_step_of_the_clock_moves_no_start_and_makes_no_age_negative(step: str) -> None:
    found = looked(LIKE_DARWIN_CLOCK_STEP=step)
    assert str(found["mark"]).startswith("ticks ")
    assert found["older"] != found["mark"]
    assert float(str(found["age"])) > 0


def test_a_clock_that_steps_while_servers_start_leaves_none_behind(servers: Servers) -> None:
    """Even where every start is told otherwise from then on: the mark of the run is the proof."""
    servers.declare(A="test/load-600", B="test/a")
    servers.environment["LIKE_DARWIN_MARKS_MOVE"] = "0.1"
    starting = servers.start("up", "--json")
    wait_for(lambda: servers.record_path("B").exists() and servers.record("B")["ready"])
    starting.send_signal(signal.SIGINT)
    out, _ = starting.communicate(timeout=120)
    told = {one["name"]: one["message"] for one in json.loads(out)["servers"]}
    assert told == dict.fromkeys("AB", "interrupted: it was stopped")
    assert processes_of(servers.environment["HOME"]) == []


def test_a_start_that_differs_beside_the_mark_is_no_proof_of_another(servers: Servers) -> None:
    ports = servers.declare(A="test/a", B="test/b")
    told = servers.up()
    servers.edit_record("A", startMark="1")
    servers.environment["LIKE_DARWIN_CLOCK_STEP"] = "7200"
    servers.environment["LIKE_DARWIN_MARKS_MOVE"] = "0.001"
    assert {name: servers.seen(name)["pid"] for name in ports} == {
        name: one["pid"] for name, one in told.items()
    }
    assert {one["result"] for one in servers.up().values()} == {"running"}
    assert servers.run("down").out == "  - A: stopped\n  - B: stopped\n"
    assert processes_of(servers.environment["HOME"]) == []


# System Integrity Protection shows no environment of the system's own programs.


def wrapper(servers: Servers, shell: str, before: str = "") -> None:
    path = servers.folder / "a wrapper"
    path.write_text(f'#!{shell}\n{before}\n{sys.executable} {STAND_IN} "$@"\n')
    path.chmod(0o755)
    servers.environment["MLXSM_SERVER"] = f"'{path}'"


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_wrapper_that_the_systems_shell_runs_is_served_and_stopped(servers: Servers, shell: str) -> None:
    ports = servers.declare(A="test/a", B="test/load-600")
    wrapper(servers, shell)
    starting = servers.start("up", "B")
    assert servers.up("A")["A"]["result"] == "started"
    pid = servers.record("A")["pid"]
    assert (servers.seen("A")["status"], servers.seen("A")["pid"]) == ("ready", pid)
    assert servers.up("A")["A"]["result"] == "running"
    assert servers.run("restart", "A").code == 0
    assert servers.record("A")["pid"] != pid
    wait_for(lambda: servers.record_path("B").exists() and servers.record("B")["pid"])
    assert servers.run("down").out == "  - A: stopped\n  - B: stopped\n"
    starting.communicate(timeout=120)
    assert all(map(is_free, ports.values()))
    assert processes_of(servers.environment["HOME"]) == []


@pytest.mark.parametrize("lives", ["shim", "no shim"])
def test_a_server_of_which_nothing_is_shown_is_known_by_its_session(servers: Servers, lives: str) -> None:
    """Not even the environment of its parent, as with a Python of the system."""
    servers.declare(A="test/a")
    servers.environment["LIKE_DARWIN_SIP"] = "all"
    pid = servers.up()["A"]["pid"]
    if lives == "no shim":
        os.kill(servers.record("A")["keeper"], signal.SIGKILL)
    assert (servers.seen("A")["status"], servers.seen("A")["pid"]) == ("ready", pid)
    assert servers.run("down").out == "  - A: stopped\n"
    assert processes_of(servers.environment["HOME"]) == []


def test_a_stranger_of_which_nothing_is_shown_is_left_alone(
    servers: Servers, bystander: subprocess.Popen[bytes]
) -> None:
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    servers.environment["LIKE_DARWIN_SIP"] = "all"
    mark = subprocess.run(
        [sys.executable, "-c", LOOK.replace("os.getpid()", str(bystander.pid)), LIKE_DARWIN.parent],
        capture_output=True,
        text=True,
        check=True,
    )
    start = json.loads(mark.stdout)["mark"]
    for fields in ({"startMark": start}, {"startMark": start, "keeper": None}, {"keeper": bystander.pid}):
        servers.edit_record("A", pid=bystander.pid, **fields)
        told = servers.run("down", "--force", "--grace", "0", "--json").json["servers"][0]
        assert told["result"] == "failed", fields
        assert told["message"].endswith(
            "shows no environment, and so no mark of this run; nothing was signalled"
        )
        assert servers.record_path("A").exists()
    assert bystander.poll() is None
    os.kill(pid, signal.SIGKILL)


def test_a_process_that_is_too_young_to_be_looked_into_is_waited_for(servers: Servers) -> None:
    servers.declare(A="test/a")
    servers.environment["LIKE_DARWIN_NEWBORN"] = "0.3"
    assert servers.up()["A"]["result"] == "started"
    assert servers.run("down").out == "  - A: stopped\n"


# A group in which everybody has just died.


def test_a_group_of_zombies_is_gone_and_no_failure_of_the_output(servers: Servers) -> None:
    ports = servers.declare(A="test/child", B="test/b")
    servers.up()
    servers.environment["LIKE_DARWIN_DIES_FIRST"] = "1"
    done = servers.run("down")
    assert (done.code, done.out, done.err) == (0, "  - A: stopped\n  - B: stopped\n", "")
    assert all(map(is_free, ports.values()))
    assert processes_of(servers.environment["HOME"]) == []


def test_a_kill_at_the_end_of_the_grace_meets_nobody_else(servers: Servers, tmp_path: Path) -> None:
    """Between TERM and KILL the number is given to somebody else: nothing is signalled then."""
    script = tmp_path / "grace.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(LIKE_DARWIN.parent)!r})\n"
        "import like_darwin, os, signal\n"
        "like_darwin.pretend()\n"
        "from mlxsm_sync.system import current, process, process_identity\nfrom mlxsm_sync.servers import records, stopping\n"
        "from pathlib import Path\n"
        "files = records.RunFiles(Path(sys.argv[1]))\n"
        "(record,) = files.records().values()\n"
        "sent = []\n"
        "real = os.killpg\n"
        "def killpg(group, number):\n"
        "    if number:\n"
        "        sent.append(signal.Signals(number).name)\n"
        "        record.__dict__['run_id'] = 'f' * 32  # what has the number carries another mark from now on\n"
        "        record.__dict__['shim'] = None\n"
        "    real(group, number)\n"
        "os.killpg = killpg\n"
        "(told,) = stopping.stop_all([('A', record)], files, grace=0.2, force=True)\n"
        "print(sent, told.result)\n"
    )
    servers.declare(A="test/deaf")
    pid = servers.up()["A"]["pid"]
    done = subprocess.run(
        [sys.executable, script, servers.state_path.parent],
        env=servers.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "['SIGTERM'] failed\n", done.stderr
    os.kill(pid, signal.SIGKILL)
