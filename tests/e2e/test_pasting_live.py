"""Every command that is printed beside running servers works when it is pasted, in the situation it is for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from testing.pasting import BROKEN, commands_in, sentences, shell
from testing.ports import new_port
from testing.processes import processes_of
from testing.servers import Servers
from testing.waiting import wait_for

NAME = "it's $(touch pwned) A"
"""A name that a shell would take apart, if it were printed as it is."""
Stranger = Callable[..., subprocess.Popen[bytes]]
Situation = Callable[[Servers, Stranger], None]
SITUATIONS: dict[str, tuple[Situation, list[list[str]]]] = {}


def said_by(*commands: list[str]) -> Callable[[Situation], Situation]:
    """What is asked in a situation; all commands that the answers name are pasted into one like it."""

    def keep(situation: Situation) -> Situation:
        SITUATIONS[situation.__name__] = (situation, [*commands])
        return situation

    return keep


def declare(servers: Servers, *others: str, **more: object) -> int:
    """The profile, and others that want its port; the port."""
    port = new_port()
    first = {"modelID": "test/a", "port": port} | more
    servers.write_profiles({NAME: first} | {name: {"modelID": "m/b", "port": port} for name in others})
    return port


@said_by(["up", NAME], ["down", NAME], ["ps"], ["restart", NAME], ["adopt", NAME], ["connect", NAME])
def adopted(servers: Servers, stranger: Stranger) -> None:
    stranger(declare(servers))
    assert servers.run("adopt", NAME).code == 0


@said_by(["ps"], ["up"], ["plan"], ["apply", "--yes"], ["adopt", NAME], ["logs", NAME, "--previous"])
def stale(servers: Servers, _stranger: Stranger) -> None:
    port = declare(servers)
    assert servers.run("up").code == 0
    fields = {"modelID": "test/a", "port": port, "advancedLaunchOptions": {"defaultTopP": 0.5}}
    servers.write_profiles({NAME: fields})


@said_by(["ps"], ["up"], ["down"], ["plan"], ["logs", NAME])
def edited_and_not_applied(servers: Servers, _stranger: Stranger) -> None:
    declare(servers)
    assert servers.run("up").code == 0
    path = servers.folder / "profiles.yaml"
    data = json.loads(path.read_text())
    data["profiles"][0]["notes"] = "changed"
    path.write_text(json.dumps(data))


@said_by(["up"], ["up", NAME], ["ps"], ["doctor"], ["restart", NAME])
def port_of_our_own(servers: Servers, _stranger: Stranger) -> None:
    declare(servers, "B")
    assert servers.run("up", "B").code == 0


@said_by(["up"], ["restart"], ["up", "--dry-run"])
def two_on_one_port(servers: Servers, _stranger: Stranger) -> None:
    declare(servers, "B")


@said_by(["up"], ["ps"], ["doctor"])
def port_of_a_stranger(servers: Servers, stranger: Stranger) -> None:
    stranger(declare(servers))


@said_by(["ps"], ["up"], ["plan"], ["logs", NAME], ["down", NAME], ["apply", "--yes"])
def profile_gone(servers: Servers, _stranger: Stranger) -> None:
    declare(servers)
    assert servers.run("up").code == 0
    servers.apply('{"schemaVersion": 1, "collection": "test", "profiles": []}', "--prune", "--force")


@said_by(["ps"], ["up"], ["down"], ["list"], ["plan"], ["logs", NAME])
def state_unreadable(servers: Servers, _stranger: Stranger) -> None:
    declare(servers)
    assert servers.run("up").code == 0
    servers.state_path.write_text("{")


@said_by(["up"], ["logs", NAME], ["ps"])
def model_that_fails(servers: Servers, _stranger: Stranger) -> None:
    declare(servers, modelID="test/dead")


def ended(servers: Servers) -> None:
    """No server, and no file of one: as before anything was done."""
    for pid in processes_of(servers.environment["HOME"]):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not processes_of(servers.environment["HOME"]))
    for path in sorted(servers.folder.rglob("*"), reverse=True):
        if path != servers.folder / "home":
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def printed(servers: Servers, questions: list[list[str]]) -> Iterator[str]:
    """The commands that the answers name, each answered in text and as JSON."""
    told = ""
    for words in questions:
        # To look is first, since to ask `down` or `restart` ends the situation for those that come later.
        result = servers.run(*words)
        told += f"{result.out}\n{result.err}\n"
        if words[0] == "ps":
            told += "\n".join(sentences(servers.run(*words, "--json").json))
    yield from dict.fromkeys(commands_in(told, [NAME, "B"], ["profiles.yaml"]))


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_is_printed_beside_servers_can_be_pasted(
    servers: Servers, stranger: Stranger, name: str
) -> None:
    situation, questions = SITUATIONS[name]
    found: dict[str, None] = {}
    for words in questions:
        situation(servers, stranger)
        found |= dict.fromkeys(printed(servers, [words]))
        ended(servers)
    assert found, "nothing was told to be done"
    failures = []
    for line in found:
        if " -f" in line and "logs" in line:
            continue  # it follows until it is interrupted
        situation(servers, stranger)
        result = shell(servers, line, {})
        told = result.out + result.err
        if result.code in (64, 126, 127) or any(one in told for one in BROKEN):
            failures.append(f"{line}: exit {result.code}: {told.strip()[:400]}")
        if (servers.folder / "pwned").exists():
            failures.append(f"{line}: it ran what a name says")
        ended(servers)
    assert not failures, "\n".join(failures)
