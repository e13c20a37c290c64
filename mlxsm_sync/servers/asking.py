"""One question to a server that says it is well: of a cluster, health proves nothing.

A rank that hangs, or whose machine is gone without a word, leaves the first one as it was: its health is
good, and every completion waits. Only an answer tells.
"""

from __future__ import annotations

from mlxsm_sync.servers import probe
from mlxsm_sync.servers.observing import look
from mlxsm_sync.servers.plan import Observation
from mlxsm_sync.system import ports
from mlxsm_sync.system.current import is_connected
from mlxsm_sync.system.process import group_members
from mlxsm_sync.values.run import RunRecord

PATIENCE = 10.0
"""Seconds for an answer that somebody waits for."""
_LONG_PATIENCE = 30.0
"""Seconds for an answer before a cluster is started anew."""


def look_and_ask(record: RunRecord) -> Observation:
    """How the server of a record is; the first rank of a cluster must answer to count as ready.

    One that somebody is connected to may be busy, and is left to a person.
    """
    seen = look(record)
    if record.cluster is None or seen.status != "ready" or seen.pid is None:
        return seen
    is_used = is_connected(record.port, {seen.pid, *group_members(seen.pid)})
    return asked(record, seen, PATIENCE if is_used else _LONG_PATIENCE, certain=not is_used)


def asked(record: RunRecord, seen: Observation, seconds: float, *, certain: bool = False) -> Observation:
    """The same after one question to a server that looks ready: what it is if it does not answer in time."""
    if seen.status != "ready":
        return seen
    if answers(record, seconds):
        return seen
    message = f"it did not answer a question within {seconds:g} s, though its health is good"
    return seen._replace(status="dead-thread", last_error=message, certain=certain)


def answers(record: RunRecord, seconds: float) -> bool:
    """Whether a server answers a question of one token."""
    try:
        question = probe.one_token(ports.reachable(ports.resolve(record.host, record.port)), seconds)
    except OSError:
        return False
    try:
        answer = question.answer(seconds)
        return answer is not None and answer.status == 200
    finally:
        question.close()
