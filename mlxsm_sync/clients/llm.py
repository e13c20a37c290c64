"""llm: https://llm.datasette.io/en/stable/other-models.html."""

from __future__ import annotations

import shlex

from mlxsm_sync.clients.server import Server
from mlxsm_sync.clients.settings import Settings, as_yaml


def settings(server: Server) -> Settings:
    """One item of its list of models, called as the profile; it needs no key."""
    text = as_yaml([{"model_id": server.name, "model_name": server.model, "api_base": server.base_url}])
    notes = (
        "a list that is there already gets one more item; LLM_USER_PATH names another folder",
        f"then: llm -m {shlex.quote(server.name)} 'Say hello.'",
    )
    return Settings(text, "~/Library/Application Support/io.datasette.llm/extra-openai-models.yaml", notes)
