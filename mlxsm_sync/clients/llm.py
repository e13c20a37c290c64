"""llm: https://llm.datasette.io/en/stable/other-models.html."""

from __future__ import annotations

import shlex

from mlxsm_sync.clients.server import Server
from mlxsm_sync.clients.settings import Settings, as_yaml

_PLACE = "io.datasette.llm/extra-openai-models.yaml"
"""In the folder of settings that click's `get_app_dir` gives a program."""


def settings(server: Server) -> Settings:
    """One item of its list of models, called as the profile; it needs no key."""
    text = as_yaml([{"model_id": server.name, "model_name": server.model, "api_base": server.base_url}])
    notes = (
        "a list that is there already gets one more item; LLM_USER_PATH names another folder",
        f"then: llm -m {shlex.quote(server.name)} 'Say hello.'",
    )
    return Settings(
        text,
        f"~/Library/Application Support/{_PLACE}",
        notes,
        file_on_linux=f"~/.config/{_PLACE}",
    )
