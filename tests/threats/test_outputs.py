"""Outputs that are closed, full or gone: what is written does not hang on what can be told."""

from __future__ import annotations

import json
from pathlib import Path

import pexpect
import pytest

from testing.ledger import Tally
from testing.paths import MLXSM
from testing.project import Project

ONE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: %d}]\n"
COMMANDS = (
    "plan",
    "plan --json",
    "plan --format markdown",
    "apply --yes",
    "apply --yes --json",
    "list",
    "list --json",
    "validate",
    "history",
    "history --json",
    "rollback 1 --yes",
    "remove A --yes",
    "export -y",
    "export -y --format yaml",
    "import document.json --yes",
    "import document.json --yes --json",
    "pull --all --yes",
    "connect A",
    "schema state",
    "completion bash",
    "--help",
    "--version",
    "plan --help",
    "ps",
    "doctor",
)
REDIRECTIONS = ("> /dev/full", "2> /dev/full", "> /dev/full 2>&1", ">&-", "2>&-", ">&- 2>&-", "<&-", "| :")
WRITERS = ("apply", "rollback", "remove", "import", "pull")


@pytest.fixture
def ready(project: Project, no_app: None) -> Project:  # noqa: ARG001 - waits until none runs
    """A state of two writes, a third one to come, a document, and an edit of this machine."""
    project.apply(ONE % 1)
    project.apply(ONE % 2)
    project.write((ONE % 3).replace("name: A", "name: B"))
    project.write(
        json.dumps(
            {
                "schemaVersion": 1,
                "app": "MLXServerManager",
                "exportedAt": "2026-06-16T00:00:00Z",
                "profiles": [{"name": "C", "modelID": "m/c", "host": "127.0.0.1", "port": 9}],
            }
        ),
        "document.json",
    )
    return project


@pytest.mark.threat(19)
@pytest.mark.parametrize("redirection", REDIRECTIONS)
def test_an_output_that_fails_is_no_traceback_and_no_lie(
    ready: Project, redirection: str, tally: Tally
) -> None:
    loses_the_output = redirection.startswith((">", "|"))
    for command in COMMANDS:
        before = ready.state_path.read_bytes()
        done = ready.shell(f"( {MLXSM} {command}; echo $? > code ) {redirection}")
        code = int((ready.folder / "code").read_text())
        tally.add(commands=1)
        where = f"{command} {redirection}: {code} {done.err}"
        assert "Traceback" not in done.err, where
        assert "Exception ignored" not in done.err, where
        assert "own fault" not in done.err, where
        if code == 0:
            assert not loses_the_output or command == "pull --all --yes" or redirection == "| :", where
        if ready.state_path.read_bytes() != before:
            assert command.startswith(WRITERS), where
            if code == 1 and loses_the_output and "2>" not in redirection and redirection != "| :":
                assert "was written" in done.err or "was done could not be told" in done.err, where


READERS = (
    "plan --out {out}",
    "plan --json-out {out}",
    "apply --yes --json-out {out}",
    "list --json-out {out}",
    "history --json-out {out}",
    "import document.json --yes --json-out {out}",
    "export -y -o {out}",
    "validate profiles.yaml document.json --json-out {out}",
)


@pytest.mark.threat(19)
@pytest.mark.parametrize("command", READERS)
def test_no_output_takes_the_place_of_what_is_read(ready: Project, command: str, tally: Tally) -> None:
    (ready.folder / "link").symlink_to(ready.state_path)
    (ready.folder / "here").symlink_to(".")
    inputs = [ready.state_path, ready.state_path.with_name("state.json.lock"), ready.folder / "link"]
    inputs += [*ready.state_path.parent.glob("history/*")]
    inputs += [ready.folder / "document.json"] if "document" in command else []
    inputs += [ready.folder / "here/profiles.yaml"] if "export" not in command else []
    for out in inputs:
        before = out.read_bytes(), ready.state_path.read_bytes()
        done = ready.shell(f"{MLXSM} {command.format(out=out)}")
        tally.add(commands=1)
        assert done.code == 64, (done, out)
        assert "is what this command reads" in done.err
        assert (out.read_bytes(), ready.state_path.read_bytes()) == before


