"""Where profile files are: the path of one as it was named, and which other paths lead to it or nowhere."""

from __future__ import annotations

import os

from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.file_origins import Origins
from mlxsm_sync.values.state import State

_STREAMS = ("/dev/", "/proc/")
"""What is named there is another file for each process."""


def named_path(path: str) -> str | None:
    """The absolute path of a file as it was named: no link is followed, so the name stays when one turns.

    Of `/dev/stdin` and its kin, the file behind it; None where that has no name.
    """
    if path.startswith(_STREAMS):
        resolved = os.path.realpath(path)
        return None if resolved.startswith(_STREAMS) else resolved
    joined = os.path.join(os.getcwd(), path)
    tidy = os.path.normpath(joined)
    # `link/..` is the parent of what the link leads to, which only the system knows.
    return tidy if os.path.realpath(tidy) == os.path.realpath(joined) else joined


def look(desired: Desired, state: State) -> Origins:
    """What stands now at the paths that the owner's entries came from.

    Only what the system calls missing is gone; where it refuses to look, the file counts as there.
    """
    here = desired.from_
    aliases, gone = set(), set()
    for path in {entry.from_ for entry in state.owned_by(desired.owner) if entry.from_ is not None}:
        if here is not None and _is_same(path, here):
            aliases.add(path)
        elif _is_missing(path):
            gone.add(path)
    return Origins(here, frozenset(aliases), frozenset(gone))


def _is_same(one: str, other: str) -> bool:
    try:
        if os.path.realpath(one) == os.path.realpath(other):
            return True
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


def _is_missing(path: str) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: no path at all
        return True
    except OSError:
        return False
    return False
