"""The profile file: what is read, and every way to say what is wrong with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mlxsm_sync.errors import FileError, InvalidFile
from mlxsm_sync.profile_file.file import read_profile_file
from mlxsm_sync.syntax import tree
from mlxsm_sync.syntax.source import is_json
from mlxsm_sync.values.desired import Desired
from testing.profile_files import judge_alone

HEAD = "schemaVersion: 1\nprofiles:\n"
ONE = "{name: A, modelID: m/a, host: 127.0.0.1, port: 1}"


def read(tmp_path: Path, text: str | bytes, name: str = "p.yaml", *, alone: bool = False) -> Desired:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return judge_alone(str(path)) if alone else read_profile_file(str(path))


def problems(tmp_path: Path, text: str | bytes, name: str = "p.yaml", *, alone: bool = False) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        read(tmp_path, text, name, alone=alone)
    return [str(one).removeprefix(f"{tmp_path}/{name}").removeprefix(":") for one in caught.value.problems]


def declared(tmp_path: Path, text: str) -> list[dict[str, object]]:
    return [one.declared for one in read(tmp_path, text).profiles]


def test_everything_that_a_file_can_say(tmp_path: Path) -> None:
    text = """\
schemaVersion: 1
collection: team
profiles:
  - name: Qwen3 Coder
    modelID: mlx-community/Qwen3
    host: "::1"
    port: 8080
    enableThinking: false
    notes: |
      daily
      driver
    advancedLaunchOptions:
      defaultTemperature: 1e-1
      defaultTopP: 1
      defaultTopK: 40
      defaultMinP: .5
      defaultMaxTokens: 4096
      chatTemplateArgs: {enable_thinking: false, list: [1, null, {deep: true}]}
      allowedOrigins: http://localhost:3000
      logLevel: INFO
      decodeConcurrency: 1
      promptConcurrency: 2
      prefillStepSize: 3
      promptCacheSize: 4
      promptCacheBytes: 999999999999999999
      rawExtraArgs: [--kv-bits, "4", "--draft-model=x"]
"""
    desired = read(tmp_path, text)
    assert (desired.owner, desired.from_) == ("team", str(tmp_path / "p.yaml"))
    (one,) = desired.profiles
    assert (one.index, one.line, one.column) == (1, 4, 5)
    options = "/advancedLaunchOptions"
    assert one.declared == {
        "/name": "Qwen3 Coder",
        "/modelID": "mlx-community/Qwen3",
        "/host": "::1",
        "/port": 8080,
        "/enableThinking": False,
        "/notes": "daily\ndriver\n",
        f"{options}/defaultTemperature": 0.1,
        f"{options}/defaultTopP": 1.0,
        f"{options}/defaultTopK": 40,
        f"{options}/defaultMinP": 0.5,
        f"{options}/defaultMaxTokens": 4096,
        f"{options}/chatTemplateArgs": {"enable_thinking": False, "list": [1, None, {"deep": True}]},
        f"{options}/allowedOrigins": "http://localhost:3000",
        f"{options}/logLevel": "INFO",
        f"{options}/decodeConcurrency": 1,
        f"{options}/promptConcurrency": 2,
        f"{options}/prefillStepSize": 3,
        f"{options}/promptCacheSize": 4,
        f"{options}/promptCacheBytes": 999999999999999999,
        f"{options}/rawExtraArgs": ["--kv-bits", "4", "--draft-model=x"],
    }


def test_defaults_are_inherited_option_by_option_and_null_unsets(tmp_path: Path) -> None:
    text = """\
schemaVersion: 1
defaults:
  host: localhost
  port: 8080
  enableThinking: true
  advancedLaunchOptions: {logLevel: INFO, rawExtraArgs: [--a], defaultTopP: 0.5}
profiles:
  - {name: A, modelID: m/a}
  - {name: B, modelID: m/b, enableThinking: null, advancedLaunchOptions: {logLevel: null, rawExtraArgs: [--b]}}
  - {name: C, modelID: m/c, port: 1, advancedLaunchOptions: null}
