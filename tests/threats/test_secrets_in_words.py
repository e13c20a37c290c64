"""No token among the words of a command line, in its environment, in paths or in answers is kept or shown."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pexpect
import pytest

from testing.fake_secrets.arguments import WITH_A_SECRET
from testing.fake_secrets.leaks import assert_nothing_shown, found_below, found_in, hidden
from testing.fake_secrets.tokens import TOKENS
from testing.in_process import run
from testing.ledger import Tally
from testing.project import Project

FILE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: 1999}]\n"
CHANGED = FILE.replace("1999", "1998")
FORMS = [hidden(token)[number % 3] for number, token in enumerate(TOKENS.values())]
NAMES = [form for form in FORMS if "/" not in form and len(form.encode()) < 250]
"""What can be the name of a file."""
VARIABLES = ("MLXSM_FILE", "MLXSM_STATE", "MLXSM_SERVER", "HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
VARIABLES += ("SOURCE_DATE_EPOCH", "PATH")
OF_THE_HUB = ("HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME")
"""They name a folder of the server's, which `up` makes where it is missing."""
ANY = (["validate"], ["plan", "--json"], ["apply", "--yes", "-v"], ["list", "--json"], ["export"])
ANY += (["history"], ["init"], ["ps", "--json"], ["doctor", "--json"], ["doctor"], ["up", "--json"], ["down"])


@pytest.fixture
def ready(project: Project) -> Project:
    """A folder with an applied profile, a change to it, and a document."""
    project.environment["MLXSM_SERVER"] = "/nonexistent/server"
    project.write(FILE)
    assert run(project, "apply", "--yes").code == 0
    assert run(project, "export", "-o", "doc.json").code == 0
    project.write(CHANGED)
    return project


def nothing_below(project: Project) -> None:
    assert not found_below(project.folder)


@pytest.mark.threat(31)
def test_a_token_among_the_words_stops_every_command(ready: Project, tally: Tally) -> None:
    before = ready.state_path.read_bytes()
    for line in WITH_A_SECRET:
        for token in FORMS:
            words = [word.replace("T", token) if "T" in word else word for word in shlex.split(line)]
            result = run(ready, *words)
            assert result.code == 64, (words, result)
            assert_nothing_shown(result, [token])
            tally.add(command_lines=1)
        nothing_below(ready)
    assert ready.state_path.read_bytes() == before


@pytest.mark.threat(31)
def test_the_installed_command_keeps_and_shows_no_token_of_its_words(ready: Project, tally: Tally) -> None:
    before = ready.state_path.read_bytes()
    assert len(WITH_A_SECRET) > 60
    for number, line in enumerate(WITH_A_SECRET):
        token = FORMS[number % len(FORMS)]
        result = ready.run(*(word.replace("T", token) for word in shlex.split(line)))
        assert (result.code, "looks like a secret" in result.out + result.err) == (64, True)
        assert_nothing_shown(result)
        tally.add(installed_runs=1)
    nothing_below(ready)
    assert ready.state_path.read_bytes() == before


@pytest.mark.threat(31)
@pytest.mark.parametrize("variable", VARIABLES + OF_THE_HUB)
def test_a_token_in_the_environment_is_neither_kept_nor_shown(
    ready: Project, variable: str, tally: Tally
) -> None:
    for number, token in enumerate(NAMES):
        value = str(ready.folder / token) if number % 2 else token
        settings = {variable: f"{value}:/usr/bin" if variable == "PATH" else value}
        assert_nothing_shown(run(ready, *ANY[number % len(ANY)], **settings))
        tally.add(command_lines=1)
    assert not found_below(ready.state_path.parent if variable in OF_THE_HUB else ready.folder)


