"""Sentences that the settings of several clients need."""

from __future__ import annotations

from mlxsm_sync.clients.server import USUAL_CONTEXT, Server, listens_here_only
from mlxsm_sync.values.choices import as_argument

_BEYOND = (
    "where that is refused, the server must listen beyond loopback: host: 0.0.0.0 in the profile, and "
    "mlxsm up --allow-host 0.0.0.0, since the server has no authentication"
)


def about_context(server: Server) -> tuple[str, ...]:
    """What the number of tokens is, where nobody declared one."""
    if server.declared:
        return ()
    # Whether its model was made for less is in the files of the model, which are not read here.
    fit = f"mlxsm fit {as_argument(server.name)} says for how many the model was made, where that is less"
    return (
        f"{USUAL_CONTEXT} tokens of context are a guess: {fit}; declare the number as context in the profile",
    )


def in_a_container(server: Server, *, where: str) -> tuple[str, ...]:
    """How a client in a container reaches the server; `where` is the key that takes the address."""
    inside = f"in Docker, {where} is http://host.docker.internal:{server.port}/v1"
    return (f"{inside}; {_BEYOND}" if listens_here_only(server) else inside,)