"""
    options = "/advancedLaunchOptions"
    a, b, c = declared(tmp_path, text)
    assert a["/enableThinking"] is True
    assert (a[f"{options}/logLevel"], a[f"{options}/rawExtraArgs"]) == ("INFO", ["--a"])
    assert {"/enableThinking", f"{options}/logLevel"} & b.keys() == set()
    assert (b[f"{options}/rawExtraArgs"], b[f"{options}/defaultTopP"]) == (["--b"], 0.5)
    assert c.keys() == {"/name", "/modelID", "/host", "/port", "/enableThinking"}


def test_names_are_trimmed_and_composed(tmp_path: Path) -> None:
    (one,) = declared(tmp_path, f"{HEAD}  - {ONE}".replace("name: A", 'name: "  Cafe\u0301 "'))
    assert one["/name"] == "Café"


@pytest.mark.parametrize("text", ["\ufeff", ""])
def test_byte_order_mark_and_crlf_are_fine(tmp_path: Path, text: str) -> None:
    assert len(read(tmp_path, (text + f"{HEAD}  - {ONE}\n").replace("\n", "\r\n")).profiles) == 1


def test_a_profile_file_may_be_json(tmp_path: Path) -> None:
    text = '{"schemaVersion": 1,\n "profiles": [{"name": "\\ud83d\\ude00", "modelID": "m", "host": "h", "port": 8080.0}]}'
    for name in ("p.json", "p.yaml"):
        (one,) = read(tmp_path, text, name).profiles
        assert (one.profile.name, one.profile.port, one.line, one.column) == ("😀", 8080, 2, 15)


def test_yaml_flow_is_not_taken_for_json(tmp_path: Path) -> None:
    assert len(read(tmp_path, f"{{schemaVersion: 1, profiles: [{ONE}]}}").profiles) == 1


def test_no_profiles_are_a_list_as_well(tmp_path: Path) -> None:
    assert read(tmp_path, "schemaVersion: 1\nprofiles: []\n").profiles == ()


HEADS = {
    "": ["1:1: a profile file is a mapping with schemaVersion and profiles"],
    "- 1": ["1:1: a profile file is a mapping with schemaVersion and profiles"],
    "profiles: []": ["1:1: schemaVersion is required: write schemaVersion: 1"],
    "schemaVersion: 1": ["1:1: profiles is required: write [] for none"],
    "schemaVersion: 1\nprofiles:": ["2:10: profiles must be a list: write [] for none"],
    "schemaVersion: 1\nprofiles: {}": ["2:11: profiles must be a list: write [] for none"],
    "schemaVersion: 2\nprofiles: []": [
        "1:16: schemaVersion must be 1, the only version that this mlxsm reads"
    ],
    "schemaVersion: '1'\nprofiles: []": ["1:16: schemaVersion must be 1: write 1, without quotes"],
    "schemaVersion: true\nprofiles: []": [
        "1:16: schemaVersion must be 1, the only version that this mlxsm reads"
    ],
    "schemaVersion: 1\ncollection: ' '\nprofiles: []": ["2:13: collection must not be blank"],
    "schemaVersion: 1\ncollection: 5\nprofiles: []": ['2:13: collection must be text: write "5"'],
    "schemaVersion: 1\ndefaults: []\nprofiles: []": ["2:11: defaults must be a mapping, such as {}"],
    "schemaVersion: 1\ndefaults: {advancedLaunchOptions: 1}\nprofiles: []": [
        "2:35: advancedLaunchOptions must be a mapping, such as {}"
    ],
    "schemaVersion: 1\ndefaults: {port: 0, logLevel: x}\nprofiles: []": [
        "2:18: port must be a whole number between 1 and 65535, such as 8080",
        '2:21: the key "logLevel" belongs under advancedLaunchOptions',
    ],
}


@pytest.mark.parametrize("text", HEADS)
def test_what_is_wrong_with_the_head(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == HEADS[text]


FIELDS = {
    "name: ''": "name must not be blank",
    "name: 5": 'name must be text: write "5"',
    "name: '#12'": "name must not be # with digits only: that selects a profile by position",
    "name: " + "x" * 121: "name must be at most 120 characters long, not 121",
    'name: "\\U0001F468\\u200d\\U0001F469"': (
        "name must not contain the invisible character U+200D; remove it: emoji that are joined into one, "
        "such as a family, are not allowed"
    ),
    'name: "a\\u202eb"': "name must not contain the invisible character U+202E; remove it",
    'name: "a\\x1b[31m"': "name must not contain the invisible character U+001B; remove it",
    'name: "\\u3164x"': "name must not contain the invisible character U+3164; remove it",
    'name: "x\\U000E0041y"': "name must not contain the invisible character U+E0041; remove it",
    "name:": "name is required",
    "modelID: ' '": "modelID must not be blank: it is a Hub name such as org/name, or a path that begins with /, ./, ../ or ~/",
    "modelID: -m": "modelID must not start with '-': the server would take it for an option",
    "host: ''": "host must not be blank: write 127.0.0.1",
    "host: 'a b'": "host must not contain white space, such as 127.0.0.1",
    "host: http://a": "host must be a host name or address only, without a scheme, a user or a path: write a",
    "host: 127.0.0.1:80": "host must not contain a port, which is a field of its own: write 127.0.0.1",
    "host: '[::1]'": 'host must be written without brackets: write "::1"',
    "port: 0": "port must be a whole number between 1 and 65535, such as 8080",
    "port: 65536": "port must be a whole number between 1 and 65535, such as 8080",
    "port: '80'": "port must be a whole number between 1 and 65535: write 80, without quotes",
    "port: 80.5": "port must be a whole number between 1 and 65535, such as 8080",
    "port: true": "port must be a whole number between 1 and 65535, such as 8080",
    "enableThinking: 'true'": "enableThinking must be true or false: write true",
    "enableThinking: 1": "enableThinking must be true or false: write true",
    "notes: 5": 'notes must be text: write "5"',
    "notes: {a: 1}": "notes must be text, not a mapping",
    "advancedLaunchOptions: []": "advancedLaunchOptions must be a mapping, such as {}",
}
OPTIONS = {
    "defaultTemperature: 2.1": "defaultTemperature must be a number between 0 and 2, such as 0.2",
    "defaultTemperature: -1": "defaultTemperature must be a number between 0 and 2, such as 0.2",
    "defaultTemperature: '0.3'": "defaultTemperature must be a number between 0 and 2: write 0.3, without quotes",
    "defaultTopP: 1.1": "defaultTopP must be a number between 0 and 1, such as 0.9",
    "defaultMinP: -0.1": "defaultMinP must be a number between 0 and 1, such as 0.05",
    "defaultTopK: 0": "defaultTopK must be a whole number above 0, such as 40",
    "defaultMaxTokens: 1.5": "defaultMaxTokens must be a whole number above 0, such as 4096",
    "decodeConcurrency: -1": "decodeConcurrency must be a whole number above 0, such as 4",
    "promptConcurrency: 0": "promptConcurrency must be a whole number above 0, such as 2",
    "prefillStepSize: 0": "prefillStepSize must be a whole number above 0, such as 2048",
    "promptCacheSize: 0": "promptCacheSize must be a whole number above 0, such as 10",
    "promptCacheBytes: 4GB": "promptCacheBytes must be a whole number of bytes above 0: write 4000000000 (or 4294967296 for GiB)",
    "logLevel: info": "logLevel must be DEBUG, INFO, WARNING, ERROR or CRITICAL: write INFO",
    "allowedOrigins: ''": "allowedOrigins must not be blank, such as http://localhost:3000",
    "chatTemplateArgs: '{}'": "chatTemplateArgs must be a mapping, not text: write {}",
    "chatTemplateArgs: [1]": "chatTemplateArgs must be a mapping, such as {enable_thinking: false}",
    "rawExtraArgs: --a": "rawExtraArgs must be a list: write [--a]",
    "rawExtraArgs: [1]": 'rawExtraArgs[0] must be text: write "1"',
    "rawExtraArgs: [--model]": "rawExtraArgs[0] must not set or abbreviate --model: declare it as a field of the profile",
    "rawExtraArgs: ['--ho=0.0.0.0']": "rawExtraArgs[0] must not set or abbreviate --host: declare it as a field of the profile",
    "rawExtraArgs: ['--x', '--p']": "rawExtraArgs[1] must not set or abbreviate --port: declare it as a field of the profile",
}


def _with(field: str) -> str:
    fields = {"name": "A", "modelID": "m/a", "host": "127.0.0.1", "port": "1"}
    key = field.partition(":")[0]
    lines = [f"{name}: {value}" for name, value in fields.items() if name != key]
    return HEAD + "  - " + "\n    ".join([field, *lines]) + "\n"


@pytest.mark.parametrize("field", FIELDS)
def test_what_is_wrong_with_a_field(tmp_path: Path, field: str) -> None:
    key = field.partition(":")[0]
    column = 5 + len(key) + 2 if field != f"{key}:" else 5
    assert problems(tmp_path, _with(field)) == [f"3:{column}: {FIELDS[field]}"]


@pytest.mark.parametrize("option", OPTIONS)
def test_what_is_wrong_with_an_option(tmp_path: Path, option: str) -> None:
    (found,) = problems(tmp_path, _with(f"advancedLaunchOptions: {{{option}}}"))
    assert found.split(": ", 1)[1] == OPTIONS[option]


def test_what_is_missing_is_told_at_the_profile(tmp_path: Path) -> None:
    assert problems(tmp_path, HEAD + "  - {}\n  - 5\n") == [
        "3:5: name is required",
        "3:5: modelID is required",
        "3:5: port is required, here or in defaults",
        "4:5: a profile is a mapping with name, modelID, host and port",
    ]


def test_thinking_is_not_declared_twice(tmp_path: Path) -> None:
    text = _with("advancedLaunchOptions: {chatTemplateArgs: {enable_thinking: true}}")
    assert problems(tmp_path, text + "    enableThinking: false\n") == [
        "8:21: enableThinking contradicts chatTemplateArgs.enable_thinking: drop one of them"
    ]
    assert read(tmp_path, text + "    enableThinking: true\n").profiles


def test_unknown_keys_are_guessed_named_or_refused_for_a_reason(tmp_path: Path) -> None:
    text = (
        HEAD
        + f'  - {ONE[:-1]}, nots: x, hfToken: x, serverExecutable: x, cachePath: x, "k\\u202e": 1, {"k" * 70}: 1}}\n'
    )
    assert [one.split(": ", 1)[1] for one in problems(tmp_path, text)] == [
        'the key "nots" is unknown: did you mean notes?',
        "this key looks like a secret: keys, tokens and passwords never go into a profile",
        "this key looks like an executable or cache path: those belong to one machine, not to a profile",
        "this key looks like an executable or cache path: those belong to one machine, not to a profile",
        "this key is unknown",
        "this key is unknown",
    ]


def test_an_unknown_option_of_the_defaults_is_told_once(tmp_path: Path) -> None:
    text = (
        f"schemaVersion: 1\ndefaults: {{advancedLaunchOptions: {{loglevel: INFO}}}}\nprofiles:\n  - {ONE}\n"
    )
    assert problems(tmp_path, text) == ['2:36: the key "loglevel" is unknown: did you mean logLevel?']


def test_a_place_is_counted_from_behind_the_byte_order_mark(tmp_path: Path) -> None:
    assert problems(tmp_path, b"\xef\xbb\xbfa: \xff") == ["1:4: not UTF-8: save the file as UTF-8"]


def test_a_place_at_the_end_is_inside_the_file(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "a: 1\nbc")
    assert told == '2:1: not valid YAML: this line has no ": " after its key'
    assert problems(tmp_path, "---\n# a")[0].startswith("2:4: a profile file is a mapping")


def test_an_unknown_key_is_unknown_without_a_value_too(tmp_path: Path) -> None:
    text = f"{HEAD}  - {ONE[:-1]}, colour: null, advancedLaunchOptions: {{loglevel: ~}}}}\n"
    assert problems(tmp_path, text) == [
        '3:55: the key "colour" is unknown; known keys: name, modelID, host, port, enableThinking, notes, context, cluster, advancedLaunchOptions, on',
        '3:93: the key "loglevel" is unknown: did you mean logLevel?',
    ]


def test_a_very_long_list_of_arguments_is_judged_as_far_as_it_is_told(tmp_path: Path) -> None:
    arguments = "--a, x, " * 750 + "--model, " + "--b, x, " * 300 + "1"
    text = _with(f"advancedLaunchOptions: {{rawExtraArgs: [{arguments}]}}")
    assert [one.split(": ", 1)[1].partition(":")[0] for one in problems(tmp_path, text)] == [
        "rawExtraArgs[1500] must not set or abbreviate --model",
        "rawExtraArgs[2101] must be text",
    ]
    assert len(problems(tmp_path, text.replace("--a, x, ", "1, 1, "))) == 1000
    assert read(tmp_path, _with(f"advancedLaunchOptions: {{rawExtraArgs: [{'--a, x, ' * 750}]}}")).profiles


YAML = {
    "a: [": "not valid YAML: the text ends before a bracket is closed",
    "a: 1\nb: 2\n---\nc: 3": "a second document begins here: a profile file has one",
    "a: &x 1": "anchors (&) are not allowed: write the value out, or use defaults",
    "a: *x": "aliases (*) are not allowed: write the value out, or use defaults",
    "a: !!python/object:os.system x": "tags (!) are not allowed: write a plain or quoted value",
    "a: !!bool x": "tags (!) are not allowed: write a plain or quoted value",
    "<<: {a: 1}": "merge keys (<<) are not allowed: use defaults",
    "a: 1\na: 2": "this key is here twice; keep one of the two",
    "1: a": "a key must be text: put it in quotes",
    "? [a]\n: b": "a key must be text: put it in quotes",
    "on: a": "ambiguous value: write true, or quote it if it is text",
    "a: no": "ambiguous value: write false, or quote it if it is text",
    "a: 12:30": "ambiguous value: quote it if it is text",
    "a: 0755": "ambiguous value: quote it if it is text",
    "a: 0o17": "ambiguous value: quote it if it is text",
    "a: 1_000": "ambiguous value: quote it if it is text",
    "a: 0x1F": "ambiguous value: quote it if it is text",
    "a: 2001-12-14": "ambiguous value: quote it if it is text",
    "a: 2001-12-14T21:59:43Z": "ambiguous value: quote it if it is text",
    "a: .inf": "a number must be finite",
    "a: -.NaN": "a number must be finite",
    "a: 1e400": "a number must be finite",
    "a: 1234567890123456789": "a number has at most 18 digits: quote it if it is text",
    "\ta: 1": "not valid YAML: indent with spaces, not with a tab",
    "a: \x01": "the character U+0001 is not allowed in YAML",
    "<<<<<<< HEAD\na: 1": "this is an unresolved git merge: resolve it",
    "a: 1\n=======\nb: 2": "this is an unresolved git merge: resolve it",
    "a: " + "[" * 17 + "]" * 17: "nested more than 16 levels deep",
    "a: " + "[" * 30000: "nested more than 16 levels deep",
    "a: '" + "x" * 16385 + "'": "this value is longer than 16 KiB",
}


@pytest.mark.parametrize("text", YAML, ids=lambda text: text[:20])
def test_what_is_no_yaml_of_ours(tmp_path: Path, text: str) -> None:
    assert YAML[text] in [one.split(": ", 1)[1] for one in problems(tmp_path, text)]


def test_plain_values_that_all_tools_read_alike(tmp_path: Path) -> None:
    args = "{a: ~, b: null, c: True, d: FALSE, e: -1, f: +2, g: 1.5, h: .5, i: 5., j: 1e3, k: 0, l: a:b, m: '', n2: 'no'}"
    (one,) = declared(tmp_path, _with(f"advancedLaunchOptions: {{chatTemplateArgs: {args}}}"))
    assert one["/advancedLaunchOptions/chatTemplateArgs"] == {
        "a": None, "b": None, "c": True, "d": False, "e": -1, "f": 2, "g": 1.5, "h": 0.5, "i": 5.0, "j": 1000.0,
        "k": 0, "l": "a:b", "m": "", "n2": "no",
    }  # fmt: skip


JSON = {
    '{"a": 1,}': "1:8: not valid JSON: the last item has no comma behind it",
    '{"a": 1, "a": 2}': "1:10: this key is here twice; keep one of the two",
    '{"a": NaN}': "1:7: a number must be finite",
    '{"a": -Infinity}': "1:7: a number must be finite",
    '{"a": 1e400}': "1:7: a number must be finite",
    '{"a": 1234567890123456789}': "1:7: a number has at most 18 digits",
    '{"a": "\\ud800"}': "1:7: half of a surrogate pair is no character",
    '{"a": "\\u0000"}': "1:7: the character U+0000 is not allowed",
    '{"a":\n "' + "x" * 16385 + '"}': "2:2: this value is longer than 16 KiB",
    '{"a": ' + "[" * 17 + "]" * 17 + "}": "1:22: nested more than 16 levels deep",
    '{"a": ' + "[" * 200_000: "1:22: nested more than 16 levels deep",
    '["\\"[", ' + "[[]," * 200_000: "1:66: nested more than 16 levels deep",
}


@pytest.mark.parametrize("text", JSON, ids=lambda text: text[:20])
def test_what_is_no_json_of_ours(tmp_path: Path, text: str) -> None:
    found = problems(tmp_path, text, "p.json")
    assert any(one.strip().startswith(JSON[text]) for one in found), found


def test_a_file_that_is_too_large_is_not_read_further(tmp_path: Path) -> None:
    assert problems(tmp_path, b"#" * (8 * 1024 * 1024 + 1)) == [" the file is larger than 8 MiB"]


def test_too_many_values_are_not_read_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real million is read under limits of memory and time in tests/threats/test_limits.py."""
    assert tree.MAX_NODES == 1_000_000
    monkeypatch.setattr(tree, "MAX_NODES", 1000)
    found = problems(tmp_path, "a: [" + "0," * 1001 + "]")
    assert found[0].endswith("the file has more than 1,000 values")


