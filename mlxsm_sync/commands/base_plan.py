"""`mlxsm plan --base OLD`: what a new version of a profile file changes; nothing of this machine is read."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from mlxsm_sync.commands.invoked import invocation
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import FileError, InvalidFile, UnknownMachine, UsageError
from mlxsm_sync.files.machine_name import this_machine
from mlxsm_sync.files.paths import path_in_environment
from mlxsm_sync.planning.between import plan_between, state_after
from mlxsm_sync.planning.selectors import resolve
from mlxsm_sync.profile_file.reader import read_declarations
from mlxsm_sync.profile_file.selection import owner_of, select
from mlxsm_sync.syntax.source import STDIN, parse_text, read_text
from mlxsm_sync.syntax.tree import Problems, is_null
from mlxsm_sync.values.desired import Input, ProfileWarning
from mlxsm_sync.values.machines import Machine
from mlxsm_sync.values.plan import MachinePlan, MachinePlans, Plan

if TYPE_CHECKING:
    from mlxsm_sync.profile_file.selection import DeclaredFile
    from mlxsm_sync.values.desired import Desired

EACH = "--each-machine"


class Old(NamedTuple):
    """The old version of a file."""

    file: DeclaredFile | None
    """What it declares; None where it is empty or broken."""
    broken: ProfileWarning | None
    """What is wrong with it."""


def base_plans(session: Session, base: str, *, each_machine: bool, **answers: Any) -> MachinePlans:
    """One plan, or one for each machine that the new version declares."""
    _refuse_what_is_not_read(session, base)
    new = session.declared()
    session.tell_of_input(base)
    old = _read_base(session, base)
    if old.broken is not None:
        session.output.note(f"warning: {old.broken.message}", always=True)
    elif each_machine and new.machines is not None and old.file is not None:
        _tell_dropped(session, old.file, new)
    plans = []
    for machine in _machines(session, new, old.file, each=each_machine):
        made = _plan(session, base, old, new, machine, answers)
        plans.append(MachinePlan(name=machine.name if machine is not None else None, plan=made))
    return MachinePlans(machines=tuple(plans))


def _refuse_what_is_not_read(session: Session, base: str) -> None:
    if session.state is not None and session.state != path_in_environment("MLXSM_STATE"):
        raise UsageError("--base compares two files, and reads no state", "leave --state out")
    if base == STDIN and session.path == STDIN:
        raise UsageError("--base and -f cannot both be standard input", "name a file for one of them")


def _read_base(session: Session, base: str) -> Old:
    """The old version; FileError where there is none, with how git shows one."""
    try:
        return _read(base)
    except FileError as error:
        is_revision = ":" in base or not base.lower().endswith((".yaml", ".yml", ".json"))
        is_here = session.path != STDIN and not os.path.isabs(session.path)
        if is_revision and is_here and not os.path.lexists(base):
            what = base if ":" in base else f"{base}:./{session.path}"
            again = session.command("plan", "--base", "-", *_named(session))
            error.hint = f"--base takes a file; of a commit: {shlex.join(('git', 'show', what))} | {again}"
        raise


def _named(session: Session) -> tuple[str, ...]:
    """The words that name the profile file, where the command line does."""
    return ("-f", session.path) if session.file_was_named else ()


def _read(path: str) -> Old:
    """The old version; what is broken is told, and stands for an empty machine."""
    problems = Problems(path)
    try:
        text, digest = read_text(path, problems)
        if not text.strip():  # nothing is no JSON
            return Old(None, None)
        root = parse_text(path, text, problems)
        if is_null(root) and not problems:
            return Old(None, None)
        file = read_declarations(root, problems, Input(path=path, digest=digest), None)
        owner_of(file)
    except InvalidFile as error:
        return Old(None, _broken(path, error))
    return Old(file, None)


def _broken(path: str, error: InvalidFile) -> ProfileWarning:
    first = "; ".join(map(str, error.problems[:3])) or error.message
    more = f", and {len(error.problems) - 3} more" if len(error.problems) > 3 else ""
    message = f"the old version is broken ({first}{more}): the plan is against an empty machine"
    return ProfileWarning(name=path, message=message)


def _tell_dropped(session: Session, old: DeclaredFile, new: DeclaredFile) -> None:
    """Name the machines that the new version no longer has: mlxsm would stop there."""
    known = {one.key.lower() for one in (new.machines.settings if new.machines else ())}
    before = old.machines.settings if old.machines is not None else ()
    if gone := ", ".join(one.key for one in before if one.key.lower() not in known):
        session.output.note(f"note: no longer declared, so that plan and apply would stop there: {gone}")


def _machines(
    session: Session, new: DeclaredFile, old: DeclaredFile | None, *, each: bool
) -> list[Machine | None]:
    declaring = new if new.machines is not None or old is None else old
    if declaring.machines is None:
        return [None]
    if not each:
        return [this_machine(session.machine, os.environ)]
    named = [*new.items(), *(old.items() if old is not None else ())]
    names = declaring.machines.names(named)
    return [Machine(name=name, from_="flag", place=EACH) for name in names] or [None]


def _plan(
    session: Session,
    base: str,
    old: Old,
    new: DeclaredFile,
    machine: Machine | None,
    answers: dict[str, Any],
) -> Plan:
    desired = _selected(new, machine)
    try:
        state = state_after(_known(old.file, machine))
    except InvalidFile as error:  # what only this machine shows
        told = _broken(base, error)
        session.output.note(f"warning: {told.message}", always=True)
        old, state = Old(None, told), state_after(None)
    again = invocation(session, "plan", desired)
    again = again._replace(
        source=("--base", base, *again.source), state=(), piped=again.piped or _is_piped(base)
    )
    made = plan_between(state, desired, resolve(desired, state, **answers), again)
    warnings = (old.broken,) if old.broken is not None else ()
    return made.model_copy(warnings=(*warnings, *made.warnings))


def _is_piped(path: str) -> bool:
    """Whether it cannot be read again."""
    return path == STDIN or (os.path.exists(path) and not os.path.isfile(path) and path != os.devnull)


def _selected(file: DeclaredFile, machine: Machine | None) -> Desired:
    """What the new version wants on a machine, which it may no longer tell from others."""
    try:
        desired = select(file, machine)
    except UnknownMachine as error:
        error.hint = "--machine NAME plans for one of them, --each-machine for all"
        raise
    return desired.model_copy(machine=desired.machine or machine)


def _known(file: DeclaredFile | None, machine: Machine | None) -> Desired | None:
    """What the old version wanted on a machine; nothing on one that it did not know."""
    if file is None:
        return None
    try:
        # What is wrong for one machine says nothing of the next.
        return select(file._replace(problems=Problems(file.input.path)), machine)
    except UnknownMachine:
        return None
