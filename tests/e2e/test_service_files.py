"""Whose a service is, and what becomes of it when its file is gone, damaged, masked or somebody else's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from testing.ports import is_free
from testing.services import Serviced

pytestmark = pytest.mark.linux("a user manager of systemd in namespaces")

FOREIGN = "[Service]\nExecStart=/bin/sleep 99\n"


def test_a_copy_of_a_state_leaves_the_services_of_the_first_one_alone(serviced: Serviced) -> None:
    """It has the same entries, and so the same names of units."""
    serviced.declare(A="test/load-0")
    serviced.install("A")
    seen, text = serviced.seen("A"), serviced.unit_path("A").read_text()
    copy = ("--state", "it's a copy.json")
    shutil.copy(serviced.state_path, serviced.folder / copy[1])
    for words in (("uninstall", "A"), ("install", "A"), ("install", "A", "--no-start", "--timeout", "7")):
        told = serviced.run("service", *words, *copy)
        assert told.code == 1
        said = " ".join(told.out.split())
        assert f"{serviced.unit_path('A')} is of another state, and is left as it is" in said
        assert (
            f"mlxsm service uninstall {serviced.record_path('A').stem} --state {serviced.state_path}" in said
        )
    assert "is of another state" in serviced.status("A", *copy)["A"]["message"]
    serviced.unit_path("A").write_text(text.replace(" --state=", " --unheard-of --state="))
    assert "is of another state" in serviced.run("service", "uninstall", "A", *copy).out
    serviced.unit_path("A").write_text(text)
    (none,) = serviced.run("service", "uninstall", "--all", "--json", *copy).json["services"] or [None]
    assert none is None
    assert (serviced.seen("A")["pid"], serviced.unit_path("A").read_text()) == (seen["pid"], text)
    assert serviced.status()["A"]["state"] == "running"


def test_a_unit_that_mlxsm_did_not_write_is_neither_offered_nor_removed(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    folder = serviced.unit_path("A").parent
    folder.mkdir(parents=True)
    unknown = folder / "mlxsm-abcdefgh12345678.service"
    for path in (unknown, serviced.unit_path("A")):
        path.write_text(FOREIGN)
    assert list(serviced.status()) == []
    for words in (("uninstall", "abcdefgh12345678"), ("uninstall", "A"), ("install", "A")):
        told = serviced.run("service", *words)
        assert told.code == 1
        assert "is no service of mlxsm, and is left as it is" in " ".join(told.out.split())
    assert unknown.read_text() == serviced.unit_path("A").read_text() == FOREIGN


def test_a_port_that_somebody_else_has_is_told_before_anything_is_written(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    serviced.up("A")
    copy = ("--state", "copy.json")
    shutil.copy(serviced.state_path, serviced.folder / copy[1])
    (one,) = serviced.install("A", *copy)["services"]
    assert one["result"] == "failed"
    assert "is held by process" in one["message"]
    assert serviced.left() == []


DAMAGED: dict[str, Callable[[Path], object]] = {
    "removed": lambda _path: None,
    "emptied": lambda path: path.touch(),
    "masked": lambda path: path.symlink_to("/dev/null"),
    "folder": lambda path: (path / "x").mkdir(parents=True),
    "binary": lambda path: path.write_bytes(b"\xff\0" * 99),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_service_whose_file_is_not_as_it_was_is_seen_and_taken_away(serviced: Serviced, kind: str) -> None:
    port = serviced.declare(A="test/load-0")["A"]
    serviced.install("A")
    path = serviced.unit_path("A")
    path.unlink()
    DAMAGED[kind](path)
    seen = serviced.status()["A"]
    assert (seen["service"], seen["state"]) == (f"systemd:{path.name}", "running")
    assert str(path) in seen["message"]
    assert "mlxsm service install A writes it anew" in seen["message"]
    pid = serviced.seen("A")["pid"]
    assert serviced.up("A")["A"]["result"] == "running"
    (again,) = serviced.run("restart", "A", "--json").json["servers"]
    assert (again["result"], serviced.seen("A")["pid"]) == ("failed", pid)
    assert "its service could not start it again, since" in again["message"]
    if kind in ("masked", "folder"):
        (one,) = serviced.install("A")["services"]
        assert one["result"] == "failed"
        assert "remove it, then try again" in one["message"]
    told = serviced.run("service", "uninstall", "A")
    assert told.code == (1 if kind == "folder" else 0)
    assert is_free(port)
    assert serviced.left() == []
    if kind == "folder":
        assert f"{path} is a folder, and is left as it is: remove it" in " ".join(told.out.split())
        assert (path / "x").is_dir()


def test_a_file_that_was_emptied_is_written_anew(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    serviced.install("A")
    before = serviced.unit_path("A").read_text()
    serviced.unit_path("A").write_text("")
    (one,) = serviced.install("A")["services"]
    assert (one["result"], one["started"]) == ("updated", True)
    assert serviced.unit_path("A").read_text() == before


def test_a_service_that_runs_without_its_file_and_record_is_nobodys(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    serviced.install("A")
    name = serviced.unit_path("A").name
    serviced.unit_path("A").unlink()
    copy = ("--state", "copy.json")
    shutil.copy(serviced.state_path, serviced.folder / copy[1])
    told = serviced.run("service", "uninstall", "A", *copy)
    assert told.code == 1
    said = " ".join(told.out.split())
    assert (
        f"systemd runs {name}, and nothing tells of which state it is: systemctl --user stop {name}" in said
    )
    assert serviced.seen("A")["status"] == "ready"


def test_a_folder_that_systemd_does_not_read_gets_no_unit(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0", B="test/load-0")
    serviced.install("A")
    pid = serviced.seen("A")["pid"]
    for place in ("config", "my config"):
        there = {"XDG_CONFIG_HOME": str(serviced.folder / place)}
        for name in "AB":
            told = serviced.run("service", "install", name, "--no-probe", **there)
            assert told.code == 1
            said = " ".join(told.out.split())
            assert "is XDG_CONFIG_HOME of this shell another one than at login?" in said
            assert serviced.seen("A")["pid"] == pid
        assert [path for path in (serviced.folder / place).rglob("*") if not path.is_dir()] == []
        assert serviced.run("service", "uninstall", "B", **there).code == 0
        assert serviced.run("service", "uninstall", "A", **there).code == 1
        assert serviced.seen("A")["pid"] == pid


def test_several_that_take_the_same_service_away_all_succeed(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    serviced.install("A", "--no-start")
    started = [serviced.start("service", "uninstall", "A") for _ in range(3)]
    told = [one.communicate(timeout=120) for one in started]
    assert [one.returncode for one in started] == [0, 0, 0], told
    assert serviced.left() == []


def test_paths_in_commands_are_quoted_and_a_damaged_state_is_no_proof(serviced: Serviced) -> None:
    serviced.declare(A="test/load-0")
    other = serviced.folder / "it's a $HOME"
    other.mkdir()
    shutil.copy(serviced.state_path, other / "st ate.json")
    serviced.install("A", "--no-start", "--state", str(other / "st ate.json"))
    message = serviced.status("A")["A"]["message"]
    assert f"--state '{serviced.folder}/it'\"'\"'s a $HOME/st ate.json'" in message
    serviced.run("service", "uninstall", "A", "--state", str(other / "st ate.json"))
    serviced.install("A")
    serviced.state_path.write_text("{")
    (seen,) = serviced.status().values()
    assert (seen["orphan"], seen["state"]) == (False, "running")
    assert "it cannot be told whether its entry is still there" in seen["message"]
