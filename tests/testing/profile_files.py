"""Profile files judged where a test has them: as text or as a tree, for this machine or for all."""

from __future__ import annotations

from mlxsm_sync.profile_file.file import declared_at, declared_in, wanted_here
from mlxsm_sync.profile_file.reader import read_declarations
from mlxsm_sync.profile_file.selection import for_every_machine, select
from mlxsm_sync.syntax.source import Tree
from mlxsm_sync.syntax.tree import Node, Problems
from mlxsm_sync.values.desired import Desired, Input


def judge(root: Node, problems: Problems, resolved: str | None) -> Desired:
    """What a tree wants that no file has."""
    return select(read_declarations(root, problems, Input(path="p.yaml", digest=""), resolved))


def judge_tree(path: str, tree: Tree) -> Desired:
    """What a file that was read wants on this machine."""
    return wanted_here(declared_in(path, tree))


def judge_alone(path: str) -> Desired:
    """What a file wants that has no machines, where duplicates are problems, too."""
    return judge_tree_alone(path, None)


def judge_tree_alone(path: str, tree: Tree | None) -> Desired:
    """The same for one that was read already."""
    (desired,) = for_every_machine(declared_in(path, tree) if tree is not None else declared_at(path))
    return desired
