"""The JSON documents of `mlxsm connect`: the settings of a client, and the clients that are known."""

from __future__ import annotations

from typing import Literal

from mlxsm_sync.values.base import Field, Value


class Environment(Value):
    """The variables that the OpenAI libraries and their users read."""

    base_url: str = Field(serialization_alias="OPENAI_BASE_URL")
    """Where the server is."""
    api_key: str = Field(serialization_alias="OPENAI_API_KEY")
    """A placeholder; the server checks none."""
    model: str = Field(serialization_alias="OPENAI_MODEL")
    """What to send as the model; the libraries want it from the program that uses them."""


class Connection(Value):
    """`mlxsm connect --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    name: str
    """The profile, by its name on this machine."""
    client: str
    """Whose settings `text` holds."""
    base_url: str = Field(serialization_alias="baseURL")
    """Where the server is, with the path of its API."""
    model: str
    """What to send as the model."""
    api_key: str
    """A placeholder; the server checks none."""
    context: int
    """Tokens of a conversation, for clients that ask for a number."""
    context_declared: bool
    """Whether the profile says so; else it is a guess."""
    environment: Environment
    """The variables that the OpenAI libraries and their users read."""
    curl: str
    """A command that asks the model for a few words: it answers only where the server is up and works."""
    file: str | None
    """Where the client looks for its settings on macOS; null where it reads variables."""
    text: str
    """The settings as the client takes them."""
    notes: tuple[str, ...]
    """What a person has to know beside them."""


class KnownClient(Value):
    """A client whose settings are known."""

    name: str
    """What `--client` takes."""
    purpose: str
    """What it is."""


class ClientList(Value):
    """`mlxsm connect --list --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    clients: tuple[KnownClient, ...]
    """Every client whose settings are known."""