def test_other_encodings_are_refused_with_a_place(tmp_path: Path) -> None:
    assert problems(tmp_path, "a: 1\nb: é".encode("latin-1")) == ["2:4: not UTF-8: save the file as UTF-8"]
    assert problems(tmp_path, "a: 1".encode("utf-16")) == ["1:1: not UTF-8: save the file as UTF-8"]


def test_an_unreadable_document_of_yaml_is_one_line(tmp_path: Path) -> None:
    assert problems(tmp_path, "%YAML 9.9\n---\na: 1") == [
        "1:1: directives (%) are not allowed: drop the line"
    ]
    many = "".join(f"%TAG !{number}! x\n" for number in range(100_000))
    assert problems(tmp_path, f"{many}---\na: 1") == ["1:1: directives (%) are not allowed: drop the line"]


def test_duplicates_are_problems_where_a_file_is_judged_alone(tmp_path: Path) -> None:
    two = f"{HEAD}  - {ONE}\n  - {ONE}\n  - {ONE.replace('name: A', 'name: B')}\n"
    assert problems(tmp_path, two, alone=True) == [
        "3:12: another profile has the same name (line 4)",
        "3:24: another profile has the same model, host and port (line 4, 5)",
        "4:12: another profile has the same name (line 3)",
        "4:24: another profile has the same model, host and port (line 3, 5)",
        "5:24: another profile has the same model, host and port (line 3, 4)",
    ]
    assert len(read(tmp_path, two).profiles) == 3
    assert len(read(tmp_path, f"{HEAD}  - {ONE}\n", alone=True).profiles) == 1


