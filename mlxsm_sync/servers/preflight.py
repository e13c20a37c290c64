"""Everything that can be told before a server is started, all of it at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from mlxsm_sync.servers import model_files, port_owners
from mlxsm_sync.servers.cluster_preflight import look_at_cluster
from mlxsm_sync.servers.command_line import Consent, Launch, Program, is_older, launch
from mlxsm_sync.servers.fitting import Sized, sized
from mlxsm_sync.servers.option_files import option_files
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.system import ports
from mlxsm_sync.system.process_identity import found
from mlxsm_sync.text.program_words import project_option
from mlxsm_sync.values.choices import as_argument
from mlxsm_sync.values.cluster import RankRecord
from mlxsm_sync.values.hosts import may_meet
from mlxsm_sync.values.run import RunRecord
from mlxsm_sync.values.server_options import FIRST_SAFE, FIRST_UNSAFE, written
from mlxsm_sync.values.state import Entry


class Checked(NamedTuple):
    """An entry that is to be served, and what was found out about it."""

    entry: Entry
    launch: Launch
    problems: tuple[str, ...]
    """What would make the start fail."""
    warnings: tuple[str, ...]
    """What is allowed, and worth a look."""
    memory: Sized
    """What it needs."""
    rank: RankRecord | None = None
    """Which rank of its cluster this machine runs."""


def check(
    entry: Entry, program: Program, consent: Consent, environment: Mapping[str, str], machine: str = ""
) -> Checked:
    """Look at the options and the model of an entry; its port is looked at when it is started.

    `machine` is what this one is called, which tells the rank of a cluster.
    """
    files = model_files.model_of(entry, environment)
    start = launch(entry.profile, files.argument, program, consent, model_files.finder(entry))
    unreadable = [f"its {path.rpartition('/')[2]} cannot be read" for path in entry.unreadable]
    named = [*option_files(entry, environment)]
    warnings = filter(None, [files.warning, *(one.warning for one in named)])
    memory = sized(entry, environment)
    about_memory = () if memory.problem is None else (memory.problem,)
    about_options = (problem for one in named for problem in one.problems)
    cluster = look_at_cluster(entry, program, machine, environment)
    problems = (
        *unreadable,
        *files.problems,
        *about_options,
        *start.problems,
        *about_memory,
        *cluster.problems,
    )
    return Checked(entry, start, problems, (*warnings, *cluster.warnings), memory, cluster.rank)


def about_program(program: Program) -> list[str]:
    """What there is to say about the server program itself."""
    notes = []
    if (project := project_option(program.command)) is not None:
        runner, option = project
        notes.append(
            f"{runner} run looks for its project in /, where servers run, and not here: "
            f"name the project, as in {runner} run {option} . mlx_lm.server"
        )
    if program.version is None:
        known = "its options were read" if program.known is not None else "assuming the newest"
        notes.append(f"cannot determine the mlx-lm version; {known}")
    elif is_older(program.version, FIRST_SAFE) and not is_older(program.version, FIRST_UNSAFE):
        what = f"mlx-lm {program.version} runs code out of any model that a client names (CVE-2026-5843)"
        notes.append(f"{what}: install {written(FIRST_SAFE)} or newer")
    return notes


class PortTrouble(NamedTuple):
    """Why a port cannot be used."""

    problem: str
    servers: dict[str, str]
    """The servers of ours that hold it: their names, by entry."""
    strangers: bool
    """Whether somebody else is in the way, or something else is."""
    held: bool
    """Whether anybody holds it."""
    lost: str | None = None
    """What there is to say of a server of ours that holds it and has no record here."""

    @property
    def ours(self) -> frozenset[str]:
        """The entries whose servers hold it."""
        return frozenset(self.servers)

    def message(self, remedy: Callable[[str, str], str]) -> str:
        """The trouble; `remedy` makes the command line of a command for the server of a name."""
        if not self.servers:
            return f"{self.problem}; {self.lost}" if self.lost else self.problem
        name = next(iter(self.servers.values()))
        return f'{self.problem}; that is "{name}": {remedy("down", name)} frees it'

    def advice(self, remedy: Callable[[str, str], str], name: str, switch: str | None = None) -> str | None:
        """What the profile of a name can do; `switch` is the command that stops servers of ours for it."""
        if self.servers and switch is not None and not self.strangers:
            return f"{remedy(switch, name)} starts this one in its place"
        if self.servers or self.lost or not self.held:
            return None
        return f"stop what holds it, adopt it ({remedy('adopt', name)}), or choose another port"


def plain_remedy(command: str, name: str) -> str:
    """A command line for the server of a name."""
    return f"mlxsm {command} {as_argument(name)}"


def _to_be_taken(host: str, port: int, files: RunFiles) -> PortTrouble | None:
    """Servers of ours that will have a port: old releases bind it only when their model is loaded."""
    coming = {}
    for record in files.records().values():
        if not isinstance(record, RunRecord) or record.ready is not None or record.port != port:
            continue
        if not record.serves:
            continue
        if may_meet(record.host.lower(), host.lower()):
            with found(record) as server:
                if server.handle is not None:
                    coming[record.id] = record.name
    if not coming:
        return None
    return PortTrouble(f"port {port} is about to be taken", coming, strangers=False, held=True)


def port_trouble(host: str, port: int, files: RunFiles) -> PortTrouble | None:
    """Why a port cannot be used; None if it is free."""
    problem = ports.problem(host, port)
    if problem is None:
        return _to_be_taken(host, port, files)
    holders = ports.in_the_way(host, port)
    owners = [port_owners.owner_of([one], files) for one in holders]
    known = [one.record for one in owners if one is not None and one.record is not None]
    lost = next((one for one in owners if one is not None and one.record is None), None)
    return PortTrouble(
        problem,
        {record.id: record.name for record in known},
        strangers=len(known) < len(holders) or not holders,
        held=bool(holders),
        lost=port_owners.describe(lost, files) if lost is not None else None,
    )
