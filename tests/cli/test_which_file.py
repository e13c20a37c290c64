"""Which profile file is read, which one is not, and that both are told."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from testing.in_process import Result, call
from testing.project import Project

ONE = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, port: 8080}\n"
OTHER = ONE.replace("name: A", "name: Other")


JSON = '{"schemaVersion": 1, "profiles": [{"name": "A", "modelID": "m/a", "port": 8080}]}'


def run(project: Project, folder: Path, *words: str) -> Result:
    return call(words, folder, project.environment)


def personal(project: Project, name: str = "profiles.yaml") -> Path:
    folder = Path(project.environment["HOME"]) / ".config/mlxsm"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(OTHER)
    return path


@pytest.fixture
def below(project: Project) -> Path:
    """A folder inside a repository."""
    (project.folder / "repo/.git").mkdir(parents=True)
    folder = project.folder / "repo/services/llm"
    folder.mkdir(parents=True)
    return folder


NEAR = [
    "profiles.yml",
    "mlxsm.yml",
    "profiles.json",
    "mlxsm.json",
    "Profiles.YAML",
    "profile.yaml",
    ".mlxsm.yaml",
]


@pytest.mark.parametrize("name", NEAR)
def test_a_file_of_nearly_the_right_name_is_named(project: Project, name: str) -> None:
    project.write(JSON, name)
    result = project.run("plan")
    assert (result.code, f"there is {name}" in result.err) == (1, True)
    (hint,) = (line for line in result.err.splitlines() if line.startswith("hint: "))
    option, _, move = hint.removeprefix("hint: name it with ").partition(", or rename it: ")
    assert "Plan: 1 to create" in project.run("plan", *shlex.split(option)).out
    assert project.shell(move).code == 0
    assert "Plan: 1 to create" in project.run("plan").out


def test_a_file_of_nearly_the_right_name_in_the_configuration_folder(project: Project) -> None:
    path = personal(project, "mlxsm.yml")
    result = project.run("plan")
    assert (result.code, f"there is {path}" in result.err) == (1, True)
    assert project.shell(result.err.rpartition("rename it: ")[2]).code == 0
    assert "+ Other" in project.run("plan").out


@pytest.mark.parametrize(
    "name", ["profiles.schema.json", "team.yaml", "profiles.yaml.bak", "MLXServerManager-Profiles.json"]
)
def test_other_files_are_not_named(project: Project, name: str) -> None:
    project.write(ONE, name)
    (project.folder / "profiles.yml").mkdir()
    assert "hint: mlxsm init writes one, -f FILE names another\n" in project.run("plan").err
    assert project.run("init").code == 0


@pytest.mark.parametrize("name", NEAR)
def test_init_writes_no_second_file_beside_one(project: Project, name: str) -> None:
    project.write(ONE, name)
    result = project.run("init")
    assert (result.code, f"{name} exists already; it was not touched" in result.err) == (1, True)
    assert f"-f {name}" in result.err
    assert [path.name for path in project.folder.iterdir() if path.is_file()] == [name]
    assert project.run("init", "-f", "team.yaml").code == 0


def test_a_file_further_up_in_the_repository_is_named(project: Project, below: Path) -> None:
    project.write(ONE, "repo/profiles.yaml")
    result = run(project, below, "plan")
    assert result.code == 1
    assert "there is ../../profiles.yaml\n" in result.err
    assert result.err.endswith("hint: name it with -f ../../profiles.yaml\n")
    assert "+ A" in run(project, below, "plan", "-f", "../../profiles.yaml").out


def test_the_personal_file_is_not_used_silently_inside_a_repository(project: Project, below: Path) -> None:
    project.write(ONE, "repo/profiles.yaml")
    path = personal(project)
    note = f"note: {path} is used, not ../../profiles.yaml: name it with -f ../../profiles.yaml\n"
    for words in (["plan"], ["validate"], ["apply", "--yes"], ["plan", "--json"]):
        result = run(project, below, *words)
        assert (result.code, result.err.count(note)) == (0, 1), words
    assert note not in run(project, below, "plan", "-q").err
    assert "note: " not in run(project, below, "plan", "-f", "../../profiles.yaml").err


def test_the_personal_file_is_not_used_silently_beside_one_of_nearly_the_right_name(project: Project) -> None:
    path = personal(project)
    project.write(ONE, "profiles.yml")
    result = project.run("plan")
    way = "name it with -f profiles.yml, or rename it: mv profiles.yml profiles.yaml"
    assert f"note: {path} is used, not profiles.yml: {way}\n" in result.err
    assert "+ Other" in result.out


def test_what_is_above_the_repository_or_the_home_is_not_ours(project: Project, below: Path) -> None:
    path = personal(project)
    project.write(ONE)  # above both of them
    for folder in (below, Path(project.environment["HOME"])):
        result = run(project, folder, "plan")
        assert "note: " not in result.err
        assert f"Profile file: {path}\n" in result.out
    outside = project.folder / "elsewhere"
    outside.mkdir()
    assert "note: " not in run(project, outside, "plan").err


def test_a_link_to_the_personal_file_is_the_personal_file(project: Project, below: Path) -> None:
    path = personal(project)
    (project.folder / "repo/profiles.yaml").symlink_to(path)
    assert "note: " not in run(project, below, "plan").err


def test_a_plan_names_its_file_where_nothing_else_does(project: Project) -> None:
    path = personal(project)
    head = f"Plan: 1 to create\nProfile file: {path}\n\n  + Other\n"
    assert project.run("plan").out.startswith(head)
    assert project.run("apply", "--yes", "--skip", "Other").out.startswith(
        "Plan: nothing to do\nProfile file: "
    )
    assert "Profile file: " not in project.run("plan", "-f", str(path)).out
    assert (
        "Profile file: team.yaml\n"
        in project.run("plan", MLXSM_FILE=str(project.write(ONE, "team.yaml").name)).out
    )
    project.write(ONE, "mlxsm.yaml")
    assert "Profile file: mlxsm.yaml\n" in project.run("plan").out
    project.write(ONE)
    assert "Profile file: " not in project.run("plan").out


EDITOR_LINE = "# yaml-language-server: $schema=./profiles.schema.json\n"


@pytest.mark.parametrize(
    "words", [["init", "-f", "new.yaml"], ["export", "--format", "yaml", "-o", "new.yaml", "--yes"]]
)
def test_an_editor_is_told_of_a_schema_only_where_it_is(project: Project, words: list[str]) -> None:
    project.apply(ONE)
    new = project.folder / "new.yaml"
    assert project.run(*words).code == 0
    text = new.read_text()
    assert text.startswith(f"#{EDITOR_LINE}")  # which no editor takes for its line
    (how,) = (line for line in text.splitlines() if "mlxsm schema" in line)
    command = how.partition("editor: ")[2].partition(",")[0]
    assert project.shell(command).code == 0
    assert (project.folder / "profiles.schema.json").is_file()
    new.unlink()
    assert project.run(*words).code == 0
    text = new.read_text()
    assert text.startswith(EDITOR_LINE)
    assert "mlxsm schema" not in text
    assert project.run("validate", "new.yaml").code == 0
