"""Files brought to the door of the command, in this process: whatever comes out must be an answer."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import pytest

from mlxsm_sync.cli import cli
from mlxsm_sync.errors import InvalidFile, MlxsmError, Problem
from mlxsm_sync.text.unicode import unseen
from testing.hostile_files.bad_file import Case

Failure = TypeVar("Failure", bound=MlxsmError)
LONGEST_MESSAGE = 400


def refused(kind: type[Failure], *arguments: str) -> Failure:
    """How the command refuses; only a failure of this kind may come out of it."""
    with pytest.raises(MlxsmError) as caught:
        cli.main(args=[*arguments], prog_name="mlxsm", standalone_mode=False)
    assert type(caught.value) is kind
    return caught.value


def assert_told(case: Case, error: InvalidFile, path: Path) -> None:
    """The problems are those of the table, each with its place; only advice repeats a value."""
    begin = f"{path}:"
    told = [str(one).removeprefix(begin).removeprefix(" ") for one in error.problems]
    assert len(told) == len(case.told), told
    for is_told, expected in zip(told, case.told, strict=True):
        assert is_told.startswith(expected), told
    assert_sound(error.problems, case.data)
    # What to write may be what stood there, in another form.
    kept = [one.message.replace('"zebras"', "").partition(": write ")[0] for one in error.problems]
    assert not any("zebra" in message for message in kept)


def assert_sound(problems: tuple[Problem, ...], data: bytes) -> None:
    """Places are inside the file; messages are one short line that any terminal can show."""
    assert problems
    lines = data.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
    for one in problems:
        assert_plain(one.message)
        if one.line is not None:
            assert one.column is not None
            assert 1 <= one.line <= len(lines), one
            assert 1 <= one.column <= len(lines[one.line - 1]) + 1, one


def assert_plain(message: str) -> None:
    """One short line in which nothing is unseen."""
    assert unseen(message) is None, ascii(message)
    assert 0 < len(message) <= LONGEST_MESSAGE, len(message)


def files_of(folder: Path) -> dict[Path, bytes]:
    """Every file of a folder, to the letter."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
