"""A running server as it is known here: what was started, how it ended, and how it is."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.cluster import RankRecord
from mlxsm_sync.values.fields import Constraint
from mlxsm_sync.values.profile import Port

Status = Literal[
    "stopped",
    "loading",
    "waiting",
    "joined",
    "ready",
    "dead-thread",
    "no-socket",
    "crashed",
    "foreign",
    "adopted",
]
"""How a server is; `waiting` and `joined` are of one rank of a cluster."""
UpResult = Literal["started", "running", "recreated", "stale", "refused", "failed"]
DownResult = Literal["stopped", "killed", "not-running", "failed"]
Proof = Literal["answered", "listening", "joined"]
"""What showed a server ready: an answer of the model, only socket and health (`--no-probe`), or of a rank
that no client asks, that it is connected to the others."""

_FILE_NAME = Constraint(schema={"pattern": "^[a-z0-9]{16}$"})
_MANAGER = Constraint(
    schema={"pattern": "^(launchd:com[.]mlxsm[.][a-z0-9]{16}|systemd:mlxsm-[a-z0-9]{16}[.]service)$"}
)
Pid = Annotated[int, Constraint(limits={"ge": 2, "le": 2**31 - 1})]
"""A process that a server can be: 1 is the system's first, 0 and below mean groups."""


BY_CLOCK = "booted at "
"""How a boot is called where the system has no name for it: by its time, which moves with the clock."""


class RunRecord(Value):
    """What we know of one server that we started; a hint until the process itself confirms it."""

    format_version: Literal[1] = 1
    """The version of this format."""
    id: Annotated[str, _FILE_NAME]
    """The entry that it was started for."""
    name: str
    """What the entry was called then."""
    owner: str | None
    """The collection that the entry was of then."""
    host: str
    """Where it was told to listen."""
    port: Port
    """Where it was told to listen."""
    run_id: str = Field(serialization_alias="nonce")
    """Made for this run and given to the process in its environment."""
    boot_id: str
    """The boot of the machine in which it was started."""
    pid: Pid | None = None
    """The server's process; null until that is known."""
    start_mark: str | None = None
    """When the process began, in the system's own ticks, which no change of the clock moves."""
    shim: Pid | None = Field(default=None, serialization_alias="keeper")
    """The server's parent, which leads its session; null where that is not known."""
    shim_mark: str | None = Field(default=None, serialization_alias="keeperMark")
    """When the parent began."""
    runner: Pid | None = None
    """The `mlxsm run` that is the server's parent itself; null where a shim is."""
    runner_mark: str | None = None
    """When that began."""
    manager: Annotated[str, _MANAGER] | None = None
    """The service that the `mlxsm run` is, as its manager calls it; null where no manager started it."""
    pid_space: str | None = None
    """The PID namespace that these numbers belong to; null where the system has none."""
    command: tuple[str, ...]
    """The executable, and what stands before the options."""
    arguments: tuple[str, ...]
    """The options that it was started with."""
    server_version: str | None
    """The release of mlx-lm, as the server told it, before that as it was found; null where it is unknown."""
    installed_version: str | None = None
    """The release that was found installed when it was started, null where none was."""
    profile_digest: str
    """The hash of the profile that it was started for."""
    log: str
    """The file that it writes to."""
    started_at: str
    """ISO 8601, UTC, whole seconds."""
    ready: Proof | None = None
    """What showed it ready, null until then."""
    ready_seconds: float | None = None
    """How long that took."""
    fingerprint: str | None = None
    """What the server called itself in its first answer."""
    failure: str | None = None
    """Why the start failed, null where it did not."""
    cluster: RankRecord | None = None
    """Which rank of a cluster it is; null for a server of its own."""
    own_log_bytes: int | None = None
    """So much of its log was written before it listened, by nobody else; null where that is not known."""

    @property
    def serves(self) -> bool:
        """Whether it takes its port."""
        return self.cluster is None or self.cluster.serves


class Ending(Value):
    """How the process of a run ended, as its parent saw it."""

    run_id: str = Field(serialization_alias="nonce")
    """The run."""
    code: int
    """The exit code, negative for a signal."""
    at: float
    """When, in seconds since 1970."""
    idle_seconds: float | None = None
    """For how long it had had nothing to do when `mlxsm run` stopped it for that; null where it did not."""
    reason: str | None = None
    """Why `mlxsm run` ended it, where it did not work any more."""


class Asked(Value):
    """That the server of a run was asked to end."""

    run_id: str = Field(serialization_alias="nonce")
    """The run."""
    at: float
    """When, in seconds since 1970."""


class Adopted(Value):
    """A server that somebody else started, as connection context only."""

    format_version: Literal[1] = 1
    """The version of this format."""
    id: Annotated[str, _FILE_NAME]
    """The entry whose endpoint it has."""
    name: str
    """What the entry was called then."""
    host: str
    """Where it answered."""
    port: Port
    """Where it answered."""
    software: str
    """What the answer proved of it."""
    pid: int | None
    """Its process then, null where that cannot be seen."""
    model: str | None
    """The model in its command line, null where that cannot be seen."""
    adopted_at: str
    """ISO 8601, UTC, whole seconds."""


class Facts(NamedTuple):
    """One process as it is now."""

    start_mark: str
    """When it began, in the system's own ticks."""
    dead: bool
    """A zombie: it has ended, and nobody has asked how."""
    group: int
    """Its process group."""
    user: int
    """The number of its user."""
    session: int
    """The process that made its session."""
    parent: int
    """The process that started it, or took it over."""
    older_mark: str | None = None
    """Its start as records of earlier versions of mlxsm note it, where that differs."""


class Listener(NamedTuple):
    """Somebody who listens on a port."""

    address: str
    """As the system writes it; `0.0.0.0` and `::` are every address."""
    port: int
    pid: int | None
    """Null where the system does not let us see it."""


class UpServer(Value):
    """What `up` did for one profile."""

    id: str | None
    """The entry, null before the first apply."""
    name: str
    """The profile, by its name on this machine, or in the file where it has none here."""
    result: UpResult
    """What came of it."""
    pid: int | None = None
    """The server's process."""
    endpoint: str | None = None
    """Where it listens."""
    ready_seconds: float | None = None
    """How long it took until it was ready."""
    message: str | None = None
    """Why it is not running, or what else there is to say."""


class UpReport(Value):
    """`mlxsm up --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    servers: tuple[UpServer, ...]
    """In the order of the file."""


class DownServer(Value):
    """What `down` did to one server."""

    id: str
    """The entry."""
    name: str
    """Its name on this machine."""
    result: DownResult
    """What came of it."""
    adopted: bool = False
    """Whether a server that mlxsm did not start is adopted for it, and was left alone."""
    pid: int | None = None
    """The process that was, or still is."""
    endpoint: str | None = None
    """Where it listened."""
    message: str | None = None
    """Why it is still there, or what else there is to say."""


class DownReport(Value):
    """`mlxsm down --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    servers: tuple[DownServer, ...]
    """In the order of the state."""


class Planned(Value):
    """What `up --dry-run` would start."""

    id: str
    """The entry."""
    name: str
    """Its name on this machine."""
    argv: tuple[str, ...]
    """The command line."""
    message: str | None = None
    """Which servers would be stopped for it before, null where none would."""


class DryRun(Value):
    """`mlxsm up --dry-run --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    servers: tuple[Planned, ...]
    """In the order of the file."""
    refused: tuple[UpServer, ...] = ()
    """What would not be started, and why."""
