"""The export document of the Mac app MLX Server Manager, schema version 1, as it is on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from mlxsm_sync.engine import Check
from mlxsm_sync.json_value import Json
from mlxsm_sync.model import Model, field

Setting = str | float | None
"""The app writes every option as text; a number is read, too."""


APP = "MLXServerManager"
VERSION = 1

_DIGITS = {"pattern": r"^\s*[0-9]{1,5}\s*(?![\s\S])"}


class Open(Model):
    """A part of a document: what is unknown in it is data, and ignored."""

    open_to_unknown = True


class DocumentOptions(Open):
    """Options of the server's command line, as texts."""

    default_temperature: Setting = None
    """A number from 0 to 1."""
    default_top_p: Setting = None
    """A number from 0 to 1."""
    default_top_k: Setting = None
    """A positive whole number."""
    default_min_p: Setting = None
    """A number from 0 to 1."""
    default_max_tokens: Setting = None
    """A positive whole number."""
    chat_template_args: Json = None
    """A JSON object, as text."""
    allowed_origins: Setting = None
    """Comma-separated origins."""
    log_level: Setting = None
    """The server's log level."""
    decode_concurrency: Setting = None
    """A positive whole number."""
    prompt_concurrency: Setting = None
    """A positive whole number."""
    prefill_step_size: Setting = None
    """A positive whole number."""
    prompt_cache_size: Setting = None
    """A positive whole number."""
    prompt_cache_bytes: Setting = None
    """A positive whole number."""
    raw_extra_args: Setting = None
    """Further arguments in one text, split as a shell would."""


class DocumentProfile(Open):
    """One profile of a document."""

    name: str
    """What people call it; not blank."""
    model_id: str = field(wire="modelID")
    """What it serves; not blank."""
    host: str
    """Where the server listens; no white space and no slash."""
    port: Annotated[int, Check(limits={"ge": 1, "le": 65535})] | Annotated[str, Check(schema=_DIGITS)]
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
