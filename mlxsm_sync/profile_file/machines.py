"""The machines of a profile file, and what `on` says of a profile: judged, with line and column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, reduce
from itertools import pairwise
from typing import NamedTuple

from mlxsm_sync.profile_file.known_keys import known_only
from mlxsm_sync.profile_file.profile_reader import validated
from mlxsm_sync.syntax.tree import Node, Position, Problems, exactly, is_null
from mlxsm_sync.text.json_value import Json, same
from mlxsm_sync.text.secret_scan import looks_like
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
_MOST_QUESTIONS = 20
"""How often the name that was meant is looked for: each time, all names are compared."""


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
        self._exact: dict[str, list[str]] = {}
        for key in self._by_key:
            if not is_pattern(key):
                self._exact.setdefault(key.lower(), []).append(key)
        self._patterns = [key for key in self._by_key if is_pattern(key)]
        self._given: dict[str, bool] = {}
        self._questions = 0

    def of(self, name: str) -> list[Settings]:
        """What is said of a machine: by its name alone, else by every pattern; nothing if it is unknown."""
        keys = self._exact.get(name.lower(), self._patterns)
        return [self._by_key[key] for key in keys_of(name, keys)]

    def gives(self, item: str) -> bool:
        """Whether some machine could be meant by an item of `on`."""
        if item not in self._given:
            if item.startswith(TAG):
                self._given[item] = item.removeprefix(TAG) in self.tags
            else:
                self._given[item] = item.lower() in self._exact or self.overlapping(item) is not None
        return self._given[item]

    def overlapping(self, item: str) -> Settings | None:
        """The first key that could mean the same machine as a name or a pattern, with what it says."""
        keys = self._by_key if is_pattern(item) else self._patterns
        return next((self._by_key[key] for key in keys if overlap(item, key)), None)

    @cached_property
    def tags(self) -> dict[str, None]:
        """Every tag that some machine has, in the order of the file."""
        return dict.fromkeys(tag for one in self.settings for tag in one.tags)

    @property
    def have_defaults(self) -> bool:
        """Whether any machine has defaults of its own."""
        return any(one.defaults is not None for one in self.settings)

    @cached_property
    def some_give_a_port(self) -> bool:
        """Whether any machine has a port in its defaults."""
        return any("port" in ((one.defaults and one.defaults.members) or {}) for one in self.settings)

    def names(self, mentioned: Iterable[str]) -> list[str]:
        """The machines that a file can be judged for: each key, and what else is mentioned and a key gives.

        A pattern stands for the machines that it alone means.
        """
        named = dict.fromkeys(one.lower() for one in mentioned if not one.startswith(TAG))
        others = (one for one in named if one not in self._lower and not looks_like(one) and self.of(one))
        return [*self._by_key, *others]

    @cached_property
    def _lower(self) -> frozenset[str]:
        return frozenset(key.lower() for key in self._by_key)

    def nearest(self, item: str) -> str | None:
        """A question that offers the name or tag that was meant, else None."""
        self._questions += 1
        if self._questions > _MOST_QUESTIONS:
            return None
        known = (f"{TAG}{tag}" for tag in self.tags) if item.startswith(TAG) else self._by_key
        return did_you_mean(item, (one for one in known if not looks_like(one)))


def tags_of(known: Iterable[Settings]) -> tuple[str, ...]:
    """The tags of a machine, from all that is said of it."""
    return tuple(dict.fromkeys(tag for one in known for tag in one.tags))


def defaults_of(known: Sequence[Settings], name: str, problems: Problems) -> Node | None:
    """What the profiles of a machine inherit by all that is said of it; contradictions are noted."""
    listed = [one for one in known if one.defaults is not None]
    values: dict[tuple[str, ...], tuple[Settings, Node]] = {}
    for one in listed if len(listed) > 1 else ():
        assert one.defaults is not None
        for path, node in _compared(one.defaults):
            other, before = values.setdefault(path, (one, node))
            if not _alike(before, node):
                remedy = "set it in one of them" if is_pattern(name) else f"give {name} an entry of its own"
                problems.add(
                    node.at,
                    f'"{one.key}" and "{other.key}" (line {before.at.line}) both match {name}, and set '
                    f"{'.'.join(path)} to different values: {remedy}",
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


def _compared(defaults: Node) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Each value that defaults set, and whether they unset all options."""
    yield from leaves(defaults)
    if (options := exactly(defaults, [OPTIONS])) is not None and options.members is not None:
        yield (OPTIONS,), Node(options.at, "set")


def leaves(defaults: Node) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Each value that defaults, or a profile, set: options one by one, all else whole."""
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
    settings = [_settings(key, node.keys[key], inner, problems) for key, inner in node.members.items()]
    # What cannot be a name is told, and has no place in another message.
    return Machines(one for one in settings if is_key(one.key) and not looks_like(one.key))


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


def judge_on(node: Node, machines: Machines | None, problems: Problems) -> tuple[str, ...]:
    """The machines that a profile is for; none where what is written is refused."""
    if node.items is None:
        text = node.value if isinstance(node.value, str) and is_on(node.value) else "studio"
        written = f"[{text}]" if text[0].isalnum() else f'["{text}"]'
        problems.add(node.at, f"on must be a list: write {written}, or [] for no machine")
        return ()
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
    what = "names a tag that no machine has" if item.startswith(TAG) else "names no machine of this file"
    near = machines.nearest(item)
    hidden = len(item) > _SHOWN_LENGTH or unseen(item)
    return f"{what}{f': {near}' if near and not hidden else ''}"
