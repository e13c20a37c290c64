"""Every bad file of the tables, through the command in this process, and some through the installed one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mlxsm_sync.errors import InvalidDocument, InvalidFile
from testing.hostile_files import bad_json, bad_values, bad_yaml
from testing.hostile_files.bad_file import GOOD, Case
from testing.hostile_files.refusals import assert_told, files_of, refused
from testing.ledger import Tally
from testing.project import Project

YAML = (*bad_yaml.TAGS, *bad_yaml.SIZES, *bad_yaml.KEYS, *bad_yaml.AMBIGUOUS)
YAML += (*bad_values.NUMBERS, *bad_values.TYPES, *bad_values.ENCODINGS, *bad_values.VERSIONS)
JSON = (*bad_json.TEXTS, *bad_json.PROFILES)
DOCUMENTS = (*bad_json.TEXTS, *bad_json.DOCUMENTS)
ONE_IN = {"yaml": 12, "json": 4}
"""How many cases there are to one that the installed command is tried with, too: a process takes its time."""


class Machine:
    """A home with a state in it, which no bad file may touch."""

    def __init__(self, project: Project, tally: Tally) -> None:
        project.apply(GOOD)
        self.project, self.tally = project, tally
        self.state = files_of(project.state_path.parent)
        assert len(self.state) == 3

    def refuse_all(self, row: int) -> None:
        """Bring every case of a row to the commands that would write what it wants."""
        self._refuse(YAML, row, "p.yaml", InvalidFile, "apply", "--yes", "-f")
        self._refuse(JSON, row, "p.json", InvalidFile, "apply", "--yes", "-f")
        self._refuse(DOCUMENTS, row, "d.json", InvalidDocument, "import", "--yes")

    def _refuse(
        self, cases: Sequence[Case], row: int, name: str, kind: type[InvalidFile], *words: str
    ) -> None:
        path = self.project.folder / name
        for number, case in enumerate([one for one in cases if one.row == row]):
            path.write_bytes(case.data)
            error = refused(kind, *words, str(path), "--state", str(self.project.state_path))
            assert_told(case, error, path)
            self._is_untouched()
            self.tally.add(bad_files=1)
            if number % ONE_IN[path.suffix[1:]] == 0:
                self._refuse_for_real(error, path, *words)

    def _refuse_for_real(self, error: InvalidFile, path: Path, *words: str) -> None:
        done = self.project.run(*words, path.name)
        assert (done.code, done.out) == (1, "")
        lines = []
        for one in error.problems:
            lines += [str(one).replace(str(path), path.name, 1), *(one.excerpt or "").splitlines()]
        assert done.err.splitlines()[: len(lines) + 1] == [
            *lines,
            f"error: {error.message.replace(str(path), path.name)}",
        ]
        self._is_untouched()
        self.tally.add(runs_of_the_command=1)

    def _is_untouched(self) -> None:
        assert files_of(self.project.state_path.parent) == self.state


@pytest.fixture
def machine(project: Project, tally: Tally) -> Machine:
    return Machine(project, tally)


@pytest.mark.threat(1)
def test_what_can_run_point_elsewhere_or_hide_is_refused(machine: Machine) -> None:
    machine.refuse_all(1)


@pytest.mark.threat(2)
def test_what_is_too_deep_long_or_large_is_refused(machine: Machine) -> None:
    machine.refuse_all(2)


@pytest.mark.threat(3)
def test_a_key_twice_is_refused_however_it_is_spelled(machine: Machine) -> None:
    machine.refuse_all(3)


@pytest.mark.threat(4)
def test_values_that_tools_read_differently_are_refused(machine: Machine) -> None:
    machine.refuse_all(4)


@pytest.mark.threat(5)
def test_numbers_and_characters_that_are_none_are_refused(machine: Machine) -> None:
    machine.refuse_all(5)


@pytest.mark.threat(6)
def test_values_of_the_wrong_type_are_refused(machine: Machine) -> None:
    machine.refuse_all(6)


@pytest.mark.threat(7)
def test_what_is_no_text_for_us_is_refused(machine: Machine) -> None:
    machine.refuse_all(7)


@pytest.mark.threat(8)
def test_other_schema_versions_are_refused(machine: Machine) -> None:
    machine.refuse_all(8)


@pytest.mark.threat(8)
@pytest.mark.parametrize("version", ["1", "1.0", "1e0", "+1"])
def test_one_is_one_however_it_is_written(project: Project, version: str, tally: Tally) -> None:
    project.apply(GOOD.replace("schemaVersion: 1", f"schemaVersion: {version}"))
    assert [one["profile"]["name"] for one in project.state["entries"]] == ["A"]
    tally.add(good_files=1)


def test_the_tables_are_as_long_as_is_told() -> None:
    assert len({case.data for case in YAML}) == len(YAML) >= 150
    assert len({case.data for case in (*JSON, *bad_json.DOCUMENTS)}) >= 80
