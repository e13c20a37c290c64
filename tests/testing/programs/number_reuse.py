"""Lets numbers of processes be given anew at once, in a namespace of its own; test_recycled.py runs it.

`reuse.py TIMES`: each time, a server of ours ends, its number goes to somebody else, and `down` comes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.system.current import boot_id
from mlxsm_sync.values.run import RunRecord
from testing.entry_point import command
from testing.forged_records import start_mark

ID = "a" * 16
LAST = Path("/proc/sys/kernel/ns_last_pid")


def process(mark: str) -> subprocess.Popen[bytes]:
    """A process that any signal ends."""
    return subprocess.Popen(["/bin/sleep", "600"], env={"MLXSM_RUN" if mark else "NONE": mark})


def record(pid: int, run_id: str) -> RunRecord:
    return RunRecord(
        id=ID,
        name="A",
        owner=None,
        host="127.0.0.1",
        port=1,
        run_id=run_id,
        boot_id=boot_id(),
        pid=pid,
        start_mark=start_mark(pid),
        command=("/bin/sleep",),
        arguments=("600",),
        server_version=None,
        profile_digest="",
        log="/nowhere",
        started_at="2026-06-16T00:00:00Z",
    )


def once(files: RunFiles, number: int) -> dict[str, object]:
    """One server that ended, and what `down` does to who has its number now."""
    ours = process(f"{ID}.{number}")
    noted = record(ours.pid, str(number))
    ours.kill()
    ours.wait()
    LAST.write_text(str(ours.pid - 1))
    # Every third is a server of ours again, but of another run.
    other = process(f"{ID}.{number + 1}" if number % 3 == 0 else "")
    files.write(noted)
    ended = command("down", "--all", "--force", "--grace", "0", "--json")
    seen = {
        "reused": other.pid == noted.pid,
        "same_tick": start_mark(other.pid) == noted.start_mark,
        "code": ended.code,
        "result": json.loads(ended.out)["servers"][0]["result"],
        "lives": other.poll() is None,
    }
    other.kill()
    other.wait()
    return seen


if __name__ == "__main__":
    beside = RunFiles(Path(os.environ["HOME"]) / ".local/state/mlxsm")
    beside.prepare()
    print(json.dumps([once(beside, number) for number in range(int(sys.argv[1]))]))  # noqa: T201 - what a program says
