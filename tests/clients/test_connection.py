"""What a client needs, as text from the state alone."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import pytest

from mlxsm_sync.clients.registry import CLIENTS, connection
from mlxsm_sync.clients.server import model_to_send
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.state import Entry
from testing.project import Project


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
        ("a b;'${X}/é", "http://a%20b%3B%27%24%7BX%7D%2F%C3%A9:8080/v1"),
    ],
)
def test_the_base_url_is_one_to_connect_to(host: str, base: str) -> None:
    settings = connection(entry(host), "openai").connection
    assert settings.base_url == base
    command, address, *_, body = shlex.split(settings.curl)
    assert (command, address) == ("curl", f"{base}/chat/completions")
    assert json.loads(body)["model"] == "org/qwen"
    assert settings.text == (
        f"export OPENAI_BASE_URL={shlex.quote(base)}\n"
        "export OPENAI_API_KEY=not-required-local\n"
        "export OPENAI_MODEL=org/qwen\n"
    )


@pytest.mark.parametrize(
    ("model", "raw", "sent"),
    [
        ("org/qwen", (), "org/qwen"),
        ("qwen", ("--kv-bits", "4"), "qwen"),
        ("/Users/me/models/qwen", (), "default_model"),
        ("~/models/qwen", (), "default_model"),
        ("./qwen", (), "default_model"),
        ("a 'b' ${X}", (), "default_model"),
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


CURL = (
    "curl 'http://[::1]:8080/v1/chat/completions' -H 'Content-Type: application/json' "
    """-d '{"model": "org/qwen", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 32}'"""
)
LINES = "OPENAI_BASE_URL='http://[::1]:8080/v1'\nOPENAI_API_KEY=not-required-local\nOPENAI_MODEL=org/qwen\n"
EVERYWHERE = (
    ":: is where the server listens, and no address: "
    "from another machine, put this machine's name in the place of the address"
)
EXPORTED = "".join(f"export {line}\n" for line in LINES.splitlines())


@pytest.fixture
def qwen(project: Project) -> Project:
    project.apply(
        "schemaVersion: 1\nprofiles:\n  - {name: Qwen, modelID: org/qwen, host: '::', port: 8080}\n"
    )
    return project


def test_a_person_reads_it_and_a_script_takes_it(qwen: Project) -> None:
    text = (
        "Qwen: clients talk to the server directly\n"
        "  base URL  http://[::1]:8080/v1\n"
        "  model     org/qwen\n"
        "  API key   not-required-local\n"
        "\n"
        "For a shell, and the programs that it starts:\n"
        f"{EXPORTED}"
        "\n"
        f"- {EVERYWHERE}\n"
        "\n"
        "To try it, where mlxsm ps Qwen shows it as ready:\n"
        f"{CURL}\n"
    )
    assert qwen.run("connect", "Qwen").out == qwen.run("connect", "Qwen", "--format", "text").out == text
    content = {
        "formatVersion": 1,
        "name": "Qwen",
        "client": "openai",
        "baseURL": "http://[::1]:8080/v1",
        "model": "org/qwen",
        "apiKey": "not-required-local",
        "environment": {
            "OPENAI_BASE_URL": "http://[::1]:8080/v1",
            "OPENAI_API_KEY": "not-required-local",
            "OPENAI_MODEL": "org/qwen",
        },
        "curl": CURL,
        "context": 32768,
        "contextDeclared": False,
        "file": None,
        "text": EXPORTED,
        "notes": [EVERYWHERE],
    }
    assert qwen.run("connect", "Qwen", "--json").json == content
    assert qwen.run("connect", "Qwen", "--format", "json").json == content
    assert qwen.run("connect", "Qwen", "--client", "openai").out == EXPORTED
    assert qwen.run("connect", "Qwen", "--client", "openai", "--format", "text").out == text
    assert qwen.run("connect", "Qwen", "--format", "env", "--client", "openai").out == LINES


def test_the_lines_reach_a_program_that_the_shell_starts(qwen: Project) -> None:
    names = "OPENAI_BASE_URL OPENAI_API_KEY OPENAI_MODEL"
    values = "http://[::1]:8080/v1\nnot-required-local\norg/qwen\n"
    seen = qwen.shell(f'eval "$(mlxsm connect Qwen --format export)"; printenv {names}')
    assert seen.out == values
    seen = qwen.shell(f"mlxsm connect Qwen --format env > .env; set -a; . ./.env; printenv {names}")
    assert seen.out == values


POST = """
import sys, urllib.request
address, _, header, _, body = sys.argv[1:]
name, _, value = header.partition(": ")
request = urllib.request.Request(address, body.encode(), {name: value})
sys.stdout.write(urllib.request.urlopen(request).read().decode())
"""
"""What `curl ADDRESS -H HEADER -d BODY` does."""

SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{self.path} {self.headers['Content-Type']} ".encode() + body)
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.handle_request()
"""
"""Answers one question with what it was asked."""


