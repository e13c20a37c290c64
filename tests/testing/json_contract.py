"""Every JSON that a test sees is held against its published schema, whoever asked for it and why."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
from referencing import Registry

from mlxsm_sync.cli.words import behind_the_command
from mlxsm_sync.views.published import schema_of
from testing.paths import REPOSITORY

FAILED, USAGE = 1, 64
SCHEMAS = REPOSITORY / "schemas"


@cache
def validator(name: str) -> Any:
    """A validator of a published schema that fetches nothing, and knows no field but those in it."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    for part in (schema, *schema.get("definitions", {}).values()):
        if "properties" in part:
            part.setdefault("additionalProperties", False)
    return jsonschema.Draft7Validator(schema, registry=Registry())


def hold(words: Sequence[str], out: str, folder: Path, code: int) -> None:
    """Fail where a command printed or wrote JSON that its schema does not allow."""
    words = tuple(words)
    options = words[: words.index("--")] if "--" in words else words
    asked = "--json" in options or "--format=json" in options or _follows(options, "--format", "json")
    shown = words[:1] != ("schema",) and (code != 0 or not _follows(options, "--out", "-"))  # a saved plan
    if shown and out.startswith("{") and '"formatVersion"' in out[:200]:
        check(words, json.loads(out))  # one document, and nothing behind it
    elif asked and words[0] != "export" and not {"-h", "--help"} & {*options}:
        raise AssertionError(f"{words}: asked for JSON and got {out[:200]!r}")
    for path in _written(options):
        # A name can be longer than the system takes: then nothing was written.
        if os.path.isfile(file := folder / path) and not _is_refused(file, code):
            check(words, json.loads(file.read_text()))


def _is_refused(file: Path, code: int) -> bool:
    """Whether the command has failed and left there what somebody else has written."""
    return code == USAGE or (code == FAILED and not file.read_text(errors="replace").startswith('{"formatV'))


def check(words: Sequence[str], data: Any) -> None:
    """Fail where this is not what the command prints."""
    command = behind_the_command(words)[0]
    name = "error" if data.keys() <= {"formatVersion", "error"} else schema_of(command, words)
    assert data["formatVersion"] == 1
    faults = [
        f"{name}: /{'/'.join(map(str, one.absolute_path))}: {one.message}"
        for one in validator(name).iter_errors(data)
    ]
    assert not faults, faults


def _follows(words: Sequence[str], first: str, second: str) -> bool:
    return (first, second) in pairwise(words)


def _written(words: Sequence[str]) -> Iterator[str]:
    for word, following in pairwise((*words, "")):
        option, _, value = word.partition("=")
        if option == "--json-out" and (value or following):
            yield value or following
