"""`context` of a profile: tokens that people mean to use; ours alone, and kept wherever a state is."""

from __future__ import annotations

import json

from testing.project import Project

BARE = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, host: 127.0.0.1, port: 1%s}\n"
WITH = BARE % ", context: 4096"


def context(project: Project, *words: str) -> object:
    return project.run("list", *words, "--json").json["entries"][0]["profile"].get("context")


def test_a_plan_shows_it_and_a_state_keeps_it(project: Project) -> None:
    project.apply(BARE % "")
    assert '"context"' not in json.dumps(project.state["entries"])
    project.write(WITH)
    assert "context  (unset) -> 4096" in project.run("plan").out
    project.apply(WITH)
    assert context(project) == 4096
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_defaults_may_have_it(project: Project) -> None:
    project.apply((BARE % "").replace("profiles:", "defaults: {context: 8192}\nprofiles:"))
    assert context(project) == 8192


def test_what_is_no_count_of_tokens_is_refused(project: Project) -> None:
    for value in ("0", "-1", "1.5", "true", "many"):
        project.write(BARE % f", context: {value}")
        assert "context must be a whole number of tokens above 0" in project.run("validate").out


def test_it_comes_back_from_an_export_and_by_a_pull(project: Project) -> None:
    project.apply(WITH)
    assert "context: 4096" in project.run("export", "--format", "yaml").out
    project.edit_state(lambda state: state["entries"][0]["profile"].update(context=512))
    assert project.run("pull", "--yes").code == 0
    assert "context: 512" in (project.folder / "profiles.yaml").read_text()


def test_a_document_of_the_app_does_not_carry_it(project: Project) -> None:
    project.apply(WITH)
    done = project.run("export", "--format", "json")
    assert "context" not in done.out
    assert 'schema version 1 cannot carry context: lost for "A"' in done.err


def test_the_list_of_the_app_does_not_carry_it_and_the_record_beside_it_does(project: Project) -> None:
    project.write(WITH)
    listed = ("--state", "app:models.json")
    assert project.run("apply", "--yes", *listed, "--while-app-runs").code == 0
    assert "context" not in (project.folder / "models.json").read_text()
    assert context(project, *listed) == 4096
    assert project.run("plan", "--detailed-exitcode", *listed).code == 0
