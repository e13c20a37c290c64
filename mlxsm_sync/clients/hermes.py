"""Hermes Agent: https://github.com/NousResearch/hermes-agent, `cli-config.yaml.example`."""

from __future__ import annotations

from mlxsm_sync.clients.notes import about_context
from mlxsm_sync.clients.server import API_KEY, Server
from mlxsm_sync.clients.settings import Settings, as_yaml
from mlxsm_sync.text.json_value import JsonObject

_LEAST_CONTEXT = 64_000


def settings(server: Server) -> Settings:
    """A provider of its own, chosen. Hermes expands `${X}` in values, so none holds a name of ours."""
    provider: JsonObject = {
        "base_url": server.base_url,
        "api_key": API_KEY,
        "model": server.model,
        "context_length": server.context,
    }
    text = as_yaml(
        {
            "model": {"provider": f"custom:{server.id}", "default": server.model},
            "providers": {server.id: provider},
        }
    )
    least = f"Hermes asks for {_LEAST_CONTEXT} tokens of context at least"
    few = f"{least}: declare context in the profile, if the model has them"
    notes = [*about_context(server), *([few] if server.context < _LEAST_CONTEXT else [])]
    return Settings(text, "~/.hermes/config.yaml", tuple(notes))
