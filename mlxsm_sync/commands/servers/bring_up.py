"""Bring servers up and tell how that goes: looked at first, then started side by side, then reported."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

from mlxsm_sync.commands.output_paths import STDIN
from mlxsm_sync.commands.plan import DECISIONS
from mlxsm_sync.commands.servers.interrupts import catch_signals
from mlxsm_sync.commands.servers.keeping import services
from mlxsm_sync.commands.servers.progress import Progress
from mlxsm_sync.commands.servers.rows import has_file
from mlxsm_sync.commands.servers.service_means import Shell, UpOptions, means_of_services
from mlxsm_sync.commands.servers.switching import comes_back
from mlxsm_sync.commands.servers.targets import tell_left_running
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import ServerError
from mlxsm_sync.files.machine_name import this_machine
from mlxsm_sync.servers import give_up
from mlxsm_sync.servers.executor import Executor
from mlxsm_sync.servers.measuring import used_by
from mlxsm_sync.servers.memory_guard import MemoryGuard
from mlxsm_sync.servers.observed_state import Surroundings
from mlxsm_sync.servers.orders import Means, orders, refusal
from mlxsm_sync.servers.plan import ReplacePolicy
from mlxsm_sync.servers.program import find_program
from mlxsm_sync.servers.starting import StartPolicy
from mlxsm_sync.system.memory_limit import memory_limit
from mlxsm_sync.values.choices import as_argument
from mlxsm_sync.values.run import DryRun, Planned, UpReport, UpServer
from mlxsm_sync.views.servers import dry_run_text, up_text

if TYPE_CHECKING:
    from mlxsm_sync.planning.declared import Declared
    from mlxsm_sync.servers.orders import Orders
    from mlxsm_sync.servers.records import RunFiles
    from mlxsm_sync.servers.services import Services
    from mlxsm_sync.values.run import UpServer

SIGNALLED = 128
_STEP = 0.1
_OF_THE_FILE = ("up", "run", "restart", "down", "service install")
"""Commands whose remedies name the profile file, where it was named."""


def bring_up(
    session: Session, files: RunFiles, rows: list[Declared], how: UpOptions, *, dry_run: bool
) -> int:
    """Start what these rows declare, or show the command lines; the exit code."""
    kept = services(session)
    orders = orders_of(session, files, rows, how, kept)
    if dry_run:
        return _show_argv(session, files, orders, how)
    for warning in (*orders.warnings, *orders.memory_warnings):
        session.output.note(f"warning: {warning}")
    for one in orders.wanted:
        give_up.forget(files, one.entry.id)
    results, code = start(session, files, orders, how, kept)
    known = (orders.decided.get(row.wanted.index) or results.get(row.entry_id) for row in rows)
    servers = [server for server in known if server is not None]
    _report(session, servers)
    tell_left_running(session, files)
    return code if code >= SIGNALLED else exit_code(orders, servers)


def orders_of(
    session: Session, files: RunFiles, rows: Sequence[Declared], how: UpOptions, kept: Services | None = None
) -> Orders:
    """What there is to do, before anything is started. `kept` are services that start some of them."""
    trouble, program = "", None
    try:
        program = find_program(how.server_command, os.environ)
    except ServerError as error:
        trouble = f"{error.message}: {error.hint}"
    memory = _memory(files, rows, how)
    remedy = remedy_for(session)
    machine = this_machine(session.machine, os.environ).name
    means = Means(
        program, trouble, how.consent, os.environ, how.restart, how.recreate, remedy, machine, memory
    )
    if kept is not None:
        ids = [row.entry_id for row in rows if row.entry is not None]
        file = session.path if has_file(session) and session.path != STDIN else None
        shell = Shell(remedy, file, session.machine)
        means = means._replace(of_services=means_of_services(kept, files, ids, how, shell))
    return orders(rows, files, means)


def _memory(files: RunFiles, rows: Sequence[Declared], how: UpOptions) -> MemoryGuard:
    """The memory beside what runs on; what is started anew gives back what it has."""
    used = used_by(files)
    anew = {row.entry_id for row in rows} if how.restart else set()
    taken = sum(count for entry_id, count in used.items() if entry_id not in anew)
    return MemoryGuard(memory_limit(), taken, allowed=how.allow_overcommit)


def exit_code(orders: Orders, servers: Sequence[UpServer]) -> int:
    """The exit code; an error wins over what is only left to decide."""
    for server in servers:
        decides = server.result == "refused" and server.id is None
        if server.result in ("failed", "refused") and not decides:
            return 1
    return DECISIONS if orders.unapplied else 0


def remedy_for(session: Session) -> Callable[[str, str], str]:
    """Command lines that work when pasted: with the file and the state that this one was given."""

    def remedy(command: str, name: str) -> str:
        verb, *options = command.split()
        if verb == "service":
            verb = f"{verb} {options.pop(0)}"
        line = (session if verb in _OF_THE_FILE else replace(session, file=None)).command(verb)
        line = " ".join([line, *options])
        return f"{line} {as_argument(name)}" if name else line

    return remedy


def _replaced(orders: Orders, how: UpOptions) -> ReplacePolicy:
    """Which of the servers that run are stopped."""
    wanted = frozenset(one.entry.id for one in orders.wanted)
    return ReplacePolicy(how.recreate, how.restart, how.instead, wanted)


def _show_argv(session: Session, files: RunFiles, orders: Orders, how: UpOptions) -> int:
    surroundings = Surroundings(files, os.environ, _replaced(orders, how), remedy_for(session))
    refused = [*orders.decided.values()]
    planned = []
    for one in orders.wanted:
        entry = one.entry
        server = refusal(one)
        action = surroundings.foreseen(one) if how.instead and server is None else None
        if action is not None and action.kind in ("blocked", "doubt"):
            server = UpServer(id=entry.id, name=entry.name, result="failed", message=action.cause)
        if server is not None:
            refused.append(server)
        else:
            argv = (*one.program.command, *one.launch.arguments)
            cause = action.cause if action is not None and action.stops else None
            planned.append(Planned(id=entry.id, name=entry.name, argv=argv, message=cause))
    report = DryRun(servers=tuple(planned), refused=tuple(refused))
    session.output.data(report)
    session.output.print(dry_run_text(report))
    for warning in orders.memory_warnings:
        session.output.note(f"warning: {warning}")
    for started in report.servers:
        if started.message is not None:
            session.output.note(f"{started.name}: {started.message}")
    for server in report.refused:
        for line in (server.message or "").splitlines():
            session.output.note(f"{server.name}: {server.result}: {line}")
    return exit_code(orders, refused)


def start(
    session: Session, files: RunFiles, orders: Orders, how: UpOptions, kept: Services
) -> tuple[dict[str, UpServer], int]:
    """Start them side by side; an interrupt stops what was started here, and nothing else."""
    policy = StartPolicy(
        os.environ,
        how.timeout,
        remedy_for(session),
        not how.no_probe,
        _replaced(orders, how),
        comes_back(session),
        kept,
    )
    wanted = orders.wanted
    progress = Progress(session.output, {one.entry.id: one.entry.name for one in wanted})
    executor = Executor(wanted, files, policy, progress.note)
    signals: list[int] = []
    catch_signals(signals.append)
    executor.begin()
    while not executor.wait(_STEP) and not signals and not progress.hung_up:
        progress.draw(executor.results)
    if signals or progress.hung_up:
        # Stopped first and told afterwards: whoever listened may be gone, or take no word more.
        stopping = Thread(target=executor.stop)
        stopping.start()
        progress.clear()
        session.output.note("interrupted: stopping what was started here")
        stopping.join()
        return executor.results, SIGNALLED + (signals[0] if signals else signal.SIGHUP)
    progress.draw(executor.results)
    progress.clear()
    return executor.results, 0


def _report(session: Session, servers: Sequence[UpServer]) -> None:
    report = UpReport(servers=tuple(servers))
    session.output.data(report)
    session.output.print(up_text(report, session.output.style(sys.stdout)), wrap=True)
    if not servers:
        session.output.note("the profile file lists no profiles")
