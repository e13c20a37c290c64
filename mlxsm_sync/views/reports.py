"""The JSON documents of commands that do not print a plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from mlxsm_sync.errors import Kind, MlxsmError, Problem
from mlxsm_sync.planning.compare import drifted
from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.desired import ProfileWarning
from mlxsm_sync.values.plan import Plan
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.state import State


class Failure(Value):
    """Why a command failed."""

    kind: Kind
    """What sort of failure it is."""
    message: str
    """What is."""
    hint: str | None
    """What to do."""
    applied: bool
    """Whether the state was written before the failure."""
    problems: tuple[Problem, ...] = ()
    """Everything that is wrong in a file."""


class ErrorReport(Value):
    """What a failed command prints with `--json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    error: Failure
    """Why it failed."""


class RefusedPlan(Plan):
    """A plan that is shown and not applied: it deletes too much, or there is nobody to ask."""

    error: Failure
    """Why it is not applied."""


class ListedEntry(Value):
    """One entry of the state."""

    id: str
    """Kept by every change but delete."""
    name: str
    """Its name on this machine."""
    model_id: str = Field(serialization_alias="modelID")
    """What it serves."""
    host: str
    """Where it listens."""
    port: int
    """Where it listens."""
    owner: str | None
    """The collection that put it there, null for nobody."""
    source: str | None
    """Its name in the profile file, where that differs."""
    from_: str | None = Field(serialization_alias="from")
    """The profile file that it was applied from."""
    drifted: bool
    """Whether it was changed on this machine since it was applied."""
    profile: Profile
    """All of it."""


class ListReport(Value):
    """`mlxsm list --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    lineage: str | None
    """The state's lineage, null where there is no state yet."""
    serial: int
    """The state's serial."""
    entries: tuple[ListedEntry, ...]
    """The entries, oldest first."""


class HistoryEntry(Value):
    """The current state, or an earlier one."""

    serial: int
    """What `rollback` and `restore` take."""
    current: bool
    """Whether it is the state as it is now."""
    written_at: str | None
    """When it was written, ISO 8601 in UTC."""
    command: str | None
    """The command that wrote it."""
    owner: str | None
    """The collection that was applied."""
    summary: str | None
    """What that did."""
    rolled_back_to: int | None = None
    """The serial that a rollback went back to, by what was in it; null where that is not kept."""


class HistoryReport(Value):
    """`mlxsm history --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    entries: tuple[HistoryEntry, ...]
    """The current state, where there is one, then the earlier ones, newest first."""


class RestoreReport(Value):
    """`mlxsm restore --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    path: str
    """The state, or the list of the Mac app."""
    reason: str
    """Why it could not be used."""
    restored: HistoryEntry
    """The version that was put back."""
    from_: str = Field(serialization_alias="from")
    """The file that it was kept in."""
    aside: tuple[str, ...]
    """Where that is kept now which could not be read."""
    lineage: str | None
    """The state's lineage."""
    serial: int
    """The serial that the state has now."""
    profiles: int
    """How many profiles it has."""


class JudgedFile(Value):
    """What `validate` found in one file."""

    path: str
    """As it was named on the command line."""
    valid: bool
    """Whether it can be used."""
    problems: tuple[Problem, ...]
    """Everything that is wrong."""
    warnings: tuple[ProfileWarning, ...]
    """What is allowed and worth a look."""


class ValidateReport(Value):
    """`mlxsm validate --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    files: tuple[JudgedFile, ...]
    """In the order of the command line."""


def error_report(error: MlxsmError) -> ErrorReport:
    """The report of a failure."""
    return ErrorReport(error=_failure(error))


def refused_plan(plan: Plan, error: MlxsmError) -> RefusedPlan:
    """The plan, and why it is not applied."""
    return RefusedPlan(**vars(plan), error=_failure(error))


def _failure(error: MlxsmError) -> Failure:
    return Failure(
        kind=error.kind,
        message=error.message,
        hint=error.hint,
        applied=error.applied,
        problems=error.problems,
    )


def list_report(state: State, names: Iterable[str] = ()) -> ListReport:
    """The entries of these names, or all."""
    wanted = set(names)
    return ListReport(
        lineage=state.lineage,
        serial=state.serial,
        entries=tuple(
            ListedEntry(
                id=entry.id,
                name=entry.name,
                model_id=entry.profile.model_id,
                host=entry.profile.host,
                port=entry.profile.port,
                owner=entry.owner,
                source=entry.source,
                from_=entry.from_,
                drifted=drifted(entry),
                profile=entry.profile,
            )
            for entry in state.entries
            if not wanted or entry.name in wanted
        ),
    )


def history_report(current: State | None, states: Iterable[State]) -> HistoryReport:
    """The current state, where there is one, and the earlier ones as they come; none is told twice."""
    kept = [state for state in states if state != current]
    ordered = kept if current is None else [current, *kept]
    entries = [_history_entry(state, current=state is current) for state in ordered]
    goals = [_goal(state, ordered[place + 1 :]) for place, state in enumerate(ordered)]
    return HistoryReport(
        entries=tuple(
            entry.model_copy(rolled_back_to=goal) for entry, goal in zip(entries, goals, strict=True)
        )
    )


def _goal(state: State, earlier: Iterable[State]) -> int | None:
    """The serial of the state that a rollback went back to: the newest that had the same entries."""
    if state.written is None or state.written.command != "rollback":
        return None
    return next((one.serial for one in earlier if one.entries == state.entries), None)


def restore_report(
    path: str, reason: str, goal: State, came_from: str, state: State, aside: Iterable[str]
) -> RestoreReport:
    """What a restore of the version `goal` has done; `state` is what it has written."""
    return RestoreReport(
        path=path,
        reason=reason,
        restored=_history_entry(goal, current=False),
        from_=came_from,
        aside=tuple(aside),
        lineage=state.lineage,
        serial=state.serial,
        profiles=len(state.entries),
    )


def _history_entry(state: State, *, current: bool) -> HistoryEntry:
    return HistoryEntry(
        serial=state.serial,
        current=current,
        written_at=state.written.at if state.written else None,
        command=state.written.command if state.written else None,
        owner=state.written.owner if state.written else None,
        summary=state.written.summary if state.written else None,
    )
