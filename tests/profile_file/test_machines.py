"""The machines of a profile file, and `on`: every message with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.profile_file.file import declared_at
from mlxsm_sync.profile_file.selection import for_every_machine
from mlxsm_sync.syntax.tree import MAX_PROBLEMS
from mlxsm_sync.values.desired import Desired
from testing.fake_secrets.leaks import found_in
from testing.fake_secrets.tokens import TOKENS

TOKEN = TOKENS["hugging face"] if "hugging face" in TOKENS else next(iter(TOKENS.values()))


def judged(folder: Path, text: str, name: str = "p.yaml") -> list[Desired]:
    path = folder / name
    path.write_text(text)
    return [*for_every_machine(declared_at(str(path)))]


def problems(folder: Path, text: str, name: str = "p.yaml") -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        judged(folder, text, name)
    return [str(one).removeprefix(f"{folder}/{name}:") for one in caught.value.problems]


def file(machines: str, *profiles: str, defaults: str = "{port: 1}") -> str:
    """Machines stand in line 2, the profiles from line 5 on."""
    listed = "".join(f"- {{name: P{at}, modelID: m/{at}{one}}}\n" for at, one in enumerate(profiles))
    return f"schemaVersion: 1\nmachines: {machines}\ndefaults: {defaults}\nprofiles:\n{listed or '  []'}"


ON = "on[0] names no machine of this file"
_ITEM = 'must be a name, a pattern such as "mini-*", or a tag such as "@big"'


@pytest.mark.parametrize(
    ("on", "told"),
    [
        ("[studoi]", f"5:33: {ON}: did you mean studio?"),
        ("[STUDOI]", f"5:33: {ON}: did you mean studio?"),
        ('["moni-*"]', f"5:33: {ON}: did you mean mini-*?"),
        ('["@bog"]', "5:33: on[0] names a tag that no machine has: did you mean @big?"),
        ('["@Big"]', "5:33: on[0] names a tag that no machine has: did you mean @big?"),
        ("[big]", f"5:33: {ON}"),
        ("[studio, laptop]", "5:41: on[1] names no machine of this file"),
        ("[mini]", f"5:33: {ON}: did you mean mini-*?"),
        ("studio", "5:32: on must be a list: write [studio], or [] for no machine"),
        ('"@big"', '5:32: on must be a list: write ["@big"], or [] for no machine'),
        ('"*"', '5:32: on must be a list: write ["*"], or [] for no machine'),
        ("a b", "5:32: on must be a list: write [studio], or [] for no machine"),
        ("{studio: }", "5:32: on must be a list: write [studio], or [] for no machine"),
        ("null", "5:32: on must be a list: write [studio], or [] for no machine"),
        ("7", "5:32: on must be a list: write [studio], or [] for no machine"),
        ("[7]", f"5:33: on[0] {_ITEM}"),
        ("[null]", f"5:33: on[0] {_ITEM}"),
        ("[true]", f"5:33: on[0] {_ITEM}"),
        ("[[studio]]", f"5:33: on[0] {_ITEM}"),
        ('[""]', f"5:33: on[0] {_ITEM}"),
        ('["@"]', f"5:33: on[0] {_ITEM}"),
        ('["@b*"]', f"5:33: on[0] {_ITEM}"),
        ('["-x"]', f"5:33: on[0] {_ITEM}"),
        ('["stu\\u202edio"]', f"5:33: on[0] {_ITEM}"),
        (f"[{'a' * 64}]", f"5:33: on[0] {_ITEM}"),
        ('["studio\\n"]', f"5:33: on[0] {_ITEM}"),
    ],
)
def test_what_is_wrong_with_on_is_told_where_it_is(tmp_path: Path, on: str, told: str) -> None:
    text = file('{studio: {tags: [big]}, "mini-*": }', f", on: {on}")
    assert problems(tmp_path, text) == [told]


def test_every_item_is_told_and_a_long_one_is_not_compared(tmp_path: Path) -> None:
    long = "studio" + "o" * 57
    text = file("{studio: }", f", on: [studoi, {long}, studio, nobody]")
    assert problems(tmp_path, text) == [
        f"5:33: {ON}: did you mean studio?",
        "5:41: on[1] names no machine of this file",
        "5:114: on[3] names no machine of this file",
    ]


def test_on_without_machines_says_where_they_are_listed(tmp_path: Path) -> None:
    told = "on[0] names a machine, and the file has no machines: list them under machines, at the top"
    for machines in ("null", "~", ""):
        text = file(machines, ", on: [studio]", ", on: []")
        assert problems(tmp_path, text) == [f"5:33: {told}"]


KEY = "a key of machines must be a name, or a pattern of one with * and ?"
_TAG = "must be a word of letters, digits, dots, dashes and underscores, without the @"


@pytest.mark.parametrize(
    ("machines", "told"),
    [
        ("[studio]", ["2:11: machines must be a mapping, such as {studio: {tags: [big]}}"]),
        ("studio", ["2:11: machines must be a mapping, such as {studio: {tags: [big]}}"]),
        ("7", ["2:11: machines must be a mapping, such as {studio: {tags: [big]}}"]),
        ("{a b: }", [f"2:12: {KEY}"]),
        ('{"@big": }', [f"2:12: {KEY}"]),
        ('{"": }', [f"2:12: {KEY}"]),
        ('{"a\\u0007": }', [f"2:12: {KEY}"]),
        ('{"a\\n": }', [f"2:12: {KEY}"]),
        (f"{{{'a' * 64}: }}", [f"2:12: {KEY}"]),
        ("{a: [big]}", ["2:15: a machine must be a mapping, such as {tags: [big]}"]),
        ("{a: big}", ["2:15: a machine must be a mapping, such as {tags: [big]}"]),
        (
            "{a: , b: , A: }",
            ["2:22: this machine is here twice (line 2): names are compared in lower case"],
        ),
        (
            '{"Mini-*": , "mini-*": }',
            ["2:24: this machine is here twice (line 2): names are compared in lower case"],
        ),
        ('{a: {tags: ["@big"]}}', [f"2:23: tags[0] {_TAG}"]),
        ("{a: {tags: [big, a b]}}", [f"2:28: tags[1] {_TAG}"]),
        ("{a: {defaults: {host: a b}}}", None),
    ],
)
def test_what_is_wrong_with_machines_is_told_where_it_is(
    tmp_path: Path, machines: str, told: list[str] | None
) -> None:
    found = problems(tmp_path, file(machines))
    assert told is None or found == told, found


@pytest.mark.parametrize(
    "machine",
    [
        "{tag: [big]}",
        "{tags: big}",
        "{tags: }",
        "{tags: [7]}",
        "{defaults: 7}",
        "{defaults: []}",
        "{defaults: {port: 0}}",
        "{defaults: {port: '1'}}",
        "{defaults: {name: A}}",
        "{defaults: {host: '*'}}",
        "{defaults: {enableThinking: 1}}",
        "{defaults: {advancedLaunchOptions: []}}",
        "{defaults: {advancedLaunchOptions: {topP: 1}}}",
        "{defaults: {advancedLaunchOptions: {defaultTopP: 2}}}",
        "{defaults: {advancedLaunchOptions: {rawExtraArgs: [--model, m]}}}",
    ],
)
def test_a_bad_machine_is_told_once_and_inside_of_it(tmp_path: Path, machine: str) -> None:
    (found,) = problems(tmp_path, file(f"{{studio: {machine}}}", ", on: [studio], port: 1"))
    line, column, _ = found.split(":", 2)
    assert (line, int(column) > 19) == ("2", True), found


def test_defaults_that_contradict_each_other_are_told_with_both_lines(tmp_path: Path) -> None:
    machines = """
  "mini-*": {defaults: {port: 2, host: a, advancedLaunchOptions: {logLevel: INFO, defaultTopP: 1}}}
  "*-1": {defaults: {port: 3, host: a, advancedLaunchOptions: {logLevel: DEBUG, defaultTopP: 1.0}}}"""
    assert [len(one.profiles) for one in judged(tmp_path, file(machines, ""))] == [1, 1]
    text = file(machines, "", ", on: [mini-1, MINI-1]")
    option = "advancedLaunchOptions.logLevel"
    both = "line 3) both match mini-1, and set"
    assert problems(tmp_path, text) == [
        f'4:28: "*-1" and "mini-*" ({both} port to different values: give mini-1 an entry of its own',
        f'4:74: "*-1" and "mini-*" ({both} {option} to different values: give mini-1 an entry of its own',
    ]
    assert judged(tmp_path, text.replace('  "*-1"', '  mini-1: {tags: [x]}\n  "*-1"'))


def test_a_pattern_inside_another_one_contradicts_it_everywhere(tmp_path: Path) -> None:
    text = file('{"*": {defaults: {port: 2}}, "mini-*": {defaults: {port: null}}}', ", port: 7")
    (told,) = problems(tmp_path, text)
    assert told.startswith(
        '2:68: "mini-*" and "*" (line 2) both match mini-*, and set port to different values'
    )
    assert told.endswith(": set it in one of them")


@pytest.mark.parametrize("order", [1, -1])
def test_to_unset_all_options_contradicts_setting_one(tmp_path: Path, order: int) -> None:
    """Else the order in which the machines stand would say which one wins."""
    machines = [
        '"*1": {defaults: {advancedLaunchOptions: }}',
        '"1*": {defaults: {advancedLaunchOptions: {logLevel: INFO}}}',
    ]
    text = file(f"{{{', '.join(machines[::order])}}}", ", on: ['1']")
    (told,) = problems(tmp_path, text)
    assert "both match 1, and set advancedLaunchOptions to different values" in told


def test_patterns_that_say_the_same_are_of_one_mind(tmp_path: Path) -> None:
    machines = """
  "a*": {tags: [x, y], defaults: {port: 2, advancedLaunchOptions: {logLevel: INFO}}}
  "*a": {tags: [y, z], defaults: {port: 2, host: b, advancedLaunchOptions: {defaultTopK: 3}}}
  "?": """
    *_, one = judged(tmp_path, file(machines, ", on: [a]"))
    assert one.machine is not None
    assert (one.machine.name, one.machine.tags) == ("a", ("x", "y", "z"))
    assert one.profiles[0].declared == {
        "/name": "P0",
        "/modelID": "m/0",
        "/host": "b",
        "/port": 2,
        "/advancedLaunchOptions/logLevel": "INFO",
        "/advancedLaunchOptions/defaultTopK": 3,
    }


def test_json_is_judged_alike(tmp_path: Path) -> None:
    data = {
        "schemaVersion": 1,
        "machines": {"studio": {"tags": ["big"]}, "token": None},
        "profiles": [{"name": "A", "modelID": "m", "port": 1, "on": ["@big", "stud"]}],
    }
    assert problems(tmp_path, json.dumps(data), "p.json") == [
        "1:149: on[1] names no machine of this file: did you mean studio?"
    ]


def test_a_machine_may_be_called_token_and_nothing_else_may(tmp_path: Path) -> None:
    """The key of a machine is a name; the same word elsewhere still says that a secret follows."""
    assert judged(tmp_path, file("{token: , password: {tags: [secret]}}", ", on: [token]"))
    text = file("{token: {token: x}}", ", advancedLaunchOptions: {chatTemplateArgs: {token: x}}")
    reason = "this key looks like a secret: keys, tokens and passwords never go into a profile"
    assert problems(tmp_path, text) == [f"2:20: {reason}", f"5:71: {reason}"]


def test_no_secret_is_shown_wherever_it_stands(tmp_path: Path) -> None:
    near = TOKEN[:-6]
    for machines, on in (
        (f"{{{TOKEN}: }}", f"[{near}]"),
        (f"{{{TOKEN}: {{tags: [{TOKEN}]}}}}", f'["@{near}", {TOKEN}, "@{TOKEN}"]'),
        (f'{{"{TOKEN}*": {{defaults: {{port: 1}}}}, "*": {{defaults: {{port: 2}}}}}}', "['*']"),
        ('{"*": {defaults: {port: 1}}, "?*": {defaults: {port: 2}}}', f"[{TOKEN}]"),
        (f"{{a: {{{TOKEN}: 1}}}}", f"{TOKEN}"),
        (f"{{a: {{defaults: {{{TOKEN}: 1, host: {TOKEN}}}}}}}", f"{{{TOKEN}: 1}}"),
    ):
        told = problems(tmp_path, file(machines, f", on: {on}"))
        assert any("looks like a" in one for one in told)
        assert found_in("\n".join(told)) == [], told


def test_control_characters_of_a_key_are_in_no_message(tmp_path: Path) -> None:
    told = problems(
        tmp_path, file('{"a\\u001b[2J*": {defaults: {port: 2}}, "*": {defaults: {port: 3}}}', ", on: ['a?']")
    )
    assert told == [f"2:12: {KEY}"]


def many(count: int, on: str, machine: str = "{tags: [t%d]}") -> str:
    """Machines and as many profiles; `%d` is the number of each."""
    machines, profiles = "", ""
    for at in map(str, range(count)):
        machines += f"  mac-{at}: {machine.replace('%d', at)}\n"
        profiles += f"- {{name: P{at}, modelID: m/{at}, port: 1, on: {on.replace('%d', at)}}}\n"
    return f"schemaVersion: 1\nmachines:\n{machines}profiles:\n{profiles}"


def test_two_thousand_machines_are_judged(tmp_path: Path) -> None:
    views = judged(tmp_path, many(2_000, "[mac-%d]"))
    assert [one.profiles[0].profile.name for one in views] == [f"P{at}" for at in range(2_000)]
    views = judged(tmp_path, many(2_000, '["@t%d"]'))
    assert sum(len(one.profiles) for one in views) == 2_000


def test_machines_that_want_the_same_are_judged_once(tmp_path: Path) -> None:
    """Two thousand times two thousand profiles are too many to be kept."""
    (view,) = judged(tmp_path, many(2_000, '["mac-*"]'))
    assert len(view.profiles) == 2_000


def test_two_thousand_bad_items_are_told_as_far_as_anybody_reads(tmp_path: Path) -> None:
    told = problems(tmp_path, many(2_000, "[mxc-%d]"))
    assert len(told) == MAX_PROBLEMS
    assert told[0] == "2004:42: on[0] names no machine of this file: did you mean mac-0?"
    assert sum("did you mean" in one for one in told) == 20
    assert len(problems(tmp_path, many(2_000, "[7, %d]"))) == MAX_PROBLEMS
    assert len(problems(tmp_path, many(2_000, "['@u%d']"))) == MAX_PROBLEMS
    assert len(problems(tmp_path, many(2_000, "[mac-%d]", "7"))) == MAX_PROBLEMS


def test_patterns_that_would_take_for_ever_do_not(tmp_path: Path) -> None:
    hostile = [f'"{"*a" * (20 + at % 10)}*{at}"' for at in range(200)]
    machines = f"{{{', '.join(f'{one}: ' for one in hostile)}}}"
    text = file(machines, *(f", on: ['{'a*' * 25}{at}', {'a' * 60}]" for at in range(200)))
    assert len(problems(tmp_path, text)) == 200
