"""YAML text as events of plain data; the only module that knows PyYAML.

PyYAML's constructors are never used: they crash on deep nesting and leak foreign exceptions
(https://github.com/yaml/pyyaml/issues/895). Its events are read instead, and scalars are resolved by
the rules below, which hold only where YAML 1.1 and 1.2 agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import yaml

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.nodes import (
    MAX_DIGITS,
    MAX_SCALAR,
    MERGE_MARK,
    TOO_DEEP,
    UNRESOLVED,
    Event,
    Node,
    Position,
    Problems,
    build,
)

if TYPE_CHECKING:
    from mlxsm_sync.json_value import Json

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
# libyaml ends a line at these, and so a comment; what people review shows neither. Bidi controls can
# make a comment look like what follows it; in a value, they are shown as escapes.
_HIDDEN = re.compile("[\x85\u2028\u2029]|\r(?!\n)")
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# Tried once a line: a search from every # would take minutes on a long line of them.
_HIDDEN_IN_COMMENT = re.compile(f"^[^\n#]*#[^\n{_BIDI}]*[{_BIDI}]", re.MULTILINE)

# libyaml compares each %TAG with all before it: thousands of them take minutes.
_DIRECTIVE = re.compile("^%", re.MULTILINE)

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
# What YAML 1.1 reads as a boolean, number, date or merge and YAML 1.2 as text, or differently:
# https://yaml.org/type/ against https://yaml.org/spec/1.2.2/#103-core-schema
_AMBIGUOUS = re.compile(
    r"(?:yes|no|on|off)|[-+]?0[0-9_]+|[-+]?0[xob][0-9a-f_]+|[-+]?[0-9.]*[0-9]_[0-9_.]*"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t \t].*)?|=|<<",
    re.IGNORECASE,
)
_LONGEST_AMBIGUOUS = 64
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE)


def read_yaml(text: str, problems: Problems) -> Node:
    """The data of one YAML document; InvalidFile where it cannot be read to its end."""
    if found := _UNPRINTABLE.search(text):
        message = f"the character U+{ord(found.group()):04X} is not allowed in YAML"
        raise problems.stop(_position(text, found.start()), message)
    if found := _HIDDEN.search(text) or _HIDDEN_IN_COMMENT.search(text):
        message = (
            f"the character U+{ord(found.group()[-1]):04X} can hide text: write it as an escape, in quotes"
        )
        raise problems.stop(_position(text, found.end() - 1), message)
    if found := MERGE_MARK.search(text):
        raise problems.stop(_position(text, found.start()), UNRESOLVED)
    if found := _DIRECTIVE.search(text):
        raise problems.stop(_position(text, found.start()), "directives (%) are not allowed: drop the line")
    try:
        return build(_events(text, problems), problems)
    except yaml.YAMLError as error:
        raise _syntax_error(error, _end(text), problems) from None


def _position(text: str, offset: int) -> Position:
    start = text.rfind("\n", 0, offset) + 1
    return Position(text.count("\n", 0, offset) + 1, offset - start + 1)


def _end(text: str) -> Position:
    """The last place of a text; where it has no last line break, libyaml points at the line after it."""
    return _position(text, len(text))


def _syntax_error(error: yaml.YAMLError, end: Position, problems: Problems) -> InvalidFile:
    """Tell it in the words of libyaml, which name tokens and never values, but for tabs."""
    told = vars(error)
    mark = told.get("problem_mark") or told.get("context_mark")
    at = min(Position(mark.line + 1, mark.column + 1), end) if mark else None
    problem = str(told.get("problem") or "unreadable")
    if "found character that cannot start any token" in problem:
        problem = "a value cannot begin like this: indent with spaces, not tabs, and quote @, ` and %"
    if "exceeded maximum nesting depth" in problem:
        # Since PyYAML 6.0.4 libyaml, which reads ahead, has a limit of its own, far above ours.
        return problems.stop(at, TOO_DEEP)
    context = f" {told['context']}" if told.get("context") else ""
    return problems.stop(at, f"not valid YAML: {problem}{context}")


def _events(text: str, problems: Problems) -> Iterator[Event]:
    documents, end = 0, _end(text)
    for event in yaml.parse(text, Loader=_LOADER):
        at = min(_begin(event), end)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise problems.stop(at, "a second document begins here: a profile file has one")
        elif isinstance(event, yaml.AliasEvent):
            problems.add(at, "aliases (*) are not allowed: write the value out, or use defaults")
            yield Event("value", at)
        elif isinstance(event, yaml.NodeEvent):
            yield _node_event(event, at, problems)
        elif isinstance(event, yaml.SequenceEndEvent):
            yield Event("]", at)
        elif isinstance(event, yaml.MappingEndEvent):
            yield Event("}", at)


def _begin(event: yaml.Event) -> Position:
    mark = event.start_mark
    assert mark is not None  # events of a parser have marks
    return Position(mark.line + 1, mark.column + 1)


def _node_event(event: yaml.NodeEvent, at: Position, problems: Problems) -> Event:
    if event.anchor is not None:
        problems.add(at, "anchors (&) are not allowed: write the value out, or use defaults")
    if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
        problems.add(at, "tags (!) are not allowed: write a plain or quoted value")
    if isinstance(event, yaml.SequenceStartEvent):
        return Event("[", at)
    if isinstance(event, yaml.MappingStartEvent):
        return Event("{", at)
    assert isinstance(event, yaml.ScalarEvent)  # there is no other kind of node
    if len(event.value) * 4 > MAX_SCALAR and len(event.value.encode()) > MAX_SCALAR:
        problems.add(at, f"this value is longer than {MAX_SCALAR // 1024} KiB")
        return Event("value", at)
    if "\0" in event.value:
        problems.add(at, "the character U+0000 is not allowed")
        return Event("value", at)
    if event.implicit[0]:
        return Event("value", at, _resolve(event.value, at, problems))
    return Event("value", at, event.value)


def _resolve(text: str, at: Position, problems: Problems) -> Json:
    """What a plain scalar means; a note where editors and tools would not agree."""
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if len(text) <= _LONGEST_AMBIGUOUS and _AMBIGUOUS.fullmatch(text):
        if text == "<<":
            problems.add(at, "merge keys (<<) are not allowed: use defaults")
        else:
            problems.add(at, "tools read this value differently: quote it if it is text")
        return text
    if text[0] not in "+-.0123456789":
        return text
    if _NOT_FINITE.fullmatch(text):
        problems.add(at, "a number must be finite")
    elif _INTEGER.fullmatch(text):
        return _integer(text, at, problems)
    elif _FLOAT.fullmatch(text):
        return _float(text, at, problems)
    return text


def _integer(text: str, at: Position, problems: Problems) -> Json:
    if len(text.lstrip("+-")) > MAX_DIGITS:
        problems.add(at, f"a number has at most {MAX_DIGITS} digits: quote it if it is text")
        return None
    return int(text)


def _float(text: str, at: Position, problems: Problems) -> Json:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        problems.add(at, "a number must be finite")
        return None
    return number
