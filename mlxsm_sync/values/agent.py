"""The JSON documents about the agent: what a run did, what its unit holds, and how it is."""

from __future__ import annotations

from typing import Annotated, Literal

from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.fields import Constraint
from mlxsm_sync.values.services import ServiceState

AgentInstalled = Literal["installed", "updated", "unchanged"]
AgentUninstalled = Literal["uninstalled", "absent"]
_COMMIT = Constraint(schema={"pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"})
Commit = Annotated[str, _COMMIT]


class AgentRun(Value):
    """What one `mlxsm agent run` did: what it prints with `--json`, and the record of the last one."""

    format_version: Literal[1] = 1
    """The version of this format."""
    at: str
    """When it began, ISO 8601, UTC, whole seconds."""
    exit: int
    """Its exit code."""
    repository: str
    """The top of the checkout."""
    before: Commit | None = None
    """What was checked out when it began, null where nothing was, or it could not be told."""
    after: Commit | None = None
    """What was checked out when it applied."""
    moved: bool = False
    """Whether it moved the checkout forward."""
    message: str | None = None
    """What came of the fetch, or why the checkout was not moved forward."""
    stuck: bool = False
    """Whether the checkout could not be moved forward: `message` says why."""
    applied: str | None = None
    """What came of the apply in one line; null where it failed."""
    applied_at: str | None = None
    """When the apply ended, ISO 8601, UTC, whole seconds; null where it failed."""
    apply_exit: int | None = None
    """The exit code of the apply; null where it failed."""
    error: str | None = None
    """What failed beside the checkout, null where nothing did."""
    hint: str | None = None
    """What a person can do, null where nothing is to be done."""
    status: str | None = None
    """The file that says how the machine is, null where it was not written."""


class AgentOfUnit(Value):
    """What the unit of the agent holds."""

    repository: str
    """The top of the checkout."""
    every_minutes: int
    """Between two runs."""
    file: str | None = None
    """The profile file; null where it is looked for at the top of the checkout."""
    state: str
    """The state."""
    machine: str | None = None
    """What this machine is called; null where the unit does not say."""
    verify_commits: bool = False
    """Whether every new commit must carry a good signature."""
    prune: bool = False
    """Whether entries that the file no longer lists are deleted."""
    up: bool = False
    """Whether servers are started."""
    status_out: str | None = None
    """Where it writes how the machine is; null for the place beside the state."""
    fetch_timeout: float | None = None
    """How long a fetch may take, in seconds; null for the default."""


class AgentInstallReport(Value):
    """`mlxsm agent install --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    result: AgentInstalled
    """What came of it."""
    unit: str
    """What its manager calls it: `launchd:LABEL` or `systemd:UNIT`."""
    paths: tuple[str, ...]
    """Its files."""
    options: AgentOfUnit
    """What it holds."""
    started: bool
    """Whether its manager runs it from now on; else from the next login on."""
    left_out: tuple[str, ...] = ()
    """Variables of the environment that are not held, since they look like secrets."""


class AgentFile(Value):
    """A file as its manager would read it."""

    path: str
    """Where it would be."""
    text: str
    """What would be in it."""


class AgentPrintReport(Value):
    """`mlxsm agent install --print --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    files: tuple[AgentFile, ...]
    """What the manager would read."""
    left_out: tuple[str, ...] = ()
    """Variables of the environment that are not held, since they look like secrets."""


class AgentUninstallReport(Value):
    """`mlxsm agent uninstall --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    result: AgentUninstalled
    """What came of it."""
    unit: str
    """What its manager called it."""
    message: str | None = None
    """What else there is to say."""


class AgentReport(Value):
    """`mlxsm agent status --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    installed: bool
    """Whether there is a unit of ours for this state."""
    unit: str | None = None
    """What its manager calls it; null where none is installed."""
    paths: tuple[str, ...] = ()
    """Its files."""
    options: AgentOfUnit | None = None
    """What it holds; null where none is installed, or its files cannot be read."""
    is_set: bool | None = None
    """Whether its manager is going to run it; null where that cannot be asked."""
    state: ServiceState | None = None
    """How its manager says that the last run is; null where that cannot be asked."""
    next_at: str | None = None
    """When it runs next, ISO 8601, UTC; null where its manager does not tell."""
    due_at: str | None = None
    """When it was due last, ISO 8601, UTC; null where its manager does not tell."""
    last_run: AgentRun | None = None
    """What the last run did, whoever began it; null where there was none."""
    log: str
    """The log of its runs."""
    trouble: str | None = Field(default=None, serialization_alias="managerTrouble")
    """Why the manager cannot be asked; null where it can."""
    message: str | None = None
    """What there is to say or to do."""
