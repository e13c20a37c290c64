"""Clocks that are wrong or jump: nothing is decided by the time of day.

libfaketime gives commands another time; servers do not inherit it, since what is preloaded is dropped. It
shifts the clocks that count from the boot as well, in which Python cannot wait; so where a command waits, the
time of day alone is made to jump, inside its Python.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from filelock import FileLock

from testing.ledger import Tally
from testing.processes import processes_of
from testing.project import Project
from testing.servers import Servers
from testing.tracing import needed

pytestmark = pytest.mark.linux("another time by faketime")

BACK, AHEAD = "-1y", "+10y"
CLOCKS = [None, BACK, AHEAD, None, AHEAD, BACK]

JUMPING = """
import time

_at = [time.time()]
def jump(by={by}):
    _at[0] += by
    return _at[0]
time.time = jump
time.time_ns = lambda: int(jump() * 10**9)
"""


class At:
    """The same project at another time."""

    def __init__(self, project: Project, clock: str | None) -> None:
        self._project = project
        self._before = [needed("faketime", "faketime"), "-f", clock] if clock else []

    def run(self, *arguments: str) -> str:
        """What a command that succeeds puts out."""
        words = " ".join(f"'{word}'" for word in [*self._before, *self._project.command(*arguments)])
        result = self._project.shell(words)
        assert result.code == 0, result
        assert "Traceback" not in result.err
        return result.out


def file(port: int) -> str:
    return f"schemaVersion: 1\nprofiles: [{{name: A, modelID: m/a, host: 127.0.0.1, port: {port}}}]\n"


@pytest.mark.threat(25)
def test_the_order_of_states_is_that_of_their_writing(project: Project, tally: Tally) -> None:
    for port, clock in enumerate(CLOCKS, 1):
        project.write(file(port))
        At(project, clock).run("apply", "--yes")
        assert project.state["serial"] == port
        tally.add(jumps=1)
    told = json.loads(At(project, BACK).run("history", "--json"))["entries"]
    assert [one["serial"] for one in told] == [*range(len(CLOCKS), -1, -1)]
    years = [int(one["writtenAt"][:4]) for one in told[:-1]]
    assert max(years) - min(years) == 11, "the clock did not jump"
    assert years != sorted(years)
    # Back is to what was written before, not to what has an earlier date.
    for clock, port in ((AHEAD, len(CLOCKS) - 1), (BACK, len(CLOCKS)), (None, len(CLOCKS) - 1)):
        At(project, clock).run("rollback", "--yes")
        assert project.state["entries"][0]["profile"]["port"] == port
        tally.add(jumps=1)
    At(project, BACK).run("rollback", "3", "--yes")
    assert project.state["entries"][0]["profile"]["port"] == 3
    At(project, AHEAD).run("plan", "--out", "saved.plan")
    At(project, BACK).run("apply", "saved.plan")
    assert project.state["entries"][0]["profile"]["port"] == len(CLOCKS)
    tally.add(jumps=3)


@pytest.fixture(params=[1e6, -1e6])
def jumping(project: Project, request: pytest.FixtureRequest) -> dict[str, str]:
    """An environment in which every look at the time of day finds it twelve days on, or back."""
    site = project.folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(JUMPING.format(by=request.param))
    paths = [str(site), project.environment.get("PYTHONPATH", "")]
    found = {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    look = [sys.executable, "-c", "import time; print(-(time.time() - time.time()))"]
    seen = subprocess.run(look, env=project.environment | found, capture_output=True, check=True)
    assert float(seen.stdout) == request.param
    return found


@pytest.mark.threat(25)
def test_a_lock_is_waited_for_by_a_clock_that_nobody_sets(
    project: Project, jumping: dict[str, str], tally: Tally
) -> None:
    project.apply(file(1))
    project.write(file(2))
    with FileLock(f"{project.state_path}.lock"):
        begun = time.monotonic()
        told = project.run("apply", "--yes", "--json", "--lock-timeout", "1", **jumping)
        assert time.monotonic() - begun >= 1
        assert (told.code, told.json["error"]["kind"]) == (1, "locked")
    assert project.run("apply", "--yes", "--lock-timeout", "1", **jumping).code == 0
    tally.add(jumps=2)


@pytest.mark.threat(25)
def test_a_server_is_waited_for_by_a_clock_that_nobody_sets(
    servers: Servers, jumping: dict[str, str], tally: Tally
) -> None:
    servers.declare(A="test/load-0.3", Never="test/unbound", Deaf="test/deaf")
    started = servers.run("up", "A", "Deaf", "--json", **jumping).json["servers"]
    assert [one["result"] for one in started] == ["started", "started"]
    begun = time.monotonic()
    (told,) = servers.run("up", "Never", "--timeout", "2", "--json", **jumping).json["servers"]
    assert time.monotonic() - begun >= 2
    assert told["result"] == "failed"
    assert told["message"].startswith("it does not listen after 2 s")
    begun = time.monotonic()
    ended = servers.run("down", "--grace", "1", "--json", **jumping).json["servers"]
    assert time.monotonic() - begun >= 1
    assert {one["name"]: one["result"] for one in ended} | {"Never": ""} == {
        "A": "stopped",
        "Never": "",
        "Deaf": "failed",
    }
    assert servers.run("down", "--grace", "0", "--force", **jumping).code == 0
    tally.add(jumps=3)


@pytest.mark.threat(25)
@pytest.mark.parametrize("clock", [AHEAD, BACK])
def test_a_server_is_known_whatever_the_clock_says_since(servers: Servers, clock: str, tally: Tally) -> None:
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    later = At(servers, clock)
    (seen,) = json.loads(later.run("ps", "--json"))["servers"]
    assert (seen["status"], seen["pid"]) == ("ready", pid)
    (again,) = json.loads(later.run("up", "--json"))["servers"]
    assert (again["result"], again["pid"]) == ("running", pid)
    (ended,) = json.loads(later.run("down", "--json"))["servers"]
    assert (ended["result"], ended["pid"]) == ("stopped", pid)
    assert processes_of(servers.environment["HOME"]) == []
    tally.add(jumps=1)
