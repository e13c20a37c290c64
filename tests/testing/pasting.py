"""Commands that we print, taken out of our sentences and typed into a shell, as people do."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from mlxsm_sync.cli.group import every_command
from testing import in_process
from testing.in_process import Result
from testing.project import Project

_TOKEN = re.compile(r"(?:'[^']*'|\"[^\"]*\"|\\.|[^\s'\"\\])+")
_PROSE = {
    "started",
    "supports",
    "on",
    "did",
    "has",
    "is",
    "does",
    "failed",
    "made",
    "wrote",
    "can",
    "cannot",
    "keeps",
}
"""Words behind our name in a sentence about us."""
_PLACEHOLDER = re.compile(r"[A-Z]{3,}(?:=[A-Z]+)?")
_ID = re.compile(r"(?=.*[0-9])[a-z0-9]{16}")
"""Of an entry, and no word of a sentence."""
BROKEN = ("command not found", "No such file", "there is no profile file", "syntax error", "unexpected EOF")


EVERY = every_command()
"""Every command, by its one word or its two."""


def command(words: Sequence[str]) -> tuple[str, click.Command]:
    """The command that words begin with, behind its name; KeyError where there is none."""
    both = " ".join(words[:2])
    return (both, EVERY[both]) if both in EVERY else (words[0], EVERY[words[0]])


def options_of(name: str) -> dict[str, bool]:
    """Whether each option of a command takes a value."""
    options = {"-h": False, "--help": False}
    for one in EVERY[name].params:
        if isinstance(one, click.Option):
            options |= dict.fromkeys((*one.opts, *one.secondary_opts), not one.is_flag)
    return options


def sentences(data: Any) -> Iterator[str]:
    """What a document of ours says to people."""
    if isinstance(data, list):
        for one in data:
            yield from sentences(one)
    elif isinstance(data, dict):
        for key, value in data.items():
            if key in ("message", "hint", "remedy", "reason") and isinstance(value, str):
                yield value
            elif key == "remedies":
                yield from value
            else:
                yield from sentences(value)


def commands_in(told: str, names: Sequence[str], files: Sequence[str]) -> Iterator[str]:
    """Every command line of ours in a text, without the words behind it that are prose."""
    quoted = {shlex.quote(name) for name in (*names, *files)}
    for line in re.sub(r"<!--.*?-->", "", told).splitlines():  # a comment of Markdown is for programs
        for found in re.finditer(r"(?<![\w./-])mlxsm (?=[a-z]+\b|--)", line):
            if line[found.end() :].split()[0].rstrip(",;:.") in _PROSE:
                continue
            yield _command_at(line[found.start() :], quoted)


def _command_at(text: str, quoted: set[str]) -> str:
    tokens = [(one.group(), one.end()) for one in _TOKEN.finditer(text)]
    try:
        name, _ = command([token.rstrip(",;:.") for token, _ in tokens[1:3]])
    except LookupError:
        return text[: tokens[min(1, len(tokens) - 1)][1]].rstrip(",;:.")
    first = len(name.split())
    known, end, waits, behind = options_of(name), tokens[first][1], False, False
    for raw, place in tokens[first + 1 :]:
        if text[end - 1] in ",;:":
            break
        token = raw.rstrip(",;:.)") if raw.rstrip(",;:.)") in quoted | known.keys() else raw
        bare = token.rstrip(",;:.")
        option = bare.partition("=")[0]
        if waits:
            waits = False
        elif behind and bare not in quoted:
            break
        elif behind:
            pass
        elif bare == "--":
            behind = True
        elif option in known:
            waits = known[option] and "=" not in bare
        elif not (
            bare in quoted
            or bare[:1] in "'\""
            or bare.startswith(("-", "#", "$"))
            or _PLACEHOLDER.fullmatch(bare)
            or _ID.fullmatch(bare)
        ):
            break
        end = place
        if token != raw:  # the end of a sentence, or of what stands in brackets
            return text[: end - len(raw) + len(token)]
    return text[:end].rstrip(",;:.")


def argv(project: Project, line: str) -> list[str]:
    """The words that bash makes of a line."""
    done = subprocess.run(
        ["bash", "-c", f'words=({line}); printf "%s\\0" "${{words[@]}}"'],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), (line, done.stderr)
    return done.stdout.split("\0")[:-1]


@dataclass
class Scene:
    """A situation, and everything that was said in it."""

    project: Project
    file: str = "profiles.yaml"
    options: tuple[str, ...] = ()
    """What names the file and the state, where the command has these options."""
    environment: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    pasted: int = 0

    def write(self, text: str, name: str | None = None) -> None:
        """A file; without a name the profile file."""
        path = self.project.folder / (name or self.file)
        path.write_text(text)

    def run(self, *words: str, **more: Any) -> Result:
        """Run a command, and paste all that it tells us to."""
        result = self.quietly(*words, **more)
        self.paste(words, result)
        return result

    def quietly(self, *words: str, **more: Any) -> Result:
        """Run a command to get somewhere."""
        return self.project.run(*self._named(words), **self.environment, **more)

    def _named(self, words: Sequence[str]) -> list[str]:
        known = options_of(words[0])
        found = [*words]
        for option, value in zip(self.options[::2], self.options[1::2], strict=True):
            if option in known and option not in words and not (option == "-f" and words[0] == "logs"):
                found[1:1] = [option, value]
        return found

    def paste(self, words: Sequence[str], result: Result) -> None:
        """Type every command of what was said into a shell, each in the situation as it is now."""
        told = "\n".join(sentences(json.loads(result.out))) if result.out.startswith("{") else result.out
        told += result.err
        files = [path.name for path in self.project.folder.iterdir()]
        for line in dict.fromkeys(commands_in(told, self.names, files)):
            self.pasted += 1
            if trouble := self._trouble(line):
                self.failures.append(
                    f"{shlex.join(words)} -> {line}\n    {trouble}\n    said: {told.strip()[:600]}"
                )

    def _trouble(self, line: str) -> str | None:
        kept = self.project.folder.with_name(self.project.folder.name + "-kept")
        shutil.copytree(self.project.folder, kept, symlinks=True)
        try:
            return self._outcome(line)
        finally:
            for path in self.project.folder.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            shutil.copytree(kept, self.project.folder, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(kept)

    def _outcome(self, line: str) -> str | None:
        project = self.project
        words = argv(project, line)
        if words[1:2] and in_process.can_run(words[1:], project.environment | self.environment):
            result = in_process.call(words[1:], project.folder, project.environment | self.environment)
        else:
            result = shell(project, line, self.environment)
        told = result.out + result.err
        if result.code in (64, 126, 127) or any(one in told for one in BROKEN):
            return f"exit {result.code}: {told.strip()[:300]}"
        if (project.folder / "pwned").exists():
            return "it ran what a name says"
        return None


def shell(project: Project, line: str, environment: dict[str, str]) -> Result:
    """What bash does with a line."""
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=project.folder,
        env=project.environment | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def documented(path: Path) -> Iterator[str]:
    """Every command line of ours in a page: in its blocks of code and between its backticks.

    What is run, and held against the output that the page shows, may be wrong on purpose.
    """
    text = re.sub(r"^<!-- run: [^>]*-->\n```console\n.*?^```$", "", path.read_text(), flags=re.S | re.M)
    blocks = re.findall(r"^```(?:bash|console|sh|text|yaml)?\n(.*?)^```", text, re.S | re.M)
    for line in "\n".join(blocks).splitlines():
        if re.match(r"\$ |mlxsm |[A-Z_]+=\S+ mlxsm ", line) or " && " in line or "| mlxsm" in line:
            for part in re.split(r" && | \|\|? ", line.removeprefix("$ ")):
                if (found := re.search(r"(?:^|[ /])mlxsm (.*)", part)) is not None:
                    yield re.split(r"\s#\s|\s+#\s|\s>+\s", found[1])[0].strip()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    for span in re.findall(r"(?<!`)`mlxsm ([^`]+)`(?!`)", prose):
        yield from (part.strip() for part in re.split(r"&& mlxsm|;|\||\s>+\s", span)[:1])
