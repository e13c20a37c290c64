"""`mlxsm report`: the statuses of many machines as one page that needs nothing but a browser."""

from __future__ import annotations

from collections import Counter

from mlxsm_sync import __version__
from mlxsm_sync.commands.output import echo, telling_of
from mlxsm_sync.commands.output_paths import STDOUT
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import InvalidFile, MlxsmError, UsageError
from mlxsm_sync.files.atomic import write_whole
from mlxsm_sync.planning.fleet import Fleet, Told, join
from mlxsm_sync.syntax.source import decode, read_bytes
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.text.redaction import redacted
from mlxsm_sync.text.times import now
from mlxsm_sync.values.status import STANDINGS, MachineStatus
from mlxsm_sync.values.status_file import NotAStatus, read_status
from mlxsm_sync.values.status_reports import FileFault, FleetReport, JoinedMachine
from mlxsm_sync.views.fleet import STANDING_WORDS, page_of
from mlxsm_sync.views.fleet_page import html
from mlxsm_sync.views.style import plural

SOME_LEFT_OUT = 3
"""The exit code where the page is written, but not of all files."""


def report(session: Session, statuses: tuple[str, ...], out: str, own: MachineStatus | None) -> int:
    """Join the statuses, or show `own` where none is named; the exit code says whether all were joined."""
    output = session.output
    output.stdout_is_taken = out == STDOUT and not output.json
    if output.json and out == STDOUT:
        raise UsageError("--json and -o - both print it", "leave out one of the two")
    for path in statuses:
        session.tell_of_input(path)
    fleet = join([Told(None, own)] if own is not None else map(_told, statuses))
    page = html(page_of(fleet, at=now(), version=__version__))
    if out == STDOUT:
        echo(page, end="")
    else:
        write_whole(out, page, private=False)
    with telling_of(None if out == STDOUT else out):
        output.data(_report(fleet, None if out == STDOUT else out))
        _tell(session, fleet, out)
    return SOME_LEFT_OUT if fleet.problems else 0


def _told(path: str) -> Told | FileFault:
    """The status in a file, or why there is none that can be read."""
    try:
        return Told(path, read_status(decode(read_bytes(path), Problems(path))))
    except InvalidFile as error:
        return FileFault(path=path, message=str(error.problems[0].message))
    except MlxsmError as error:
        return FileFault(path=path, message=error.message)
    except NotAStatus as error:
        return FileFault(path=path, message=str(error))


def _report(fleet: Fleet, path: str | None) -> FleetReport:
    """What was joined, without what looks like a secret in words of others."""
    machines = tuple(
        JoinedMachine(
            name=redacted(one.status.machine.name),
            status=one.status.plan.status,
            at=one.status.at,
            path=redacted(one.path) if one.path is not None else None,
        )
        for one in fleet.machines
    )
    problems = tuple(
        FileFault(path=redacted(one.path), message=redacted(one.message)) for one in fleet.problems
    )
    return FleetReport(path=path, machines=machines, problems=problems)


def _tell(session: Session, fleet: Fleet, out: str) -> None:
    for one in fleet.problems:
        session.output.note(f"warning: {redacted(one.path)}: {redacted(one.message)}", always=True)
    counts = Counter(one.status.plan.status for one in fleet.machines)
    standings = ", ".join(f"{counts[one]} {STANDING_WORDS[one]}" for one in STANDINGS if counts[one])
    what = ": ".join(filter(None, [plural(len(fleet.machines), "machine"), standings]))
    session.output.note(what if out == STDOUT else f"wrote {out}, {what}")
    if not fleet.machines:
        session.output.note("hint: mlxsm status -o FILE writes what a machine says of itself")
