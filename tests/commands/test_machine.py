"""`mlxsm machine`, and what other commands say where the machine is this one, another one, or none."""

from __future__ import annotations

import json
import os
import shlex
import stat
from pathlib import Path
from typing import Any

import pytest

from testing.fake_secrets.leaks import found_in
from testing.fake_secrets.tokens import TOKENS
from testing.project import Project

TOKEN = next(iter(TOKENS.values()))
FILE = """\
schemaVersion: 1
collection: team
machines:
  studio: {tags: [big], defaults: {port: 9000}}
  "mini-*": {tags: [small]}
profiles:
- {name: Other, modelID: m/o, port: 1, on: ["@small"]}
- {name: Mine, modelID: m/m, on: [studio]}
- {name: Kept, modelID: m/k, port: 3, on: []}
- {name: All, modelID: m/a, port: 4}
"""


def name_file(project: Project) -> Path:
    return project.folder / "home/.config/mlxsm/machine"


def test_a_name_is_told_kept_and_forgotten(project: Project) -> None:
    project.write(FILE)
    host = os.uname().nodename.partition(".")[0].lower()
    told = project.run("machine")
    assert (told.code, told.out) == (0, f"{host} (from the host name)\n")
    assert told.err == (
        f'note: this machine is called "{host}" (from the host name), and profiles.yaml has no such machine: '
        "it has studio, mini-*\n"
    )
    path = name_file(project)
    kept = f"studio (from {path}), tags big\nFor this machine: Mine, All\nFor others: Other, Kept\n"
    named = project.run("machine", "STUDIO")
    assert (named.out, named.err) == (kept, f"wrote {path}\n")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("studio\n", 0o600)
    assert project.run("machine").out == kept
    assert project.run("machine", "-q").out == "studio\n"
    assert project.run("machine", "--json").json == {
        "formatVersion": 1,
        "machine": {"name": "studio", "from": "file", "tags": ["big"]},
        "path": "profiles.yaml",
        "known": True,
        "profiles": ["Mine", "All"],
        "elsewhere": ["Other", "Kept"],
    }
    forgotten = project.run("machine", "--forget")
    assert forgotten.out == f"{host} (from the host name)\n"
    assert f"removed {path}\n" in forgotten.err
    assert not path.exists()
    assert project.run("machine", "--forget").code == 0


def test_a_name_that_is_said_elsewhere_comes_first_and_that_is_told(project: Project) -> None:
    project.write(FILE)
    told = project.run("machine", "studio", MLXSM_MACHINE="mini-1")
    assert (
        told.out
        == "mini-1 (from MLXSM_MACHINE), tags small\nFor this machine: Other, All\nFor others: Mine, Kept\n"
    )
    assert told.err == f"wrote {name_file(project)}\nnote: MLXSM_MACHINE says otherwise, and comes first\n"


def test_without_a_file_only_the_name_is_told(project: Project) -> None:
    told = project.run("machine", "studio")
    assert (told.code, told.out) == (0, f"studio (from {name_file(project)})\n")
    report = project.run("machine", "--json").json
    assert (report["path"], report["known"], report["profiles"]) == (None, None, [])
    project.write("schemaVersion: 1\nprofiles: [{name: A, modelID: m, port: 1}]")
    report = project.run("machine", "--json").json
    assert (report["path"], report["known"], report["profiles"]) == ("profiles.yaml", None, ["A"])


def test_an_invalid_file_stops_the_question_and_not_the_answer(project: Project) -> None:
    project.write(FILE.replace("[studio]", "[studoi]"))
    told = project.run("machine")
    assert told.code == 1
    assert "profiles.yaml:8:35: on[0] names no machine of this file: did you mean studio?" in told.err
    assert project.run("machine", "studio").code == 0
    assert name_file(project).read_text() == "studio\n"
    assert project.run("machine", "-f", "gone.yaml").code == 1


