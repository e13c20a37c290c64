"""`mlxsm plan --base OLD`: two versions of a file, and nothing of this machine."""

from __future__ import annotations

import json
import shutil

import pytest

from testing.fake_secrets.leaks import found_in
from testing.fake_secrets.tokens import TOKENS
from testing.project import Project

TOKEN = next(iter(TOKENS.values()))
OLD = """\
schemaVersion: 1
collection: team
profiles:
- {name: Same, modelID: m/s, port: 1}
- {name: Moved, modelID: m/m, port: 2}
- {name: Gone, modelID: m/g, port: 3}
"""
NEW = """\
schemaVersion: 1
collection: team
profiles:
- {name: Same, modelID: m/s, port: 1}
- {name: Moved, modelID: m/m, port: 22}
- {name: Fresh, modelID: m/f, port: 3}
"""
SHOWN = """\
Plan: 1 to create, 1 to update, 1 to delete, 1 unchanged

  ~ Moved
      port  2 -> 22

  + Fresh
      modelID  m/f
      host     127.0.0.1
      port     3

  - Gone (owner team)
"""
ALL_NEW = "Plan: 3 to create"


@pytest.fixture
def versions(project: Project) -> Project:
    project.write(OLD, "old.yaml")
    project.write(NEW)
    return project


def home(project: Project) -> list[str]:
    return [str(one) for one in (project.folder / "home").rglob("*")]


def test_what_changes_between_two_versions_is_shown(versions: Project) -> None:
    told = versions.run("plan", "--base", "old.yaml")
    assert (told.code, told.out, told.err) == (0, SHOWN, "")
    piped = versions.run("plan", "--base", "-", stdin=OLD)
    assert (piped.out, piped.err) == (SHOWN, "")
    assert versions.run("plan", "--base", "old.yaml", "-f", "-", stdin=NEW).out == SHOWN
    assert home(versions) == [], "nothing of this machine is read or written"


def test_a_profile_that_only_moves_in_the_file_is_no_change(versions: Project) -> None:
    head, *profiles = OLD.split("- {")
    versions.write(head + "".join(f"- {{{one}" for one in reversed(profiles)))
    told = versions.run("plan", "--base", "old.yaml", "--detailed-exitcode")
    assert (told.code, told.out) == (0, "Plan: nothing to do (3 unchanged)\n")


@pytest.mark.parametrize(
    "text", ["", "\n", "# nothing yet\n", "---\n", "\ufeff", "null", "schemaVersion: 1\nprofiles: []"]
)
def test_an_empty_old_version_is_an_empty_machine(versions: Project, text: str) -> None:
    versions.write(text, "old.yaml")
    for base in (["old.yaml"], ["-"], ["/dev/null"]):
        told = versions.run("plan", "--base", *base, stdin=text)
        assert (told.code, told.out.splitlines()[0], told.err) == (0, ALL_NEW, "")


def test_an_empty_json_file_is_empty_as_well(versions: Project) -> None:
    versions.write("", "old.json")
    told = versions.run("plan", "--base", "old.json")
    assert (told.out.splitlines()[0], told.err) == (ALL_NEW, "")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("profiles: [\n", "old.yaml:1:12: not valid YAML"),
        ("- 1", "old.yaml:1:1: a profile file is a mapping with schemaVersion and profiles"),
        (OLD.replace("port: 2}", "port: 0}"), "old.yaml:5:37: port must be"),
        ("x: 1", 'old.yaml:1:1: the key "x" is unknown'),
        ("#" * (8 * 1024 * 1024 + 1), "old.yaml: the file is larger than 8 MiB"),
        ('{"app": "x", "profiles": []}', "old.yaml:1:1: a document of the Mac app is no profile file"),
    ],
)
def test_a_broken_old_version_is_told_and_stops_nothing(versions: Project, text: str, what: str) -> None:
    """The pull request may be the one that mends it."""
    versions.write(text, "old.yaml")
    told = versions.run("plan", "--base", "old.yaml", "--detailed-exitcode")
    assert (told.code, told.out.splitlines()[0]) == (2, ALL_NEW)
    assert told.err.startswith(f"warning: the old version is broken ({what}"), told.err
    assert told.err.endswith("): the plan is against an empty machine\n")
    (warning,) = versions.run("plan", "--base", "old.yaml", "--json").json["warnings"]
    assert (warning["name"], warning["line"]) == ("old.yaml", None)
    assert warning["message"].startswith(f"the old version is broken ({what}")


