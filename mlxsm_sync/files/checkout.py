"""What is checked out of the git repository around a file, from git's own plain files: no program is asked.

https://git-scm.com/docs/gitrepository-layout
"""

from __future__ import annotations

import os
import re
from contextlib import suppress

from mlxsm_sync.files.plain_files import read_plain

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BRANCH = re.compile(r"ref: *(refs/[^\s\x00]+)")
_LARGEST = 16 * 1024 * 1024
"""Bytes of a file that are read; `packed-refs` has a line for each tag."""
_MOST_STEPS = 5
"""From a name to another one, as git allows."""


def commit_of(path: str) -> str | None:
    """The commit that is checked out where a file is; None outside of a repository, or where it has none.

    Links in the path are followed first: a file that is linked to belongs to where it is.
    """
    with suppress(OSError, ValueError):
        folder = os.path.dirname(os.path.realpath(path))
        while True:
            if (inside := _git_folder(folder)) is not None:
                return _head(inside)
            if (above := os.path.dirname(folder)) == folder:
                return None
            folder = above
    return None


def _git_folder(folder: str) -> str | None:
    """The folder with `HEAD`: `.git` itself, or what a file of that name names in a worktree or submodule."""
    place = os.path.join(folder, ".git")
    if os.path.isdir(place):
        return place if os.path.lexists(os.path.join(place, "HEAD")) else None
    if not os.path.isfile(place):
        return None
    word, colon, named = _text(place).partition(":")
    return os.path.join(folder, named.strip()) if word == "gitdir" and colon else None


def _head(git: str) -> str | None:
    name = "HEAD"
    for _ in range(_MOST_STEPS):
        text = _reference(git, name)
        if text is None or _COMMIT.fullmatch(text):
            return text
        found = _BRANCH.fullmatch(text)
        if found is None or ".." in found[1].split("/"):
            return None
        name = found[1]
    return None


def _reference(git: str, name: str) -> str | None:
    """What a name stands for: in the folder of the worktree, in that of all of them, in the packed list."""
    common = _common(git)
    for folder in (git, common):
        with suppress(OSError, ValueError):
            return _text(os.path.join(folder, name)).strip()
    with suppress(OSError, ValueError):
        packed = re.compile(rf"^({_COMMIT.pattern}) {re.escape(name)}$", re.MULTILINE)
        found = packed.search(_text(os.path.join(common, "packed-refs")))
        return found[1] if found is not None else None
    return None


def _common(git: str) -> str:
    """The folder that the worktrees of one repository share."""
    with suppress(OSError, ValueError):
        return os.path.join(git, _text(os.path.join(git, "commondir")).strip())
    return git


def _text(path: str) -> str:
    return read_plain(path, _LARGEST).decode()
