"""Raw extra arguments as a list: which item is an option, which is its value, and what no server takes.

Only what holds for every release is judged here; `launch` knows the one that is installed.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mlxsm_sync.values.flag_rules import Flag
from mlxsm_sync.values.launch_options import check_raw_argument
from mlxsm_sync.values.model_ids import is_path, model_fault
from mlxsm_sync.values.server_options import ADAPTER_PATH, ALLOWED_ORIGINS, DRAFT_MODEL, FLAGS
from mlxsm_sync.values.web_origins import origins_fault

OTHER_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
"""What editors and web pages make of a hyphen, and no program takes for one."""
_LONGEST_ADVICE = 160
# What argparse takes for a value though it begins with a hyphen: CPython's Lib/argparse.py.
_NO_OPTION = re.compile(r"-|-[0-9]+|-[0-9]*\.[0-9]+|-(?!-).* .*", re.DOTALL)


class GivenOption(NamedTuple):
    """One option of a list of raw arguments, as the server's parser would take it."""

    place: int
    """The place of the option in the list, 0-based."""
    name: str
    """`--kv-bits`."""
    value: str | None
    """None where it has none."""
    value_place: int
    """The place of its value; the same, where they are one item."""


class Stray(NamedTuple):
    """An item that is no option and no value of one."""

    place: int
    word: str


def told_apart(arguments: Sequence[str]) -> Iterator[GivenOption | Stray]:
    """The options of a list, each with its value, and what belongs to none."""
    index = 0
    while index < len(arguments):
        word = arguments[index]
        name, has_value, value = word.partition("=")
        if not word.startswith("--") or word == "--" or re.search(r"\s", name):
            yield Stray(index, word)
        elif has_value:
            yield GivenOption(index, name, value, index)
        elif index + 1 < len(arguments) and takes(FLAGS.get(name), arguments[index + 1]):
            yield GivenOption(index, name, arguments[index + 1], index + 1)
            index += 1
        else:
            yield GivenOption(index, name, None, index)
        index += 1


def takes(flag: Flag | None, word: str) -> bool:
    """Whether an option takes the next word as its value; one that we do not know may be a switch."""
    if flag is not None and flag.rule is None:
        return False
    return not word.startswith("-") or _NO_OPTION.fullmatch(word) is not None


def raw_faults(arguments: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The place of every item that no server takes as it is meant, and why."""
    seen: set[str] = set()
    for one in told_apart(arguments):
        if isinstance(one, Stray):
            yield one.place, _about_stray(one.word)
        elif not _sets_a_field(one.name):
            if one.name in seen and one.name in FLAGS:
                yield one.place, f"must not be given twice: drop one {one.name}"
            elif fault := _fault(one):
                yield one.value_place, fault
            seen.add(one.name)


def _sets_a_field(name: str) -> bool:
    """Whether it is, or abbreviates, what the profile itself declares, which is told of every item alone."""
    try:
        check_raw_argument(name)
    except ValueError:
        return True
    return False


def _about_stray(word: str) -> str:
    if not word.strip():
        return "must not be blank: drop it"
    parts = _split(word)
    if len(parts) > 1 and parts[0].startswith("--"):
        if _sets_a_field(parts[0]):
            return "must not set what is a field of the profile: declare it as host, port or modelID"
        return f"must be one item for each argument{_write(*parts)}"
    if word[0] in OTHER_DASHES:
        return f"must begin with two hyphens{_write('--' + word.lstrip(OTHER_DASHES + '-'))}"
    name = word.lstrip("-").partition("=")[0].replace("_", "-")
    if f"--{name}" in FLAGS:
        rest = word.lstrip("-")[len(name) :]
        return f"must begin with two hyphens{_write(f'--{name}{rest}')}"
    if word.startswith("-"):
        return "must begin with two hyphens and a name, as every option of the server does"
    return "must follow an option that takes a value: this belongs to none"


def _split(word: str) -> list[str]:
    try:
        return shlex.split(word)
    except ValueError:
        return word.split()


def _write(*arguments: str) -> str:
    """Arguments as items of a YAML list."""
    written = written_arguments(arguments)
    return f": write {written}" if len(written) < _LONGEST_ADVICE else ""


def written_arguments(arguments: Sequence[str]) -> str:
    """Arguments as they stand between the brackets of a YAML list."""
    return ", ".join(
        one if re.fullmatch(r"--[A-Za-z][A-Za-z0-9-]*", one) else json.dumps(one, ensure_ascii=False)
        for one in arguments
    )


def _fault(one: GivenOption) -> str | None:
    """What is wrong with an option and its value, else None."""
    flag = FLAGS.get(one.name)
    if flag is None:
        return None
    if flag.rule is None:
        return f"must not have a value: write {one.name}" if one.value is not None else None
    if one.value is None:
        return f"must be followed by a value for {one.name}"
    if one.name == ALLOWED_ORIGINS and (fault := origins_fault(one.value)):
        return fault
    if one.name == DRAFT_MODEL:
        return model_fault(one.value)
    if one.name == ADAPTER_PATH:
        return None if is_path(one.value) else "must be a path that begins with /, ./, ../ or ~/"
    fault = flag.rule(one.value)
    return f"{fault} for {one.name}" if fault else None
