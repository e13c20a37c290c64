"""Outputs that are closed, full or gone: what is written does not hang on what can be told."""

from __future__ import annotations

import json

import pytest
from conftest import MLXSM, Project
from ledger import Tally

ONE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: %d}]\n"
COMMANDS = (
    "plan",
    "plan --json",
    "plan --format markdown",
    "apply --yes",
    "apply --yes --json",
    "list",
    "list --json",
    "validate",
    "history",
    "history --json",
    "rollback 1 --yes",
    "remove A --yes",
    "export -y",
    "export -y --format yaml",
    "import document.json --yes",
    "import document.json --yes --json",
    "pull --all",
    "connect A",
    "schema state",
    "completion bash",
    "--help",
    "--version",
    "plan --help",
    "ps",
    "doctor",
)
REDIRECTIONS = ("> /dev/full", "2> /dev/full", "> /dev/full 2>&1", ">&-", "2>&-", ">&- 2>&-", "<&-", "| :")
WRITERS = ("apply", "rollback", "remove", "import", "pull")


@pytest.fixture
def ready(project: Project, no_app: None) -> Project:  # noqa: ARG001
    """A state of two writes, a third one to come, a document, and an edit of this machine."""
    project.apply(ONE % 1)
    project.apply(ONE % 2)
    project.write((ONE % 3).replace("name: A", "name: B"))
    project.write(
        json.dumps(
            {
                "schemaVersion": 1,
                "app": "MLXServerManager",
                "exportedAt": "2026-06-16T00:00:00Z",
                "profiles": [{"name": "C", "modelID": "m/c", "host": "127.0.0.1", "port": 9}],
            }
        ),
        "document.json",
    )
    return project


@pytest.mark.parametrize("redirection", REDIRECTIONS)
def test_t19_an_output_that_fails_is_no_traceback_and_no_lie(
    ready: Project, redirection: str, tally: Tally
) -> None:
    loses_the_output = redirection.startswith((">", "|"))
    for command in COMMANDS:
        before = ready.state_path.read_bytes()
        done = ready.shell(f"( {MLXSM} {command}; echo $? > code ) {redirection}")
        code = int((ready.folder / "code").read_text())
        tally.add(commands=1)
        where = f"{command} {redirection}: {code} {done.err}"
        assert "Traceback" not in done.err, where
        assert "Exception ignored" not in done.err, where
        assert "own fault" not in done.err, where
        if code == 0:
            assert not loses_the_output or command == "pull --all" or redirection == "| :", where
        if ready.state_path.read_bytes() != before:
            assert command.startswith(WRITERS), where
            if code == 1 and loses_the_output and "2>" not in redirection and redirection != "| :":
                assert "was written" in done.err or "was done could not be told" in done.err, where
