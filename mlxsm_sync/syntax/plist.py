"""Property lists of launchd: which program they run, with which arguments."""

from __future__ import annotations

import plistlib
import re
from collections.abc import Mapping
from typing import NamedTuple
from xml.parsers.expat import ExpatError

from mlxsm_sync.syntax.tree import Position, Problems

_ARGUMENTS = re.compile(r"<key>\s*ProgramArguments\s*</key>\s*<array>")
_TEXT = re.compile(r"<!--.*?-->|<string\s*/?>", re.DOTALL)


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
    places: tuple[Position, ...] = ()
    """Where each word stands; empty where that cannot be told, as in binary."""


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
            return _job(found, data, problems)
        message = "a property list of launchd is a dictionary with ProgramArguments"
    problems.add(at, message)
    return None


def _job(found: Mapping[str, object], data: bytes, problems: Problems) -> LaunchdJob | None:
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
        _places(data, len(listed)),
    )


def _places(data: bytes, count: int) -> tuple[Position, ...]:
    """Where the texts of ProgramArguments stand; nothing unless there are as many as were read."""
    text = data.decode("utf-8", "replace")
    listed = _ARGUMENTS.search(text)
    if listed is None:
        return ()
    end = text.find("</array>", listed.end())
    begins = [one.end() for one in _TEXT.finditer(text, listed.end(), end) if one[0].startswith("<string")]
    if len(begins) != count:
        return ()
    return tuple(Position(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) for at in begins)
