"""Questions to the person at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlxsm_sync.characters import normal, visible
from mlxsm_sync.errors import Cancelled, NoTerminal

if TYPE_CHECKING:
    from mlxsm_sync.changes import Choice, Conflict, Plan
    from mlxsm_sync.choices import Choices
    from mlxsm_sync.desired import Desired


def is_terminal(desired: Desired | None = None) -> bool:
    """Whether somebody can answer: standard input is a terminal, and the file does not come from it."""
    from_stdin = desired is not None and desired.input.path == "-"
    return not from_stdin and sys.stdin is not None and sys.stdin.isatty()


def confirm(question: str, desired: Desired | None = None) -> None:
    """Go on only after `yes` in full; NoTerminal where nobody can answer."""
    if not is_terminal(desired):
        raise NoTerminal(
            "there is no terminal to ask on; nothing was written", "add --yes to go on without the question"
        )
    if _ask(f"{question} Only yes is taken for yes: ") != "yes":
        raise Cancelled("not confirmed; nothing was written")


def ask_conflicts(plan: Plan, choices: Choices) -> Choices | None:
    """The choices with an answer to every undecided conflict; None where there was nothing to ask."""
    for conflict in plan.undecided:
        choices = _ask_conflict(conflict, choices)
    return choices if plan.undecided else None


def _ask_conflict(conflict: Conflict, choices: Choices) -> Choices:
    from mlxsm_sync.answers import answered

    place = f" (#{conflict.index})" if conflict.index is not None else ""
    click.echo(f"\n{visible(conflict.name)}{place}: {visible(conflict.message)}", err=True)
    way = _choose(conflict.choices)
    new_name = None
    if way == "rename":
        new_name = _ask_name(conflict.suggested_name)
    if way == "replace":
        _show_before_and_after(conflict)
    return answered(choices, conflict, way, new_name)


def _ask_name(suggestion: str | None) -> str | None:
    from mlxsm_sync.secret_scan import looks_like

    while True:
        name = normal(_ask(f"New name [{visible(suggestion or '')}]: "))
        if not looks_like(name):
            return name or suggestion
        click.echo("that looks like a secret; please choose another name", err=True)


def _choose(ways: Sequence[Choice]) -> Choice:
    numbered = ", ".join(f"{number} {way}" for number, way in enumerate(ways, start=1))
    while True:
        answer = _ask(f"{numbered} [1 skip]: ").lower() or "skip"
        if answer.isdecimal() and 1 <= int(answer) <= len(ways):
            return ways[int(answer) - 1]
        fitting = [way for way in ways if way.startswith(answer)]
        if len(fitting) == 1:
            return fitting[0]
        click.echo(f"please answer with a number or one of: {', '.join(ways)}", err=True)


def _show_before_and_after(conflict: Conflict) -> None:
    from mlxsm_sync.render import field_lines, one_line

    if conflict.before is not None:
        click.echo(f"  before  {one_line(conflict.before)}", err=True)
    after = one_line(conflict.after) if conflict.after is not None else "deleted"
    click.echo(f"  after   {after}", err=True)
    for line in field_lines(conflict.fields):
        click.echo(line, err=True)


def _ask(prompt: str) -> str:
    click.echo(prompt, nl=False, err=True)
    line = sys.stdin.readline()
    if not line:
        raise Cancelled("the answers ended; nothing was written")
    return line.strip()
