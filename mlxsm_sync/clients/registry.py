"""The clients whose settings are known, and a profile's settings for one of them.

Another client is a file beside this one, with a function from a `Server` to `Settings`, and a row here.
"""

from __future__ import annotations

import json
import shlex
from typing import NamedTuple

from mlxsm_sync.clients import (
    aider,
    anythingllm,
    continue_dev,
    hermes,
    librechat,
    litellm,
    llm,
    open_webui,
    openai,
    opencode,
    vs_code,
    zed,
)
from mlxsm_sync.clients.connection import ClientList, Connection, Environment, KnownClient
from mlxsm_sync.clients.server import API_KEY, SERVERS_OWN, Server, listens_everywhere, server_of
from mlxsm_sync.clients.settings import Client, Settings
from mlxsm_sync.values.state import Entry

CLIENTS = {
    "openai": Client("the OpenAI libraries, and all that read their variables", openai.settings),
    "aider": Client("aider, pair programming in the terminal", aider.settings),
    "anythingllm": Client("AnythingLLM, self-hosted", anythingllm.settings),
    "continue": Client("Continue, for VS Code and JetBrains", continue_dev.settings),
    "hermes": Client("Hermes Agent", hermes.settings),
    "librechat": Client("LibreChat", librechat.settings),
    "litellm": Client("the LiteLLM proxy", litellm.settings),
    "llm": Client("llm, a command line by Simon Willison", llm.settings),
    "open-webui": Client("Open WebUI", open_webui.settings),
    "opencode": Client("opencode, an agent in the terminal", opencode.settings),
    "vs-code": Client("VS Code with Copilot Chat, from 1.122 on", vs_code.settings),
    "zed": Client("Zed", zed.settings),
}
"""Every client whose settings are known, by the name that `--client` takes; the first is the usual one."""

USUAL = next(iter(CLIENTS))


class Known(NamedTuple):
    """A profile's settings for one client: as a document, and as the client's own."""

    connection: Connection
    settings: Settings


def connection(entry: Entry, client: str, system: str = "darwin") -> Known:
    """The settings for a client of the table, on a system as Python's `sys.platform` calls it."""
    server = server_of(entry)
    settings = CLIENTS[client].settings(server)
    return Known(
        Connection(
            name=entry.profile.name,
            client=client,
            base_url=server.base_url,
            model=server.model,
            api_key=API_KEY,
            context=server.context,
            context_declared=server.declared,
            environment=Environment(base_url=server.base_url, api_key=API_KEY, model=server.model),
            curl=_question(server),
            file=settings.file_on(system),
            text=settings.text,
            notes=(*settings.notes, *_about_wildcard(server), *_about_model(server)),
        ),
        settings,
    )


def known_clients() -> ClientList:
    """Every client of the table."""
    return ClientList(
        clients=tuple(KnownClient(name=name, purpose=one.purpose) for name, one in CLIENTS.items())
    )


def _question(server: Server) -> str:
    """A chat request of a few tokens: listing models would prove nothing about answering."""
    messages = [{"role": "user", "content": "Say hello."}]
    body = json.dumps({"model": server.model, "messages": messages, "max_tokens": 32})
    address = f"{server.base_url}/chat/completions"
    return shlex.join(("curl", address, "-H", "Content-Type: application/json", "-d", body))


def _about_model(server: Server) -> tuple[str, ...]:
    """The model is the server's own word for it."""
    if server.model != SERVERS_OWN:
        return ()
    why = "the profile's model is a folder of this machine, has an adapter, or is no name of the Hub"
    return (f"{SERVERS_OWN} is what the server calls the model it was started with: {why}",)


def _about_wildcard(server: Server) -> tuple[str, ...]:
    """The server's host stands for every address, and none of them is told by the profile."""
    if not listens_everywhere(server):
        return ()
    instead = "from another machine, put this machine's name in the place of the address"
    return (f"{server.host} is where the server listens, and no address: {instead}",)
