"""Whose a file is, and how it becomes ours where an earlier `sudo` made it root's."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from mlxsm_sync.errors import FileError
from mlxsm_sync.files.links import POSIX, trusted


def is_ours(about: os.stat_result) -> bool:
    """Whether a file belongs to whoever runs this; Windows does not tell."""
    return not POSIX or about.st_uid == os.geteuid()


def is_trusted(about: os.stat_result) -> bool:
    """Whether a file belongs to us, to root, or to who called sudo; Windows does not tell."""
    return not POSIX or about.st_uid in trusted()


def name_of(user: int) -> str:
    """What a user is called, or the number."""
    return _login(user) or f"user {user}"


def _login(user: int) -> str | None:
    """The name that a user logs in by, None where the system knows none."""
    import pwd

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return None


def owner_around(path: Path) -> int | None:
    """Whose folder a file is or would be in, where that is neither ours nor root's; root alone is asked."""
    if not POSIX or os.geteuid() != 0:
        return None
    folder = next(one for one in path.parents if one.exists())
    owner = folder.stat().st_uid
    return owner if owner != 0 else None


def refuse_for_root(path: Path) -> None:
    """FileError where `sudo` would make a file of root's in a folder of the user's own."""
    owner = owner_around(path)
    if owner is not None and "SUDO_UID" in os.environ and not path.exists():
        name = name_of(owner)
        message = f"{path} would belong to root, in a folder of {name}"
        raise FileError(message, f"run it as {name}, without sudo")


def strange(path: str | os.PathLike[str]) -> Path | None:
    """The file, or the folder above it, where what is ours ends; None where all of it is ours, or nothing.

    Such a file or folder was made by another user in a folder of ours, by root under `sudo` for example.
    """
    below: Path | None = None
    place = Path(os.path.abspath(path))
    for here in (place, *place.parents) if POSIX else ():
        try:
            about = os.lstat(here)
        except OSError:  # not there, or hidden by a folder that is not ours
            continue
        if is_ours(about):
            return below
        below = here
    return None


def remedy(path: str | os.PathLike[str]) -> tuple[str, str] | None:
    """Whose a file is that the system keeps from us, and what to do; None where that is not why."""
    found = strange(path)
    if found is None:
        return None
    about = os.lstat(found)
    owner = name_of(about.st_uid)
    what = f"{found} belongs to {owner}"
    if os.geteuid() == 0:
        return what, f"run it as {owner}, without sudo"
    if about.st_uid != 0:
        return what, "name a place of your own"
    recursive = ["-R"] if stat.S_ISDIR(about.st_mode) else []
    me = _login(os.geteuid()) or str(os.geteuid())
    command = shlex.join(["sudo", "chown", *recursive, me, str(found)])
    return what, f"to make it yours: {command}"
