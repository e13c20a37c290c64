"""The export document of the Mac app MLX Server Manager, schema version 1, as it is on the wire.

Its published schema judges the documents of others, so everything that a schema can say is said here:
jsonschema reads the patterns, and no two neighbouring repetitions in one share a character.
"""

from __future__ import annotations

from typing import Annotated, Literal

from mlxsm_sync.text.json_value import JsonObject
from mlxsm_sync.text.unicode import UNSEEN_BEYOND_BMP, UNSEEN_CLASS, WHITE_CLASS
from mlxsm_sync.values.base import Derived, Field, Value
from mlxsm_sync.values.fields import Constraint
from mlxsm_sync.values.launch_options import LARGEST, LOG_LEVELS, Form, launch_options

APP = "MLXServerManager"
VERSION = 1

_SPACE = f"[{WHITE_CLASS}]*"
_SEEN = f"[^{UNSEEN_CLASS}{UNSEEN_BEYOND_BMP}]"
_SEEN_LETTER = f"[^{WHITE_CLASS}{UNSEEN_CLASS}{UNSEEN_BEYOND_BMP}]"
_END = r"(?![\s\S])"


def _matching(*patterns: str) -> Constraint:
    """A text that all of these patterns fit."""
    return Constraint(schema={"allOf": [{"pattern": f"^{one}"} for one in patterns]})


def _or_blank(pattern: str) -> Constraint:
    """A text that the pattern fits, with white space around, or one that is blank."""
    return Constraint(schema={"pattern": f"^{_SPACE}(?:(?:{pattern}){_SPACE})?{_END}"})


def _any_case(word: str) -> str:
    return "".join(f"[{char}{char.lower()}]" for char in word)


_PORT = (
    "(?=[0-9]{1,5}(?![0-9]))0*"
    "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
)
_SHARE = (
    r"[-+]?(?:0+(?:\.0*)?|\.0+)|\+?0*(?:\.[0-9]+|1(?:\.0*)?)"
    # How large a number with an exponent is, no pattern can say.
    r"|[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]{1,4}"
)
_POSITIVE = r"\+?(?=[0-9]{1,18}(?![0-9]))0*[1-9][0-9]*"

Name = Annotated[
    str,
    _matching(
        f"(?!{_SPACE}#[0-9]+{_SPACE}{_END})",
        f"{_SPACE}{_SEEN_LETTER}(?:{_SEEN}*{_SEEN_LETTER})?{_SPACE}{_END}",
    ),
]
ModelID = Annotated[str, _matching(rf"{_SPACE}[^\-{WHITE_CLASS}]")]
Host = Annotated[
    str,
    _matching(rf"{_SPACE}[^{WHITE_CLASS}/\[\]]+{_SPACE}{_END}", f"(?![^:]*:[^:]*{_END})"),
]
Port = (
    Annotated[int, Constraint(limits={"ge": 1, "le": 65535})]
    | Annotated[str, _matching(f"{_SPACE}{_PORT}{_SPACE}{_END}")]
)
Share = Annotated[float, Constraint(limits={"ge": 0, "le": 1})] | Annotated[str, _or_blank(_SHARE)] | None
Positive = (
    Annotated[int, Constraint(limits={"ge": 1, "le": LARGEST})] | Annotated[str, _or_blank(_POSITIVE)] | None
)
LogLevel = Annotated[str, _or_blank("|".join(map(_any_case, LOG_LEVELS)))] | None
Template = JsonObject | Annotated[str, _or_blank(r"\{[\s\S]*\}")] | None


class Open(Value):
    """A part of a document: what is unknown in it is data, and ignored."""

    open_to_unknown = True


_BY_FORM: dict[Form, Derived] = {
    "temperature": Derived("Share", "A number from 0 to 1."),
    "share": Derived("Share", "A number from 0 to 1."),
    "positive": Derived("Positive", "A positive whole number."),
    "bytes": Derived("Positive", "A positive whole number."),
    "template": Derived("Template", "A JSON object, as text."),
    "origins": Derived("str | None", "Comma-separated origins."),
    "level": Derived("LogLevel", "The server's log level, in any case."),
    "arguments": Derived("str | None", "Further arguments in one text, split as a shell would."),
}


class DocumentOptions(Open, derived={one.name: _BY_FORM[one.form] for one in launch_options()}):
    """Options of the server's command line. The app writes each as text; a number is read, too."""


class DocumentProfile(Open):
    """One profile of a document."""

    name: Name
    """What people call it: not blank, nothing invisible in it, not # with digits only."""
    model_id: ModelID = Field(serialization_alias="modelID")
    """What it serves: not blank, and not an option."""
    host: Host
    """Where the server listens: a host alone, without white space, slash, brackets or port."""
    port: Port
    """1 to 65535; a whole number as text is read, too."""
    advanced_launch_options: DocumentOptions | None = None
    """Absent where no option is set."""


class Document(Open):
    """A whole document."""

    app: str | None = None
    """`MLXServerManager`; another name is worth a look."""
    exported_at: str | None = None
    """ISO 8601 in UTC, whole seconds."""
    profiles: tuple[DocumentProfile, ...]
    """All profiles, in the order of the app's list."""
    schema_version: Literal[1]
    """The version of the format."""
