"""How a machine stands to its profile file, in one word."""

from __future__ import annotations

from typing import Any

import pytest

from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.planning.standing import standing
from mlxsm_sync.profile_file.file import read_profile_file
from mlxsm_sync.state.state_file import StateFile
from mlxsm_sync.values.choices import Choices
from testing.project import Project

ONE = "schemaVersion: 1\ncollection: team\ndefaults: {host: 127.0.0.1}\nprofiles:\n- {name: A, modelID: org/a, port: 8001, notes: a}\n"
OTHER = "- {name: B, modelID: org/b, port: 8002, notes: a}\n"


def status(project: Project) -> Any:
    """What the command says of the plan, and the rule of the same file and state."""
    told = project.run("status", "--json")
    assert told.code == 0, told.err
    if told.json["plan"]["summary"] is not None:
        desired = read_profile_file(str(project.folder / "profiles.yaml"))
        made = make_plan(desired, StateFile(project.state_path).read(), Choices())
        assert standing(made) == told.json["plan"]["status"]
    return told.json["plan"]


def test_in_step_behind_drifted_in_conflict_and_broken(project: Project) -> None:
    project.write(ONE)
    assert status(project)["status"] == "behind"
    assert status(project)["message"] == "1 to create"
    project.apply(ONE)
    assert status(project) == {
        "status": "in-step",
        "message": None,
        "summary": status(project)["summary"],
    }
    assert status(project)["summary"]["unchanged"] == 1
    project.edit_state(lambda state: state["entries"][0]["profile"].update(notes="by hand"))
    assert status(project)["status"] == "drift"
    # A conflict is graver than drift, drift than a change.
    project.write(ONE + OTHER)
    assert status(project)["status"] == "drift"
    project.write(ONE + OTHER + OTHER)
    assert status(project)["status"] == "conflict"
    project.write(ONE + "- {name: B, modelID: org/b, port: many}\n")
    broken = status(project)
    assert (broken["status"], broken["summary"]) == ("broken", None)
    assert broken["message"].startswith("profiles.yaml:6:")


def test_entries_that_nothing_lists_are_out_of_step_only_where_they_were_changed(project: Project) -> None:
    project.apply(ONE + OTHER)
    project.write(ONE)
    assert status(project)["status"] == "in-step"
    project.edit_state(lambda state: state["entries"][1]["profile"].update(notes="by hand"))
    assert status(project)["status"] == "drift"


@pytest.mark.parametrize("text", ["", "{", "[]", "schemaVersion: 9\n"])
def test_a_file_that_cannot_be_read_is_told_and_no_failure(project: Project, text: str) -> None:
    project.apply(ONE)
    project.write(text)
    told = status(project)
    assert told["status"] == "broken"
    assert told["message"]


def test_without_a_file_or_with_a_broken_state_nothing_is_planned(project: Project) -> None:
    nothing = status(project)
    assert nothing["status"] == "broken"
    assert "profiles.yaml" in nothing["message"]
    project.apply(ONE)
    project.state_path.write_text("{")
    broken = project.run("status", "--json").json
    assert broken["plan"]["status"] == "broken"
    assert str(project.state_path) in broken["plan"]["message"]
    assert (broken["state"]["lineage"], broken["servers"], broken["history"]) == (None, [], [])
