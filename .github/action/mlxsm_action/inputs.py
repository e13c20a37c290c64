"""The inputs of the action, from the environment; none is trusted to be one of its words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from mlxsm_action.runner import Stopped

COMMENT = ("true", "changes-only", "false")
FAIL_ON = ("never", "invalid", "conflicts", "changes")
"""Each includes those before it."""
EACH, NONE = "each", "none"
_PREFIX = "MLXSM_"


class Inputs(NamedTuple):
    """What the step `plan` is told."""

    file: str
    """From the workspace, never absolute and never an option."""
    base: str
    """Empty: what the event says."""
    machines: str
    """`each`, `none`, or a name."""
    token: str


def read(environ: Mapping[str, str], workspace: str) -> Inputs:
    """The inputs. Raises Stopped for a word that is none, so that a typing error is no silent default."""
    one_of(environ, "comment", COMMENT)
    one_of(environ, "fail-on", FAIL_ON)
    return Inputs(
        file=file_in(workspace, environ["MLXSM_ACTION_FILE"]),
        base=environ.get("MLXSM_ACTION_BASE", "").strip(),
        machines=environ.get("MLXSM_ACTION_MACHINES", "") or EACH,
        token=environ.get("MLXSM_ACTION_TOKEN", ""),
    )


def one_of(environ: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    """An input that has few values."""
    given = environ.get(f"MLXSM_ACTION_{name.replace('-', '_').upper()}", "")
    if given not in words:
        raise Stopped(f"the input {name} is one of {', '.join(words)}; it is {given!r}")
    return given


def file_in(workspace: str, given: str) -> str:
    """The file from the workspace, with forward slashes.

    A pull request may make it a link. One that leads out of the workspace, or to what git keeps, is refused,
    since a message shows the line that it is about.
    """
    if not given or "\0" in given:
        raise Stopped("the input file is empty")
    top = os.path.realpath(workspace)
    name = os.path.relpath(os.path.join(workspace, given), workspace)
    inside = os.path.relpath(os.path.realpath(os.path.join(top, name)), top)
    for path in (name, inside):
        parts = [part.lower() for part in path.split(os.sep)]
        if os.path.isabs(path) or parts[0] in (os.pardir, os.curdir) or ".git" in parts:
            raise Stopped(
                f"the file must be in the workspace: {given!r} is not, or is a link that leads out of it"
            )
    return name.replace(os.sep, "/")


def for_children(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of mlxsm and git: without the token, and without settings that the inputs replace."""
    kept = {name: value for name, value in environ.items() if not name.startswith(_PREFIX)}
    return kept | {"NO_COLOR": "1", "PYTHONUTF8": "1"}
