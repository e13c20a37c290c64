"""click's errors in our words: what is wrong with which option, and what it must be."""

from __future__ import annotations

from collections.abc import Sequence

import click
from click.core import ParameterSource

from mlxsm_sync.cli.words import COMMON
from mlxsm_sync.errors import UsageError

_NAME_ONE = (
    "name one: common options stand behind the command or in front of it, as in mlxsm plan -v or "
    "mlxsm -v plan; mlxsm --version prints the version"
)
_BEHIND = "options stand behind the command, as in mlxsm plan -v; mlxsm --version prints the version"


def as_usage(error: click.UsageError, words: Sequence[str]) -> UsageError:
    """The error as ours; one place for all of click's classes."""
    command = error.ctx.command_path if error.ctx else "mlxsm"
    hint = f"see {command} --help"
    match error:
        case click.MissingParameter(param=click.Parameter() as parameter):
            return UsageError(f"{_name(parameter, error, words)} is missing", hint)
        case click.BadParameter(param=click.Parameter() as parameter):
            rule = _rule(parameter.type) or _plain(error.message)
            return UsageError(f"{_name(parameter, error, words)} {rule}", hint)
        case click.NoSuchOption() if error.option_name in COMMON:
            return UsageError("there is no command", _NAME_ONE)
        case click.NoSuchOption():
            return UsageError(f"there is no option {error.option_name} before a command", _BEHIND)
        case _:
            return UsageError(_plain(error.format_message()), hint)


def _name(parameter: click.Parameter, error: click.UsageError, words: Sequence[str]) -> str:
    """The parameter as it was given: by an option, by the environment, or as a word."""
    if isinstance(parameter, click.Argument):
        return parameter.human_readable_name.strip("[].")
    by = error.ctx.get_parameter_source(parameter.name or "") if error.ctx else None
    if by is ParameterSource.ENVIRONMENT and isinstance(parameter.envvar, str):
        return parameter.envvar
    options = words[: words.index("--")] if "--" in words else words
    typed = [one for one in parameter.opts for word in options if word.partition("=")[0] == one]
    return typed[0] if typed else max(parameter.opts, key=len)


def _rule(kind: click.ParamType) -> str | None:  # type: ignore[type-arg]  # generic in newer releases only
    """What a value must be, None where the type does not say."""
    match kind:
        case click.Choice():
            *others, last = [str(one) for one in kind.choices]
            return f"must be {', '.join(others)} or {last}" if others else f"must be {last}"
        case click.IntRange():
            return f"must be a whole number{_limits(kind)}"
        case click.FloatRange():
            return f"must be a number{_limits(kind)}"
    return {"integer": "must be a whole number", "float": "must be a number"}.get(kind.name)


def _limits(kind: click.IntRange | click.FloatRange) -> str:
    lowest, highest = kind.min, kind.max
    if lowest is None or highest is None:
        low = "" if lowest is None else f" above {lowest}" if kind.min_open else f" of {lowest} or more"
        high = "" if highest is None else f" below {highest}" if kind.max_open else f" of at most {highest}"
        return low or high
    if kind.min_open or kind.max_open:
        low = f"above {lowest}" if kind.min_open else f"of at least {lowest}"
        high = f"below {highest}" if kind.max_open else f"at most {highest}"
        return f" {low} and {high}"
    return f" from {lowest} to {highest}"


def _plain(message: str) -> str:
    """A sentence as ours are: small at its beginning, without a full stop or quoted words."""
    text = " ".join(message.split()).rstrip(".").replace("'", "")
    return f"{text[:1].lower()}{text[1:]}"
