"""The services that a command line asks for, before any is written; and those that are only shown."""

from __future__ import annotations

import dataclasses
import getpass
import os
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlxsm_sync.commands.plan import DECISIONS
from mlxsm_sync.commands.servers.keeping import services
from mlxsm_sync.commands.servers.rows import has_file
from mlxsm_sync.commands.servers.service_means import UpOptions
from mlxsm_sync.commands.servers.targets import run_files
from mlxsm_sync.commands.session import DEFAULT_START_TIMEOUT, Session
from mlxsm_sync.errors import UsageError
from mlxsm_sync.files.paths import default_state_path
from mlxsm_sync.servers.program import find_program
from mlxsm_sync.servers.service_units import HeldOptions, Kept, Service, command_line, kept_of
from mlxsm_sync.values.choices import as_argument
from mlxsm_sync.values.services import InstalledService, InstallReport, PrintedService, PrintReport
from mlxsm_sync.views.services import printed_text

if TYPE_CHECKING:
    from mlxsm_sync.planning.declared import Declared
    from mlxsm_sync.values.state import Entry

_DAEMONS = "/Library/LaunchDaemons"
_PASSING = ("/archive-v0/", "/environments-v2/")
"""Folders of uv's cache, in which the environments of `uvx` are for as long as uv likes."""
_LINGER = "/var/lib/systemd/linger"


class Wish(NamedTuple):
    """What services are to hold, beside their entries."""

    how: UpOptions
    stop_after_idle: float | None
    log_to_stdout: bool
    at: str


class Draft:
    """The services of one call of `service install`."""

    def __init__(self, session: Session, wish: Wish) -> None:
        """ServerError where there is no server program."""
        self.session, self.kept, self.wish = session, services(session), wish
        self.files = run_files(session)
        self._environment: Kept = kept_of(os.environ)
        self._held = self._made()

    @property
    def left_out(self) -> tuple[str, ...]:
        """The variables that services would need and do not hold."""
        return self._environment.left_out

    def _made(self) -> HeldOptions:
        how, session = self.wish.how, self.session
        file = session.path if has_file(session) else None
        if file == "-":
            raise UsageError("a service reads its profile file again and again", "-f needs a file for that")
        return HeldOptions(
            server_command=shlex.join(find_program(how.server_command, os.environ).command),
            state=self.kept.state,
            file=os.path.abspath(file) if file is not None else None,
            # By its name here, so that whoever reads the unit in another shell knows what it will serve.
            machine=session.machine or os.environ.get("MLXSM_MACHINE") or None,
            timeout=how.timeout if how.timeout != DEFAULT_START_TIMEOUT else None,
            no_probe=how.no_probe,
            allow_host=how.allow_host,
            allow_arg=how.allow_arg,
            allow_overcommit=how.allow_overcommit,
            allow_cluster=how.allow_cluster,
            stop_after_idle=self.wish.stop_after_idle,
            log_to_stdout=self.wish.log_to_stdout,
            give_up_with_zero=self.kept.manager.kind == "launchd",
        )

    def service(self, entry: Entry) -> Service:
        """The service of an entry."""
        user = getpass.getuser() if self.wish.at == "boot" and self.kept.manager.kind == "launchd" else None
        variables = self._environment.variables
        if self.kept.state == os.path.realpath(default_state_path(os.environ)):
            # So that the commands that it tells people do not name what needs no name.
            variables = variables | {"MLXSM_STATE": self.kept.state}
        return Service(
            entry.id,
            command_line(sys.executable, entry.id, self._held),
            variables,
            self.wish.how.timeout,
            str(self.files.service_log_path(entry.id)),
            user,
        )

    def warn(self) -> None:
        """Say what services do not hold, and what may not last."""
        note, kept = self.session.output.note, self._environment
        if kept.secret:
            note(
                f"warning: {', '.join(kept.secret)} of the environment: left out, since secrets have no "
                "place in a service; hf auth login keeps a token where the server finds it"
            )
        if unfit := [name for name in kept.left_out if name not in kept.secret]:
            note(
                f"warning: {', '.join(unfit)} of the environment: left out, since a service can hold no line "
                "break and no other unseen character"
            )
        if any(part in sys.executable for part in _PASSING):
            note(
                f"warning: {sys.executable} is in the cache of uv, which may remove it: uv tool install mlxsm"
            )

    # What is only told.

    def show(self, rows: Sequence[Declared]) -> int:
        """Print the files, and write none."""
        entries = self._applied(rows)
        printed = [
            PrintedService(
                id=entry.id,
                name=entry.name,
                service=self.kept.name(entry.id),
                path=str(self.kept.path(entry.id)),
                text=self.kept.text(self.service(entry)).decode(),
            )
            for entry in entries
        ]
        report = PrintReport(services=tuple(printed), left_out=self.left_out)
        self.session.output.data(report)
        self.session.output.print(printed_text(report))
        self.warn()
        if self.wish.at == "boot":
            self.tell_of_linger()
        return DECISIONS if len(entries) < len(rows) else 0

    def tell_of_linger(self) -> None:
        """Say what lets the services of a user begin before anybody logs in, unless that was done."""
        user = getpass.getuser()
        if self.kept.manager.kind == "systemd" and not os.path.exists(f"{_LINGER}/{user}"):
            how = f"sudo loginctl enable-linger {user}"
            self.session.output.note(f"to be started with the machine, before anybody logs in: {how}")

    def tell_of_daemons(self, rows: Sequence[Declared]) -> int:
        """Print what only the administrator may do, and do nothing."""
        entries = self._applied(rows)
        told = []
        for entry in entries:
            path = f"{_DAEMONS}/{self.kept.manager.file_name(entry.id)}"
            commands = (
                f"{self._print_command(entry)} | sudo tee {path} >/dev/null",
                f"sudo launchctl bootstrap system {path}",
            )
            self.session.output.print("".join(f"{line}\n" for line in commands))
            told.append(
                InstalledService(
                    id=entry.id,
                    name=entry.name,
                    result="refused",
                    service=self.kept.name(entry.id),
                    path=path,
                    message="\n".join(["it needs the administrator's password:", *commands]),
                )
            )
        self.session.output.data(InstallReport(services=tuple(told), left_out=self.left_out))
        self.session.output.note("nothing was done: these commands need the administrator's password")
        return DECISIONS if len(entries) < len(rows) else 0

    def _print_command(self, entry: Entry) -> str:
        """The command line that prints the service of an entry, with all that was typed."""
        command = self.wish.how.server_command or ""
        typed = dataclasses.replace(
            self._held,
            server_command=command if command != os.environ.get("MLXSM_SERVER") else "",
            state="",  # which the session names, as it does the file
            file=None,
            machine=None,
            give_up_with_zero=False,
        )
        words = shlex.join(["--at", "boot", "--print", *typed.words()])
        return f"{self.session.command('service install')} {words} {as_argument(entry.name)}"

    def _applied(self, rows: Sequence[Declared]) -> list[Entry]:
        for row in rows:
            if row.entry is None:
                self.session.output.note(f"{row.name}: refused: {row.reason}")
        return [row.entry for row in rows if row.entry is not None]
