"""How servers are started as the command line says, and as their services do, which were told before."""

from __future__ import annotations

import dataclasses
import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlxsm_sync.commands.servers.targets import is_running
from mlxsm_sync.commands.session import DEFAULT_START_TIMEOUT
from mlxsm_sync.errors import ServerError
from mlxsm_sync.servers.command_line import Consent
from mlxsm_sync.servers.orders import ServiceMeans
from mlxsm_sync.servers.program import find_program
from mlxsm_sync.servers.service_units import HeldOptions, number

if TYPE_CHECKING:
    from mlxsm_sync.servers.records import RunFiles
    from mlxsm_sync.servers.services import Services, UnitFile


class Shell(NamedTuple):
    """What a command line says beside how servers are started."""

    remedy: Callable[[str, str], str]
    """The command line of a command for the server of a name."""
    file: str | None
    """The profile file; None where there is none, or it is no file that could be read again."""
    machine: str | None
    """The name of this machine, where it is said."""


class UpOptions(NamedTuple):
    """How servers are to be started, as the command line says."""

    timeout: float
    no_probe: bool
    server_command: str | None
    allow_host: tuple[str, ...]
    allow_arg: tuple[str, ...]
    allow_overcommit: bool = False
    allow_cluster: tuple[str, ...] = ()
    recreate: bool = False
    restart: bool = False
    instead: bool = False

    @property
    def consent(self) -> Consent:
        """What is allowed that no profile file can allow."""
        return consent_of(self)


def consent_of(how: UpOptions | HeldOptions) -> Consent:
    """What is allowed on a command line, or by a service."""
    return Consent(frozenset(how.allow_host), frozenset(how.allow_arg), frozenset(how.allow_cluster))


def means_of_services(
    services: Services, files: RunFiles, entry_ids: Sequence[str], how: UpOptions, shell: Shell
) -> Mapping[str, ServiceMeans]:
    """What the services of these entries hold; those without one are not in it."""
    found = {one: services.unit_file(one) for one in entry_ids}
    means = {}
    for one, there in found.items():
        if there.kind == "ours" and there.held is not None:
            means[one] = _means(there, there.held, how, one, shell)
        elif services.is_recorded(one, files) and is_running(files, one):
            means[one] = _lost(there, how, one, shell)
    return means


def _lost(there: UnitFile, how: UpOptions, entry_id: str, shell: Shell) -> ServiceMeans:
    """A server runs whose service has no file any more that could start it again."""
    first = "remove it; then " if there.kind == "blocked" else ""
    install = shell.remedy("service install", entry_id)
    reason = f"its service could not start it again, since {there.trouble}: {first}{install} writes it anew"
    return ServiceMeans(None, reason, how.consent, how.allow_overcommit)


def _means(there: UnitFile, held: HeldOptions, how: UpOptions, entry_id: str, shell: Shell) -> ServiceMeans:
    trouble, program = "", None
    try:
        program = find_program(held.server_command, os.environ)
    except ServerError as error:
        trouble = error.message
    kept = held if program is not None else dataclasses.replace(held, server_command="")
    unheld = [*_unheld(held, how)]
    words = " ".join([shell.remedy("service install", entry_id), *unheld, *_held_on(kept, how, shell)])
    if trouble:
        trouble = f"{trouble}; its service holds that: {words} changes that"
    reason = _unusable(there, held, shell.file)
    if reason is not None:
        reason = f"its service {reason}: {words} changes that"
    elif unheld:
        reason = f"its service starts it, and does not hold {' '.join(unheld)}: {words} changes that"
    return ServiceMeans(program, trouble, consent_of(held), held.allow_overcommit, reason)


def _unusable(there: UnitFile, held: HeldOptions, file: str | None) -> str | None:
    """Why a service could start nothing any more, or not what is meant here; None where it could."""
    if not os.access(there.interpreter, os.X_OK):
        return f"starts it with {there.interpreter}, which is not there"
    if held.file is None or file is None:
        return None
    try:
        with open(held.file, "rb"):
            is_same = os.path.samefile(held.file, file)
    except OSError as error:
        return f"reads {held.file}, which it cannot ({error.strerror or error})"
    return None if is_same else f"reads another profile file, {held.file}"


def _unheld(held: HeldOptions, how: UpOptions) -> Iterator[str]:
    """The options that were typed, and that the service does not hold, as words for a shell."""
    if how.server_command is not None and _command(how.server_command) != held.server_command:
        yield f"--server-command {shlex.quote(how.server_command)}"
    if how.timeout not in (DEFAULT_START_TIMEOUT, held.timeout):
        yield f"--timeout {number(how.timeout)}"
    if how.no_probe and not held.no_probe:
        yield "--no-probe"
    if how.allow_overcommit and not held.allow_overcommit:
        yield "--allow-overcommit"
    for option, asked, there in (
        ("--allow-host", how.allow_host, held.allow_host),
        ("--allow-arg", how.allow_arg, held.allow_arg),
        ("--allow-cluster", how.allow_cluster, held.allow_cluster),
    ):
        yield from (f"{option}={shlex.quote(one)}" for one in asked if one not in there)


def _held_on(held: HeldOptions, how: UpOptions, shell: Shell) -> Iterator[str]:
    """What a service holds that a new one must be told again, as words for a shell."""
    on = dataclasses.replace(
        held,
        server_command=""
        if how.server_command or _command(None) == held.server_command
        else held.server_command,
        state="",  # which the remedy names itself, as it does the file
        file=None,
        machine=None if held.machine == shell.machine else held.machine,
        timeout=held.timeout if how.timeout == DEFAULT_START_TIMEOUT else None,
        give_up_with_zero=False,
    )
    yield from map(shlex.quote, on.words())


def _command(typed: str | None) -> str | None:
    """A server command as a service holds it; None where there is no such program."""
    try:
        return shlex.join(find_program(typed, os.environ).command)
    except ServerError:
        return None