def test_what_is_printed_asks_the_model_when_it_is_pasted(qwen: Project) -> None:
    post = qwen.write(POST, "post.py")
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        profile = {"name": 'it\'s 日本 "x" $(rm)', "modelID": "org/a-b", "host": "127.0.0.1"}
        profile["port"] = int(running.stdout.readline())  # type: ignore[assignment] - a profile here is a plain dict
        qwen.apply(json.dumps({"schemaVersion": 1, "profiles": [profile]}))
        command = qwen.run("connect", profile["name"]).out.splitlines()[-1]
        answer = qwen.shell(f'curl() {{ {sys.executable} {post} "$@"; }}; {command}')
    path, kind, body = answer.out.split(" ", 2)
    assert (path, kind) == ("/v1/chat/completions", "application/json")
    assert json.loads(body)["model"] == "org/a-b"


def test_the_command_for_a_look_repeats_the_state(qwen: Project) -> None:
    state = str(qwen.state_path)
    text = qwen.run("connect", "Qwen", "--state", state).out
    assert f"To try it, where mlxsm ps Qwen --state {state} shows it as ready:" in text
    qwen.apply("schemaVersion: 1\nprofiles: [{name: -x, modelID: org/x, host: h, port: 1}]\n")
    assert "where mlxsm ps shows it as ready:" in qwen.run("connect", "--", "-x").out


def test_the_clients_are_listed(project: Project) -> None:
    listed = [line.split("  ")[0].strip() for line in project.run("connect", "--list").out.splitlines()]
    assert listed == [*CLIENTS]
    assert project.run("connect", "--list", "--json").json == {
        "formatVersion": 1,
        "clients": [{"name": name, "purpose": one.purpose} for name, one in CLIENTS.items()],
    }
    for words, told in ((["--list", "Qwen"], "not a profile"), ([], "name the profile to connect to")):
        refused = project.run("connect", *words)
        assert (refused.code, told in refused.err) == (64, True)


def test_names_that_are_not_there(project: Project) -> None:
    project.apply("schemaVersion: 1\nprofiles:\n  - {name: Qwen, modelID: org/qwen, host: h, port: 8080}\n")
    unknown = project.run("connect", "Quen")
    assert (unknown.code, "did you mean Qwen?" in unknown.err) == (64, True)
    client = project.run("connect", "Qwen", "--client", "hal", "--json")
    assert (client.code, client.json["error"]["hint"]) == (64, "mlxsm connect --list shows the known clients")
    guess = project.run("connect", "Qwen", "--client", "OpenAi", "--json")
    assert (guess.code, guess.json["error"]["hint"]) == (64, "did you mean openai?")
    guess = project.run("connect", "Qwen", "--client", "openwebui", "--json")
    assert (guess.code, guess.json["error"]["hint"]) == (64, "did you mean open-webui?")


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
