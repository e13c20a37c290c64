"""Open WebUI: https://docs.openwebui.com/getting-started/env-configuration."""

from __future__ import annotations

import json

from mlxsm_sync.clients.notes import in_a_container
from mlxsm_sync.clients.server import API_KEY, Server
from mlxsm_sync.clients.settings import Settings, shell_lines


def settings(server: Server) -> Settings:
    """Variables; each is a list with semicolons, here of one server."""
    models = {"0": {"enable": True, "model_ids": [server.model]}}
    variables = {
        "ENABLE_OPENAI_API": "True",
        "OPENAI_API_BASE_URLS": server.base_url,
        "OPENAI_API_KEYS": API_KEY,
        "OPENAI_API_CONFIGS": json.dumps(models, separators=(",", ":")),
    }
    notes = (
        "Open WebUI keeps these at its first start and reads them no more",
        "later, use Admin Settings > Connections, or start it with ENABLE_PERSISTENT_CONFIG=False",
        "several servers are joined with ; in the same order in URLS and KEYS",
        *in_a_container(server, where="OPENAI_API_BASE_URLS"),
    )
    return Settings(shell_lines(variables, exported=True), None, notes, variables)
