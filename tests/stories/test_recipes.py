"""What docs/recipes.md gives to other programs, tried as these programs use it."""

from __future__ import annotations

import plistlib
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import hcl2
import pytest
import yaml

from testing.page_scenes import profile, write
from testing.pages import Block, Shell, blocks
from testing.paths import LIKE_DARWIN, MLXSM
from testing.ports import is_free, new_port
from testing.processes import processes_of
from testing.servers import Servers
from testing.waiting import wait_for

pytestmark = pytest.mark.slow

PAGE = [*blocks("docs/recipes.md")]
PORTS = ("8080", "8081")


def block(begin: str) -> Block:
    """The block that is a file, or whose text begins so."""
    (found,) = (one for one in PAGE if one.mark.startswith(f"file: {begin}") or one.text.startswith(begin))
    return found


@pytest.fixture
def shell(servers: Servers) -> Shell:
    """A shell where the page's profile file is applied; its servers listen elsewhere."""
    made = Shell(servers, {port: str(new_port()) for port in PORTS})
    (text,) = (one.text for one in PAGE if one.mark == "file: profiles.yaml")
    servers.write(made.here(text))
    assert servers.run("apply", "--yes").code == 0
    return made


# SwiftBar


def menu(told: str) -> tuple[list[str], list[tuple[str, dict[str, str]]]]:
    """The header and the items of a plugin's output, read by the rules of SwiftBar."""
    header, _, body = told.partition("---\n")
    items = []
    for line in body.splitlines():
        title, _, rest = line.partition("|")
        items.append((title.removesuffix(" "), dict(re.findall(r'(\w+)="([^"]*)"', rest))))
    return [line.partition(" |")[0] for line in header.splitlines()], items


def plugin(shell: Shell) -> str:
    shell.write(block("mlxsm.10s.py"))
    return shell.script("./mlxsm.10s.py")


def test_the_menu_shows_the_servers_and_its_items_stop_them(shell: Shell) -> None:
    header, items = menu(plugin(shell))
    assert header == ["MLX 0/2"]
    assert [title for title, _ in items] == [
        "Qwen: stopped",
        "--Stop",
        "Coder: stopped",
        "--Stop",
        "---",
        "Start all",
        "Stop all",
    ]
    _click(shell, items, "Start all")
    header, items = menu(plugin(shell))
    assert header == ["MLX 2/2"]
    assert re.fullmatch(r"Qwen: ready, 0\.\d GB", items[0][0])
    assert items[0][1]["tooltip"] == "127.0.0.1:8080"
    _click(shell, items, "--Stop")
    assert menu(plugin(shell))[0] == ["MLX 1/2"]
    _click(shell, items, "Stop all")
    assert menu(plugin(shell))[0] == ["MLX 0/2"]


def _click(shell: Shell, items: list[tuple[str, dict[str, str]]], title: str) -> None:
    """Do what the first item of this title does."""
    params = next(params for found, params in items if found == title)
    words = [params["bash"], *(params[f"param{at}"] for at in range(1, 9) if f"param{at}" in params)]
    shell.script(shlex.join(words))


def test_a_name_cannot_become_a_setting_of_the_menu(shell: Shell) -> None:
    write(shell, "profiles.yaml", profile('x | bash="/bin/rm" :fire: --', 8080))
    assert shell.project.run("apply", "--yes").code == 0
    _, items = menu(plugin(shell))
    assert items[0] == (
        'x ¦ bash="/bin/rm" :fire: --: stopped',
        {"symbolize": "false", "emojize": "false", "tooltip": "127.0.0.1:8080"},
    )