def test_three_of_many_problems_are_told_and_the_others_counted(versions: Project) -> None:
    versions.write(OLD + "".join(f"- {{name: N{at}, modelID: m, port: 0}}\n" for at in range(5)), "old.yaml")
    told = versions.run("plan", "--base", "old.yaml").err
    assert (told.count("port must be"), ", and 2 more): the plan" in told) == (3, True)


@pytest.mark.parametrize(
    "text",
    [
        f"a: {TOKEN}: [\n",
        f"{TOKEN}: 1\n",
        OLD.replace("m/s", TOKEN),
        OLD.replace("name: Gone", f"notes: {TOKEN}, name: Gone"),
        OLD.replace("port: 3", f"on: [{TOKEN}]"),
        f"schemaVersion: 1\nmachines: {{{TOKEN}: {{tags: [{TOKEN}]}}}}\nprofiles: []",
    ],
)
def test_a_secret_of_the_old_version_gets_nowhere(versions: Project, text: str) -> None:
    versions.write(text, "old.yaml")
    for form in ([], ["--json"], ["--format", "markdown"], ["--each-machine"], ["-v"]):
        told = versions.run("plan", "--base", "old.yaml", *form)
        assert (told.code, found_in(told.out + told.err)) == (0, [])
        assert "the old version is broken" in told.out + told.err


def test_what_cannot_be_meant_is_refused(versions: Project) -> None:
    missing = versions.run("plan", "--base", "gone.yaml")
    assert (missing.code, missing.err) == (1, "error: cannot read gone.yaml: No such file or directory\n")
    refused = [
        ["--base", "-", "-f", "-"],
        ["--base", "old.yaml", "--state", "state.json"],
        ["--base", "old.yaml", "--out", "s.plan"],
        ["--each-machine"],
    ]
    for words in refused:
        told = versions.run("plan", *words, stdin=OLD)
        assert (told.code, told.out, "hint: " in told.err) == (64, "", True), words
    versions.write("schemaVersion: 1\nprofiles: [{}]")
    assert versions.run("plan", "--base", "old.yaml").code == 1
    assert home(versions) == []


def test_a_broken_state_of_this_machine_is_not_looked_at(versions: Project) -> None:
    versions.state_path.parent.mkdir(parents=True)
    versions.state_path.write_text("{broken")
    before = home(versions)
    assert versions.run("plan").code == 1
    before = home(versions)
    told = versions.run("plan", "--base", "old.yaml", MLXSM_STATE="nowhere/state.json")
    assert (told.code, told.out, told.err) == (0, SHOWN, "")
    assert versions.run("plan", "--base", "old.yaml").out == SHOWN
    assert (home(versions), versions.state_path.read_text()) == (before, "{broken")


def test_the_exit_code_says_whether_there_are_changes_or_decisions(versions: Project) -> None:
    def code(*words: str) -> int:
        return versions.run("plan", "--base", "old.yaml", "--detailed-exitcode", *words).code

    assert code() == 2
    versions.write(OLD)
    assert code() == 0
    versions.write(NEW + "- {name: Same, modelID: m/2, port: 9}\n")
    assert code() == 3
    machines = "machines: {a: , b: }\nprofiles:\n- {name: Two, modelID: m/2, port: 9, on: [b]}\n"
    versions.write(NEW.replace("profiles:\n", machines + "- {name: Two, modelID: m/2, port: 8, on: [b]}\n"))
    assert (code("--machine", "a"), code("--machine", "b"), code("--each-machine")) == (2, 3, 3)


