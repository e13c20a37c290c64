"""The real `mlx_lm.server`, from PyPI, with a model that a fixture makes."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlxsm_sync.servers.command_line import launch
from mlxsm_sync.servers.program import find_program
from mlxsm_sync.servers.server_parser import options_in
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.server_options import FLAGS, NEWEST_KNOWN, known_to, parse_version, written
from testing.ledger import Tally
from testing.paths import BIN
from testing.ports import is_free, new_port
from testing.processes import lives, processes_of
from testing.servers import Servers
from testing.waiting import wait_for

SERVER = BIN / "mlx_lm.server"


@pytest.fixture
def real(servers: Servers) -> Servers:
    del servers.environment["MLXSM_SERVER"]
    servers.environment["HF_HUB_OFFLINE"] = "1"
    return servers


def chat(port: int) -> Any:
    """A real completion, as a client asks for it."""
    body = json.dumps({"messages": [{"role": "user", "content": "hello"}], "max_tokens": 3})
    address = f"http://127.0.0.1:{port}/v1/chat/completions"
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "20", "-H", "Content-Type: application/json", "-d", body, address],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_our_own_question_is_no_part_of_the_log(real: Servers, model: Path, level: str) -> None:
    port = new_port()
    options = {"logLevel": level}
    real.write_profiles({"One": {"modelID": str(model), "port": port, "advancedLaunchOptions": options}})
    assert real.up()["One"]["result"] == "started"
    real.seen("One")
    written = real.log("One").read_text()
    assert "HTTP/1.0" in written
    assert "Prompt processing progress" in written
    shown = real.run("logs", "One", "-n", "all").out
    assert [line for line in shown.splitlines() if "warn" not in line.lower()] == [
        line for line in written.splitlines() if "Starting httpd" in line
    ]
    chat(port)
    of_the_client = real.run("logs", "One", "-n", "all").out.removeprefix(shown)
    assert "Prompt processing progress" in of_the_client
    if level == "DEBUG":
        assert '\t\t\t"content": "hello"\n' in of_the_client


def test_the_whole_way(real: Servers, model: Path) -> None:
    """Two servers, a chat right away, an option changed, a crash, and everything gone at the end."""
    ports = {"One": new_port(), "Two": new_port()}

    def profiles(tokens: int) -> dict[str, dict[str, Any]]:
        one: dict[str, Any] = {"modelID": str(model), "port": ports["One"], "enableThinking": False}
        one["advancedLaunchOptions"] = {"defaultMaxTokens": tokens, "chatTemplateArgs": {"style": "plain"}}
        return {"One": one, "Two": {"modelID": str(model), "port": ports["Two"]}}

    real.write_profiles(profiles(64))
    told = real.up()
    assert {one["result"] for one in told.values()} == {"started"}
    for port in ports.values():
        assert chat(port)["usage"]["completion_tokens"] >= 1
    assert real.record("One")["fingerprint"].startswith(f"{real.record('One')['serverVersion']}-")
    assert (
        '--chat-template-args={"enable_thinking": false, "style": "plain"}' in real.record("One")["arguments"]
    )
    assert {real.seen(name)["status"] for name in ports} == {"ready"}
    first = told["One"]["pid"]

    real.write_profiles(profiles(128))
    assert real.seen("One")["changes"] == ["--max-tokens 64 -> 128"]
    assert real.up("--recreate")["One"]["result"] == "recreated"
    assert real.seen("Two")["pid"] == told["Two"]["pid"]
    assert not lives(first)
    assert chat(ports["One"])["usage"]["completion_tokens"] >= 1

    os.kill(real.seen("Two")["pid"], signal.SIGKILL)
    assert wait_for(lambda: real.seen("Two")["exitCode"]) == -9
    assert real.seen("Two")["status"] == "crashed"

    shown = real.run("logs", "One", "Two")
    assert "POST /v1/chat/completions HTTP/1.1" in shown.out
    assert "GET /health" not in shown.out
    assert {line.partition(" | ")[0] for line in shown.out.splitlines()} == {"One", "Two"}

    down = real.run("down", "--json")
    assert (down.code, down.json["servers"][0]["result"]) == (0, "stopped")
    assert all(is_free(port) for port in ports.values())
    assert processes_of(real.environment["HOME"]) == []


@pytest.fixture
def broken(model: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "broken"
    shutil.copytree(model, copy)
    return copy


def failing(real: Servers, folder: Path, *raw: str, **options: Any) -> tuple[dict[str, Any], int]:
    port = new_port()
    launch_options = options | ({"rawExtraArgs": [*raw]} if raw else {})
    real.write_profiles(
        {"Bad": {"modelID": str(folder), "port": port, "advancedLaunchOptions": launch_options}}
    )
    result = real.run("up", "--timeout", "60", "--json")
    (told,) = result.json["servers"]
    assert (result.code, told["result"]) == (1, "failed")
    assert is_free(port)
    assert processes_of(real.environment["HOME"]) == []
    return told, port


def test_corrupt_weights(real: Servers, broken: Path) -> None:
    (broken / "model.safetensors").write_bytes(b"garbage garbage garbage")
    told, _ = failing(real, broken)
    assert "safetensors" in told["message"]
    seen = real.seen("Bad")
    assert (seen["status"], "safetensors" in seen["lastError"]) == ("crashed", True)


def test_a_model_type_that_the_server_does_not_know(real: Servers, broken: Path) -> None:
    config = json.loads((broken / "config.json").read_text()) | {"model_type": "odd"}
    (broken / "config.json").write_text(json.dumps(config))
    told = failing(real, broken)[0]["message"].splitlines()
    assert told[0].endswith("last in its log: ValueError: Model type odd not supported.")
    assert told[1:] == ["the whole log: mlxsm logs Bad"]


def test_weights_of_another_shape(real: Servers, broken: Path) -> None:
    config = json.loads((broken / "config.json").read_text()) | {"hidden_size": 128}
    (broken / "config.json").write_text(json.dumps(config))
    assert "shape" in failing(real, broken)[0]["message"].lower()


def test_an_adapter_that_is_not_there(real: Servers, model: Path) -> None:
    told, _ = failing(real, model, "--adapter-path", "/nowhere/adapter")
    assert "its adapter: there is no folder /nowhere/adapter" in told["message"]


def test_a_draft_model_that_is_none(real: Servers, model: Path) -> None:
    told, _ = failing(real, model, "--draft-model", "/nowhere/draft")
    assert "its draft model: there is no folder /nowhere/draft" in told["message"]


def test_a_chat_template_that_fails(real: Servers, model: Path) -> None:
    told, _ = failing(real, model, "--chat-template", "{% for %}")
    assert told["message"].startswith("its model does not answer (404): Expected an expression")


def test_a_model_that_is_not_cached(real: Servers) -> None:
    told, _ = failing(real, Path("org/not-here"))
    assert "Cannot find an appropriate cached snapshot folder" in told["message"]


def test_a_model_that_cannot_be_downloaded(real: Servers) -> None:
    """The hub refuses every connection."""
    del real.environment["HF_HUB_OFFLINE"]
    real.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"
    port = new_port()
    real.write_profiles({"Bad": {"modelID": "org/not-here", "port": port}})
    result = real.run("up", "--timeout", "60")
    assert result.code == 1
    assert "warning: Bad: org/not-here is not complete in the cache at " in result.err
    assert is_free(port)
    assert real.seen("Bad")["status"] == "crashed"


def test_a_hub_that_never_answers(real: Servers) -> None:
    """A load that never ends is told as that when the time is up."""
    code = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as hole:
        assert hole.stdout
        del real.environment["HF_HUB_OFFLINE"]
        real.environment["HF_ENDPOINT"] = f"http://127.0.0.1:{hole.stdout.readline().strip()}"
        real.write_profiles({"Bad": {"modelID": "org/not-here", "port": new_port()}})
        (told,) = real.run("up", "--timeout", "25", "--json").json["servers"]
        hole.kill()
    assert told["message"].startswith("its model is not loaded after 25 s")
    assert processes_of(real.environment["HOME"]) == []


@pytest.mark.threat(28)
def test_a_port_that_is_taken_while_it_imports(real: Servers, model: Path, tally: Tally) -> None:
    """It stays alive without a socket, and the stranger answers 200 to everything."""
    port = new_port()
    real.write_profiles({"Mine": {"modelID": str(model), "port": port}})
    starting = real.start("up", "--json")
    wait_for(lambda: real.record_path("Mine").exists() and real.record("Mine")["pid"])
    code = (
        "import sys\nfrom http.server import *\n"
        "class H(BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers(); self.wfile.write(b'{\"choices\": [1]}')\n"
        "    do_POST = do_GET\n"
        "ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(port)], stderr=subprocess.DEVNULL) as other:
        out, _ = starting.communicate(timeout=120)
        (told,) = json.loads(out)["servers"]
        assert told["result"] == "failed"
        assert (
            "Address already in use" in told["message"] or f"held by process {other.pid}" in told["message"]
        )
        assert other.poll() is None
        other.kill()
    assert processes_of(real.environment["HOME"]) == []
    tally.add(strangers=1)


def test_it_is_adopted_by_what_it_proves(real: Servers, model: Path) -> None:
    port = new_port()
    real.write_profiles({"A": {"modelID": str(model), "port": port}})
    command = [str(SERVER), "--mod", model.name, "--por", str(port)]
    with subprocess.Popen(command, cwd=model.parent, stderr=subprocess.DEVNULL) as theirs:
        wait_for(lambda: not is_free(port))
        adopted = real.run("adopt", "A")
        assert (adopted.code, adopted.out.splitlines()) == (
            0,
            [
                f"adopted A at 127.0.0.1:{port} for connection details only",
                "  software: mlx_lm.server, confirmed by its response",
                f"  process: {theirs.pid}, mlx_lm.server by its command line",
                f"  model: {model}; a client may have made it load another",
            ],
        )
        seen = real.seen("A")
        assert (seen["status"], seen["pid"], seen["memoryBytes"]) == ("adopted", None, None)
        assert real.up()["A"]["result"] == "running"
        assert real.run("down", "A").code == 0
        assert theirs.poll() is None
        theirs.terminate()
    assert real.seen("A")["lastError"] == "nothing is listening"


# Options.


def test_every_option_is_in_the_parser_of_the_installed_release() -> None:
    program = find_program(str(SERVER), os.environ)
    assert program.version is not None
    source = (BIN.parent / "lib").glob("python3*/site-packages/mlx_lm/server.py")
    read = options_in(ast.parse(next(source).read_text()))
    assert program.known is None or parse_version(program.version) > NEWEST_KNOWN
    assert program.flags == read
    assert known_to(NEWEST_KNOWN) <= read, written(NEWEST_KNOWN)


PARSE = """
import json, sys
from mlx_lm import server
class Stop(Exception): pass
def stop(*a, **k): raise Stop
server.maybe_set_recommended_wired_limit = stop
answers = []
for line in json.load(sys.stdin):
    sys.argv = ["mlx_lm.server", *line]
    try:
        server.main()
    except Stop:
        answers.append(0)
    except SystemExit as error:
        answers.append(error.code)
