"""The profile file: read with line and column, judged as a whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from mlxsm_sync.files.machine_name import this_machine
from mlxsm_sync.files.paths import refuse_secret
from mlxsm_sync.profile_file.reader import read_declarations
from mlxsm_sync.profile_file.selection import DeclaredFile, select
from mlxsm_sync.profile_file.whereabouts import named_path
from mlxsm_sync.syntax.source import STDIN, Tree, read_tree
from mlxsm_sync.values.desired import Desired, Input
from mlxsm_sync.values.machines import Machine

Caller = Callable[[], Machine]
"""Says what this machine is called; asked only where a file has machines."""


def unnamed() -> Machine:
    """What this machine is called where no command line says it."""
    return this_machine(None, os.environ)


def read_profile_file(path: str, caller: Caller = unnamed) -> Desired:
    """What the file wants on this machine; InvalidFile with every problem where it breaks a rule."""
    return judge_tree(path, read_tree(path), caller)


def judge_tree(path: str, tree: Tree, caller: Caller = unnamed) -> Desired:
    """What a file wants on this machine that has been read already."""
    file = declared_in(path, tree)
    return select(file, caller() if file.machines is not None else None)


def declared_in(path: str, tree: Tree) -> DeclaredFile:
    """What a file that has been read declares, for every machine."""
    root, problems, digest = tree
    return read_declarations(root, problems, Input(path=path, digest=digest), _named(path))


def _named(path: str) -> str | None:
    """The file as it was named, in full; nothing for what is no file, such as a pipe."""
    if path == STDIN or not stat.S_ISREG(os.stat(path).st_mode):
        return None
    refuse_secret(os.path.realpath(path), "the profile file")
    named = named_path(path)
    refuse_secret(named, "the profile file")
    return named
