"""LibreChat: https://www.librechat.ai/docs/configuration/librechat_yaml."""

from __future__ import annotations

from mlxsm_sync.clients.notes import in_a_container
from mlxsm_sync.clients.server import API_KEY, Server
from mlxsm_sync.clients.settings import Settings, as_yaml
from mlxsm_sync.text.json_value import JsonObject

_TAKEN = frozenset(
    (
        *("agents", "anthropic", "assistants", "azureassistants", "azureopenai"),
        *("bedrock", "custom", "google", "openai"),
    )
)
"""Names that LibreChat has for endpoints of its own, in lower case."""


def settings(server: Server) -> Settings:
    """A custom endpoint; the list of models must not be empty, and nothing is fetched."""
    name = f"{server.name} (MLX)" if server.name.lower() in _TAKEN else server.name
    endpoint: JsonObject = {
        "name": name,
        "apiKey": API_KEY,
        "baseURL": server.base_url,
        "models": {"default": [server.model], "fetch": False},
        "titleConvo": True,
        "titleModel": "current_model",
        "modelDisplayLabel": name,
    }
    text = as_yaml({"version": "1.3.17", "endpoints": {"custom": [endpoint]}})
    allowed = f'allowedAddresses: ["host.docker.internal:{server.port}"]'
    notes = (
        "a file that is there already keeps its version, and gets one more item in endpoints.custom",
        *in_a_container(server, where="baseURL"),
        f"an address that LibreChat refuses as private is let through, in endpoints, by {allowed}",
    )
    return Settings(text, "librechat.yaml, beside LibreChat's .env", notes)