def test_an_unknown_machine_is_told_and_no_failure(project: Project) -> None:
    project.write(FILE)
    told = project.run("machine", "laptop", "--json")
    assert (told.code, told.json["known"], told.json["machine"]["name"]) == (0, False, "laptop")


def test_a_broken_name_is_told_and_written_anew(project: Project) -> None:
    name_file(project).parent.mkdir(parents=True)
    name_file(project).write_text(TOKEN)
    project.write(FILE)
    for command in (["machine"], ["plan"], ["apply", "--yes"]):
        told = project.run(*command)
        assert (told.code, found_in(told.out + told.err)) == (1, [])
        assert "hint: mlxsm machine NAME writes it anew" in told.err
    assert project.run("plan", "--machine", "studio").code == 0
    assert project.run("machine", "studio").code == 0
    assert project.run("plan").code == 0


@pytest.mark.parametrize("words", [["a b"], [TOKEN], ["mini-*"], ["a", "--forget"], [""]])
def test_what_is_no_name_is_refused(project: Project, words: list[str]) -> None:
    told = project.run("machine", *words)
    assert (told.code, found_in(told.err), name_file(project).exists()) == (64, [], False)


COMMANDS = [["plan"], ["apply", "--yes"], ["pull"], ["up"], ["restart"]]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_where_the_machine_is_unknown_nothing_is_done(project: Project, words: list[str]) -> None:
    project.write(FILE)
    told = project.run(*words, "--machine", "laptop")
    assert (told.code, told.out) == (1, "")
    assert told.err == (
        'error: this machine is called "laptop" (from --machine), and profiles.yaml has no such machine: '
        "it has studio, mini-*\n"
        "hint: mlxsm machine NAME says which one this is; or add an entry under machines\n"
    )
    told = project.run(*words, "--json", MLXSM_MACHINE="laptop")
    assert (told.code, told.json["error"]["kind"]) == (1, "unknown-machine")
    assert not project.state_path.exists()


def test_what_runs_is_shown_and_stopped_all_the_same(project: Project) -> None:
    project.apply(FILE, "--machine", "studio")
    assert project.run("down", "--all", MLXSM_MACHINE="laptop").code == 0
    told = project.run("ps", "--json", MLXSM_MACHINE="laptop")
    assert (told.code, len(told.json["servers"])) == (0, 2)
    assert "unknown-machine" not in project.run("logs", "All", "--json", MLXSM_MACHINE="laptop").out
    assert project.run("list", MLXSM_MACHINE="laptop").code == 0


def test_a_plan_says_which_machine_it_is_for_and_what_is_for_others(project: Project) -> None:
    project.write(FILE)
    told = project.run("plan", "-v", MLXSM_MACHINE="Studio")
    assert (
        told.out
        == """\
Plan: 2 to create, 2 for other machines
machine studio (from MLXSM_MACHINE), tags big

  + Mine
      modelID  m/m
      host     127.0.0.1
      port     9000

  + All
      modelID  m/a
      host     127.0.0.1
      port     4

  Other (for other machines)
  Kept (for other machines)
"""
    )
    plan = project.run("plan", "--json", MLXSM_MACHINE="Studio").json
    assert plan["machine"] == {"name": "studio", "from": "environment", "tags": ["big"]}
    assert (plan["elsewhere"], plan["summary"]["elsewhere"]) == (["Other", "Kept"], 2)
    done = project.run("apply", "--yes", "--json", "--machine", "studio").json
    assert done["machine"] == {"name": "studio", "from": "flag", "tags": ["big"]}
    assert done["elsewhere"] == ["Other", "Kept"]
    project.write("schemaVersion: 1\nprofiles: []")
    plan = project.run("plan", "--json").json
    assert (plan["machine"], plan["elsewhere"], plan["summary"]["elsewhere"]) == (None, [], 0)


