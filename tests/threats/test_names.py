"""Names that are one name, names that are nearly one, and names that are two."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.planning.profile_warnings import together
from mlxsm_sync.profile_file.file import read_profile_file
from mlxsm_sync.values.state import State
from testing.ledger import Tally
from testing.profile_files import judge_alone
from testing.project import Project

ONE = {
    "composed": ("Caf\u00e9", "Cafe\u0301"),
    "two marks in either order": ("q\u0323\u0307", "q\u0307\u0323"),
    "a composition with two marks": ("\u1e69", "s\u0307\u0323"),
    "Korean": ("\ud55c", "\u1112\u1161\u11ab"),
    "the sign for Angstrom": ("\u00c5", "\u212b"),
    "the sign for Ohm": ("\u03a9", "\u2126"),
    "the sign for Kelvin": ("K", "\u212a"),
    "the Greek question mark": ("a;b", "a\u037eb"),
    "Indian": ("\u0915\u093c", "\u0958"),
    "a kanji for compatibility": ("\u8c48", "\uf900"),
    "spaces around": ("A", "  A "),
    "a tab and a line around": ("A", "\tA\n"),
    "a hard space around": ("A", "\u00a0A\u00a0"),
    "a wide space around": ("A", "\u3000A"),
}
NEARLY_ONE = {
    "case": ("Qwen", "qwen"),
    "all capitals": ("Qwen", "QWEN"),
    "a wide letter": ("Qwen", "\uff31wen"),
    "a ligature": ("file", "\ufb01le"),
    "a sharp s": ("STRASSE", "Stra\u00dfe"),
    "a digit in a circle": ("m1", "m\u2460"),
    "a power": ("m2", "m\u00b2"),
    "a letter of mathematics": ("H", "\u210c"),
    "a long s": ("server", "\u017ferver"),
    "a narrow kana": ("\u30cf", "\uff8a"),
    "an ellipsis": ("x...", "x\u2026"),
    "a final sigma": ("\u03c3", "\u03c2"),
    "a hard space within": ("A B", "A\u00a0B"),
    "a wide space within": ("A B", "A\u3000B"),
    "a Roman number": ("m IV", "m \u2163"),
}
TWO = {
    "a Cyrillic letter": ("Alpha", "\u0410lpha"),
    "a Greek letter": ("Omega", "\u039fmega"),
    "two spaces within": ("A B", "A  B"),
    "an accent": ("Cafe", "Caf\u00e9"),
    "a dotless i": ("mini", "m\u0131ni"),
}


def _file(*names: str) -> str:
    profiles = [
        {"name": name, "modelID": f"m/{number}", "host": "127.0.0.1", "port": number}
        for number, name in enumerate(names, start=1)
    ]
    return json.dumps({"schemaVersion": 1, "profiles": profiles})


def _written(folder: Path, *names: str) -> str:
    path = folder / "p.json"
    path.write_text(_file(*names))
    return str(path)


@pytest.mark.threat(12)
@pytest.mark.parametrize("pair", ONE.values(), ids=ONE)
def test_a_name_in_two_forms_is_one_name(tmp_path: Path, pair: tuple[str, str], tally: Tally) -> None:
    assert pair[0] != pair[1]
    path = _written(tmp_path, *pair)
    want = read_profile_file(path)
    assert {one.profile.name for one in want.profiles} == {unicodedata.normalize("NFC", pair[0])}
    plan = make_plan(want, State(lineage=None))
    assert ([one.kind for one in plan.conflicts], plan.changes) == (["duplicate-name"] * 2, ())
    with pytest.raises(InvalidFile) as caught:
        judge_alone(path)
    assert [one.message for one in caught.value.problems] == [
        "another profile has the same name (line 1)"
    ] * 2
    tally.add(pairs_of_names=1)


@pytest.mark.threat(12)
@pytest.mark.parametrize("pair", NEARLY_ONE.values(), ids=NEARLY_ONE)
def test_names_that_differ_in_case_or_form_only_are_told(
    tmp_path: Path, pair: tuple[str, str], tally: Tally
) -> None:
    want = judge_alone(_written(tmp_path, *pair))
    assert len(make_plan(want, State(lineage=None)).changes) == 2
    assert [(one.name, one.message) for one in together(want.profiles, ())] == [
        (pair[0], f'its name is easily confused with "{pair[1]}"'),
        (pair[1], f'its name is easily confused with "{pair[0]}"'),
    ]
    tally.add(pairs_of_names=1)


@pytest.mark.threat(12)
@pytest.mark.parametrize("pair", TWO.values(), ids=TWO)
def test_other_names_are_two_names(tmp_path: Path, pair: tuple[str, str], tally: Tally) -> None:
    want = judge_alone(_written(tmp_path, *pair))
    assert len(make_plan(want, State(lineage=None)).changes) == 2
    assert [*together(want.profiles, ())] == []
    tally.add(pairs_of_names=1)


@pytest.mark.threat(12)
@pytest.mark.parametrize("what", ["composed", "Korean", "spaces around"])
def test_the_command_knows_a_name_in_every_form(project: Project, what: str, tally: Tally) -> None:
    stored, typed = ONE[what]
    project.apply(_file(stored))
    before = project.state_path.read_bytes()
    project.apply(_file(typed))
    assert project.state_path.read_bytes() == before
    document = {"schemaVersion": 1, "profiles": [{"name": typed, "modelID": "m/x", "host": "h", "port": 9}]}
    project.write(json.dumps(document), "d.json")
    (conflict,) = project.run("import", "d.json", "--yes", "--json").json["conflicts"]
    assert (conflict["kind"], conflict["target"]) == ("name-taken", stored)
    listed: Any = project.run("list", typed, "--json").json["entries"]
    assert [one["name"] for one in listed] == [stored]
    tally.add(runs_of_the_command=4)


@pytest.mark.threat(12)
def test_a_name_of_nearly_the_same_form_on_the_machine_is_told(project: Project, tally: Tally) -> None:
    project.apply(_file("Qwen"))
    other = _file("", "qwen").replace('{"name": "", "modelID": "m/1", "host": "127.0.0.1", "port": 1}, ', "")
    project.write(other.replace("{", '{"collection": "other", ', 1), "other.json")
    (warning,) = project.run("plan", "--json", "-f", "other.json").json["warnings"]
    assert warning["message"] == 'its name is easily confused with "Qwen"'
    tally.add(runs_of_the_command=2)
