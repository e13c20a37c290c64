"""The page of many machines as rows of texts: what stands where. What it looks like is in its template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import nlargest
from itertools import groupby

from mlxsm_sync.planning.fleet import Fleet
from mlxsm_sync.text.amounts import duration, part, size
from mlxsm_sync.text.times import in_utc, to_seconds
from mlxsm_sync.values.server_reports import SeenServer
from mlxsm_sync.values.status import STANDINGS, MachineStatus, Standing, StatusFile, StatusMemory, StatusPlan
from mlxsm_sync.views.counts import todo_of
from mlxsm_sync.views.fleet_rows import Bar, Count, EventRow, MachineRow, Mark, Moment, Page, ServerRow
from mlxsm_sync.views.machine_status import SIGNS
from mlxsm_sync.views.style import plural

MOST_EVENTS = 200
"""So many versions of states the timeline shows."""
OLD = 24 * 3600.0
"""From so many seconds on, a status may say little of how a machine is now."""
STANDING_WORDS: dict[Standing, str] = {
    "in-step": "in step",
    "behind": "behind",
    "drift": "drifted",
    "conflict": "in conflict",
    "broken": "broken",
}
_MOST = 2.0**60
"""Larger amounts of bytes or seconds are nobody's, and could not be computed with."""


_TONES: dict[Standing, str] = {
    "in-step": "good",
    "behind": "wait",
    "drift": "warn",
    "conflict": "bad",
    "broken": "bad",
}
_SERVERS = {
    "ready": ("✓", "good"),
    "joined": ("✓", "good"),
    "adopted": ("✓", "good"),
    "loading": ("~", "wait"),
    "waiting": ("~", "wait"),
    "stopped": ("–", "quiet"),
    "foreign": ("!", "warn"),
}
_FAILED = ("✗", "bad")


def page_of(fleet: Fleet, *, at: str, version: str) -> Page:
    """The page as it is at a time, ISO 8601, by this version of mlxsm."""
    now = to_seconds(at)
    statuses = [one.status for one in fleet.machines]
    rows = tuple(_machine(one, now) for one in statuses)
    events = [event for one in statuses for event in _events(one)]
    newest = nlargest(MOST_EVENTS, events, key=lambda event: event.at)
    days = tuple((day, tuple(some)) for day, some in groupby(newest, key=lambda event: event.at[:10]))
    one_alone = rows[0].name if len(rows) == 1 else plural(len(rows), "machine")
    return Page(
        title=one_alone,
        version=version,
        made=_moment(at, now),
        counts=_counts(statuses),
        machines=rows,
        servers=sum(len(row.servers) for row in rows),
        silent=sum(row.looked.old for row in rows),
        days=days,
        earlier=len(events) - len(newest),
        problems=fleet.problems,
    )


def _counts(statuses: Iterable[MachineStatus]) -> tuple[Count, ...]:
    found = Counter(one.plan.status for one in statuses)
    counts: list[Count] = []
    for standing in STANDINGS:
        if found[standing]:
            before = sum(one.machines for one in counts)
            counts.append(Count(_mark(standing), found[standing], before))
    return tuple(counts)


def _machine(status: MachineStatus, now: float) -> MachineRow:
    applied = status.last_apply
    return MachineRow(
        name=status.machine.name,
        tags=status.machine.tags,
        mark=_mark(status.plan.status),
        plan=_plan(status.plan),
        file=_file(status.file),
        collection=status.state.collection,
        serial=status.state.serial,
        applied=_moment(applied.at, now) if applied is not None else None,
        exit=applied.exit if applied is not None else None,
        memory=_bar(status.memory),
        versions=_versions(status),
        looked=_moment(status.at, now),
        servers=tuple(_server(server, now) for server in status.servers),
    )


def _mark(standing: Standing) -> Mark:
    return Mark(SIGNS[standing], STANDING_WORDS[standing], _TONES[standing])


def _plan(plan: StatusPlan) -> str:
    if plan.message is not None:
        return plan.message
    if plan.summary is None:
        return "no plan can be made"
    return ", ".join(todo_of(plan.summary)) or "nothing to do"


def _file(file: StatusFile) -> str:
    if file.commit is not None:
        return file.commit[:10]
    if file.digest is not None:
        return file.digest[: len("sha256:") + 8]
    return "no profile file" if file.path is None else "cannot be read"


def _versions(status: MachineStatus) -> tuple[str, ...]:
    known = status.versions
    named = (
        ("mlxsm", known.mlxsm),
        ("mlx-lm", known.mlx_lm),
        ("mlx", known.mlx),
        ("Python", known.python),
    )
    return (*(f"{name} {version}" for name, version in named if version is not None), known.system)


def _bar(memory: StatusMemory) -> Bar:
    used, limit = _amount(memory.used_bytes), _amount(memory.limit_bytes)
    percent = min(100, round(100 * used / limit)) if limit else 0
    tone = "bad" if used > limit else "warn" if percent >= 90 else "good"
    return Bar(percent, limit > 0, part(used, limit or None), tone)


def _amount(count: float) -> int:
    return int(max(0, min(count, _MOST)))


def _server(server: SeenServer, now: float) -> ServerRow:
    sign, tone = ("?", "warn") if server.uncertain else _SERVERS.get(server.status, _FAILED)
    words = "unknown" if server.uncertain else server.status.replace("-", " ")
    return ServerRow(
        name=server.name,
        model=server.model_id,
        mark=Mark(sign, words, tone),
        about=", ".join(_about(server)),
        endpoint=server.endpoint,
        memory=size(_amount(server.memory_bytes)) if server.memory_bytes is not None else None,
        answered=_moment(server.answered_at, now) if server.answered_at is not None else None,
        error=server.last_error,
    )


def _about(server: SeenServer) -> Sequence[str]:
    rank = None
    if server.rank is not None:
        rank = f"rank {server.rank}" + (f" of {server.ranks}" if server.ranks is not None else "")
    told = (
        rank,
        "stale: its profile has changed" if server.stale else None,
        "its profile is gone" if server.orphan else None,
    )
    return [one for one in told if one is not None]


def _events(status: MachineStatus) -> Iterable[EventRow]:
    for event in status.history:
        at = _utc(event.at) if event.at is not None else None
        if at is not None:
            command = event.command if event.command is not None else "unknown"
            what = event.summary if event.summary is not None else ""
            yield EventRow(at, at[11:16], status.machine.name, event.serial, command, what)


def _utc(text: str) -> str | None:
    try:
        return in_utc(text)
    except ValueError:
        return None


def _moment(text: str, now: float) -> Moment:
    """A time; a text that is none stands as it is."""
    at = _utc(text)
    if at is None:
        return Moment("", text, "", old=False)
    seconds = now - to_seconds(at)
    # Clocks of machines differ a little.
    age = "ahead of the clock of this page" if seconds < -120 else f"{duration(max(seconds, 0))} ago"
    return Moment(at, f"{at[:10]} {at[11:16]} UTC", age, old=seconds >= OLD)
