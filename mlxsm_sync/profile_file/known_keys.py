"""The keys of a profile file: those that a place does not know are noted, and left out of what is judged."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from mlxsm_sync.profile_file.key_advice import RAW, Level, unknown_key
from mlxsm_sync.syntax.tree import MAX_PROBLEMS, Node, Problems
from mlxsm_sync.text.secret_keys import key_reason
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.cluster import Cluster, Rank
from mlxsm_sync.values.desired import Declaration, Defaults, MachineSettings, ProfileFile
from mlxsm_sync.values.fields import aliases
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import OPTIONS
from mlxsm_sync.values.validation import ValidationError
from mlxsm_sync.values.value_advice import message

_MODELS: dict[Level, type[Value]] = {
    "file": ProfileFile,
    "defaults": Defaults,
    "machine": MachineSettings,
    "profile": Declaration,
    "options": LaunchOptions,
    "default options": LaunchOptions,
    "cluster": Cluster,
    "rank": Rank,
}
_INNER: dict[tuple[Level, str], Level] = {
    ("file", "defaults"): "defaults",
    ("machine", "defaults"): "defaults",
    ("defaults", OPTIONS): "default options",
    ("profile", OPTIONS): "options",
    ("profile", "cluster"): "cluster",
    ("cluster", "ranks"): "rank",
}
"""Mappings inside others that have keys of their own, or lists of such mappings."""


def known_only(node: Node, level: Level, problems: Problems) -> Node:
    """The mapping without the keys that are unknown, which are noted.

    They are not left to the engine, which would tell of all of them: very many take all memory.
    """
    if node.members is None:
        return node
    known = aliases(_MODELS[level]).values()
    there = _there(node, known) if node.members.keys() - known else ()
    members = {}
    for key, inner in node.members.items():
        if key in known:
            below = _INNER.get((level, key))
            members[key] = _inside(inner, below, problems) if below else inner
        else:
            problems.add(node.keys[key], _about_key(key, inner, level, there))
    if RAW in members:
        _judge_portions(members[RAW].items or [], problems)
    return Node(node.at, members=members, keys=node.keys)


def _inside(node: Node, level: Level, problems: Problems) -> Node:
    """A mapping, or each of a list, without unknown keys."""
    if node.items is None:
        return known_only(node, level, problems)
    listed = Node(node.at)
    listed.items = [known_only(one, level, problems) for one in node.items]
    return listed


def _there(node: Node, known: Collection[str]) -> set[str]:
    """The keys that a mapping has and knows, and those of its launch options."""
    members = node.members or {}
    below = members[OPTIONS].members if OPTIONS in members else None
    return {key for key in members if key in known} | {*(below or {})}


def _about_key(key: str, value: Node, level: Level, there: Collection[str]) -> str:
    if reason := key_reason(key):
        return f"this key {reason}"
    scalar = value.value if value.items is None and value.members is None else []
    return unknown_key(key, scalar, level, there)


def _judge_portions(arguments: Sequence[Node], problems: Problems) -> None:
    """Note what is wrong with a very long list as far as it will be told, for the same reason."""
    for start in range(0, len(arguments) if len(arguments) > MAX_PROBLEMS else 0, MAX_PROBLEMS):
        portion = [one.plain() for one in arguments[start : start + MAX_PROBLEMS]]
        try:
            LaunchOptions.model_validate_json(json.dumps({RAW: portion}))
        except ValidationError as error:
            for one in error.issues:
                place = start + int(one.path[1])
                problems.add(arguments[place].at, f"{RAW}[{place}] {message(one, arguments[place].plain())}")
