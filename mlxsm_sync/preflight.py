"""Everything that can be told before a server is started, all of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mlxsm_sync import model_files, ports
from mlxsm_sync.flags import FIRST_SAFE, written
from mlxsm_sync.launch import Consent, Launch, Program, is_older, launch
from mlxsm_sync.processes import belongs_to
from mlxsm_sync.server import Record
from mlxsm_sync.state import Entry


class Checked(NamedTuple):
    """An entry that is to be served, and what was found out about it."""

    entry: Entry
    launch: Launch
    problems: tuple[str, ...]
    """What would make the start fail."""
    warnings: tuple[str, ...]
    """What is allowed, and worth a look."""


def check(entry: Entry, program: Program, consent: Consent, environment: Mapping[str, str]) -> Checked:
    """Look at the options and the model of an entry; its port is looked at when it is started."""
    files = model_files.look_at(entry.profile.model_id, environment)
    start = launch(entry.profile, files.argument, program, consent)
    unreadable = [f"its {path.rpartition('/')[2]} cannot be read" for path in entry.unreadable]
    warnings = () if files.warning is None else (files.warning,)
    return Checked(entry, start, (*unreadable, *files.problems, *start.problems), warnings)


def about_program(program: Program) -> list[str]:
    """What there is to say about the server program itself."""
    if program.version is None:
        return ["the release of the server cannot be told: its options are taken for those of the newest"]
    if is_older(program.version, FIRST_SAFE):
        what = f"mlx-lm {program.version} runs code out of any model that a client names (CVE-2026-5843)"
        return [f"{what}: install {written(FIRST_SAFE)} or newer"]
    return []


def port_problem(host: str, port: int, ours: Iterable[Record]) -> str | None:
    """Why a port is not to be had, and how to get it where another server of ours has it."""
    problem = ports.problem(host, port)
    if problem is None:
        return None
    holders = ports.holders(host, port)
    # By the mark alone: a record may be of a process that is gone, and its number somebody else's now.
    pids = [one.pid for one in holders if one.pid is not None]
    known = [record.name for record in ours for pid in pids if belongs_to(pid, record)]
    return f'{problem}; that is "{known[0]}": mlxsm down frees it' if known else problem
