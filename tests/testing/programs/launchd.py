"""What launchd is to `mlxsm service`, as public code and threads tell of it: the first process of a namespace.

    unshare --pid --fork --mount --mount-proc --kill-child python launchd.py HOME

`launchctl.py` asks it by a socket in the home. It starts what is bootstrapped, as its own child and with
XPC_SERVICE_NAME; starts again what ended otherwise than with 0, after a pause; returns from `bootout` before
the service is gone, and answers `bootstrap` with error 5 until then; and has no session for anybody where there
is a file `no-session` in the home. The file `slow` holds the seconds for which a service that has ended is
still there. The clock of calendars is a file, too: where there is a file `due`, it is removed, and what has a
calendar and does not run is started.
"""

from __future__ import annotations

import json
import os
import plistlib
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

THROTTLE = 0.3
"""Seconds in the place of ThrottleInterval, for tests that do not wait for half a minute."""
NO_DOMAIN = (125, "Domain does not support specified action")
NO_SERVICE = (113, 'Could not find service "{}" in domain for user gui: 501')
EIO = (5, "Bootstrap failed: 5: Input/output error")


@dataclass
class Job:
    plist: dict[str, Any]
    process: subprocess.Popen[bytes] | None = None
    begins: float = 0.0
    """When it is started next, 0 where it is not."""
    leaves: bool = False
    killed_at: float = 0.0
    gone_at: float = 0.0

    def start(self) -> None:
        self.begins = 0.0
        environment = {"HOME": HOME, "PATH": os.defpath} | self.plist.get("EnvironmentVariables", {})
        environment["LIKE_DARWIN_PYTHON"] = self.plist["ProgramArguments"][0]  # as everywhere on this Mac
        with open(self.plist["StandardErrorPath"], "ab") as log:
            self.process = subprocess.Popen(
                self.plist["ProgramArguments"],
                env=environment | {"XPC_SERVICE_NAME": self.plist["Label"]},
                cwd=self.plist["WorkingDirectory"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def step(self) -> bool:
        """Do what is due; say whether it is still there."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            with suppress(ProcessLookupError):
                if not self.plist.get("AbandonProcessGroup"):
                    os.killpg(self.process.pid, signal.SIGKILL)
            kept_alive = (
                self.plist.get("KeepAlive") == {"SuccessfulExit": False} and self.process.returncode != 0
            )
            self.begins = now + THROTTLE if kept_alive and not self.leaves else 0.0
            self.process, self.gone_at = None, now + slowness()
        if self.process is not None and self.leaves and now > self.killed_at:
            self.process.kill()
        if self.begins and now >= self.begins:
            self.start()
        return not self.leaves or self.process is not None or now < self.gone_at

    def leave(self) -> None:
        self.leaves, self.begins = True, 0.0
        self.killed_at = time.monotonic() + self.plist.get("ExitTimeOut", 20)
        self.gone_at = time.monotonic() + slowness()
        if self.process is not None:
            self.process.terminate()

    def words(self) -> str:
        state = "running" if self.process is not None else "spawn scheduled" if self.begins else "not running"
        return f"gui/501/{self.plist['Label']} = {{\n\tactive count = 1\n\tstate = {state}\n\tlast exit code = 0\n}}\n"


HOME = sys.argv[1]
JOBS: dict[str, Job] = {}


def slowness() -> float:
    try:
        return float((Path(HOME) / "slow").read_text())
    except FileNotFoundError:
        return 0.0


def answer(words: list[str]) -> tuple[int, str]:
    verb, target = words[0], words[1]
    domain = f"gui/{os.getuid()}"
    if not target.startswith(domain) or (Path(HOME) / "no-session").exists():
        return NO_DOMAIN
    label = target.removeprefix(domain).removeprefix("/")
    if verb == "print" and not label:
        return 0, "com.apple.xpc.launchd.domain.user.501 = {\n}\n"
    if verb == "enable":
        return 0, ""
    if verb == "bootstrap":
        plist = plistlib.loads(Path(words[2]).read_bytes())
        if plist["Label"] in JOBS:
            return EIO
        JOBS[plist["Label"]] = job = Job(plist)
        if plist["RunAtLoad"]:
            job.start()
        return 0, ""
    if label not in JOBS:
        return NO_SERVICE[0], NO_SERVICE[1].format(label)
    job = JOBS[label]
    if verb == "print":
        return 0, job.words()
    if verb == "bootout":
        job.leave()
        return 0, ""
    if verb == "kickstart" and len(words) == 2:
        if job.process is None:
            job.start()
        return 0, ""
    return 64, f"Unrecognized subcommand: {verb}"


def log_in() -> None:
    """Load what is in the user's folder."""
    for path in sorted((Path(HOME) / "Library/LaunchAgents").glob("*.plist")):
        answer(["bootstrap", f"gui/{os.getuid()}", str(path)])


def look_at_the_clock() -> None:
    """Start what is due. One that still runs is not started a second time."""
    due = Path(HOME) / "due"
    if due.exists():
        due.unlink()
        for job in JOBS.values():
            if job.plist.get("StartCalendarInterval") and job.process is None and not job.leaves:
                job.start()


def reap() -> None:
    """Orphans are the first process's, as on any system; how its own services end is asked elsewhere."""
    known = {job.process.pid for job in JOBS.values() if job.process is not None}
    if sys.platform == "linux":  # where the namespaces are
        with suppress(ChildProcessError):
            while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                if found.si_pid in known:
                    return
                os.waitpid(found.si_pid, 0)


def main() -> None:
    place = Path(HOME) / ".launchd"
    place.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX)
    # By way of the folder: the whole path can be longer than a socket's name may be.
    os.chdir(HOME)
    door.bind(place.name)
    door.listen()
    door.settimeout(0.05)
    log_in()
    sys.stdout.write("done\n")
    sys.stdout.flush()
    while True:
        with suppress(TimeoutError):
            line, _ = door.accept()
            with line:
                code, text = answer(json.loads(line.makefile().readline()))
                line.sendall(json.dumps([code, text]).encode())
        look_at_the_clock()
        for label in [label for label, job in JOBS.items() if not job.step()]:
            del JOBS[label]
        reap()


if __name__ == "__main__":
    main()
