"""What a service holds: the command that serves one entry, and what of the environment it needs.

It knows nothing of a profile but the id of its entry, so that a change of the profile needs no new unit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from mlxsm_sync.text.secret_keys import key_kinds
from mlxsm_sync.text.secret_scan import looks_like

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MODULE = ("-P", "-m", "mlxsm_sync", "run")
"""How an interpreter is told to serve; `-P` keeps the current folder from naming modules."""
_KEPT = ("HF_", "MLXSM_")
_KEPT_NAMES = ("PATH", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
"""Where programs, the Hub's cache and the settings of mlxsm are looked for."""
_TOKENS = ("HUGGING_FACE_HUB_TOKEN",)
"""What servers read as well, under a name that is kept by no rule above."""
_SECRET = re.compile("(TOKEN|KEY|SECRET|PASSWORD|PASS|AUTH|CREDENTIAL)S?$")
_PATHS = re.compile("(_HOME|_CACHE|_PATH|_DIR)$")
"""The names of variables that the Hub's libraries and mlxsm take for a path."""
_STATE = "--state="
_SWITCHES = ("", "0", "1", "ON", "OFF", "YES", "NO", "TRUE", "FALSE")
"""What the Hub's library takes for yes and no, in capitals."""
_WITH_UNIT = ("stop_after_idle",)
"""Times that are written with their unit."""
_REPLACED = ("MLXSM_FILE", "MLXSM_STATE", "MLXSM_SERVER")
"""What the command line of a service says itself, as whole paths."""


class Service(NamedTuple):
    """One service, whichever manager keeps it."""

    entry_id: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    timeout: float
    """Seconds until a server that shows no life counts as one that will never be ready."""
    log: str
    """Where a manager that has no log of its own writes to."""
    user: str | None = None
    """Whose it is, where it begins with the machine and not with the session of its user."""


@dataclass(frozen=True)
class HeldOptions:
    """The options of `mlxsm run` that a service holds; what is not there is the default of `run`."""

    server_command: str = ""
    state: str = ""
    file: str | None = None
    machine: str | None = None
    timeout: float | None = None
    """In seconds."""
    no_probe: bool = False
    allow_host: tuple[str, ...] = ()
    allow_arg: tuple[str, ...] = ()
    allow_overcommit: bool = False
    allow_cluster: tuple[str, ...] = ()
    stop_after_idle: float | None = None
    """In seconds."""
    log_to_stdout: bool = False
    give_up_with_zero: bool = False

    def words(self) -> list[str]:
        """As a command line has them."""
        return option_words(self)

    @staticmethod
    def read(words: Sequence[str]) -> HeldOptions:
        """What `words` made; ValueError for anything else."""
        return HeldOptions(**read_options(fields(HeldOptions), words))


def option_words(options: DataclassInstance) -> list[str]:
    """Options as a command line has them; what has its default is left out."""
    words: list[str] = []
    for one in fields(options):
        value, option = getattr(options, one.name), f"--{one.name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif isinstance(value, tuple):
            words += [f"{option}={part}" for part in value]
        elif value not in (None, False, ""):
            text = number(value) if isinstance(value, float) else value
            words.append(f"{option}={text}{'s' if one.name in _WITH_UNIT else ''}")
    return words


def read_options(known: Sequence[Field[Any]], words: Sequence[str]) -> dict[str, Any]:
    """The values by their names of options that `option_words` made; ValueError for anything else."""
    found: dict[str, Any] = {}
    by_name = {one.name: one for one in known}
    for word in words:
        option, joined, text = word.partition("=")
        name = option.removeprefix("--").replace("-", "_")
        if not option.startswith("--") or name not in by_name:
            raise ValueError(f"{option} is no option of a service")
        if by_name[name].default is False:
            found[name] = not joined or _refuse(option)
        elif by_name[name].default == ():
            found[name] = (*found.get(name, ()), text)
        elif "float" in str(by_name[name].type):
            found[name] = float(text.removesuffix("s"))
        else:
            found[name] = text
    return found


def _refuse(option: str) -> bool:
    raise ValueError(f"{option} takes no value")


def command_line(interpreter: str, entry_id: str, held: HeldOptions) -> tuple[str, ...]:
    """The command line of a service; `interpreter` is the whole path of a Python that has mlxsm."""
    return (interpreter, *MODULE, entry_id, *held.words())


def is_of(argv: Sequence[str], entry_id: str) -> bool:
    """Whether a command line is that of the service of an entry, whatever its options are."""
    return tuple(argv[1 : len(MODULE) + 2]) == (*MODULE, entry_id)


def held_by(argv: Sequence[str] | None, entry_id: str) -> HeldOptions | None:
    """The options in the command line of a service; None where it is not one of ours for this entry."""
    if argv is None or not is_of(argv, entry_id):
        return None
    try:
        return HeldOptions.read(argv[len(MODULE) + 2 :])
    except ValueError:
        return None


def state_in(argv: Sequence[str]) -> str | None:
    """The state in the command line of a service, also of one that another release of mlxsm has written."""
    return next((word.removeprefix(_STATE) for word in argv if word.startswith(_STATE)), None)


class Kept(NamedTuple):
    """The environment of a service."""

    variables: dict[str, str]
    left_out: tuple[str, ...]
    """The names of those that it would need and may not hold, since they are secret or no text."""
    secret: tuple[str, ...] = ()
    """Those of them that are secret."""


def kept_of(environment: Mapping[str, str]) -> Kept:
    """What a service takes along of an environment: `PATH`, and what mlxsm and the Hub are told by it."""
    meant = {
        name: value
        for name, value in environment.items()
        if name in (*_KEPT_NAMES, *_TOKENS) or (name.startswith(_KEPT) and name not in _REPLACED)
    }
    secret = {name for name, value in meant.items() if _is_secret(name, value)}
    left_out = secret | {name for name, value in meant.items() if not value.isprintable()}
    kept = {name: _in_full(name, value) for name, value in meant.items() if name not in left_out}
    return Kept(kept, tuple(sorted(left_out)), tuple(sorted(secret)))


def _is_secret(name: str, value: str) -> bool:
    """Whether a unit may not hold a variable: it is a file that others may read."""
    if looks_like(value) or looks_like(f"{name}={value}"):
        return True
    is_secret = "secret" in key_kinds(name) and not (name.endswith("_PATH") and os.path.isabs(value))
    return bool(is_secret or _SECRET.search(name)) and value.upper() not in _SWITCHES


def _in_full(name: str, value: str) -> str:
    """A path as it is meant here: a service runs in another folder."""
    if name == "PATH":
        return os.pathsep.join(os.path.abspath(part) if part else part for part in value.split(os.pathsep))
    if not _PATHS.search(name) or not value or value.startswith("~"):
        return value
    return os.path.abspath(value)


def number(seconds: float) -> str:
    """A number of seconds without a point where it needs none, and never with an exponent."""
    return str(int(seconds)) if seconds == int(seconds) else f"{seconds:.6f}".rstrip("0")
