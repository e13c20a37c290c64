"""What of a file is for one machine, what it inherits there, and what is judged of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxsm_sync.errors import InvalidFile, UnknownMachine
from mlxsm_sync.profile_file.file import declared_at
from mlxsm_sync.profile_file.selection import for_every_machine, owner_of, select
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.machines import Machine
from mlxsm_sync.values.profile import Fields


def here(folder: Path, text: str, machine: str | None) -> Desired:
    path = folder / "p.yaml"
    path.write_text(text)
    return select(
        declared_at(str(path)), Machine(name=machine, from_="flag") if machine is not None else None
    )


def names(desired: Desired) -> tuple[list[str], list[str]]:
    return [one.profile.name for one in desired.profiles], [one.name for one in desired.elsewhere]


def everywhere(folder: Path, text: str) -> list[Desired]:
    path = folder / "p.yaml"
    path.write_text(text)
    return [*for_every_machine(declared_at(str(path)))]


def problems(folder: Path, text: str, machine: str | None = None) -> list[str]:
    """Those of one machine, or of all of them."""
    with pytest.raises(InvalidFile) as caught:
        _ = everywhere(folder, text) if machine is None else here(folder, text, machine)
    return [str(one).removeprefix(f"{folder}/p.yaml:") for one in caught.value.problems]


FILE = """\
schemaVersion: 1
collection: team
machines:
  studio: {tags: [big]}
  "mini-*": {tags: [small], defaults: {port: 8090}}
  mini-9:
