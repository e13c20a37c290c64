"""How servers are started as the command line says, and as their services do, which were told before."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlxsm_sync.commands.session import DEFAULT_START_TIMEOUT
from mlxsm_sync.errors import ServerError
from mlxsm_sync.servers.command_line import Consent
from mlxsm_sync.servers.orders import ServiceMeans
from mlxsm_sync.servers.program import find_program
from mlxsm_sync.servers.service_units import HeldOptions, number

if TYPE_CHECKING:
    from mlxsm_sync.servers.services import Services


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
    services: Services, entry_ids: Sequence[str], how: UpOptions, remedy: Callable[[str, str], str]
) -> Mapping[str, ServiceMeans]:
    """What the services of these entries hold; those without one are not in it."""
    found = ((one, services.held_here(one)) for one in entry_ids)
    return {one: _means(held, how, one, remedy) for one, held in found if held is not None}


def _means(
    held: HeldOptions, how: UpOptions, entry_id: str, remedy: Callable[[str, str], str]
) -> ServiceMeans:
    trouble, program = "", None
    try:
        program = find_program(held.server_command, os.environ)
    except ServerError as error:
        trouble = f"{error.message}: {error.hint}"
    unheld = [*_unheld(held, how)]
    reason = None
    if unheld:
        install = f"{remedy('service install', entry_id)} {' '.join(unheld)}"
        reason = f"its service starts it, and does not hold {' '.join(unheld)}: {install} changes that"
    return ServiceMeans(program, trouble, consent_of(held), held.allow_overcommit, reason)


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


def _command(typed: str) -> str | None:
    """A server command as a service holds it; None where there is no such program."""
    try:
        return shlex.join(find_program(typed, os.environ).command)
    except ServerError:
        return None
