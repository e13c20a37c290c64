"""A service as a property list for launchd, there and back. The keys are those of launchd.plist(5)."""

from __future__ import annotations

import plistlib
from collections.abc import Mapping, Sequence
from xml.parsers.expat import ExpatError

from mlxsm_sync.errors import ServerError
from mlxsm_sync.servers.service_units import Service

_PAUSE_SECONDS = 30
"""Between two starts of one that fails: launchd itself has no limit."""
_STOP_SECONDS = 60
"""Between TERM and KILL; launchd's own are 20, and a server may take 30."""


def written(service: Service) -> bytes:
    """The file of a service, the same for the same service; ServerError where the format cannot hold it."""
    values: dict[str, object] = {
        "Label": label(service.entry_id),
        "ProgramArguments": [*service.argv],
        "EnvironmentVariables": dict(service.environment),
        "WorkingDirectory": "/",
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        # Any other kind is given slow cores: 11 tokens a second in the place of 87 (dryvist/nix-ai#916).
        "ProcessType": "Interactive",
        "ThrottleInterval": _PAUSE_SECONDS,
        "ExitTimeOut": _STOP_SECONDS,
        "StandardOutPath": service.log,
        "StandardErrorPath": service.log,
    }
    if service.user is not None:
        values["UserName"] = service.user
    return dumped(values, service.argv)


def dumped(values: Mapping[str, object], argv: Sequence[str]) -> bytes:
    """A property list whose command line is read back as it is; ServerError where it would not be."""
    try:
        made = plistlib.dumps(values, sort_keys=True)
    except ValueError:  # of control characters, which XML does not have
        made = b""
    if read(made) != [*argv]:
        raise ServerError("a property list cannot hold these paths", "take unseen characters out of them")
    return made


def loaded(data: bytes) -> object:
    """What a property list says; None where it is none."""
    try:
        return plistlib.loads(data)
    except (ValueError, ExpatError, LookupError, AttributeError, TypeError, OverflowError, RecursionError):
        return None  # plistlib says in so many ways that something is no property list


def read(data: bytes) -> list[str] | None:
    """The command line of a file that `written` made; None where there is none that can be read."""
    match loaded(data):
        case {"ProgramArguments": [*words]} if words and all(isinstance(word, str) for word in words):
            return words
    return None


def label(entry_id: str) -> str:
    """What launchd calls the service of an entry."""
    return f"com.mlxsm.{entry_id}"
