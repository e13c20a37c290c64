"""Standard input that is a terminal is awaited with a word, as people may not know that it is."""

from __future__ import annotations

import json

import pytest

from testing.project import Project

ONE = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, port: 8080}\n"
DOCUMENT = json.dumps(
    {
        "app": "MLXServerManager",
        "schemaVersion": 1,
        "profiles": [{"name": "A", "modelID": "m/a", "host": "127.0.0.1", "port": 8080}],
    }
)
WAITING = "reading standard input until its end (Ctrl-D)"


@pytest.mark.parametrize(
    ("words", "text", "told"),
    [
        (["plan", "-f", "-"], ONE, "Plan: 1 to create"),
        (["apply", "-f", "-", "--yes"], ONE, "Applied: 1 created"),
        (["up", "-f", "-", "--dry-run"], ONE, "A: "),
        (["validate", "-"], ONE, "-: valid"),
        (["validate", "-f", "-"], ONE, "-: valid"),
        (["import", "-", "--yes"], DOCUMENT, "Imported 1"),
        (["apply", "-"], "{}", "this is not a saved plan"),
    ],
)
def test_a_terminal_is_told_that_it_is_read(project: Project, words: list[str], text: str, told: str) -> None:
    child = project.on_terminal(*words)
    child.expect_exact(WAITING)
    child.send(text if text.endswith("\n") else f"{text}\n")
    child.sendeof()
    child.expect_exact(told)
    child.read()
    child.close()
    assert child.exitstatus is not None
    # The word comes once, and not where there is something to read.
    piped = project.run(*words, stdin=text)
    assert WAITING not in piped.out + piped.err


def test_quiet_is_quiet(project: Project) -> None:
    child = project.on_terminal("plan", "-f", "-", "-q")
    child.send(ONE)
    child.sendeof()
    assert WAITING not in child.read()
