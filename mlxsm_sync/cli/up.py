"""`mlxsm up` and `mlxsm restart`: run the declared servers, and say ready only when they are."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.cli.plan import DECISIONS
from mlxsm_sync.cli.progress import Progress
from mlxsm_sync.cli.runtime import run_files
from mlxsm_sync.errors import ServerTrouble, Usage

if TYPE_CHECKING:
    from mlxsm_sync.declared import Declared
    from mlxsm_sync.launch import Program
    from mlxsm_sync.preflight import Checked
    from mlxsm_sync.run_files import RunFiles
    from mlxsm_sync.server import UpResult, UpServer

DEFAULT_TIMEOUT = 600.0
SIGNALLED = 128
_STEP = 0.1


class How(NamedTuple):
    """How servers are to be started, as the command line says."""

    timeout: float
    no_probe: bool
    server_command: str | None
    allow_host: tuple[str, ...]
    allow_arg: tuple[str, ...]
    recreate: bool = False
    restart: bool = False


_how = options.together(
    click.option(
        "--timeout",
        type=options.Seconds(min=0, max=options.MOST_SECONDS, min_open=True),
        default=DEFAULT_TIMEOUT,
        show_default=True,
        metavar="SECONDS",
        help="How long a server may take until it is ready.",
    ),
    click.option("--no-probe", is_flag=True, help="Settle for socket and health; ask the model nothing."),
    options.server_command,
    click.option(
        "--allow-host", multiple=True, metavar="HOST", help="Let servers listen on this host for others."
    ),
    click.option(
        "--allow-arg",
        multiple=True,
        metavar="FLAG",
        help="Let this raw argument pass.",
    ),
)


@click.command(
    epilog="""\b
Examples:
  mlxsm up                         every profile of ./profiles.yaml
  mlxsm up Qwen Coder              two of them
  mlxsm up --recreate              start anew what runs with older options
  mlxsm up --dry-run               only print the command lines
  mlxsm up --allow-host 0.0.0.0    consent that no profile file can give
Next: mlxsm ps, mlxsm logs NAME -f, mlxsm connect NAME, mlxsm down."""
)
@options.file_names
@click.option("--recreate", is_flag=True, help="Start anew what runs with older options.")
@click.option("--dry-run", is_flag=True, help="Print the command lines and start nothing.")
@_how
@options.profile_file
@options.state
@options.as_json
@click.pass_obj
def up(shared: Shared, /, names: tuple[str, ...], dry_run: bool, **how: Any) -> int:
    """Start the servers of the profile file, and wait until each has loaded its model.

    What runs is what was reviewed and applied. A server that fails is ended, with the reason from its log.
    """
    files = run_files(shared)
    rows = _declared(shared, names)
    _refuse_meeting(rows)
    return _bring_up(shared, files, rows, How(**how), dry_run=dry_run)


@click.command(
    epilog="""\b
Examples:
  mlxsm restart Qwen       stop it and start it again
Next: mlxsm ps."""
)
@options.some_names
@_how
@options.profile_file
@options.state
@options.as_json
@click.pass_obj
def restart(shared: Shared, /, names: tuple[str, ...], **how: Any) -> int:
    """Stop servers and start them again; those that do not run are started."""
    files = run_files(shared)
    from mlxsm_sync.cli.entries import chosen

    ids = {entry.id for entry in chosen(shared.store.read(), names)}
    rows = [row for row in _declared(shared, ()) if row.entry_id in ids]
    _refuse_meeting(rows)
    if len(rows) < len(ids):
        raise ServerTrouble(
            "not all of these are in the profile file as they are on this machine; nothing was stopped",
            "mlxsm plan tells what differs",
        )
    return _bring_up(shared, files, rows, How(**how, restart=True), dry_run=False)


def _declared(shared: Shared, names: Sequence[str]) -> list[Declared]:
    """The profiles that are meant, and what may be served of them."""
    from mlxsm_sync.declared import Remedies, declared
    from mlxsm_sync.selectors import resolve

    desired, state = shared.desired(), shared.store.read()
    choices = resolve(desired, state, only=names)
    if choices.orphans_only:
        raise Usage(f'there is no profile "{min(choices.orphans_only)}" in the file', "up takes its names")
    return declared(desired, state, choices.only, Remedies(shared.command("apply"), shared.command("pull")))


def _refuse_meeting(rows: Sequence[Declared]) -> None:
    """ServerTrouble where two of these want one port."""
    from mlxsm_sync.declared import meeting, place

    if pair := meeting(row.wanted for row in rows):
        first, second = (f'"{one.profile.name}"' for one in pair)
        raise ServerTrouble(
            f"{first} and {second} want one port, {place(pair[0])}: only one can be up; nothing was started",
            "name those that you want: mlxsm up NAME",
        )


class _Sorted(NamedTuple):
    """What can be started, and what cannot and why."""

    ready: list[Checked]
    refused: dict[int, UpServer]
    """By the profile's place in the file."""
    code: int
    """What the refusals alone make of the exit code."""


