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
from mlxsm_sync.syntax.tree import (
    AMBIGUOUS,
    MAX_DIGITS,
    MAX_SCALAR,
    MERGE_MARK,
    TOO_DEEP,
    UNREAD,
    UNRESOLVED,
    Event,
    Node,
    Position,
    Problems,
    build,
)
from mlxsm_sync.syntax.yaml_words import ALIASES, ANCHORS, HEADER, TAGS, Trouble, explained

if TYPE_CHECKING:
    from mlxsm_sync.text.json_value import Json


def _loader() -> type[yaml.SafeLoader]:
    """The reader of libyaml; where PyYAML was built without it, its own with the same verdicts."""
    fast: type[yaml.SafeLoader] | None = getattr(yaml, "CSafeLoader", None)
    if fast is not None:
        return fast
    from mlxsm_sync.syntax.yaml_python import PythonLoader

    return PythonLoader


_LOADER = _loader()

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
    r"(?:yes|no|on|off)|[-+]?0[0-9_]+|[-+]?0[xob][0-9a-f_]+"
    r"|[-+]?(?=[0-9._]*_)(?:[0-9][0-9._]*|\.[0-9][0-9._]*)(?:e[-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t \t].*)?|=|<<",
    re.IGNORECASE,
)
_LONGEST_AMBIGUOUS = 64
_SHORT = 64 * 1024
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
        return build(_events(text, problems, _LOADER), problems)
    except yaml.YAMLError as error:
        raise _syntax_error(_same_everywhere(error, text, problems), text, problems) from None


def _same_everywhere(error: yaml.YAMLError, text: str, problems: Problems) -> yaml.YAMLError:
    """What PyYAML's own scanner says of a short text: libyaml, which looks further ahead, may say less."""
    if len(text) > _SHORT:
        return error
    from mlxsm_sync.syntax.yaml_python import PythonLoader

    problems.clear()
    try:
        build(_events(text, problems, PythonLoader), problems)
    except yaml.YAMLError as other:
        return other
    return error


def _position(text: str, offset: int) -> Position:
    start = text.rfind("\n", 0, offset) + 1
    return Position(text.count("\n", 0, offset) + 1, offset - start + 1)


def _end(text: str) -> Position:
    """The last place of a text."""
    return _position(text, len(text))


def _syntax_error(error: yaml.YAMLError, text: str, problems: Problems) -> InvalidFile:
    """Tell it in words of ours, which name signs and never values."""
    told, end = vars(error), _end(text)
    context, problem = told.get("context_mark"), told.get("problem_mark")
    at = _place(problem or context, end)
    said = f"{told.get('problem') or 'unreadable'} {told.get('context') or ''}"
    if "exceeded maximum nesting depth" in said:
        # Since PyYAML 6.0.4 libyaml, which reads ahead, has a limit of its own, far above ours.
        return problems.stop(at, TOO_DEEP)
    return problems.stop(*explained(said, Trouble(text, at, _place(context or problem, end))))


def _place(mark: yaml.Mark | None, end: Position) -> Position:
    """A place in the text; where it has no last line break, libyaml points at the line after it."""
    return min(Position(mark.line + 1, mark.column + 1), end) if mark is not None else end


def _events(text: str, problems: Problems, loader: type[yaml.SafeLoader]) -> Iterator[Event]:
    documents, end, lines = 0, _end(text), text.split("\n")
    if text and re.search(r"\n[ \t]+\Z", text):
        text += "\n"  # libyaml would lose the line break that a block text has before it
    for event in yaml.parse(text, Loader=loader):
        at = min(_begin(event), end)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise problems.stop(at, "a second document begins here: a profile file has one")
        elif isinstance(event, yaml.AliasEvent):
            problems.add(at, ALIASES)
            yield Event("value", at, UNREAD)
        elif isinstance(event, yaml.NodeEvent):
            _refuse_what_differs(event, at, lines, problems)
            yield _node_event(event, at, problems)
        elif isinstance(event, yaml.SequenceEndEvent):
            yield Event("]", at)
        elif isinstance(event, yaml.MappingEndEvent):
            yield Event("}", at)


def _refuse_what_differs(event: yaml.NodeEvent, at: Position, lines: list[str], problems: Problems) -> None:
    """Stop where readers of YAML 1.1 and 1.2 take the same text for different things."""
    line = lines[at.line - 1]
    empty = isinstance(event, yaml.ScalarEvent) and not event.value
    if at.column > 1 and line[at.column - 2] == "?" and not empty:
        problems.add(Position(at.line, at.column - 1), "a key or value that begins with ? must be in quotes")
    if isinstance(event, yaml.ScalarEvent) and event.style in ("|", ">"):
        header = re.match(r"[|>][-+0-9]*(?=#)", line[at.column - 1 :])
        if header is not None:
            raise problems.stop(Position(at.line, at.column + header.end()), f"not valid YAML: {HEADER}")


def _begin(event: yaml.Event) -> Position:
    mark = event.start_mark
    assert mark is not None  # events of a parser have marks
    return Position(mark.line + 1, mark.column + 1)


def _node_event(event: yaml.NodeEvent, at: Position, problems: Problems) -> Event:
    if event.anchor is not None:
        problems.add(at, ANCHORS)
    if isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)) and event.tag is not None:
        problems.add(at, TAGS)
    if isinstance(event, yaml.SequenceStartEvent):
        return Event("[", at)
    if isinstance(event, yaml.MappingStartEvent):
        return Event("{", at)
    assert isinstance(event, yaml.ScalarEvent)  # there is no other kind of node
    if len(event.value) * 4 > MAX_SCALAR and len(event.value.encode()) > MAX_SCALAR:
        problems.add(at, f"this value is longer than {MAX_SCALAR // 1024} KiB")
        return Event("value", at, UNREAD)
    if "\0" in event.value:
        problems.add(at, "the character U+0000 is not allowed")
        return Event("value", at, UNREAD)
    if event.implicit[0]:
        doubt = _doubt(event.value)
        return Event("value", at, event.value if doubt else _resolve(event.value, at, problems), doubt)
    return Event("value", at, event.value)


def _doubt(text: str) -> str | None:
    """What to do about a plain scalar that editors and tools would not read alike, else None."""
    if len(text) > _LONGEST_AMBIGUOUS or not _AMBIGUOUS.fullmatch(text):
        return None
    return "merge keys (<<) are not allowed: use defaults" if text == "<<" else _ambiguous(text)


def _resolve(text: str, at: Position, problems: Problems) -> Json:
    """What a plain scalar means."""
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if text[0] not in "+-.0123456789":
        return text
    if _NOT_FINITE.fullmatch(text):
        problems.add(at, "a number must be finite")
    elif _INTEGER.fullmatch(text):
        return _integer(text, at, problems)
    elif _FLOAT.fullmatch(text):
        return _float(text, at, problems)
    return text


def _ambiguous(text: str) -> str:
    word = text.lower()
    meant = "true" if word in ("yes", "on") else "false" if word in ("no", "off") else None
    return f"{AMBIGUOUS}: " + (
        f"write {meant}, or quote it if it is text" if meant else "quote it if it is text"
    )


def _integer(text: str, at: Position, problems: Problems) -> Json:
    if len(text.lstrip("+-")) > MAX_DIGITS:
        problems.add(at, f"a number has at most {MAX_DIGITS} digits: quote it if it is text")
        return UNREAD
    return int(text)


def _float(text: str, at: Position, problems: Problems) -> Json:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        problems.add(at, "a number must be finite")
        return UNREAD
    return number
