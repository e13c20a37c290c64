"""The desired state: what a profile file, or a document, wants on this machine."""

from __future__ import annotations

from typing import Literal

from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.cluster import Cluster
from mlxsm_sync.values.launch_options import LaunchOptions, Positive
from mlxsm_sync.values.machines import Machine, On, Tag
from mlxsm_sync.values.profile import Fields, Host, ModelID, Name, Port, Profile

DEFAULT_COLLECTION = "default"

Collection = Name


class Defaults(Value):
    """What every profile of the file inherits; null sets nothing."""

    host: Host | None = None
    """The address that the servers listen on."""
    port: Port | None = None
    """The port that the servers listen on."""
    enable_thinking: bool | None = None
    """Whether the chat template is asked to think."""
    context: Positive | None = None
    """Tokens that a conversation is meant to have, for `mlxsm fit`."""
    advanced_launch_options: LaunchOptions | None = None
    """Options of the server's command line, inherited one by one."""


class MachineSettings(Value):
    """What a profile file says of a machine, or of all machines of a pattern."""

    tags: tuple[Tag, ...] = ()
    """What it is called besides; `on` names a tag with @ in front."""
    defaults: Defaults | None = None
    """What its profiles inherit, over the defaults of the file."""


class Declaration(Value):
    """One profile as a file writes it; null unsets what it would inherit."""

    name: Name
    """What people and commands call the profile; unique in the file."""
    model_id: ModelID = Field(serialization_alias="modelID")
    """A Hugging Face repository such as `mlx-community/Qwen3-4B-4bit`, or a local path."""
    host: Host | None = None
    """The address that the server listens on; 127.0.0.1 where neither this nor defaults say it."""
    port: Port = Field(default=None)
    """The port that the server listens on; required here or in defaults."""
    enable_thinking: bool | None = None
    """Whether the chat template is asked to think; unset asks nothing."""
    notes: str | None = None
    """Free text for people."""
    context: Positive | None = None
    """Tokens that a conversation is meant to have, for `mlxsm fit`; no option of the server."""
    cluster: Cluster | None = None
    """How the server is spread over several machines; its ranks say which, in the place of on."""
    advanced_launch_options: LaunchOptions | None = None
    """Options of the server's command line."""
    on: tuple[On, ...] = Field(default=())
    """The machines that it is for: names, patterns, @tags; every one without this, none with []."""


class ProfileFileHeader(Value):
    """Everything of a profile file but its profiles."""

    schema_version: Literal[1]
    """The version of this format."""
    collection: Collection = DEFAULT_COLLECTION
    """Who owns these profiles on a machine; two files on one machine need two names."""
    defaults: Defaults | None = None
    """What every profile inherits."""
    machines: dict[str, MachineSettings | None] | None = None
    """The machines that this file is for, by name or by a pattern with * and ?; without this, any."""


class ProfileFile(ProfileFileHeader):
    """A whole profile file."""

    profiles: tuple[Declaration, ...]
    """The profiles, in the order in which people read them."""


class DesiredProfile(Value):
    """One profile that should be on this machine."""

    index: int
    """Its place in the file, 1-based."""
    profile: Profile
    """What it would be if it were created."""
    declared: Fields
    """The fields that it decides, null for unset; all others are the machine's."""
    line: int | None = None
    """Where it begins in its file, 1-based."""
    column: int | None = None
    """Where it begins in its line, 1-based."""


class Elsewhere(Value):
    """A profile of the file that is for other machines."""

    name: str
    """Its name in the file."""
    index: int
    """Its place in the file, 1-based."""


class ProfileWarning(Value):
    """Something that is allowed and that a person should know."""

    name: str
    """The profile, by its name in the file."""
    message: str
    """What to look at."""
    line: int | None = None
    """1-based, null where no file line is meant."""
    column: int | None = None
    """1-based, null where no file line is meant."""
    standing: bool = Field(exclude=True, default=False)
    """Whether it is about a profile that does not change, and so was told before."""


class Invalid(Value):
    """A profile of a document that cannot be used."""

    name: str
    """Its name, or a stand-in where it has none."""
    index: int
    """Its place in the document, 1-based."""
    messages: tuple[str, ...]
    """Everything that is wrong with it."""


class Input(Value):
    """The file that the desired state was read from."""

    path: str
    """As it was named on the command line; `-` for standard input."""
    digest: str
    """`sha256:` and the hash of its bytes."""
    meaning: str | None = None
    """`sha256:` and the hash of what it declares: the same on every machine, and however it is laid out.

    A file with machines has it from when it was read; else it is made of what is desired.
    """


class Desired(Value):
    """Everything that one profile file wants."""

    owner: Collection | None
    """Its collection; null for a document, which owns nothing."""
    input: Input
    """Where it was read from."""
    from_: str | None = Field(default=None, serialization_alias="from")
    """The profile file as it was named, in full; it never leaves the machine. Null for standard input."""
    profiles: tuple[DesiredProfile, ...]
    """In the order of the file."""
    machine: Machine | None = None
    """The machine that they are for; null where the file has no machines."""
    elsewhere: tuple[Elsewhere, ...] = ()
    """The profiles of the file that are for other machines."""
    invalid: tuple[Invalid, ...] = ()
    """Profiles of a document that cannot be used."""
    warnings: tuple[ProfileWarning, ...] = ()
    """What the file alone gives cause to say."""
