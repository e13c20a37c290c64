"""`mlxsm connect`: what a client needs to reach a profile's server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mlxsm_sync.clients.registry import CLIENTS, USUAL, connection, known_clients
from mlxsm_sync.clients.server import API_KEY
from mlxsm_sync.clients.settings import shell_lines
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import UsageError
from mlxsm_sync.planning.selectors import entries_named
from mlxsm_sync.text.suggest import nearest
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.views.connection import clients_text, connection_text, notes_of

if TYPE_CHECKING:
    from mlxsm_sync.clients.registry import Known


def connect(session: Session, name: str | None, client: str | None, form: str | None, listing: bool) -> None:
    """Print what an OpenAI-compatible client needs. No request is made, and no client's file is touched."""
    if listing:
        _list_clients(session, name)
        return
    if name is None:
        raise UsageError("name the profile to connect to", "mlxsm list shows them")
    if client is not None and client not in CLIENTS:
        meant = nearest(client.lower(), CLIENTS) or next(filter(client.lower().startswith, CLIENTS), None)
        hint = f"did you mean {meant}?" if meant else "mlxsm connect --list shows the known clients"
        raise UsageError(f"there are no settings for {visible(client)}", hint)
    entry, *others = entries_named(session.store.read(), [name])
    if others:
        raise UsageError("several profiles have this name", "rename one of them")
    session.output.redaction.placeholder = API_KEY
    known = connection(entry, client or USUAL, sys.platform)
    if form in ("env", "export") and not known.settings.variables:
        client = known.connection.client
        instead = session.command("connect", "--client", client, "--", name)
        raise UsageError(f"{client} reads a file, not variables", f"{instead} prints what goes into it")
    session.output.data(known.connection)
    if (cluster := entry.profile.cluster) is not None:
        session.output.note(f"note: of its cluster, only {visible(cluster.machines[0])} answers clients")
    _print(session, known, form, alone=client is not None)


def _print(session: Session, known: Known, form: str | None, *, alone: bool) -> None:
    """For people; or the lines of a client or a format alone, with what to know on standard error."""
    output = session.output
    if form in ("env", "export"):
        output.print(shell_lines(known.settings.variables, exported=form == "export"))
    elif alone and form != "text":
        output.print(known.connection.text)
        if form is None:
            for line in notes_of(known.connection):
                output.note(line)
    else:
        named = () if known.connection.name.startswith("-") else (known.connection.name,)
        ask = session.command("ps", *named)
        output.print(connection_text(known.connection, output.style(sys.stdout), ask))


def _list_clients(session: Session, name: str | None) -> None:
    if name is not None:
        raise UsageError("--list names the clients, not a profile", "leave out one of the two")
    known = known_clients()
    session.output.data(known)
    session.output.print(clients_text(known, session.output.style(sys.stdout)))
