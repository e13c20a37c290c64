"""What the options of other tools are answered with, whether they are written with one dash or with two."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import NamedTuple


class Habit(NamedTuple):
    """What does here what an option of another tool does there."""

    options: tuple[str, ...]
    """Options of ours that mean it; the first one that the command has is offered."""
    else_: str
    """What to say where the command has none of them."""


_LOOK = "mlxsm plan shows what would change, and changes nothing"
_YES = "this command asks nothing"
_LINES = "mlxsm logs -n N shows the last N lines"
_NO_TIMES = "logs are counted in lines, not by time: mlxsm logs -n 200 shows the last 200"

OPTIONS: dict[str, Habit] = {
    # answers
    "auto-approve": Habit(("--yes",), _YES),
    "autoapprove": Habit(("--yes",), _YES),
    "assume-yes": Habit(("--yes",), _YES),
    "noconfirm": Habit(("--yes",), _YES),
    "no-confirm": Habit(("--yes",), _YES),
    "no-prompt": Habit(("--yes",), _YES),
    "non-interactive": Habit(("--yes",), "nothing is asked where there is no terminal"),
    "no-input": Habit(("--yes",), "nothing is asked where there is no terminal"),
    "input": Habit(("--yes",), "nothing is asked where there is no terminal"),
    "interactive": Habit((), "on a terminal, apply and import ask by themselves"),
    "overwrite": Habit(("--yes",), "nothing is overwritten unasked"),
    # looking before
    "dry-run": Habit(("--dry-run",), _LOOK),
    "dryrun": Habit(("--dry-run",), _LOOK),
    "what-if": Habit(("--dry-run",), _LOOK),
    "simulate": Habit(("--dry-run",), _LOOK),
    "preview": Habit(("--dry-run",), _LOOK),
    "diff": Habit(("--dry-run",), _LOOK),
    "check": Habit(("--check",), f"{_LOOK}; mlxsm plan --detailed-exitcode says so by its exit code"),
    "exit-code": Habit(("--detailed-exitcode",), "mlxsm plan --detailed-exitcode says so by its exit code"),
    "exit-status": Habit(("--detailed-exitcode",), "mlxsm plan --detailed-exitcode says so by its exit code"),
    # which, and where
    "only": Habit(("--only",), "name the profiles behind the command"),
    "target": Habit(("--only",), "name the profiles behind the command"),
    "exclude": Habit(("--skip",), "name the profiles behind the command"),
    "out": Habit(("--out", "--output"), "mlxsm plan --out PLAN saves a plan, --json-out PATH the JSON"),
    "outfile": Habit(("--out", "--output"), "mlxsm plan --out PLAN saves a plan"),
    "config": Habit(("--file",), "this command reads no profile file"),
    "filename": Habit(("--file",), "this command reads no profile file"),
    "chdir": Habit(("--file",), "this command reads no profile file"),
    "project-directory": Habit(("--file",), "this command reads no profile file"),
    "project-name": Habit((), "collection: NAME in the profile file says who owns the profiles"),
    "profile": Habit(("--only",), "name the profiles behind the command"),
    "var": Habit((), "a profile file has no variables: it is used as it stands"),
    "var-file": Habit((), "a profile file has no variables: it is used as it stands"),
    "env-file": Habit((), "a profile file has no variables: it is used as it stands"),
    "port": Habit((), "the port stands in the profile file: write it there, then mlxsm apply"),
    "host": Habit((), "the host stands in the profile file: write it there, then mlxsm apply"),
    "model": Habit((), "the model stands in the profile file: write it there, then mlxsm apply"),
    # what Terraform does and we need not
    "refresh": Habit((), "not needed: each plan reads the profile file and the state anew"),
    "refresh-only": Habit(("--drift-only",), "mlxsm plan --drift-only shows what was changed here"),
    "lock": Habit((), "a state is never written without its lock; --lock-timeout SECONDS waits longer"),
    "parallelism": Habit((), "not needed: servers start side by side"),
    "compact-warnings": Habit(("--quiet",), "--quiet is an option of most commands"),
    "concise": Habit(("--summary", "--quiet"), "--quiet is an option of most commands"),
    "silent": Habit(("--quiet",), "--quiet is an option of most commands"),
    "debug": Habit(("--verbose",), "--verbose is an option of most commands"),
    "no-colors": Habit(("--no-color",), "NO_COLOR=1 in the environment switches colours off"),
    "colour": Habit(("--color",), "NO_COLOR=1 in the environment switches colours off"),
    "no-colour": Habit(("--no-color",), "NO_COLOR=1 in the environment switches colours off"),
    "destroy": Habit((), "mlxsm remove NAME takes profiles out of the state; it shows them and asks first"),
    "version": Habit((), "mlxsm --version prints the version"),
    # servers
    "force-recreate": Habit(("--recreate",), "mlxsm up --recreate restarts servers whose options changed"),
    "renew": Habit(("--recreate",), "mlxsm up --recreate restarts servers whose options changed"),
    "no-recreate": Habit((), "not needed: without --recreate, what runs goes on running"),
    "no-start": Habit(("--dry-run",), "mlxsm apply writes the profiles and starts nothing"),
    "attach": Habit((), "mlxsm logs -f follows what servers write"),
    "build": Habit((), "not needed: there is nothing to build"),
    "pull": Habit((), "not needed: a server downloads the model that it does not find"),
    "no-deps": Habit((), "not needed: no server depends on another one"),
    "remove-orphans": Habit(
        (),
        "mlxsm down --all stops every server that was started here, "
        "mlxsm apply --prune deletes profiles that the file no longer lists",
    ),
    "volumes": Habit((), "not needed: no model is ever deleted"),
    "rmi": Habit((), "not needed: no model is ever deleted"),
    "time": Habit(("--grace", "--timeout"), "this command waits for nothing"),
    "wait-timeout": Habit(("--timeout",), "this command waits for nothing"),
    "timeout": Habit(("--timeout", "--grace", "--lock-timeout"), "this command waits for nothing"),
    "signal": Habit((), "servers are asked to end with SIGTERM; mlxsm down --force kills what does not"),
    "kill": Habit((), "servers are asked to end with SIGTERM; mlxsm down --force kills what does not"),
    # logs and lists
    "tail": Habit(("--tail",), _LINES),
    "lines": Habit(("--tail",), _LINES),
    "since": Habit((), _NO_TIMES),
    "until": Habit((), _NO_TIMES),
    "timestamps": Habit((), "each line is shown as the server wrote it"),
    "no-log-prefix": Habit((), "not needed: one log alone has no prefix"),
    "follow": Habit(("--follow", "--watch"), "mlxsm logs -f follows what servers write"),
    "interval": Habit(("--watch",), "mlxsm ps --watch shows it again and again"),
    "format": Habit(("--format", "--json"), "--json is an option of most commands"),
    "output": Habit(("--output", "--out", "--json"), "--json is an option of most commands"),
    "all": Habit(("--all",), "not needed: without a name, all are meant"),
    "filter": Habit((), "name the profiles behind the command"),
    "plain": Habit((), "a pipe gets plain text, and --json is for scripts"),
    "fix": Habit((), "this command changes nothing: it says what to do"),
    "no-trunc": Habit((), "a pipe gets the whole table: mlxsm list | cat"),
}
"""By the name without its dashes."""

_SHORT = {
    "y": ("yes",),
    "o": ("output",),
    "t": ("time", "timestamps"),
    "s": ("signal",),
    "a": ("all",),
    "j": ("json",),
    "w": ("watch",),
    "d": ("attach",),
}
"""What letters of other tools stand for, the first that the command has something for, else the last."""


def option_answer(given: str, value: str | None, has: Mapping[str, bool]) -> str | None:
    """What to write instead of an option that the command does not have; None where nobody knows it.

    `has` says of each option of the command whether it takes a value; `value` is what was joined to the
    given one by `=`.
    """
    typed = given.lstrip("-").lower()
    habit = Habit((), "")
    for name in _SHORT.get(typed, (typed,)):
        habit = OPTIONS.get(name, Habit((), ""))
        # Terraform writes long options with one dash: -json, -out=plan.json.
        for option in (f"--{name}", *habit.options):
            if option in has:
                joined = "" if value is None or not has[option] else f" {shlex.quote(value)}"
                return f"write it {option}{joined}"
    return habit.else_ or None
