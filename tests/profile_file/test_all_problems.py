"""Everything that is wrong with a file is told in one run, each at its place; nothing hides anything else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.syntax.source import Tree, parse_text
from mlxsm_sync.syntax.tree import Problems
from testing.profile_files import judge_tree_alone

# Of each key of a profile: values that are wrong, and how it is told; None is a key that is not there.
PROFILE: dict[str, list[tuple[str | None, str]]] = {
    "name": [
        ("''", "name must not be blank"),
        ("5", "name must be text"),
        ("{a: 1}", "name must be text"),
        ("'#1'", "name must not be # with digits only"),
        (None, "name is required"),
        ("", "name is required"),
    ],
    "modelID": [
        ("https://huggingface.co/o/m", "modelID must be the name that the Hub has"),
        ("-m", "modelID must not start with '-'"),
        ("[m]", "modelID must be text"),
        (None, "modelID is required"),
        ("~", "modelID is required"),
        ("&x o/m", "anchors (&) are not allowed"),
    ],
    "host": [("'*'", "host must be an address"), ("5", "host must"), ("a:1", "host must not contain a port")],
    "port": [
        ("0", "port must be a whole number"),
        ("'80'", "port must be a whole number"),
        ("08080", "port must be a whole number"),
        ("1e400", "a number must be finite"),
        (None, "port is required, here or in defaults"),
    ],
    "enableThinking": [
        ("yes", "enableThinking must be true or false: write true"),
        ("3", "enableThinking must"),
    ],
    "notes": [
        ("[a]", "notes must be text"),
        ("!!str x", "tags (!) are not allowed"),
        ("no", "ambiguous value"),
    ],
    "temp": [("1", 'the key "temp" is unknown')],
    "colour": [("[1, {a: b}]", 'the key "colour" is unknown')],
    "apiKey": [("x", "this key looks like a secret")],
    "logLevel": [("INFO", 'the key "logLevel" belongs under')],
    "1": [("x", "a key must be text")],
}
OPTIONS: dict[str, list[tuple[str | None, str]]] = {
    "defaultTemperature": [("hot", "defaultTemperature must"), ("9", "defaultTemperature must")],
    "defaultMaxTokens": [("4k", "defaultMaxTokens must be a whole number above 0: write 4000")],
    "chatTemplateArgs": [("[]", "chatTemplateArgs must be a mapping")],
    "allowedOrigins": [("localhost", "allowedOrigins must have a scheme")],
    "rawExtraArgs": [
        ("['--kv-bits 8']", "rawExtraArgs[0] must be one item for each argument"),
        ("[--ho]", "rawExtraArgs[0] must not set or abbreviate --host"),
        ("[5]", "rawExtraArgs[0] must be text"),
        ("x", "rawExtraArgs must be a list"),
    ],
    "loglevel": [("INFO", 'the key "loglevel" is unknown')],
    "port": [("1", 'the key "port" belongs in')],
    "kvBits": [("8", 'the key "kvBits" is unknown')],
}
HEAD: dict[str, list[tuple[str | None, str]]] = {
    "schemaVersion": [("2", "schemaVersion must be 1"), ("'1'", "schemaVersion must be 1"), (None, "schemaVersion is required")],
    "collection": [("5", "collection must be text"), ("", "collection must be text"), ("' '", "collection must not be blank")],
    "colection": [("x", 'the key "colection" is unknown')],
    "host": [("x", 'the key "host" belongs in')],
}  # fmt: skip
DEFAULTS: dict[str, list[tuple[str | None, str]]] = {
    "name": [("x", 'the key "name" belongs in')],
    "modelID": [("x", 'the key "modelID" belongs in')],
    "top_p": [("x", 'the key "top_p" is unknown')],
}
GOOD = {"schemaVersion": "1", "modelID": "o/m", "port": "1"}
INSIDE = ("[5]", "[--ho]", "['--kv-bits 8']")
"""Values whose problem is that of their first item."""


@dataclass
class Writing:
    """A file as it is written, and what must be said of it."""

    lines: list[str] = field(default_factory=list)
    expected: set[tuple[int, int, str]] = field(default_factory=set)

    def key(
        self, indent: str, key: str, chosen: tuple[str | None, str] | None, good: str, start: Any
    ) -> None:
        """One key, good or wrong; `start` is where the mapping begins, which is where a missing key is told."""
        if chosen is None:
            self.lines.append(f"{indent}{key}: {good}")
            return
        value, message = chosen
        if value is None:
            self.expected.add((*start, message))
            return
        self.lines.append(f"{indent}{key}: {value}".rstrip())
        about_key = "key" in message.split() or (value in ("", "~") and "required" in message)
        column = len(indent) + 1 + (0 if about_key else len(key) + 2 + (value in INSIDE))
        if value == "":
            column = len(indent) + 1 if about_key else len(indent) + len(key) + 2
        self.expected.add((len(self.lines), column, message))


def _some(
    catalogue: dict[str, list[tuple[str | None, str]]],
) -> st.SearchStrategy[dict[str, tuple[str | None, str]]]:
    return st.fixed_dictionaries(
        {}, optional={key: st.sampled_from(wrong) for key, wrong in catalogue.items()}
    )


def _write(head: Any, defaults: Any, profiles: Any) -> Writing:
    writing = Writing()
    keys = [key for key in ("schemaVersion", "collection", *head) if key in head or key == "schemaVersion"]
    for key in dict.fromkeys(keys):
        writing.key("", key, head.get(key), GOOD.get(key, ""), (1, 1))
    if defaults:
        writing.lines.append("defaults:")
        for key, wrong in defaults.items():
            writing.key("  ", key, wrong, "", None)
    writing.lines.append("profiles:")
    for number, (own, options) in enumerate(profiles):
        writing.lines.append("  -")
        start = (len(writing.lines) + 1, 5)
        for key in dict.fromkeys(("notes", "name", "modelID", "port", *own)):
            good = {"name": f"P{number}", "notes": "fine"}.get(key, GOOD.get(key, ""))
            writing.key("    ", key, own.get(key), good, start)
        if options:
            writing.lines.append("    advancedLaunchOptions:")
            for key, wrong in options.items():
                writing.key("      ", key, wrong, "", None)
    return writing


def _told(text: str) -> list[tuple[int | None, int | None, str]]:
    problems = Problems("p.yaml")
    try:
        tree = Tree(parse_text("p.yaml", text, problems), problems, "sha256:0")
        judge_tree_alone("-", tree)
    except InvalidFile as error:
        return [(one.line, one.column, one.message) for one in error.problems]
    return []


_profiles = st.lists(st.tuples(_some(PROFILE), _some(OPTIONS)), min_size=1, max_size=4)


@given(_some(HEAD), _some(DEFAULTS), _profiles)
def test_everything_is_told_at_once(head: Any, defaults: Any, profiles: Any) -> None:
    writing = _write(head, defaults, profiles)
    told = _told("\n".join(writing.lines) + "\n")
    left = list(told)
    for line, column, message in sorted(writing.expected):
        found = [one for one in left if one[:2] == (line, column) and one[2].startswith(message)]
        assert found, (line, column, message, told, "\n".join(writing.lines))
        left.remove(found[0])
    # One model at one place twice follows from the files made here; nothing else is told.
    assert [one for one in left if not one[2].startswith("another profile has the same")] == []


def test_two_keys_that_are_missing_are_told_both() -> None:
    assert _told("schemaVersion: 1\nprofiles:\n  - notes: a\n    extra: 1\n  - extra: 1\n    port: 0\n") == [
        (3, 5, "name is required"),
        (3, 5, "modelID is required"),
        (3, 5, "port is required, here or in defaults"),
        (4, 5, ('the key "extra" is unknown; known keys: name, modelID, host, port, enableThinking, notes, context, '
               "cluster, advancedLaunchOptions, on")),
        (5, 5, ('the key "extra" is unknown; known keys: name, modelID, host, port, enableThinking, notes, context, '
               "cluster, advancedLaunchOptions, on")),
        (5, 5, "name is required"),
        (5, 5, "modelID is required"),
        (6, 11, "port must be a whole number between 1 and 65535, such as 8080"),
    ]  # fmt: skip


def test_what_profiles_have_in_common_is_told_although_each_is_wrong() -> None:
    """Duplicates and contradictions, also at the place of another problem."""
    text = """\
