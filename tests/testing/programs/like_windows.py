"""Takes from a Python what it has not on Windows; test_windows.py lets every command load it first.

filelock and the standard library have their own ways there, so they keep what they use here.
"""

from __future__ import annotations

import builtins
import os
import signal
import sys
from types import ModuleType
from typing import Any

MISSING: dict[ModuleType, tuple[str, ...]] = {
    os: (
        *("geteuid", "getuid", "getegid", "getgid", "getsid", "getpgid", "setsid", "killpg", "fork"),
        *("fchmod", "fchown", "chown", "lchown", "mkfifo", "mknod", "pidfd_open", "pread", "pwrite", "uname"),
        *("O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "O_CLOEXEC", "statvfs", "sysconf", "WNOHANG"),
    ),
    signal: ("SIGHUP", "SIGKILL", "SIGALRM", "SIGUSR1", "pause", "setitimer", "pidfd_send_signal"),
}
MODULES = {"fcntl", "pwd", "grp", "termios", "tty", "pty", "resource", "curses", "syslog", "readline"}
_TAKEN: dict[tuple[str, str], Any] = {}
_import = builtins.__import__


def keeps(name: str) -> bool:
    """Whether a module may have what is missing."""
    top = name.partition(".")[0]
    return top == "filelock" or (top in sys.stdlib_module_names and top != "__main__")


def guarded_import(name: str, *rest: Any, **named: Any) -> ModuleType:
    """Import as ever, but for what there is not."""
    scope = (rest[0] if rest else named.get("globals")) or {}
    relative = rest[3] if len(rest) > 3 else named.get("level", 0)
    if not relative and name.partition(".")[0] in MODULES and not keeps(str(scope.get("__name__"))):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return _import(name, *rest, **named)


def without(module: ModuleType, names: tuple[str, ...]) -> None:
    """Take names from a module, but not from those who keep them."""
    for name in names:
        if hasattr(module, name):
            _TAKEN[module.__name__, name] = getattr(module, name)
            delattr(module, name)

    def give(name: str) -> Any:
        key = (module.__name__, name)
        if key in _TAKEN and keeps(sys._getframe(1).f_globals.get("__name__", "")):
            return _TAKEN[key]
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    setattr(module, "__getattr__", give)  # noqa: B010 - PEP 562


for taken_from, what in MISSING.items():
    without(taken_from, what)
builtins.__import__ = guarded_import
if os.environ.pop("CALLED_WINDOWS", None):
    import click  # noqa: F401 - it looks at the name of the system, and has parts that are only there

    sys.platform = "win32"
