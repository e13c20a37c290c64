"""What a YAML reader could not read, in the words of a person who looks at the text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from mlxsm_sync.syntax.tree import Position

ALIASES = "aliases (*) are not allowed: write the value out, or use defaults"
ANCHORS = "anchors (&) are not allowed: write the value out, or use defaults"
TAGS = "tags (!) are not allowed: write a plain or quoted value"
HEADER = "the line must end after | or >: the text begins on the next one"
_NOT_VALID = "not valid YAML: "


class Trouble(NamedTuple):
    """Where a reader stopped, and in what."""

    text: str
    at: Position
    begin: Position
    """Where the thing begins that it was reading."""

    @property
    def line(self) -> str:
        """The line that it stopped in."""
        return self.text.split("\n")[self.at.line - 1].rstrip("\r")

    @property
    def before(self) -> str:
        """The line up to there."""
        return self.line[: self.at.column - 1]

    @property
    def char(self) -> str:
        """The character there; nothing at the end of a line or of the text."""
        return self.line[self.at.column - 1 : self.at.column]

    @property
    def ends(self) -> bool:
        """Whether nothing is left but blanks and comments."""
        rest = [self.line[self.at.column - 1 :], *self.text.split("\n")[self.at.line :]]
        return all(re.fullmatch(r"\s*(?:#.*)?", one) for one in rest)


class Told(NamedTuple):
    """What is wrong, and the place to look at."""

    at: Position
    message: str


def explained(said: str, trouble: Trouble) -> Told:
    """The trouble in plain words; `said` are the reader's own, the problem before the context."""
    for pattern, tell in _KNOWN:
        if re.search(pattern, said):
            found = tell(trouble)
            at, message = found if isinstance(found, Told) else Told(trouble.at, found)
            return Told(at, message if message in (ALIASES, ANCHORS, TAGS) else _NOT_VALID + message)
    return Told(trouble.at, f"{_NOT_VALID}{said.strip()}")


def _no_token(trouble: Trouble) -> str:
    if trouble.char == "\t":
        return "indent with spaces, not with a tab"
    return f"a value cannot begin with {trouble.char}: put it in quotes"


def _mapping_value(trouble: Trouble) -> Told | str:
    if re.search(r""":(?: |\t)|["'\]}]\s*$""", trouble.before.lstrip(" -?")):
        return 'a value cannot have ": " in it: put the value in quotes'
    above = trouble.text.split("\n")[: trouble.at.line - 1]
    number = next((n for n in range(len(above), 0, -1) if above[n - 1].strip()), 0)
    if number and (colon := re.match(r"[ -]*[A-Za-z_]\w*:(?=\S)(?!.*: )", above[number - 1])):
        return Told(Position(number, colon.end()), "a space is missing after this colon")
    return "this line is indented deeper than its neighbours, or the value above lacks quotes"


def _list_entry(trouble: Trouble) -> str:
    if trouble.before.strip():
        return "a list begins on a line of its own, below its key"
    return "this line is indented deeper than its neighbours"


def _no_colon(trouble: Trouble) -> Told:
    return Told(trouble.begin, 'this line has no ": " after its key')


def _block(trouble: Trouble) -> str:
    if trouble.char == ":" and not re.search(r"\w", trouble.before):
        return "a key is missing before this colon"
    if re.search(r"""["']\s*$""", trouble.before):
        inside = ", and write '' for each ' inside" if trouble.before.endswith("'") else ""
        return f"nothing may follow a closing quote: put the whole value in quotes{inside}"
    if trouble.before.strip(" -?:"):
        return "nothing may follow a value that has ended: put the whole value in quotes"
    return f"this line is not indented as the others that begin on line {trouble.begin.line}"


def _flow(trouble: Trouble) -> Told | str:
    opening = trouble.text.split("\n")[trouble.begin.line - 1][
        trouble.begin.column - 1 : trouble.begin.column
    ]
    closing = "]" if opening == "[" else "}"
    if trouble.ends:
        return Told(trouble.begin, f"this {opening} is never closed")
    return f"a comma or {closing} is missing before this: the {opening} of line {trouble.begin.line} is open"


def _no_content(trouble: Trouble) -> Told | str:
    if trouble.ends:
        lines = trouble.text.rstrip().split("\n")
        return Told(Position(len(lines), len(lines[-1]) + 1), "the text ends before a bracket is closed")
    if trouble.char == ":":
        return "a value that begins with : must be in quotes"
    return "a value is missing here"


def _open_quote(trouble: Trouble) -> Told:
    return Told(trouble.begin, "this quote is never closed")


def _escape(trouble: Trouble) -> Told:
    column = trouble.line.rfind("\\", 0, trouble.at.column) + 1
    at = Position(trouble.at.line, column or trouble.at.column)
    return Told(
        at, r"this escape means nothing in double quotes: write \\ for a backslash, or use single quotes"
    )


def _no_character(trouble: Trouble) -> Told:
    return Told(_escape(trouble).at, "this escape is no character")


def _sigil(trouble: Trouble) -> Told | str:
    sign = trouble.text.split("\n")[trouble.begin.line - 1][trouble.begin.column - 1 : trouble.begin.column]
    message = {"&": ANCHORS, "*": ALIASES, "!": TAGS}.get(sign)
    return Told(trouble.begin, message) if message else "a value is missing here"


def _tab(_: Trouble) -> str:
    return "indent with spaces, not with a tab"


def _header(_: Trouble) -> str:
    return HEADER


def _colon_in_flow(_: Trouble) -> str:
    return "a colon before , ? [ ] { or } needs a space behind it, or the value quotes"


def _outside(_: Trouble) -> str:
    return "this belongs to nothing: it is not indented as the lines above, or follows the end"


_KNOWN: tuple[tuple[str, Callable[[Trouble], Told | str]], ...] = (
    ("scanning an? (?:anchor|alias|tag)|parsing an? (?:anchor|alias|tag)|tag handle", _sigil),
    ("tab character", _tab),
    ("cannot start any token", _no_token),
    ("mapping values are not allowed", _mapping_value),
    ("sequence entries are not allowed|mapping keys are not allowed", _list_entry),
    ("could not find expected ':'", _no_colon),
    ("document indicator|document separator|end of stream", _open_quote),
    ("invalid Unicode character escape", _no_character),
    ("escape", _escape),
    ("hexdecimal", _escape),
    ("unexpected ':'", _colon_in_flow),
    ("scanning a block scalar", _header),
    ("parsing a flow (?:sequence|mapping)", _flow),
    ("node content", _no_content),
    ("parsing a block (?:mapping|collection)", _block),
    ("document start", _outside),
)