schemaVersion: 3
defaults: {advancedLaunchOptions: {chatTemplateArgs: {enable_thinking: true}}}
profiles:
  - {name: A, modelID: https://hf.co/o/m, port: 1, enableThinking: false}
  - {name: A, modelID: https://hf.co/o/m, port: 1.0, host: 127.0.0.1, temp: 1}
"""
    assert _told(text) == [
        (1, 16, "schemaVersion must be 1, the only version that this mlxsm reads"),
        (4, 12, "another profile has the same name (line 5)"),
        (4, 24, "modelID must be the name that the Hub has, not an address: write o/m"),
        (4, 24, "another profile has the same model, host and port (line 5)"),
        (4, 68, "enableThinking contradicts chatTemplateArgs.enable_thinking: drop one of them"),
        (5, 12, "another profile has the same name (line 4)"),
        (5, 24, "modelID must be the name that the Hub has, not an address: write o/m"),
        (5, 24, "another profile has the same model, host and port (line 4)"),
        (5, 71, 'the key "temp" is unknown: write defaultTemperature under advancedLaunchOptions'),
    ]


def test_an_option_that_is_there_twice_is_told() -> None:
    text = """\
schemaVersion: 1
defaults: {advancedLaunchOptions: {rawExtraArgs: [--temp, "1"]}}
profiles:
  - {name: A, modelID: m, port: 1, advancedLaunchOptions: {defaultTemperature: 1}}
  - {name: B, modelID: m, port: 2, enableThinking: true, advancedLaunchOptions: {rawExtraArgs: [--chat-template-args, "{}"]}}
  - {name: C, modelID: m, port: 3, advancedLaunchOptions: {logLevel: INFO, rawExtraArgs: [--kv-bits, "8", --log-level=INFO]}}
  - {name: D, modelID: m, port: 4, advancedLaunchOptions: {logLevel: INFO, rawExtraArgs: [--kv-bits, "8"]}}
"""
    assert _told(text) == [
        (4, 5, "rawExtraArgs[0] must not set --temp again: defaultTemperature does"),
        (5, 97, "rawExtraArgs[0] must not set --chat-template-args again: enableThinking does"),
        (6, 107, "rawExtraArgs[2] must not set --log-level again: logLevel does"),
    ]


def test_profiles_that_are_no_list_are_told_how_to_begin() -> None:
    assert _told("schemaVersion: 1\nprofiles: {qwen: {model: m}}\n") == [
        (2, 11, "profiles must be a list: begin each profile with - name:")
    ]
