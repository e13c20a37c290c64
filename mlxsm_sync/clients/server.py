"""What a client has to know of a profile's server: where it is, what to send, how much it takes."""

from __future__ import annotations

import re
from typing import NamedTuple

from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.hosts import LOOPBACK_ADDRESSES, is_everywhere, is_loopback
from mlxsm_sync.values.model_ids import can_be_served, is_local_path
from mlxsm_sync.values.profile import RAW_EXTRA_ARGS
from mlxsm_sync.values.state import Entry

API_KEY = "not-required-local"
"""The server checks no key; clients that insist on one are given this, as the Mac app gives it."""

SERVERS_OWN = "default_model"
"""What the server takes for the model that it was started with."""

USUAL_CONTEXT = 32768
"""Tokens of a conversation where the profile names none: what such a model takes, and memory holds."""

_ADAPTER = "--adapter-path"
_NO_PART_OF_A_HOST = re.compile(r"[^A-Za-z0-9._~:-]")


class Server(NamedTuple):
    """A server as its clients see it. Every text but the name is made of letters that no format quotes."""

    name: str
    """The profile's, with everything in it to be seen."""
    host: str
    """Where it listens, as the profile says."""
    port: int
    base_url: str
    """With the path of the API, and an address that can be connected to."""
    model: str
    """What to send as the model."""
    context: int
    """Tokens of a conversation."""
    declared: bool
    """Whether the profile says how many."""
    answer: int
    """Tokens that an answer may have."""

    @property
    def id(self) -> str:
        """A word for the endpoint, the same in every client: `mlx-8080`."""
        return f"mlx-{self.port}"


def server_of(entry: Entry) -> Server:
    """The server of a profile; nothing in it tells a path of this machine."""
    profile = entry.profile
    context = profile.context or USUAL_CONTEXT
    return Server(
        name=visible(profile.name),
        host=visible(profile.host),
        port=profile.port,
        base_url=f"http://{_address(profile.host)}:{profile.port}/v1",
        model=model_to_send(entry),
        context=context,
        declared=profile.context is not None,
        answer=min(profile.advanced_launch_options.default_max_tokens or max(context // 4, 1), context),
    )


def model_to_send(entry: Entry) -> str:
    """The model ID; the server's own word for it where that would be a path, or no name, or hide an adapter.

    Asked for the model by its ID, the server loads it again without the adapter.
    """
    profile = entry.profile
    arguments = profile.advanced_launch_options.raw_extra_args or ()
    adapted = any(_ADAPTER.startswith(flag) for one in arguments if len(flag := one.partition("=")[0]) > 3)
    unsure = RAW_EXTRA_ARGS in entry.unreadable
    # The app's list may call a model anything; what is no name of the Hub tells a client nothing.
    named = can_be_served(profile.model_id) and not is_local_path(profile.model_id)
    return profile.model_id if named and not adapted and not unsure else SERVERS_OWN


def listens_here_only(server: Server) -> bool:
    """Whether other machines, and containers, cannot reach it."""
    return is_loopback(server.host)


def listens_everywhere(server: Server) -> bool:
    """Whether its host is no address, but stands for all of them."""
    return is_everywhere(server.host.strip("[]"))


def _address(host: str) -> str:
    """The host as a client can reach it: a wildcard is no address, and IPv6 goes in brackets."""
    host = host.strip("[]")
    if is_everywhere(host):
        v4, v6 = LOOPBACK_ADDRESSES
        host = v6 if host.startswith(":") and "." not in host else v4
    # The app lets a host be anything; a zone, too: https://www.rfc-editor.org/rfc/rfc6874#section-2
    host = _NO_PART_OF_A_HOST.sub(_percent, host)
    return f"[{host}]" if ":" in host else host


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode("utf-8", "surrogatepass"))
