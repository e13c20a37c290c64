"""Questions to the person at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mlxsm_sync.commands.output import echo, width_of
from mlxsm_sync.errors import Cancelled, NoTerminal
from mlxsm_sync.planning.answers import answered
from mlxsm_sync.text.secret_scan import looks_like
from mlxsm_sync.text.unicode import normal, visible
from mlxsm_sync.text.wrapping import wrapped
from mlxsm_sync.views.plan import clash_lines
from mlxsm_sync.views.style import one_line

if TYPE_CHECKING:
    from mlxsm_sync.commands.session import Session
    from mlxsm_sync.values.choices import Choices
    from mlxsm_sync.values.desired import Desired
    from mlxsm_sync.values.plan import Choice, Conflict

    Refusal = Callable[[Conflict, str], str | None]

waiting = False
"""Whether a question is open."""
_WAYS: tuple[Choice, ...] = ("skip", "rename", "replace")
_BACK = "-"
_NEARLY = ("y", "ye", "yes", "yes.", "yeah", "ok", "j", "ja", "o", "oui", "s", "si")
"""What somebody answers who means yes."""


def can_ask(session: Session, desired: Desired | None = None) -> bool:
    """Whether somebody may be asked: standard input is a terminal, and the file does not come from it."""
    if session.no_input:
        return False
    from_stdin = desired is not None and desired.input.path == "-"
    return not from_stdin and sys.stdin is not None and sys.stdin.isatty()


def confirm(session: Session, question: str, desired: Desired | None = None) -> None:
    """Go on only after `yes` in full; NoTerminal where nobody can answer."""
    if not can_ask(session, desired):
        why = "nothing is asked with --no-input" if session.no_input else "there is no terminal to ask on"
        raise NoTerminal(f"{why}; nothing was written", "add --yes to go on without the question")
    answer = _ask(f"{question} ")
    if answer != "yes":
        in_full = "only yes in full, in small letters, goes on" if answer.lower() in _NEARLY else None
        raise Cancelled("not confirmed; nothing was written", in_full)


def ask_conflict(conflict: Conflict, choices: Choices, refusal: Refusal) -> Choices:
    """The choices with an answer to one conflict; `refusal` says why a new name is refused."""
    echo("", err=True)
    for line in clash_lines(conflict):
        echo(wrapped(line, width_of(sys.stderr)), err=True)
    while True:
        way = _choose(conflict.choices)
        if way != "rename":
            break
        if (new_name := _ask_name(conflict.suggested_name, lambda name: refusal(conflict, name))) is not None:
            return answered(choices, conflict, way, new_name)
    if way == "replace":
        _show_before_and_after(conflict)
    return answered(choices, conflict, way)


def _ask_name(suggestion: str | None, refusal: Callable[[str], str | None]) -> str | None:
    """A name that can be had; None to go back to the question."""
    while True:
        echo(f"a new name, or {_BACK} to go back", err=True)
        name = normal(_ask(f"New name [{visible(suggestion or '')}]: ")) or (suggestion or "")
        if name == _BACK:
            return None
        reason = "that looks like a secret" if looks_like(name) else refusal(name)
        if reason is None:
            return name
        echo(f"{visible(reason)}; please choose another name", err=True)


def _choose(ways: Sequence[Choice]) -> Choice:
    """One of the ways, by its beginning or by its number, which is the one that the plan shows."""
    numbered = {str(number): way for number, way in enumerate((w for w in _WAYS if w in ways), start=1)}
    offered = ", ".join(f"{number} {way}" for number, way in numbered.items())
    while True:
        answer = _ask(f"{offered} [1 skip]: ").lower() or "skip"
        fitting = [way for number, way in numbered.items() if answer == number or way.startswith(answer)]
        if len(fitting) == 1:
            return fitting[0]
        echo(f"please answer with a number or a word: {offered}", err=True)


def _show_before_and_after(conflict: Conflict) -> None:
    if conflict.before is not None:
        echo(f"  before  {one_line(conflict.before)}", err=True)
    after = one_line(conflict.after) if conflict.after is not None else "deleted"
    echo(f"  after   {after}", err=True)


def _ask(prompt: str) -> str:
    global waiting  # noqa: PLW0603 - whoever interrupts an open question is told that nothing was written
    waiting = True
    echo(prompt, end="", err=True)
    line = sys.stdin.readline()
    waiting = False
    if not line:
        echo("", err=True)
        raise Cancelled("end of input; nothing was written")
    return line.strip()
