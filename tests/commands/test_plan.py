"""`mlxsm plan`: in short, only what drifted, and as Markdown of a size."""

from __future__ import annotations

from typing import Any

import pytest

from testing.markdown import read
from testing.project import Project

FILE = """\
schemaVersion: 1
profiles:
- {name: A, modelID: m/a, port: 1001}
- {name: B, modelID: m/b, port: 1002}
"""
CHANGED = FILE.replace("1002", "1009") + "- {name: C, modelID: m/c, port: 1003}\n"


def drift(project: Project, *names: str) -> None:
    def change(state: Any) -> None:
        for entry in state["entries"]:
            if entry["profile"]["name"] in names:
                entry["profile"]["port"] += 8000

    project.edit_state(change)


def test_a_plan_in_short(project: Project) -> None:
    project.apply(FILE)
    drift(project, "A")
    project.write(CHANGED)
    told = project.run("plan", "--summary")
    assert (
        told.out
        == """\
Plan: 1 to create, 1 to update, 1 conflict
  ~ B: update, 1 field
  + C: create
  ! A: conflict, it was changed on this machine
"""
    )
    assert told.err == "Next: mlxsm apply\n"
    assert project.run("plan", "--summary", "-q").out == "Plan: 1 to create, 1 to update, 1 conflict\n"
    assert project.run("plan", "--summary", "--json").json == project.run("plan", "--json").json


def test_only_what_was_changed_here(project: Project) -> None:
    project.apply(FILE)
    drift(project, "A", "B")
    project.write(CHANGED.replace("name: B", "name: D").replace("m/b", "m/d"))
    whole = project.run("plan", "--json").json
    told = project.run("plan", "--drift-only", "--detailed-exitcode")
    assert told.code == 3
    assert (
        told.out
        == f"""\
Drift: 2 profiles were changed on this machine

  ! A: it was changed on this machine since it was applied: port
      port  9001 -> 1001 (changed on this machine)
      1. skip it (default)
      2. take the file's values: mlxsm apply --replace A
      3. take this machine's values into the file: mlxsm pull A

Orphans: no longer in the file; --prune deletes them
  ? B (from {project.folder / "profiles.yaml"}, changed on this machine)
"""
    )
    assert told.err == ""
    assert project.run("plan", "--drift-only").code == 0
    assert project.run("plan", "--drift-only", "--skip", "A", "--detailed-exitcode").code == 0
    found = project.run("plan", "--drift-only", "--json").json
    assert found.keys() == whole.keys()
    assert (found["digest"], found["changes"], found["warnings"]) == (whole["digest"], [], [])
    assert (found["summary"]["conflict"], found["summary"]["orphan"], found["summary"]["create"]) == (1, 1, 0)
    assert project.run("plan", "--drift-only", "-q").out == "Drift: 2 profiles were changed on this machine\n"


def test_drift_goes_with_the_other_forms(project: Project) -> None:
    project.apply(FILE)
    nothing = project.run("plan", "--drift-only", "--detailed-exitcode")
    assert (nothing.code, nothing.out) == (0, "Drift: nothing was changed on this machine\n")
    drift(project, "A")
    project.write(CHANGED)
    head = "Drift: 1 profile was changed on this machine"
    short = project.run("plan", "--drift-only", "--summary")
    assert short.out == f"{head}\n  ! A: conflict, it was changed on this machine\n"
    page = read(project.run("plan", "--drift-only", "--format", "markdown").out)
    assert (page.headings, len(page.tables[0]), page.folded[0].splitlines()[0]) == ([head], 2, head)
    brief = read(project.run("plan", "--drift-only", "--summary", "--format", "markdown").out)
    assert brief.tables[0][1] == ["!", "A", "conflict, it was changed on this machine"]


def test_a_prune_that_goes_too_far_hides_no_drift(project: Project) -> None:
    project.apply(FILE)
    drift(project, "A")
    project.write("schemaVersion: 1\nprofiles: []\n")
    assert project.run("plan", "--prune").code == 1
    told = project.run("plan", "--prune", "--drift-only", "--detailed-exitcode")
    assert (told.code, told.out.splitlines()[0]) == (3, "Drift: 1 profile was changed on this machine")


def test_markdown_takes_no_more_than_it_may(project: Project) -> None:
    project.write(
        "schemaVersion: 1\nprofiles:\n"
        + "".join(f"- {{name: P{at}, modelID: m/{at}, port: {at}}}\n" for at in range(1, 901))
    )
    for words, most in (
        ([], 60_000),
        (["--max-bytes", "2000"], 2000),
        (["--max-bytes", "1000000"], 1_000_000),
    ):
        text = project.run("plan", "--format", "markdown", *words).out
        assert len(text.encode()) <= most
        page = read(text)
        assert page.marker["digest"].startswith("sha256:")
        assert page.headings == ["Plan: 900 to create"]
    assert len(page.folded[0].splitlines()) > 900


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--max-bytes", "5000"], "--max-bytes is for Markdown only"),
        (["--max-bytes", "5000", "--json"], "--max-bytes is for Markdown only"),
        (["--max-bytes", "1999", "--format", "markdown"], "a whole number of at least 2000"),
        (["--max-bytes", "x", "--format", "markdown"], "a whole number of at least 2000"),
        (["--drift-only", "--out", "a.plan"], "--drift-only shows nothing that could be applied"),
        (["--drift-only", "--replace", "A"], "--drift-only shows drift, and --replace answers it"),
        (["--drift-only", "--take-from", "x"], "--drift-only shows drift, and --take-from answers it"),
    ],
)
def test_what_contradicts_itself_is_refused(project: Project, words: list[str], told: str) -> None:
    project.write(FILE)
    result = project.run("plan", *words)
    assert result.code == 64
    assert told in result.err + result.out
