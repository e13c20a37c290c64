"""A session of a user as systemd sees it: the first process of namespaces of its own. Run it by `unshare`.

    unshare --mount --pid --fork --mount-proc --cgroup --kill-child python user_session.py HOME

The manager is started at each word "start" on standard input, and killed at each "end", as a logout does;
what is done is answered on standard output. Nothing of this machine's own manager is touched.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

RUNTIME = Path("/run/user") / str(os.getuid())
GROUPS = Path("/sys/fs/cgroup")
OURS = "mlxsm-test-"
NEW_CGROUP = 0x02000000
"""CLONE_NEWCGROUP; Python has `os.unshare` from 3.12 on."""


def mount(kind: str, place: str) -> None:
    subprocess.run(["mount", "-t", kind, kind, place], check=True)


def prepare() -> None:
    mount("tmpfs", "/run")
    # What tells systemd's programs that a system of theirs runs: it needs no more than the folder.
    Path("/run/systemd/system").mkdir(parents=True)
    RUNTIME.mkdir(parents=True, mode=0o700)
    subprocess.run(["umount", "--recursive", str(GROUPS)], check=False, stderr=subprocess.DEVNULL)
    mount("cgroup2", str(GROUPS))
    # Sessions of other tests have units of the same names: each gets a group of its own for a root.
    while not have_a_group():
        time.sleep(0.05)
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_CGROUP) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["umount", str(GROUPS)], check=True)
    mount("cgroup2", str(GROUPS))


def have_a_group() -> bool:
    """Go into a new group of control, and remove those that earlier sessions have left; say whether it worked."""
    for left in GROUPS.glob(f"{OURS}*"):
        for folder in (*sorted(left.rglob("*/"), reverse=True), left):
            with suppress(OSError):  # it is in use, or another session was faster
                folder.rmdir()
    try:
        own = Path(tempfile.mkdtemp(prefix=OURS, dir=GROUPS))
        (own / "cgroup.procs").write_text("0")
    except OSError:  # another session has taken it for one that was left
        return False
    return True


def start(home: str) -> int:
    environment = {"HOME": home, "XDG_RUNTIME_DIR": str(RUNTIME), "PATH": os.defpath}
    manager = subprocess.Popen(
        ["/lib/systemd/systemd", "--user", "--log-target=null"],
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while ask(environment) not in ("running", "degraded"):
        time.sleep(0.05)
    return manager.pid


def ask(environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["systemctl", "--user", "is-system-running"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def end(manager: int) -> None:
    os.kill(manager, signal.SIGTERM)
    while os.path.exists(f"/proc/{manager}"):
        reap()
        time.sleep(0.02)


def reap() -> None:
    """Nobody else asks how orphans ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def next_word() -> str:
    """The next word; whatever ends meanwhile is no zombie for long."""
    while not select.select([sys.stdin], [], [], 0.1)[0]:
        reap()
    return sys.stdin.readline()


def main() -> None:
    home, manager = sys.argv[1], 0
    prepare()
    while word := next_word():
        if word.strip() == "start":
            manager = start(home)
        elif word.strip() == "end":
            end(manager)
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