def _bring_up(shared: Shared, files: RunFiles, rows: list[Declared], how: How, *, dry_run: bool) -> int:
    from mlxsm_sync.installed import find_program
    from mlxsm_sync.launch import Program

    trouble: str | None = None
    program = Program(())
    try:
        program = find_program(how.server_command, os.environ)
    except ServerTrouble as error:
        trouble = f"{error.message}: {error.hint}"
    sorted_ = _sort(shared, files, rows, how, program, trouble)
    if dry_run:
        return _show_argv(shared, program, sorted_)
    results, code = _start(shared, files, sorted_.ready, how, program)
    told = (sorted_.refused.get(row.wanted.index) or results.get(row.entry_id) for row in rows)
    _report(shared, [server for server in told if server is not None])
    if code >= SIGNALLED:
        return code
    return 1 if 1 in (code, sorted_.code) else max(code, sorted_.code)


def _sort(
    shared: Shared, files: RunFiles, rows: list[Declared], how: How, program: Program, trouble: str | None
) -> _Sorted:
    """Look at everything before anything is started."""
    from mlxsm_sync.launch import Consent
    from mlxsm_sync.preflight import about_program, check
    from mlxsm_sync.server import UpServer

    consent = Consent(frozenset(how.allow_host), frozenset(how.allow_arg))
    ready: list[Checked] = []
    refused: dict[int, UpServer] = {}
    codes = {0}
    for row in rows:
        if row.entry is None:
            told = UpServer(id=None, name=row.wanted.profile.name, result="refused", message=row.reason)
            refused[row.wanted.index] = told
            codes.add(DECISIONS)
            continue
        checked = check(row.entry, program, consent, os.environ)
        for warning in checked.warnings:
            shared.output.say(f"warning: {row.entry.name}: {warning}")
        stops = [*([trouble] if trouble else checked.problems), *checked.launch.unallowed]
        if files.adopted(row.entry.id) is not None:
            stops.append("a server that mlxsm did not start is adopted for it: mlxsm forget drops that")
        if stops:
            result: UpResult = "failed" if trouble or checked.problems else "refused"
            told = UpServer(id=row.entry.id, name=row.entry.name, result=result, message="\n".join(stops))
            refused[row.wanted.index] = told
            codes.add(1)
        else:
            ready.append(checked)
    if ready:
        for word in about_program(program):
            shared.output.say(f"warning: {word}")
    return _Sorted(ready, refused, 1 if 1 in codes else max(codes))


def _show_argv(shared: Shared, program: Program, sorted_: _Sorted) -> int:
    from mlxsm_sync.render_servers import dry_run_text
    from mlxsm_sync.server import DryRun, Planned

    report = DryRun(
        servers=tuple(
            Planned(id=one.entry.id, name=one.entry.name, argv=(*program.command, *one.launch.arguments))
            for one in sorted_.ready
        ),
        refused=tuple(sorted_.refused.values()),
    )
    shared.output.data(report)
    shared.output.show(dry_run_text(report))
    for told in report.refused:
        for line in (told.message or "").splitlines():
            shared.output.say(f"{told.name}: {told.result}: {line}")
    return sorted_.code


def _start(
    shared: Shared, files: RunFiles, ready: list[Checked], how: How, program: Program
) -> tuple[dict[str, UpServer], int]:
    """Start them side by side; an interrupt stops what was started here, and nothing else."""
    from mlxsm_sync.starting import Settings
    from mlxsm_sync.starts import Starts

    settings = Settings(
        program, os.environ, how.timeout, not how.no_probe, recreate=how.recreate, restart=how.restart
    )
    progress = Progress(shared.output, {one.entry.id: one.entry.name for one in ready})
    starts = Starts(ready, files, settings, progress.tell)
    signals: list[int] = []
    _catch_signals(signals.append)
    starts.begin()
    while not starts.wait(_STEP) and not signals:
        progress.draw(starts.results)
    progress.clear()
    if signals:
        shared.output.say("interrupted: stopping what was started here")
        starts.stop()
        return starts.results, SIGNALLED + signals[0]
    return starts.results, int(any(one.result == "failed" for one in starts.results.values()))


def _catch_signals(note: Callable[[int], None]) -> None:
    """Let the first signal be handled with care; a second one ends at once, as it does elsewhere."""
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.getsignal(name) for name in names}

    def handle(number: int, _frame: FrameType | None) -> None:
        for name, handler in before.items():
            signal.signal(name, handler)
        note(number)

    for name in names:
        if before[name] != signal.SIG_IGN:
            signal.signal(name, handle)


def _report(shared: Shared, servers: Sequence[UpServer]) -> None:
    from mlxsm_sync.render_servers import up_text
    from mlxsm_sync.server import UpReport

    report = UpReport(servers=tuple(servers))
    shared.output.data(report)
    shared.output.show(up_text(report, shared.output.style(sys.stdout)))
    if not servers:
        shared.output.say("the profile file lists no profiles")
