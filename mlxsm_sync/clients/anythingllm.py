"""AnythingLLM: https://github.com/Mintplex-Labs/anything-llm, `docker/.env.example`."""

from __future__ import annotations

from mlxsm_sync.clients.notes import about_context, in_a_container
from mlxsm_sync.clients.server import API_KEY, Server
from mlxsm_sync.clients.settings import Settings, shell_lines


def settings(server: Server) -> Settings:
    """The provider `generic-openai`, in a file of variables that no shell exports."""
    variables = {
        "LLM_PROVIDER": "generic-openai",
        "GENERIC_OPEN_AI_BASE_PATH": server.base_url,
        "GENERIC_OPEN_AI_MODEL_PREF": server.model,
        "GENERIC_OPEN_AI_MODEL_TOKEN_LIMIT": str(server.context),
        "GENERIC_OPEN_AI_API_KEY": API_KEY,
    }
    notes = (
        "AnythingLLM Desktop has the same fields in its settings: LLM, Generic OpenAI",
        *about_context(server),
        *in_a_container(server, where="GENERIC_OPEN_AI_BASE_PATH"),
    )
    text = shell_lines(variables, exported=False)
    return Settings(text, "the .env of the server (server/.env, or docker/.env)", notes, variables)
