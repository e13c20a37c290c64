"""One server's metadata, and the rules that every profile obeys."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, cached_property
from sys import intern
from typing import Annotated, NamedTuple

from mlxsm_sync.text.json_value import Json, JsonObject
from mlxsm_sync.text.unicode import UNSEEN_BEYOND_BMP, UNSEEN_CLASS, WHITE_CLASS, normal, unseen
from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.cluster import Cluster
from mlxsm_sync.values.fields import Constraint, aliases
from mlxsm_sync.values.launch_options import LaunchOptions, Positive, checked_text, whole_number

Fields = dict[str, Json]
"""A profile laid flat: JSON Pointer of a field -> its value; null is declared as unset."""

OPTIONS = "advancedLaunchOptions"
NAME, MODEL_ID, HOST, PORT = "/name", "/modelID", "/host", "/port"
CONTEXT = "/context"
RAW_EXTRA_ARGS = f"/{OPTIONS}/rawExtraArgs"
NAME_LENGTH = 120

_WHITE = WHITE_CLASS
_END = r"(?![\s\S])"  # the end of the text: `$` would let a last line break through


_OF_EMOJI = {
    "U+200D": ": emoji that are joined into one, such as a family, are not allowed",
    "U+FE0F": ": it only makes a sign an emoji",
}


class Identity(NamedTuple):
    """What a running server is known by: literal but for the host's case."""

    model_id: str
    host: str
    port: int


def check_name(text: str) -> str:
    """The name in the form that is stored; ValueError says which rule it breaks."""
    name = normal(text)
    if not name:
        raise ValueError("must not be blank")
    if len(name) > NAME_LENGTH:
        raise ValueError(f"must be at most {NAME_LENGTH} characters long, not {len(name)}")
    if char := unseen(name):
        why = _OF_EMOJI.get(char, "")
        raise ValueError(f"must not contain the invisible character {char}; remove it{why}")
    if re.fullmatch("#[0-9]+", name):
        raise ValueError("must not be # with digits only: that selects a profile by position")
    return name


def check_model_id(text: str) -> str:
    """The model ID without surrounding white space; it may not look like an option."""
    if not (model_id := text.strip()):
        raise ValueError("must not be blank")
    if model_id.startswith("-"):
        raise ValueError("must not start with '-': the server would take it for an option")
    return model_id


HOST_RULES = (
    (rf"[^{_WHITE}]", "must not be blank"),
    (rf"^[^{_WHITE}]*{_END}", "must not contain white space"),
    (rf"^[^/]*{_END}", "must be a host name or address only, without a scheme or a path"),
    (rf"^[^\[\]]*{_END}", "must be written without brackets: ::1, not [::1]"),
    (rf"^(?![^:]*:[^:]*{_END})", "must not contain a port: declare it as port"),
)


def check_host(text: str) -> str:
    """The host as written; ValueError says which rule it breaks."""
    for pattern, message in HOST_RULES:
        if not re.search(pattern, text):
            raise ValueError(message)
    return text


NAME_RULES = (
    (rf"^[{_WHITE}]*[^{_WHITE}]", "must not be blank"),
    (
        rf"^[{_WHITE}]*(?:[^{_WHITE}][\s\S]{{0,{NAME_LENGTH - 1}}})?[{_WHITE}]*{_END}",
        f"must be at most {NAME_LENGTH} characters long",
    ),
    (
        rf"^[{_WHITE}]*[^{UNSEEN_CLASS}{UNSEEN_BEYOND_BMP}]*[{_WHITE}]*{_END}",
        "must not contain invisible characters",
    ),
    (
        rf"^(?![{_WHITE}]*#[0-9]+[{_WHITE}]*{_END})",
        "must not be # with digits only: that selects a profile by position",
    ),
)
"""What JSON Schema can say of a name, and how an editor tells it."""


Name = Annotated[
    str,
    checked_text(check_name, *(pattern for pattern, _ in NAME_RULES)),
]
ModelID = Annotated[
    str,
    checked_text(check_model_id, rf"^[{_WHITE}]*[^\-{_WHITE}]"),
]
Host = Annotated[
    str,
    checked_text(check_host, *(pattern for pattern, _ in HOST_RULES)),
]
Port = Annotated[int, Constraint(limits={"ge": 1, "le": 65535}, before=whole_number)]


class Profile(Value):
    """One model server: what it is called, what it serves, and where."""

    name: Name
    """What people and commands call the profile; unique on a machine."""
    model_id: ModelID = Field(serialization_alias="modelID")
    """A Hugging Face repository such as `mlx-community/Qwen3-4B-4bit`, or a local path."""
    host: Host
    """The address that the server listens on, usually 127.0.0.1."""
    port: Port
    """The port that the server listens on, 1 to 65535."""
    enable_thinking: bool | None = None
    """Whether the chat template is asked to think; unset asks nothing."""
    notes: str | None = None
    """Free text for people."""
    context: Positive | None = None
    """Tokens that a conversation is meant to have, for `mlxsm fit`; no option of the server."""
    cluster: Cluster | None = None
    """How the server is spread over several machines; unset, this one serves alone."""
    advanced_launch_options: LaunchOptions = Field(default_factory=LaunchOptions)
    """Options of the server's command line."""

    @cached_property
    def identity(self) -> Identity:
        """The runtime identity; aliases such as localhost are not resolved."""
        return Identity(self.model_id, self.host.lower(), self.port)

    @cached_property
    def fields(self) -> Fields:
        """Every field that is set, by JSON Pointer."""
        return flat(self.model_dump(exclude_none=True))  # not `sparse`, which would be kept as well

    @cached_property
    def sparse(self) -> JsonObject:
        """As JSON, without what is unset."""
        return self.model_dump(exclude_none=True)

    @cached_property
    def full(self) -> JsonObject:
        """As JSON, with null for what is unset."""
        return self.model_dump()


@cache
def field_paths() -> tuple[str, ...]:
    """The JSON Pointer of every field, in the model's order."""
    options = (f"/{OPTIONS}/{name}" for name in aliases(LaunchOptions).values())
    own = (f"/{name}" for name in aliases(Profile).values() if name != OPTIONS)
    return (*own, *options)


def flat(nested: Mapping[str, Json]) -> Fields:
    """A profile's JSON object by JSON Pointer; free-form values stay whole."""
    fields: Fields = {}
    for key, value in nested.items():
        if key == OPTIONS and isinstance(value, dict):
            fields |= {_pointer(option, f"/{OPTIONS}/"): setting for option, setting in value.items()}
        else:
            fields[_pointer(key)] = value
    return fields


def _pointer(key: str, before: str = "/") -> str:
    """One text for all profiles that have the key: a large state has ten thousand of them."""
    return intern(f"{before}{key}")


def nested(fields: Mapping[str, Json]) -> JsonObject:
    """The inverse of `flat`, without nulls: what the state keeps as applied."""
    result: JsonObject = {}
    options: JsonObject = {}
    for path, value in fields.items():
        if value is not None:
            _, _, option = path[1:].partition("/")
            (options if option else result)[option or path[1:]] = value
    return result | ({OPTIONS: options} if options else {})


def from_fields(fields: Mapping[str, Json]) -> Profile:
    """The profile with these fields; ValidationError where they break a rule."""
    return Profile.model_validate_json(json.dumps(nested(fields)))


def thinking_contradicts(profile: Profile) -> bool:
    """Whether `enableThinking` says one thing and the template's argument another."""
    arguments = profile.advanced_launch_options.chat_template_args or {}
    asked = arguments.get("enable_thinking")
    return isinstance(asked, bool) and profile.enable_thinking not in (None, asked)
