"""What can stop a command: one exception tree, caught only at the door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from mlxsm_sync.values.base import Field, Value

Kind = Literal[
    "invalid-file",
    "invalid-document",
    "unreadable-state",
    "unknown-machine",
    "locked",
    "stale-plan",
    "guard",
    "cancelled",
    "no-terminal",
    "io",
    "server",
    "usage",
]


class Problem(Value):
    """One thing that is wrong in a file, and where."""

    path: str
    """The file, as it was named on the command line; `-` for standard input."""
    line: int | None
    """1-based, null where the whole file is meant."""
    column: int | None
    """1-based, in characters."""
    message: str
    """What is wrong and what to do; a value is repeated only where it is what to write, and no secret."""
    excerpt: str | None = Field(exclude=True, default=None)
    """The line of the file and a caret below the place, for people; it is not written."""

    @property
    def place(self) -> str:
        """As compilers write it: `profiles.yaml:3:5`."""
        return ":".join([self.path, *(str(n) for n in (self.line, self.column) if n is not None)])

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class MlxsmError(Exception):
    """A failure that a person can act on: `message` says what is, `hint` what to do."""

    kind: ClassVar[Kind] = "io"
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        problems: Sequence[Problem] = (),
        *,
        applied: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = tuple(problems)
        self.applied = applied
        """True where the state was written before the failure."""


class InvalidFile(MlxsmError):
    """A profile file or a saved plan breaks its rules; nothing of it is used."""

    kind: ClassVar[Kind] = "invalid-file"


class InvalidDocument(InvalidFile):
    """A document of the Mac app is of no use as a whole; nothing of it is used."""

    kind = "invalid-document"


class UnreadableState(MlxsmError):
    """The state is truncated, foreign or of a newer format; it is never overwritten."""

    kind = "unreadable-state"
    newer = False
    """True where nothing is broken: a newer mlxsm wrote it."""


class UnknownMachine(MlxsmError):
    """The profile file has machines, and this one is none of them."""

    kind = "unknown-machine"


class StateLocked(MlxsmError):
    """Another process holds the state's lock."""

    kind = "locked"


class StalePlan(MlxsmError):
    """What would be written is no longer what was shown."""

    kind = "stale-plan"


class UnsafePlan(MlxsmError):
    """A deletion so large that it needs `--force`."""

    kind = "guard"


class Cancelled(MlxsmError):
    """A person declined the final question."""

    kind = "cancelled"


class NoTerminal(MlxsmError):
    """There is nobody to ask and no `--yes`."""

    kind = "no-terminal"


class ToldAlready(Exception):
    """A failure that has been told, as JSON with the plan that it is about; only its exit code is left."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class FileError(MlxsmError):
    """The system refused to read or write a file."""

    kind = "io"


class NotEditable(FileError):
    """A file cannot be edited without touching what nobody meant; `patch` says what was meant."""

    def __init__(self, message: str, hint: str, patch: str) -> None:
        super().__init__(message, hint)
        self.patch = patch


class ServerError(MlxsmError):
    """Something about a server or its process stops the command as a whole."""

    kind = "server"


class UsageError(MlxsmError):
    """The command line does not make sense."""

    kind = "usage"
    exit_code = 64
