"""`mlxsm connect`: what a client needs to reach a profile's server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.complete import client_names, entry_names
from mlxsm_sync.cli.entries import chosen
from mlxsm_sync.cli.session import Session
from mlxsm_sync.errors import UsageError
from mlxsm_sync.text.suggest import did_you_mean
from mlxsm_sync.text.unicode import visible

if TYPE_CHECKING:
    from mlxsm_sync.clients.connection import Connection


FORMATS = ("text", "env", "export", "json")


@click.command(
    epilog="""\b
Examples:
  mlxsm connect Qwen                  base URL, model, lines, a curl to try
  mlxsm connect Qwen --format export  the variables: eval "$(…)" sets them
  mlxsm connect Qwen --format env     the same for a .env file
  mlxsm connect Qwen --json           for a script
  mlxsm connect --list                the clients whose settings are known
Next: point your client there; it talks to mlx_lm.server directly."""
)
@click.argument("name", metavar="NAME", required=False, shell_complete=entry_names)
@click.option(
    "--client",
    metavar="CLIENT",
    shell_complete=client_names,
    help="Only the settings of one client; --list names them.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="How to print it.  [default: text]")
@click.option("--list", "listing", is_flag=True, help="List the clients whose settings are known.")
@options.state
@options.as_json
@click.pass_obj
def connect(session: Session, name: str | None, client: str | None, form: str | None, listing: bool) -> None:
    """Print what an OpenAI-compatible client needs. No request is made."""
    from mlxsm_sync.clients.connection import API_KEY, CLIENTS, connection

    session.output.json |= form == "json"
    if listing:
        _list_clients(session, name)
        return
    if name is None:
        raise UsageError("name the profile to connect to", "mlxsm list shows them")
    if client is not None and client not in CLIENTS:
        guess = did_you_mean(client, CLIENTS) or f"known clients: {', '.join(CLIENTS)}"
        raise UsageError(f"there are no settings for {visible(client)}", guess)
    entry, *others = chosen(session.store.read(), [name])
    if others:
        raise UsageError("several profiles have this name", "rename one of them")
    session.output.placeholder = API_KEY
    settings = connection(entry, client or next(iter(CLIENTS)))
    session.output.data(settings)
    session.output.show(_text(session, settings, form, alone=client is not None))


def _text(session: Session, settings: Connection, form: str | None, *, alone: bool) -> str:
    """What is printed: for people, or only the lines of a client or a format."""
    from mlxsm_sync.clients.connection import shell_lines
    from mlxsm_sync.views.connection import connection_text

    if form in ("env", "export"):
        return shell_lines(settings, exported=form == "export")
    if alone and form != "text":
        return settings.text
    named = () if settings.name.startswith("-") else (settings.name,)
    return connection_text(settings, session.output.style(sys.stdout), session.command("ps", *named))


def _list_clients(session: Session, name: str | None) -> None:
    from mlxsm_sync.clients.connection import known_clients
    from mlxsm_sync.views.connection import clients_text

    if name is not None:
        raise UsageError("--list names the clients, not a profile", "leave out one of the two")
    known = known_clients()
    session.output.data(known)
    session.output.show(clients_text(known))
