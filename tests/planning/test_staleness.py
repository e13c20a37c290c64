"""Plans and files that somebody reviewed: what is expected, what is stale, and what may be repeated."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import cast

import pytest

from mlxsm_sync.planning.staleness import Version, version_of
from mlxsm_sync.values.plan import Plan
from testing.project import Project

ONE = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, host: 127.0.0.1, port: 1}\n"
TWO = ONE + "- {name: B, modelID: m/b, host: 127.0.0.1, port: 2}\n"


def meaning(project: Project, *arguments: str) -> str:
    return str(project.run("plan", *arguments, "--json").json["input"]["meaning"])


LAID_OUT = """\
# reviewed
schemaVersion:   1
defaults:
    host: "127.0.0.1"
profiles:
-   port: 2
    modelID: 'm/b'
    name: B        # the second
-   {port: 1, name: A, modelID: m/a}
collection: default
"""


def test_what_a_file_means_does_not_hang_on_its_layout(project: Project) -> None:
    project.write(TWO)
    meant = meaning(project)
    for name, text in (("other/p.yaml", LAID_OUT), ("p.json", json.dumps(as_data(TWO)))):
        (project.folder / "other").mkdir(exist_ok=True)
        project.write(text, name)
        assert meaning(project, "-f", name) == meant
    (project.folder / "crlf.yaml").write_bytes(b"\xef\xbb\xbf" + TWO.replace("\n", "\r\n").encode())
    assert meaning(project, "-f", "crlf.yaml") == meant
    assert project.run("plan", "-f", "-", "--json", stdin=TWO).json["input"]["meaning"] == meant
    # Nor on this machine.
    assert project.run("apply", "--yes").code == 0
    assert meaning(project) == meant


def as_data(text: str) -> object:
    import yaml

    return yaml.safe_load(text)


@pytest.mark.parametrize(
    "edit",
    [
        ("port: 2", "port: 3"),
        ("name: B", "name: b"),
        ("m/b", "m/c"),
        ("port: 2}", "port: 2, notes: x}"),
        ("port: 2}", "port: 2, advancedLaunchOptions: {rawExtraArgs: []}}"),
        ("schemaVersion: 1", "schemaVersion: 1\ncollection: other"),
    ],
)
def test_every_change_of_what_is_declared_is_another_meaning(project: Project, edit: tuple[str, str]) -> None:
    project.write(TWO)
    meant = meaning(project)
    project.write(TWO.replace(*edit))
    assert meaning(project) != meant


def test_only_the_file_that_was_reviewed_is_applied(project: Project) -> None:
    project.write(TWO)
    meant = meaning(project)
    project.write(LAID_OUT)
    assert project.run("apply", "--expect-input", meant, "--yes").code == 0
    project.write(TWO.replace("port: 2", "port: 3"))
    before = project.state_path.read_bytes()
    stale = project.run("apply", "--expect-input", meant, "--yes", "--json")
    assert (stale.code, stale.json["error"]["kind"]) == (1, "stale-plan")
    assert meant in stale.json["error"]["message"]
    assert meaning(project) in stale.json["error"]["message"]
    assert project.state_path.read_bytes() == before
    # It pins the file and answers no question.
    asked = project.run("apply", "--expect-input", meaning(project))
    assert (asked.code, "there is no terminal" in asked.err) == (1, True)


def test_a_saved_plan_can_be_held_against_what_was_reviewed(project: Project) -> None:
    project.write(TWO)
    assert project.run("plan", "--out", "plan.json").code == 0
    meant = meaning(project)
    assert project.run("apply", "plan.json", "--expect-input", "sha256:0").code == 1
    assert project.run("apply", "plan.json", "--expect-input", meant).code == 0


def test_an_expected_plan_can_be_applied_again(project: Project) -> None:
    project.write(TWO)
    digest = project.run("plan", "--json").json["digest"]
    assert project.run("apply", "--expect", digest).code == 0
    serial = project.state["serial"]
    again = project.run("apply", "--expect", digest)
    assert again.code == 0, again.err
    assert "nothing is left to do" in again.err
    assert project.state["serial"] == serial


def test_a_stale_plan_says_what_was_expected_and_that_the_state_differs(project: Project) -> None:
    project.apply(ONE)
    project.write(TWO)
    first = project.run("plan", "--out", "plan.json", "--json").json
    project.write(
        ONE.replace("name: A", "name: Z")
        .replace("port: 1", "port: 9")
        .replace("1\n", "1\ncollection: me\n", 1),
        "me.yaml",
    )
    assert project.run("apply", "-f", "me.yaml", "--yes").code == 0
    # Another owner's entry is no part of the plan, so it still holds.
    assert project.run("plan", "--json").json["digest"] == first["digest"]
    project.edit_state(lambda state: state["entries"][0]["profile"].update(notes="mine", port=5))
    now = project.run("plan", "--json").json
    for words in (["apply", "plan.json"], ["apply", "--expect", first["digest"]]):
        told = project.run(*words, "--json").json["error"]["message"]
        assert told.startswith("stale plan: ")
        assert first["digest"] in told
        assert now["digest"] in told
        assert f"(it was serial {first['serial']}, and is {now['serial']} now)" in told


def test_a_stale_plan_says_that_the_state_is_another_one(project: Project) -> None:
    project.apply(ONE)
    project.write(TWO.replace("port: 1", "port: 3"))
    assert project.run("plan", "--out", "plan.json").code == 0
    project.edit_state(lambda state: state.update(lineage="00000000-0000-4000-8000-000000000000"))
    stale = project.run("apply", "plan.json")
    assert "it is another state (lineage 00000000-0000-4000-8000-000000000000, then " in stale.err


def test_a_saved_plan_that_was_applied_is_stale_and_says_why(project: Project) -> None:
    project.write(ONE)
    assert project.run("plan", "--out", "plan.json").code == 0
    assert project.run("apply", "plan.json").code == 0
    again = project.run("apply", "plan.json")
    assert (again.code, "there was no state then, and now there is one, written by apply" in again.err) == (
        1,
        True,
    )
    project.write(ONE.replace("port: 1", "port: 3"))
    assert project.run("plan", "--out", "plan.json").code == 0
    project.edit_state(lambda state: state["entries"][0]["profile"].update(port=4))
    assert "it was changed by another program" in project.run("apply", "plan.json").err


def test_a_plan_that_nothing_here_explains_is_told_so(project: Project) -> None:
    project.apply(ONE)
    project.write(TWO)
    stale = project.run("apply", "--expect", "sha256:0000")
    assert stale.code == 1
    assert "sha256:0000 was expected, " in stale.err
    assert "so the file or the answers differ, or it was planned on another machine" in stale.err
    assert project.state["lineage"] in stale.err


def test_a_saved_plan_names_its_file_in_what_it_prints(project: Project) -> None:
    """Also where that is another folder, and with the answers that it carries."""
    (project.folder / "repo").mkdir()
    project.write(TWO.replace("port: 1", "port: 7"), "repo/team.yaml")
    project.apply(TWO.replace("schemaVersion: 1", "schemaVersion: 1\ncollection: old"))
    assert project.shell("cd repo && mlxsm plan -f team.yaml --out ../plan.json --skip B").code == 0
    told = project.run("apply", "plan.json").out
    path = f"{project.folder}/repo/team.yaml"
    assert f"mlxsm apply -f {path} --skip B --replace A" in told
    assert f"mlxsm apply -f {path} --skip B --rename 'A=A (Imported)'" in told


def note_start(project: Project) -> None:
    """Leave the record of a start, which metadata commands read as a plain file."""
    (entry,) = project.state["entries"]
    run = project.state_path.parent / "run"
    run.mkdir(exist_ok=True)
    record = {"id": entry["id"], "name": "A", "owner": "default", "nonce": "n", "failure": None}
    (run / f"{entry['id']}.json").write_text(json.dumps(record))


def test_where_no_server_was_started_none_is_started_anew(project: Project) -> None:
    project.apply(ONE)
    project.write(ONE.replace("port: 1", "port: 3"))
    assert project.run("apply", "--yes").err.splitlines()[-1] == "Next: mlxsm up"


@pytest.mark.parametrize(
    ("newer", "following"),
    [
        (ONE.replace("port: 1", "port: 3"), "Next: mlxsm up --recreate"),
        (ONE.replace("port: 1}", "port: 1, notes: x}"), "Next: mlxsm up"),
        (TWO, "Next: mlxsm up"),
        (ONE.replace("name: A", "name: Z"), "Next: mlxsm up"),
    ],
)
def test_an_apply_says_what_comes_next(project: Project, newer: str, following: str) -> None:
    project.apply(ONE)
    project.write(newer, "p.yaml")
    project.edit_state(lambda state: state["entries"][0].update(**{"from": f"{project.folder}/p.yaml"}))
    note_start(project)
    result = project.run("apply", "-f", "p.yaml", "--yes")
    assert result.err.splitlines()[-1] == f"{following.replace('up', 'up -f p.yaml')}"
    assert "Next" not in project.run("apply", "-f", "p.yaml", "--yes").err


def test_what_comes_next_is_in_words_where_nothing_could_be_pasted(project: Project) -> None:
    told = project.run("plan", "-f", "-", stdin=TWO)
    assert told.err == "Next: apply the same input\n"
    told = project.run("plan", "-f", "-", "--rename", "A=Z", stdin=TWO)
    assert told.err == "Next: apply the same input, with --rename A=Z\n"
    assert project.run("apply", "-f", "-", "--yes", stdin=TWO).err == "Next: up, with the same input\n"
    clash = project.run(
        "plan", "-f", "-", stdin=TWO.replace("port: 1", "port: 5").replace("1\n", "1\ncollection: x\n", 1)
    )
    assert "2. rename it to \"A (Imported)\": the same input with --rename 'A=A (Imported)'" in clash.out
    shell = f"mlxsm plan -f <(cat {project.write(TWO)}) --state none.json"
    assert "/dev/fd" not in project.shell(f"bash -c {json.dumps(shell)}").err


def test_an_import_and_a_rollback_say_what_comes_next(project: Project) -> None:
    document = {"schemaVersion": 1, "profiles": [{"name": "A b", "modelID": "m", "host": "h", "port": 9}]}
    project.write(json.dumps(document), "doc.json")
    first = project.run("import", "doc.json", "--yes", "--state", "s.json")
    assert first.err.splitlines()[-1] == "Next: mlxsm export --format yaml -o profiles.yaml --state s.json"
    assert project.shell(first.err.splitlines()[-1].removeprefix("Next: ") + " --yes").code == 0
    again = project.run("import", "doc.json", "--yes", "--state", "t.json")
    assert again.err.splitlines()[-1] == "Next: mlxsm pull 'A b' --state t.json"
    # A model that no profile file can hold is not offered to one.
    unfit = {"name": "Unfit", "modelID": "two words/of it", "host": "h", "port": 10}
    project.write(json.dumps(document | {"profiles": [unfit]}), "unfit.json")
    assert "Next:" not in project.run("import", "unfit.json", "--yes", "--state", "t.json").err
    project.write(
        json.dumps(document | {"profiles": [unfit, unfit | {"modelID": "n", "name": "B"}]}), "b.json"
    )
    mixed = project.run("import", "b.json", "--yes", "--state", "t.json")
    assert mixed.err.splitlines()[-1] == "Next: mlxsm pull B --state t.json"
    assert project.shell(again.err.splitlines()[-1].removeprefix("Next: ") + " --yes").code == 0
    (project.folder / "profiles.yaml").unlink()
    assert (
        project.run("rollback", "--yes", "--state", "t.json").err.splitlines()[-1]
        == "Next: mlxsm list --state t.json"
    )
    project.apply(ONE)
    note_start(project)
    project.apply(ONE.replace("port: 1", "port: 3"))
    assert project.run("rollback", "--yes").err.splitlines()[-1] == "Next: mlxsm plan"
    project.write(ONE.replace("port: 1", "port: 3"))
    assert project.run("rollback", "--yes").err.splitlines()[-1] == "Next: mlxsm up --recreate"


def test_the_version_of_a_plan_is_that_of_its_state() -> None:
    plan = cast(Plan, SimpleNamespace(lineage="x", serial=3))
    assert version_of(plan) == Version("x", 3)
