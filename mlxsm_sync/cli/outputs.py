"""No output takes the place of what a command reads: looked at before anything else is done."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from mlxsm_sync.errors import FileTrouble, Usage

_OUTPUTS = ("--json-out", "--out", "-o", "--output")
_OF_EXPORT = ("-o", "--output")
"""An export does not read the profile file, and may make it anew."""


def values_of(words: Sequence[str], name: str) -> list[str]:
    """The values of an option in words that may not have been read as options yet; the last one counts."""
    found = []
    for word, following in zip(words, [*words, ""][1:], strict=True):
        if name.startswith("--"):
            given, joined, value = word.partition("=")
            found += [value if joined else following] if given == name else []
        elif re.match(r"-[A-Za-z]", word) and (letter := name[1]) in word:
            # Short options can be joined with each other, and with their value.
            found.append(word.partition(letter)[2] or following)
    return [value for value in found if value]


def refuse_inputs(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Usage where an output is a file that the command line or the environment names, or one of ours."""
    for name in _OUTPUTS:
        for out in values_of(words, name):
            if os.path.isfile(out) and _is_input(out, name, words, environment):
                raise Usage(f"{out} is what this command reads, or belongs to it", "name another file")


def _is_input(out: str, name: str, words: Sequence[str], environment: Mapping[str, str]) -> bool:
    place = os.path.realpath(out)
    states = _states(words, environment)
    if place in map(os.path.realpath, states) or any(_belongs_to(place, state) for state in states):
        return True
    if name in _OF_EXPORT:
        return False
    # Without the option itself: a path may be written in another way where it is read.
    others = [word for word in words if word not in (out, f"{name}={out}")] + [out] * (words.count(out) - 1)
    return place in map(os.path.realpath, [*others, *_files(words, environment)])


def _states(words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    from mlxsm_sync.places import app_list_path, default_state_path

    named = [environment.get("MLXSM_STATE", ""), *values_of(words, "--state")]
    for place in (app_list_path, lambda: default_state_path(environment)):
        with suppress(FileTrouble):
            named.append(str(place()))
    return [name.removeprefix("app:") for name in named if name.removeprefix("app:")]


def _files(words: Sequence[str], environment: Mapping[str, str]) -> Iterator[str]:
    from mlxsm_sync.places import find_profile_file

    yield from (environment.get("MLXSM_FILE", ""), *values_of(words, "--file"), *values_of(words, "-f"))
    with suppress(FileTrouble):
        yield find_profile_file(environment)


def _belongs_to(place: str, state: str) -> bool:
    """Whether a file is the lock of a state, or kept beside it: history, records, logs."""
    folder, name = os.path.split(os.path.realpath(state))
    beside = os.path.relpath(place, folder).split(os.sep)
    if beside[0] in (f"{name}.lock", "history"):
        return True
    own = name == "state.json"  # in its default folder stands nothing else
    return (len(beside) > 1 and beside[0].startswith(("run", "logs"))) or (own and beside[0] != "..")
