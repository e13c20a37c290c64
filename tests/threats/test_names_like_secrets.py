"""A profile may be called `Secret`: its name is shown in full by every command, or refused by `validate`."""

from __future__ import annotations

import json
import shlex
from itertools import product
from typing import Any

import pytest

from mlxsm_sync.text.secret_scan import HIDDEN, looks_like
from testing.in_process import Result, run
from testing.project import Project

WORDS = (
    "Secret",
    "token",
    "Password",
    "api_key",
    "API key",
    "Bearer",
    "authorization",
    "access_token",
    "pwd",
)
NAMES = [
    *("{}", "my {}", "{} test", "{}: safe", "{}: x", "{} = y", "{}-7B", "{}/llm", '"{}"', "{}s of: all"),
    *("{} clients-talk-to-it", "the {}: a model of ours", "Cookie {}"),
]
ALL = [name.format(word) for word, name in product(WORDS, NAMES)]
ACCEPTED = [name for name in ALL if looks_like(name) is None]


def profile(number: int, name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "modelID": f"org/m{number}", "host": "127.0.0.1", "port": 2000 + number} | changes


def file_of(profiles: list[dict[str, Any]], collection: str = "team") -> str:
    return json.dumps({"schemaVersion": 1, "collection": collection, "profiles": profiles})


def shown_in_full(result: Result) -> Result:
    assert HIDDEN not in result.out + result.err, [
        line for line in (result.out + result.err).splitlines() if HIDDEN in line
    ][:3]
    return result


@pytest.fixture
def ready(project: Project) -> Project:
    """All the names applied, and a second state in its history."""
    project.environment["MLXSM_SERVER"] = "/nonexistent/server"
    project.write(file_of([profile(n, name) for n, name in enumerate(ACCEPTED)]))
    assert shown_in_full(run(project, "validate")).code == 0
    assert shown_in_full(run(project, "apply", "--yes", "-v")).code == 0
    return project


def test_there_are_names_of_both_kinds() -> None:
    assert len(ACCEPTED) > 100
    assert "Secret" in ACCEPTED


def test_what_is_not_accepted_is_refused_by_validate(project: Project) -> None:
    refused = [name for name in [*ALL, "password: hunter22", "api_key=abcdefgh"] if looks_like(name)]
    project.write(file_of([profile(n, name) for n, name in enumerate(refused)]))
    (judged,) = run(project, "validate", "--json").json["files"]
    assert sum("looks like" in one["message"] for one in judged["problems"]) == len(refused)


@pytest.mark.parametrize(
    "command",
    [
        *("plan -v", "plan --json", "plan --format markdown", "apply --yes -v", "apply --yes --json"),
        *("list", "list --json", "history", "rollback", "ps", "ps --json", "up --dry-run", "up --json"),
        *("doctor", "doctor --json", "down", "validate --json", "export", "export --format yaml"),
        *("pull --all --yes", "import doc.json", "import doc.json --json", "import doc.json --strict -v"),
    ],
)
def test_every_command_shows_a_name_in_full(ready: Project, command: str) -> None:
    assert run(ready, "export", "-o", "doc.json").code == 0
    shown_in_full(run(ready, *shlex.split(command)))
    # All that there is to say of a profile: warnings, drift, updates, conflicts, orphans.
    document = json.loads((ready.folder / "doc.json").read_text())
    for number, one in enumerate(document["profiles"]):
        one["port"] = (one["port"] + 1000, "0", 99999)[number % 3]
        one["colour"] = one["apiKey"] = 1
        one["modelID"] = one["modelID"] if number % 5 else "/Users/me/m"
    ready.write(json.dumps(document), "doc.json")
    ready.write(
        file_of(
            [
                profile(n, name, host="0.0.0.0", port=7000, notes="n")
                for n, name in enumerate(ACCEPTED)
                if n % 3
            ]
        )
    )

    def drift(state: Any) -> None:
        for entry in state["entries"][::4]:
            entry["profile"]["port"] += 500

    ready.edit_state(drift)
    for line in (command, f"{command} --prune" if command.startswith(("plan", "apply")) else command):
        result = shown_in_full(run(ready, *shlex.split(line)))
        assert "by its own fault" not in result.err


@pytest.mark.parametrize(
    "name", ["Secret", "token", "Password: safe", "api_key test", "Bearer", "API key: x"]
)
def test_what_a_conflict_offers_works_when_it_is_pasted(ready: Project, name: str) -> None:
    number = ACCEPTED.index(name) if name in ACCEPTED else 0
    ready.write(file_of([profile(number, name, port=9)], "other"))
    (conflict,) = shown_in_full(run(ready, "plan", "--json")).json["conflicts"]
    assert conflict["name"] == name
    text = shown_in_full(run(ready, "plan")).out
    for remedy in conflict["remedies"]:
        assert remedy in text
        _, *words = shlex.split(remedy)
        planned = shown_in_full(run(ready, "plan", *words[1:], "--out", "saved.plan"))
        assert planned.code == 0, planned.err
        assert (ready.folder / "saved.plan").exists()
    assert shown_in_full(run(ready, "apply", "saved.plan", "--json")).json["applied"]
    for command in (
        ["connect", name],
        ["connect", name, "--json"],
        ["export", name],
        ["remove", name, "--yes"],
    ):
        result = shown_in_full(run(ready, *command))
        assert result.code == 0, result.err
    result = shown_in_full(run(ready, "list", name))
    assert (result.code, f'there is no profile "{name}"' in result.err) == (64, True)


def test_a_secret_written_by_hand_is_hidden_beside_such_a_name(ready: Project) -> None:
    def change(state: Any) -> None:
        state["entries"][0]["profile"]["notes"] = "password: " + "hunter" + "22"

    ready.edit_state(change)
    for command in (["list", "--json"], ["plan", "-v"], ["plan", "--json"], ["rollback"], ["export", "-y"]):
        result = run(ready, *command)
        assert "hunter" not in result.out + result.err
