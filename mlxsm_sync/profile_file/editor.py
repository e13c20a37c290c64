"""Edits in the text of a profile file that leave every other line as it is.

The library keeps the text to the letter; what it made is read again all the same, and refused unless
it says what was meant and changes no line outside the profiles that were meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from difflib import unified_diff
from itertools import groupby
from typing import TYPE_CHECKING, Any

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.planning.pull import touched
from mlxsm_sync.syntax.tree import Node, Problems
from mlxsm_sync.syntax.yaml import read_yaml
from mlxsm_sync.text.json_value import Json, JsonObject
from mlxsm_sync.text.unicode import unseen
from mlxsm_sync.values.profile import OPTIONS, Fields
from mlxsm_sync.values.pull import Edit

if TYPE_CHECKING:
    import yaml_edit


_CONTEXT = 3
"""Lines around a change that a diff shows."""

Form = Callable[[Json], Any]
"""How a value is handed to the library."""


class Unsafe(Exception):
    """The text cannot be edited so that nothing else changes."""


def edited(text: str, root: Node, edits: Sequence[Edit]) -> str:
    """The text after the edits; Unsafe where the library cannot make them."""
    import yaml_edit

    inherited = _member(root, "defaults")
    form: Form = _json_form if text.lstrip().startswith("{") else _yaml_form
    try:
        document = yaml_edit.Document.parse(text)
        for edit in edits:
            if edit.place is not None:
                profile = _list(document)[edit.place - 1].as_mapping()
                assert profile is not None
                _edit(profile, edit.fields, inherited, form)
        new = [form(_whole(edit.fields, inherited)) for edit in edits if edit.place is None]
        if new and not _member(root, "profiles").items and form is _yaml_form:
            document.set("profiles", new)
        else:
            for one in new:
                _list(document).append(one)
        return str(document)
    except (ValueError, TypeError, KeyError, IndexError, AssertionError) as error:
        raise Unsafe(str(error)) from None


def _list(document: yaml_edit.Document) -> yaml_edit.Sequence:
    found = document["profiles"].as_sequence()
    assert found is not None
    return found


def patch(before: str, after: str, path: str) -> str:
    """What changes in a file, as a unified diff."""
    old, new = before.splitlines(True), after.splitlines(True)
    # What both begin and end with is left to no search: lines that are often the same make that slow.
    begin = max(_in_common(old, new) - _CONTEXT, 0)
    end = max(_in_common(old[begin:][::-1], new[begin:][::-1]) - _CONTEXT, 0)
    was, now = old[begin : len(old) - end], new[begin : len(new) - end]
    lines = [*unified_diff(was, now, f"a/{path}", f"b/{path}", n=_CONTEXT)]
    lines = [_moved(line, begin) if line.startswith("@@") else line for line in lines]
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _in_common(first: Sequence[str], second: Sequence[str]) -> int:
    """How many lines two texts begin with alike."""
    pairs = zip(first, second, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))


def _moved(head: str, lines: int) -> str:
    """The head of a part of a diff, that many lines further down."""
    return re.sub(r"(?<=[-+])[0-9]+", lambda found: str(int(found[0]) + lines), head)


def strays(before: str, after: str, root: Node, edits: Collection[Edit]) -> bool:
    """Whether the text changed outside the profiles that were to change, or the end of their list.

    What was not to change must all be there, in its order, at line starts, from the first line to the last.
    """
    allowed = {line for lines in _ranges(before, root, edits) for line in lines}
    lines = before.splitlines(True)
    text, at = f"\n{after}", 0
    for meant, numbers in groupby(range(len(lines)), allowed.__contains__):
        if meant:
            continue
        run = [*numbers]
        kept = "\n" + "".join(lines[number] for number in run)
        found = text.find(kept, at) if run[-1] + 1 < len(lines) else len(text) - len(kept)
        if found < at or not text.startswith(kept, found) or (run[0] == 0 and found > 0):
            return True
        at = found + len(kept) - 1
    return False


def _ranges(text: str, root: Node, edits: Collection[Edit]) -> Iterator[range]:
    """The lines of the profiles that may change, 0-based."""
    begins = [item.at.line - 1 for item in _member(root, "profiles").items or ()]
    key_line = root.keys["profiles"].line - 1
    after = [at.line - 1 for at in root.keys.values() if at.line - 1 > key_line]
    last = min(after, default=len(text.splitlines()))
    ends = [*begins[1:], last]
    for place in touched(edits):
        yield range(begins[place - 1], max(ends[place - 1], begins[place - 1] + 1))
    if any(edit.place is None for edit in edits):
        # A new profile follows the last one; its line may have to be completed first.
        yield range(begins[-1] if begins else key_line, max(last, key_line + 1))


def _edit(profile: yaml_edit.Mapping, fields: Fields, inherited: Node, form: Form) -> None:
    options = {path.rpartition("/")[2]: value for path, value in fields.items() if path.count("/") > 1}
    own = {path[1:]: value for path, value in fields.items() if path.count("/") == 1}
    _set(profile, own, inherited, form)
    if not options:
        return
    lower = _member(inherited, OPTIONS)
    existing = profile.get_mapping(OPTIONS)
    if existing is None:
        kept = {key: value for key, value in options.items() if value is not None or _has(lower, key)}
        if kept:
            profile.set(OPTIONS, form(kept))
        return
    _set(existing, options, lower, form)
    if len(existing) == 0:
        profile.remove(OPTIONS)


def _set(mapping: yaml_edit.Mapping, values: Mapping[str, Json], inherited: Node, form: Form) -> None:
    """Set each value; null takes it away, or says so where it would be inherited."""
    for key, value in values.items():
        if value is None and not _has(inherited, key):
            if key in mapping:
                mapping.remove(key)
            continue
        mapping.set(key, _in_its_quotes(value, mapping.get(key)) or form(value))


def _whole(fields: Fields, inherited: Node) -> JsonObject:
    """A new profile; what it would inherit and does not have is null."""
    lower = _member(inherited, OPTIONS)
    unset: Fields = {f"/{OPTIONS}/{key}": None for key in lower.members or {} if _has(lower, key)}
    if _has(inherited, "enableThinking"):
        unset["/enableThinking"] = None
    profile: JsonObject = {}
    options: JsonObject = {}
    for path, value in (unset | fields).items():
        (options if path.count("/") > 1 else profile)[path.rpartition("/")[2]] = value
    return profile | ({OPTIONS: options} if options else {})


def _member(node: Node, key: str) -> Node:
    return (node.members or {}).get(key) or Node(node.at)


def _has(node: Node, key: str) -> bool:
    found = (node.members or {}).get(key)
    return found is not None and found.plain() is not None


def _in_its_quotes(value: Json, before: yaml_edit.Node | None) -> Any:
    """A text in the quotes of the one that it replaces, else None."""
    import yaml_edit

    scalar = before.as_scalar() if before is not None else None
    if scalar is None or not scalar.is_quoted() or not isinstance(value, str) or not value.isprintable():
        return None
    return yaml_edit.ScalarValue(value, scalar.style())


def _yaml_form(value: Json) -> Any:
    """A value for the library, its texts in quotes where they need them."""
    import yaml_edit

    if isinstance(value, dict):
        # The library cannot be told to quote a key, but it keeps the quotes of a text.
        plain = all(map(_is_plain, value))
        return {key: _yaml_form(item) for key, item in value.items()} if plain else _json_form(value)
    if isinstance(value, list):
        return [_yaml_form(item) for item in value]
    if not isinstance(value, str) or _is_plain(value):
        return value
    return yaml_edit.ScalarValue(value, "double-quoted")


def _json_form(value: Json) -> Any:
    """A value for the library as JSON, where the file is JSON."""
    import yaml_edit

    if isinstance(value, str):
        return yaml_edit.ScalarValue(value, "double-quoted")
    if not isinstance(value, (dict, list)):
        return value
    written = yaml_edit.Document.parse(json.dumps(value, ensure_ascii=False))
    return written.as_mapping() if isinstance(value, dict) else written.as_sequence()


def _is_plain(text: str) -> bool:
    """Whether the text reads back as itself without quotes, also inside brackets."""
    if unseen(text):
        return False
    problems = Problems("")
    try:
        root = read_yaml(f"[{text}]\n", problems)
        problems.raise_any()
    except InvalidFile:
        return False
    return [item.value for item in root.items or ()] == [text]
