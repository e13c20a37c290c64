"""The OpenAI libraries, and whatever reads their variables."""

from __future__ import annotations

from mlxsm_sync.clients.server import API_KEY, Server
from mlxsm_sync.clients.settings import Settings, shell_lines


def settings(server: Server) -> Settings:
    """Variables; the model is for the program that uses the library."""
    variables = {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": API_KEY, "OPENAI_MODEL": server.model}
    return Settings(shell_lines(variables, exported=True), file=None, variables=variables)
