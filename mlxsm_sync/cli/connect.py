"""`mlxsm connect`: what a client needs to reach a profile's server."""

from __future__ import annotations

import sys

import click

from mlxsm_sync.characters import visible
from mlxsm_sync.cli import options
from mlxsm_sync.cli.complete import entry_names
from mlxsm_sync.cli.entries import chosen
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.errors import Usage


@click.command(
    epilog="""\b
Examples:
  mlxsm connect Qwen                        base URL, model, placeholder key, a curl to try
  mlxsm connect Qwen --client openai        only the lines for the OpenAI libraries
  mlxsm connect Qwen --json                 for a script
Next: point your client there; it talks to mlx_lm.server directly."""
)
@click.argument("name", metavar="NAME", shell_complete=entry_names)
@click.option("--client", metavar="NAME", help="Only the settings of one client: openai.")
@options.state
@options.as_json
@click.pass_obj
def connect(shared: Shared, name: str, client: str | None) -> None:
    """Print what an OpenAI-compatible client needs. No request is made."""
    from mlxsm_sync.connect import API_KEY, CLIENTS, connection
    from mlxsm_sync.render import connection_text

    if client is not None and client not in CLIENTS:
        raise Usage(f"there are no settings for {visible(client)}", f"known are {', '.join(CLIENTS)}")
    entry, *others = chosen(shared.store.read(), [name])
    if others:
        raise Usage("several profiles have this name", "rename one of them")
    shared.output.placeholder = API_KEY
    settings = connection(entry, client or next(iter(CLIENTS)))
    shared.output.data(settings)
    style = shared.output.style(sys.stdout)
    shared.output.show(settings.text if client is not None else connection_text(settings, style))
