"""Property lists of launchd: which program they run, with which arguments."""

from __future__ import annotations

import plistlib
from collections.abc import Mapping
from typing import NamedTuple
from xml.parsers.expat import ExpatError

from mlxsm_sync.syntax.tree import Position, Problems


class LaunchdJob(NamedTuple):
    """What launchd would run."""

    words: tuple[str, ...]
    """The program and its arguments."""
    variables: tuple[str, ...]
    """The names of what is set in its environment."""
    folder: str | None
    """Where it runs, where the list says so."""
    redirected: bool
    """Whether its output goes into a file."""


def is_plist(data: bytes) -> bool:
    """Whether bytes are a property list, and no lines for a shell."""
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:2000]
    return start.startswith((b"bplist", b"<?xml", b"<!DOCTYPE plist", b"<plist"))


def read_job(data: bytes, problems: Problems) -> LaunchdJob | None:
    """The job of a property list; None after noting what is wrong with it."""
    at: Position | None = None
    try:
        found = plistlib.loads(data)
    except ExpatError as error:
        at, message = Position(error.lineno, error.offset + 1), "this is no property list: its XML is broken"
    except (ValueError, TypeError, AttributeError, IndexError, OverflowError, RecursionError, KeyError):
        # What plistlib raises for a broken one differs from version to version: bpo-32072 has some.
        message = "this is no property list that can be read"
    else:
        if isinstance(found, Mapping):
            return _job(found, problems)
        message = "a property list of launchd is a dictionary with ProgramArguments"
    problems.add(at, message)
    return None


def _job(found: Mapping[str, object], problems: Problems) -> LaunchdJob | None:
    arguments = found.get("ProgramArguments")
    program = found.get("Program")
    listed = [*arguments] if isinstance(arguments, list) else []
    if isinstance(program, str):
        # The first of the arguments is only what the program is called then: launchd.plist(5).
        listed = [program, *listed[1:]]
    words = [one for one in listed if isinstance(one, str)]
    if not words or len(words) < len(listed):
        problems.add(None, "ProgramArguments is missing, or not a list of texts")
        return None
    variables = found.get("EnvironmentVariables")
    folder = found.get("WorkingDirectory")
    return LaunchdJob(
        tuple(words),
        tuple(map(str, variables)) if isinstance(variables, Mapping) else (),
        folder if isinstance(folder, str) else None,
        bool({"StandardOutPath", "StandardErrorPath", "StandardInPath"} & found.keys()),
    )
