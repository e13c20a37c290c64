"""Continue: https://docs.continue.dev/reference."""

from __future__ import annotations

from mlxsm_sync.clients.notes import about_context
from mlxsm_sync.clients.server import API_KEY, Server
from mlxsm_sync.clients.settings import Settings, as_yaml
from mlxsm_sync.text.json_value import JsonObject


def settings(server: Server) -> Settings:
    """A whole configuration with one model."""
    model: JsonObject = {
        # It puts secrets in the place of such a text, also after it has read the file.
        "name": server.name.replace("${{", "$ {{"),
        "provider": "openai",
        "model": server.model,
        "apiBase": server.base_url,
        "apiKey": API_KEY,
        "roles": ["chat", "edit", "apply"],
        "defaultCompletionOptions": {"contextLength": server.context, "maxTokens": server.answer},
    }
    text = as_yaml({"name": "MLX", "version": "0.0.1", "schema": "v1", "models": [model]})
    notes = (
        "a config.yaml that is there already gets one more item in models; config.json is no longer read",
        *about_context(server),
    )
    return Settings(text, "~/.continue/config.yaml", notes)
