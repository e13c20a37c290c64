"""The profile file: read with line and column, judged as a whole."""

from __future__ import annotations

import os
import stat

from mlxsm_sync.files.machine_name import this_machine
from mlxsm_sync.files.paths import refuse_secret
from mlxsm_sync.profile_file.reader import read_declarations
from mlxsm_sync.profile_file.selection import DeclaredFile, select
from mlxsm_sync.profile_file.whereabouts import named_path
from mlxsm_sync.syntax.source import STDIN, Tree, read_tree
from mlxsm_sync.values.desired import Desired, Input


def read_profile_file(path: str, machine: str | None = None) -> Desired:
    """What the file wants on this machine; InvalidFile with every problem where it breaks a rule.

    `machine` is what the command line calls this machine, where it says so.
    """
    return wanted_here(declared_at(path), machine)


def wanted_here(file: DeclaredFile, machine: str | None = None) -> Desired:
    """What a file that has been read wants on this machine."""
    return select(file, this_machine(machine, os.environ) if file.machines is not None else None)


def declared_at(path: str) -> DeclaredFile:
    """What the file at a path declares, for every machine."""
    return declared_in(path, read_tree(path))


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
