"""The profile file: read with line and column, judged as a whole."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.files.machine_name import this_machine
from mlxsm_sync.files.paths import refuse_secret
from mlxsm_sync.profile_file.reader import read_declarations
from mlxsm_sync.profile_file.selection import DeclaredFile, select
from mlxsm_sync.profile_file.whereabouts import named_path
from mlxsm_sync.syntax.plist import is_plist
from mlxsm_sync.syntax.source import STDIN, Tree, read_bytes, read_tree
from mlxsm_sync.values.desired import Desired, Input

_SCRIPTS = (".sh", ".bash", ".zsh", ".fish", ".command", ".plist")


def read_profile_file(path: str, machine: str | None = None) -> Desired:
    """What the file wants on this machine; InvalidFile with every problem where it breaks a rule.

    `machine` is what the command line calls this machine, where it says so.
    """
    return wanted_here(declared_at(path), machine)


def wanted_here(file: DeclaredFile, machine: str | None = None) -> Desired:
    """What a file that has been read wants on this machine."""
    return select(file, this_machine(machine, os.environ) if file.machines is not None else None)


def declared_at(path: str, known_as: str | None = None) -> DeclaredFile:
    """What the file at a path declares, for every machine.

    `known_as` is the path at which what comes by standard input is going to be, or stands as it was before.
    """
    tree = read_tree(path, known_as)
    return declared_in(path, tree) if known_as is None else _declared(known_as, tree, _in_full(known_as))


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Say of a file of commands that it is no profile file how it becomes one."""
    try:
        yield
    except InvalidFile as error:
        if error.hint is None and _holds_commands(path):
            error.hint = f"to make a profile file of commands: mlxsm init --from-file {shlex.quote(path)}"
        raise


def _holds_commands(path: str) -> bool:
    """Whether a file is a script or a property list rather than what somebody meant as a profile file."""
    if path.lower().endswith((".yaml", ".yml", ".json")) or not os.path.isfile(path):
        return False
    data = read_bytes(path)
    return data.startswith(b"#!") or is_plist(data) or b"mlx_lm" in data or path.endswith(_SCRIPTS)


def declared_in(path: str, tree: Tree) -> DeclaredFile:
    """What a file that has been read declares, for every machine."""
    return _declared(path, tree, _named(path))


def _declared(path: str, tree: Tree, named: str | None) -> DeclaredFile:
    root, problems, digest = tree
    return read_declarations(root, problems, Input(path=path, digest=digest), named)


def _named(path: str) -> str | None:
    """The file as it was named, in full; nothing for what is no file, such as a pipe."""
    is_file = path != STDIN and stat.S_ISREG(os.stat(path).st_mode)
    return _in_full(path) if is_file else None


def _in_full(path: str) -> str | None:
    refuse_secret(os.path.realpath(path), "the profile file")
    named = named_path(path)
    refuse_secret(named, "the profile file")
    return named
