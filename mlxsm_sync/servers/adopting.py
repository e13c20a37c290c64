"""Adopt a server that somebody else started: what can be proved about it, and nothing else done to it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from mlxsm_sync.errors import ServerError
from mlxsm_sync.servers import command_words, model_files, port_owners, probe
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.system import ports
from mlxsm_sync.system.current import command_line, working_folder
from mlxsm_sync.system.process_identity import identify
from mlxsm_sync.text.secret_scan import looks_like
from mlxsm_sync.text.times import now
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.run import Adopted, Listener, RunRecord
from mlxsm_sync.values.state import Entry

_PATIENCE = 5.0


class Adoption(NamedTuple):
    """What was adopted, and what was found out about it."""

    endpoint: str
    findings: tuple[str, ...]


def adopt(entry: Entry, files: RunFiles) -> Adoption:
    """Remember the server at an entry's endpoint; ServerError where none answers, or it is ours."""
    host, port = entry.profile.host, entry.profile.port
    where = endpoint(host, port)
    _refuse_ours(entry, files)
    try:
        place = ports.reachable(ports.resolve(host, port))
    except OSError as error:
        raise ServerError(f"the host {host} cannot be found: {error.strerror}") from None
    answer = probe.software(place, _PATIENCE)
    if answer is None:
        raise ServerError(
            f"nothing is listening at {where}: there is nothing to adopt", "mlxsm up starts a server there"
        )
    software, certain = answer
    held = ports.holders(host, port)
    if (owner := port_owners.owner_of(held, files)) is not None:
        message = port_owners.describe(owner, files)
        raise ServerError(f"the server at {where} was started by mlxsm: there is nothing to adopt", message)
    pid = held[0].pid if len(held) == 1 else None
    words = command_line(pid) if pid is not None else []
    model = _model(words, pid)
    files.adopt(
        Adopted(
            id=entry.id,
            name=entry.name,
            host=host,
            port=port,
            software=software,
            pid=pid,
            model=model,
            adopted_at=now(),
        )
    )
    return Adoption(where, tuple(_findings(software, certain, held, words, model, entry)))


def _refuse_ours(entry: Entry, files: RunFiles) -> None:
    record = files.record(entry.id)
    if not isinstance(record, RunRecord):
        return
    found = identify(record)
    if found.handle is not None:
        found.handle.close()
        raise ServerError(
            f'the server of "{entry.name}" was started by mlxsm: there is nothing to adopt',
            f"{files.command('down', entry.name)} stops it",
        )


def _model(words: Sequence[str], pid: int | None) -> str | None:
    """The model in a server's command line; a path as the server itself would find it."""
    model = command_words.option(words, "--model") if command_words.is_mlx_server(words) else None
    if not model or looks_like(model):
        return None
    folder = working_folder(pid) if pid is not None else None
    beside = os.path.join(folder, model) if folder else model
    return os.path.realpath(beside) if os.path.isdir(beside) else model


def _findings(
    software: str,
    certain: bool,
    held: Sequence[Listener],
    words: Sequence[str],
    model: str | None,
    entry: Entry,
) -> list[str]:
    proof = ", confirmed by its response" if certain else "; not confirmed to be mlx_lm.server"
    found = [f"software: {software}{proof}"]
    if len(held) != 1 or held[0].pid is None:
        return [*found, "process: not to be seen"]
    called = "mlx_lm.server by its command line" if command_words.is_mlx_server(words) else "another program"
    found.append(f"process: {held[0].pid}, {called}")
    if model is None:
        return [*found, "model: not in its command line"]
    same = model in (entry.profile.model_id, model_files.model_of(entry, os.environ).argument)
    other = "" if same else f", which is not {entry.profile.model_id}"
    return [*found, f"model: {model}{other}; a client may have made it load another"]
