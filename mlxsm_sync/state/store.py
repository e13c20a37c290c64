"""Carry out what was shown: lock, plan again, compare, write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from mlxsm_sync.errors import StalePlan
from mlxsm_sync.planning.digest import done
from mlxsm_sync.planning.staleness import LOOK_AGAIN, fits, not_as_shown, version_of
from mlxsm_sync.state.history import Earlier
from mlxsm_sync.state.lost import Lost, Restored
from mlxsm_sync.text.times import now
from mlxsm_sync.values.plan import Outcome, Plan
from mlxsm_sync.values.state import ID_LENGTH, State, Write


class Store(Protocol):
    """Where a state is kept: a file of ours, or another program's list and our record of it."""

    path: Path

    @property
    def folder(self) -> Path:
        """Where the files of ours that belong to it are."""

    @property
    def label(self) -> str:
        """What tells it from other states in that folder."""

    def read(self) -> State:
        """The current state; needs no lock and no write access."""

    def locked(self, timeout: float, command: str) -> AbstractContextManager[State]:
        """Hold the lock and give the state as it is under it."""

    def replace(self, state: State, written: Write, lineage: str) -> State:
        """Write the next state over the one read under the lock; `lineage` names a new one."""

    def fingerprint(self) -> str | None:
        """What must be as it was when a plan was saved, beyond what the plan itself says."""

    def earlier(self) -> list[Earlier]:
        """The readable earlier states, newest first."""

    def kept(self) -> list[Earlier]:
        """All readable earlier states, also of other lineages, newest first."""

    def read_kept(self, path: Path) -> Earlier:
        """A file as an earlier state."""

    def lost(self) -> Lost | None:
        """Why the state cannot be used, where it can be restored; None where it can be used, or never was."""

    def restore(self, goal: Earlier, written: Write, timeout: float) -> Restored:
        """Put an earlier state in the place of the one that is lost; what stands there is kept beside it."""

    def location_warnings(self) -> list[str]:
        """What is list_warnings about its place."""

    def recover(self, timeout: float) -> None:
        """Finish what a writer left that was stopped half way."""

    def refuse_to_write(self) -> None:
        """UnsafePlan where nobody should write now."""


Remake = Callable[[State], tuple[Plan, State]]
"""From the state under the lock: the plan as it is now, and the state that it leads to."""


def write_as_shown(
    file: Store, remake: Remake, shown: Plan, command: str, lock_timeout: float
) -> tuple[Plan, State]:
    """Write what a plan says that was shown; StalePlan where it now says something else."""
    with file.locked(lock_timeout, f"mlxsm {command}") as state:
        plan, following = remake(state)
        if not fits(plan, shown.digest):
            message = not_as_shown(shown.digest, version_of(shown), plan, state, str(file.path))
            raise StalePlan(message, LOOK_AGAIN)
        if not plan.changes:
            return plan, state
        written = Write(at=now(), command=command, owner=plan.owner, summary=done(plan.summary))
        return plan, file.replace(following, written, new_lineage())


def outcome(plan: Plan, *, applied: bool, serial: int | None = None) -> Outcome:
    """A plan as it ended."""
    serial = plan.serial if serial is None else serial
    return Outcome(**(vars(plan) | {"serial": serial, "applied": applied}))


def new_ids() -> Iterator[str]:
    """Ids for new entries, without end."""
    from secrets import choice
    from string import ascii_lowercase, digits

    while True:
        yield "".join(choice(ascii_lowercase + digits) for _ in range(ID_LENGTH))


def new_lineage() -> str:
    """A name for a state that no other state has."""
    from uuid import uuid4

    return str(uuid4())
