"""What `validate` found, one finding at a time, in the words and places that other programs are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from mlxsm_sync.syntax.source import STDIN
from mlxsm_sync.text.redaction import redacted, without_tokens
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.views.reports import JudgedFile, ValidateReport


class Rule(NamedTuple):
    """What sort of finding it is; the ID stays the same from release to release."""

    id: str
    level: Literal["error", "warning"]
    title: str
    help: str
    """What it means, and what to do."""


INVALID = Rule(
    "invalid-file",
    "error",
    "Invalid profile file or document",
    "Something at this place breaks a rule, and nothing of the file is used. The message says what to write.",
)
UNUSABLE = Rule(
    "unusable-file",
    "error",
    "Unusable profile file or document",
    "The file as a whole cannot be used: it cannot be read, or it is not what mlxsm validate takes.",
)
WARNING = Rule(
    "profile-warning",
    "warning",
    "Worth a look",
    "This is allowed, and perhaps not what was meant. The file is used as it is.",
)
RULES = (INVALID, UNUSABLE, WARNING)


class Finding(NamedTuple):
    """One problem or warning; its texts hide nothing from a reader, and show no secret."""

    rule: Rule
    path: str | None
    """As the repository names it, absolute where it is elsewhere; None for standard input.

    It may hold characters that nobody sees: they are part of the name.
    """
    line: int | None
    column: int | None
    message: str
    told: str
    """The message behind its place, as the text for people has it."""


def findings(report: ValidateReport, name_of: Callable[[str], str]) -> Iterator[Finding]:
    """File by file, the problems before the warnings; `name_of` is how the repository names a path."""
    for judged in report.files:
        # The folders above come from anywhere, and are named only here.
        path = None if judged.path == STDIN else redacted(name_of(judged.path))
        for problem in judged.problems:
            rule = UNUSABLE if problem.line is None else INVALID
            told = _shown(str(problem))
            yield Finding(rule, path, problem.line, problem.column, _shown(problem.message), told)
        yield from _warnings(judged, path)


def _warnings(judged: JudgedFile, path: str | None) -> Iterator[Finding]:
    for one in judged.warnings:
        message = f"{one.name}: {one.message}"
        told = _shown(f"{judged.path}:{one.line}:{one.column}: {message}")
        yield Finding(WARNING, path, one.line, one.column, _shown(message), told)


def _shown(text: str) -> str:
    return visible(without_tokens(text))
