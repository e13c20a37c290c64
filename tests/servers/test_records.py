"""Logs and records on disk, as they are found and judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mlxsm_sync.errors import FileError, ServerError
from mlxsm_sync.servers import give_up, logs
from mlxsm_sync.servers.endings import note_ending
from mlxsm_sync.servers.log_echo import LogEcho
from mlxsm_sync.servers.observing import look
from mlxsm_sync.servers.records import Damaged, RunFiles
from mlxsm_sync.servers.run_settings import Pace, Settings
from mlxsm_sync.system.current import boot_id
from mlxsm_sync.values.run import Adopted, RunRecord
from testing.waiting import wait_for

# The log


def test_the_end_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    assert (logs.tail(path, 3), logs.part(path), logs.Reader(path).more()) == (([], 0), "", "")
    assert logs.size(path) == 0
    path.write_text("".join(f"{n} {'x' * 500}\n" for n in range(1000)) + "no end")
    assert [line.split()[0] for line in logs.tail(path, 3).lines] == ["998", "999", "no"]
    assert len(logs.tail(path, 5000).lines) == 1001
    assert logs.tail(path, 0) == ([], path.stat().st_size)
    assert len("".join(logs.tail(path, 5000, 100_000).lines)) < 2 * 65536
    assert logs.size(path) == path.stat().st_size
    reader = logs.Reader(path)
    assert (len(reader.more()), reader.at) == (path.stat().st_size, path.stat().st_size)
    with path.open("ab") as file:
        file.write("ü\n".encode() + b"\xff")
    assert (reader.more(), reader.more()) == ("ü\n\ufffd", "")


def test_of_a_huge_log_only_a_part_is_held(tmp_path: Path) -> None:
    """Forty megabytes that have come since the last look are read in portions, and only the end for a reason."""
    path = tmp_path / "a.log"
    line = "x" * 99 + "\n"
    path.write_text(line * 400_000)
    reader = logs.Reader(path)
    portions = [len(portion) for portion in iter(reader.more, "")]
    assert (sum(portions), max(portions)) == (40_000_000, 1024 * 1024)
    assert len(logs.part(path)) == 256 * 1024
    assert len(logs.part(path, 0, 30_000_000)) == 256 * 1024


def test_a_log_is_moved_away_while_somebody_appends(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    descriptor = logs.open_new(path)
    for number in range(7):
        os.write(descriptor, b"%d\n" % number * 100)
        assert not logs.shorten(path, 200)
        assert logs.shorten(path, 199)
        assert path.stat().st_size == 0
    os.write(descriptor, b"new\n")
    os.close(descriptor)
    assert path.read_text() == "new\n"
    kept = {one.name: one.read_text()[0] for one in tmp_path.iterdir() if one != path}
    assert kept == {f"a.log.{number}": str(7 - number) for number in range(1, 6)}
    assert {one.stat().st_mode & 0o777 for one in tmp_path.iterdir()} == {0o600}


def test_a_log_that_cannot_be_moved_away_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("x" * 300)
    for number in range(1, 6):
        (tmp_path / f"a.log.{number}").mkdir()
        (tmp_path / f"a.log.{number}/kept").touch()
    with pytest.raises(FileError, match="cannot rotate"):
        logs.shorten(path, 100)
    assert path.read_text() == "x" * 300
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_what_a_server_wrote_is_repeated_without_our_own_questions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.log"
    look = '127.0.0.1 - - [27/Nov/2026 10:00:00] "GET /health HTTP/1.0" 200 -\n'
    path.write_text(f"old\none\n{look}t\x1bwo\nthr")
    echo = LogEcho(path, 4)
    echo.step()
    assert echo.at == path.stat().st_size - 3
    with path.open("a") as file:
        file.write("ee\n")
    echo.finish()
    assert capsys.readouterr().out == "one\nt\\u{1b}wo\nthree\n"
    path.write_text("anew\n")
    echo.begin_anew()
    echo.step()
    assert capsys.readouterr().out == "anew\n"


def test_a_part_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("0123456789")
    assert [logs.part(path), logs.part(path, 3), logs.part(path, 3, 5)] == [
        "0123456789",
        "3456789",
        "34",
    ]
    assert [logs.part(path, 0, 99), logs.part(path, 99), logs.part(path, 5, 3)] == [
        "0123456789",
        "",
        "",
    ]
    path.write_bytes(b"x" * 3_000_000 + b"end")
    assert logs.part(path).endswith("xend")
    assert len(logs.part(path)) < 300_000
    assert len(logs.part(path, 0, 2_000_000)) < 300_000
    reader = logs.Reader(path)
    pieces = [*iter(reader.more, "")]
    assert (len(pieces), "".join(pieces)) == (3, path.read_text())


def test_a_log_is_followed_into_the_one_that_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("old\n")
    seen: list[str] = []
    done = threading.Event()

    def read() -> None:
        for lines in logs.follow(path, 4, alive=lambda: not done.is_set(), pause=0.01):
            seen.extend(lines)

    def until(*expected: str) -> None:
        wait_for(lambda: seen == [*expected])

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.1)
    with path.open("a") as file:
        file.write("one\ntwo\nbegun")
    until("one", "two")
    logs.rotate(path)
    os.close(logs.open_new(path))
    until("one", "two", "begun")
    with path.open("a") as file:
        file.write("three\n")
    until("one", "two", "begun", "three")
    path.write_text("")
    time.sleep(0.1)
    path.write_text("four\n")
    until("one", "two", "begun", "three", "four")
    path.unlink()
    time.sleep(0.05)
    done.set()
    thread.join()


# Records

RECORD = RunRecord(
    id="a" * 16,
    name="A",
    owner=None,
    host="127.0.0.1",
    port=1,
    run_id="n",
    boot_id="b",
    command=("/s",),
    arguments=(),
    server_version=None,
    profile_digest="sha256:0",
    log="/l",
    started_at="2026-06-16T00:00:00Z",
)


def test_records_come_and_go(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    assert (files.records(), files.record("a" * 16), files.ending(RECORD)) == ({}, None, None)
    assert not files.forget_adopted("a" * 16)
    files.prepare()
    files.write(RECORD)
    assert files.records() == {"a" * 16: RECORD}
    files.ending_path("a" * 16).write_text('{"nonce": "n", "code": -9, "at": 1.5}')
    ending = files.ending(RECORD)
    assert ending is not None
    assert (ending.code, ending.at) == (-9, 1.5)
    assert files.ending(RECORD.model_copy(run_id="other")) is None
    files.ending_path("a" * 16).write_text("{")
    assert files.ending(RECORD) is None
    files.forget_run("a" * 16)
    files.forget_run("a" * 16)
    assert files.records() == {}
    (files.folder / f"{'b' * 16}.json").mkdir()
    (files.folder / "not-an-id.json").write_text("{}")
    assert [type(one) for one in files.records().values()] == [Damaged]


def test_adopted_servers_are_remembered_until_forgotten(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    adopted = Adopted(
        id="a" * 16, name="A", host="h", port=1, software="s", pid=None, model=None, adopted_at="t"
    )
    files.adopt(adopted)
    assert files.adopted("a" * 16) == adopted
    (files.folder / f"{'b' * 16}.adopted").write_text((files.folder / f"{'a' * 16}.adopted").read_text())
    assert files.adopted("b" * 16) is None
    (files.folder / f"{'c' * 16}.adopted").write_text("{")
    assert files.adopted("c" * 16) is None
    assert files.forget_adopted("a" * 16)
    assert files.adopted("a" * 16) is None


def test_only_one_starts_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = RunFiles(tmp_path)
    monkeypatch.setattr("mlxsm_sync.servers.records._LOCK_SECONDS", 0.05)
    code = (
        "import sys\nfrom pathlib import Path\nfrom mlxsm_sync.servers.records import RunFiles\n"
        f"with RunFiles(Path({str(tmp_path)!r})).start_lock('a' * 16):\n"
        "    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ServerError, match="another mlxsm is starting"), files.start_lock("a" * 16):
            pass
        with files.start_lock("b" * 16):
            pass
    with files.start_lock("a" * 16):
        assert json.loads((files.folder / f"{'a' * 16}.lock").read_text())["pid"] == os.getpid()


# What `run` notes


def test_failed_runs_are_counted_until_somebody_asks(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    said: list[str] = []
    assert not give_up.has_given_up(files, RECORD.id)
    told = [give_up.settled(files, RECORD.id, "failed", said.append) for _ in range(5)]
    assert told == ["failed"] * 4 + ["gave-up"]
    assert said == [
        "gave up: 5 runs failed within 10 min; mlxsm up or mlxsm restart tries again",
    ]
    assert give_up.has_given_up(files, RECORD.id)
    assert files.failures_path(RECORD.id).stat().st_mode & 0o777 == 0o600
    give_up.forget(files, RECORD.id)
    give_up.forget(files, RECORD.id)
    assert not give_up.has_given_up(files, RECORD.id)
    assert give_up.settled(files, RECORD.id, "hopeless", said.append) == "hopeless"
    assert give_up.earlier(files, RECORD.id) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"failedAt": 3}', '{"failedAt": ["x", null]}', "[" * 9999])
def test_a_count_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    files = RunFiles(tmp_path)
    files.prepare()
    files.failures_path(RECORD.id).write_text(text)
    files.failures_path(RECORD.id).chmod(0o600)
    assert give_up.earlier(files, RECORD.id) == []


def test_where_nothing_can_be_written_a_run_still_ends(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("in the way")
    files = RunFiles(tmp_path)
    assert not give_up.note(files, RECORD.id, 1.0)
    note_ending(RECORD, files, 1)


def test_an_ending_says_why_run_ended_it(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    files.prepare()
    gone = RECORD.model_copy(pid=None, boot_id=boot_id())
    note_ending(gone, files, -15, idle=1800.5)
    seen = look(gone, lambda: files.ending(gone))
    assert (seen.status, seen.last_error) == ("stopped", "stopped, idle for 30 min")
    note_ending(gone, files, -9, reason="it does not answer")
    seen = look(gone, lambda: files.ending(gone))
    assert (seen.status, seen.last_error) == ("crashed", "mlxsm run ended it: it does not answer")
    note_ending(gone.model_copy(run_id="another"), files, 0)
    assert files.ending(gone) is None


def test_settings_come_through_as_they_were() -> None:
    settings = Settings("/a b", "state", ["--state", "x"], RECORD, Pace(1, 2, 3, 4), 1800.0, 0, False, True)
    again = Settings.read(settings.words())
    assert again._replace(record=RECORD) == settings
    assert again.record.model_dump() == RECORD.model_dump()
