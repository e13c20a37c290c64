"""What a client needs, as text from the state alone."""

from __future__ import annotations

import json
import shlex

import pytest
from conftest import Project

from mlxsm_sync.connect import CLIENTS, connection, model_to_send
from mlxsm_sync.profile import LaunchOptions, Profile
from mlxsm_sync.state import Entry


def entry(host: str = "127.0.0.1", model: str = "org/qwen", *raw: str) -> Entry:
    options = LaunchOptions(raw_extra_args=raw or None)
    profile = Profile(name="A", model_id=model, host=host, port=8080, advanced_launch_options=options)
    return Entry(id="0" * 16, profile=profile, owner=None)


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080/v1"),
        ("localhost", "http://localhost:8080/v1"),
        ("my-host", "http://my-host:8080/v1"),
        ("0.0.0.0", "http://127.0.0.1:8080/v1"),
        ("::", "http://[::1]:8080/v1"),
        ("0", "http://127.0.0.1:8080/v1"),
        ("0:0:0:0:0:0:0:0", "http://127.0.0.1:8080/v1"),
        ("::ffff:0.0.0.0", "http://127.0.0.1:8080/v1"),
        ("::1", "http://[::1]:8080/v1"),
        ("fe80::1%en0", "http://[fe80::1%25en0]:8080/v1"),
    ],
)
def test_the_base_url_is_one_to_connect_to(host: str, base: str) -> None:
    settings = connection(entry(host), "openai")
    assert settings.base_url == base
    assert shlex.split(settings.curl) == ["curl", f"{base}/models"]
    assert settings.text == f"OPENAI_BASE_URL={shlex.quote(base)}\nOPENAI_API_KEY=not-required-local\n"


@pytest.mark.parametrize(
    ("model", "raw", "sent"),
    [
        ("org/qwen", (), "org/qwen"),
        ("qwen", ("--kv-bits", "4"), "qwen"),
        ("/Users/me/models/qwen", (), "default_model"),
        ("~/models/qwen", (), "default_model"),
        ("./qwen", (), "default_model"),
        ("org/qwen", ("--adapter-path", "x"), "default_model"),
        ("org/qwen", ("--adapter-path=x",), "default_model"),
        ("org/qwen", ("--ad=x",), "default_model"),
        ("org/qwen", ("--a",), "org/qwen"),
        ("org/qwen", ("",), "org/qwen"),
    ],
)
def test_the_model_to_send_tells_no_path_and_loses_no_adapter(
    model: str, raw: tuple[str, ...], sent: str
) -> None:
    assert model_to_send(entry("h", model, *raw)) == sent


def test_a_person_reads_it_and_a_script_takes_it(project: Project) -> None:
    project.apply(
        "schemaVersion: 1\nprofiles:\n  - {name: Qwen, modelID: org/qwen, host: '::', port: 8080}\n"
    )
    assert project.run("connect", "Qwen").out == (
        "Qwen: clients talk to the server directly\n"
        "  base URL  http://[::1]:8080/v1\n"
        "  model     org/qwen\n"
        "  API key   not-required-local\n"
        "\n"
        "OPENAI_BASE_URL='http://[::1]:8080/v1'\n"
        "OPENAI_API_KEY=not-required-local\n"
        "\n"
        "curl 'http://[::1]:8080/v1/models'\n"
    )
    assert project.run("connect", "Qwen", "--json").json == {
        "formatVersion": 1,
        "name": "Qwen",
        "client": "openai",
        "baseURL": "http://[::1]:8080/v1",
        "model": "org/qwen",
        "apiKey": "not-required-local",
        "environment": {
            "OPENAI_BASE_URL": "http://[::1]:8080/v1",
            "OPENAI_API_KEY": "not-required-local",
        },
        "curl": "curl 'http://[::1]:8080/v1/models'",
        "text": "OPENAI_BASE_URL='http://[::1]:8080/v1'\nOPENAI_API_KEY=not-required-local\n",
    }
    lines = project.run("connect", "Qwen", "--client", "openai").out
    assert lines == "OPENAI_BASE_URL='http://[::1]:8080/v1'\nOPENAI_API_KEY=not-required-local\n"
    shown = project.shell(f"{lines.replace(chr(10), ' ')} printenv OPENAI_BASE_URL")
    assert shown.out == "http://[::1]:8080/v1\n"


def test_names_that_are_not_there(project: Project) -> None:
    project.apply("schemaVersion: 1\nprofiles:\n  - {name: Qwen, modelID: org/qwen, host: h, port: 8080}\n")
    unknown = project.run("connect", "Quen")
    assert (unknown.code, "did you mean Qwen?" in unknown.err) == (64, True)
    client = project.run("connect", "Qwen", "--client", "hal", "--json")
    assert (client.code, client.json["error"]["hint"]) == (64, "known are openai")
    assert project.run("connect").code == 64


def test_a_name_that_several_entries_of_the_apps_list_have(project: Project) -> None:
    listed = {
        **dict.fromkeys(("family", "localName", "notes", "quantization"), ""),
        "displayName": "A",
        "enableThinking": False,
        "host": "h",
        "serverPort": 1,
    }
    project.write(json.dumps([listed | {"modelID": model} for model in "xy"]), "models.json")
    assert project.run("connect", "A", "--state", "app:models.json").code == 64


def test_every_client_of_the_table_says_where_the_server_is() -> None:
    for name, client in CLIENTS.items():
        assert client.purpose
        assert "http://127.0.0.1:8080/v1" in connection(entry(), name).text
