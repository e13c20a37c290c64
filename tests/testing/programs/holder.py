"""A number that changes hands while it is looked at; to be run as the first process of a pid namespace.

Right after the last look at a process it dies, and a stranger is given its number. Then a signal goes
to what was found; it says whether the stranger lives.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from mlxsm_sync.system import linux, process_identity, run_marks
from mlxsm_sync.values.run import RunRecord

RUN_ID = "run"


def start(mark: str) -> subprocess.Popen[bytes]:
    """A process that does nothing, with the mark of a run."""
    code = "import sys, time; print(flush=True); time.sleep(60)"
    child = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {run_marks.RUN_VARIABLE: mark}, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def main() -> None:
    ours = start(f"{'a' * 16}.{RUN_ID}")
    about = linux.facts(ours.pid)
    assert about is not None
    record = RunRecord(
        id="a" * 16,
        name="A",
        owner=None,
        host="127.0.0.1",
        port=1,
        run_id=RUN_ID,
        boot_id=linux.boot_id(),
        pid=ours.pid,
        start_mark=about.start_mark,
        command=("/s",),
        arguments=(),
        server_version=None,
        profile_digest="",
        log="/l",
        started_at="2026-06-16T00:00:00Z",
    )
    strangers: list[subprocess.Popen[bytes]] = []
    looked = process_identity.belongs_to

    def changes_hands(pid: int, record: RunRecord) -> bool:
        answer = looked(pid, record)
        if not strangers:
            ours.kill()
            ours.wait()
            Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
            strangers.append(start("of somebody else"))
        return answer

    process_identity.belongs_to = changes_hands
    found = process_identity.identify(record)
    if found.handle is not None:
        found.handle.signal_alone(signal.SIGTERM)
        time.sleep(0.2)  # a signal that was sent arrives within a moment
    (stranger,) = strangers
    sys.stdout.write(f"same number {stranger.pid == record.pid}, stranger lives {stranger.poll() is None}\n")
    stranger.kill()


if __name__ == "__main__":
    main()
