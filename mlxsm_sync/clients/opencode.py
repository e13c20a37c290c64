"""opencode: https://opencode.ai/docs/providers."""

from __future__ import annotations

from mlxsm_sync.clients.notes import about_context
from mlxsm_sync.clients.server import Server
from mlxsm_sync.clients.settings import Settings, as_json
from mlxsm_sync.text.json_value import JsonObject


def settings(server: Server) -> Settings:
    """A provider and its model, chosen. It needs no key; the provider's word before the model is not sent."""
    model: JsonObject = {"name": server.name, "limit": {"context": server.context, "output": server.answer}}
    provider: JsonObject = {
        "npm": "@ai-sdk/openai-compatible",
        "name": f"MLX (port {server.port})",
        "options": {"baseURL": server.base_url},
        "models": {server.model: model},
    }
    chosen = f"{server.id}/{server.model}"
    text = as_json(
        {
            "$schema": "https://opencode.ai/config.json",
            "provider": {server.id: provider},
            "model": chosen,
        }
    )
    notes = (
        "a file that is there already gets what is inside provider; model chooses it for every session",
        "opencode puts {env:X} and {file:x} of its file in place before it reads it",
        *about_context(server),
    )
    return Settings(text, "~/.config/opencode/opencode.json, or opencode.json in a project", notes)
