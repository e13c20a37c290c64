"""`mlxsm down`: stop servers that we started, and nothing else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.cli.runtime import by_name, owner_of_file, run_files
from mlxsm_sync.errors import Usage

if TYPE_CHECKING:
    from mlxsm_sync.run_files import Damaged, RunFiles
    from mlxsm_sync.server import DownResult, DownServer, Record
    from mlxsm_sync.state import State

_GRACE = 30.0


@click.command(
    epilog="""\b
Examples:
  mlxsm down                    the servers of this profile file's collection
  mlxsm down Qwen               one of them
  mlxsm down --all              every server that mlxsm started here
  mlxsm down --grace 5 --force  kill what is still there after 5 seconds
Next: mlxsm ps."""
)
@options.names
@click.option("--all", "everything", is_flag=True, help="Every server that was started for this state.")
@click.option(
    "--grace",
    type=options.Seconds(min=0, max=options.MOST_SECONDS),
    default=_GRACE,
    show_default=True,
    metavar="SECONDS",
    help="How long a server may take to end.",
)
@click.option("--force", is_flag=True, help="Kill what has not ended by then.")
@options.profile_file
@options.state
@options.as_json
@click.pass_obj
def down(shared: Shared, names: tuple[str, ...], everything: bool, grace: float, force: bool) -> int:
    """Stop servers: ask each to end, and wait until it is gone and its port is free.

    Only processes that mlxsm started are ever signalled; in doubt none is.
    """
    if names and everything:
        raise Usage("--all already means every server", "leave out the names, or --all")
    files = run_files(shared)
    records, servers, order = _meant(shared, files, names, everything=everything)
    if records:
        from mlxsm_sync.stopping import stop_all

        servers += stop_all(records, files, grace=grace, force=force)
    _report(shared, sorted(servers, key=lambda one: order.index(one.id)))
    return int(any(one.result == "failed" for one in servers))


def _meant(
    shared: Shared, files: RunFiles, names: tuple[str, ...], *, everything: bool
) -> tuple[list[tuple[str, Record]], list[DownServer], list[str]]:
    """The servers to stop under their names, what is already known of others, and the order of all."""
    from mlxsm_sync.run_files import Damaged

    state = shared.store.read()
    now = {entry.id: entry.name for entry in state.entries}
    known = files.records()
    ids = _ids(shared, state, known, names, everything=everything)
    records: list[tuple[str, Record]] = []
    others: list[DownServer] = []
    place = {entry_id: number for number, entry_id in enumerate(now)}
    order = sorted(ids, key=lambda one: place.get(one, len(place)))
    for entry_id in order:
        match known.get(entry_id):
            case Damaged() as damaged:
                others.append(_told(entry_id, now, "failed", f"{damaged.reason}; nothing was signalled"))
            case None:
                adopted = files.adopted(entry_id) is not None
                message = "adopted: mlxsm did not start it, and does not stop it" if adopted else None
                others.append(_told(entry_id, now, "not-running", message))
            case record:
                records.append((now.get(entry_id, record.name), record))
    return records, others, order


def _ids(
    shared: Shared,
    state: State,
    known: dict[str, Record | Damaged],
    names: tuple[str, ...],
    *,
    everything: bool,
) -> list[str]:
    """The entries whose servers are meant; of all servers, only those that there is something to say of."""
    from mlxsm_sync.run_files import Damaged

    if names:
        return [entry.id for entry in by_name(state, names)]
    owner = None if everything else owner_of_file(shared)
    owners = {entry.id: entry.owner for entry in state.entries}
    return [
        entry_id
        for entry_id, record in known.items()
        if owner is None or isinstance(record, Damaged) or owners.get(entry_id, record.owner) == owner
    ]


def _told(entry_id: str, names: dict[str, str], result: DownResult, message: str | None) -> DownServer:
    from mlxsm_sync.server import DownServer

    return DownServer(id=entry_id, name=names.get(entry_id, entry_id), result=result, message=message)


def _report(shared: Shared, servers: list[DownServer]) -> None:
    from mlxsm_sync.render_servers import down_text
    from mlxsm_sync.server import DownReport

    report = DownReport(servers=tuple(servers))
    shared.output.data(report)
    shared.output.show(down_text(report, shared.output.style(sys.stdout)))
    if not servers:
        shared.output.say("no server that mlxsm started is running")
