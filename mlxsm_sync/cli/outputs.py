"""No output takes the place of what a command reads: looked at before anything else is done."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise

from mlxsm_sync.errors import FileTrouble, Usage

_OUTPUTS = ("--json-out", "--out", "-o", "--output")
_OF_EXPORT = ("-o", "--output")
"""An export does not read the profile file, and may make it anew."""


def value_of(words: Sequence[str], name: str) -> str | None:
    """The value of an option in words that may not have been read as options yet."""
    after = (value for word, value in pairwise(words) if word == name)
    joined = (word.partition("=")[2] for word in words if word.startswith(f"{name}="))
    return next(after, next(joined, None))


def refuse_inputs(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Usage where an output is a file that the command line or the environment names, or one of ours."""
    for name in _OUTPUTS:
        out = value_of(words, name)
        if out is None or not os.path.isfile(out):
            continue
        place = os.path.realpath(out)
        others = [word for word in words if word not in (out, f"{name}={out}")] + [out] * (
            words.count(out) - 1
        )
        inputs = _inputs(others, environment, with_file=name not in _OF_EXPORT)
        if place in map(os.path.realpath, inputs) or _is_ours(place, environment):
            raise Usage(f"{out} is what this command reads, or belongs to it", "name another file")


def _inputs(words: Sequence[str], environment: Mapping[str, str], *, with_file: bool) -> Iterator[str]:
    from mlxsm_sync.places import app_list_path, find_profile_file

    named = [*words, environment.get("MLXSM_STATE", "")]
    if with_file:
        named.append(environment.get("MLXSM_FILE", ""))
        with suppress(FileTrouble):
            named.append(find_profile_file(environment))
    with suppress(FileTrouble):
        named.append(str(app_list_path()))
    for word in named:
        for path in {word, word.partition("=")[2], word.rpartition("app:")[2]} - {""}:
            yield path
            yield f"{path}.lock"


def _is_ours(place: str, environment: Mapping[str, str]) -> bool:
    """Whether it is in the folder of states, records, locks, history and logs."""
    from mlxsm_sync.places import default_state_path

    with suppress(FileTrouble):
        return place.startswith(os.path.realpath(default_state_path(environment).parent) + os.sep)
    return False
