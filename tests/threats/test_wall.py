"""The metadata half opens no socket, and starts and signals no process: seen from inside, from outside, and offline."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from testing.ledger import Tally
from testing.metadata_commands import COMPLETIONS, STORY, prepare
from testing.project import Project
from testing.servers import Servers
from testing.tracing import Traced, needed, trace

pytestmark = pytest.mark.linux("traces by strace")

ALARM = 97
HOOK = f"""
import os, sys

FORBIDDEN = ("socket.", "subprocess.Popen", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.kill",
             "os.system", "pty.spawn", "signal.pthread_kill")

def listen(event, arguments):
    if event.startswith(FORBIDDEN):
        os.write(2, b"ALARM " + event.encode())
        os._exit({ALARM})

sys.addaudithook(listen)
"""
WATCHED = "%network,kill,tkill,tgkill,rt_sigqueueinfo,pidfd_send_signal,pidfd_open"
WATCHED += ",execve,execveat,fork,vfork,clone,clone3"


@pytest.fixture
def hooked(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose commands end with 97 at the first forbidden act."""
    folder = tmp_path_factory.mktemp("hook")
    (folder / "sitecustomize.py").write_text(HOOK)
    _watch(project, folder)
    prepare(project)
    return project


def _watch(project: Project, folder: Path) -> None:
    before = project.environment.get("PYTHONPATH")
    project.environment["PYTHONPATH"] = os.pathsep.join([str(folder), *([before] if before else [])])


@pytest.mark.threat(33)
@pytest.mark.parametrize(
    "act",
    [
        "import socket; socket.socket()",
        "import socket; socket.getaddrinfo('localhost', 1)",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.kill(os.getpid(), 0)",
        "import os; os.killpg(os.getpgid(0), 0)",
        "import pty; pty.spawn('/bin/true')",
        "import signal, threading; signal.pthread_kill(threading.get_ident(), 0)",
    ],
)
def test_the_alarm_goes_off(hooked: Project, act: str, tally: Tally) -> None:
    environment = hooked.environment
    done = subprocess.run([sys.executable, "-c", act], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr[:5]) == (ALARM, b"ALARM")
    tally.add(controls=1)


@pytest.mark.threat(33)
@pytest.mark.usefixtures("no_app")
def test_every_metadata_command_runs_without_an_alarm(hooked: Project, tally: Tally) -> None:
    for step in STORY:
        result = hooked.run(*step.words)
        assert result.code == step.code, (step, result)
        tally.add(commands=1)
    for line in COMPLETIONS:
        place = str(len(line.split()))
        found = hooked.run(_MLXSM_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=place)
        assert (found.code, found.out != "") == (0, True)
        tally.add(commands=1)
    # And the same state sets it off where servers are looked at.
    for command in (["ps"], ["doctor"], ["up", "--server-command", sys.executable], ["adopt", "A"]):
        result = hooked.run(*command)
        assert (result.code, "ALARM" in result.err) == (ALARM, True)
        tally.add(controls=1)


def acts(traced: Traced) -> list[str]:
    """What a command did beyond its own start; a new thread is no process."""
    first, *rest = [line for line in traced.lines if re.match(r"\d+ +\w+\(", line)]
    assert "execve(" in first
    return [line for line in rest if "CLONE_THREAD" not in line]


def watched(project: Project, *words: str) -> Traced:
    return trace(project.command(*words), project.folder, project.environment, "-e", f"trace={WATCHED}")


@pytest.mark.threat(33)
@pytest.mark.usefixtures("no_app")
def test_no_system_call_of_a_metadata_command_leaves_it(project: Project, tally: Tally) -> None:
    prepare(project)
    for step in STORY:
        traced = watched(project, *step.words)
        assert traced.code == step.code, (step, traced.err)
        assert acts(traced) == []
        tally.add(commands=1)


@pytest.mark.threat(33)
def test_the_trace_sees_what_the_other_half_does(servers: Servers, tally: Tally) -> None:
    servers.declare(A="test/load-0")
    assert servers.up()["A"]["result"] == "started"
    for words, seen in ((["ps"], "socket("), (["down"], "pidfd_send_signal("), (["up"], "execve(")):
        traced = watched(servers, *words, *(["--server-command", "false"] if words == ["up"] else []))
        assert any(seen in line for line in acts(traced)), (words, traced)
        tally.add(controls=1)


@pytest.mark.threat(33)
@pytest.mark.usefixtures("no_app")
def test_every_metadata_command_works_without_a_network(project: Project, tally: Tally) -> None:
    alone = [needed("unshare", "util-linux"), "-rn"]
    prepare(project)
    interfaces = subprocess.run(
        [*alone, "cat", "/proc/net/route"], capture_output=True, text=True, check=True
    ).stdout
    assert len(interfaces.splitlines()) <= 1, "there is still a way out"
    for step in STORY:
        done = subprocess.run(
            [*alone, *project.command(*step.words)],
            cwd=project.folder,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == step.code, (step, done.stdout, done.stderr)
        tally.add(commands=1)
    assert [entry["profile"]["name"] for entry in project.state["entries"]] == ["A", "B", "C"]