print(json.dumps(answers))
"""


def parsed(lines: list[list[str]]) -> list[int]:
    """What the server's own parser makes of each command line: 0, or an exit code."""
    done = subprocess.run(
        [sys.executable, "-c", PARSE], input=json.dumps(lines), capture_output=True, text=True, check=True
    )
    return list(json.loads(done.stdout.splitlines()[-1]))


VALUES = {
    "--model": "m",
    "--adapter-path": "a",
    "--host": "127.0.0.1",
    "--port": "8080",
    "--log-level": "DEBUG",
    "--chat-template": "x",
    "--draft-model": "d",
    "--chat-template-args": '{"a": 1}',
    "--prompt-cache-bytes": "512MB",
    "--allowed-origins": "http://a,http://b",
    "--kv-bits": "4",
    "--kv-group-size": "64",
}


def test_everything_that_we_can_emit_is_accepted_by_the_server_itself() -> None:
    program = find_program(str(SERVER), os.environ)
    options = LaunchOptions(
        default_temperature=0.5,
        default_top_p=1.0,
        default_top_k=3,
        default_min_p=1e-7,
        default_max_tokens=10,
        chat_template_args={"a": "-b"},
        allowed_origins="*",
        log_level="INFO",
        decode_concurrency=1,
        prompt_concurrency=1,
        prefill_step_size=1,
        prompt_cache_size=1,
        prompt_cache_bytes=10**12,
    )
    profile = Profile(
        name="A", model_id="m", host="::1", port=1, enable_thinking=True, advanced_launch_options=options
    )
    lines = [[*launch(profile, "-starts-with-a-dash", program).arguments]]
    assert launch(profile, "m", program).problems == ()
    for name in program.flags:
        flag = FLAGS[name]
        lines.append([name if flag.rule is None else f"{name}={VALUES.get(name, '1')}"])
    assert parsed(lines) == [0] * len(lines)


@pytest.mark.threat(29)
def test_what_the_servers_parser_takes_for_short_is_not_let_through(tally: Tally) -> None:
    """All beginnings of all options, in both forms; what the parser would take is refused by its name."""
    program = find_program(str(SERVER), os.environ)
    shorts = sorted({name[:end] for name in program.flags for end in range(3, len(name))} - program.flags)
    assert len(shorts) > 150
    for short in shorts:
        for arguments in ((short, "1"), (f"{short}=1",)):
            options = LaunchOptions(raw_extra_args=arguments)
            profile = Profile(name="A", model_id="m", host="::1", port=1, advanced_launch_options=options)
            made = launch(profile, "m", program)
            assert made.problems, arguments
            assert "is short for" in made.problems[0]
    tally.add(argument_lists=2 * len(shorts))
