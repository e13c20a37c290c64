"""How servers are, asked anew each time: a record is a hint, the process and its socket are the facts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mlxsm_sync.servers import log_messages, logs, probe, ranks
from mlxsm_sync.servers.explaining import exit_reason, failure
from mlxsm_sync.servers.plan import Observation
from mlxsm_sync.servers.silence import is_mute
from mlxsm_sync.system import ports
from mlxsm_sync.system.current import age
from mlxsm_sync.system.portable import is_suspended
from mlxsm_sync.system.process import Handle
from mlxsm_sync.system.process_identity import identify, is_ours
from mlxsm_sync.text.amounts import duration
from mlxsm_sync.values.cluster import RankRecord
from mlxsm_sync.values.endings import code_text
from mlxsm_sync.values.run import Ending, RunRecord, Status

_PATIENCE = 3.0
"""Seconds for an answer about health; a busy server has been seen to take 0.04."""
_NO_SOCKET_SECONDS = 10.0
"""Since its start, for a server to listen after all when its log says that it cannot."""


def look(
    record: RunRecord, ending: Callable[[], Ending | None] = lambda: None, asked: float | None = None
) -> Observation:
    """How the server of a record is now.

    `ending` tells what its parent noted, and is only asked when the server has ended; `asked` is when
    it was asked to end.
    """
    found = identify(record)
    if found.doubt is not None:
        return Observation("crashed", last_error=found.doubt, doubtful=True)
    if found.handle is None:
        if found.rebooted:
            return Observation("stopped", last_error="this machine was rebooted since")
        return _ended(record, ending(), asked)
    try:
        return _alive(record, found.handle)
    finally:
        found.handle.close()


def _ended(record: RunRecord, ending: Ending | None, asked: float | None) -> Observation:
    if record.failure is not None:
        return Observation("crashed", last_error=f"failed to start: {record.failure}")
    if ending is not None and ending.idle_seconds is not None:
        idle = f"stopped, idle for {duration(ending.idle_seconds)}"
        return Observation("stopped", last_error=idle, ending=ending)
    if ending is not None and ending.reason is not None:
        return Observation("crashed", last_error=f"mlxsm run ended it: {ending.reason}", ending=ending)
    if asked is not None:
        how = f": {code_text(ending.code)}" if ending is not None else ""
        return Observation("stopped", last_error=f"it exited after a request to stop{how}", ending=ending)
    code = ending.code if ending is not None else None
    rank = record.cluster
    if rank is not None and ranks.has_lost_its_peer(record, code, logs.part(Path(record.log))):
        return Observation("stopped", last_error=ranks.peer_left(rank), ending=ending)
    reason = exit_reason(Path(record.log), record.own_log_bytes, code)
    return Observation("crashed", last_error=reason, ending=ending)


def _alive(record: RunRecord, handle: Handle) -> Observation:
    if (rank := record.cluster) is not None and (of_rank := _of_rank(record, rank, handle)) is not None:
        return of_rank
    held = ports.holders(record.host, record.port, (handle.pid,))
    ours = [one for one in held if is_ours(one.pid, record.model_copy(pid=handle.pid))]
    if not ours:
        taken = f"port {record.port} is held by {ports.describe(held)}" if held else None
        if taken or record.ready is not None:
            return Observation("no-socket", handle.pid, taken or "it does not listen any more")
        return _unbound(record, handle)
    others = [one for one in held if one not in ours]
    if rivals := ports.rivals(ours, others, record.host, record.port):
        taken = f"port {record.port} is held by {ports.describe(rivals)}, too"
        return Observation("no-socket", handle.pid, taken, certain=False)
    place = ports.reachable(ports.resolve(record.host, record.port))
    answer = probe.health(place, _PATIENCE)
    if answer is None:
        unheard = f"it does not answer within {_PATIENCE:g} s"
        status: Status = "loading" if record.ready is None else "dead-thread"
        return Observation(status, handle.pid, unheard, certain=False)
    if answer.status == 503:
        return Observation(
            "dead-thread", handle.pid, _explained(record, "its model cannot be used (health 503)")
        )
    if is_mute(record, handle.pid, place):
        return Observation("dead-thread", handle.pid, _explained(record, "it neither answers nor works"))
    return Observation("ready" if record.ready is not None else "loading", handle.pid)


def _of_rank(record: RunRecord, rank: RankRecord, handle: Handle) -> Observation | None:
    """How one of several ranks is, as far as its connections tell; None where its HTTP tells the rest."""
    others = ranks.missing(record, handle.pid)
    serves = rank.rank == 0 and bool(ports.holders(record.host, record.port, (handle.pid,)))
    if others and record.ready is None and not serves:
        return Observation("waiting", handle.pid, ranks.waits_for(rank, others), certain=False)
    if (trouble := ranks.trouble_of_link(rank)) is not None:
        return Observation("waiting", handle.pid, f"{rank.called}: {trouble}", certain=False)
    if rank.rank == 0:
        return None
    if others:
        lost = " and ".join(map(rank.told, others))
        return Observation("dead-thread", handle.pid, f"{rank.called} has lost {lost}")
    suspended = is_suspended(handle.pid)
    why = f"it is suspended, and so is its cluster: kill -CONT {handle.pid} continues it"
    return Observation("joined", handle.pid, why if suspended else None)


def _unbound(record: RunRecord, handle: Handle) -> Observation:
    """A server that does not listen yet, or never will: by now nobody but itself writes its log."""
    said = log_messages.death(logs.part(Path(record.log)), listened=False)
    if said is not None and (age(handle.pid) or 0) > _NO_SOCKET_SECONDS:
        return Observation("no-socket", handle.pid, said)
    return Observation("loading", handle.pid)


def _explained(record: RunRecord, fact: str) -> str:
    return failure(Path(record.log), record.own_log_bytes or 0, fact)
