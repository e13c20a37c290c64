"""The settings of each client: as they are printed, and read back by a parser of their format."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from mlxsm_sync.clients.registry import CLIENTS, connection
from mlxsm_sync.clients.settings import as_json, as_yaml
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.state import Entry
from testing.paths import REPOSITORY
from testing.project import Project

GOLDEN = Path(__file__).parent / "golden"
HERE = REPOSITORY / "docs/clients.md"
MODEL = "mlx-community/Qwen3-4B-4bit"
BASE, KEY = "http://127.0.0.1:8080/v1", "not-required-local"
PROFILES = f"""\
schemaVersion: 1
profiles:
  - {{name: Qwen3 4B, modelID: {MODEL}, host: 127.0.0.1, port: 8080}}
"""


def entry(
    name: str, model: str = MODEL, host: str = "127.0.0.1", context: int | None = None, **options: Any
) -> Entry:
    launch = LaunchOptions(**options)
    profile = Profile(
        name=name, model_id=model, host=host, port=8080, context=context, advanced_launch_options=launch
    )
    return Entry(id="0" * 16, profile=profile, owner=None)


def text(name: str, client: str) -> str:
    return connection(entry(name), client).connection.text


@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_printed(project: Project, client: str, request: pytest.FixtureRequest) -> None:
    project.apply(PROFILES)
    shown = project.run("connect", "Qwen3 4B", "--client", client, "--format", "text")
    golden = GOLDEN / f"{client}.txt"
    on_macos = connection(entry("Qwen3 4B"), client).connection.file or ""
    here = connection(entry("Qwen3 4B"), client, sys.platform).connection.file or ""
    if request.config.getoption("--update"):
        golden.write_text(shown.out.replace(here, on_macos))
    assert shown.out == golden.read_text().replace(on_macos, here)
    alone = project.run("connect", "Qwen3 4B", "--client", client)
    whole = project.run("connect", "Qwen3 4B", "--client", client, "--json").json
    assert alone.out == whole["text"]
    assert alone.out in shown.out
    assert [line for line in alone.err.splitlines() if line.startswith("- ")] == [
        f"- {one}" for one in whole["notes"]
    ]
    assert (f"this goes into {whole['file']}; nothing was written there" in alone.err) == (
        whole["file"] is not None
    )
    assert project.run("connect", "Qwen3 4B", "--client", client, "-q").err == ""


@pytest.mark.parametrize(
    ("client", "macos", "linux"),
    [
        ("llm", "~/Library/Application Support", "~/.config"),
        ("vs-code", "~/Library/Application Support", "~/.config"),
        ("zed", "~/.config", "~/.config"),
        ("openai", None, None),
    ],
)
def test_the_file_is_where_the_client_looks_on_this_system(
    client: str, macos: str | None, linux: str | None
) -> None:
    for system, start in (("darwin", macos), ("linux", linux)):
        file = connection(entry("A"), client, system).connection.file
        assert (file or "").startswith(start or "")
        assert (file is None) == (start is None)


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("nope", "mlxsm connect --list shows the known clients"),
        ("openwebui", "did you mean open-webui?"),
        ("VSCode", "did you mean vs-code?"),
        ("continue.dev", "did you mean continue?"),
        ("zedd", "did you mean zed?"),
    ],
)
def test_only_a_near_client_is_guessed(project: Project, typed: str, hint: str) -> None:
    project.apply(PROFILES)
    told = project.run("connect", "Qwen3 4B", "--client", typed)
    assert told.err == f"error: there are no settings for {typed}\nhint: {hint}\n"


def test_every_golden_text_is_of_a_client() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == {*CLIENTS}


def in_the_page() -> Iterator[tuple[str, str]]:
    """What the page about clients shows for each, by the heading that it stands under."""
    for part in HERE.read_text().split("\n## ")[1:]:
        title, _, rest = part.partition("\n")
        for block in re.findall(r"```[a-z]*\n(.*?)```", rest, re.DOTALL)[:1]:
            yield title.strip("`"), block


def test_the_page_shows_what_is_printed() -> None:
    shown = dict(in_the_page())
    assert {name: shown.get(name) for name in CLIENTS} == {name: text("Qwen3 4B", name) for name in CLIENTS}


def read_back(written: str) -> Any:
    """Settings by the parser of their format."""
    if written.startswith(("{", "[")):
        return json.loads(written)
    if re.match("(export )?[A-Z_]+=", written):
        words = shlex.split(written)
        return dict(word.partition("=")[::2] for word in words if word != "export")
    return yaml.safe_load(written)


def meant(client: str, name: str) -> Any:
    """Where the name of a profile stands in a client's settings, and as what."""
    found = read_back(text(name, client))
    match client:
        case "continue":
            return found["models"][0]["name"]
        case "librechat":
            endpoint = found["endpoints"]["custom"][0]
            assert endpoint["modelDisplayLabel"] == endpoint["name"]
            return endpoint["name"]
        case "litellm":
            return found["model_list"][0]["model_name"]
        case "llm":
            return found[0]["model_id"]
        case "opencode":
            return found["provider"]["mlx-8080"]["models"][MODEL]["name"]
        case "vs-code":
            return found[0]["models"][0]["name"]
        case _:
            return found["language_models"]["openai_compatible"]["mlx-8080"]["available_models"][0][
                "display_name"
            ]