def test_duplicates_on_one_line_name_it_once(tmp_path: Path) -> None:
    text = f"{{schemaVersion: 1, profiles: [{ONE}, {ONE}, {ONE}]}}"
    found = problems(tmp_path, text, alone=True)
    assert found[0] == "1:38: another profile has the same name (line 1)"


def test_secrets_are_refused_and_never_repeated(tmp_path: Path) -> None:
    token = "hf_" + "Ab1" * 12
    text = (
        f"{HEAD}  - {{name: {token}, modelID: {token}, host: h, port: 1, notes: 'x {token} y', {token}: 1}}\n"
    )
    found = problems(tmp_path, text)
    assert len(found) == 4
    assert token not in "".join(found)
    assert all("a Hugging Face token" in one or "looks like a secret" in one for one in found)


def test_secret_options_are_refused(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, _with("advancedLaunchOptions: {rawExtraArgs: ['--api-key', 'x']}"))
    assert "this option looks like a secret" in found
    assert read(tmp_path, _with("advancedLaunchOptions: {rawExtraArgs: ['--max-tokens', '5']}")).profiles


def test_a_file_that_cannot_be_read_is_no_invalid_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file or directory"):
        read_profile_file(str(tmp_path / "nowhere.yaml"))
    with pytest.raises(FileError, match="Is a directory"):
        read_profile_file(str(tmp_path))


