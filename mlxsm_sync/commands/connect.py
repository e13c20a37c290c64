"""`mlxsm connect`: what a client needs to reach a profile's server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mlxsm_sync.clients.connection import API_KEY, CLIENTS, connection, known_clients, shell_lines
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import UsageError
from mlxsm_sync.planning.selectors import entries_named
from mlxsm_sync.text.suggest import did_you_mean
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.views.connection import clients_text, connection_text

if TYPE_CHECKING:
    from mlxsm_sync.clients.connection import Connection


def connect(session: Session, name: str | None, client: str | None, form: str | None, listing: bool) -> None:
    """Print what an OpenAI-compatible client needs. No request is made."""
    if listing:
        _list_clients(session, name)
        return
    if name is None:
        raise UsageError("name the profile to connect to", "mlxsm list shows them")
    if client is not None and client not in CLIENTS:
        guess = did_you_mean(client, CLIENTS) or f"known clients: {', '.join(CLIENTS)}"
        raise UsageError(f"there are no settings for {visible(client)}", guess)
    entry, *others = entries_named(session.store.read(), [name])
    if others:
        raise UsageError("several profiles have this name", "rename one of them")
    session.output.redaction.placeholder = API_KEY
    settings = connection(entry, client or next(iter(CLIENTS)))
    session.output.data(settings)
    session.output.print(_text(session, settings, form, alone=client is not None))


def _text(session: Session, settings: Connection, form: str | None, *, alone: bool) -> str:
    """What is printed: for people, or only the lines of a client or a format."""
    if form in ("env", "export"):
        return shell_lines(settings, exported=form == "export")
    if alone and form != "text":
        return settings.text
    named = () if settings.name.startswith("-") else (settings.name,)
    return connection_text(settings, session.output.style(sys.stdout), session.command("ps", *named))


def _list_clients(session: Session, name: str | None) -> None:
    if name is not None:
        raise UsageError("--list names the clients, not a profile", "leave out one of the two")
    known = known_clients()
    session.output.data(known)
    session.output.print(clients_text(known, session.output.style(sys.stdout)))
