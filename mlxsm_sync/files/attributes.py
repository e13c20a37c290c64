"""What a file has beside its content: an owner, extended attributes, other names."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from mlxsm_sync.files.links import POSIX, trusted

_ACL, _XATTR = 1 << 0, 1 << 2  # copyfile.h, https://github.com/apple-oss-distributions/copyfile


def take_over(fd: int, path: Path, before: Path, *, private: bool) -> None:
    """Let a new file have the owner and the extended attributes of the one whose place it takes.

    Only root can give a file away, and what is private only to who is trusted; what says who else may
    read goes to no private file. What the system refuses is left out.
    """
    try:
        about = os.stat(before)
    except OSError:
        return
    if POSIX:
        given = os.geteuid() == 0 and (not private or about.st_uid in trusted())
        with suppress(OSError):
            os.fchown(fd, about.st_uid if given else -1, about.st_gid)
    if sys.platform == "darwin":
        _copy_on_macos(before, path, _XATTR if private else _XATTR | _ACL)
    else:
        _copy_on_linux(before, fd, private=private)


def _copy_on_linux(before: Path, fd: int, *, private: bool) -> None:
    if sys.platform != "linux":  # no other system has these calls
        return
    names: list[str] = []
    with suppress(OSError):
        names = os.listxattr(before)
    for name in names:
        if name.startswith("user.") or not private:  # others say who may read it, see xattr(7)
            with suppress(OSError):
                os.setxattr(fd, name, os.getxattr(before, name))


def _copy_on_macos(before: Path, path: Path, flags: int) -> None:
    """By copyfile(3), since Python has no call for it there."""
    import ctypes

    with suppress(OSError, AttributeError):
        copyfile = ctypes.CDLL(None).copyfile
        copyfile.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_uint32]
        copyfile(os.fsencode(before), os.fsencode(path), None, flags)


def has_other_names(path: Path) -> bool:
    """Whether hard links give a file further names, which keep the old content when it is replaced."""
    try:
        return os.lstat(path).st_nlink > 1
    except OSError:
        return False