def test_what_comes_through_a_pipe_has_no_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    if os.fork() == 0:
        pipe.write_text(f"{HEAD}  - {ONE}\n")
        os._exit(0)
    assert read_profile_file(str(pipe)).from_ is None
    os.wait()


def test_a_link_is_known_by_its_own_name(tmp_path: Path) -> None:
    read(tmp_path, f"{HEAD}  - {ONE}\n", "real.yaml")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    assert read_profile_file(str(tmp_path / "link.yaml")).from_ == str(tmp_path / "link.yaml")


def test_standard_input_has_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{HEAD}  - {ONE}\n".encode())))
    desired = read_profile_file("-")
    assert (desired.from_, desired.input.path, len(desired.profiles)) == (None, "-", 1)


def test_an_invisible_mark_inside_is_refused_with_its_place(tmp_path: Path) -> None:
    assert problems(tmp_path, "a: x\ufeffy") == ["1:5: the character U+FEFF is not allowed in YAML"]


def test_duplicates_and_contradictions_are_told_beside_other_problems(tmp_path: Path) -> None:
    text = """\
schemaVersion: 1
defaults: {host: h, enableThinking: true}
profiles:
  - {name: A, modelID: m, port: 0, advancedLaunchOptions: {chatTemplateArgs: {enable_thinking: false}}}
  - {name: A, port: 1}
"""
    assert problems(tmp_path, text, alone=True) == [
        "4:12: another profile has the same name (line 5)",
        "4:33: port must be a whole number between 1 and 65535, such as 8080",
        "4:96: enableThinking contradicts chatTemplateArgs.enable_thinking: drop one of them",
        "5:5: modelID is required",
        "5:12: another profile has the same name (line 4)",
    ]


