"""The arguments of mlx_lm.server as the fields of a profile: `servers/command_line.py` backwards."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from mlxsm_sync.syntax.shell import Word
from mlxsm_sync.syntax.tree import Position, Problems
from mlxsm_sync.text.json_value import Json, JsonObject
from mlxsm_sync.text.nesting import loads
from mlxsm_sync.text.secret_keys import key_kinds
from mlxsm_sync.text.secret_scan import looks_like, value_reason
from mlxsm_sync.text.suggest import did_you_mean
from mlxsm_sync.values import hosts
from mlxsm_sync.values.launch_options import LaunchOption, LaunchOptions, launch_options
from mlxsm_sync.values.model_ids import is_address, is_path
from mlxsm_sync.values.profile import OPTIONS
from mlxsm_sync.values.raw_arguments import OTHER_DASHES, takes
from mlxsm_sync.values.server_options import (
    ADAPTER_PATH,
    ALLOWED_ORIGINS,
    DRAFT_MODEL,
    FLAGS,
    stands_for,
)
from mlxsm_sync.values.validation import ValidationError

DEFAULT_PORT = 8080
"""Where mlx_lm.server listens when nobody says."""

_HELP = "--help"
_OWN = ("--model", "--host", "--port")
_PATHS = ("--model", ADAPTER_PATH, DRAFT_MODEL)
"""Options whose value can be a folder."""
_UNITS = {"": 1, "M": 10**6, "MB": 10**6, "G": 10**9, "GB": 10**9}

Place = Callable[[str, str], str]
"""A path as the profile has it: the option, and its value."""


class Given(NamedTuple):
    """One option with its value, None for a switch."""

    name: str
    value: str | None
    at: Position
    is_wrong: bool = False
    """Whether it has been noted as a problem."""

    @property
    def items(self) -> list[str]:
        """As it stands in a list of raw arguments."""
        return [self.name] if self.value is None else [self.name, self.value]


class Translated(NamedTuple):
    """A profile without its name, and what was left out of it."""

    fields: JsonObject
    notes: list[str]
    """Each names an option, and repeats no value."""
    names_origins: bool
    """Whether it says which web pages may call the server."""


def translate(arguments: Sequence[Word], at: Position, place: Place, problems: Problems) -> Translated:
    """The fields that these arguments set; what no server takes is noted at its word, or at the command's."""
    notes: list[str] = []
    read = [*_given(arguments, problems)]
    given = [*_without_secrets((one for one in read if not one.is_wrong), notes)]
    last = {one.name: one for one in given}
    fields: JsonObject = {}
    if "--model" not in last:
        _say_why_no_model(read, at, problems)
    for key, flag in (("modelID", "--model"), ("host", "--host"), ("port", "--port")):
        if (one := last.get(flag)) is not None and _is_right(one, problems):
            fields[key] = int(one.value or "") if key == "port" else place(flag, one.value or "")
    fields.setdefault("host", hosts.DEFAULT)
    fields.setdefault("port", DEFAULT_PORT)
    # The parser of the server takes the last of several.
    ours = (one for one in given if one.name not in _OWN and (one.name not in FLAGS or last[one.name] is one))
    options = _options(ours, place, problems, notes)
    _say_thinking(options, fields)
    fields |= {OPTIONS: options} if options else {}
    return Translated(fields, notes, ALLOWED_ORIGINS in last)


def _say_why_no_model(read: Sequence[Given], at: Position, problems: Problems) -> None:
    """That there is no model, where nothing has been said of it yet."""
    told = [one for one in read if one.name == "--model"]
    if not told:
        problems.add(at, "--model is missing: a profile is for one model", also=True)
    elif not told[-1].is_wrong:
        message = (
            "the value of --model looks like a secret: write the name that the Hub has, such as org/name"
        )
        problems.add(told[-1].at, message, also=True)


def _options(given: Iterable[Given], place: Place, problems: Problems, notes: list[str]) -> JsonObject:
    """The launch options that these set; what no key can say is kept as raw arguments, and named."""
    by_flag = {option.flag: option for option in launch_options() if option.flag is not None}
    options: JsonObject = {}
    raw: list[str] = []
    kept: list[str] = []
    for one in given:
        if not _is_right(one, problems):
            continue
        option = by_flag.get(one.name)
        if option is not None and (value := _typed(option, one.value or "")) is not None:
            options |= value
            continue
        placed_at = place(one.name, one.value) if one.value is not None else None
        raw += one._replace(value=placed_at).items
        if option is not None:
            kept.append(f"{one.name} is kept in rawExtraArgs: {option.key} cannot have its value")
        elif one.name not in FLAGS:
            hint = did_you_mean(one.name, FLAGS)
            told = f"mlx_lm.server has no {one.name}; it is kept in rawExtraArgs"
            notes.append(f"{told}: {hint}" if hint else told)
    notes += kept
    return options | ({"rawExtraArgs": [*raw]} if raw else {})