@pytest.mark.threat(19)
@pytest.mark.parametrize("command", ["apply --yes --json", "remove A -q --yes", "rollback 1 -q --yes"])
def test_what_was_written_is_told_though_the_reader_has_gone(
    ready: Project, command: str, tally: Tally
) -> None:
    ready.apply(ONE % 2)
    ready.edit_state(lambda state: state["entries"][0]["profile"].update(port=3))
    ready.write((ONE % 3).replace("name: A", "name: B"))
    before = ready.state_path.read_bytes()
    # The reader is gone before the command begins to speak.
    done = ready.shell(f"{{ sleep 0.5; {MLXSM} {command}; }} | exec true")
    tally.add(commands=1)
    assert ready.state_path.read_bytes() != before
    assert "was written, but not all of the output" in done.err


@pytest.mark.threat(19)
def test_what_appears_while_an_export_asks_is_not_overwritten(ready: Project, tally: Tally) -> None:
    asked = ready.on_terminal("export", "-o", "out.json")
    asked.expect("Type yes to export: ")
    (ready.folder / "out.json").symlink_to(ready.state_path)
    before = ready.state_path.read_bytes()
    asked.sendline("yes")
    asked.expect(pexpect.EOF)
    asked.close()
    tally.add(exports=1)
    assert asked.exitstatus == 1
    assert "exists already; it was not touched" in str(asked.before)
    assert ready.state_path.read_bytes() == before


@pytest.mark.threat(19)
def test_a_closed_input_is_told(ready: Project, tally: Tally) -> None:
    for command in ("plan -f -", "apply -f -", "validate -", "import -"):
        done = ready.shell(f"{MLXSM} {command} <&-")
        tally.add(commands=1)
        assert done.code == 1, done
        assert "standard input is closed" in done.out + done.err


@pytest.mark.threat(19)
def test_without_any_stream_no_file_is_taken_for_one(ready: Project, tally: Tally) -> None:
    done = ready.shell(f"{MLXSM} init -f new.yaml <&- >&- 2>&-")
    tally.add(commands=1)
    assert done.code == 1  # nobody could be told
    assert ready.run("validate", "new.yaml").code == 0


@pytest.mark.threat(19)
@pytest.mark.parametrize(
    "command",
    [
        "export -y -o{state}",
        "export -yo {state}",
        "export -yo{state}",
        "export -y -o other.json -o {state}",
        "export -y --output={state}",
        "plan --json-out other.json --json-out {state}",
        "plan --out other.plan --out profiles.yaml",
        "plan --json-out=profiles.yaml",
        "validate ./document.json --json-out document.json",
        "import ./document.json --yes --json-out=document.json",
        "apply ./saved.plan --json-out saved.plan",
        "plan -f profiles.yaml --state elsewhere/s.json --json-out elsewhere/history/s.json.00000000.json",
        "plan --state elsewhere/s.json --json-out elsewhere/s.json.lock",
        "plan --state elsewhere/s.json --json-out elsewhere/run-s/a.json",
    ],
)
def test_no_way_of_writing_an_option_gets_an_output_past(ready: Project, command: str, tally: Tally) -> None:
    assert ready.run("apply", "--yes", "--state", "elsewhere/s.json").code == 0
    assert ready.run("plan", "--out", "saved.plan").code == 0
    (ready.folder / "elsewhere/run-s").mkdir()
    (ready.folder / "elsewhere/run-s/a.json").write_text("{}")
    before = [path.read_bytes() for path in files(ready)]
    done = ready.shell(f"{MLXSM} {command.format(state=ready.state_path)}")
    tally.add(commands=1)
    assert done.code == 64, done
    assert [path.read_bytes() for path in files(ready)] == before


def files(project: Project) -> list[Path]:
    return sorted(path for path in project.folder.rglob("*") if path.is_file())


@pytest.mark.threat(19)
def test_what_is_no_input_is_written(ready: Project, tally: Tally) -> None:
    """A name that is a file, too, a file that an export makes anew, and a stream by its name."""
    ready.apply(ONE % 2)
    (ready.folder / "A").touch()
    for command in (
        "export A -y -o A",
        "export -y --format yaml -o profiles.yaml",
        "plan --json-out /dev/stdout > caught",
        "export -y -o /dev/stdout | cat > caught",
    ):
        done = ready.shell(f"{MLXSM} {command}")
        tally.add(commands=1)
        assert done.code == 0, done
    assert '"schemaVersion"' in (ready.folder / "A").read_text()
    assert '"schemaVersion"' in (ready.folder / "caught").read_text()
