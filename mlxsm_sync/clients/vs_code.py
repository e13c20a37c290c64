"""VS Code with Copilot Chat, from 1.122 on: the vendor `customendpoint`."""

from __future__ import annotations

from mlxsm_sync.clients.notes import about_context
from mlxsm_sync.clients.server import API_KEY, Server
from mlxsm_sync.clients.settings import Settings, as_json
from mlxsm_sync.text.json_value import JsonObject

_PLACE = "Code/User/chatLanguageModels.json"


def settings(server: Server) -> Settings:
    """One item of its list of providers; the address of a model is that of its chat."""
    model: JsonObject = {
        "id": server.model,
        "name": server.name,
        "url": f"{server.base_url}/chat/completions",
        "toolCalling": True,
        "vision": False,
        "maxInputTokens": max(server.context - server.answer, 1),
        "maxOutputTokens": server.answer,
    }
    provider: JsonObject = {
        "name": f"MLX (port {server.port})",
        "vendor": "customendpoint",
        "apiKey": API_KEY,
        "apiType": "chat-completions",
        "models": [model],
    }
    notes = (
        "best begun by the command Chat: Manage Language Models, Add, Custom Endpoint, which makes the file",
        "VS Code puts ${input:chat.lm.secret.…} in the place of the key: leave that as it is",
        "a list that is there already gets one more item",
        *about_context(server),
    )
    return Settings(
        as_json([provider]),
        f"~/Library/Application Support/{_PLACE}",
        notes,
        file_on_linux=f"~/.config/{_PLACE}",
    )