def _given(arguments: Sequence[Word], problems: Problems) -> Iterator[Given]:
    """The options of the arguments, as the parser of the server takes them; those that are wrong say so."""
    waiting = deque(arguments)
    while waiting:
        word = waiting.popleft()
        name, has_value, value = word.text.partition("=")
        meant = _with_hyphens(name)
        if meant is None and (not word.text.startswith("--") or word.text == "--"):
            _refuse_stray(word, problems)
            continue
        full = (name,) if name in FLAGS else stands_for(name, (*FLAGS, _HELP))
        name = meant or (full[0] if len(full) == 1 else name)
        unknown = word.unknown
        if not has_value and waiting and takes(FLAGS.get(name), waiting[0].text):
            following = waiting.popleft()
            has_value, value, unknown = "=", following.text, unknown or following.unknown
        fault = _fault(word.text, name, meant, full) or (_unsaid(name, unknown) if unknown else None)
        if fault is not None:
            problems.add(word.at, fault)
        yield Given(name, value if has_value else None, word.at, fault is not None)


def _with_hyphens(name: str) -> str | None:
    """The option that is meant by a name with one hyphen, or with signs that only look like hyphens."""
    plain = name.translate(dict.fromkeys(map(ord, OTHER_DASHES), "-"))
    meant = f"--{plain.lstrip('-')}"
    return meant if plain.startswith("-") and name != meant and meant in FLAGS else None


def _fault(written: str, name: str, meant: str | None, full: Sequence[str]) -> str | None:
    """What is wrong with the name of an option."""
    if meant is not None:
        dash = next((one for one in written if one in OTHER_DASHES), None)
        if dash is None:
            return f"an option of mlx_lm.server begins with two hyphens: write {meant}"
        return f"{dash} (U+{ord(dash):04X}) is no hyphen, and so this is no option: write {meant}"
    if len(full) > 1:
        return f"{name} is short for {' or '.join(full)}: write the whole name"
    return f"{_HELP} starts no server: leave it out" if name == _HELP else None


def _unsaid(name: str, unknown: str) -> str:
    return f"{name} needs {unknown}, which these lines do not say: write it out"


def _refuse_stray(word: Word, problems: Problems) -> None:
    if word.unknown is not None:
        problems.add(word.at, f"an argument is {word.unknown}, which these lines do not say: write it out")
    elif word.text == "-h":
        problems.add(word.at, "-h starts no server: leave it out")
    else:
        problems.add(
            word.at, "this belongs to no option of mlx_lm.server: drop it, or put quotes around a value"
        )


def _without_secrets(given: Iterable[Given], notes: list[str]) -> Iterator[Given]:
    """What may go into a profile; of the rest, only the name is told."""
    for one in given:
        kinds = key_kinds(one.name) if one.name not in FLAGS else ()
        if looks_like(one.name):
            notes.append("an option was left out: it looks like a secret")
        elif "secret" in kinds:
            notes.append(f"{one.name} was left out: it looks like a secret")
        elif one.value is not None and (looks_like(one.value) or value_reason(one.value)):
            notes.append(f"{one.name} was left out: its value looks like a secret")
        elif kinds:
            notes.append(f"{one.name} was left out: it names a place on one machine")
        else:
            yield one


def _is_right(one: Given, problems: Problems) -> bool:
    """Whether the server takes the value; a path is judged where it is placed."""
    flag = FLAGS.get(one.name)
    if flag is None:
        return True
    if flag.rule is None:
        fault = f"{one.name} takes no value" if one.value is not None else None
    elif one.value is None:
        fault = f"{one.name} needs a value"
    else:
        wrong = None if one.name in _PATHS else flag.rule(one.value)
        fault = f"{one.name} {wrong}" if wrong else None
    if fault is not None:
        problems.add(one.at, fault, also=True)
    return fault is None


def _typed(option: LaunchOption, text: str) -> JsonObject | None:
    """A launch option with its value; None for one that only a raw argument can say, such as 0 for off."""
    value = _value(option, text)
    try:
        LaunchOptions.model_validate_json(json.dumps({option.key: value}))
    except ValidationError:
        return None
    return {option.key: value}


def _value(option: LaunchOption, text: str) -> Json:
    match option.form:
        case "temperature" | "share":
            return float(text)
        case "positive":
            return int(text)
        case "bytes":
            digits = text.rstrip("MGBmgb").rstrip()
            return int(Decimal(digits) * _UNITS[text[len(digits) :].strip().upper()])
        case "template":
            arguments: Json = loads(text)
            return arguments
        case _:
            return text


def _say_thinking(options: JsonObject, fields: JsonObject) -> None:
    """Have a profile's own word for thinking say what the arguments of the template say."""
    template = options.get("chatTemplateArgs")
    if isinstance(template, dict) and isinstance(template.get("enable_thinking"), bool):
        rest = {key: value for key, value in template.items() if key != "enable_thinking"}
        fields["enableThinking"] = template["enable_thinking"]
        if rest:
            options["chatTemplateArgs"] = rest
        else:
            del options["chatTemplateArgs"]


def placed(option: str, value: str, *, home: str | None = None, folder: str | None = None) -> str:
    """A value as a profile has it: a folder of the home folder by `~/`, a relative one as a path.

    `folder` is where the server runs. Where nobody knows that, a relative path belongs to the profile file.
    """
    if option not in _PATHS or not value or is_address(value):
        return value
    relative = value.startswith(("./", "../")) or (option == ADAPTER_PATH and not is_path(value))
    if not relative and option != ADAPTER_PATH and value.count("/") > 1 and not is_path(value):
        relative = True  # no name of the Hub has two
    if relative:
        value = _beside(f"{folder.rstrip('/')}/{value.removeprefix('./')}" if folder else value)
    if home and value.startswith(f"{home}/"):
        return f"~{value[len(home) :]}"
    return value


def _beside(value: str) -> str:
    return value if is_path(value) else f"./{value}"
