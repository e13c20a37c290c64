"""The words of a command line, looked at before click reads them: what click would say worse, or guess."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click

from mlxsm_sync.cli.option_habits import option_answer
from mlxsm_sync.errors import UsageError
from mlxsm_sync.text.suggest import slip_of
from mlxsm_sync.text.unicode import visible

RASH_OPTIONS = ("--force", "--prune", "--prune-foreign", "--all", "--yes", "--while-app-runs")
"""What a slip must not lead to."""

_HELP = ("-h", "--help")
_COMMAND_LINE, _EXAMPLE = "--from-command", "mlx_lm.server --model org/name"
_LEADING = {"-f": "--file"} | {
    name: name for name in ("--file", "--state", "--lock-timeout", "--color", "--json-out")
}
_LEADING_SWITCHES = ("-q", "--quiet", "-v", "--verbose", "--json", "--no-color")
COMMON = (*_LEADING, *_LEADING_SWITCHES)
"""Options that may stand before a command as well as behind it."""


def behind_the_command(words: Sequence[str]) -> list[str]:
    """Common options that stand before the command, as docker compose has them, moved behind it."""
    moved: list[str] = []
    rest = [*words]
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        option, joined, value = word.partition("=")
        if option in _LEADING:
            # `-f` is another option of `logs`, and `--file` is none.
            moved.append(f"{_LEADING[option]}{joined}{value}")
            moved += [rest.pop(0)] if rest and not joined else []
        elif word in _LEADING_SWITCHES:
            moved.append(word)
        else:
            return [*words]
    return [rest[0], *moved, *rest[1:]] if rest else [*words]


class _Known(NamedTuple):
    """The options and operands of a command."""

    takes_value: dict[str, bool]
    """By each way to write an option."""
    operands: int | None
    """How many words it takes beside options, None for any number."""

    @staticmethod
    def of(command: click.Command) -> _Known:
        options = dict.fromkeys(_HELP, False)
        operands: int | None = 0
        for one in command.params:
            if isinstance(one, click.Option):
                options |= dict.fromkeys((*one.opts, *one.secondary_opts), not one.is_flag)
            elif operands is not None:
                operands = None if one.nargs < 0 else operands + one.nargs
        return _Known(options, operands)


def asks_for_help(command: click.Command, words: Sequence[str]) -> bool:
    """Whether the words ask for help: `-h` or `--help`, not as the value of an option."""
    takes_value = _Known.of(command).takes_value
    words = words[: words.index("--")] if "--" in words else words
    return any(
        word in _HELP and not takes_value.get(before, False)
        for before, word in zip(["", *words], words, strict=False)
    )


def refuse_unknown(command: click.Command, name: str, words: Sequence[str]) -> None:
    """UsageError if an option is unknown or lacks its value, or if there is a word too many."""
    known = _Known.of(command)
    try:
        operands = [*_operands(known, name, words)]
        if known.operands is not None and len(operands) > known.operands:
            raise _too_many(known, name, operands[known.operands])
    except UsageError as error:
        if _COMMAND_LINE in known.takes_value and any(one.startswith(_COMMAND_LINE) for one in words):
            error.hint = f"put the whole command in quotes: mlxsm {name} {_COMMAND_LINE} '{_EXAMPLE}'"
        raise


def _operands(known: _Known, name: str, words: Sequence[str]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        if word == "--":
            yield from rest
        elif not word.startswith("-") or word == "-":
            yield word
        elif (option := _option_that_waits(known, name, word)) and next(rest, None) is None:
            raise UsageError(f"{option} needs a value", f"see mlxsm {name} --help")


def _option_that_waits(known: _Known, name: str, word: str) -> str | None:
    """The option whose value is the next word, or None; UsageError if the option is unknown."""
    given, joined, value = word.partition("=")
    if word.startswith("--"):
        if given not in known.takes_value:
            raise _no_such(known, name, given, value if joined else None)
        if joined and not known.takes_value[given]:
            raise UsageError(f"{given} takes no value", f"write it {given}")
        return given if known.takes_value[given] and not joined else None
    _refuse_long_with_one_dash(known, name, given, value if joined else None)
    for place, letter in enumerate(word[1:], start=2):
        takes_value = known.takes_value.get(f"-{letter}")
        if takes_value is None:
            raise _no_such(known, name, given if place == 2 else f"-{letter}", value if joined else None)
        if takes_value:
            return f"-{letter}" if place == len(word) else None
    return None


def _refuse_long_with_one_dash(known: _Known, name: str, given: str, value: str | None) -> None:
    """Terraform's `-out=x` would be read as `-o` with the value `ut=x`."""
    if len(given) > 3 and option_answer(given, value, known.takes_value) is not None:
        raise _no_such(known, name, given, value)


def _no_such(known: _Known, name: str, given: str, value: str | None) -> UsageError:
    hint = option_answer(given, value, known.takes_value)
    long = [one for one in known.takes_value if one.startswith("--")]
    hint = hint or slip_of(f"--{given.lstrip('-')}", long, rash=RASH_OPTIONS)
    return UsageError(f"mlxsm {name} has no option {visible(given)}", hint or f"see mlxsm {name} --help")


def _too_many(known: _Known, name: str, word: str) -> UsageError:
    """A profile file or a profile named as an operand where an option names it."""
    hint = f"see mlxsm {name} --help"
    if word.endswith((".yaml", ".yml")) and "--file" in known.takes_value:
        hint = f"-f names the profile file: mlxsm {name} -f {shlex.quote(word)}"
    elif word != "help" and "--only" in known.takes_value and name != "import":
        hint = f"--only names a profile: mlxsm {name} --only {shlex.quote(word)}"
    return UsageError(f"unexpected argument {visible(word)}", hint)
