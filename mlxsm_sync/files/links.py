"""Where a path leads. Links are followed, except those that another user may have planted."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

from mlxsm_sync.errors import FileError

POSIX = hasattr(os, "geteuid")
_MOST_LINKS = 40  # as in Linux, path_resolution(7)
_OPEN_FILES = re.compile(r"/proc/(?:self|thread-self|\d+)(?:/task/\d+)?/fd|/dev/fd")
"""Folders of links that lead to open files and say of them what is no path, see proc_pid_fd(5)."""


def trusted() -> set[int]:
    """The users whose links and files are as good as ours: we ourselves, root, and who called sudo."""
    users = {0, os.geteuid()}
    asked = os.environ.get("SUDO_UID", "")
    return users | {int(asked)} if os.geteuid() == 0 and asked.isdecimal() else users


def followed(path: str | os.PathLike[str]) -> Path:
    """The place that a path leads to; FileError at a link that another user may have planted.

    What does not exist stays as it is written. OSError where the system refuses, or links go round.
    """
    if not POSIX:
        return Path(os.path.realpath(path))
    text = os.fspath(path)
    place = "/" if text.startswith("/") else os.getcwd()
    names = text.split("/")[::-1]
    links = 0
    while names:
        name = names.pop()
        if name in ("", ".", ".."):
            place = os.path.dirname(place) if name == ".." else place
            continue
        target = _target(place, name)
        if target is None:
            place = os.path.join(place, name)
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        place = "/" if target.startswith("/") else place
        names += target.split("/")[::-1]
    return Path(place)


def open_file(place: Path) -> int | None:
    """The number of an open file of this process that a place stands for, None where it stands for none."""
    folder, name = os.path.split(place)
    mine = folder in ("/dev/fd", f"/proc/{os.getpid()}/fd") or folder.startswith(f"/proc/{os.getpid()}/task/")
    return int(name) if mine and _OPEN_FILES.fullmatch(folder) and name.isdecimal() else None


def _target(folder: str, name: str) -> str | None:
    """What a link says, None where this is no link that has a place."""
    here = os.path.join(folder, name)
    try:
        about = os.lstat(here)
    except OSError:  # what cannot be looked at is found out by who opens it
        return None
    if not stat.S_ISLNK(about.st_mode) or _OPEN_FILES.fullmatch(folder):
        return None
    _refuse_planted(here, about.st_uid, os.stat(folder).st_mode)
    return os.readlink(here)


def _refuse_planted(link: str, owner: int, folder: int) -> None:
    """Linux has a rule like this where it is told to, protected_symlinks in proc_sys_fs(5)."""
    shared = folder & stat.S_ISVTX and folder & stat.S_IWOTH
    if shared or owner not in trusted():
        raise FileError(f"{link} is a link that another user could have made", "name the file itself")
