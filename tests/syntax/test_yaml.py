"""YAML as people write it: one verdict on every machine, and plain words for what cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.profile_file.file import read_profile_file
from mlxsm_sync.syntax import yaml as yaml_text
from mlxsm_sync.syntax.source import parse_text
from mlxsm_sync.syntax.tree import Position, Problems
from mlxsm_sync.syntax.yaml import _same_everywhere, _syntax_error
from mlxsm_sync.syntax.yaml_python import PythonLoader
from mlxsm_sync.syntax.yaml_words import Trouble, explained

GOOD = """\
schemaVersion: 1
profiles:
  - name: A b
    modelID: m/a
    port: 8080 # x
    notes: |
      text
    advancedLaunchOptions:
      rawExtraArgs: [--a, "4"]
      chatTemplateArgs: {a: 1, b: [x, 'y']}
"""


def read(text: str, loader: Any = None) -> Any:
    """The data of a text, or everything that is wrong with it."""
    problems = Problems("p.yaml")
    with pytest.MonkeyPatch.context() as patch:
        if loader is not None:
            patch.setattr(yaml_text, "_LOADER", loader)
        try:
            root = yaml_text.read_yaml(text, problems)
            problems.raise_any()
        except InvalidFile as error:
            return [f"{one.line}:{one.column}: {one.message}" for one in error.problems]
    return {"data": root.plain()}


_TOKENS = [
    "a",
    "b c",
    "name",
    "x: ",
    "k: v",
    "- ",
    "-",
    "?",
    "? ",
    ",",
    ":",
    ": ",
    "[",
    "]",
    "{",
    "}",
    "#",
    " #c",
]
_TOKENS += [
    "\n",
    "\n",
    "\n  ",
    "\n    ",
    "\n- ",
    "\t",
    " ",
    "  ",
    "'",
    '"',
    '"a b"',
    "'it''s'",
    "|",
    "|-",
    ">",
    "|2",
]
_TOKENS += [
    ">+",
    "\\",
    '"\\n"',
    '"\\u00e9"',
    '"\\ud800"',
    "@",
    "`",
    "---",
    "...",
    "\n---\n",
    "é",
    "🙂",
    "1",
    "::1",
    "a:b",
]
_TOKENS += [
    "http://x",
    "~",
    "|\n  t\n",
    "\r\n",
    "\n\t",
    "a?b",
    "?x",
    "key: [",
    "{a: b}",
    "[1, 2]",
    "<<",
    '"\\x4"',
    '"\\q"',
]
_any_text = st.lists(st.sampled_from(_TOKENS), max_size=12).map("".join)


@st.composite
def _nearly_good(draw: Any) -> str:
    """A good file with a few characters too many, too few or others."""
    text = GOOD
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text) - 1))
        end = at + draw(st.integers(0, 3))
        text = text[:at] + draw(st.sampled_from([*_TOKENS, "", "", ""])) + text[end:]
    return text


@given(_any_text | _nearly_good())
def test_one_verdict_with_and_without_libyaml(text: str) -> None:
    """Data and problems alike, words and places included; what is not allowed at all may be told elsewhere."""
    fast, slow = read(text, yaml.CSafeLoader), read(text, PythonLoader)
    if (
        isinstance(fast, dict)
        or isinstance(slow, dict)
        or not any("not allowed" in one or "a key must be text" in one for one in (*fast, *slow))
    ):
        assert fast == slow


@given(_any_text)
def test_a_place_is_inside_the_text(text: str) -> None:
    for loader in (yaml.CSafeLoader, PythonLoader):
        told = read(text, loader)
        lines = text.split("\n")
        for one in told if isinstance(told, list) else ():
            line, column = map(int, one.split(":")[:2])
            assert 1 <= line <= len(lines)
            assert 1 <= column <= len(lines[line - 1]) + 1


# Of the YAML test suite (https://github.com/yaml/yaml-test-suite, MIT): where the two readers differed, and
# what libyaml read wrong.
SUITE: dict[str, tuple[str, Any]] = {
    "4ABK": (
        "{\nunquoted : x,\nomitted value:,\n}\n",
        ["3:14: not valid YAML: a colon before , ? [ ] { or } needs a space behind it, or the value quotes"],
    ),
    "96NN": (
        "foo: |-\n \tbar\n",
        ["2:2: not valid YAML: indent with spaces, not with a tab"],
    ),
    "652Z": ("{ ?foo: bar }\n", ["1:3: a key or value that begins with ? must be in quotes"]),
    "HM87": ("[?x]\n", ["1:2: a key or value that begins with ? must be in quotes"]),
    "X4QW": (
        "block: ># comment\n  scalar\n",
        ["1:9: not valid YAML: the line must end after | or >: the text begins on the next one"],
    ),
    "6BCT": ("- foo:\t bar\n- - baz\n", {"data": [{"foo": "bar"}, ["baz"]]}),
    "DC7X": ("a: b\t\nseq:\t\n - a\t\nc: d\t#X\n", {"data": {"a": "b", "seq": ["a"], "c": "d"}}),
    "DK95": ("foo: 1\n \t\nbar: 2\n", {"data": {"foo": 1, "bar": 2}}),
    "J3BT": ('quoted: "Q \t"\nblock:\t|\n  x\n  \ty\n', {"data": {"quoted": "Q \t", "block": "x\n\ty\n"}}),
    "JR7V": (
        "- [a?string]\n- {key: value? }\n- {key?: v }\n",
        {"data": [["a?string"], {"key": "value?"}, {"key?": "v"}]},
    ),
    "K54U": ("---\tscalar\n", {"data": "scalar"}),
    "L24T": ("foo: |\n  x\n   ", {"data": {"foo": "x\n \n"}}),
    "JEF9": ("- |+\n   ", {"data": ["\n"]}),
    "NB6Z": ("key:\n  value\n  with\n  \t\n  tabs\n", {"data": {"key": "value with\ntabs"}}),
    "R4YG": ("- >\n \t\n detected\n", ["2:2: not valid YAML: indent with spaces, not with a tab"]),
    "UV7Q": ("x:\n - x\n  \tx\n", {"data": {"x": ["x x"]}}),
    "Y79Y/02": ("- [\n\t\n foo\n ]\n", {"data": [["foo"]]}),
    "Y79Y/03": ("- [\n\tfoo,\n foo\n ]\n", {"data": [["foo", "foo"]]}),
    "tab behind a block's sign": ("a: |\t\n  b\n", {"data": {"a": "b\n"}}),
    "tab and comment behind a block's sign": ("a: >-\t# c\n  b\n", {"data": {"a": "b"}}),
    "blank and tab behind a block's sign": ("a: | \t\n  b\n", {"data": {"a": "b\n"}}),
    "Y79Y/00": ("foo: |\n\t\nbar: 1\n", ["2:1: not valid YAML: indent with spaces, not with a tab"]),
}


@pytest.mark.parametrize("name", SUITE)
@pytest.mark.parametrize("loader", [yaml.CSafeLoader, PythonLoader])
def test_the_suite_where_readers_differ(name: str, loader: Any) -> None:
    text, expected = SUITE[name]
    assert read(text, loader) == expected


def test_without_libyaml_the_other_reader_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert yaml_text._loader() is yaml.CSafeLoader
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert yaml_text._loader() is PythonLoader


WORDS = {
    "a: b: c\n": '1:5: not valid YAML: a value cannot have ": " in it: put the value in quotes',
    "a: 'b': c\n": '1:7: not valid YAML: a value cannot have ": " in it: put the value in quotes',
    "a: [b]: c\n": '1:7: not valid YAML: a value cannot have ": " in it: put the value in quotes',
    "a: http://x: y\n": '1:12: not valid YAML: a value cannot have ": " in it: put the value in quotes',
    "name:a\nport: 1\n": "1:5: not valid YAML: a space is missing after this colon",
    "- name:a\n\n  port: 1\n": "1:7: not valid YAML: a space is missing after this colon",
    "a:\n  b: 1\n   c: 2\n": (
        "3:5: not valid YAML: this line is indented deeper than its neighbours, or the value above lacks quotes"
    ),
    "a:\n   b: 1\n  c: 2\n": "3:3: not valid YAML: this line is not indented as the others that begin on line 1",
    "a:\n  - b\n - c\n": "3:2: not valid YAML: this line is not indented as the others that begin on line 1",
    "- a\nb: 1\n": "2:1: not valid YAML: this line is not indented as the others that begin on line 1",
    "a: - b\n": "1:4: not valid YAML: a list begins on a line of its own, below its key",
    "a: b\n - c: d\n": (
        "2:5: not valid YAML: this line is indented deeper than its neighbours, or the value above lacks quotes"
    ),
    'a: "b" c\n': "1:8: not valid YAML: nothing may follow a closing quote: put the whole value in quotes",
    "a: 'it's'\n": (
        "1:8: not valid YAML: nothing may follow a closing quote: put the whole value in quotes, "
        "and write '' for each ' inside"
    ),
    "a: [b]c\n": "1:7: not valid YAML: nothing may follow a value that has ended: put the whole value in quotes",
    ": a\n": "1:1: not valid YAML: a key is missing before this colon",
    "\ta: 1\n": "1:1: not valid YAML: indent with spaces, not with a tab",
    "a:\n  b: 1\n\tc: 2\n": "3:1: not valid YAML: indent with spaces, not with a tab",
    "a: @b\n": "1:4: not valid YAML: a value cannot begin with @: put it in quotes",
    "a: `b`\n": "1:4: not valid YAML: a value cannot begin with `: put it in quotes",
    "a: %b\n": "1:4: not valid YAML: a value cannot begin with %: put it in quotes",
    "a: 'b\nc: 1\n": "1:4: not valid YAML: this quote is never closed",
    'a: "b\n': "1:4: not valid YAML: this quote is never closed",
    'a: "b\n---\n': "1:4: not valid YAML: this quote is never closed",
    "a: [b\n": "1:4: not valid YAML: this [ is never closed",
    "a: {b: c\n": "1:4: not valid YAML: this { is never closed",
    "a: [b, \n": "1:7: not valid YAML: the text ends before a bracket is closed",
    "a: [b\nc: 1\n": "2:2: not valid YAML: a comma or ] is missing before this: the [ of line 1 is open",
    "a: {b: c\nd: 1\n": "2:2: not valid YAML: a comma or } is missing before this: the { of line 1 is open",
    "{host: ::1}\n": "1:8: not valid YAML: a value that begins with : must be in quotes",
    "[a,,b]\n": "1:4: not valid YAML: a value is missing here",
    "a: ]\n": "1:4: not valid YAML: a value is missing here",
    "a: 1\nbc\n": '2:1: not valid YAML: this line has no ": " after its key',
    "a: |b\n  c\n": "1:5: not valid YAML: the line must end after | or >: the text begins on the next one",
    "a: >0\n  c\n": "1:5: not valid YAML: the line must end after | or >: the text begins on the next one",
    'a: "\\q"\n': (
        "1:5: not valid YAML: this escape means nothing in double quotes: "
        "write \\\\ for a backslash, or use single quotes"
    ),
    'a: "C:\\Users"\n': (
        "1:7: not valid YAML: this escape means nothing in double quotes: "
        "write \\\\ for a backslash, or use single quotes"
    ),
    'a: "\\ud800"\n': "1:5: not valid YAML: this escape is no character",
    'a: "\\U00110000"\n': "1:5: not valid YAML: this escape is no character",
    "a\n...\nb\n": "3:1: not valid YAML: this belongs to nothing: it is not indented as the lines above, or follows the end",
    "a: &\n": "1:4: anchors (&) are not allowed: write the value out, or use defaults",
    "a: *\n": "1:4: aliases (*) are not allowed: write the value out, or use defaults",
    "a: !<b\n": "1:4: tags (!) are not allowed: write a plain or quoted value",
    "a: !e!b c\n": "1:4: tags (!) are not allowed: write a plain or quoted value",
}  # fmt: skip


@pytest.mark.parametrize("text", WORDS)
@pytest.mark.parametrize("loader", [yaml.CSafeLoader, PythonLoader])
def test_what_cannot_be_read_is_told_in_plain_words(text: str, loader: Any) -> None:
    assert read(text, loader)[-1] == WORDS[text]


def test_a_very_long_text_is_read_once_and_told_in_the_same_words() -> None:
    long = "a: 1 # " + "x" * 70_000 + "\nb: [\n"
    for loader in (yaml.CSafeLoader, PythonLoader):
        assert read(long, loader) == ["2:5: not valid YAML: the text ends before a bracket is closed"]


_JSON = '{"schemaVersion": 1, "profiles": [{"name": "\\ud83d\\ude00", "modelID": "m", "port": 1}]}'
JSON_OR_YAML = {
    "p.yaml": [
        "{\n schemaVersion: 1,\n profiles: []\n}",
        '{"schemaVersion": 1, # one\n "profiles": [],\n}',
        _JSON,
    ],
    "p.yml": ["{\n  'schemaVersion': 1, profiles: []}", '{\n\t"schemaVersion": 1,\n\t"profiles": []\n}'],
    "p.json": [_JSON, "\n " + _JSON],
    "p.JSON": [_JSON],
}


@pytest.mark.parametrize("name", JSON_OR_YAML)
def test_a_file_is_json_where_its_name_or_all_of_it_says_so(tmp_path: Path, name: str) -> None:
    for text in JSON_OR_YAML[name]:
        (tmp_path / name).write_text(text)
        assert read_profile_file(str(tmp_path / name)).owner == "default"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("p.json", "{schemaVersion: 1}", "1:2: not valid JSON: a key must be in double quotes"),
        ("p.json", '{"a": 1,}', "1:8: not valid JSON: the last item has no comma behind it"),
        ("p.json", '{"a": 1 // x\n}', "1:9: not valid JSON: JSON has no comments"),
        ("p.json", "{'a': 1}", "1:2: not valid JSON: texts are in double quotes"),
        ("p.json", '{"a" 1}', "1:6: not valid JSON: a colon is missing here"),
        ("p.json", '{"a": 1 "b": 2}', "1:9: not valid JSON: a comma is missing here"),
        ("p.json", '{"a": [1, 2', "1:12: not valid JSON: the text ends before all brackets are closed"),
        ("p.json", '{"a": "b', "1:7: not valid JSON: this quote is never closed"),
        ("p.json", '{"a": "\\q"}', "1:8: not valid JSON: this escape means nothing: write \\\\ for a backslash"),
        ("p.json", '{"a": "b\n"}', "1:9: not valid JSON: a text ends on its line: write \\n for a line break"),
        ("p.json", '{"a": yes}', "1:7: not valid JSON: a value is missing here, or lacks double quotes"),
        ("p.json", "{} {}", "1:4: not valid JSON: nothing may follow the closing bracket"),
        ("p.json", "", "1:1: not valid JSON: a value is missing here, or lacks double quotes"),
        ("p.json", '{"a": "\\u12"}', "1:8: not valid JSON: this escape means nothing: write \\\\ for a backslash"),
        ("p.yaml", '{"a": 1 "b": 2}', "1:12: not valid YAML: a comma or } is missing before this: the { of line 1 is open"),
    ],
)  # fmt: skip
def test_json_that_is_none_is_told_in_plain_words(name: str, text: str, told: str) -> None:
    problems = Problems(name)
    with pytest.raises(InvalidFile) as caught:
        parse_text(name, text, problems)
    assert [str(one) for one in caught.value.problems] == [f"{name}:{told}"]


@pytest.mark.parametrize(
    "text",
    ["1._5", "685.230_15e+03", "-1_0.5e3", "+.5_1", "1_000_", "0_1", "1__0", "._5"][:-1],
)
def test_what_only_some_readers_take_for_a_number_is_ambiguous(text: str) -> None:
    assert read(f"a: {text}\n") == ["1:4: ambiguous value: quote it if it is text"]


@pytest.mark.parametrize("text", ["_1", "._5", "a_1", "1.2.3", "v1_0", "1_a", "_", "x0_1"])
def test_what_no_reader_takes_for_a_number_is_text(text: str) -> None:
    assert read(f"a: {text}\n") == {"data": {"a": text}}


def test_a_limit_of_libyaml_is_told_as_our_own() -> None:
    error = yaml.scanner.ScannerError(None, None, "exceeded maximum nesting depth", None)
    problems = Problems("p.yaml")
    told = _syntax_error(error, "[[[", problems)
    assert isinstance(told, InvalidFile)
    assert "deep" in str(told.problems[0])


def test_what_we_know_no_words_for_is_told_in_the_readers() -> None:
    trouble = Trouble("a: 1", Position(1, 2), Position(1, 1))
    assert explained(" something new ", trouble) == (Position(1, 2), "not valid YAML: something new")
    deeper = Trouble("  - a", Position(1, 3), Position(1, 1))
    assert explained("sequence entries are not allowed", deeper).message == (
        "not valid YAML: this line is indented deeper than its neighbours"
    )


def test_what_only_libyaml_refuses_is_told_in_its_words() -> None:
    error = yaml.YAMLError()
    assert _same_everywhere(error, "a: 1", Problems("p.yaml")) is error
