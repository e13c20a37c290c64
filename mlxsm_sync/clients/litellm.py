"""The LiteLLM proxy: https://docs.litellm.ai/docs/providers/openai_compatible."""

from __future__ import annotations

from mlxsm_sync.clients.server import API_KEY, Server
from mlxsm_sync.clients.settings import Settings, as_yaml
from mlxsm_sync.text.json_value import JsonObject


def settings(server: Server) -> Settings:
    """One model of the proxy, called as the profile; `openai/` is not sent."""
    # It puts a variable in the place of such a text, takes a star for a pattern, and answers with the
    # name in a header, in which other letters are an error.
    is_special = server.name.startswith("os.environ/") or "*" in server.name or not server.name.isascii()
    model: JsonObject = {
        "model_name": server.model if is_special else server.name,
        "litellm_params": {
            "model": f"openai/{server.model}",
            "api_base": server.base_url,
            "api_key": API_KEY,
        },
    }
    notes = (
        "a config.yaml that is there already gets one more item in model_list",
        "then: litellm --config config.yaml",
        "newer proxies start only where LITELLM_MASTER_KEY is set, and ask their own clients for that key",
    )
    return Settings(as_yaml({"model_list": [model]}), "config.yaml of the proxy", notes)
