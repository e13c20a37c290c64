"""A replace happens only to the target that was shown, and only when somebody said so."""

from __future__ import annotations

import json
from typing import Any

import pexpect
import pytest

from testing.ledger import Tally
from testing.project import Project

THEIRS = """\
schemaVersion: 1
collection: theirs
profiles:
- {name: A, modelID: m/theirs, host: 127.0.0.1, port: 9}
- {name: Z, modelID: m/z, host: 127.0.0.1, port: 8}
"""
OURS = """\
schemaVersion: 1
profiles:
- {name: A, modelID: m/ours, host: 127.0.0.1, port: 1, notes: new}
"""
AMBIGUOUS = """\
schemaVersion: 1
profiles:
- {name: A, modelID: m/z, host: 127.0.0.1, port: 8}
"""
DOCUMENT = {
    "schemaVersion": 1,
    "app": "MLXServerManager",
    "exportedAt": "2026-06-16T00:00:00Z",
    "profiles": [{"name": "A", "modelID": "m/ours", "host": "127.0.0.1", "port": 1}],
}


@pytest.fixture
def clash(project: Project) -> Project:
    project.apply(THEIRS)
    project.write(OURS)
    project.write(json.dumps(DOCUMENT), "document.json")
    return project


def entry(project: Project, name: str = "A") -> dict[str, Any]:
    (found,) = (one for one in project.state["entries"] if one["profile"]["name"] == name)
    return dict(found)


@pytest.mark.threat(34)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["apply"], 3),
        (["apply", "--yes"], 3),
        (["apply", "--yes", "--strict"], 3),
        (["apply", "--replace", "A"], 1),
        (["apply", "--yes", "--replace", "A=Z"], 3),
        (["apply", "--yes", "--replace", "A=nobody"], 3),
        (["apply", "--yes", "--skip", "A"], 0),
        (["apply", "--yes", "--take-from", "nobody"], 3),
        (["apply", "--yes", "--force"], 3),
        (["import", "document.json"], 3),
        (["import", "document.json", "--yes"], 3),
        (["import", "document.json", "--replace", "A"], 1),
    ],
)
def test_nothing_is_replaced_that_nobody_confirmed(
    clash: Project, arguments: list[str], code: int, tally: Tally
) -> None:
    before = clash.state_path.read_bytes()
    done = clash.run(*arguments)
    tally.add(commands=1)
    assert done.code == code, done
    assert clash.state_path.read_bytes() == before


@pytest.mark.threat(34)
@pytest.mark.parametrize("command", [["apply"], ["import", "document.json"]])
def test_a_confirmed_replace_shows_before_and_after_first(
    clash: Project, command: list[str], tally: Tally
) -> None:
    kept = entry(clash)["id"]
    done = clash.run(*command, "--yes", "--replace", "A")
    tally.add(commands=1)
    assert done.code == 0
    shown, _, told = done.out.partition("\nApplied" if command == ["apply"] else "\nImported")
    assert "m/theirs -> m/ours" in shown
    assert "9 -> 1" in shown
    assert "1 replaced" in told or "replaced 1" in told
    assert (entry(clash)["id"], entry(clash)["profile"]["modelID"]) == (kept, "m/ours")
    assert entry(clash, "Z")["profile"]["port"] == 8


@pytest.mark.threat(34)
@pytest.mark.parametrize("arguments", [["--replace", "A"], ["--replace", "A=A"], ["--replace", "A=Z"]])
def test_of_several_targets_none_is_replaced(clash: Project, arguments: list[str], tally: Tally) -> None:
    clash.write(AMBIGUOUS)
    before = clash.state_path.read_bytes()
    done = clash.run("apply", "--yes", "--json", *arguments)
    tally.add(commands=1)
    (conflict,) = done.json["conflicts"]
    assert (conflict["kind"], conflict["choices"]) == ("ambiguous-replace", ["skip"])
    assert len(conflict["rivals"]) == 2
    assert clash.state_path.read_bytes() == before


def other_id(state: Any) -> None:
    state["entries"][0]["id"] = "0123456789abcdef"


def other_fields(state: Any) -> None:
    state["entries"][0]["profile"]["port"] = 7


def other_owner(state: Any) -> None:
    state["entries"][0]["owner"] = "somebody"


def other_notes(state: Any) -> None:
    state["entries"][0]["profile"]["notes"] = "mine"


@pytest.mark.threat(34)
@pytest.mark.parametrize("swap", [other_id, other_fields, other_owner, other_notes])
def test_a_target_that_was_swapped_meanwhile_is_not_replaced(clash: Project, swap: Any, tally: Tally) -> None:
    """While the question is open; whoever said yes said it to another target."""
    asked = clash.on_terminal("apply", "--replace", "A")
    asked.expect("m/theirs -> ")
    asked.expect("Type yes to apply")
    clash.edit_state(swap)
    before = clash.state_path.read_bytes()
    asked.sendline("yes")
    asked.expect(pexpect.EOF)
    asked.close()
    tally.add(swaps=1)
    assert asked.exitstatus == 1
    assert "stale plan" in str(asked.before)
    assert clash.state_path.read_bytes() == before
