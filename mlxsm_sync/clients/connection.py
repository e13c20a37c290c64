"""What a client needs to reach a profile's server directly: text from the profile, no request.

Other clients are added to `CLIENTS`: a name, what it is, and a function from the settings to text.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Literal, NamedTuple

from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.hosts import LOOPBACK_ADDRESSES, is_everywhere
from mlxsm_sync.values.model_ids import is_local_path
from mlxsm_sync.values.profile import RAW_EXTRA_ARGS
from mlxsm_sync.values.state import Entry

API_KEY = "not-required-local"
"""The server checks no key; clients that insist on one are given this, as the Mac app gives it."""

SERVERS_OWN = "default_model"
"""What the server takes for the model that it was started with."""

_ADAPTER = "--adapter-path"


class Environment(Value):
    """The variables that the OpenAI libraries and their users read."""

    base_url: str = Field(serialization_alias="OPENAI_BASE_URL")
    """Where the server is."""
    api_key: str = Field(serialization_alias="OPENAI_API_KEY")
    """A placeholder; the server checks none."""
    model: str = Field(serialization_alias="OPENAI_MODEL")
    """What to send as the model; the libraries want it from the program that uses them."""


class Connection(Value):
    """`mlxsm connect --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    name: str
    """The profile, by its name on this machine."""
    client: str
    """Whose settings `text` holds."""
    base_url: str = Field(serialization_alias="baseURL")
    """Where the server is, with the path of its API."""
    model: str
    """What to send as the model."""
    api_key: str
    """A placeholder; the server checks none."""
    environment: Environment
    """The variables that the OpenAI libraries and their users read."""
    curl: str
    """A command that asks the model for a few words: it answers only where the server is up and works."""
    text: str
    """The settings as the client takes them."""


class Client(NamedTuple):
    """A program that speaks to the server."""

    purpose: str
    text: Callable[[Connection], str]


class KnownClient(Value):
    """A client whose settings are known."""

    name: str
    """What `--client` takes."""
    purpose: str
    """What it is."""


class ClientList(Value):
    """`mlxsm connect --list --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    clients: tuple[KnownClient, ...]
    """Every client whose settings are known."""


def connection(entry: Entry, client: str) -> Connection:
    """The settings for a client of the table; nothing in them tells a path of this machine."""
    profile = entry.profile
    # The app lets a host and a model be anything, and this is text for people and their shells.
    base_url = visible(f"http://{_address(profile.host)}:{profile.port}/v1")
    model = visible(model_to_send(entry))
    settings = Connection(
        name=profile.name,
        client=client,
        base_url=base_url,
        model=model,
        api_key=API_KEY,
        environment=Environment(base_url=base_url, api_key=API_KEY, model=model),
        curl=_question(base_url, model),
        text="",
    )
    return settings.model_copy(text=CLIENTS[client].text(settings))


def known_clients() -> ClientList:
    """Every client of the table."""
    return ClientList(
        clients=tuple(KnownClient(name=name, purpose=one.purpose) for name, one in CLIENTS.items())
    )


def shell_lines(settings: Connection, *, exported: bool) -> str:
    """The variables for a shell to read, or for a file of settings (`.env`)."""
    start = "export " if exported else ""
    variables = settings.environment.model_dump().items()
    return "".join(f"{start}{name}={shlex.quote(str(value))}\n" for name, value in variables)


def _question(base_url: str, model: str) -> str:
    """A chat request of a few tokens: listing models would prove nothing about answering."""
    body = {"model": model, "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 32}
    words = (
        "curl",
        f"{base_url}/chat/completions",
        "-H",
        "Content-Type: application/json",
        "-d",
        json.dumps(body),
    )
    return shlex.join(words)


def model_to_send(entry: Entry) -> str:
    """The model ID; the server's own word for it where that would be a path, or hide an adapter.

    Asked for the model by its ID, the server loads it again without the adapter.
    """
    profile = entry.profile
    arguments = profile.advanced_launch_options.raw_extra_args or ()
    adapted = any(_ADAPTER.startswith(flag) for one in arguments if len(flag := one.partition("=")[0]) > 3)
    unsure = RAW_EXTRA_ARGS in entry.unreadable
    return SERVERS_OWN if adapted or unsure or is_local_path(profile.model_id) else profile.model_id


def _address(host: str) -> str:
    """The host as a client can reach it: a wildcard is no address, and IPv6 goes in brackets."""
    host = host.strip("[]")
    if is_everywhere(host):
        v4, v6 = LOOPBACK_ADDRESSES
        host = v6 if host.startswith(":") and "." not in host else v4
    # The zone of a link-local address: https://www.rfc-editor.org/rfc/rfc6874#section-2
    return f"[{host.replace('%', '%25')}]" if ":" in host else host


def _openai(settings: Connection) -> str:
    return shell_lines(settings, exported=True)


CLIENTS = {"openai": Client("the OpenAI libraries, and all that read their variables", _openai)}
"""Every client whose settings are known, by the name that `--client` takes."""
