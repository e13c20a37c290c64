"""Servers that we started and whose record is gone: the marks that they carry are all that tells of them.

A mark names the entry and the run; where the record was meant to be tells which state they belong to.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from mlxsm_sync.servers import command_words
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.system.current import all_pids, boot_id, command_line, facts, pid_space, variable
from mlxsm_sync.system.process_identity import is_shim, shim_words
from mlxsm_sync.system.run_marks import RECORD_VARIABLE, Mark, mark_of
from mlxsm_sync.values import hosts
from mlxsm_sync.values.run import RunRecord

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_NO_PORT = 0


def unrecorded(files: RunFiles) -> list[RunRecord]:
    """A record for each run of this state that lives and has none; to look takes some milliseconds."""
    found: defaultdict[Mark, list[int]] = defaultdict(list)
    for pid in all_pids():
        mark = mark_of(pid)
        if mark is not None and _RUN_ID.fullmatch(mark.run_id) and not is_shim(pid) and is_here(pid, files):
            found[mark].append(pid)
    known = files.records()
    return [_record(mark, pids) for mark, pids in sorted(found.items()) if mark.id not in known]


def carriers(files: RunFiles, entry_id: str) -> list[int]:
    """The processes that were started for an entry of this state, whatever its record says."""
    found = []
    for pid in all_pids():
        mark = mark_of(pid)
        if mark is not None and mark.id == entry_id and not is_shim(pid) and is_here(pid, files):
            found.append(pid)
    return found


def is_here(pid: int, files: RunFiles) -> bool:
    """Whether a process that carries a mark was started for this state."""
    place = run_folder_of(pid)
    with suppress(OSError):
        return place is not None and os.path.samefile(place, files.folder)
    return False


def run_folder_of(pid: int) -> Path | None:
    """Where the record of a marked process was meant to be; earlier versions told only its parent."""
    if record := variable(pid, RECORD_VARIABLE):
        return Path(record).parent
    with suppress(OSError):
        about = facts(pid)
        words = shim_words(about.session) if about is not None else None
        return Path(words[0]).parent if words else None
    return None


def _record(mark: Mark, pids: list[int]) -> RunRecord:
    """What can be told of a run by its processes."""
    pid = next((one for one in pids if _leads_a_group(one)), None)
    words = _words(pids)
    port = command_words.option(words, "--port") or ""
    return RunRecord(
        id=mark.id,
        name=mark.id,
        owner=None,
        host=command_words.option(words, "--host") or hosts.DEFAULT,
        port=int(port) if re.fullmatch("[0-9]{1,5}", port) else _NO_PORT,
        run_id=mark.run_id,
        boot_id=boot_id(),
        pid=pid,
        pid_space=pid_space(),
        command=(),
        arguments=tuple(words),
        server_version=None,
        profile_digest="",
        log="",
        started_at="",
    )


def _leads_a_group(pid: int) -> bool:
    with suppress(OSError):
        about = facts(pid)
        return about is not None and about.group == pid != about.session
    return False


def _words(pids: list[int]) -> list[str]:
    """The command line of a server; that of its parent has it as it was given."""
    for pid in pids:
        with suppress(OSError):
            about = facts(pid)
            if about is not None and (words := shim_words(about.session)):
                return words[2:]
    return next(filter(None, map(command_line, pids)), [])
