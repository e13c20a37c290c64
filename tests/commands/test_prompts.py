"""Questions on a real pseudo-terminal."""

from __future__ import annotations

import json

import pexpect
import pytest

from testing.ledger import Tally
from testing.project import Project

pytestmark = pytest.mark.installed

BEFORE = """\
schemaVersion: 1
collection: old
defaults: {host: 127.0.0.1}
profiles:
- {name: A, modelID: m/x, port: 9}
- {name: Z, modelID: m/b, port: 2}
"""
FILE = """\
schemaVersion: 1
defaults: {host: 127.0.0.1}
profiles:
- {name: A, modelID: m/a, port: 1}
- {name: B, modelID: m/b, port: 2}
- {name: C, modelID: m/c, port: 3}
"""


@pytest.fixture
def conflicted(project: Project) -> Project:
    project.apply(BEFORE)
    project.write(FILE)
    return project


def start(project: Project, *arguments: str) -> pexpect.spawn:
    return project.on_terminal("apply", *arguments)


def code(terminal: pexpect.spawn) -> int | None:
    terminal.expect(pexpect.EOF)
    terminal.close()
    return terminal.exitstatus


def names(project: Project) -> list[str]:
    return [entry["profile"]["name"] for entry in project.state["entries"]]


def test_each_conflict_is_asked_and_then_yes_in_full(conflicted: Project) -> None:
    terminal = start(conflicted)
    terminal.expect("Plan: 1 to create, 2 conflicts")
    terminal.expect(r"A \(#1\): its name is taken")
    terminal.expect("port +9 -> 1")  # what differs stands right above the question
    terminal.expect(r"1 skip, 2 rename, 3 replace \[1 skip\]: ")
    terminal.sendline("what?")
    terminal.expect("please answer")
    terminal.sendline("rename")
    terminal.expect(r"New name \[A \(Imported\)\]: ")
    terminal.sendline("hf_" + "Ab1" * 12)
    terminal.expect("looks like a secret")
    terminal.expect("New name")
    terminal.sendline("")
    terminal.expect(r"B \(#2\): its model, host and port are taken")
    terminal.expect(r"1 skip, 2 replace \[1 skip\]: ")
    terminal.sendline("3")  # the plan shows two ways, with these numbers
    terminal.expect("please answer")
    terminal.sendline("2")
    terminal.expect(r"before  Z \| m/b \| 127.0.0.1:2")
    terminal.expect(r"after   B \| m/b \| 127.0.0.1:2")
    terminal.expect(r"Plan: 2 to create \(1 renamed\), 1 to replace")
    terminal.expect("Type yes to apply: ")
    terminal.sendline("yes")
    terminal.expect("Applied: 2 created, 1 replaced")
    assert code(terminal) == 0
    assert names(conflicted) == ["A", "B", "A (Imported)", "C"]
    assert conflicted.run("plan", "--json").json["changes"] == []


def test_skipping_is_a_decision(conflicted: Project) -> None:
    terminal = start(conflicted)
    for _ in range(2):
        terminal.expect(r"\[1 skip\]: ")
        terminal.sendline("")
    terminal.expect("Type yes to")
    terminal.sendline("yes")
    terminal.expect("Applied: 1 created; 2 skipped")
    assert code(terminal) == 0
    assert names(conflicted) == ["A", "Z", "C"]


def test_a_name_that_is_not_to_be_had_is_refused_at_the_prompt(conflicted: Project) -> None:
    terminal = start(conflicted, "--skip", "B")
    terminal.expect("1 skip, 2 rename")
    terminal.sendline("ren")
    for name, reason in (
        ("Z", 'the new name "Z" is taken by an entry of this machine'),
        ("C", 'the new name "C" is taken by a profile of the file'),
        ("A", 'its name is taken by "A"'),
        ("#1", "the new name must not be # with digits only"),
    ):
        terminal.expect("New name")
        terminal.sendline(name)
        terminal.expect(reason)
        terminal.expect("please choose another name")
    terminal.expect("New name")
    terminal.sendline("-")  # back to the question
    terminal.expect("1 skip, 2 rename")
    terminal.sendline("2")
    terminal.expect("New name")
    terminal.sendline("Mine")
    terminal.expect("Type yes to")
    terminal.sendline("yes")
    assert code(terminal) == 0
    assert names(conflicted) == ["A", "Z", "Mine", "C"]


