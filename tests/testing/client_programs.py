"""Real clients, installed from their registries, and a real server for them to talk to."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from testing.paths import PROGRAMS
from testing.ports import new_port
from testing.servers import Servers

HOSTILE = "{file:/nowhere} ${HOME} #: \"x\" 'y' ${{ secrets.KEY }} 日本"
"""A name of a profile in which many a client would find something to do."""
ANSWER = 8
"""Tokens that a server of these tests answers with."""


def npm_folder(folder: Path, *packages: str) -> Path:
    """A folder with packages of npm."""
    npm = shutil.which("npm")
    assert npm is not None, "some clients come by npm: install Node.js"
    words = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *packages]
    subprocess.run(words, cwd=folder, check=True)
    return folder


def python_folder(folder: Path, *packages: str) -> Path:
    """The folder of the programs of an environment of its own, with packages of PyPI."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin/pip", "install", "-q", *packages], check=True)
    return folder / "bin"


def node(folder: Path, program: str, text: str) -> Any:
    """What one of the programs in JavaScript says of a text."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        words = ["node", str(PROGRAMS / program), file.name]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def serve(servers: Servers, model: Path, name: str) -> int:
    """Start the real server for a profile with a model of the hub, `org/tiny`; its port."""
    del servers.environment["MLXSM_SERVER"]
    servers.environment["HF_HUB_OFFLINE"] = "1"
    cached = Path(servers.environment["HOME"]) / ".cache/huggingface/hub/models--org--tiny"
    shutil.copytree(model, cached / "snapshots/abc")
    (cached / "refs").mkdir()
    (cached / "refs/main").write_text("abc")
    port = new_port()
    profile = {"modelID": "org/tiny", "port": port, "context": 65536}
    servers.write_profiles({name: profile | {"advancedLaunchOptions": {"defaultMaxTokens": ANSWER}}})
    assert servers.up()[name]["result"] == "started"
    return port


def settings(servers: Servers, name: str, client: str) -> str:
    """What the command prints for a client."""
    return servers.run("connect", "--client", client, "--", name).out