defaults: {port: 1}
profiles:
- {name: Coder, modelID: m/a, port: 8081, on: [studio, "@big"]}
- {name: Small, modelID: m/b, on: ["mini-*"]}
- {name: All, modelID: m/c}
- {name: Kept, modelID: m/d, on: []}
- {name: Seven, modelID: m/e, on: [MINI-7]}
"""


@pytest.mark.parametrize(
    ("machine", "wanted", "elsewhere"),
    [
        ("studio", ["Coder", "All"], ["Small", "Kept", "Seven"]),
        ("mini-1", ["Small", "All"], ["Coder", "Kept", "Seven"]),
        ("mini-7", ["Small", "All", "Seven"], ["Coder", "Kept"]),
        ("mini-9", ["Small", "All"], ["Coder", "Kept", "Seven"]),
    ],
)
def test_each_machine_gets_what_is_for_it(
    tmp_path: Path, machine: str, wanted: list[str], elsewhere: list[str]
) -> None:
    assert names(here(tmp_path, FILE, machine)) == (wanted, elsewhere)


def test_the_name_alone_speaks_for_a_machine_that_has_an_entry(tmp_path: Path) -> None:
    ports = {
        machine: [one.profile.port for one in here(tmp_path, FILE, machine).profiles]
        for machine in ("studio", "mini-1", "mini-9")
    }
    assert ports == {"studio": [8081, 1], "mini-1": [8090, 8090], "mini-9": [1, 1]}
    told = [here(tmp_path, FILE, machine).machine for machine in ("studio", "mini-1", "mini-9")]
    assert [one.tags for one in told if one is not None] == [("big",), ("small",), ()]


def test_places_and_lines_are_those_of_the_file(tmp_path: Path) -> None:
    desired = here(tmp_path, FILE, "mini-7")
    assert [(one.index, one.line, one.column) for one in desired.profiles] == [
        (2, 10, 3),
        (3, 11, 3),
        (5, 13, 3),
    ]
    assert [one.index for one in desired.elsewhere] == [1, 4]
    assert desired.owner == "team"


def test_a_file_without_machines_is_for_all_and_asks_for_no_name(tmp_path: Path) -> None:
    text = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m, port: 1}\n- {name: B, modelID: b, port: 1, on: []}\n"
    desired = here(tmp_path, text, "anything")
    assert (names(desired), desired.machine) == ((["A", "B"], []), None)


@pytest.mark.parametrize(
    ("machine", "told"),
    [
        (
            "laptop",
            'this machine is called "laptop" (from --machine), and {path} has no such machine: it has {keys}',
        ),
        (None, "no machine was named, and {path} has no such machine: it has {keys}"),
    ],
)
def test_an_unknown_machine_is_told_what_was_tried(tmp_path: Path, machine: str | None, told: str) -> None:
    with pytest.raises(UnknownMachine) as caught:
        here(tmp_path, FILE, machine)
    assert caught.value.message == told.format(path=tmp_path / "p.yaml", keys="studio, mini-*, mini-9")
    assert caught.value.hint == ("mlxsm machine NAME says which one this is; or add an entry under machines")
    many = ", ".join(f"m{at}: " for at in range(9))
    with pytest.raises(UnknownMachine, match=r"it has m0, m1, m2, m3, m4, m5, m6, m7, …$"):
        here(tmp_path, f"schemaVersion: 1\nmachines: {{{many}}}\nprofiles: []", machine)
    with pytest.raises(UnknownMachine, match=r"it has none$"):
        here(tmp_path, "schemaVersion: 1\nmachines: {}\nprofiles: []", machine)


def test_what_is_wrong_is_told_before_that_the_machine_is_unknown(tmp_path: Path) -> None:
    assert problems(tmp_path, FILE.replace("[MINI-7]", "[mini9]"), "laptop") == [
        "13:36: on[0] names no machine of this file: did you mean mini-9?"
    ]


OPTIONS = "/advancedLaunchOptions"


def merged(folder: Path, below: str, machine: str, profile: str) -> Fields:
    text = (
        f"schemaVersion: 1\ndefaults: {{port: 1{below}}}\nmachines: {{a: {{defaults: {machine}}}}}\n"
        f"profiles:\n- {{name: A, modelID: m{profile}}}"
    )
    (one,) = here(folder, text, "a").profiles
    fixed = {"/name", "/modelID"}
    return {path: value for path, value in one.declared.items() if path not in fixed}


@pytest.mark.parametrize(
    ("below", "machine", "profile", "wanted"),
    [
        ("", "{port: 2}", "", {"/host": "127.0.0.1", "/port": 2}),
        ("", "{port: 2}", ", port: 3", {"/host": "127.0.0.1", "/port": 3}),
        ("", "null", "", {"/host": "127.0.0.1", "/port": 1}),
        ("", "{}", "", {"/host": "127.0.0.1", "/port": 1}),
        ("", "{port: null}", ", port: 3", {"/host": "127.0.0.1", "/port": 3}),
        (", host: a", "{}", "", {"/host": "a", "/port": 1}),
        (", host: a", "{host: b}", "", {"/host": "b", "/port": 1}),
        (", host: a", "{host: null}", "", {"/host": "127.0.0.1", "/port": 1}),
        (", host: a", "{host: b}", ", host: null", {"/host": "127.0.0.1", "/port": 1}),
        (
            ", host: a, enableThinking: true",
            "{host: c}",
            ", enableThinking: null",
            {"/host": "c", "/port": 1},
        ),
        (
            ", host: a, advancedLaunchOptions: {logLevel: INFO, defaultTopK: 1, defaultTopP: 1}",
            "{advancedLaunchOptions: {logLevel: DEBUG, defaultTopK: null}}",
            ", advancedLaunchOptions: {defaultTopP: null, promptCacheSize: 3}",
            {"/host": "a", "/port": 1, f"{OPTIONS}/logLevel": "DEBUG", f"{OPTIONS}/promptCacheSize": 3},
        ),
        (
            ", host: a, advancedLaunchOptions: {logLevel: INFO}",
            "{advancedLaunchOptions: null}",
            ", advancedLaunchOptions: {defaultTopK: 3}",
            {"/host": "a", "/port": 1, f"{OPTIONS}/defaultTopK": 3},
        ),
        (
            ", host: a, advancedLaunchOptions: {logLevel: INFO}",
            "{advancedLaunchOptions: {defaultTopK: 3}}",
            ", advancedLaunchOptions: null",
            {"/host": "a", "/port": 1},
        ),
    ],
)
def test_a_machine_stands_between_the_defaults_and_the_profile(
    tmp_path: Path, below: str, machine: str, profile: str, wanted: Fields
) -> None:
    assert merged(tmp_path, below, machine, profile) == wanted


NO_PORT = 'schemaVersion: 1\nmachines: {studio: , "mini-*": {defaults: {port: 1}}, laptop: }\nprofiles:\n'


def test_a_port_that_only_some_machines_give_is_missed_on_the_first_that_does_not(tmp_path: Path) -> None:
    text = f"{NO_PORT}- {{name: A, modelID: m}}\n"
    told = ["4:3: port is required on studio, here or in defaults"]
    assert problems(tmp_path, text) == problems(tmp_path, text, "studio") == told
    assert problems(tmp_path, text, "laptop") == ["4:3: port is required on laptop, here or in defaults"]
    assert names(here(tmp_path, text, "mini-1")) == (["A"], [])
    assert problems(tmp_path, text.replace("{defaults: {port: 1}}", "")) == [
        "4:3: port is required, here or in defaults"
    ]


@pytest.mark.parametrize("on", ["mini-*", "mini-1", "mini-1?", "*-1", "M*", "?i*1"])
def test_what_is_for_machines_that_give_a_port_needs_none(tmp_path: Path, on: str) -> None:
    """Wherever it is looked at from: also where two patterns only cross."""
    text = f"{NO_PORT}- {{name: A, modelID: m, on: ['{on}']}}\n"
    assert names(here(tmp_path, text, "studio")) == ([], ["A"])
    assert names(here(tmp_path, text, "mini-11" if on == "mini-1?" else "mini-1")) == (["A"], [])
    path = tmp_path / "p.yaml"
    assert {
        one.profile.port for view in for_every_machine(declared_at(str(path))) for one in view.profiles
    } <= {1}


def test_what_is_kept_for_later_may_count_on_any_port(tmp_path: Path) -> None:
    kept = "- {name: A, modelID: m, on: []}\n"
    assert names(here(tmp_path, NO_PORT + kept, "studio")) == ([], ["A"])
    none = "schemaVersion: 1\nmachines: {studio: {defaults: {host: a}}, laptop: {tags: [x]}}\nprofiles:\n"
    assert problems(tmp_path, none + kept, "studio") == ["4:3: port is required, here or in defaults"]
    assert problems(tmp_path, none.replace("{defaults: {host: a}}", "") + kept) == [
        "4:3: port is required, here or in defaults"
    ]


def test_duplicates_are_judged_within_one_machine(tmp_path: Path) -> None:
    text = """\
