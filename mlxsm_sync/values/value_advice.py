"""What is wrong with a value of a profile file, and what to write instead."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

from mlxsm_sync.text.json_value import Json
from mlxsm_sync.text.nesting import loads
from mlxsm_sync.text.secret_scan import looks_like
from mlxsm_sync.text.unicode import unseen
from mlxsm_sync.values.desired import Declaration
from mlxsm_sync.values.fields import aliases
from mlxsm_sync.values.hosts import host_fault
from mlxsm_sync.values.launch_options import LOG_LEVELS, Form, LaunchOptions, launch_options
from mlxsm_sync.values.model_ids import model_fault
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.raw_arguments import raw_faults, written_arguments
from mlxsm_sync.values.validation import Issue, ValidationError
from mlxsm_sync.values.web_origins import origins_fault

_LONGEST_ADVICE = 160
_PORT = "port"
_NUMBERS: dict[Form, str] = {
    "temperature": "a number between 0 and 2",
    "share": "a number between 0 and 1",
    "positive": "a whole number above 0",
    "bytes": "a whole number of bytes above 0",
}
_RANGES = {
    _PORT: ("a whole number between 1 and 65535", "8080"),
    "context": ("a whole number of tokens above 0", "32768"),
    **{one.key: (_NUMBERS[one.form], one.example) for one in launch_options() if one.form in _NUMBERS},
}
"""Of each number: what it is, and one."""
_MAPPINGS = {
    "chatTemplateArgs": "{enable_thinking: false}",
    "ranks": "{machine: studio-1, address: 192.168.208.1, port: 32323}",
    "cluster": "{ranks: [{machine: studio-1, address: 192.168.208.1, port: 32323}, ...]}",
}
"""One of each."""
_SHAPES = {"modelID": model_fault, "host": host_fault, "allowedOrigins": origins_fault}
"""Texts that have a shape in a profile file, which the model of a profile does not ask for."""
_TRUE, _FALSE = ("true", "yes", "on", "y", "1", "enabled"), ("false", "no", "off", "n", "0", "disabled")
_UNSET = ("auto", "default", "none", "unset", "null", "")
_LEVELS = {"WARN": "WARNING", "ERR": "ERROR", "FATAL": "CRITICAL", "TRACE": "DEBUG", "VERBOSE": "DEBUG"}
_UNITS = {"": (1, 1), "k": (10**3, 2**10), "m": (10**6, 2**20), "g": (10**9, 2**30), "t": (10**12, 2**40)}


def shape_fault(field: str, text: str) -> str | None:
    """Why a text is not what a server takes for this field, else None."""
    judge = _SHAPES.get(field)
    return judge(text) if judge is not None else None


def profile_faults(profile: Profile) -> Iterator[str]:
    """Why a profile from elsewhere cannot stand in a profile file; empty if it can."""
    options = profile.advanced_launch_options
    shaped = {"modelID": profile.model_id, "host": profile.host, "allowedOrigins": options.allowed_origins}
    for field, text in shaped.items():
        if text is not None and (fault := shape_fault(field, text)):
            yield f"{field} {fault}"
    for place, fault in raw_faults(options.raw_extra_args or ()):
        yield f"rawExtraArgs[{place}] {fault}"


def message(fault: Issue, value: Json) -> str:
    """What is wrong with a value, after the name of its field, and what to write instead."""
    field = next(step for step in reversed(fault.path) if isinstance(step, str))
    match fault.kind:
        case "value_error":
            return _of_value_error(field, str(fault.context["error"]), value)
        case "literal_error":
            return _of_choice(field, fault.context["expected"].replace("'", ""), value)
        case "string_type":
            return _of_text(field, value)
        case "bool_type":
            return _of_switch(value)
        case "dict_type" | "dataclass_type":
            return _of_mapping(field, value)
        case "tuple_type":
            return _of_list(value)
        case _:
            return _of_number(field, fault.kind, value)


def _of_value_error(field: str, error: str, value: Json) -> str:
    # The engine would take true for the version 1, as Python does.
    return _of_choice(field, "1", value) if field == "schemaVersion" else error


def _write(written: str) -> str:
    """What to write, where it is short and can be seen."""
    hidden = len(written) > _LONGEST_ADVICE or unseen(written) or looks_like(written)
    return "" if hidden else f": write {written}"


def _of_choice(field: str, allowed: str, value: Json) -> str:
    if field == "schemaVersion":
        if isinstance(value, str) and re.fullmatch("v?0*1(?:[.]0)*", value.strip()):
            return "must be 1: write 1, without quotes"
        return "must be 1, the only version that this mlxsm reads"
    level = _LEVELS.get(str(value).upper(), str(value).upper())
    return f"must be {allowed}" + (_write(level) if level in LOG_LEVELS else "")


def _of_text(field: str, value: Json) -> str:
    if isinstance(value, dict):
        return "must be text, not a mapping"
    if isinstance(value, list):
        texts = [one for one in value if isinstance(one, str)]
        joined = ",".join(texts)
        is_one = len(texts) == len(value) > 0 and (len(texts) == 1 or field == "allowedOrigins")
        fits = is_one and shape_fault(field, joined) is None
        return "must be text, not a list" + (_write(json.dumps(joined, ensure_ascii=False)) if fits else "")
    if value is None:
        return "must be text: write a name, or drop the line" if field == "collection" else "must be text"
    text = json.dumps(value)
    if fault := shape_fault(field, text):
        return fault  # in quotes it would be refused as well
    # 1.50 is 1.5 here already: which of them was meant cannot be told.
    return "must be text: put it in quotes" if isinstance(value, float) else f'must be text: write "{text}"'


def _of_switch(value: Json) -> str:
    word = (value if isinstance(value, str) else json.dumps(value)).strip().lower()
    for known, written in ((_TRUE, "true"), (_FALSE, "false"), (_UNSET, "null, or drop the line")):
        if word in known:
            return f"must be true or false: write {written}"
    return "must be true or false"


def _of_mapping(field: str, value: Json) -> str:
    if isinstance(value, str):
        try:
            inner = loads(value)
        except (ValueError, RecursionError):
            inner = None
        if isinstance(inner, dict):
            return "must be a mapping, not text" + _write(json.dumps(inner, ensure_ascii=False))
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return "must be a mapping, not a list: drop the dashes"
    return f"must be a mapping, such as {_MAPPINGS.get(field, '{}')}"


def _of_list(value: Json) -> str:
    arguments: list[str] = []
    if isinstance(value, str):
        try:
            arguments = shlex.split(value)
        except ValueError:
            arguments = []
    elif isinstance(value, dict):
        arguments = [*_words(value)]
    if arguments and not [*raw_faults(arguments)]:
        return "must be a list" + _write(f"[{written_arguments(arguments)}]")
    return 'must be a list of arguments, one per item, such as [--kv-bits, "8"]'


def _words(options: dict[str, Json]) -> Iterator[str]:
    for key, value in options.items():
        yield f"--{key.lstrip('-')}"
        if value is not True:
            yield value if isinstance(value, str) else json.dumps(value)


def _of_number(field: str, kind: str, value: Json) -> str:
    what, example = _RANGES[field]
    if kind == "less_than_equal" and what.endswith("above 0"):
        return "must be a whole number with at most 18 digits"
    written = [json.dumps(one) for one in _numbers(value) if _fits(field, one)]
    if not written:
        return f"must be {what}, such as {example}"
    if isinstance(value, str) and value.strip() == written[0]:
        return f"must be {what}: write {written[0]}, without quotes"
    if written[1:] and written[1] != written[0]:
        unit = (
            re.sub("[^KMGT]", "", str(value).upper()) + "iB" if field.endswith("Bytes") else "units of 1024"
        )
        return f"must be {what}: write {written[0]} (or {written[1]} for {unit})"
    return f"must be {what}: write {written[0]}"


def _fits(field: str, number: float) -> bool:
    """Whether a number may stand in a field."""
    try:
        if field in aliases(LaunchOptions).values():
            LaunchOptions.model_validate_json(json.dumps({field: number}))
        else:
            Declaration.model_validate_json(json.dumps({"name": "A", "modelID": "m", field: number}))
    except ValidationError:
        return False
    return True


def _numbers(value: Json) -> Iterator[int | float]:
    """The numbers that a value was probably meant to be, the likeliest first."""
    if isinstance(value, list) and len(value) == 1:
        yield from (value[0],) if isinstance(value[0], (int, float)) else _numbers(value[0])
    if not isinstance(value, str):
        return
    text = value.strip().lower().removeprefix("+")
    if based := re.fullmatch(r"0([xob])([0-9a-f_]+)", text):
        try:
            yield int(based[2].replace("_", ""), {"x": 16, "o": 8, "b": 2}[based[1]])
        except ValueError:
            return
    elif re.fullmatch(r"[0-9]{1,3}(?:[,_ '][0-9]{3})+|[0-9][0-9_]{0,17}", text):
        yield int(re.sub(r"[,_ ']", "", text))
    elif percent := re.fullmatch(r"([0-9]{1,3})(?:\.0*)? *%", text):
        yield int(percent[1]) / 100
    elif decimal := re.fullmatch(r"([0-9]{0,9})[.,]([0-9]{1,9})", text):
        yield float(f"{decimal[1] or 0}.{decimal[2]}")
    elif size := re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) *([kmgt]?)(i?)(?:b|bytes?|tokens?)?", text):
        thousands, kibi = (round(float(size[1]) * unit) for unit in _UNITS[size[2]])
        yield from (kibi,) if size[3] else (thousands, kibi)
