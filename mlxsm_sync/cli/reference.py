"""`docs/cli.md` and the man page, written from the commands, and `docs/profiles.md`, from the schema.

`python -m mlxsm_sync.cli.reference` writes all, `--check` says whether they are fresh.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from mlxsm_sync.cli import cli
from mlxsm_sync.cli.begin import completion_script
from mlxsm_sync.cli.group import SECTIONS, every_command
from mlxsm_sync.views.profile_page import profile_page

DOCS = Path(__file__).parent.parent.parent / "docs"
_SHELLS = {"mlxsm.bash": "bash", "_mlxsm": "zsh", "mlxsm.fish": "fish"}
"""The files that packages install, by the name that each shell looks for."""
_WIDTH = 10_000
"""Wider than any text, so that nothing is wrapped here."""


class Page(NamedTuple):
    """One command, as both forms tell of it."""

    name: str
    usage: str
    text: str
    """What it does: paragraphs, with empty lines between them."""
    examples: str
    """Lines as they are typed, and below them what comes next."""
    options: tuple[tuple[str, str], ...]
    """How each is written, and what it does."""


def page(name: str) -> Page:
    """What a command says of itself; `name` has two words where it is one of another's."""
    command = every_command()[name]
    parent = click.Context(
        cli,
        info_name="mlxsm",
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        help_option_names=["-h", "--help"],
    )
    with command.make_context(name, [], parent=parent, resilient_parsing=True) as ctx:
        usage = " ".join(command.collect_usage_pieces(ctx))
        records = [one.get_help_record(ctx) for one in command.get_params(ctx)]
    examples = inspect.cleandoc((command.epilog or "").replace("\b", ""))
    options = tuple((how, " ".join(what.split())) for how, what in filter(None, records))
    return Page(name, f"mlxsm {name} {usage}", inspect.cleandoc(command.help or ""), examples, options)


def pages() -> Iterator[tuple[str, list[Page]]]:
    """Every command, by the sections of `mlxsm --help`."""
    for title, section in SECTIONS.items():
        yield title, [page(name) for name in every_command() if name.split()[0] in section.summaries]


def markdown() -> str:
    """`docs/cli.md`."""
    lines = [
        "# Command line",
        "",
        "Written from `mlxsm COMMAND --help`; [exit codes](exit-codes.md) have a page of their own.",
    ]
    for section, commands in pages():
        lines += ["", f"## {section}"]
        for one in commands:
            lines += ["", f"### {one.name}", "", "```text", one.usage, "```", "", one.text, "", "```text"]
            lines += [one.examples, "```", "", "| option | |", "| --- | --- |"]
            lines += [f"| `{_cell(how)}` | {_cell(what)} |" for how, what in one.options]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def man() -> str:
    """`docs/mlxsm.1`, the page of the manual, in the macros that groff calls man."""
    about = "keep the profiles of local MLX model servers in a file, see what would change, apply it"
    lines = ['.TH MLXSM 1 "" mlxsm "User Commands"', ".SH NAME", f"mlxsm \\- {about}", ".SH SYNOPSIS"]
    lines += [".B mlxsm", ".I COMMAND", "[OPTIONS]"]
    for section, commands in pages():
        lines += [f".SH {_roff(section.upper())}"]
        for one in commands:
            lines += [
                f".SS {_roff(one.usage)}",
                *_paragraphs(one.text),
                ".PP",
                ".nf",
                _roff(one.examples),
                ".fi",
            ]
            for how, what in one.options:
                lines += [".TP", f".B {_roff(how)}", _roff(what)]
    return "\n".join(lines) + "\n"


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield from (".PP", _roff(paragraph))


def _roff(text: str) -> str:
    """Text in which no character is a request or an escape of roff, nor a hyphen where a minus is meant."""
    shown = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in shown.splitlines())


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with `--check` name those that are not fresh."""
    stale = []
    pages = {"cli.md": markdown(), "mlxsm.1": man(), "profiles.md": profile_page()}
    pages |= {f"completions/{name}": f"{completion_script(cli, shell)}\n" for name, shell in _SHELLS.items()}
    for path, text in ((DOCS / name, text) for name, text in pages.items()):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(str(path.relative_to(DOCS)))
            if "--check" not in arguments:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
    verb = "stale" if "--check" in arguments else "written"
    sys.stdout.write(f"pages {verb}: {', '.join(stale) or 'none'}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