def test_a_server_that_died_and_no_command_are_shown(shell: Shell) -> None:
    write(shell, "profiles.yaml", profile("Dead", 8080, "test/exit-3"))
    assert shell.project.run("apply", "--yes").code == 0
    assert shell.project.run("up").code == 1
    assert menu(plugin(shell))[0] == ["MLX 0/3 !"]
    path = shell.project.folder / "mlxsm.10s.py"
    nowhere = subprocess.run(
        ["/usr/bin/env", "-i", "HOME=/nowhere", "/usr/bin/python3", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert menu(nowhere.stdout)[0] == ["MLX ?"]


# Units by hand


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has systemd")
def test_systemd_finds_nothing_wrong_in_the_unit(shell: Shell) -> None:
    home = Path(shell.project.environment["HOME"])
    unit = block("~/.config/systemd")
    shell.write(unit)
    (home / ".local/bin").mkdir()
    (home / ".local/bin/mlxsm").symlink_to(MLXSM)
    assert unit.file is not None
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", str(home / unit.file.removeprefix("~/"))],
        env=shell.project.environment | {"XDG_RUNTIME_DIR": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_what_the_unit_starts_says_when_it_is_ready(shell: Shell) -> None:
    (line,) = re.findall(
        r"^ExecStart=%h/.local/bin/mlxsm (.*)$", block("~/.config/systemd").text, re.MULTILINE
    )
    with running(shell, [str(MLXSM), *_here(shell, line.split())]) as process:
        answers(shell, 8080)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_launchd_is_told_with_0_that_no_other_try_helps(shell: Shell) -> None:
    listed = plistlib.loads(block("qwen.plist").text.encode())
    assert listed["KeepAlive"] == {"SuccessfulExit": False}
    command = _here(shell, listed["ProgramArguments"])
    assert command[0].endswith("/.local/bin/mlxsm")
    with running(shell, [str(MLXSM), *command[1:]]) as process:
        answers(shell, 8080)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert shell.project.run("remove", "Qwen", "--yes").code == 0
    with running(shell, [str(MLXSM), *command[1:]]) as process:
        assert process.wait(60) == 0


def _here(shell: Shell, words: list[str]) -> list[str]:
    """Words of the page with the profile file of this test."""
    return [
        str(shell.project.folder / "profiles.yaml") if word.endswith("profiles.yaml") else word
        for word in words
    ]


@contextmanager
def running(shell: Shell, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command that goes on while the test does."""
    with (shell.project.folder / "out").open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=shell.project.folder,
            env=shell.project.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def answers(shell: Shell, port: int) -> None:
    """Wait until a server of the page answers about its health, as a proxy does."""
    address = f"http://127.0.0.1:{shell.here(str(port))}/health"
    wait_for(lambda: _is_good(address))


def _is_good(address: str) -> bool:
    try:
        with urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


# An MDM


@pytest.fixture
def mdm(shell: Shell) -> Shell:
    """A shell with the folders of a Mac, and with stand-ins that note what launchd is told."""
    folder = shell.project.folder
    for name in ("Library/LaunchDaemons", "Library/Mlxsm", "Users/admin/.local/bin", "tools"):
        (folder / name).mkdir(parents=True)
    (folder / "profiles.yaml").rename(folder / "Library/Mlxsm/profiles.yaml")
    programs = {
        "tools/sudo": 'shift 3\nexec "$@"',
        "tools/launchctl": f'echo "$@" >> {folder}/told',
        "Users/admin/.local/bin/mlxsm": f'exec {sys.executable} {LIKE_DARWIN} "$@"',
    }
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return shell


def _as_mdm(shell: Shell) -> list[str]:
    """Run the script in this folder as the root of a Mac; what launchd was told since."""
    folder, told = shell.project.folder, shell.project.folder / "told"
    told.write_text("")
    text = block("#!/bin/sh\n# What the MDM").text
    script = re.sub(r"(?<=[=\"])/(?=Library|Users)", f"{folder}/", text)
    shell.script(f"PATH={folder}/tools:$PATH\n{script}")
    return told.read_text().replace(f"{folder}", "").splitlines()


def test_an_mdm_installs_a_unit_once_and_what_it_says_serves(mdm: Shell) -> None:
    folder = mdm.project.folder
    unit = folder / "Library/LaunchDaemons/org.example.mlxsm-qwen.plist"
    path = "/Library/LaunchDaemons/org.example.mlxsm-qwen.plist"
    assert _as_mdm(mdm) == [f"bootout system {path}", f"bootstrap system {path}"]
    listed = plistlib.loads(unit.read_bytes())
    assert listed["UserName"]
    profiles = folder / "Library/Mlxsm/profiles.yaml"
    profiles.write_text(f"{profiles.read_text()}  - {{name: New, modelID: m/new, port: {new_port()}}}\n")
    assert _as_mdm(mdm) == [], "another profile changes no unit"
    assert [one["name"] for one in mdm.project.run("list", "--json").json["entries"]][-1] == "New"
    assert [one.name for one in unit.parent.iterdir()] == [unit.name]
    mdm.project.environment |= listed["EnvironmentVariables"]
    with running(mdm, listed["ProgramArguments"]) as process:
        answers(mdm, 8080)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


# Nomad


def unquoted(value: Any) -> Any:
    """A value as python-hcl2 reads it, without the quotation marks that it keeps."""
    if isinstance(value, dict):
        return {unquoted(name): unquoted(one) for name, one in value.items()}
    if isinstance(value, list):
        return [*map(unquoted, value)]
    return value.strip('"') if isinstance(value, str) else value


def test_the_job_of_nomad_can_be_read_and_its_command_ends_as_the_job_says(shell: Shell) -> None:
    job = unquoted(hcl2.loads(block('job "qwen"').text))
    (group,) = job["job"][0]["qwen"]["group"]
    (task,) = group["models"]["task"]
    serve = task["serve"]
    assert serve["driver"] == "raw_exec"
    (config,) = serve["config"]
    assert config["command"].endswith("/bin/mlxsm")
    with running(shell, [str(MLXSM), *_here(shell, config["args"])]) as process:
        answers(shell, 8080)
        process.send_signal(signal.Signals[serve["kill_signal"]])
        assert process.wait(int(serve["kill_timeout"].removesuffix("s"))) == 0
    assert is_free(int(shell.here("8080")))
    (restart,) = group["models"]["restart"]
    assert restart["mode"] == "fail", "what is hopeless is not started for ever"


# A container


def test_what_a_container_runs_shows_the_servers_log_and_ends_at_once(servers: Servers) -> None:
    shell = Shell(servers, {port: str(new_port()) for port in PORTS})
    for one in PAGE:
        if one.mark.endswith(" for container"):
            shell.write(one)
    with running(shell, ["./serve"]) as process:
        answers(shell, 8080)
        wait_for(lambda: "started at http://" in (servers.folder / "out").read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert "GET /health" in (servers.folder / "out").read_text()
    assert processes_of(servers.environment["HOME"]) == []


# What stands in front


def connection(shell: Shell, name: str) -> Any:
    return shell.project.run("connect", name, "--json").json


def test_llama_swap_starts_finds_and_ends_each_model(shell: Shell) -> None:
    settings = yaml.safe_load(shell.here(block("# how long a model").text))
    assert [*settings["models"]] == ["qwen", "coder"]
    for name, model in settings["models"].items():
        known = connection(shell, name.capitalize())
        assert model["useModelName"] == known["model"]
        assert f"{model['proxy']}/v1" == known["baseURL"]
        program, *words = _here(shell, shlex.split(model["cmd"]))
        assert program == "mlxsm"
        with running(shell, [str(MLXSM), *words]) as process:
            wait_for(lambda address=model["proxy"]: _is_good(f"{address}/health"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(settings["unloadTimeout"]) == 0
        assert is_free(int(model["proxy"].rpartition(":")[2]))


def test_litellm_is_told_what_connect_tells(shell: Shell) -> None:
    settings = yaml.safe_load(shell.here(block("model_list:").text))
    for one in settings["model_list"]:
        known, told = connection(shell, one["model_name"].capitalize()), one["litellm_params"]
        assert told == {
            "model": f"openai/{known['model']}",
            "api_base": known["baseURL"],
            "api_key": known["apiKey"],
        }


# supervisor


def test_supervisor_starts_again_what_died_and_leaves_what_is_hopeless(shell: Shell) -> None:
    def control(words: str) -> str:
        return shell.command(f"supervisorctl -c supervisord.conf {words}")

    def is_ready(before: int | None = None) -> bool:
        seen = servers.seen("Qwen")
        return bool(seen["status"] == "ready" and seen["pid"] != before)

    servers = shell.project
    shell.write(block("supervisord.conf"))
    shell.script("supervisord -c supervisord.conf")
    wait_for(is_ready)
    first = servers.seen("Qwen")["pid"]
    shell.script(f"kill -9 {first}")
    wait_for(lambda: is_ready(first))
    control("stop qwen")
    assert is_free(int(shell.here("8080")))
    assert servers.run("remove", "Qwen", "--yes").code == 0
    control("start qwen")
    wait_for(lambda: "EXITED" in control("status"))
    control("shutdown")
    assert "not applied on this machine" in (servers.folder / "qwen.log").read_text()
