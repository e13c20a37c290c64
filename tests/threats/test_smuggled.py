"""Arguments that want to be other ones, on the whole way: file, state, `up --dry-run`, the server's own parser."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from testing.ledger import Tally
from testing.paths import BIN
from testing.servers import Servers

EVIL = [
    *(
        "--trust-remote-code",
        "-h",
        "--help",
        "--",
        "-",
        "--host=0.0.0.0",
        "--port=1",
        "--x=y",
        "=",
        "=--host",
    ),
    *(
        "@/etc/passwd",
        "@args",
        "a b",
        " --trust-remote-code",
        "a\n--trust-remote-code",
        "\n",
        "a\tb",
        "a=b=c",
    ),
    *(
        "$(touch x)",
        "`touch x`",
        "; touch x",
        "| sh",
        "> x",
        "*",
        "~",
        "${HOME}",
        "'",
        '"',
        "\\",
        "%s",
        "{0}",
    ),
    *("--kv-bits 4", "--model=evil/m", "\u2014\u2014host", "\uff0d\uff0dhost"),
]
"""As values: each must arrive as it is, or be refused."""

REFUSED = [
    *([word] for word in EVIL if not word.startswith("--kv-bits")),
    *(["--kv-bits", "4", word] for word in ("@args", "-h", "--", "a b", "4")),
    *([f"--trust-remote{word}"] for word in ("-cod", "-code=", "-code=1", "_code", "-code ", "-code\n")),
    *(
        [word]
        for word in ("--tr", "--tru=1", "--ho=0.0.0.0", "--po=1", "--mo=evil", "--dr=evil", "--ad=/etc")
    ),
    *(["--kv-bits", "4", *again] for again in (["--kv-bits", "8"], ["--kv-bits=4"], ["--kv-bits=8"])),
    ["--temp", "1", "--temp=2"],
    ["--pipeline", "--pipeline"],
    ["--host", "0.0.0.0"],
    ["--host=0.0.0.0"],
    ["--port", "1"],
    ["--model", "evil/m"],
    ["--", "--trust-remote-code"],
]
"""As raw arguments: refused by the file, or by `up`."""

PARSE = """
import argparse, json, sys
from mlx_lm import server
class Stop(Exception): pass
parse, seen = argparse.ArgumentParser.parse_args, []
def stop(parser, *rest):
    seen.append(vars(parse(parser, *rest)))
    raise Stop
argparse.ArgumentParser.parse_args = stop
for line in json.load(sys.stdin):
    sys.argv = ["mlx_lm.server", *line]
    try:
        server.main()
    except Stop:
        pass
print(json.dumps(seen, default=str))
"""


def options(value: str) -> list[dict[str, Any]]:
    """All the ways in which a text of a profile becomes the value of an option."""
    return [
        {"modelID": value},
        {"modelID": "test/a", "options": {"allowedOrigins": value}},
        {"modelID": "test/a", "options": {"chatTemplateArgs": {value: value}}},
        {"modelID": "test/a", "options": {"rawExtraArgs": [f"--chat-template={{{{ m }}}}{value}"]}},
        {"modelID": "test/a", "options": {"rawExtraArgs": ["--chat-template", f"{{{{ m }}}}{value}"]}},
        {"modelID": "test/a", "options": {"rawExtraArgs": [f"--adapter-path=/{value}"]}},
        {"modelID": "test/a", "options": {"rawExtraArgs": ["--adapter-path", f"/{value}"]}},
        {"modelID": "test/a", "options": {"rawExtraArgs": [f"--draft-model=/{value}"]}},
    ]


def profile(number: int, wanted: dict[str, Any]) -> dict[str, Any]:
    found = {"name": f"P{number}", "modelID": wanted["modelID"], "host": "127.0.0.1", "port": 1024 + number}
    return found | {"advancedLaunchOptions": wanted.get("options", {})}


def without_invalid(servers: Servers, profiles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that the file itself does not refuse, applied."""
    for _ in range(2):
        text = json.dumps({"schemaVersion": 1, "profiles": profiles}, indent=1)
        servers.write(text)
        (told,) = servers.run("validate", "--json").json["files"]
        lines = {one["line"] for one in told["problems"]}
        starts = [n for n, line in enumerate(text.splitlines(), 1) if line == "  {"]
        ends = [n for n, line in enumerate(text.splitlines(), 1) if line in ("  },", "  }")]
        spans = zip(profiles, starts, ends, strict=True)
        profiles = [one for one, start, end in spans if not lines & {*range(start, end + 1)}]
    assert servers.run("apply", "--yes").code == 0
    return profiles


def planned(servers: Servers) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The command lines of a dry run without the program, and the reasons of what it refuses."""
    told = servers.run("up", "--dry-run", "--json").json
    argv = {one["name"]: one["argv"][1:] for one in told["servers"]}
    return argv, {one["name"]: one["message"] for one in told["refused"]}


def parsed(lines: list[list[str]], folder: Path) -> list[dict[str, Any]]:
    """What the server's own parser makes of command lines."""
    done = subprocess.run(
        [sys.executable, "-c", PARSE],
        cwd=folder,
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.threat(29)
def test_a_value_is_never_taken_for_an_option_by_the_server(servers: Servers, tally: Tally) -> None:
    servers.environment["MLXSM_SERVER"] = str(BIN / "mlx_lm.server")
    wanted = [one for value in EVIL for one in options(value)]
    profiles = without_invalid(servers, [profile(*one) for one in enumerate(wanted)])
    (servers.folder / "args").write_text("--trust-remote-code\n")
    argv, refused = planned(servers)
    assert len(argv) > 100
    assert {*argv} | {*refused} == {one["name"] for one in profiles}
    assert all(word.startswith("--") for line in argv.values() for word in line)
    for one, seen in zip(argv, parsed([*argv.values()], servers.folder), strict=True):
        number = int(one.removeprefix("P"))
        assert (seen["trust_remote_code"], seen["host"], seen["port"]) == (False, "127.0.0.1", 1024 + number)
        check(wanted[number], seen)
    assert not (servers.folder / "x").exists()
    tally.add(argument_lists=len(wanted))


def check(wanted: dict[str, Any], seen: dict[str, Any]) -> None:
    """What was declared arrived as it is."""
    assert seen["model"] == wanted["modelID"].strip()
    for name, value in wanted.get("options", {}).items():
        if name == "allowedOrigins":
            assert seen["allowed_origins"] == value.strip().split(",")
        elif name == "chatTemplateArgs":
            assert seen["chat_template_args"] == value
        else:
            flag, _, text = (value[0] if len(value) == 1 else "=".join(value)).partition("=")
            assert seen[flag.removeprefix("--").replace("-", "_")] == text


@pytest.mark.threat(29)
def test_raw_arguments_that_are_none_or_repeat_are_refused(servers: Servers, tally: Tally) -> None:
    wanted = [{"modelID": "test/a", "options": {"rawExtraArgs": words}} for words in REFUSED]
    profiles = without_invalid(servers, [profile(*one) for one in enumerate(wanted)])
    assert len(profiles) > 5
    argv, refused = planned(servers)
    assert argv == {}
    assert {*refused} == {one["name"] for one in profiles}
    tally.add(argument_lists=len(REFUSED))