def test_what_a_machine_no_longer_gets_is_an_orphan_until_it_is_pruned(project: Project) -> None:
    project.apply(FILE, "--machine", "studio")
    told = project.run("plan", "--machine", "mini-1")
    assert (
        told.out
        == """\
Plan: 1 to create, 1 unchanged, 1 orphan, 2 for other machines
machine mini-1 (from --machine), tags small

  + Other
      modelID  m/o
      host     127.0.0.1
      port     1

Orphans: for other machines; --prune deletes them
  ? Mine (from {folder}/profiles.yaml)
""".replace("{folder}", str(project.folder))
    )
    (orphan,) = project.run("plan", "--machine", "mini-1", "--json").json["orphans"]
    assert (orphan["name"], orphan["drifted"]) == ("Mine", False)

    def elsewhere(state: Any) -> None:
        state["entries"][0]["profile"]["port"] = 9005

    project.edit_state(elsewhere)
    told = project.run("plan", "--machine", "mini-1", "--prune", "--detailed-exitcode")
    assert told.code == 3
    assert "Mine: it is for other machines, but it was changed on this machine: port" in told.out
    assert "mlxsm apply --machine mini-1 --prune --replace Mine" in told.out
    assert project.run("apply", "--yes", "--machine", "mini-1", "--prune", "--replace", "Mine").code == 0
    assert sorted(one["profile"]["name"] for one in project.state["entries"]) == ["All", "Other"]


@pytest.mark.parametrize("answer", ["--only", "--skip", "--rename", "--replace"])
@pytest.mark.parametrize("name", ["Mine", "#2"])
def test_an_answer_about_a_profile_for_others_is_refused(project: Project, answer: str, name: str) -> None:
    project.write(FILE)
    told = project.run("plan", "--machine", "mini-1", answer, name)
    assert told.code == 64
    assert told.err == (
        f'error: the profile "{name}" is not for this machine\n'
        "hint: the file has it for other machines: mlxsm machine shows which profiles are for this one\n"
    )
    for command in (["up", "Mine"], ["restart", "Mine"]):
        told = project.run(*command, "--machine", "mini-1")
        assert told.code != 0
    project.apply(FILE, "--machine", "studio")
    for command in (["up", "Mine"], ["restart", "Mine"]):
        told = project.run(*command, "--machine", "mini-1")
        assert told.err.startswith('error: the profile "Mine" is not for this machine'), told.err


def printed(text: str) -> list[str]:
    """The commands that a text tells to run."""
    lines = [line.partition("mlxsm ")[2] for line in text.splitlines() if "mlxsm " in line]
    return [line for line in lines if line.split()[0] in ("apply", "plan", "pull", "up", "restart")]


def test_every_printed_command_names_the_machine_and_can_be_pasted(project: Project) -> None:
    project.write(FILE, "team.yaml")
    words = ["-f", "team.yaml", "--machine", "studio"]
    told = project.run("plan", *words)
    assert told.err == "Next: mlxsm apply -f team.yaml --machine studio\n"
    told = project.run("apply", "--yes", *words)
    assert told.err.endswith("Next: mlxsm up -f team.yaml --machine studio\n")

    def drift(state: Any) -> None:
        state["entries"][0]["profile"]["port"] = 9005

    project.edit_state(drift)
    told = project.run("plan", *words)
    commands = printed(told.out)
    assert commands == [
        "apply -f team.yaml --machine studio --replace Mine",
        "pull -f team.yaml --machine studio Mine",
    ]
    for command in commands:
        assert project.run(*shlex.split(command), "--yes", "--json").code == 0


def test_a_saved_plan_carries_its_machine(project: Project) -> None:
    project.write(FILE)
    told = project.run("plan", "--machine", "studio", "--out", "s.plan")
    assert told.err == "Next: mlxsm apply s.plan\n"
    refused = project.run("apply", "s.plan", "--machine", "mini-1")
    assert (refused.code, refused.err) == (
        64,
        "error: a saved plan carries its own file and answers\nhint: leave the other options out\n",
    )
    told = project.run("apply", "s.plan")
    assert told.code == 0
    assert "machine studio (from --machine), tags big" in told.out
    assert told.err.endswith("Next: mlxsm up --machine studio\n")
    assert project.run("plan", "--machine", "studio", "--json").json["summary"]["unchanged"] == 2