@pytest.mark.parametrize(("answer", "hinted"), [("y", True), ("YES", True), ("no", False), ("", False)])
def test_anything_but_yes_declines(conflicted: Project, answer: str, hinted: bool) -> None:
    before = conflicted.state_path.read_bytes()
    terminal = start(conflicted, "--skip", "A", "--skip", "B")
    terminal.expect("Type yes to")
    terminal.sendline(answer)
    terminal.expect("not confirmed; nothing was written")
    assert ("only yes in full" in terminal.read()) == hinted
    assert code(terminal) == 1
    assert conflicted.state_path.read_bytes() == before


def test_the_end_of_the_answers_and_an_interrupt_write_nothing(conflicted: Project) -> None:
    before = conflicted.state_path.read_bytes()
    terminal = start(conflicted)
    terminal.expect(r"\[1 skip\]: ")
    terminal.sendeof()
    terminal.expect("\nerror: end of input; nothing was written")
    assert code(terminal) == 1
    terminal = start(conflicted)
    terminal.expect(r"\[1 skip\]: ")
    terminal.sendintr()
    terminal.expect("interrupted; nothing was written")
    assert code(terminal) == 130
    assert conflicted.state_path.read_bytes() == before


def test_yes_answers_no_conflict(conflicted: Project) -> None:
    terminal = start(conflicted, "--yes")
    terminal.expect("Applied: 1 created; 2 skipped")
    assert code(terminal) == 3


@pytest.mark.threat(21)
def test_what_changes_while_a_question_is_open_is_stale(conflicted: Project, tally: Tally) -> None:
    terminal = start(conflicted, "--skip", "A", "--skip", "B")
    terminal.expect("Type yes to")
    other = FILE.replace("1\ndefaults", "1\ncollection: third\ndefaults").replace("name: C", "name: D")
    conflicted.write(other, "other.yaml")
    assert conflicted.run("apply", "-f", "other.yaml", "--only", "D", "--yes").code == 0
    terminal.sendline("yes")
    terminal.expect("stale plan")
    assert code(terminal) == 1
    assert names(conflicted) == ["A", "Z", "D"]
    tally.add(stale_plans=1)


def test_a_drifted_orphan_is_asked_about(project: Project) -> None:
    project.apply(FILE)
    project.edit_state(lambda state: state["entries"][2]["profile"].update(port=7))
    project.write(FILE.replace("- {name: C, modelID: m/c, port: 3}\n", ""))
    terminal = start(project, "--prune", "--force")
    terminal.expect("C: the file no longer lists it")
    terminal.expect(r"1 skip, 2 replace \[1 skip\]: ")
    terminal.sendline("skip")
    assert code(terminal) == 0
    assert names(project) == ["A", "B", "C"]
    terminal = start(project, "--prune", "--force")
    terminal.expect(r"\[1 skip\]: ")
    terminal.sendline("replace")
    terminal.expect(r"after   deleted")
    terminal.expect("Type yes to")
    terminal.sendline("yes")
    assert code(terminal) == 0
    assert names(project) == ["A", "B"]


def test_a_terminal_has_colours(project: Project) -> None:
    project.write(FILE)
    terminal = start(project)
    terminal.expect("\x1b\\[38;5;64m\\+\x1b")
    terminal.sendintr()
    assert code(terminal) == 130


@pytest.mark.parametrize("flag", ["--json", "--quiet"])
def test_whoever_is_asked_sees_the_whole_plan(project: Project, flag: str) -> None:
    project.write(FILE)
    terminal = start(project, flag)
    terminal.expect("modelID  m/a")
    terminal.expect("Type yes to")
    terminal.sendline("yes")
    assert code(terminal) == 0
    removal = project.on_terminal("remove", "A", "-q")
    removal.expect("owner default")
    removal.expect("Type yes to")
    removal.sendline("no")
    assert code(removal) == 1


