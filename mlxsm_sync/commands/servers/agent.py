"""`mlxsm agent install`, `status` and `uninstall`: the unit that runs `mlxsm agent run` now and then."""

from __future__ import annotations

import hashlib
import os
import sys
from typing import Any

from mlxsm_sync.commands.servers.agent_run import Wish, file_in, run
from mlxsm_sync.commands.servers.keeping import state_name
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import ServerError, UsageError
from mlxsm_sync.files.machine_name import host_name
from mlxsm_sync.files.paths import default_state_path, refuse_secret
from mlxsm_sync.servers.agent_files import AgentFiles, last_run_or_trouble
from mlxsm_sync.servers.agent_options import AgentOptions, command_line
from mlxsm_sync.servers.agent_schedule import minutes_of, nearest
from mlxsm_sync.servers.agent_units import AgentUnit
from mlxsm_sync.servers.agents import Agents
from mlxsm_sync.servers.checkout import Checkout
from mlxsm_sync.servers.service_units import Kept, kept_of
from mlxsm_sync.values.agent import (
    AgentFile,
    AgentInstallReport,
    AgentOfUnit,
    AgentPrintReport,
    AgentReport,
    AgentUninstallReport,
)
from mlxsm_sync.views.agent import install_text, printed_text, status_text, uninstall_text

__all__ = ["install", "run", "status", "uninstall"]


def install(session: Session, /, every: float, no_start: bool, show: bool, **given: Any) -> int:
    """Write the unit, and let the manager run it from now on; or only show what would be written."""
    wish = Wish(**given)
    minutes = minutes_of(every)
    if minutes is None:
        raise UsageError(
            "--every takes what divides an hour or a day evenly", f"next to it are {nearest(every)}"
        )
    agents, files = _agents(session), _files(session)
    options = _options(session, wish, agents)
    kept = kept_of(os.environ)
    texts = agents.texts(_unit(agents, files, options, kept, minutes))
    if show:
        printed = tuple(AgentFile(path=str(path), text=text.decode()) for path, text in texts.items())
        report = AgentPrintReport(files=printed, left_out=kept.left_out)
        session.output.data(report)
        session.output.print(printed_text(report))
        _warn(session, kept)
        return 0
    if (trouble := agents.manager.trouble()) is not None:
        raise ServerError(
            f"{trouble}; nothing was written", "--print shows what would be; mlxsm agent run runs it once"
        )
    there, changes = agents.is_there(), agents.changes(texts)
    _warn(session, kept)
    files.prepare()  # where launchd writes to
    if changes:
        agents.write(texts)
    agents.manager.set_timer(agents.key, anew=changes, begin=not no_start)
    done = AgentInstallReport(
        result=("updated" if there else "installed") if changes else "unchanged",
        unit=agents.name,
        paths=tuple(map(str, agents.paths)),
        options=_told(options, minutes),
        started=agents.manager.timer_state(agents.key).is_set,
        left_out=kept.left_out,
    )
    session.output.data(done)
    session.output.print(install_text(done, session.output.style(sys.stdout)), wrap=True)
    session.output.note(f"Next: {session.command('agent status')}")
    return 0


def _agents(session: Session) -> Agents:
    return Agents(os.environ, state_name(session))


def _files(session: Session) -> AgentFiles:
    return AgentFiles(session.store.folder, session.store.label)


def _options(session: Session, wish: Wish, agents: Agents) -> AgentOptions:
    """What the unit is to hold; FileError where a path in it looks like a secret."""
    top = Checkout(wish.repo or os.curdir, os.environ).top
    file = file_in(top, session.file)
    out = os.path.abspath(wish.status_out) if wish.status_out is not None else None
    for path, what in ((top, "the checkout"), (agents.state, "the state"), (file, "the profile file")):
        refuse_secret(path, what)
    return AgentOptions(
        repo=top,
        state=agents.state,
        file=file,
        machine=session.machine,
        prune=wish.prune,
        up=wish.up,
        verify_commits=wish.verify_commits,
        status_out=out,
        fetch_timeout=wish.fetch_timeout,
    )


def _unit(agents: Agents, files: AgentFiles, options: AgentOptions, kept: Kept, minutes: int) -> AgentUnit:
    variables = kept.variables
    if agents.state == os.path.realpath(default_state_path(os.environ)):
        # So that the commands that it tells people do not name what needs no name.
        variables = variables | {"MLXSM_STATE": agents.state}
    if options.up and (server := os.environ.get("MLXSM_SERVER")):
        refuse_secret(server, "the server program")
        variables = variables | {"MLXSM_SERVER": server}
    # Each Mac of a fleet at its own minute: all of them at once are many for a small server of git.
    offset = int(hashlib.sha256(host_name().encode()).hexdigest()[:8], 16)
    argv = command_line(sys.executable, options)
    return AgentUnit(agents.key, argv, variables, minutes, options.up, offset, str(files.manager_log))


def _told(held: AgentOptions, minutes: int) -> AgentOfUnit:
    return AgentOfUnit(
        repository=held.repo,
        every_minutes=minutes,
        file=held.file,
        state=held.state,
        machine=held.machine,
        verify_commits=held.verify_commits,
        prune=held.prune,
        up=held.up,
        status_out=held.status_out,
        fetch_timeout=held.fetch_timeout,
    )


def _warn(session: Session, kept: Kept) -> None:
    if kept.left_out:
        session.output.note(
            f"warning: {', '.join(kept.left_out)} of the environment: left out, since secrets have no place "
            "in a unit; hf auth login keeps a token where the server finds it"
        )


def uninstall(session: Session, /) -> int:
    """Let nothing run any more, and remove the files of the unit, and nothing else."""
    agents, message = _agents(session), None
    report = AgentUninstallReport(result="absent", unit=agents.name)
    if agents.is_there():
        agents.refuse_others()
        if (trouble := agents.manager.trouble()) is None:
            agents.end()
            agents.manager.forget_timer(agents.key, agents.paths)
        else:
            agents.remove()
            message = f"its files were removed; {trouble}"
        report = report.model_copy(result="uninstalled", message=message)
    session.output.data(report)
    session.output.print(uninstall_text(report, session.output.style(sys.stdout)), wrap=True)
    return 0


def status(session: Session, /) -> int:
    """Show the unit, and what the last run did."""
    agents, files = _agents(session), _files(session)
    last, damaged = last_run_or_trouble(files)
    report = AgentReport(installed=False, last_run=last, log=str(files.log), message=damaged)
    if agents.is_there():
        held, minutes = agents.held(), agents.minutes()
        report = report.model_copy(
            installed=held is not None or minutes is not None,
            unit=agents.name,
            paths=tuple(map(str, agents.paths)),
            options=_told(held, minutes) if held is not None and minutes is not None else None,
            trouble=agents.manager.trouble(),
        )
        if report.options is None:
            report = report.model_copy(
                message=f"it cannot be read: {session.command('agent install')} mends it"
            )
        if report.trouble is None:
            seen = agents.manager.timer_state(agents.key)
            report = report.model_copy(
                is_set=seen.is_set, state=seen.unit.state, next_at=seen.next_at, due_at=seen.last_at
            )
    session.output.data(report)
    session.output.print(status_text(report, session.output.style(sys.stdout)))
    if not report.installed:
        session.output.note(
            f"no agent is installed; {session.command('agent install')} --repo DIR installs one"
        )
    return 0
