"""aider: https://aider.chat/docs/llms/openai-compat.html."""

from __future__ import annotations

import json

from mlxsm_sync.clients.notes import about_context
from mlxsm_sync.clients.server import API_KEY, Server
from mlxsm_sync.clients.settings import Settings, as_yaml


def settings(server: Server) -> Settings:
    """Its options in a file; `openai/` before the model says how to talk to it, and is not sent."""
    model = f"openai/{server.model}"
    text = as_yaml(
        {
            "model": model,
            "openai-api-base": server.base_url,
            "openai-api-key": API_KEY,
            "show-model-warnings": False,
        }
    )
    variables = {"OPENAI_API_BASE": server.base_url, "OPENAI_API_KEY": API_KEY, "AIDER_MODEL": model}
    limits = {model: {"max_input_tokens": server.context, "max_output_tokens": server.answer}}
    notes = (
        f"aider knows the limits of the model from .aider.model.metadata.json: {json.dumps(limits)}",
        *about_context(server),
    )
    return Settings(text, ".aider.conf.yml, in the repository or the home folder", notes, variables)