def test_the_digest_is_the_same_wherever_it_is_made(versions: Project) -> None:
    def digest(*words: str, **environment: str) -> str:
        return str(versions.run("plan", "--json", *words, **environment).json["digest"])

    there = versions.folder / "else where"
    there.mkdir()
    for name in ("old.yaml", "profiles.yaml"):
        shutil.copy(versions.folder / name, there / name)
    first = digest("--base", "old.yaml")
    assert digest("--base", "else where/old.yaml", "-f", "else where/profiles.yaml", HOME=str(there)) == first
    assert digest("--base", str(there / "old.yaml")) == first
    versions.apply(OLD)
    versions.write(NEW)
    assert digest("--base", "old.yaml") == first
    versions.write(NEW.replace("22", "23"))
    assert digest("--base", "old.yaml") != first


MACHINES = """\
schemaVersion: 1
machines:
  studio: {tags: [big]}
  "mini-*": {tags: [small], defaults: {port: 8090}}
profiles:
- {name: Coder, modelID: m/c, port: 8081, on: ["@big"]}
- {name: Small, modelID: m/s, on: ["mini-*"]}
- {name: Seven, modelID: m/7, host: 127.0.0.2, on: [mini-7]}
"""
EACH = """\
Plan: 1 to update, 2 for other machines
machine studio (from --each-machine), tags big

  ~ Coder
      port  8081 -> 8082

Plan: 1 to update, 2 for other machines
machine mini-* (from --each-machine), tags small

  ~ Small
      port  8090 -> 8091

Plan: 2 to update, 1 for other machines
machine mini-7 (from --each-machine), tags small

  ~ Small
      port  8090 -> 8091

  ~ Seven
      port  8090 -> 8091
"""


@pytest.fixture
def machines(project: Project) -> Project:
    project.write(MACHINES, "old.yaml")
    project.write(MACHINES.replace("8081", "8082").replace("8090", "8091"))
    return project


def test_each_machine_has_a_plan_also_one_that_only_a_profile_names(machines: Project) -> None:
    told = machines.run("plan", "--base", "old.yaml", "--each-machine")
    assert (told.code, told.out, told.err) == (0, EACH, "")
    report = machines.run("plan", "--base", "old.yaml", "--each-machine", "--json").json
    assert report["formatVersion"] == 1
    assert [one["name"] for one in report["machines"]] == ["studio", "mini-*", "mini-7"]
    assert [one["plan"]["machine"]["name"] for one in report["machines"]] == ["studio", "mini-*", "mini-7"]
    assert [one["plan"]["summary"]["update"] for one in report["machines"]] == [1, 1, 2]
    assert len({one["plan"]["digest"] for one in report["machines"]}) == 3
    assert len({one["plan"]["input"]["meaning"] for one in report["machines"]}) == 1
    markdown = machines.run("plan", "--base", "old.yaml", "--each-machine", "--format", "markdown")
    names = [name for name in ("studio", "mini-*", "mini-7") if name in markdown.out.replace("\\", "")]
    assert (markdown.code, names, "8090 -> 8091" in markdown.out) == (0, ["studio", "mini-*", "mini-7"], True)
    assert home(machines) == []


def test_one_machine_is_named_or_the_ways_to_name_it_are_told(machines: Project) -> None:
    told = machines.run("plan", "--base", "old.yaml", "--machine", "mini-3")
    assert told.out == EACH.split("\n\n")[2].replace(
        "mini-* (from --each-machine)", "mini-3 (from --machine)"
    ) + ("\n\n  ~ Small\n      port  8090 -> 8091\n")
    told = machines.run("plan", "--base", "old.yaml", MLXSM_MACHINE="laptop")
    assert (told.code, told.err.splitlines()[1]) == (
        1,
        "hint: --machine NAME plans for one of them, --each-machine for all",
    )
    told = machines.run("plan", "--base", "old.yaml", "--json", MLXSM_MACHINE="laptop")
    assert told.json["error"]["kind"] == "unknown-machine"


def test_a_machine_that_is_new_begins_with_nothing(machines: Project) -> None:
    machines.write(MACHINES.replace("studio: ", "laptop: {tags: [big]}\n  studio: "))
    told = machines.run("plan", "--base", "old.yaml", "--machine", "laptop")
    assert told.out.startswith("Plan: 1 to create, 2 for other machines\n")