def test_a_replace_shows_what_it_changes(project: Project) -> None:
    project.apply(FILE)
    project.edit_state(lambda state: state["entries"][0]["profile"].update(notes="mine"))
    project.write(FILE.replace("port: 1}", "port: 1, notes: ours}"))
    terminal = start(project)
    terminal.expect("changed on this machine since it was applied: notes")
    terminal.sendline("replace")
    terminal.expect(r"after   A \| m/a \| 127.0.0.1:1")
    terminal.expect("notes  mine -> ours")
    terminal.expect("Type yes to")
    terminal.sendline("yes")
    assert code(terminal) == 0


def seen(terminal: pexpect.spawn) -> str:
    """All that was shown until the command ended."""
    terminal.expect(pexpect.EOF)
    terminal.close()
    return str(terminal.before)


def test_the_plan_is_shown_once_and_then_what_the_answers_made_of_it(conflicted: Project) -> None:
    terminal = start(conflicted)
    shown = ""
    for answer in ("2", "", "2", "yes"):
        terminal.expect(r"(\[1 skip\]|New name \[.*\]|Type yes to apply): ")
        shown += str(terminal.before) + str(terminal.after)
        terminal.sendline(answer)
    shown += seen(terminal)
    assert shown.count("Plan: ") == 2
    assert shown.count("modelID  m/c") == 1  # C, which no answer is about
    assert shown.count('"A" under a new name') == 1
    assert shown.count("mlxsm apply --rename") == 1


TWINS = """\
schemaVersion: 1
defaults: {host: 127.0.0.1}
profiles:
- {name: T, modelID: m/a, port: 1}
- {name: T, modelID: m/b, port: 2}
- {name: U, modelID: m/d, port: 4}
- {name: V, modelID: m/d, port: 4}
"""


def test_an_answer_can_settle_another_question_and_one_with_one_answer_is_not_asked(project: Project) -> None:
    project.write(TWINS)
    terminal = start(project)
    terminal.expect(r"T \(#1\): same name as #2")
    terminal.expect(r"1 skip, 2 rename \[1 skip\]: ")
    terminal.sendline("2")
    terminal.expect("New name")
    terminal.sendline("First")
    # The other T is alone now; U and V could only be skipped.
    terminal.expect(r"Plan: 2 to create \(1 renamed\), 2 conflicts")
    terminal.expect('not asked about "U", "V": nothing but skip is possible here')
    terminal.expect("Type yes to apply: ")
    terminal.sendline("yes")
    assert "U: the file has its model, host and port twice" in seen(terminal)
    assert terminal.exitstatus == 3
    assert names(project) == ["First", "T"]


def test_a_name_that_was_typed_is_used_though_another_answer_made_room(project: Project) -> None:
    document = {
        "schemaVersion": 1,
        "profiles": [{"name": "T", "modelID": f"m/{n}", "host": "127.0.0.1", "port": n} for n in (1, 2)],
    }
    project.write(json.dumps(document), "doc.json")
    terminal = project.on_terminal("import", "doc.json")
    terminal.expect(r"T \(#1\)")
    terminal.sendline("2")
    terminal.expect("New name")
    terminal.sendline("Mine")
    terminal.expect("Type yes to import: ")
    terminal.sendline("yes")
    assert "Next: mlxsm export --format yaml -o profiles.yaml" in seen(terminal)
    assert names(project) == ["Mine", "T"]


@pytest.mark.parametrize(
    ("words", "question"),
    [(["remove", "A"], "remove"), (["rollback"], "roll back"), (["export", "-o", "x.json"], "export")],
)
def test_every_question_is_short_and_says_what_yes_does(
    project: Project, words: list[str], question: str
) -> None:
    project.apply(FILE)
    terminal = project.on_terminal(*words)
    terminal.expect(f"Type yes to {question}: ")
    terminal.sendeof()
    assert "end of input; nothing was written" in seen(terminal)
    assert terminal.exitstatus == 1
