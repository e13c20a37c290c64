"""The two lists of the documentation: docs/index.md for people, and docs/llms.txt, which is written from it.

`pytest tests/stories/test_index.py --update` writes docs/llms.txt anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mlxsm_sync
from testing.paths import REPOSITORY

DOCS = REPOSITORY / "docs"
INDEX = (DOCS / "index.md").read_text()
SECTIONS = ("Docs", "Optional")
INSIDE = ("where.md", "architecture.md", "ledger.md", "mac-first-run.md", "CONTRIBUTING.md", "SECURITY.md")
"""Pages that somebody who only uses it can leave out."""


def rows() -> Iterator[tuple[str, str]]:
    """Each page that the index names, with what it is for."""
    for purpose, pages in re.findall(r"^\| (.*?) \| (.*) \|$", INDEX, re.MULTILINE):
        for target in re.findall(r"\]\(([^)#:]+\.(?:md|yaml))\)", pages):
            yield target, purpose


def title(path: Path) -> str:
    """What a page is called: its heading, or its name."""
    first = path.read_text().partition("\n")[0]
    return first.removeprefix("# ") if path.suffix == ".md" else path.name


def written() -> str:
    """docs/llms.txt: a heading, a summary, a word about the links, and lists of pages."""
    lists: dict[str, list[str]] = {name: [] for name in SECTIONS}
    for target, purpose in rows():
        section = "Optional" if Path(target).name in INSIDE else "Docs"
        lists[section].append(f"- [{title(DOCS / target)}]({target}): to {purpose}")
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    lists["Optional"] += [f"- [Decision {title(path)}](decisions/{path.name})" for path in decisions]
    parts = [f"## {name}\n\n" + "\n".join(lists[name]) for name in SECTIONS]
    about = (
        "Links are relative to this file. The commands on these pages are run by tests, or say why not. "
        "`mlxsm COMMAND --help` is the reference that is installed; `--json` and the exit codes are the contract."
    )
    return "\n\n".join([f"# mlxsm\n\n> {mlxsm_sync.__doc__}", about, *parts]) + "\n"


def test_llms_txt_is_written_from_the_index(request: pytest.FixtureRequest) -> None:
    path = DOCS / "llms.txt"
    if request.config.getoption("--update"):
        path.write_text(written())
    assert path.read_text() == written()


def test_llms_txt_has_every_page_once_and_every_link_leads_somewhere() -> None:
    targets = re.findall(r"^- \[[^]]+\]\(([^)]+)\)(?:: .+)?$", (DOCS / "llms.txt").read_text(), re.MULTILINE)
    assert [one for one in targets if not (DOCS / one).exists()] == []
    assert sorted(targets) == sorted(set(targets))
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} - {"index.md"}
    assert pages - set(targets) == set()


def test_llms_txt_has_the_parts_that_its_format_asks_for() -> None:
    lines = (DOCS / "llms.txt").read_text().splitlines()
    assert lines[0] == "# mlxsm"
    assert lines[2].startswith("> ")
    assert [line for line in lines[1:] if line.startswith("#")] == [f"## {name}" for name in SECTIONS]
