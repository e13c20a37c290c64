"""The report and the comment, as Markdown. Text of others is in code only, and just text there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote

BODY_LIMIT = 65_000
"""Bytes. GitHub takes 65,536 characters, and no character has less than one byte."""
_MARKER = re.compile(r"<!-- mlxsm-action file=(\S+) machine=(\S*) collection=(\S*) -->")
_FENCE = re.compile(r"(`{3,})[a-z]*$")


class Marker(NamedTuple):
    """What a comment of ours is about, in its first line; the collection is told, and does not decide."""

    file: str
    machine: str
    collection: str

    def __str__(self) -> str:
        file, machine, collection = map(_word, self)
        return f"<!-- mlxsm-action file={file} machine={machine} collection={collection} -->"

    def is_same(self, other: Marker | None) -> bool:
        """Whether both are about one file; a broken file still is, and nobody can say of which collection."""
        return other is not None and self[:2] == other[:2]


def _word(text: str) -> str:
    """One word without blanks, brackets or two dashes, in which nothing ends a comment of HTML."""
    return quote(text, safe="/", errors="surrogateescape").replace("--", "%2D%2D")


def marker_of(body: str) -> Marker | None:
    """The marker of a comment, where its first line is one and nothing else."""
    found = _MARKER.fullmatch(body.partition("\n")[0].rstrip("\r"))
    return Marker(*(unquote(one, errors="surrogateescape") for one in found.groups())) if found else None


class Report(NamedTuple):
    """What is told of one file."""

    file: str
    headline: str
    """Our own words."""
    problems: tuple[str, ...] = ()
    notes: str = ""
    """What mlxsm said beside the plan."""
    plan: str = ""
    """As mlxsm prints it, for a review."""
    compared: tuple[str, str] | None = None
    """The commits, new and old."""

    def __str__(self) -> str:
        return "\n\n".join(self._parts()) + "\n"

    def _parts(self) -> Iterator[str]:
        yield f"## mlxsm: {code(self.file)}"
        if self.headline:
            yield self.headline
        if self.problems:
            yield fenced("\n".join(self.problems))
        if self.notes:
            yield fenced(self.notes)
        if self.plan:
            yield self.plan.rstrip("\n")
        if self.compared is not None:
            new, old = (one[:12] for one in self.compared)
            yield f"<sub>Commit {code(new)}, compared with {code(old)}.</sub>"


def code(text: str) -> str:
    """Text of others in a sentence."""
    shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    fence = "`" * (_longest(shown) + 1)
    edge = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def fenced(text: str) -> str:
    """Text of others in lines of its own."""
    fence = "`" * max(3, _longest(text) + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _longest(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def comment_body(marker: Marker, report: str, more: str) -> str:
    """The marker, and as much of the report as a comment may have; `more` says where all of it is."""
    head = f"{marker}\n"
    return head + shortened(report, BODY_LIMIT - len(head.encode()), more)


def shortened(markdown: str, most: int, more: str) -> str:
    """At most so many bytes, in whole lines; what is open where it ends is closed, and a sentence says so."""
    if len(markdown.encode(errors="replace")) <= most:
        return markdown
    room = most - len(more.encode()) - 4
    kept: list[str] = []
    size, fence, folded, closing = 0, "", 0, ""
    for line in re.findall(r"[^\n]*\n|[^\n]+", markdown):
        bare = line.rstrip()
        opened = _FENCE.match(bare)
        if fence:
            fence = "" if bare == fence else fence
        elif opened:
            fence = opened[1]
        else:
            folded += bare.count("<details>") - bare.count("</details>")
        size += len(line.encode(errors="replace"))
        ending = (f"{fence}\n" if fence else "") + "\n</details>\n" * folded
        if size + len(ending) > room:
            break
        kept.append(line)
        closing = ending
    return f"{''.join(kept)}{closing}\n{more}\n"
