"""Launch options as the Mac app writes them: every one of them a text, and read from one."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.syntax.json import read_json
from mlxsm_sync.syntax.tree import MAX_SCALAR, Problems
from mlxsm_sync.text.json_value import Json, canonical
from mlxsm_sync.values.launch_options import LARGEST, LOG_LEVELS, Form, check_raw_argument, launch_options
from mlxsm_sync.values.profile import Profile

Split = Callable[[str], Sequence[str]]
"""How raw arguments are told apart: a document's as a shell would, the app's own at white space."""

_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?")
_WHOLE = re.compile(r"\+?[0-9]{1,18}")
_EXPONENT = re.compile("[0-9.][eE]")


def label(option: str) -> str:
    """`defaultTopP` as the app's window calls it: `Default Top P`."""
    words = re.findall("[A-Z]?[a-z]+|[A-Z]", option)
    return " ".join(word.capitalize() for word in words)


def read_option(option: str, value: Json, split: Split = shlex.split) -> Json:
    """The typed value of an option, null where it is blank; ValueError in the app's words."""
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        return None
    return _READERS[_FORMS[option]](label(option), value, split)


def convert_option(option: str, value: Json) -> Json:
    """The typed value of an option that the published schema allows; ValueError for what it cannot say."""
    value = value.strip() if isinstance(value, str) else value
    if value is None or value == "":
        return None
    convert = _TYPED.get(_FORMS[option])
    is_plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    if convert is None or not is_plain or (isinstance(value, str) and _EXPONENT.search(value)):
        return _READERS[_FORMS[option]](label(option), value, shlex.split)
    return convert(value)


def write_option(value: Json, join: Callable[[Sequence[str]], str] = shlex.join) -> str:
    """The text of a typed value; reading it gives the same value."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return join([str(argument) for argument in value])
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return canonical(value)


def is_too_long(profile: Profile) -> bool:
    """Whether a text of the profile is longer than one may be that is read."""
    options = profile.advanced_launch_options.model_dump(exclude_none=True)
    written = [profile.notes or "", *map(write_option, options.values())]
    return any(len(text.encode()) > MAX_SCALAR for text in written)


def _share(called: str, value: Json, _split: Split) -> Json:
    number = float(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number <= 1:
        raise ValueError(f"{called} must be between 0 and 1.")
    return number


def _positive(called: str, value: Json, _split: Split) -> Json:
    number = int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else value
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= LARGEST:
        raise ValueError(f"{called} must be a positive integer.")
    return number


def _refuse(message: str) -> NoReturn:
    """ValueError, the one error of a reader, also for a value of another type."""
    raise ValueError(message)


def _template(called: str, value: Json, _split: Split) -> Json:
    if isinstance(value, str):
        problems = Problems("")
        try:
            value = read_json(value, problems).plain()
            problems.raise_any()
        except InvalidFile:
            raise ValueError(f"{called} must be valid JSON.") from None
    if not isinstance(value, dict):
        _refuse(f"{called} must be valid JSON. The server takes an object only.")
    return value


def _arguments(called: str, value: Json, split: Split) -> Json:
    if not isinstance(value, str):
        _refuse(f"{called} must be one text, split as a shell would.")
    try:
        arguments = [*split(value)]
    except ValueError as error:
        raise ValueError(f"{called} cannot be split as a shell would: {error}.") from None
    for argument in arguments:
        try:
            check_raw_argument(argument)
        except ValueError as error:
            raise ValueError(f"{called} {error}.") from None
    return [*arguments]


def _level(called: str, value: Json, _split: Split) -> Json:
    if not isinstance(value, str) or value.upper() not in LOG_LEVELS:
        raise ValueError(f"{called} must be one of {', '.join(LOG_LEVELS)}.")
    return value.upper()


def _text(called: str, value: Json, _split: Split) -> Json:
    if not isinstance(value, str):
        _refuse(f"{called} must be text.")
    return value


_READERS: dict[Form, Callable[[str, Json, Split], Json]] = {
    "temperature": _share,
    "share": _share,
    "positive": _positive,
    "bytes": _positive,
    "template": _template,
    "origins": _text,
    "level": _level,
    "arguments": _arguments,
}
_TYPED: dict[Form, Callable[[Any], Json]] = {
    "temperature": float,
    "share": float,
    "positive": int,
    "bytes": int,
    "level": lambda level: str(level).upper(),
}
"""What a text that the published schema allows becomes, where the schema says all that there is to say."""

_FORMS = {one.key: one.form for one in launch_options()}
OPTION_NAMES = tuple(_FORMS)
"""Every launch option, as in the app and in a profile file."""
