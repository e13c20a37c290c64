"""The settings of clients, taken by the clients themselves: by their own schemas, and in a chat with a real server."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import dotenv
import pytest

from testing.client_programs import HOSTILE, node, npm_folder, serve, settings
from testing.paths import BIN
from testing.project import Project
from testing.servers import Servers

PACKAGES = ("librechat-data-provider@0.8.524", "@continuedev/config-yaml@1.42.0", "dotenv@17.2.3")
MODEL, KEY = "mlx-community/Qwen3-4B-4bit", "not-required-local"
BASE = "http://127.0.0.1:8080/v1"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return npm_folder(tmp_path_factory.mktemp("clients"), *PACKAGES)


@pytest.fixture
def declared(project: Project) -> Project:
    names = [HOSTILE, "Google"]
    profiles = [
        {"name": name, "modelID": MODEL, "host": "127.0.0.1", "port": 8080 + at}
        for at, name in enumerate(names)
    ]
    project.apply(json.dumps({"schemaVersion": 1, "profiles": profiles}))
    return project


def printed(project: Project, client: str, *words: str, name: str = HOSTILE) -> str:
    return project.run("connect", "--client", client, *words, "--", name).out


def test_librechat_takes_its_own(declared: Project, packages: Path) -> None:
    text = printed(declared, "librechat")
    found = node(packages, "librechat.mjs", text)
    assert found == {
        "name": HOSTILE,
        "apiKey": KEY,
        "baseURL": BASE,
        "models": {"default": [MODEL], "fetch": False},
        "titleConvo": True,
        "titleModel": "current_model",
        "modelDisplayLabel": HOSTILE,
    }
    of_google = printed(declared, "librechat", name="Google")
    assert node(packages, "librechat.mjs", of_google)["name"] == "Google (MLX)"
    assert "refused" in node(packages, "librechat.mjs", of_google.replace("Google (MLX)", "google"))


def test_continue_takes_its_own_and_puts_no_secret_into_a_name(declared: Project, packages: Path) -> None:
    text = printed(declared, "continue")
    found = node(packages, "continue_dev.mjs", text)
    assert found["problems"] == []
    (model,) = found["models"]
    assert (model["model"], model["apiBase"], model["apiKey"]) == (MODEL, BASE, KEY)
    assert model["name"] == HOSTILE.replace("${{", "$ {{")
    unbroken = node(packages, "continue_dev.mjs", text.replace(r"$ {{", r"\u0024{{"))
    assert "a secret" in unbroken["models"][0]["name"]


def test_files_of_variables_are_read_as_they_are_meant(declared: Project, packages: Path) -> None:
    for client, key in (("anythingllm", "GENERIC_OPEN_AI_MODEL_PREF"), ("open-webui", "OPENAI_API_CONFIGS")):
        text = printed(declared, client, "--format", "env")
        by_node = node(packages, "dotenv.mjs", text)
        assert by_node == dotenv.dotenv_values(stream=io.StringIO(text))
        assert MODEL in by_node[key]
        assert KEY in by_node.values()


def test_a_chat_with_the_library_and_with_llm(servers: Servers, model: Path) -> None:
    serve(servers, model, HOSTILE)
    ask = (
        "import openai, os; model = os.environ['OPENAI_MODEL'];"
        "said = openai.OpenAI().chat.completions.create(model=model, messages=[{'role': 'user', 'content': 'hi'}]);"
        "print(said.model, said.usage.completion_tokens)"
    )
    servers.write(settings(servers, HOSTILE, "openai"), "variables.sh")
    servers.write(ask, "ask.py")
    assert servers.shell(f". ./variables.sh; {sys.executable} ask.py").out == "org/tiny 8\n"

    folder = servers.folder / "llm"
    folder.mkdir()
    (folder / "extra-openai-models.yaml").write_text(settings(servers, HOSTILE, "llm"), encoding="utf-8")
    servers.environment["LLM_USER_PATH"] = str(folder)
    (line,) = (
        one
        for one in servers.run("connect", "--client", "llm", "--", HOSTILE).err.splitlines()
        if "llm -m" in one
    )
    assert shutil.which("llm", path=str(BIN)) is not None
    said = servers.shell(line.removeprefix("- then: "))
    assert (said.code, said.err) == (0, "")
    logged = servers.shell("llm logs list --json --count 1")
    (answer,) = json.loads(logged.out)
    assert (answer["model"], answer["output_tokens"]) == (HOSTILE, 8)
