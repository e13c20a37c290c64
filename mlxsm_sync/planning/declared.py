"""Which profiles of a file may be served: those that this machine has as the file says."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable
from typing import NamedTuple

from mlxsm_sync.planning.candidate import Decision
from mlxsm_sync.planning.planner import first_decisions
from mlxsm_sync.values.choices import as_argument
from mlxsm_sync.values.desired import Desired, DesiredProfile
from mlxsm_sync.values.file_origins import Origins
from mlxsm_sync.values.hosts import endpoint, may_meet
from mlxsm_sync.values.state import Entry, State


class Declared(NamedTuple):
    """One profile of the file, and the entry that may be served for it."""

    wanted: DesiredProfile
    entry: Entry | None
    """None if missing or different from the file."""
    reason: str | None = None
    """Why it may not be served, and the command that helps."""

    @property
    def name(self) -> str:
        """The profile's name in the file."""
        return self.wanted.profile.name

    @property
    def entry_id(self) -> str:
        """The entry's id; empty without an entry."""
        return self.entry.id if self.entry is not None else ""


class Remedies(NamedTuple):
    """The command lines that remedies continue."""

    apply: str
    pull: str


def declared(
    desired: Desired,
    state: State,
    places: Collection[int] | None,
    remedies: Remedies,
    origins: Origins | None = None,
) -> list[Declared]:
    """The profiles at these places of the file, or all of them."""
    decided = first_decisions(desired, state, origins)
    rows = []
    for wanted in desired.profiles:
        if places is None or wanted.index in places:
            decision = decided[wanted.index]
            reason = _reason(decision, desired.owner, remedies)
            rows.append(Declared(wanted, decision.target if reason is None else None, reason))
    return rows


def _reason(decision: Decision, owner: str | None, remedies: Remedies) -> str | None:
    """Why what this machine has is not what the file says; None where it is."""
    name = decision.candidate.wanted.profile.name
    match decision.outcome:
        case "unchanged":
            return None
        case "claim" if decision.target is not None and decision.target.owner == owner:
            return None
        case "claim":
            return f"this machine has it, owned by nobody: {remedies.apply} takes it over"
        case "create":
            return f"it is not applied on this machine: {remedies.apply}"
        case "update" | "replace":
            return f"this machine has an older version of it: {remedies.apply}"
        case "drift":
            return (
                f"it was changed on this machine since it was applied: {remedies.pull} {as_argument(name)} "
                f"takes that into the file, {remedies.apply} --replace {shlex.quote(name)} undoes it"
            )
        case "other-file":
            return (
                f"this machine has it from another file: {remedies.apply} --replace {shlex.quote(name)} "
                "takes it over"
            )
    rivals = decision.rivals
    if len(rivals) == 1 and rivals[0].owner is None:
        return (
            f'it clashes with "{rivals[0].name}", which is owned by nobody: '
            f"{remedies.pull} {as_argument(rivals[0].name)} takes that into the file"
        )
    plan = remedies.apply.replace("mlxsm apply", "mlxsm plan", 1)
    return f"it is in conflict ({decision.outcome}): {plan} shows your options"


def clashes(wanted: Iterable[DesiredProfile]) -> dict[int, list[DesiredProfile]]:
    """By the place of a profile in the file: the others that want the same port of one address."""
    found: dict[int, list[DesiredProfile]] = {}
    seen: list[DesiredProfile] = []
    for one in wanted:
        for other in seen:
            a, b = one.profile, other.profile
            if a.port == b.port and may_meet(a.host.lower(), b.host.lower()):
                found.setdefault(one.index, []).append(other)
                found.setdefault(other.index, []).append(one)
        seen.append(one)
    return found


def place(wanted: DesiredProfile) -> str:
    """Where a profile is to be served."""
    return endpoint(wanted.profile.host, wanted.profile.port)
