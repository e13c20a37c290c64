"""How a step speaks with the runner of GitHub Actions: commands in the log, outputs, the summary."""

from __future__ import annotations

import os
import secrets
import sys

_IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
SUMMARY_LIMIT = 900_000
"""Bytes; the runner drops a step's summary of more than 1 MiB.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
"""


class Stopped(Exception):
    """The step cannot go on; the message says why."""


def command(level: str, message: str) -> str:
    """A line that the runner shows as an annotation. Whatever is in the message is only text."""
    return f"::{level}::{message.translate(_IN_DATA)}\n"


def tell(level: str, message: str) -> None:
    """Annotate the run: `notice`, `warning` or `error`."""
    sys.stdout.write(command(level, message))
    sys.stdout.flush()


def say(message: str) -> None:
    """A line of the log, of our own words only: the runner would obey a command in words of others."""
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()


def output_lines(values: dict[str, str], mark: str) -> str:
    """Outputs in the form in which a value may be anything that has no line with the mark."""
    return "".join(f"{name}<<{mark}\n{value}\n{mark}\n" for name, value in values.items())


def set_outputs(values: dict[str, str]) -> None:
    """Give the outputs of this step to the later ones."""
    _append("GITHUB_OUTPUT", output_lines(values, f"end-{secrets.token_hex(16)}"))


def add_summary(markdown: str) -> None:
    """Add to the summary of the run."""
    _append("GITHUB_STEP_SUMMARY", markdown)


def _append(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        with open(path, "a", encoding="utf-8", errors="replace") as file:
            file.write(text)
