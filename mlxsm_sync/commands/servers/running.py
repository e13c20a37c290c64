"""The servers of this user as they run: their command lines from the table of processes, asked nothing."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from mlxsm_sync.errors import ServerError
from mlxsm_sync.profile_file.from_commands import of_a_process
from mlxsm_sync.servers import command_words
from mlxsm_sync.system.current import all_pids, command_line, facts, working_folder
from mlxsm_sync.system.run_marks import mark_of
from mlxsm_sync.text.program_words import base, is_python

if TYPE_CHECKING:
    from mlxsm_sync.commands.session import Session
    from mlxsm_sync.profile_file.from_commands import Source


def running(session: Session) -> list[Source]:
    """The start of each server that runs and that mlxsm did not start; ServerError where there is none."""
    found: list[Source] = []
    ours = 0
    for pid in sorted(all_pids()):
        source = _server(pid)
        if source is not None and source.calls and mark_of(pid) is not None:
            ours += 1
        elif source is not None and source.calls:
            found.append(source)
    if ours:
        one = "a server was left out: mlxsm started it, and mlxsm init --from-state has its profile"
        many = "servers were left out: mlxsm started them, and mlxsm init --from-state has their profiles"
        session.output.note(f"note: {one if ours == 1 else f'{ours} {many}'}")
    if not found:
        raise ServerError(
            "no other mlx_lm.server of this user runs here",
            "mlxsm init --from-command takes its command line",
        )
    return found


def _server(pid: int) -> Source | None:
    """A process of this user, if it may be a server itself and no program that waits for one."""
    with suppress(OSError):
        about = facts(pid)
        words = command_line(pid) if about is not None and about.user == os.geteuid() else []
        if words and (is_python(words[0]) or base(words[0]) == "mlx_lm.server"):
            folder = working_folder(pid)
            return of_a_process(_resolved(words, folder), f"process {pid}", folder)
    return None


def _resolved(words: list[str], folder: str | None) -> list[str]:
    """The words with a model that is a folder where the server runs written out."""
    model = command_words.option(words, "--model")
    if not model or folder is None or os.path.isabs(model) or not os.path.isdir(os.path.join(folder, model)):
        return words
    whole = os.path.normpath(os.path.join(folder, model))
    return [whole if word == model else word.replace(f"={model}", f"={whole}") for word in words]
