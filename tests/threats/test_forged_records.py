"""Records of running servers that somebody forged or damaged: nothing is signalled, and all is told."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlxsm_sync.system.process_identity import boot_id
from testing.forged_records import EDITS, FORGERIES, start_mark
from testing.ledger import Tally
from testing.paths import VICTIM
from testing.ports import new_port
from testing.processes import processes_of
from testing.programs import meet_forgeries
from testing.servers import Servers
from testing.tracing import strace

pytestmark = pytest.mark.linux("traces by strace")

SIGNALS = "kill,tkill,tgkill,rt_sigqueueinfo,rt_tgsigqueueinfo,pidfd_send_signal"
NOBODY = 65534


class Victim:
    """A process that is not ours to signal."""

    def __init__(self, notes: Path, *words: str, **options: Any) -> None:
        self.notes = notes
        with notes.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, VICTIM, *words], stdout=subprocess.PIPE, stderr=said, text=True, **options
            )
        assert self.process.stdout is not None
        self.pid, self.thread = map(int, self.process.stdout.readline().split())

    @property
    def untouched(self) -> bool:
        return self.process.poll() is None and self.notes.read_text() == ""

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def port() -> int:
    return new_port()


@pytest.fixture
def victim(tmp_path: Path, port: int) -> Iterator[Victim]:
    """Somebody else's process, on the port that a server of ours should have."""
    found = Victim(tmp_path / "notes", str(port), start_new_session=True)
    yield found
    found.end()


@pytest.fixture
def of_another_user() -> Iterator[subprocess.Popen[bytes]]:
    """A process that any signal ends; of another user where we may make one."""
    user = {"user": NOBODY} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "600"], start_new_session=True, **user) as process:
        yield process
        process.kill()


def signals(trace: str) -> list[str]:
    """The signals in a trace; to send none, 0, only asks whether somebody is there."""
    calls = re.findall(rf"\b((?:{SIGNALS.replace(',', '|')})\(.*)", trace)
    return [call for call in calls if not re.match(r"kill\(-?\d+, 0\)", call)]


