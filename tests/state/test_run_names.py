"""Names of started servers, from the files of their runs alone."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from mlxsm_sync.state.run_names import Started, agent_folder, command, run_folder, started

RECORD = {"id": "a" * 16, "name": "A", "owner": "team", "nonce": "n", "failure": None}


def put(folder: Path, name: str, data: object) -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_the_folder_of_an_agent() -> None:
    assert agent_folder(Path("/s"), "state") == Path("/s/agent")
    assert agent_folder(Path("/s"), "other") == Path("/s/agent-other")


def test_what_was_started_and_was_not_seen_to_end(tmp_path: Path) -> None:
    assert started(tmp_path / "nowhere") == []
    put(tmp_path, f"{'a' * 16}.json", RECORD)
    put(tmp_path, f"{'b' * 16}.json", RECORD | {"id": "b" * 16, "name": "B", "owner": None})
    both = [Started("a" * 16, "A", "team"), Started("b" * 16, "B", None)]
    assert started(tmp_path) == both
    ending = put(tmp_path, f"{'a' * 16}.ending", {"nonce": "of another run"})
    assert started(tmp_path) == both
    for damaged in ("", "{", "[]", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")):
        ending.write_text(damaged)
        assert started(tmp_path) == both
    put(tmp_path, ending.name, {"nonce": "n"})
    assert started(tmp_path) == both[1:]
    put(tmp_path, f"{'b' * 16}.json", RECORD | {"failure": "it failed"})
    assert started(tmp_path) == []


@pytest.mark.parametrize(
    "data",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        {"id": 1},
        {"name": "A"},
        RECORD | {"name": None},
        RECORD | {"nonce": 1},
    ],
)
def test_what_cannot_be_read_is_left_out(tmp_path: Path, data: object) -> None:
    put(tmp_path, f"{'c' * 16}.json", data)
    put(tmp_path, "short.json", RECORD)
    os.symlink("/etc/passwd", tmp_path / f"{'d' * 16}.json")
    (tmp_path / f"{'e' * 16}.json").mkdir()
    assert started(tmp_path) == []


def test_an_owner_that_is_none(tmp_path: Path) -> None:
    put(tmp_path, f"{'a' * 16}.json", RECORD | {"owner": 7})
    assert started(tmp_path) == [Started("a" * 16, "A", None)]


def test_the_folder_of_each_state() -> None:
    assert run_folder(Path("/s"), "state") == Path("/s/run")
    assert run_folder(Path("/s"), "other") == Path("/s/run-other")


@pytest.mark.parametrize("names", [(), ("A",), ("a b", "c'd"), ("-y",), ("A", "--all")])
def test_command_lines_can_be_typed(names: tuple[str, ...]) -> None:
    words = shlex.split(command("down", *names, options=("--force",), state=("--state", "x y")))
    assert words[:2] == ["mlxsm", "down"]
    assert [word for word in words[2:] if word not in ("--force", "--state", "x y", "--")] == [*names]
    after = words.index("--") if "--" in words else len(words)
    assert all(not word.startswith("-") or word in ("--force", "--state") for word in words[2:after])
