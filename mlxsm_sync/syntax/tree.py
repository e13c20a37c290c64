"""A file's data with a source position for every key and value."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from mlxsm_sync.errors import InvalidFile, Problem

if TYPE_CHECKING:
    from mlxsm_sync.text.json_value import Json

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 16
MAX_NODES = 1_000_000
TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"
MAX_SCALAR = 16 * 1024
MAX_DIGITS = 18
MAX_PROBLEMS = 1000
UNREAD = ""
"""Stands for a value that was refused: what follows from it is told at its place only."""
AMBIGUOUS = "ambiguous value"
"""How it is told that tools read a plain value differently."""
MERGE_MARK = re.compile(r"^(?:<{7} |>{7} |\|{7} |={7}$)", re.MULTILINE)
UNRESOLVED = "this is an unresolved git merge: resolve it"


class Position(NamedTuple):
    """A place in a text, both 1-based; columns count characters."""

    line: int
    column: int


class Event(NamedTuple):
    """One step through a text: a value, or the begin or end of a list or mapping."""

    kind: Literal["value", "[", "]", "{", "}"]
    at: Position
    value: Json = None
    doubt: str | None = None
    """What is wrong with the text if it is a value; a key may be one that we know."""


_PLAIN_KEYS = ("on",)
"""Keys of a profile that YAML 1.1 reads as a value; a profile file has nothing else there."""

_NO_KEYS: Mapping[str, Position] = {}


class Node:
    """One value, where it begins, and what is inside: items of a list, members of a mapping.

    `keys` tells where each key of a mapping is.
    """

    __slots__ = ("at", "items", "keys", "members", "value")

    def __init__(
        self,
        at: Position,
        value: Json = None,
        members: dict[str, Node] | None = None,
        keys: Mapping[str, Position] | None = None,
    ) -> None:
        self.at = at
        self.value = value
        self.items: list[Node] | None = None
        self.members = members
        self.keys = keys if keys is not None else _NO_KEYS

    def open(self, bracket: str) -> None:
        """Make it a list or a mapping, with nothing inside yet."""
        if bracket == "[":
            self.items = []
        else:
            self.members, self.keys = {}, {}

    def plain(self) -> Json:
        """The data without positions."""
        if self.items is not None:
            return [item.plain() for item in self.items]
        if self.members is not None:
            return {key: node.plain() for key, node in self.members.items()}
        return self.value

    def walk(self) -> Iterator[tuple[Position, str | None, Node]]:
        """Every key and every scalar below, each with its position: (position, key, node)."""
        for item in self.items or ():
            yield from item.walk()
        for key, node in (self.members or {}).items():
            yield self.keys[key], key, node
            yield from node.walk()
        if self.items is None and self.members is None:
            yield self.at, None, self

    def find(self, path: Iterable[str | int]) -> tuple[Position, Node]:
        """The node at a path and the position to report: of the last step that exists."""
        node = self
        for step in path:
            inner = None
            if isinstance(step, int) and node.items is not None:
                inner = node.items[step]
            elif isinstance(step, str) and node.members is not None:
                inner = node.members.get(step)
            if inner is None:
                break
            node = inner
        return node.at, node


def called(path: Iterable[str | int]) -> str:
    """A field as people call it: the last name, with the place in a list."""
    *_, name = (step for step in path if isinstance(step, str))
    place = "".join(f"[{step}]" for step in path if isinstance(step, int))
    return f"{name}{place}"


def is_null(node: Node) -> bool:
    """Whether nothing is written there, or null."""
    return node.value is None and node.items is None and node.members is None


def exactly(node: Node, path: Iterable[str]) -> Node | None:
    """The node at a path of keys, where all of it exists."""
    inner: Node | None = node
    for step in path:
        inner = (inner.members or {}).get(step) if inner is not None else None
    return inner


class Problems:
    """What is wrong with one file, in order of position; `failure` is the error that tells it."""

    def __init__(self, path: str, failure: type[InvalidFile] = InvalidFile) -> None:
        self.path = path
        self._failure = failure
        self._found: dict[object, Problem] = {}

    def add(
        self, at: Position | None, message: str, *, also: bool = False, instead_of: str | None = None
    ) -> None:
        """Note a problem; the first one of a position stands, as later ones follow from it.

        `also` tells it all the same: it has nothing to do with another one. `instead_of` is how a message
        begins that this one is better than.
        """
        if instead_of is not None and self.improve(at, message, instead_of):
            return
        if len(self._found) == MAX_PROBLEMS:
            raise self.error()
        line, column = at if at else (None, None)
        problem = Problem(path=self.path, line=line, column=column, message=message)
        self._found.setdefault((at, message) if also else at, problem)

    def improve(self, at: Position | None, message: str, instead_of: str) -> bool:
        """Say it better where a message that begins like this stands at a place; whether one did."""
        earlier = self._found.get(at)
        found = earlier is not None and earlier.message.startswith(instead_of)
        if earlier is not None and found:
            self._found[at] = earlier.model_copy(message=message)
        return found

    def clear(self) -> None:
        """Forget what was noted, where a text is read once more."""
        self._found.clear()

    def __bool__(self) -> bool:
        return bool(self._found)

    def stop(self, at: Position | None, message: str) -> InvalidFile:
        """The error to raise where reading cannot go on: this problem and all before it."""
        self.add(at, message)
        return self.error()

    def sorted(self) -> list[Problem]:
        """All problems in the order of the file."""
        return sorted(self._found.values(), key=lambda one: (one.line or 0, one.column or 0))

    def error(self) -> InvalidFile:
        """The error that tells them all."""
        found = self.sorted()
        what = "a problem" if len(found) == 1 else f"{len(found)} problems"
        what = f"{MAX_PROBLEMS} problems or more" if len(found) >= MAX_PROBLEMS else what
        return self._failure(f"{self.path} has {what}", problems=found)

    def raise_any(self) -> None:
        """Raise the error, where there are problems."""
        if self._found:
            raise self.error()


def build(events: Iterable[Event], problems: Problems) -> Node:
    """The tree of these events; what breaks a rule is noted, what breaks a limit stops."""
    root = Node(Position(1, 1))
    open_nodes: list[Node] = []
    waiting: list[tuple[str, Position] | None] = []
    count = 0
    for event in events:
        if event.kind in "]}":
            open_nodes.pop()
            waiting.pop()
            continue
        count += 1
        if count > MAX_NODES:
            raise problems.stop(event.at, f"the file has more than {MAX_NODES:,} values")
        parent = open_nodes[-1] if open_nodes else None
        if event.doubt is not None and not _is_known_key(event, open_nodes, waiting):
            problems.add(event.at, event.doubt)
        if parent is not None and parent.members is not None and waiting[-1] is None:
            waiting[-1] = _key(event, problems)
            if event.kind == "value":
                continue
            node = Node(event.at)  # a key that is no scalar: noted, and read as if it had no value
        else:
            node = Node(event.at, event.value)
            if parent is None:
                root = node
            elif parent.items is not None:
                parent.items.append(node)
            else:
                _join(parent, waiting[-1], node, problems)
                waiting[-1] = None
        if event.kind in "[{":
            if len(open_nodes) == MAX_DEPTH:
                raise problems.stop(event.at, TOO_DEEP)
            node.open(event.kind)
            open_nodes.append(node)
            waiting.append(None)
    return root


def _is_known_key(event: Event, open_nodes: list[Node], waiting: list[tuple[str, Position] | None]) -> bool:
    """Whether a text is a key of a profile: of a mapping in a list in the mapping of the file."""
    is_key = bool(open_nodes) and open_nodes[-1].members is not None and waiting[-1] is None
    return is_key and len(open_nodes) == 3 and open_nodes[1].items is not None and event.value in _PLAIN_KEYS


def _key(event: Event, problems: Problems) -> tuple[str, Position]:
    if isinstance(event.value, str) and event.kind == "value":
        return sys.intern(event.value), event.at  # a file has the same few keys over and over
    problems.add(event.at, "a key must be text: put it in quotes")
    return f"\0{event.at}", event.at


def _join(parent: Node, key: tuple[str, Position] | None, node: Node, problems: Problems) -> None:
    assert parent.members is not None
    assert key is not None
    name, at = key
    if name in parent.members:
        problems.add(at, "this key is here twice; keep one of the two")
    else:
        parent.members[name] = node
        assert isinstance(parent.keys, dict)  # it was opened as a mapping
        parent.keys[name] = at