def test_a_machine_that_is_dropped_is_told(machines: Project) -> None:
    machines.write(MACHINES.replace("  studio: {tags: [big]}\n", "").replace(', on: ["@big"]', ""))
    told = machines.run("plan", "--base", "old.yaml", "--each-machine")
    assert told.err == "note: no longer declared, so that plan and apply would stop there: studio\n"
    assert "studio" not in told.out


def test_a_file_that_stops_telling_machines_apart_is_planned_for_each_of_before(machines: Project) -> None:
    machines.write("schemaVersion: 1\nprofiles:\n- {name: Coder, modelID: m/c, port: 8081}\n")
    told = machines.run("plan", "--base", "old.yaml", "--each-machine")
    assert [line for line in told.out.splitlines() if line.startswith(("Plan", "machine"))] == [
        "Plan: nothing to do (1 unchanged)",
        "machine studio (from --each-machine)",
        "Plan: 1 to create, 1 to delete",
        "machine mini-* (from --each-machine)",
        "Plan: 1 to create, 2 to delete",
        "machine mini-7 (from --each-machine)",
    ]


def test_a_file_that_begins_to_tell_them_apart_had_all_on_each(machines: Project) -> None:
    machines.write("schemaVersion: 1\nprofiles:\n- {name: Coder, modelID: m/c, port: 8082}\n", "old.yaml")
    told = machines.run("plan", "--base", "old.yaml", "--each-machine", "--json").json
    assert [one["plan"]["summary"]["unchanged"] for one in told["machines"]] == [1, 0, 0]
    assert [one["plan"]["summary"]["delete"] for one in told["machines"]] == [0, 1, 1]
    machines.write("schemaVersion: 1\nprofiles: []")
    told = machines.run("plan", "--base", "old.yaml", "--each-machine", "--json").json
    assert [(one["name"], one["plan"]["machine"]) for one in told["machines"]] == [(None, None)]


def test_an_old_version_may_be_broken_for_one_machine_alone(machines: Project) -> None:
    before = MACHINES.partition("- {name: Seven")[0]
    old = before.replace('  "mini-*"', '  "*-7": {defaults: {port: 7}}\n  "mini-*"')
    machines.write(old, "old.yaml")
    told = machines.run("plan", "--base", "old.yaml", "--each-machine", "--json")
    assert told.code == 0
    names = {one["name"]: one["plan"] for one in json.loads(told.out)["machines"]}
    assert {name: plan["summary"]["create"] for name, plan in names.items()} == {
        "studio": 0,
        "mini-*": 0,
        "mini-7": 2,
    }
    assert {name: len(plan["warnings"]) for name, plan in names.items()} == {
        "studio": 0,
        "mini-*": 0,
        "mini-7": 1,
    }
    note, warning = told.err.splitlines()
    assert note.endswith(": *-7")
    assert warning.startswith(
        'warning: the old version is broken (old.yaml:5:46: "mini-*" and "*-7" (line 4) both match mini-7'
    )


@pytest.mark.parametrize("revision", ["HEAD", "origin/main"])
def test_a_revision_of_git_is_answered_with_how_git_shows_it(project: Project, revision: str) -> None:
    project.write(NEW)
    told = project.run("plan", "--base", revision)
    assert told.code == 1
    assert told.err.endswith(
        f"hint: --base takes a file; of a commit: git show {revision}:./profiles.yaml | mlxsm plan --base -\n"
    )
    whole = project.run("plan", "--base", "HEAD:other.yaml")
    assert "git show HEAD:other.yaml | mlxsm plan --base -\n" in whole.err
    named = project.run("plan", "--base", "HEAD", "-f", "profiles.yaml")
    assert named.err.endswith("| mlxsm plan --base - -f profiles.yaml\n")
    gone = project.run("plan", "--base", "HEAD", "-f", str(project.folder / "profiles.yaml"))
    assert "git show" not in gone.err
