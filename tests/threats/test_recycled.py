"""Numbers of processes that were given to somebody else; only the kernel can make them, so it does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from testing.ledger import THOROUGH, Tally
from testing.processes import lives
from testing.programs import number_reuse
from testing.project import Project
from testing.servers import Servers
from testing.tracing import needed

pytestmark = pytest.mark.linux("process numbers are chosen in a namespace of its own")

TIMES = 5000 if THOROUGH else 200


@pytest.mark.threat(26)
def test_a_number_that_is_given_anew_at_once_is_never_taken_for_ours(project: Project, tally: Tally) -> None:
    """So fast that start times cannot tell the two apart; the mark of the run does."""
    new_user = [] if os.geteuid() == 0 else ["-Ur"]
    space = [needed("unshare", "util-linux"), *new_user, "--pid", "--fork", "--mount-proc", "--kill-child"]
    done = subprocess.run(
        [*space, sys.executable, number_reuse.__file__, str(TIMES)],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert len(seen) == TIMES
    assert all(one["reused"] and one["lives"] for one in seen)
    twins = [one for one in seen if one["same_tick"]]
    assert twins, "no two had one number and one start"
    assert {(one["code"], one["result"]) for one in twins} == {(1, "failed")}
    assert {(one["code"], one["result"]) for one in seen if not one["same_tick"]} <= {(0, "not-running")}
    tally.add(numbers_given_anew=TIMES, with_one_start=len(twins))


@pytest.mark.threat(26)
@pytest.mark.parametrize(
    ("edit", "result", "told"),
    [
        ({"nonce": "0" * 32}, "failed", "does not carry the mark of this run; nothing was signalled"),
        ({"nonce": "0" * 32, "startMark": None}, "failed", "does not carry the mark of this run; nothing"),
        ({"bootId": "0" * 36}, "failed", "of another boot, but process"),
        ({"pidSpace": "pid:[1]", "nonce": "0" * 32}, "failed", "started in a container or PID namespace"),
        ({"nonce": "0" * 32, "startMark": "1"}, "not-running", "it had already exited"),
        ({"nonce": "0" * 32, "pid": None}, "not-running", "it had already exited"),
    ],
)
def test_a_running_server_that_its_record_does_not_prove_is_left_alone(
    servers: Servers, edit: dict[str, object], result: str, told: str, tally: Tally
) -> None:
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    servers.edit_record("A", **edit)
    ended = servers.run("down", "--force", "--grace", "0", "--json")
    (one,) = ended.json["servers"]
    assert (ended.code, one["result"]) == (int(result == "failed"), result)
    assert told in one["message"]
    assert lives(pid)
    os.kill(pid, signal.SIGKILL)
    tally.add(edited_records=1)
