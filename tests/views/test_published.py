"""`--json`: one document with a published schema for every command that reads or writes."""

from __future__ import annotations

import json
from collections.abc import Callable

import click
import pytest

from mlxsm_sync.cli.group import every_command
from mlxsm_sync.views.published import SCHEMAS, schema_of
from testing.json_contract import check, hold
from testing.project import Project
from testing.servers import Servers

ONE = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, host: 127.0.0.1, port: 1}\n"
TWO = ONE + "- {name: B, modelID: m/b, host: 127.0.0.1, port: 2}\n"
WITHOUT_JSON = {"schema", "completion", "logs", "run"}
"""What they print is JSON already, a script of a shell, the words of servers, and what becomes of one."""


@pytest.mark.parametrize("name", every_command())
def test_every_command_that_reads_or_writes_takes_json(name: str) -> None:
    takes = {opt for one in every_command()[name].params if isinstance(one, click.Option) for opt in one.opts}
    assert ({"--json", "--json-out"} <= takes) == (name not in WITHOUT_JSON)
    verb, *sub = name.split()
    assert name in WITHOUT_JSON or schema_of(verb, sub) in SCHEMAS


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_can_be_printed(project: Project, name: str) -> None:
    told = project.run("schema", name).json
    assert told["$id"] == f"urn:mlxsm:schema:{name}:1"


def alone(project: Project, *words: str) -> dict[str, object]:
    """The document that a command prints; it stands alone, and so does the one in a file."""
    result = project.run(*words, "--json", "--json-out", "copy.json")
    told = dict(result.json)
    assert told["formatVersion"] == 1
    assert json.loads((project.folder / "copy.json").read_text()) == told
    return told


def test_what_writes_the_state_tells_how_it_ended(project: Project) -> None:
    project.apply(TWO)
    removed = alone(project, "remove", "A", "--yes")
    assert (removed["applied"], removed["serial"], removed["skipped"]) == (True, 2, [])
    assert [change["action"] for change in removed["changes"]] == ["delete"]
    back = alone(project, "rollback", "--yes")
    assert (back["applied"], back["serial"], [one["action"] for one in back["changes"]]) == (
        True,
        3,
        ["create"],
    )


@pytest.mark.parametrize("words", [["remove", "A"], ["rollback"]])
def test_a_plan_that_nobody_can_confirm_comes_with_the_reason(project: Project, words: list[str]) -> None:
    project.apply(TWO)
    before = project.state
    told = alone(project, *words)
    assert told["error"]["kind"] == "no-terminal"
    assert told["changes"]
    assert project.state == before


def test_a_file_that_is_written_is_named(project: Project) -> None:
    told = alone(project, "init", "-f", "new.yaml")
    assert (told["path"], told["text"]) == ("new.yaml", None)
    printed = alone(project, "init", "-f", "-")
    assert (printed["path"], printed["text"]) == (None, (project.folder / "new.yaml").read_text())
    failed = project.run("init", "-f", "new.yaml", "--json")
    assert (failed.code, failed.json["error"]["kind"], failed.err) == (1, "io", "")


def test_an_export_is_named_or_comes_with_the_report(project: Project) -> None:
    project.apply(TWO.replace("m/b", "/models/b"))
    told = alone(project, "export", "-o", "out.json")
    assert (told["path"], told["text"], told["format"]) == ("out.json", None, "json")
    assert told["profiles"] == ["A"]
    assert [(one["name"], one["field"]) for one in told["leftOut"]] == [("B", None)]
    assert told["sensitive"]
    for form in ("json", "yaml"):
        plain = project.run("export", "--format", form, "--exported-at", "2026-06-16T00:00:00Z").out
        printed = alone(project, "export", "--format", form, "--exported-at", "2026-06-16T00:00:00Z")
        assert (printed["path"], printed["text"], printed["format"]) == (None, plain, form)
    failed = project.run("export", "-o", "out.json", "--json")
    assert (failed.code, failed.json["error"]["kind"]) == (1, "io")


def test_what_only_reads(project: Project) -> None:
    for words in (["list"], ["history"], ["ps"], ["connect", "--list"]):
        alone(project, *words)
    project.apply(TWO)
    for words in (
        ["list"],
        ["history"],
        ["ps"],
        ["connect", "A"],
        ["validate"],
        ["plan"],
        ["doctor"],
        ["down"],
    ):
        alone(project, *words)


def test_what_starts_and_stops(servers: Servers) -> None:
    servers.declare(A="m/a")
    assert alone(servers, "up", "--dry-run")["servers"]
    assert alone(servers, "up")["servers"][0]["result"] == "started"
    assert alone(servers, "restart", "A")["servers"][0]["result"] == "recreated"
    assert alone(servers, "ps")["servers"][0]["status"] == "ready"
    assert alone(servers, "down")["servers"][0]["result"] == "stopped"


def test_what_is_adopted_and_forgotten(servers: Servers, stranger: Callable[..., object]) -> None:
    ports = servers.declare(A="m/a")
    stranger(ports["A"])
    (adopted,) = alone(servers, "adopt", "A")["servers"]
    assert (adopted["name"], adopted["endpoint"]) == ("A", f"127.0.0.1:{ports['A']}")
    assert adopted["findings"]
    (forgotten,) = alone(servers, "forget", "A")["servers"]
    assert forgotten == {"id": adopted["id"], "name": "A"}
    again = servers.run("forget", "A", "--json")
    assert (again.code, again.json["error"]["kind"]) == (64, "usage")


def test_a_saved_plan_is_what_its_schema_says(project: Project) -> None:
    project.apply(ONE)
    project.write(
        TWO.replace("port: 1}", "port: 1, advancedLaunchOptions: {chatTemplateArgs: {a: [1, null]}}}")
    )
    project.run("plan", "--out", "plan.json", "--rename", "B=C", "--skip", "A")
    saved = json.loads((project.folder / "plan.json").read_text())
    from testing.json_contract import validator

    assert not [*validator("saved-plan").iter_errors(saved)]
    assert [*validator("saved-plan").iter_errors(saved | {"unknown": 1})]


def test_the_test_of_all_other_tests_sees_what_is_wrong(project: Project) -> None:
    """What is printed by no command here must fail; else nothing would be held against anything."""
    project.apply(ONE)
    told = project.run("list", "--json").json
    check(["list"], told)
    for wrong in (
        told | {"formatVersion": 2},
        told | {"unknown": 1},
        {key: value for key, value in told.items() if key != "serial"},
        told | {"entries": [told["entries"][0] | {"port": "1"}]},
    ):
        with pytest.raises(AssertionError):
            check(["list"], wrong)
    for out in ("", "a table\n", json.dumps(told) + "\nand more\n"):
        with pytest.raises((AssertionError, json.JSONDecodeError)):
            hold(["list", "--json"], out, project.folder, 0)
