"""The ranks of a profile: they say on which machines it is, in the place of `on`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlxsm_sync.profile_file.machines import Machines, Settings
from mlxsm_sync.syntax.tree import Node, Problems, exactly
from mlxsm_sync.values.machines import is_name


def machines_of_ranks(profiles: Iterable[Node]) -> Machines | None:
    """The machines of a file that has no `machines`: those that ranks name; None where none do."""
    found: dict[str, Settings] = {}
    for profile in profiles:
        for node in _machines(profile):
            if isinstance(node.value, str) and is_name(node.value):
                found.setdefault(node.value.lower(), Settings(node.value, node.at, (), None))
    return Machines(found.values()) if found else None


def judge_ranks(profile: Node, machines: Machines | None, problems: Problems) -> tuple[str, ...] | None:
    """The machines that the ranks of a profile name; None where it has no ranks. Problems are noted."""
    if exactly(profile, ["cluster", "ranks"]) is None:
        return None
    if profile.members is not None and "on" in profile.members:
        problems.add(profile.keys["on"], "on is not needed: the ranks of its cluster name its machines")
    named = []
    for node in _machines(profile):
        if not isinstance(node.value, str) or not is_name(node.value):
            continue  # it is judged as a value
        if machines is not None and not machines.gives(node.value):
            near = machines.nearest(node.value)
            problems.add(node.at, f"machine names no machine of this file{f': {near}' if near else ''}")
        named.append(node.value)
    return tuple(named)


def _machines(profile: Node) -> Iterator[Node]:
    ranks = exactly(profile, ["cluster", "ranks"])
    for rank in (ranks.items or []) if ranks is not None else []:
        if (machine := exactly(rank, ["machine"])) is not None:
            yield machine