NAMED = ("continue", "librechat", "litellm", "llm", "opencode", "vs-code", "zed")
"""Clients that show the name of a profile; the others have no place for it."""

hostile = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40) | st.sampled_from(
    [
        "{file:/x}",
        "${X}",
        "# x",
        "a: b",
        "- a",
        "'",
        '"',
        "\\",
        "\n",
        "\r\n",
        "\t",
        "\0",
        "\x7f",
        "\u2028",
        "\ufeff",
        "{env:HOME}",
        "yes",
        "null",
        "1e3",
        "0x1",
        "1:30",
        "~",
        "!!x",
        "&a",
        "*a",
        "|",
        "%",
        "@",
        "`",
        "\U0001f600",
        "x" * 120,
    ]
)


@pytest.mark.parametrize("client", NAMED)
@given(st.lists(hostile, min_size=1, max_size=3).map("".join))
@example("{file:/nowhere} {env:HOME} ${HOME}")
@example("a: b # c\n- d: 'e' \"f\"")
@example("\U0001f600 日本 \u202e x")
def test_a_name_is_read_back_as_it_is_shown(client: str, name: str) -> None:
    shown = visible(name)
    if client == "continue":
        shown = shown.replace("${{", "$ {{")
    if client == "litellm" and ("*" in name or shown.startswith("os.environ/") or not shown.isascii()):
        shown = MODEL
    assert meant(client, name) == shown
    written = text(name, client)
    assert not re.search(r"\{(file|env):|\$\{", written)


@pytest.mark.parametrize("client", [name for name in CLIENTS if name not in NAMED])
@given(st.lists(hostile, min_size=1, max_size=3).map("".join))
def test_a_name_has_no_place_in_the_others(client: str, name: str) -> None:
    assert text(name, client) == text("A", client)


def test_names_that_mean_something_to_a_client_are_broken_up() -> None:
    assert meant("continue", "a ${{ secrets.KEY }}") == "a $ {{ secrets.KEY }}"
    assert meant("librechat", "OpenAI") == "OpenAI (MLX)"
    assert (
        meant("litellm", "os.environ/HOME") == meant("litellm", "all*") == meant("litellm", "日本") == MODEL
    )


@given(hostile, hostile)
def test_a_host_and_a_model_of_the_apps_list_bring_nothing_into_any_format(model: str, host: str) -> None:
    strange = entry("A", model, host)
    for client in CLIENTS:
        known = connection(strange, client).connection
        assert re.fullmatch(r"http://\[?[A-Za-z0-9._~:%-]*\]?:8080/v1", known.base_url)
        assert re.fullmatch(r"[A-Za-z0-9_./-]+", known.model)
        read_back(known.text)


