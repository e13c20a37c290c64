"""A model folder that belongs to a profile file is found from anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from testing.ports import new_port
from testing.servers import Servers
from testing.waiting import wait_for

PROFILES = """\
schemaVersion: 1
profiles:
  - {{name: A, modelID: ./models/load-0, host: 127.0.0.1, port: {port}}}
  - {{name: B, modelID: ~/models/load-0, host: 127.0.0.1, port: {other}}}
"""


def a_model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}")
    return folder


@pytest.fixture
def repository(servers: Servers) -> Servers:
    """A repository with a profile file and a model beside it, applied."""
    servers.folder /= "repository"
    (servers.folder / "sub/models").mkdir(parents=True)
    servers.write(PROFILES.format(port=new_port(), other=new_port()))
    a_model(servers.folder / "models/load-0")
    a_model(servers.folder / "sub/models/load-0")
    a_model(Path(servers.environment["HOME"]) / "models/load-0")
    servers.environment["MLXSM_STATE"] = str(servers.folder.parent / "home/.local/state/mlxsm/state.json")
    applied = servers.run("apply", "--yes")
    assert applied.code == 0, applied
    return servers


def test_from_another_folder_nothing_is_another_model(repository: Servers) -> None:
    told = {one["name"]: one["result"] for one in repository.run("up", "--json").json["servers"]}
    assert told == {"A": "started", "B": "started"}
    state = json.loads(Path(repository.environment["MLXSM_STATE"]).read_text())
    assert [one["profile"]["modelID"] for one in state["entries"]] == ["./models/load-0", "~/models/load-0"]
    top = repository.folder
    for folder, file in (
        (top, "profiles.yaml"),
        (top / "sub", "../profiles.yaml"),
        (top.parent, "repository/profiles.yaml"),
    ):
        repository.folder = folder
        seen = repository.run("ps", "--json").json["servers"]
        assert [(one["status"], one["stale"]) for one in seen] == [("ready", False)] * 2
        again = repository.run("up", "-f", file, "--json").json["servers"]
        assert [one["result"] for one in again] == ["running"] * 2
        dry = repository.run("up", "-f", file, "--dry-run").out.splitlines()
        assert f"--model={top}/models/load-0" in dry[0]
        assert f"--model={repository.environment['HOME']}/models/load-0" in dry[1]
        doctor = repository.run("doctor", "-f", file, "--json").json["checks"]
        models = [one["message"] for one in doctor if one["check"] == "model"]
        assert models[0] == f"{top}/models/load-0 is complete on this disk"


def test_what_was_applied_from_no_file_has_no_folder(servers: Servers) -> None:
    text = PROFILES.format(port=new_port(), other=new_port())
    assert servers.run("apply", "--yes", "-f", "-", stdin=text).code == 0
    a_model(servers.folder / "models/load-0")
    result = servers.run("up", "A", "-f", "-", "--json", stdin=text)
    (told,) = result.json["servers"]
    assert (result.code, told["result"]) == (1, "failed")
    assert told["message"].startswith(
        "./models/load-0 is relative to a profile file, and this profile was applied"
    )
    assert told["message"].endswith(": apply it from a file, or write the whole path")


def test_an_adopted_server_is_compared_with_what_would_be_started(repository: Servers) -> None:
    port = json.loads(Path(repository.environment["MLXSM_STATE"]).read_text())["entries"][0]["profile"][
        "port"
    ]
    words = [repository.environment["MLXSM_SERVER"], f"--model={repository.folder}/models/load-0"]
    server = subprocess.Popen(
        [sys.executable, *words, "--host=127.0.0.1", f"--port={port}"], stderr=subprocess.DEVNULL
    )
    try:
        adopted = wait_for(lambda: (done := repository.run("adopt", "A")).code == 0 and done)
        assert "which is not" not in adopted.out + adopted.err
        assert repository.run("forget", "A").code == 0
    finally:
        server.kill()
        server.wait()