schemaVersion: 1
machines: {a: , b: {tags: [x]}, "c*": }
profiles:
- {name: A, modelID: m, port: 1, on: [a]}
- {name: A, modelID: m, port: 1, on: [b]}
- {name: A, modelID: m, port: 1, on: [c1]}
- {name: A, modelID: m, port: 1, on: []}
- {name: A, modelID: m, port: 1, on: []}
"""
    path = tmp_path / "p.yaml"
    path.write_text(text)
    assert [names(one)[0] for one in for_every_machine(declared_at(str(path)))] == [["A"], ["A"], [], ["A"]]
    for also, others in (("b", 5), ("'@x'", 5), ("c*", 6), ("c1", 6), ("'c?'", 6)):
        added = text + f"- {{name: A, modelID: m2, port: 1, on: [{also}]}}\n"
        assert problems(tmp_path, added) == [
            f"{others}:10: another profile has the same name (line 9)",
            f"9:10: another profile has the same name (line {others})",
        ]


def test_the_collection_is_told_without_a_machine(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(FILE)
    assert owner_of(declared_at(str(path))) == "team"
    path.write_text(FILE.replace("modelID: m/e", "modelID: 7"))
    with pytest.raises(InvalidFile):
        owner_of(declared_at(str(path)))


MEANT = """\
schemaVersion: 1
machines:
  a: {tags: [x, y], defaults: {port: 2, host: h}}
  b*: {tags: [x]}
defaults: {port: 1}
profiles:
- {name: A, modelID: m, on: [a, b1]}
- {name: B, modelID: b}
"""


def meant(folder: Path, text: str) -> str:
    found = {here(folder, text, machine).input.meaning for machine in ("a", "b1", "b2")}
    (one,) = found
    assert one is not None
    return one


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a, b1]", "[b1, A, a]"),
        ("[x, y]", "[y, x, x]"),
        ("  a:", "  # a comment\n  A:"),
        ("{port: 2, host: h}", "{host: h, port: 2}"),
        (
            "- {name: A, modelID: m, on: [a, b1]}\n- {name: B, modelID: b}",
            "- {modelID: b, name: B}\n- {name: ' A ', on: [a, b1], modelID: m}",
        ),
        ("schemaVersion: 1\n", "schemaVersion: 1\ncollection: default\n"),
        ("{tags: [x]}", "{tags: [x], defaults: }"),
    ],
)
def test_the_meaning_is_the_same_on_each_machine_and_however_it_is_laid_out(
    tmp_path: Path, before: str, after: str
) -> None:
    assert MEANT.count(before) == 1
    assert meant(tmp_path, MEANT.replace(before, after)) == meant(tmp_path, MEANT)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a, b1]", "[a]"),
        (", on: [a, b1]", ""),
        ("[a, b1]", "[]"),
        ("[x, y]", "[x]"),
        ("b*", "b?"),
        ("port: 2", "port: 3"),
        ("port: 2, ", ""),
        ("host: h", "host: i"),
        ("{port: 1}", "{port: 3}"),
        ("modelID: b}", "modelID: b, port: 1}"),
        ("modelID: b}", "modelID: b, host: null}"),
        ("modelID: b}", "modelID: c}"),
    ],
)
def test_the_meaning_is_another_one_where_a_machine_gets_something_else(
    tmp_path: Path, before: str, after: str
) -> None:
    """Also where a profile says itself what it inherits: then the machine no longer says otherwise."""
    assert MEANT.count(before) == 1
    assert meant(tmp_path, MEANT.replace(before, after)) != meant(tmp_path, MEANT)
