"""The commands that the documentation shows: found in its pages, run as they stand there, held against their output.

The comment right before a block of code says what is done with it:

    <!-- run: SCENE -->            it is run in that scene, after the scene's blocks above it on the page; with
                                   `at a terminal` behind it, where every question is answered with yes
    <!-- file: NAME -->            it is written as that file before the scenes of the page go on; `for SCENE` names one
    <!-- run by: tests/x.py -->    that test runs it
    <!-- not run: REASON -->       it is run nowhere
"""

from __future__ import annotations

import io
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pexpect

from testing.paths import BIN, REPOSITORY
from testing.servers import Servers

PAGES = ["README.md", *sorted(str(p.relative_to(REPOSITORY)) for p in (REPOSITORY / "docs").rglob("*.md"))]
PROMPT = "$ "
_BLOCK = re.compile(r"^(?:<!-- ((?:(?!-->).)*) -->\n)?```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_MARK = re.compile(
    r"run: (?P<scene>[\w-]+)(?P<asks> at a terminal)?|file: (?P<name>\S+)(?: for (?P<only>[\w-]+))?|run by: (?P<test>\S+)"
)
_SHELL = ("bash", "console")
_RUN = re.compile(r"(^|[\s\"'/])mlxsm [a-z]", re.MULTILINE)
_READMES_OWN = {"try", "tests", "tour"}
"""Marks that `.ci/run` and the tests of the README know."""


@dataclass(frozen=True)
class Block:
    """A block of code of a page."""

    page: str
    line: int
    """1-based, of the fence."""
    mark: str
    """The comment before it, empty where there is none."""
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def has_commands(self) -> bool:
        """Whether it must be run, or say why not: all that is for a shell, and settings that name a command of ours."""
        if self.language in _SHELL:
            return True
        return self.language != "text" and _RUN.search(self.text) is not None

    @property
    def scene(self) -> str | None:
        """The scene that runs it."""
        return _group(self.mark, "scene")

    @property
    def asks(self) -> bool:
        """Whether its commands are for somebody at a terminal."""
        return _group(self.mark, "asks") is not None

    @property
    def file(self) -> str | None:
        """The file that it is."""
        return _group(self.mark, "name")

    def is_part_of(self, scene: str) -> bool:
        """Whether it is run or written in a scene of its page."""
        return scene == self.scene or (self.file is not None and _group(self.mark, "only") in (None, scene))

    def trouble(self) -> str | None:
        """What is wrong with its mark, if anything is."""
        if self.mark.startswith("not run: "):
            return None if len(self.mark) > 30 else "the reason is too short to be one"
        test = _group(self.mark, "test")
        if self.page == "README.md" and (
            self.mark in _READMES_OWN or (not self.mark and self.language == "console")
        ):
            test = "tests/stories/test_readme.py"
        if test is not None:
            path = REPOSITORY / test
            told = path.read_text() if path.exists() else ""
            return None if Path(self.page).name in told else f"{test} does not say that it reads {self.page}"
        return (
            None
            if _MARK.fullmatch(self.mark)
            else "no comment before it says what runs it, or why nothing does"
        )


def _group(mark: str, name: str) -> str | None:
    found = _MARK.fullmatch(mark)
    return found[name] if found else None


def blocks(page: str) -> Iterator[Block]:
    """The blocks of code of a page, in their order."""
    return read(page, (REPOSITORY / page).read_text())


def read(page: str, text: str) -> Iterator[Block]:
    """The blocks of code in the text of a page."""
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start(2)) + 1
        yield Block(page, line, found[1] or "", found[2], found[3])


def steps(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a block for the console, with what it prints."""
    for part in re.split(rf"^{re.escape(PROMPT)}", text, flags=re.MULTILINE)[1:]:
        command, _, told = part.partition("\n")
        yield command, told


@dataclass
class Shell:
    """Runs commands of a page in a project; ports of the page are others here, and back in what is printed."""

    project: Servers
    ports: Mapping[str, str]

    @property
    def _path(self) -> str:
        return f"{BIN}{os.pathsep}{self.project.environment['PATH']}"

    def write(self, block: Block) -> None:
        """Write a block as the file that it says that it is."""
        assert block.file is not None
        home = self.project.environment["HOME"]
        path = self.project.folder / re.sub(r"^~", home, block.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.here(block.text))
        if block.text.startswith("#!"):
            path.chmod(0o755)

    def script(self, text: str, **environment: str) -> str:
        """What a script prints; every command of it must succeed."""
        done = self._bash(f"set -e\n{text}", stderr=subprocess.PIPE, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return self._there(done.stdout)

    def at_terminal(self, text: str) -> str:
        """What a script prints to somebody who says yes to all of it."""
        environment = self.project.environment | {"PATH": self._path}
        child: pexpect.spawn[str] = pexpect.spawn(
            "bash",
            ["-euo", "pipefail", "-c", self.here(text)],
            cwd=str(self.project.folder),
            env=environment,
            encoding="utf-8",
            timeout=60,
        )
        child.logfile_read = told = io.StringIO()
        while child.expect([r"Type yes[^\n]*: ", pexpect.EOF]) == 0:
            child.sendline("yes")
        child.close()
        assert child.exitstatus == 0, told.getvalue()
        return self._there(told.getvalue().replace("\r", ""))

    def command(self, line: str) -> str:
        """What a command prints, as at a terminal, with its messages; it may end in any way but not to be there."""
        done = self._bash(line, stderr=subprocess.STDOUT)
        assert done.returncode not in (126, 127), done.stdout
        return self._there(done.stdout)

    def _bash(self, text: str, *, stderr: int, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-uo", "pipefail", "-c", f"shopt -s expand_aliases\n{self.here(text)}"],
            cwd=self.project.folder,
            env=self.project.environment | {"PATH": self._path} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            timeout=120,
            check=False,
        )

    def here(self, text: str) -> str:
        """A text of the page with the ports of this run."""
        for port, new in self.ports.items():
            text = re.sub(rf"\b{port}\b", new, text)
        return text

    def _there(self, text: str) -> str:
        for port, new in self.ports.items():
            text = re.sub(rf"\b{new}\b", port, text)
        text = text.replace(self.project.environment["HOME"], "~").replace(str(self.project.folder), "~/team")
        return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)


_CHANGING = [
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?", "TIME"),
    (r"sha256:[0-9a-f]{8,64}", "sha256:DIGEST"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
    (r"\b(?=\w*\d)[a-z0-9]{16}\b", "ID"),
]
_OF_SERVERS = [
    (r"\b\d+(\.\d)? (ms|s|min|h|MB|GB|%)(?!\w)", "SOME"),
    (r"(?<=process )\d+|(?<=  )\d{2,7}(?=  )", "PID"),
    (r"(?<=memory: )[#.]+", "BAR"),
    (r" {2,}", "  "),
]
"""Numbers that differ each time, and the widths of columns with them."""


def steady(text: str, *, of_servers: bool) -> str:
    """A text without what differs from run to run."""
    for pattern, word in [*_CHANGING, *(_OF_SERVERS if of_servers else [])]:
        text = re.sub(pattern, word, text)
    return text.strip("\n")


def rewritten(block: Block, told: str) -> None:
    """Put what commands print now into a page."""
    path = REPOSITORY / block.page
    text, head = path.read_text(), f"<!-- {block.mark} -->\n```console\n"
    assert text.count(f"{head}{block.text}```") == 1, f"{block.place}: the same block stands there twice"
    path.write_text(text.replace(f"{head}{block.text}```", f"{head}{told}```"))
