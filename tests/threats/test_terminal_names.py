"""No character of an argument, of a file's name or of a server's log does anything to a terminal."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from testing.fake_secrets.places import file_of
from testing.in_process import Result, run
from testing.ledger import Tally
from testing.paths import MLXSM
from testing.project import Project
from testing.unseen_characters import BYTES, CHARACTERS, IN_NAMES, NASTY, assert_clean


def profile(number: int, **fields: Any) -> dict[str, Any]:
    return {"name": f"P{number}", "modelID": "m/x", "host": "127.0.0.1", "port": 2000 + number} | fields


@pytest.fixture
def here(project: Project) -> Project:
    project.environment["MLXSM_SERVER"] = "/nonexistent/server"
    return project


def installed(project: Project, *words: str | bytes, stdin: bytes = b"") -> Result:
    """The installed command with words that need not be text."""
    done = subprocess.run(
        [MLXSM, *words],
        cwd=project.folder,
        env=project.environment,
        input=stdin,
        capture_output=True,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.threat(10)
def test_arguments_are_never_obeyed(here: Project, tally: Tally) -> None:
    here.write(file_of([profile(1)]))
    assert run(here, "apply", "--yes").code == 0
    for number, char in enumerate([*IN_NAMES, *(part.decode(errors="surrogateescape") for part in BYTES)]):
        word = f"a{char}b"
        lines: list[list[str]] = [
            [word], ["help", word], ["plan", f"--{word}"], ["plan", "-f", word], ["plan", "--take-from", word],
            ["plan", "--skip", word], ["list", word], ["remove", word, "--json"], ["import", word, "--json"],
            ["apply", word], ["rollback", word], ["export", "-o", f"{word}/x"], ["connect", "P1", "--client", word],
            ["list", "--state", f"{word}/s.json"], ["up", "--server-command", word], ["schema", word],
            ["up", word], ["doctor", "--server-command", word], ["apply", "--expect", word, "--yes", "--json"],
        ]  # fmt: skip
        for line in (lines[number % len(lines)], lines[(number * 7 + 3) % len(lines)]):
            assert_clean(run(here, *line))
            tally.add(characters_in_places=1, commands=1)


@pytest.mark.threat(10)
def test_the_installed_command_shows_names_of_files_and_never_obeys_them(here: Project, tally: Tally) -> None:
    bare = [char for char in CHARACTERS if char not in "\0/"]
    names = ["".join(bare[start : start + 25]).encode() for start in range(0, len(bare), 25)]
    for name in (*names, *(b"a" + part + b"b" for part in BYTES)):
        for command in ("plan", "validate"):
            (here.folder.joinpath("x")).write_text("nothing")
            assert_clean(installed(here, command, b"-f", name + b".yaml"))
        path = bytes(here.folder) + b"/" + name + b".yaml"
        with open(path, "w") as file:
            file.write(file_of([profile(1)]) if name is names[0] else "- bad: [\n")
        assert_clean(installed(here, b"validate", name + b".yaml", b"--json"))
        assert_clean(installed(here, b"apply", b"--yes", b"-f", name + b".yaml"))
        tally.add(installed_runs=4, characters_in_places=25 if name in names else 1)
    assert_clean(installed(here, "list", "--json"), as_json=True)
    assert_clean(installed(here, "plan", "-f", "-", stdin=file_of([], collection="other").encode()))


SERVER = "import sys\nsys.stderr.buffer.write(open(sys.argv[1], 'rb').read())\nsys.exit(3)\n"


@pytest.mark.threat(10)
def test_what_a_server_writes_is_never_obeyed(here: Project, tally: Tally) -> None:
    here.write(file_of([profile(1), profile(2)]))
    assert run(here, "apply", "--yes").code == 0
    program, words = here.folder / "server.py", here.folder / "words"
    program.write_text(SERVER)
    lines = [f"ValueError: a{char}b" for char in NASTY]
    for last in ("".join(CHARACTERS).replace("\n", "").encode(), b"".join(BYTES)):
        words.write_bytes("\n".join(lines).encode() + b"\nValueError: " + last + b"\n")
        command = f"{sys.executable} {program} {words}"
        for arguments in (["up", "P1", "P2"], ["up", "P1", "--json"]):
            result = here.run(*arguments, "--server-command", command)
            assert result.code == 1
            assert "ValueError" in result.out
            assert_clean(result, as_json="--json" in arguments)
            tally.add(installed_runs=1)
        shown = installed(here, "logs", "P1", "P2", "-n", "1000")
        assert shown.out.count("ValueError") >= 2 * len(NASTY)
        # A tabulator only moves on; the lines of a server keep theirs.
        assert_clean(replace(shown, out=shown.out.replace("\t", " ")))
        assert_clean(installed(here, "ps"))
        assert_clean(installed(here, "ps", "--json"), as_json=True)
        tally.add(installed_runs=3, characters_in_places=2 * len(NASTY))


MARKUP = [
    "[link=x]",
    "[/a]",
    "[bold]x[/bold]",
    "%s%n",
    "{0}",
    "{x.__class__}",
    "$(x)",
    "`x`",
    "{{x}}",
    "${HOME}",
    "\\x1b[31m",
]
MARKUP += ["<b>x</b>", "&amp;", ":smile:", "!!x", "a|b", "~", "*", "#x", "-- x", "\\u{1b}"]


@pytest.mark.threat(11)
def test_markup_and_formats_in_names_are_shown_as_they_are(here: Project, tally: Tally) -> None:
    here.write(file_of([profile(n, name=name, notes=name) for n, name in enumerate(MARKUP)]))
    results = [here.run("plan"), here.run("apply", "--yes"), here.run("list", "--color", "always")]
    for result in results[::2]:
        for name in MARKUP:
            assert name in result.out, name
    assert [one["name"] for one in run(here, "list", "--json").json["entries"]] == MARKUP
    assert "Traceback" not in results[1].err
    for name in MARKUP:
        assert name in run(here, "connect", "--", name).out
        assert name in run(here, "remove", "--", name).out
        wrong = run(here, "list", "--", f"{name}{name}{name}?")
        assert f'"{name}{name}{name}?"' in wrong.err
        tally.add(names=1)
    markdown = run(here, "plan", "--format", "markdown", "-f", str(here.write(file_of([]), "other.yaml")))
    assert markdown.code == 0