@pytest.mark.parametrize("char", ["\u2028", "\u2029", "\x85", "\r", "\u202e", "\u2066"])
def test_nothing_can_hide_in_a_comment(tmp_path: Path, char: str) -> None:
    text = f"{HEAD}  - {ONE}  # loopback only{char}    extra: 1\n"
    assert problems(tmp_path, text) == [
        f"3:71: the character U+{ord(char):04X} can hide text: write it as an escape, in quotes"
    ]


def test_a_null_character_is_no_text(tmp_path: Path) -> None:
    assert problems(tmp_path, _with('notes: "a\\0b"')) == ["3:12: the character U+0000 is not allowed"]


def test_very_many_problems_are_not_all_told(tmp_path: Path) -> None:
    found = problems(tmp_path, "a: [" + "no, " * 5000 + "]")
    assert len(found) == 1000


def test_a_long_number_like_text_is_text(tmp_path: Path) -> None:
    (one,) = declared(tmp_path, _with("notes: x" + "0_" * 8000))
    assert len(str(one["/notes"])) == 16001
    assert problems(tmp_path, _with("notes: 1.0_1"))[0].endswith("ambiguous value: put it in quotes")


def test_a_bidi_control_in_a_value_is_data(tmp_path: Path) -> None:
    (one,) = declared(tmp_path, _with("notes: a\u202eb"))
    assert one["/notes"] == "a\u202eb"


def test_an_unresolved_merge_is_named_in_json(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"a": 1,\n<<<<<<< HEAD\n"b": 2\n=======\n"b": 3\n>>>>>>> other\n}\n')
    with pytest.raises(InvalidFile) as caught:
        read_profile_file(str(path))
    assert str(caught.value.problems[0]).endswith(":2:1: this is an unresolved git merge: resolve it")


def test_a_closed_standard_input_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(FileError, match="standard input is closed"):
        read_profile_file("-")


def test_what_is_too_deep_is_no_json() -> None:
    assert not is_json("p.yaml", "[" * 100_000)