@pytest.mark.parametrize("client", [name for name in CLIENTS if name not in ("openai", "open-webui")])
def test_the_values_are_where_the_client_looks(client: str) -> None:
    known = connection(entry("Qwen", context=65536, default_max_tokens=2048), client).connection
    found = read_back(known.text)
    match client:
        case "aider":
            assert found == {
                "model": f"openai/{MODEL}",
                "openai-api-base": BASE,
                "openai-api-key": KEY,
                "show-model-warnings": False,
            }
        case "anythingllm":
            assert (found["GENERIC_OPEN_AI_BASE_PATH"], found["GENERIC_OPEN_AI_MODEL_TOKEN_LIMIT"]) == (
                BASE,
                "65536",
            )
            assert (found["GENERIC_OPEN_AI_MODEL_PREF"], found["GENERIC_OPEN_AI_API_KEY"]) == (MODEL, KEY)
        case "continue":
            (model,) = found["models"]
            assert (model["apiBase"], model["model"], model["apiKey"]) == (BASE, MODEL, KEY)
            assert model["defaultCompletionOptions"] == {"contextLength": 65536, "maxTokens": 2048}
        case "hermes":
            assert found["model"] == {"provider": "custom:mlx-8080", "default": MODEL}
            provider = {"base_url": BASE, "api_key": KEY, "model": MODEL, "context_length": 65536}
            assert found["providers"] == {"mlx-8080": provider}
        case "librechat":
            (endpoint,) = found["endpoints"]["custom"]
            assert (endpoint["baseURL"], endpoint["apiKey"]) == (BASE, KEY)
            assert endpoint["models"] == {"default": [MODEL], "fetch": False}
        case "litellm":
            (model,) = found["model_list"]
            params = {"model": f"openai/{MODEL}", "api_base": BASE, "api_key": KEY}
            assert model == {"model_name": "Qwen", "litellm_params": params}
        case "llm":
            assert found == [{"model_id": "Qwen", "model_name": MODEL, "api_base": BASE}]
        case "opencode":
            assert found["model"] == f"mlx-8080/{MODEL}"
            assert found["provider"]["mlx-8080"]["options"] == {"baseURL": BASE}
            limit = {"context": 65536, "output": 2048}
            assert found["provider"]["mlx-8080"]["models"] == {MODEL: {"name": "Qwen", "limit": limit}}
        case "vs-code":
            (model,) = found[0]["models"]
            assert (model["id"], model["url"]) == (MODEL, f"{BASE}/chat/completions")
            assert (model["maxInputTokens"], model["maxOutputTokens"]) == (63488, 2048)
        case _:
            assert client == "zed"
            provider = found["language_models"]["openai_compatible"]["mlx-8080"]
            (model,) = provider["available_models"]
            assert (provider["api_url"], model["name"]) == (BASE, MODEL)
            assert (model["max_tokens"], model["max_output_tokens"]) == (65536, 2048)


@pytest.mark.parametrize(
    ("context", "most", "answer"),
    [(None, None, 8192), (8, None, 2), (1, None, 1), (100, 4096, 100), (None, 512, 512)],
)
def test_an_answer_has_a_part_of_the_context(context: int | None, most: int | None, answer: int) -> None:
    options = {} if most is None else {"default_max_tokens": most}
    known = connection(entry("A", context=context, **options), "opencode").connection
    (limit,) = (one["limit"] for one in json.loads(known.text)["provider"]["mlx-8080"]["models"].values())
    assert limit == {"context": context or 32768, "output": answer}
    assert ("are a guess" in " ".join(known.notes)) == (context is None)


def test_the_variables_of_a_client_are_for_a_shell_and_for_a_file(project: Project) -> None:
    project.apply(PROFILES)
    for client, name in (
        ("open-webui", "OPENAI_API_BASE_URLS"),
        ("anythingllm", "GENERIC_OPEN_AI_BASE_PATH"),
    ):
        line = f'eval "$(mlxsm connect "Qwen3 4B" --client {client} --format export)"; printenv {name}'
        assert project.shell(line).out == f"{BASE}\n"
    configs = 'eval "$(mlxsm connect "Qwen3 4B" --client open-webui)"; printenv OPENAI_API_CONFIGS'
    assert json.loads(project.shell(configs).out) == {"0": {"enable": True, "model_ids": [MODEL]}}
    given_env = project.run("connect", "Qwen3 4B", "--client", "zed", "--format", "env")
    assert (given_env.code, given_env.out) == (0, f"MLX_8080_API_KEY={KEY}\n")
    refused = project.run("connect", "Qwen3 4B", "--client", "hermes", "--format", "env")
    assert (refused.code, refused.out) == (64, "")
    assert "hermes reads a file, not variables" in refused.err
    assert "mlxsm connect --client hermes -- 'Qwen3 4B' prints what goes into it" in refused.err


def test_what_a_person_has_to_know() -> None:
    def notes(client: str, **fields: Any) -> str:
        return "\n".join(connection(entry("A", **fields), client).connection.notes)

    assert "http://host.docker.internal:8080/v1; where that is refused" in notes("open-webui")
    beyond = notes("librechat", host="0.0.0.0")
    assert "baseURL is http://host.docker.internal:8080/v1\n" in beyond
    assert "0.0.0.0 is where the server listens, and no address" in beyond
    assert "Hermes asks for 64000 tokens" in notes("hermes")
    assert notes("hermes", context=65536) == ""
    assert "default_model is what the server calls" in notes("llm", model="/models/x")
    assert "MLX_8080_API_KEY=not-required-local" in notes("zed")


_values: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | hostile.map(visible),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile.map(visible), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.lists(_values, min_size=1, max_size=3)
    | st.dictionaries(hostile.map(visible), _values, min_size=1, max_size=3)
)
def test_both_formats_give_what_was_put_in(value: Any) -> None:
    assert json.loads(as_json(value)) == value
    floats_apart = json.loads(json.dumps(value), parse_float=lambda _: 0.5)  # YAML reads 1e16 as text
    assert yaml.safe_load(as_yaml(floats_apart)) == floats_apart