@pytest.mark.threat(31)
def test_a_token_as_a_folder_or_file_is_neither_kept_nor_shown(ready: Project, tally: Tally) -> None:
    """The same file under other names: in a folder that is a secret, by a link to it, and as the state."""
    before = ready.state_path.read_bytes()
    elsewhere = ready.folder / "elsewhere"
    elsewhere.mkdir()
    for token in NAMES:
        folder = ready.folder / token
        folder.mkdir()
        ready.write(CHANGED, f"{token}/profiles.yaml")
        (ready.folder / "link.yaml").symlink_to(folder / "profiles.yaml")
        (ready.folder / "state.json").symlink_to(folder / "state.json")
        (ready.folder / "models.json").symlink_to(folder / "models.json")
        for command, where, refused in (
            (["plan", "--json"], folder, True),
            (["apply", "--yes", "-v"], folder, True),
            (["validate", "--json"], folder, True),
            (["apply", "--yes", "-f", "link.yaml"], ready.folder, True),
            (["apply", "--yes", "--state", "state.json"], ready.folder, True),
            (["apply", "--yes", "--state", "app:models.json", "--json"], ready.folder, True),
            (["doctor"], folder, True),
            (["up", "--json"], folder, True),
            (["pull", "--all", "--yes"], folder, True),
            (["list", "--json"], folder, False),
        ):
            result = run(ready, *command, folder=where)
            assert (result.code != 0) == refused, (command, result)
            assert_nothing_shown(result)
            tally.add(command_lines=1)
        (folder / "mlxsm").mkdir()
        (folder / "profiles.yaml").rename(folder / "mlxsm/profiles.yaml")
        for command in (["validate", "--json"], ["plan"], ["apply", "--yes", "--json"]):
            result = run(ready, *command, folder=elsewhere, XDG_CONFIG_HOME=str(folder))
            assert "looks like a secret" in result.out + result.err
            assert_nothing_shown(result)
            tally.add(command_lines=1)
        (folder / "mlxsm/profiles.yaml").rename(folder / "profiles.yaml")
        (folder / "mlxsm").rmdir()
        assert {path.name for path in folder.iterdir()} == {"profiles.yaml"}
        for path in (folder / "profiles.yaml", *ready.folder.glob("*.json"), ready.folder / "link.yaml"):
            path.unlink()
        folder.rmdir()
    assert ready.state_path.read_bytes() == before
    nothing_below(ready)


@pytest.mark.threat(31)
def test_a_token_in_a_typed_answer_is_neither_kept_nor_shown(ready: Project, tally: Tally) -> None:
    ready.write(FILE.replace("schemaVersion: 1", "schemaVersion: 1\ncollection: other").replace("1999", "7"))
    terminal = ready.on_terminal("apply", "-v", timeout=60, echo=False)
    terminal.delaybeforesend = None
    seen = ""
    for token in FORMS:
        terminal.expect(r"\[1 skip\]: ")
        seen += terminal.before + str(terminal.after)
        terminal.sendline(token)
        tally.add(typed_answers=1)
    terminal.expect(r"\[1 skip\]: ")
    terminal.sendline("rename")
    for token in FORMS:
        terminal.expect("New name .*: ")
        seen += terminal.before + str(terminal.after)
        terminal.sendline(token)
        tally.add(typed_answers=1)
    terminal.expect("New name .*: ")
    terminal.sendline("B")
    terminal.expect("Type yes to apply: ")
    terminal.sendline(FORMS[0])
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 1
    assert seen.count("looks like a secret") == len(FORMS) - 1  # the last one is told after the loop
    assert not found_in(seen + terminal.before)
    nothing_below(ready)


SERVER = """
import sys, time
print("RuntimeError: the hub refused " + open(sys.argv[1]).read())
print("2026-01-01 10:00:00 - ERROR - generation thread died: " + open(sys.argv[1]).read(), flush=True)
time.sleep(600 if "wait" in open(__file__ + ".mode").read() else 0)
"""


@pytest.mark.threat(31)
@pytest.mark.parametrize("mode", ["end", "wait"])
def test_what_a_server_says_of_a_token_is_only_in_its_own_log(
    ready: Project, mode: str, tally: Tally
) -> None:
    secret, program = Path(ready.folder / "secret"), Path(ready.folder / "server.py")
    program.write_text(SERVER)
    Path(f"{program}.mode").write_text(mode)
    assert ready.run("apply", "--yes").code == 0
    inputs = [secret, *ready.state_path.parent.glob("logs/*"), program]
    for name in ("hf", "bearer", "password"):
        token = TOKENS[name]
        secret.write_text(token)
        command = f"{sys.executable} {program} {secret}"
        results = [ready.run("up", "--server-command", command, "--timeout", "20")]
        assert results[0].code == 1
        results += [
            ready.run(*words) for words in (["ps"], ["ps", "--json"], ["logs", "A"], ["doctor", "--json"])
        ]
        for result in results:
            assert_nothing_shown(result)
            tally.add(installed_runs=1)
        assert "generation thread died" in results[3].out
        logs = [*ready.state_path.parent.glob("logs/*")]
        assert any(token in path.read_text() for path in logs), "the server's own words are its own"
        assert not found_below(ready.folder, but=[*inputs, *logs])
