"""What a server's log adds to what is known of its failure, and how far it can be believed.

Until a server listens, nobody but itself can write into its log. After that clients can, in any form, so what
stands there is only ever told as the last words of the log.
"""

from __future__ import annotations

from pathlib import Path

from mlxsm_sync.servers import log_messages, logs
from mlxsm_sync.values.endings import why


def failure(log: Path, own: int, fact: str, asked_from: int | None = None) -> str:
    """Why a server that lives does not work: `fact` is what is known, `own` how many bytes it alone wrote.

    `asked_from` is the port of a question of ours that it did not answer.
    """
    if reason := log_messages.death(logs.part(log, 0, own), listened=False):
        return reason
    said = log_messages.last_error(logs.part(log, own), asked_from=asked_from)
    return f"{fact}; last in its log: {said}" if said else fact


def timed_out(log: Path, own: int, what: str, *, listened: bool) -> str:
    """Why a server was not ready in time: `what` it did not do, and what its log says of that."""
    if (reason := log_messages.death(logs.part(log, 0, own), listened=listened)) is not None:
        return f"{reason} ({what})"
    last = log_messages.last_words(logs.part(log))
    hint = "--timeout waits longer; HF_HUB_OFFLINE=1 keeps a cached model from asking the hub"
    return f"{what}{f'; last in its log: {last}' if last else ''} ({hint})"


def exit_reason(log: Path, own: int | None, code: int | None) -> str | None:
    """Why a process ended; `own` is None where it is not known when it began to listen."""
    after = logs.part(log, own or 0)
    is_own = own is not None and not after
    said = log_messages.last_error(logs.part(log) if is_own else after, code, words=is_own)
    return why(code, said, own=is_own)
