"""Files of another version are told as such, in the same words by every command that reads them."""

from __future__ import annotations

import json

import pytest

from testing.project import Project

ONE = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, port: 8080}\n"


@pytest.mark.parametrize("version", ["2", "0", "1.5", "'2'", "true", "[1]"])
def test_a_profile_file_of_another_version(project: Project, version: str) -> None:
    project.write(ONE.replace("1", version, 1))
    told = "profiles.yaml:1:16: schemaVersion must be 1, the only version that this mlxsm reads\n"
    for words in (
        ["validate"],
        ["plan"],
        ["apply", "--yes"],
        ["pull", "--all", "--yes"],
        ["up", "--dry-run"],
    ):
        result = project.run(*words)
        assert (result.code, result.out.count(told) + result.err.count(told)) == (1, 1), words
    assert not project.state_path.exists()


@pytest.mark.parametrize("key", ["version", "formatVersion", "schema_version", "apiVersion", "schemaversion"])
def test_a_profile_file_whose_version_has_another_name(project: Project, key: str) -> None:
    project.write(ONE.replace("schemaVersion", key))
    told = project.run("plan").err
    assert f'profiles.yaml:1:1: the key "{key}" is unknown: did you mean schemaVersion?\n' in told


@pytest.mark.parametrize("version", [2, 0, 1.5])
def test_a_document_of_another_version(project: Project, version: float) -> None:
    project.write(
        json.dumps({"app": "MLXServerManager", "schemaVersion": version, "profiles": []}), "doc.json"
    )
    told = (
        f"doc.json:1:46: This file uses schemaVersion {version}, but this version of mlxsm supports "
        "schemaVersion 1 only. No profiles were imported.\n"
    )
    assert project.run("validate", "doc.json").out == told
    assert project.run("import", "doc.json", "--yes").err.startswith(told)


@pytest.mark.parametrize("more", [{}, {"formatVersion": 3}, {"somethingNew": []}])
def test_a_plan_that_a_newer_mlxsm_saved(project: Project, more: dict[str, object]) -> None:
    project.write(ONE)
    assert project.run("plan", "--out", "plan.json").code == 0
    saved = json.loads((project.folder / "plan.json").read_text()) | {"formatVersion": 2} | more
    project.write(json.dumps(saved), "plan.json")
    result = project.run("apply", "plan.json", "--yes")
    assert result.code == 1
    assert "plan.json: this plan was saved by a newer mlxsm\n" in result.err
    assert "upgrade this one\n" in result.err
    project.write(json.dumps(saved | {"formatVersion": True}), "plan.json")
    assert "newer" not in project.run("apply", "plan.json", "--yes").err
    assert not project.state_path.exists()
