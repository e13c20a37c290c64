"""The command line that printed commands continue: what it reads, and which state it is about."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from mlxsm_sync.values.choices import Choices, as_argument


class Invocation(NamedTuple):
    """How the command at work was called, as far as another command has to be called alike."""

    command: str = "apply"
    """Its name."""
    source: tuple[str, ...] = ()
    """The words that name what it reads: `-f FILE`, or a document and its options."""
    state: tuple[str, ...] = ()
    """The words that name the state."""
    piped: bool = False
    """Whether what it reads cannot be read again, such as standard input."""

    def again(self, choices: Choices, *answer: str, about: int | None = None) -> str:
        """The command line that gives the answers so far and one more."""
        words = choices.words(*answer, about=about)
        return shlex.join(["mlxsm", self.command, *self.source, *self.state, *words])

    def told_again(self, choices: Choices, *answer: str, about: int | None = None) -> str:
        """The same for people: in words, where pasting it would not do."""
        if not self.piped:
            return self.again(choices, *answer, about=about)
        return f"the same input with {shlex.join(choices.words(*answer, about=about))}"

    def next(self, choices: Choices) -> str:
        """What comes next, with the answers so far: a command line, or words where none could be pasted."""
        if not self.piped:
            return self.again(choices)
        answers = choices.words()
        return f"{self.command} the same input" + (f", with {shlex.join(answers)}" if answers else "")

    def up(self, *options: str) -> str:
        """What starts the servers of this input: a command line, or words where none could be pasted."""
        if self.piped:
            return "up, with the same input"
        return shlex.join(["mlxsm", "up", *self.source, *self.state, *options])

    def pull(self, selector: str, *options: str) -> str:
        """The command line that pulls a profile into the file."""
        head = shlex.join(["mlxsm", "pull", *self.source, *self.state, *options])
        return f"{head} {as_argument(selector)}"

    def remove(self, name: str) -> str:
        """The command line that takes an entry out of the state."""
        return f"{shlex.join(['mlxsm', 'remove', *self.state])} {as_argument(name)}"
