"""How a run of the agent speaks: as any command does, and into its log."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mlxsm_sync.commands.output import Output
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.plan import Outcome

_DRESS = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\")


@dataclass
class LoggedOutput(Output):
    """What a step of a run prints; its JSON is part of what the run itself prints."""

    log: Callable[[str], None] = lambda _: None
    """Takes lines."""
    outcome: Outcome | None = None
    """How the apply ended, once it has."""

    @staticmethod
    def like(output: Output) -> LoggedOutput:
        """As an output that is asked for; where that is JSON, the words go to standard error."""
        return LoggedOutput(
            color=output.color,
            no_color=output.no_color,
            quiet=output.quiet,
            verbose=output.verbose,
            stdout_is_taken=output.json,
        )

    def print(self, text: str, *, wrap: bool = False) -> None:
        self.log(_DRESS.sub("", self.redaction.text(text)))
        super().print(text, wrap=wrap)

    def note(self, message: str, *, always: bool = False) -> None:
        self.log(visible(self.redaction.text(message)))
        super().note(message, always=always)

    def data(self, value: Value) -> None:
        if isinstance(value, Outcome):
            self.outcome = value
