"""No token in any place of a file gets further than the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from testing.fake_secrets.leaks import assert_nothing_shown, found_below, found_in, hidden
from testing.fake_secrets.places import IN_A_PROFILE, IN_THE_HEAD, file_of, filled, profile_with
from testing.fake_secrets.tokens import TOKENS
from testing.in_process import run
from testing.ledger import Tally
from testing.project import Project

KEPT = "schemaVersion: 1\nprofiles: [{name: Kept, modelID: m/kept, host: 127.0.0.1, port: 1999}]\n"
CANARIES = [form for token in TOKENS.values() for form in hidden(token)]
IN_TURN = [hidden(token)[number % 3] for number, token in enumerate(TOKENS.values())]
"""Every token once, now plain, now hidden."""
READING = (
    ["validate"],
    ["plan", "-v"],
    ["plan", "--json"],
    ["plan", "--format", "markdown", "--out", "saved.plan"],
    ["apply", "--yes", "--json-out", "out.json"],
    ["apply", "--yes", "--strict", "-v"],
)
OF_A_PROFILE_FILE = (
    ["pull", "--all", "--yes"],
    ["up", "--json"],
    ["down"],
    ["restart", "Kept"],
    ["doctor", "--json"],
)


@pytest.fixture
def kept(project: Project) -> Project:
    project.write(KEPT)
    assert run(project, "apply", "--yes").code == 0
    return project


def refuse(project: Project, commands: tuple[list[str], ...], name: str, tally: Tally) -> None:
    """Every command refuses the file and says nothing of its tokens; nothing is written anywhere."""
    before = project.state_path.read_bytes()
    for command in commands:
        result = run(project, *command, MLXSM_FILE=name)
        assert result.code in (1, 64), (command, result)
        assert_nothing_shown(result)
        tally.add(commands=1)
    assert project.state_path.read_bytes() == before
    assert not found_below(project.folder, but=[project.folder / name])


@pytest.mark.threat(31)
@pytest.mark.parametrize("place", IN_A_PROFILE)
def test_a_token_in_a_profile_refuses_the_file(kept: Project, place: str, tally: Tally) -> None:
    profiles = [profile_with(IN_A_PROFILE[place], token, n) for n, token in enumerate(CANARIES)]
    kept.write(file_of(profiles), "file.json")
    (judged,) = run(kept, "validate", "file.json", "--json").json["files"]
    told = {one["line"] for one in judged["problems"] if "looks like" in one["message"]}
    assert told == {*range(2, len(CANARIES) + 2)}
    assert not found_in(json.dumps(judged))
    tally.add(tokens_in_places=len(CANARIES))
    refuse(
        kept, READING + (OF_A_PROFILE_FILE if place in ("name", "notes", "key") else ()), "file.json", tally
    )


@pytest.mark.threat(31)
@pytest.mark.parametrize("place", IN_THE_HEAD)
def test_a_token_around_the_profiles_refuses_the_file(kept: Project, place: str, tally: Tally) -> None:
    valid = profile_with({}, "", 1)
    for number, token in enumerate(IN_TURN):
        content = {"schemaVersion": 1, "profiles": [valid]} | filled(IN_THE_HEAD[place], token)
        kept.write(json.dumps(content), "file.json")
        refuse(kept, (READING[number % len(READING)],), "file.json", tally)
        tally.add(tokens_in_places=1)


@pytest.mark.threat(31)
@pytest.mark.parametrize("place", IN_A_PROFILE)
def test_a_token_in_a_document_stays_in_it(kept: Project, place: str, tally: Tally) -> None:
    """A profile with a token is invalid; a field that is no profile's is dropped."""
    profiles = [profile_with(IN_A_PROFILE[place], token, n) for n, token in enumerate(IN_TURN)]
    kept.write(file_of(profiles, app="T", exportedAt="x"), "document.json")
    for command in (
        ["validate", "document.json", "--json"],
        ["import", "document.json", "--yes", "-v"],
        ["import", "document.json", "--yes", "--json-out", "out.json"],
        ["import", "document.json", "--yes", "--strict", "--json"],
    ):
        assert_nothing_shown(run(kept, *command))
        tally.add(commands=1)
    tally.add(tokens_in_places=len(IN_TURN))
    assert run(kept, "list", "--json").json["entries"][0]["name"] == "Kept"
    assert not found_below(kept.folder, but=[kept.folder / "document.json"])


@pytest.mark.threat(31)
@pytest.mark.parametrize("place", IN_THE_HEAD)
def test_a_token_around_the_profiles_of_a_document_stays_in_it(
    kept: Project, place: str, tally: Tally
) -> None:
    for number, token in enumerate(IN_TURN[::6]):
        content = {"schemaVersion": 1, "app": "x", "profiles": [profile_with({}, "", number)]}
        kept.write(json.dumps(content | filled(IN_THE_HEAD[place], token)), "document.json")
        for command in (["validate", "document.json"], ["import", "document.json", "--yes", "--json"]):
            assert_nothing_shown(run(kept, *command))
            tally.add(commands=1)
        tally.add(tokens_in_places=1)
    assert not found_below(kept.folder, but=[kept.folder / "document.json"])


