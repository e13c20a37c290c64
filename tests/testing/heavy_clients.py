"""Clients that are hundreds of megabytes: their settings in a chat with a real server, for a night.

`tests/nightly` names this file; by itself pytest finds none of it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from testing.client_programs import HOSTILE, npm_folder, python_folder, serve, settings
from testing.ports import new_port
from testing.servers import Servers

MASTER_KEY = "sk-of-a-test-and-long-enough"
NAME = HOSTILE.encode("ascii", "ignore").decode().strip()
"""LiteLLM has names in a header, which takes no other letters."""


def run(words: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """What a client says at its end."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **environment, "PWD": str(folder)},  # opencode looks for its project there
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def served(servers: Servers, model: Path) -> Servers:
    serve(servers, model, NAME)
    return servers


def port_of(served: Servers) -> int:
    (entry,) = served.state["entries"]
    return int(entry["profile"]["port"])


def requests(served: Servers) -> int:
    """How many chats the server has had."""
    return served.run("logs", "--", NAME).out.count("POST /v1/chat/completions")


def test_opencode(served: Servers, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = npm_folder(tmp_path_factory.mktemp("opencode"), "opencode-ai@1.18.33")
    program = next(folder.glob("node_modules/opencode-*/bin/opencode"))
    served.write(settings(served, NAME, "opencode"), "opencode.json")
    port = port_of(served)
    assert (
        f"mlx-{port}/org/tiny"
        in run([str(program), "models"], served.folder, served.environment).splitlines()
    )
    before = requests(served)
    assert run([str(program), "run", "say hello"], served.folder, served.environment).strip()
    assert requests(served) > before
    served.write(json.dumps({"username": NAME}), "opencode.json")
    with pytest.raises(AssertionError, match="nowhere"):
        run([str(program), "models"], served.folder, served.environment)


def test_litellm(served: Servers, tmp_path_factory: pytest.TempPathFactory) -> None:
    programs = python_folder(tmp_path_factory.mktemp("litellm") / "venv", "litellm[proxy]==1.108.7", "openai")
    served.write(settings(served, NAME, "litellm"), "config.yaml")
    port = new_port()
    environment = {"LITELLM_MASTER_KEY": MASTER_KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    words = [str(programs / "litellm"), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    ask = (
        f"import openai; c = openai.OpenAI(base_url='http://127.0.0.1:{port}/v1', api_key='{MASTER_KEY}', max_retries=0);"
        "name = c.models.list().data[0].id;"
        "said = c.chat.completions.create(model=name, messages=[{'role': 'user', 'content': 'hi'}]);"
        "print(said.usage.completion_tokens, name)"
    )

    def answer() -> str:
        done = subprocess.run(
            [str(programs / "python"), "-c", ask],
            env=served.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    with subprocess.Popen(words, cwd=served.folder, env={**served.environment, **environment}) as proxy:
        said = next(filter(None, (answer() for _ in range(60))), "")
        proxy.terminate()
    assert said == f"8 {NAME}\n"


def test_hermes(served: Servers, tmp_path_factory: pytest.TempPathFactory) -> None:
    programs = python_folder(tmp_path_factory.mktemp("hermes") / "venv", "hermes-agent==0.19.0")
    place = Path(served.environment["HOME"]) / ".hermes/config.yaml"
    place.parent.mkdir()
    place.write_text(settings(served, NAME, "hermes"))
    code = (
        "import json; from hermes_cli import config, runtime_provider;"
        "found = runtime_provider.resolve_runtime_provider();"
        "print(json.dumps([found[k] for k in ('api_mode', 'base_url', 'api_key')] + [config.load_config()['model']]))"
    )
    said = json.loads(run([str(programs / "python"), "-c", code], served.folder, served.environment))
    port = port_of(served)
    assert said == [
        "chat_completions",
        f"http://127.0.0.1:{port}/v1",
        "not-required-local",
        {"provider": f"custom:mlx-{port}", "default": "org/tiny"},
    ]


def test_aider(served: Servers, tmp_path_factory: pytest.TempPathFactory) -> None:
    programs = python_folder(tmp_path_factory.mktemp("aider") / "venv", "aider-chat==0.86.2")
    served.write(settings(served, NAME, "aider"), ".aider.conf.yml")
    before = requests(served)
    options = ["--no-git", "--yes", "--no-check-update", "--analytics-disable", "--no-detect-urls"]
    said = run(
        [str(programs / "aider"), *options, "--message", "hi"],
        served.folder,
        served.environment | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    )
    assert "Model: openai/org/tiny" in said
    assert requests(served) > before
