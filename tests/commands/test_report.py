"""`mlxsm report`: files of statuses become one page; what cannot be used is named, and the others are joined."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from testing import statuses
from testing.fake_secrets.tokens import TOKENS
from testing.project import Project
from testing.unseen_characters import assert_clean

NEWER = "is of a newer format than this mlxsm reads; upgrade mlxsm on this machine"


def put(project: Project, name: str, data: Any) -> str:
    project.write(data if isinstance(data, str) else json.dumps(data), name)
    return name


def page(project: Project, name: str = "fleet.html") -> str:
    return (project.folder / name).read_text()


def test_a_fleet_becomes_one_page(project: Project) -> None:
    names = statuses.write(project.folder, statuses.fleet())
    result = project.run("report", *names, "-o", "fleet.html")
    assert (result.code, result.out) == (0, "")
    assert result.err == (
        "wrote fleet.html, 6 machines: 2 in step, 1 behind, 1 drifted, 1 in conflict, 1 broken\n"
    )
    assert page(project).startswith("<!DOCTYPE html>\n")
    assert all(one["machine"]["name"] in page(project) for one in statuses.fleet())
    quiet = project.run("report", *names, "-o", "fleet.html", "-q")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_the_page_goes_to_standard_output(project: Project) -> None:
    names = statuses.write(project.folder, statuses.fleet()[:1])
    result = project.run("report", *names, "-o", "-", "--json-out", "report.json")
    assert (result.code, result.err) == (0, "1 machine: 1 in step\n")
    assert result.out.startswith("<!DOCTYPE html>\n")
    told = json.loads((project.folder / "report.json").read_text())
    assert (told["path"], [one["name"] for one in told["machines"]]) == (None, ["studio-1"])
    both = project.run("report", *names, "-o", "-", "--json")
    assert (both.code, both.json["error"]["message"]) == (64, "--json and -o - both print it")


def test_one_status_may_come_from_standard_input(project: Project) -> None:
    names = statuses.write(project.folder, statuses.fleet()[:1])
    other = json.dumps(statuses.status("piped"))
    told = project.run("report", "-", *names, "-o", "fleet.html", "--json", stdin=other).json
    assert [(one["name"], one["path"]) for one in told["machines"]] == [
        ("piped", "-"),
        ("studio-1", "status-0.json"),
    ]


BROKEN = {
    "empty.json": ("", "is empty"),
    "cut.json": (json.dumps(statuses.status("cut"))[:200], "is not valid JSON ("),
    "list.json": ([statuses.status("list")], "is no status of a machine; mlxsm status -o FILE writes one"),
    "ps.json": ({"formatVersion": 1, "servers": []}, "has no machine: it is no status of a machine"),
    "newer.json": (statuses.status("newer") | {"formatVersion": 2}, NEWER),
    "word.json": (statuses.status("word", "asleep"), "says at plan/status what this mlxsm does not know"),
    "time.json": (statuses.status("time", at="now"), "has no time at `at`"),
    "deep.json": ("[" * 1000 + "]" * 1000, "is nested deeper than any status of a machine"),
    "parts.json": ("[" * 300_000, "has more parts than any status of a machine"),
}


def broken_files(project: Project) -> dict[str, str]:
    """A file of every kind that cannot be used, and how what is said of it begins."""
    for name, (data, _) in BROKEN.items():
        put(project, name, data)
    told = {name: message for name, (_, message) in BROKEN.items()}
    (project.folder / "latin.json").write_bytes(
        json.dumps(statuses.status("é"), ensure_ascii=False).encode("latin-1")
    )
    (project.folder / "large.json").write_bytes(b" " * (8 * 1024 * 1024 + 1))
    (project.folder / "folder").mkdir()
    return told | {
        "latin.json": "not UTF-8: save the file as UTF-8",
        "large.json": "the file is larger than 8 MiB",
        "folder": "cannot read folder: Is a directory",
        "missing.json": "cannot read missing.json: No such file or directory",
    }


def test_what_cannot_be_used_is_named_and_the_others_are_joined(project: Project) -> None:
    told = broken_files(project)
    (good,) = statuses.write(project.folder, statuses.fleet()[:1])
    result = project.run("report", *told, good, "-o", "fleet.html", "--json")
    assert result.code == 3
    found = {one["path"]: one["message"] for one in result.json["problems"]}
    assert found.keys() == told.keys()
    for path, message in told.items():
        assert found[path].startswith(message), path
        assert f"warning: {path}: {message}" in result.err
        assert path in page(project)
    assert [one["name"] for one in result.json["machines"]] == ["studio-1"]
    assert "13 files were left out" in page(project)
    assert project.run("report", *told, good, "-o", "fleet.html", "-q").err.count("warning: ") == 13


def test_where_nothing_can_be_used_the_page_says_so(project: Project) -> None:
    told = broken_files(project)
    result = project.run("report", *told, "-o", "fleet.html")
    assert (result.code, result.out) == (3, "")
    assert "wrote fleet.html, 0 machines\n" in result.err
    assert "hint: mlxsm status -o FILE writes what a machine says of itself\n" in result.err
    assert all(f"{path}: {message}" in result.err for path, message in told.items())
    assert all(path in page(project) for path in told)
    as_json = project.run("report", *told, "-o", "fleet.html", "--json")
    assert (as_json.code, as_json.json["machines"]) == (3, [])
    assert [one["path"] for one in as_json.json["problems"]] == [*told]


def test_keys_of_a_newer_mlxsm_are_passed_over(project: Project) -> None:
    put(project, "a.json", statuses.status("a") | {"inventedLater": {"any": [1]}})
    assert project.run("report", "a.json", "-o", "fleet.html").code == 0


def test_of_one_machine_that_is_there_twice_the_newest_is_joined(project: Project) -> None:
    put(project, "old.json", statuses.status("studio", "broken", at="2026-06-15T00:00:00Z"))
    put(project, "new.json", statuses.status("studio"))
    for order in (["old.json", "new.json"], ["new.json", "old.json"]):
        result = project.run("report", *order, "-o", "fleet.html", "--json")
        assert result.code == 3
        assert [one["path"] for one in result.json["machines"]] == ["new.json"]
        assert result.json["problems"] == [
            {
                "path": "old.json",
                "message": "studio is in new.json as well; this status is older, and left out",
            }
        ]


def test_the_page_takes_the_place_of_nothing_that_is_read(project: Project) -> None:
    put(project, "a.json", statuses.status("a"))
    os.link(project.folder / "a.json", project.folder / "same.json")
    before = (project.folder / "a.json").read_text()
    state = str(project.state_path)
    for out in ("a.json", "./a.json", "same.json", state, f"{state}.lock", "profiles.yaml"):
        for words in (["a.json", "-o", out], ["-o", out, "a.json"]):
            result = project.run("report", *words)
            assert (result.code, result.out) == (64, ""), words
            assert "is what this command reads, or belongs to it" in result.err
    assert (project.folder / "a.json").read_text() == before
    assert not project.state_path.parent.exists()


def test_it_needs_to_know_where_the_page_goes(project: Project) -> None:
    put(project, "a.json", statuses.status("a"))
    result = project.run("report", "a.json")
    assert (result.code, result.out) == (64, "")
    assert "--out is missing" in result.err
    nowhere = project.run("report", "a.json", "-o", "none/fleet.html")
    assert (nowhere.code, nowhere.out) == (1, "")
    assert nowhere.err.startswith("error: cannot write none/fleet.html: ")


def test_an_older_page_is_replaced_and_others_can_read_a_new_one(project: Project) -> None:
    put(project, "a.json", statuses.status("a"))
    before = os.umask(0o022)
    try:
        assert project.run("report", "a.json", "-o", "fleet.html").code == 0
    finally:
        os.umask(before)
    assert (project.folder / "fleet.html").stat().st_mode & 0o777 == 0o644
    project.write("an older page", "fleet.html")
    assert project.run("report", "a.json", "-o", "fleet.html").code == 0
    assert page(project).startswith("<!DOCTYPE html>")


def test_without_a_file_it_is_about_this_machine(project: Project) -> None:
    project.apply("schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, host: 127.0.0.1, port: 1999}\n")
    result = project.run("report", "-o", "here.html", "--json", MLXSM_MACHINE="studio")
    assert (result.code, result.json["problems"]) == (0, [])
    (machine,) = result.json["machines"]
    assert (machine["name"], machine["status"], machine["path"]) == ("studio", "in-step", None)
    told = project.run("status", "-o", "studio.json", MLXSM_MACHINE="studio")
    assert told.code == 0, told.err
    joined = project.run("report", "studio.json", "-o", "there.html", "--json").json["machines"]
    assert [(one["name"], one["status"]) for one in joined] == [("studio", "in-step")]
    for name in ("here.html", "there.html"):
        assert "m/a" in page(project, name)


@pytest.mark.parametrize("kind", ["hf", "openai", "github fine", "slack"])
def test_no_secret_of_a_file_gets_out(project: Project, kind: str) -> None:
    token = TOKENS[kind]
    put(
        project,
        "a.json",
        statuses.status(token, plan={"status": "broken", "summary": None, "message": f"x {token}"}),
    )
    put(project, "b.json", statuses.status(token, at="2026-06-15T00:00:00Z"))
    result = project.run("report", "a.json", "b.json", "-o", "fleet.html", "--json")
    assert result.code == 3
    for text in (result.out, result.err, page(project)):
        assert token not in text


def test_names_cannot_write_on_the_terminal(project: Project) -> None:
    name = "a\x1b[2J\u202eb\r\n"
    put(project, "a.json", statuses.status(name))
    put(project, "b.json", statuses.status(name, at="2026-06-15T00:00:00Z"))
    result = project.run("report", "a.json", "b.json", "-o", "fleet.html")
    assert_clean(result)
    assert "a\\u{1b}[2J\\u{202e}b" in result.err


def test_many_files_are_no_more_than_their_sum(project: Project, tmp_path: Path) -> None:
    found = [statuses.status(f"machine-{number}") for number in range(300)]
    names = statuses.write(tmp_path, found)
    result = project.run("report", *names, "-o", "fleet.html")
    assert (result.code, result.err) == (0, "wrote fleet.html, 300 machines: 300 in step\n")
    assert page(project).count('<bdi class="name">machine-') == 300
