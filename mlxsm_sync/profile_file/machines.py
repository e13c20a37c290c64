"""The machines of a profile file, and what `on` says of a profile: judged, with line and column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, reduce
from itertools import pairwise
from typing import NamedTuple

from mlxsm_sync.profile_file.known_keys import known_only
from mlxsm_sync.profile_file.profile_reader import validated
from mlxsm_sync.syntax.tree import Node, Position, Problems, is_null
from mlxsm_sync.text.json_value import Json, same
from mlxsm_sync.text.suggest import did_you_mean
from mlxsm_sync.text.unicode import unseen
from mlxsm_sync.values.desired import MachineSettings
from mlxsm_sync.values.machines import (
    KEY_RULE,
    ON_RULE,
    TAG,
    is_key,
    is_on,
    is_pattern,
    keys_of,
    overlap,
)
from mlxsm_sync.values.profile import OPTIONS

_SHOWN_LENGTH = 60


class Settings(NamedTuple):
    """What the file says of one machine, or of all machines of a pattern."""

    key: str
    at: Position
    tags: tuple[str, ...]
    defaults: Node | None


class Machines:
    """All machines that a file is for."""

    def __init__(self, settings: Iterable[Settings]) -> None:
        self.settings = tuple(settings)
        self._by_key = {one.key: one for one in self.settings}
        self._given: dict[str, bool] = {}

    def of(self, name: str) -> list[Settings]:
        """What is said of a machine: by its name alone, else by every pattern; nothing if it is unknown."""
        return [self._by_key[key] for key in keys_of(name, self._by_key)]

    def gives(self, item: str) -> bool:
        """Whether some machine could be meant by an item of `on`."""
        if item not in self._given:
            tag = item.removeprefix(TAG)
            self._given[item] = (
                tag in self.tags if item.startswith(TAG) else any(overlap(item, key) for key in self._by_key)
            )
        return self._given[item]

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """Every tag that some machine has."""
        return tuple(dict.fromkeys(tag for one in self.settings for tag in one.tags))

    @property
    def have_defaults(self) -> bool:
        """Whether any machine has defaults of its own."""
        return any(one.defaults is not None for one in self.settings)

    def names(self, mentioned: Iterable[str]) -> list[str]:
        """The machines that a file can be judged for: each key, and each name that only a pattern gives."""
        known = {key.lower() for key in self._by_key}
        plain = (one for one in mentioned if not one.startswith(TAG) and not is_pattern(one))
        return [*self._by_key, *dict.fromkeys(one.lower() for one in plain if one.lower() not in known)]

    def nearest(self, item: str) -> str | None:
        """A question that offers the name or tag that was meant, else None."""
        known = (f"{TAG}{tag}" for tag in self.tags) if item.startswith(TAG) else self._by_key
        return did_you_mean(item, known)


def tags_of(known: Iterable[Settings]) -> tuple[str, ...]:
    """The tags of a machine, from all that is said of it."""
    return tuple(dict.fromkeys(tag for one in known for tag in one.tags))


def defaults_of(known: Sequence[Settings], name: str, problems: Problems) -> Node | None:
    """What the profiles of a machine inherit by all that is said of it; contradictions are noted."""
    listed = [one for one in known if one.defaults is not None]
    values: dict[tuple[str, ...], tuple[Settings, Node]] = {}
    for one in listed if len(listed) > 1 else ():
        assert one.defaults is not None
        for path, node in _leaves(one.defaults):
            other, before = values.setdefault(path, (one, node))
            if not _alike(before, node):
                problems.add(
                    node.at,
                    f'"{one.key}" and "{other.key}" (line {before.at.line}) both match {name}, and set '
                    f"{'.'.join(path)} to different values: give {name} an entry of its own",
                    also=True,
                )
    return reduce(_joined, (one.defaults for one in listed if one.defaults is not None)) if listed else None


def _joined(one: Node, other: Node) -> Node:
    """What both set, options one by one; null stays, since it unsets what the file's defaults give."""
    members = (one.members or {}) | (other.members or {})
    options = [each.members[OPTIONS] for each in (one, other) if each.members and OPTIONS in each.members]
    if len(options) > 1 and options[0].members is not None and options[1].members is not None:
        both = options[0].members | options[1].members
        members[OPTIONS] = Node(options[0].at, members=both, keys={**options[0].keys, **options[1].keys})
    return Node(one.at, members=members, keys={**one.keys, **other.keys})


def _leaves(defaults: Node) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Each value that defaults set: options one by one, all else whole."""
    for key, node in (defaults.members or {}).items():
        if key == OPTIONS and node.members is not None:
            yield from (((key, option), inner) for option, inner in node.members.items())
        else:
            yield (key,), node


def _alike(one: Node, other: Node) -> bool:
    left: Json = one.plain()
    return same(left, other.plain())


def read_machines(node: Node | None, problems: Problems) -> Machines | None:
    """The machines of a file; None if it has no such key. Problems are noted."""
    if node is None or is_null(node):
        return None
    if node.members is None:
        problems.add(node.at, "machines must be a mapping, such as {studio: {tags: [big]}}")
        return Machines(())
    _judge_keys(node, problems)
    return Machines(_settings(key, node.keys[key], inner, problems) for key, inner in node.members.items())


def _judge_keys(node: Node, problems: Problems) -> None:
    keys = node.keys
    for key, at in keys.items():
        if not is_key(key):
            problems.add(at, f"a key of machines {KEY_RULE}")
    for before, after in pairwise(sorted(keys, key=str.lower)):
        if before.lower() == after.lower():
            first, second = sorted((keys[before], keys[after]))
            problems.add(
                second, f"this machine is here twice (line {first.line}): names are compared in lower case"
            )


def _settings(key: str, at: Position, node: Node, problems: Problems) -> Settings:
    node = known_only(node, "machine", problems)
    if is_null(node):
        return Settings(key, at, (), None)
    if node.members is None:
        problems.add(node.at, "a machine must be a mapping, such as {tags: [big]}")
        return Settings(key, at, (), None)
    judged = validated(MachineSettings, node.plain(), node, problems)
    defaults = node.members.get("defaults")
    usable = defaults if defaults is not None and defaults.members is not None else None
    return Settings(key, at, judged.tags if judged is not None else (), usable)


def judge_on(node: Node, machines: Machines | None, problems: Problems) -> tuple[str, ...] | None:
    """The machines that a profile is for; None where what is written is refused."""
    if node.items is None:
        written = f"[{node.value}]" if isinstance(node.value, str) and is_on(node.value) else "[studio]"
        problems.add(node.at, f"on must be a list: write {written}, or [] for no machine")
        return None
    for place, item in enumerate(node.items):
        if fault := _fault(item.value, machines):
            problems.add(item.at, f"on[{place}] {fault}")
    return tuple(item.value for item in node.items if isinstance(item.value, str))


def _fault(item: Json, machines: Machines | None) -> str | None:
    """What is wrong with one item of `on`."""
    if not isinstance(item, str) or not is_on(item):
        return ON_RULE
    if machines is None:
        return "names a machine, and the file has no machines: list them under machines, at the top"
    if machines.gives(item):
        return None
    what = "no machine has this tag" if item.startswith(TAG) else "no key of machines gives this machine"
    near = machines.nearest(item)
    hidden = len(item) > _SHOWN_LENGTH or unseen(item)
    return f"{what}{f': {near}' if near and not hidden else ''}"
