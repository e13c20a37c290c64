"""Edits in the text of a profile file that leave every other line as it is.

The library keeps the text to the letter; what it made is read again all the same, and refused unless
it says what was meant and changes no line outside the profiles that were meant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import SequenceMatcher, unified_diff
from typing import TYPE_CHECKING, Any

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.json_value import Json
from mlxsm_sync.nodes import Node, Problems
from mlxsm_sync.profile import OPTIONS, Fields, nested
from mlxsm_sync.pulling import Edit, touched
from mlxsm_sync.yaml_text import read_yaml

if TYPE_CHECKING:
    import yaml_edit


class Unsafe(Exception):
    """The text cannot be edited so that nothing else changes."""


def edited(text: str, root: Node, edits: Sequence[Edit]) -> str:
    """The text after the edits; Unsafe where the library cannot make them."""
    import yaml_edit

    inherited = (root.members or {}).get("defaults", Node(root.at))
    try:
        document = yaml_edit.Document.parse(text)
        new = [_value(nested(edit.fields)) for edit in edits if edit.place is None]
        for edit in edits:
            if edit.place is not None:
                profile = _list(document)[edit.place - 1].as_mapping()
                assert profile is not None
                _edit(profile, edit.fields, inherited)
        if new and not (root.members or {})["profiles"].items:
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
    lines = unified_diff(before.splitlines(True), after.splitlines(True), f"a/{path}", f"b/{path}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def strays(before: str, after: str, root: Node, edits: Collection[Edit]) -> bool:
    """Whether the text changed outside the profiles that were to change, or the end of their list."""
    allowed = [*_ranges(before, root, edits)]
    matcher = SequenceMatcher(None, before.splitlines(True), after.splitlines(True), autojunk=False)
    for kind, start, end, *_ in matcher.get_opcodes():
        if kind != "equal" and not any(low <= start and end <= high for low, high in allowed):
            return True
    return False


def _ranges(text: str, root: Node, edits: Collection[Edit]) -> Iterator[tuple[int, int]]:
    """The lines of the profiles that may change, from and up to, 0-based."""
    listed = (root.members or {})["profiles"]
    begins = [item.at.line - 1 for item in listed.items or ()]
    key_line = root.keys["profiles"].line - 1
    after = [at.line - 1 for at in root.keys.values() if at.line - 1 > key_line]
    last = min(after, default=len(text.splitlines()))
    ends = [*begins[1:], last]
    for index in touched(edits):
        yield begins[index - 1], max(ends[index - 1], begins[index - 1] + 1)
    if any(edit.place is None for edit in edits):
        # A new profile follows the last one; its line may have to be completed first.
        yield (begins[-1] if begins else key_line), max(last, key_line + 1)


def _edit(profile: yaml_edit.Mapping, fields: Fields, inherited: Node) -> None:
    options = {path.rpartition("/")[2]: value for path, value in fields.items() if path.count("/") > 1}
    own = {path[1:]: value for path, value in fields.items() if path.count("/") == 1}
    _set(profile, own, inherited)
    if not options:
        return
    lower = (inherited.members or {}).get(OPTIONS, Node(inherited.at))
    existing = profile.get_mapping(OPTIONS)
    if existing is None:
        kept = {key: value for key, value in options.items() if value is not None or _has(lower, key)}
        if kept:
            profile.set(OPTIONS, {key: _value(value) for key, value in kept.items()})
        return
    _set(existing, options, lower)
    if len(existing) == 0:
        profile.remove(OPTIONS)


def _set(mapping: yaml_edit.Mapping, values: Mapping[str, Json], inherited: Node) -> None:
    """Set each value; null takes it away, or says so where it would be inherited."""
    for key, value in values.items():
        if value is None and not _has(inherited, key):
            if key in mapping:
                mapping.remove(key)
            continue
        mapping.set(key, _value(value, like=mapping.get(key)))


def _has(node: Node, key: str) -> bool:
    found = (node.members or {}).get(key)
    return found is not None and found.plain() is not None


def _value(value: Json, like: yaml_edit.Node | None = None) -> Any:
    """A value for the library; a text in the quotes that it had, or in such as it needs."""
    import yaml_edit

    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(item) for item in value]
    if not isinstance(value, str):
        return value
    scalar = like.as_scalar() if like is not None else None
    if scalar is not None and scalar.is_quoted() and "\n" not in value:
        return yaml_edit.ScalarValue(value, scalar.style())
    return value if _is_plain(value) else yaml_edit.ScalarValue(value, "double-quoted")


def _is_plain(text: str) -> bool:
    """Whether the text reads back as itself without quotes, also inside brackets."""
    problems = Problems("")
    try:
        root = read_yaml(f"[{text}]\n", problems)
        problems.raise_any()
    except InvalidFile:
        return False
    return [item.value for item in root.items or ()] == [text]
