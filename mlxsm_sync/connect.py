"""What a client needs to reach a profile's server directly: text from the profile, no request.

Other clients are added to `CLIENTS`: a name, what it is, and a function from the settings to text.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from ipaddress import ip_address
from typing import Literal, NamedTuple

from mlxsm_sync.cautions import is_local_path
from mlxsm_sync.characters import visible
from mlxsm_sync.model import Model, field
from mlxsm_sync.profile import RAW_EXTRA_ARGS
from mlxsm_sync.state import Entry

API_KEY = "not-required-local"
"""The server checks no key; clients that insist on one are given this, as the Mac app gives it."""

SERVERS_OWN = "default_model"
"""What the server takes for the model that it was started with."""

_ADAPTER = "--adapter-path"


class Environment(Model):
    """The variables that the OpenAI libraries read."""

    base_url: str = field(wire="OPENAI_BASE_URL")
    """Where the server is."""
    api_key: str = field(wire="OPENAI_API_KEY")
    """A placeholder; the server checks none."""


class Connection(Model):
    """`mlxsm connect --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    name: str
    """The profile, by its name on this machine."""
    client: str
    """Whose settings `text` holds."""
    base_url: str = field(wire="baseURL")
    """Where the server is, with the path of its API."""
    model: str
    """What to send as the model."""
    api_key: str
    """A placeholder; the server checks none."""
    environment: Environment
    """The variables that the OpenAI libraries read."""
    curl: str
    """A command that lists the server's models."""
    text: str
    """The settings as the client takes them."""


class Client(NamedTuple):
    """A program that speaks to the server."""

    purpose: str
    text: Callable[[Connection], str]


def connection(entry: Entry, client: str) -> Connection:
    """The settings for a client of the table; nothing in them tells a path of this machine."""
    profile = entry.profile
    # The app lets a host be anything, and this is text for people and their shells.
    base_url = visible(f"http://{_address(profile.host)}:{profile.port}/v1")
    settings = Connection(
        name=profile.name,
        client=client,
        base_url=base_url,
        model=model_to_send(entry),
        api_key=API_KEY,
        environment=Environment(base_url=base_url, api_key=API_KEY),
        curl=f"curl {shlex.quote(f'{base_url}/models')}",
        text="",
    )
    return settings.copy(text=CLIENTS[client].text(settings))


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
    if _is_everywhere(host):
        host = "::1" if host.startswith(":") and "." not in host else "127.0.0.1"
    # The zone of a link-local address: https://www.rfc-editor.org/rfc/rfc6874#section-2
    return f"[{host.replace('%', '%25')}]" if ":" in host else host


def _is_everywhere(host: str) -> bool:
    """Whether a server on this host listens on every address."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "0"
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_unspecified or (mapped is not None and mapped.is_unspecified)


def _openai(settings: Connection) -> str:
    lines = (
        f"OPENAI_BASE_URL={shlex.quote(settings.base_url)}",
        f"OPENAI_API_KEY={settings.api_key}",
    )
    return "\n".join(lines) + "\n"


CLIENTS = {"openai": Client("the OpenAI libraries, and all that read their variables", _openai)}
"""Every client whose settings are known, by the name that `--client` takes."""