@pytest.mark.threat(31)
def test_a_token_in_a_comment_is_not_shown_by_a_pull(project: Project, tally: Tally) -> None:
    tokens = [form for form in CANARIES if "\n" not in form]
    lines = [
        f"- {{name: P{n}, modelID: m/{n}, host: h, port: {2000 + n}}}  # {token}"
        for n, token in enumerate(tokens)
    ]
    text = "schemaVersion: 1\nprofiles:\n" + "\n".join(lines) + "\n"
    project.apply(text)
    assert not found_below(project.state_path.parent)

    def move(state: object) -> None:
        assert isinstance(state, dict)
        for entry in state["entries"]:
            entry["profile"]["port"] += 1000

    project.edit_state(move)
    for command in (["plan", "-v"], ["apply", "--yes", "--json"], ["validate"], ["pull", "--yes", "-v"]):
        assert_nothing_shown(run(project, *command))
        tally.add(commands=1)
    written = (project.folder / "profiles.yaml").read_text()
    assert "port: 3000" in written
    assert all(token in written for token in tokens), "the file's own comments are kept"
    assert not found_below(project.folder / "home")
    tally.add(tokens_in_places=len(tokens))


@pytest.mark.threat(31)
def test_a_token_in_a_saved_plan_refuses_it(kept: Project, tally: Tally) -> None:
    assert (
        run(kept, "plan", "-f", str(kept.write(KEPT.replace("1999", "1998"))), "--out", "saved.plan").code
        == 0
    )
    saved = json.loads((kept.folder / "saved.plan").read_text())
    for token in IN_TURN:
        (wanted,) = saved["desired"]["profiles"]
        wanted["profile"]["notes"] = wanted["declared"]["/notes"] = token
        path = Path(kept.folder / "saved.plan")
        path.write_text(json.dumps(saved))
        for flags in ([], ["--json"], ["--json-out", "out.json", "-v"]):
            result = run(kept, "apply", "saved.plan", *flags)
            assert result.code == 1
            assert_nothing_shown(result)
            tally.add(commands=1)
        tally.add(tokens_in_places=1)
    assert not found_below(kept.folder, but=[kept.folder / "saved.plan"])


SHOWING = (
    ["list"],
    ["list", "--json"],
    ["list", "--color", "always", "-v"],
    ["plan"],
    ["plan", "--json"],
    ["plan", "--format", "markdown"],
    ["plan", "--color", "always", "--prune"],
    ["apply", "--yes", "--json-out", "out.json"],
    ["apply", "--yes", "--json"],
    ["remove", "Kept"],
    ["history"],
    ["history", "--json"],
    ["rollback"],
    ["ps"],
    ["ps", "--json"],
    ["up", "--dry-run", "--json"],
    ["doctor"],
    ["export", "-y"],
    ["export", "-y", "--format", "yaml"],
)


@pytest.mark.threat(31)
@pytest.mark.parametrize("field", ["name", "notes", "modelID", "host", "owner", "source", "from"])
def test_a_token_that_somebody_wrote_into_a_state_is_not_shown(
    kept: Project, field: str, tally: Tally
) -> None:
    """It was never taken by us, so it stays where it is; `connect` and `pull` say what they are asked for."""
    for number, token in enumerate(CANARIES):

        def change(state: Any, token: str = token) -> None:
            entry = state["entries"][0]
            entry["profile" if field in entry["profile"] or field == "notes" else field] = token
            if field in ("name", "notes", "modelID", "host"):
                entry["profile"] = {"name": "Kept", "modelID": "m", "host": "h", "port": 1} | {field: token}

        kept.edit_state(change)
        for command in SHOWING if number == 0 else SHOWING[number % len(SHOWING) :][:1]:
            before = kept.state_path.read_bytes()
            result = run(kept, *command)
            assert_nothing_shown(result)
            kept.state_path.write_bytes(before)
            tally.add(commands=1)
        tally.add(tokens=1)


@pytest.mark.threat(31)
def test_a_value_that_only_its_key_makes_a_secret_is_not_shown(kept: Project, tally: Tally) -> None:
    word = "pa55w0rd" + "ABCDEF"

    def change(state: Any) -> None:
        options = {"chatTemplateArgs": {"api_key": word, "deep": [{"hf_token": word}]}}
        state["entries"][0]["profile"]["advancedLaunchOptions"] = options

    kept.edit_state(change)
    for command in SHOWING:
        before = kept.state_path.read_bytes()
        result = run(kept, *command)
        kept.state_path.write_bytes(before)
        tally.add(commands=1)
        assert word not in result.out + result.err, command
