"""Zed: https://zed.dev/docs/ai/llm-providers."""

from __future__ import annotations

from mlxsm_sync.clients.notes import about_context
from mlxsm_sync.clients.server import API_KEY, Server
from mlxsm_sync.clients.settings import Settings, as_json
from mlxsm_sync.text.json_value import JsonObject


def settings(server: Server) -> Settings:
    """A provider, and the key, without which Zed takes none; its variable is named after the provider."""
    model: JsonObject = {
        "name": server.model,
        "display_name": server.name,
        "max_tokens": server.context,
        "max_output_tokens": server.answer,
        "capabilities": {
            "tools": True,
            "images": False,
            "parallel_tool_calls": False,
            "prompt_cache_key": False,
        },
    }
    provider: JsonObject = {"api_url": server.base_url, "available_models": [model]}
    text = as_json({"language_models": {"openai_compatible": {server.id: provider}}})
    key = f"{server.id.upper().replace('-', '_')}_API_KEY"
    notes = (
        f"Zed takes no provider without a key: enter {API_KEY} in the settings of its agent",
        f"or start Zed with {key}={API_KEY}, which --format export prints",
        "settings that are there already get what is inside openai_compatible",
        *about_context(server),
    )
    return Settings(text, "~/.config/zed/settings.json", notes, {key: API_KEY})
