"""The profile file: read with line and column, judged as a whole."""

from __future__ import annotations

import os
import stat

from mlxsm_sync.files.paths import refuse_secret
from mlxsm_sync.profile_file.reader import judge
from mlxsm_sync.profile_file.whereabouts import named_path
from mlxsm_sync.syntax.source import STDIN, Tree, read_tree
from mlxsm_sync.values.desired import Desired, Input


def read_profile_file(path: str, *, refuse_duplicates: bool = False) -> Desired:
    """What the file wants; InvalidFile with every problem where it breaks a rule.

    `refuse_duplicates` makes a problem of what a plan would tell as a conflict inside the file.
    """
    return judge_tree(path, read_tree(path), refuse_duplicates=refuse_duplicates)


def judge_tree(path: str, tree: Tree, *, refuse_duplicates: bool = False) -> Desired:
    """What a file wants that has been read already."""
    root, problems, digest = tree
    read_from = Input(path=path, digest=digest)
    return judge(root, problems, read_from, _named(path), refuse_duplicates=refuse_duplicates)


def _named(path: str) -> str | None:
    """The file as it was named, in full; nothing for what is no file, such as a pipe."""
    if path == STDIN or not stat.S_ISREG(os.stat(path).st_mode):
        return None
    refuse_secret(os.path.realpath(path), "the profile file")
    named = named_path(path)
    refuse_secret(named, "the profile file")
    return named
