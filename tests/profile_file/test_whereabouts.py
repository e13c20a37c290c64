"""Whose file: two files of one collection, a clone that was moved, a link that turned."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.profile_file.whereabouts import look, named_path
from mlxsm_sync.profile_file.writer import proposed_collection, starter
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.syntax.yaml import read_yaml
from testing.in_process import Result
from testing.plans import at, entry, profile, state
from testing.project import Project

ONE = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, host: 127.0.0.1, port: 1}\n"
TWO = ONE + "- {name: B, modelID: m/b, host: 127.0.0.1, port: 2}\n"


def put(project: Project, folder: str, text: str) -> str:
    """A profile file in a folder of its own."""
    (project.folder / folder).mkdir(parents=True, exist_ok=True)
    project.write(text, f"{folder}/profiles.yaml")
    return f"{folder}/profiles.yaml"


def apply(project: Project, file: str, *arguments: str) -> Result:
    return project.run("apply", "-f", file, "--yes", *arguments)


def origins(project: Project) -> set[str | None]:
    return {one["from"] for one in project.state["entries"]}


def test_two_starter_files_do_not_overwrite_each_other(project: Project) -> None:
    for folder in ("a", "b"):
        (project.folder / folder).mkdir()
        assert project.shell(f"cd {folder} && mlxsm init").code == 0
    assert apply(project, "a/profiles.yaml").code == 0
    other = project.folder / "b/profiles.yaml"
    other.write_text(other.read_text().replace("8080", "9090").replace("Qwen3-4B-4bit", "other"))
    before = project.state["entries"]
    assert "collection: a " in (project.folder / "a/profiles.yaml").read_text()
    # Each has a collection of its own, so the names clash openly.
    assert apply(project, "b/profiles.yaml").code == 3
    assert project.state["entries"] == before
    # And where both forgot to name it, the other file is named.
    for folder in ("a", "b"):
        path = project.folder / folder / "profiles.yaml"
        path.write_text(path.read_text().replace(f"collection: {folder} ", "collection: same "))
    assert apply(project, "a/profiles.yaml", "--take-from", "a").code == 0
    refused = apply(project, "b/profiles.yaml")
    assert refused.code == 3
    assert f"it came from another file, {project.folder}/a/profiles.yaml" in refused.out
    assert project.state["entries"][0]["profile"]["port"] == 8080
    assert apply(project, "a/profiles.yaml").out.startswith("Plan: nothing to do")
    assert apply(project, "b/profiles.yaml", "--replace", "Qwen3 4B").code == 0
    assert project.state["entries"][0]["from"] == str(other)


def test_a_clone_that_was_moved_keeps_its_profiles_and_its_orphans(project: Project) -> None:
    old = put(project, "old", TWO)
    assert apply(project, old).code == 0
    shutil.move(project.folder / "old", project.folder / "new")
    quiet = project.run("plan", "-f", "new/profiles.yaml", "--detailed-exitcode")
    assert quiet.code == 0
    assert quiet.out.startswith("Plan: nothing to do (2 unchanged)\n")
    assert f"2 profiles came from {project.folder}/old/profiles.yaml (gone)" in quiet.out
    put(project, "new", ONE)
    told = project.run("plan", "-f", "new/profiles.yaml")
    assert f"? B (from {project.folder}/old/profiles.yaml (gone))" in told.out
    assert project.run("plan", "-f", "new/profiles.yaml", "--json").json["orphans"] == [
        {"name": "B", "from": f"{project.folder}/old/profiles.yaml", "drifted": False}
    ]
    assert apply(project, "new/profiles.yaml", "--prune").code == 0
    assert [one["profile"]["name"] for one in project.state["entries"]] == ["A"]
    assert origins(project) == {f"{project.folder}/new/profiles.yaml"}


def test_an_apply_renews_the_path_without_a_question(project: Project) -> None:
    assert apply(project, put(project, "old", TWO)).code == 0
    shutil.move(project.folder / "old", project.folder / "new")
    renewed = project.run("apply", "-f", "new/profiles.yaml")  # nobody is there to be asked
    assert renewed.code == 0, renewed.err
    assert "Nothing to apply; the new path of the file is recorded." in renewed.out
    assert origins(project) == {f"{project.folder}/new/profiles.yaml"}
    serial = project.state["serial"]
    assert apply(project, "new/profiles.yaml").code == 0
    assert project.state["serial"] == serial


def test_orphans_of_a_file_that_still_exists_need_a_word_of_their_own(project: Project) -> None:
    assert apply(project, put(project, "a", TWO)).code == 0
    b = put(project, "b", ONE)
    kept = apply(project, b, "--prune")
    assert f"? B (from {project.folder}/a/profiles.yaml)" in kept.out
    assert len(project.state["entries"]) == 2
    assert origins(project) == {f"{project.folder}/a/profiles.yaml"}  # what is equal is left as it is
    assert apply(project, b, "--prune-foreign").code == 0
    assert [one["profile"]["name"] for one in project.state["entries"]] == ["A"]


def test_a_link_is_known_by_its_own_path(project: Project) -> None:
    """As home-manager and stow do it: the path stays, and what it leads to changes."""
    first, second = put(project, "store/1", TWO), put(project, "store/2", ONE)
    link = project.folder / "profiles.yaml"
    link.symlink_to(first)
    assert project.run("apply", "--yes").code == 0
    assert origins(project) == {str(link)}
    link.unlink()
    link.symlink_to(second)
    assert project.run("apply", "--yes", "--prune").code == 0
    assert [one["profile"]["name"] for one in project.state["entries"]] == ["A"]
    link.unlink()
    link.symlink_to(put(project, "store/3", ONE.replace("port: 1", "port: 3")))
    assert project.run("plan", "--detailed-exitcode").code == 2


@pytest.mark.parametrize("way", ["link", "hard link", "folder"])
def test_one_file_by_two_ways_is_one_file(project: Project, way: str) -> None:
    real = put(project, "real", ONE)
    assert apply(project, real).code == 0
    other = project.folder / "other.yaml"
    match way:
        case "link":
            other.symlink_to(real)
        case "hard link":
            other.hardlink_to(project.folder / real)
        case _:
            (project.folder / "folder").symlink_to("real")
            other = project.folder / "folder/profiles.yaml"
    (project.folder / real).write_text(ONE.replace("port: 1", "port: 3"))
    changed = project.run("apply", "-f", str(other), "--yes")
    assert (changed.code, "1 to update" in changed.out) == (0, True)
    assert origins(project) == {str(other)}


def test_a_state_of_before_that_holds_the_resolved_path_is_still_ours(project: Project) -> None:
    real = put(project, "store", TWO)
    (project.folder / "profiles.yaml").symlink_to(real)
    assert project.run("apply", "--yes").code == 0
    for one in (state := project.state)["entries"]:
        one["from"] = str(project.folder / real)
    project.edit_state(lambda kept: kept.update(state))
    (project.folder / real).write_text(ONE.replace("port: 1", "port: 3"))
    assert project.run("apply", "--yes", "--prune").code == 0
    assert [(one["profile"]["port"], one["from"]) for one in project.state["entries"]] == [
        (3, str(project.folder / "profiles.yaml"))
    ]


def test_a_path_that_cannot_be_looked_at_is_not_gone(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    here = tmp_path / "profiles.yaml"
    here.write_text(ONE)
    paths = [
        str(loop),
        str(tmp_path / ("x" * 300)),
        str(tmp_path),
        str(tmp_path / "none"),
        f"{here}/below",
        "a\0b",
    ]
    entries = [entry(n, "team", profile(f"P{n}", n), from_=path) for n, path in enumerate(paths, 1)]
    seen = look(at(str(here), profile("P1", 1)), state(*entries))
    assert [seen.is_other(path) for path in paths] == [True, True, True, False, False, False]
    assert look(at(None, profile("P1", 1)), state(*entries)).is_other(str(tmp_path))


def test_a_file_is_named_as_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real/below").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real/below")
    for place in ("real/p.yaml", "p.yaml"):
        (tmp_path / place).write_text(ONE)
    monkeypatch.chdir(tmp_path)
    assert named_path("./p.yaml") == str(tmp_path / "p.yaml")
    assert named_path("real/../p.yaml") == str(tmp_path / "p.yaml")
    with (tmp_path / "p.yaml").open() as file:
        assert named_path(f"/dev/fd/{file.fileno()}") in (None, str(tmp_path / "p.yaml"))
    assert named_path("/dev/null") is None
    # The parent of a link is not the folder that the link stands in.
    assert os.path.samefile(str(named_path("link/../p.yaml")), tmp_path / "real/p.yaml")


def test_what_a_process_reads_by_number_is_named_by_what_it_is(project: Project) -> None:
    put(project, "a", ONE)
    assert project.shell("mlxsm apply --yes -f /dev/stdin < a/profiles.yaml").code == 0
    assert origins(project) == {f"{project.folder}/a/profiles.yaml"}
    piped = project.shell(
        "cat a/profiles.yaml | sed 's/: A,/: B,/; s/port: 1/port: 2/' | mlxsm apply --yes -f /dev/stdin"
    )
    assert piped.code == 0, piped.err
    assert origins(project) == {f"{project.folder}/a/profiles.yaml", None}


@pytest.mark.parametrize(
    ("folder", "repository", "collection"),
    [
        ("dotfiles/mlx", "dotfiles", "dotfiles"),
        ("plain", "", "plain"),
        ("on", "", '"on"'),
        ("a b", "", '"a b"'),
        ("#12", "", "default"),
        (".config", "", "config"),
        ("8080", "", '"8080"'),
        ("hf_" + "Ab1" * 12, "", "default"),
        ("x\u202ey", "", '"x y"'),
    ],
)
def test_init_names_the_collection(project: Project, folder: str, repository: str, collection: str) -> None:
    place = project.folder / folder
    place.mkdir(parents=True)
    if repository:
        (project.folder / repository / ".git").mkdir()
    made = (
        project.run("init", "-f", f"{folder}/p.yaml")
        if "hf_" not in folder
        else project.shell(f"cd {folder} && mlxsm init -f p.yaml")
    )
    assert made.code == 0, made.err
    assert f"\ncollection: {collection} " in (place / "p.yaml").read_text()
    assert project.run("validate", f"{folder}/p.yaml").code == 0 or "hf_" in folder


@given(st.text(st.characters(exclude_characters="/\0"), max_size=200))
def test_any_folder_gives_a_collection_that_can_be_read(folder: str) -> None:
    name = proposed_collection(folder)
    problems = Problems("p.yaml")
    root = read_yaml(starter([], name), problems)
    problems.raise_any()
    assert (root.members or {})["collection"].value == name


def test_a_file_that_comes_by_standard_input_is_planned_as_if_it_stood_there(project: Project) -> None:
    """What places a file can ask before it does; nothing is written, and no other file is in the way."""
    path = project.folder / "conf/profiles.yaml"
    where = ("plan", "-f", "-", "--stdin-filename", str(path), "--json")
    text = "schemaVersion: 1\ncollection: team\nprofiles: [{name: A, modelID: m/a, port: 8080}]\n"
    first = project.run(*where, stdin=text).json
    assert (first["input"]["path"], first["summary"]["create"]) == (str(path), 1)
    assert not path.parent.exists()
    path.parent.mkdir()
    path.write_text(text)
    assert project.run("apply", "-f", str(path), "--yes").code == 0
    changed = text.replace("8080", "8081")
    assert project.run(*where, stdin=changed).json["summary"]["update"] == 1
    assert (
        project.run("plan", "-f", "-", "--json", stdin=changed).json["conflicts"][0]["kind"] == "other-file"
    )
    empty = "schemaVersion: 1\ncollection: team\nprofiles: []\n"
    pruned = project.run(*where, "--prune", "--force", stdin=empty).json
    assert [one["action"] for one in pruned["changes"]] == ["delete"]
    assert path.read_text() == text


def test_a_place_for_standard_input_names_problems_and_needs_standard_input(project: Project) -> None:
    told = project.run("plan", "-f", "-", "--stdin-filename", "new/profiles.yaml", stdin="a: [")
    assert (told.code, told.err.splitlines()[0].partition(": ")[0]) == (1, "new/profiles.yaml:1:5")
    project.write("schemaVersion: 1\nprofiles: []\n")
    alone = project.run("plan", "--stdin-filename", "profiles.yaml")
    assert (alone.code, "hint: add -f -, or leave it out" in alone.err) == (64, True)