PULLED = FILE.replace("on: [studio]}", "on: [studio], port: 9005}")


def test_a_pull_edits_the_profile_that_this_machine_sees(project: Project) -> None:
    """Others stand before it in the file, and its port came from what the file says of the machine."""
    project.apply(FILE, "--machine", "studio")

    def change(state: Any) -> None:
        mine = state["entries"][0]
        mine["profile"]["port"] = 9005
        other = json.loads(json.dumps(mine)) | {"id": "a" * 16, "owner": None, "applied": None, "from": None}
        other["profile"] |= {"name": "Free", "modelID": "m/f", "port": 7}
        namesake = json.loads(json.dumps(other)) | {"id": "b" * 16}
        namesake["profile"] |= {"name": "Other", "modelID": "m/z", "port": 8}
        state["entries"] += [other, namesake]

    project.edit_state(change)
    told = project.run("pull", "--machine", "studio", "--yes", "--json").json
    assert [(one["name"], one["index"]) for one in told["profiles"]] == [("Mine", 2)]
    (field,) = told["profiles"][0]["fields"]
    assert (field["path"], field["before"], field["after"]) == ("/port", 9000, 9005)
    assert (project.folder / "profiles.yaml").read_text() == PULLED
    told = project.run("pull", "Free", "Other", "--machine", "studio", "--yes")
    assert told.code == 64
    assert told.err == (
        'error: "Other" cannot be pulled: the file has it for other machines\n'
        "hint: mlxsm machine shows which profiles are for this one\n"
    )
    told = project.run("pull", "--all", "--machine", "studio", "--yes")
    assert told.code == 0
    assert told.err.startswith(
        'note: "Other" was left: the file has a profile of this name for other machines; '
        "give the one of this machine another name first\n"
    )
    assert (
        "note: new in the file, and so for every machine: Free; on: [studio] would keep it to this one\n"
        in told.err
    )
    assert "Next: mlxsm plan --machine studio\n" in told.err
    added = "- name: Free\n  modelID: m/f\n  host: 127.0.0.1\n  port: 7\n"
    assert (project.folder / "profiles.yaml").read_text() == PULLED + added
    assert project.run("plan", "--machine", "studio", "--json").json["summary"]["unchanged"] == 3


def test_a_pull_of_a_whole_profile_names_the_right_one(project: Project) -> None:
    project.apply(FILE, "--machine", "studio")

    def change(state: Any) -> None:
        state["entries"][1]["profile"]["notes"] = "here"

    project.edit_state(change)
    told = project.run("pull", "All", "--whole", "--machine", "studio", "--yes")
    assert (told.code, told.err.splitlines()[0]) == (0, "All: taken whole, as it is on this machine")


@pytest.mark.installed
def test_a_shell_offers_what_is_for_this_machine(project: Project) -> None:
    project.write(FILE)

    def offered(words: str, **more: str) -> list[str]:
        environment = {
            "_MLXSM_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        told = project.run(**environment, **more).out
        return [line.partition(",")[2] for line in told.splitlines() if line]

    assert offered("mlxsm plan --skip ", MLXSM_MACHINE="studio") == ["Mine", "All"]
    assert offered("mlxsm plan --skip ", MLXSM_MACHINE="mini-1") == ["Other", "All"]
    assert offered("mlxsm plan --skip ", MLXSM_MACHINE="laptop") == ["Other", "Mine", "Kept", "All"]
    assert offered("mlxsm plan --skip ", MLXSM_MACHINE="no name") == ["Other", "Mine", "Kept", "All"]
    assert offered("mlxsm plan --machine ") == ["studio"]
    assert offered("mlxsm machine ") == ["studio"]
    project.write(FILE.replace("machines:", "machines: 7\nx:"))
    assert offered("mlxsm machine ") == []
