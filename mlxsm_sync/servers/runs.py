"""Begin one run of a server: its record is on the disk before its process lives, so it is always found."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from mlxsm_sync.servers import logs
from mlxsm_sync.servers.command_line import Program
from mlxsm_sync.servers.ranks import variables
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.system import spawn
from mlxsm_sync.system.current import boot_id
from mlxsm_sync.system.managers import manager_of_this_process
from mlxsm_sync.system.process_identity import noted, noted_child, noted_runner
from mlxsm_sync.system.run_marks import run_mark
from mlxsm_sync.text.json_value import canonical, digest_bytes
from mlxsm_sync.text.times import now
from mlxsm_sync.values.cluster import RankRecord
from mlxsm_sync.values.run import RunRecord
from mlxsm_sync.values.state import Entry


class Begun(NamedTuple):
    """A run whose process lives, or has lived."""

    record: RunRecord
    parent: spawn.Shim | spawn.Child
    """Who is told how it ends: a shim, or this process itself."""


def begin(
    entry: Entry,
    program: Program,
    arguments: Sequence[str],
    files: RunFiles,
    environment: Mapping[str, str],
    *,
    foreground: bool = False,
    rank: RankRecord | None = None,
) -> Begun:
    """Start the process, under the lock of its entry; ServerError where the system refuses.

    In the foreground this process is its parent, and no shim is.
    """
    logs.rotate(files.log_path(entry.id))
    record = _record(entry, program, arguments, files).model_copy(cluster=rank)
    if foreground:
        manager = manager_of_this_process(entry.id, environment)
        record = noted_runner(record.model_copy(manager=manager))
    files.forget_run(entry.id)
    files.write(record)
    try:
        cluster = entry.profile.cluster
        own = variables(cluster, rank, files, entry.id) if cluster is not None and rank is not None else {}
        if foreground:
            child = _child(record, files, environment, own)
            return Begun(noted_child(record, child.pid), child)
        started = _process(record, files, environment, own)
    except BaseException:
        files.forget_run(entry.id)
        raise
    return Begun(noted(record, started.pid, started.shim.pid), started.shim)


def _child(
    record: RunRecord, files: RunFiles, environment: Mapping[str, str], own: Mapping[str, str]
) -> spawn.Child:
    descriptor = logs.open_new(Path(record.log))
    try:
        argv = (*record.command, *record.arguments)
        place = files.ending_path(record.id).with_suffix(".json")
        return spawn.start_child(argv, environment, descriptor, place, run_mark(record), Path("/"), own)
    finally:
        os.close(descriptor)


def _process(
    record: RunRecord, files: RunFiles, environment: Mapping[str, str], own: Mapping[str, str]
) -> spawn.Started:
    descriptor = logs.open_new(Path(record.log))
    try:
        return spawn.start(
            (*record.command, *record.arguments),
            environment,
            descriptor,
            files.ending_path(record.id),
            run_mark(record),
            Path("/"),
            own,
        )
    finally:
        os.close(descriptor)


def _record(entry: Entry, program: Program, arguments: Sequence[str], files: RunFiles) -> RunRecord:
    return RunRecord(
        id=entry.id,
        name=entry.name,
        owner=entry.owner,
        host=entry.profile.host,
        port=entry.profile.port,
        run_id=token_hex(16),
        boot_id=boot_id(),
        command=program.command,
        arguments=tuple(arguments),
        server_version=program.version,
        installed_version=program.version,
        profile_digest=digest_bytes(canonical(entry.profile.sparse).encode()),
        log=str(files.log_path(entry.id)),
        started_at=now(),
    )