def traced(servers: Servers, command: list[str], **options: Any) -> tuple[str, str]:
    """What a command says, and its signals and programs."""
    log = servers.folder / "signals.trace"
    watched = [strace(), "-f", "-qq", "--seccomp-bpf", "-yy", "-o", str(log), "-e", f"trace={SIGNALS},execve"]
    done = subprocess.run(
        [*watched, *command],
        cwd=servers.folder,
        env=servers.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, log.read_text()


def meet(
    servers: Servers, path: Path, which: str, record: dict[str, Any], thread: int, system: int
) -> tuple[list[dict[str, Any]], str]:
    """How the commands met forgeries of this record, and the trace of them."""
    others = servers.folder / "elsewhere.json"
    others.write_text(json.dumps(record))
    scene = {"record": record, "others": str(others), "thread": thread, "us": os.getpid(), "system": system}
    program = [sys.executable, meet_forgeries.__file__, str(path), which]
    out, trace = traced(servers, program, input=json.dumps(scene))
    return json.loads(out), trace


def template(servers: Servers, port: int, pid: int) -> dict[str, Any]:
    """The record of a server that ran and ended, with the number, start and port of somebody else."""
    servers.write_profiles({"A": {"modelID": "test/a", "port": port}})
    (entry,) = servers.state["entries"]
    return {
        "formatVersion": 1,
        "id": entry["id"],
        "name": "A",
        "owner": "test",
        "host": "127.0.0.1",
        "port": port,
        "nonce": "0" * 32,
        "bootId": boot_id(),
        "pid": pid,
        "startMark": start_mark(pid),
        "command": [servers.environment["MLXSM_SERVER"]],
        "arguments": [f"--port={port}"],
        "serverVersion": None,
        "profileDigest": "",
        "log": str(servers.folder / "a.log"),
        "startedAt": "2026-06-16T00:00:00Z",
    }


@pytest.mark.threat(27)
def test_no_forged_record_makes_any_command_signal_anybody(
    servers: Servers, victim: Victim, port: int, of_another_user: subprocess.Popen[bytes], tally: Tally
) -> None:
    record = template(servers, port, victim.pid)
    path = servers.state_path.parent / "run" / f"{record['id']}.json"
    path.parent.mkdir(mode=0o700)
    met, trace = meet(servers, path, "forgeries", record, victim.thread, of_another_user.pid)
    assert signals(trace) == []
    assert trace.count("execve(") == 1  # the one that starts it
    assert len(met) == len(FORGERIES) * len(meet_forgeries.COMMANDS)
    for one in met:
        forgery = FORGERIES[one["forgery"]]
        judge(one, forgery.told, f"{forgery.name}: {one}")
    assert victim.untouched
    assert of_another_user.poll() is None
    assert processes_of(servers.environment["HOME"]) == []
    tally.add(forged_records=len(FORGERIES), commands=len(met))


def judge(one: dict[str, Any], told: str, about: str) -> None:
    """One command that met a forged record."""
    said = one["out"] + one["err"]
    assert "Traceback" not in said, about
    assert "its own fault" not in said, about
    assert "\x1b" not in said, about
    assert said.strip(), about
    assert 'that is "A"' not in said, about
    match one["words"]:
        case ["down", *_]:
            (line,) = one["out"].splitlines()
            assert told in line, about
            assert one["code"] == (1 if told == "nothing was signalled" else 0), about
        case ["up" | "restart", *_]:
            assert (one["code"], "A: failed" in one["out"]) == (1, True), about
        case ["ps", *_]:
            assert one["code"] == 0, about
        case ["logs", *_]:
            assert (one["code"], one["err"].startswith("error: there is no log")) == (1, True), about
        case ["forget", *_]:
            assert (one["code"], one["err"].startswith("error: no server is adopted")) == (64, True), about


@pytest.mark.threat(27)
def test_of_a_true_record_only_the_true_server_is_signalled(
    servers: Servers, victim: Victim, tally: Tally
) -> None:
    """The same trace, to see that it would show a signal."""
    servers.declare(A="test/a", B="test/b")
    told = servers.up()
    servers.edit_record("B", pid=victim.pid, startMark=start_mark(victim.pid))
    out, trace = traced(servers, ["/bin/sh", "-c", '"$@" || test $? = 1', "sh", *servers.command("down")])
    sent, *woken = signals(trace)
    assert sent.startswith("pidfd_send_signal(")
    assert f"<pid:{told['A']['pid']}>, SIGTERM" in sent
    # One that is stopped ends when it goes on: the same held process, also where it has ended meanwhile.
    handle = sent.partition("<")[0]
    assert woken
    assert [one for one in woken if not (one.startswith(f"{handle}<") and "SIGCONT" in one)] == []
    assert f"process {victim.pid} does not carry the mark of this run; nothing was signalled" in out
    assert victim.untouched
    os.kill(told["B"]["pid"], signal.SIGKILL)
    tally.add(signals=1, commands=1)


@pytest.mark.threat(27)
def test_a_running_server_whose_record_was_edited_is_left_running(servers: Servers, tally: Tally) -> None:
    """What does not identify it can be anything: it is shown, or told, and nothing is signalled."""
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    record, path = servers.record("A"), servers.record_path("A")
    met, trace = meet(servers, path, "edits", record, pid, pid)
    assert signals(trace) == []
    assert len(met) == len(EDITS) * len(meet_forgeries.LOOKING)
    for one in met:
        about, said = f"{EDITS[one['forgery']].name}: {one}", one["out"] + one["err"]
        assert "its own fault" not in said, about
        assert "\x1b" not in said, about
        assert one["code"] in (0, 1), about
        if one["words"] == ["ps", "--json"]:
            assert json.loads(one["out"])["servers"][0]["pid"] == pid, about
    path.write_text(json.dumps(record))
    assert servers.run("down").code == 0
    tally.add(edited_records=len(EDITS), commands=len(met))
