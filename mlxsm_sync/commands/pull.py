"""`mlxsm pull`: take what was changed on this machine into the profile file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mlxsm_sync.commands.invoked import invocation
from mlxsm_sync.commands.output import shown, telling_of
from mlxsm_sync.commands.plan import DECISIONS
from mlxsm_sync.commands.prompts import confirm
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import NotEditable, UsageError
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.profile_file.pull_file import carry_out, prepare
from mlxsm_sync.profile_file.whereabouts import look
from mlxsm_sync.text.suggest import did_you_mean
from mlxsm_sync.text.unicode import normal, visible
from mlxsm_sync.values.field_names import find, known
from mlxsm_sync.values.pull import Scope
from mlxsm_sync.views.plan import headline
from mlxsm_sync.views.pull import clash_text, whole_text
from mlxsm_sync.views.pull_report import pull_report

if TYPE_CHECKING:
    from mlxsm_sync.profile_file.pull_file import Prepared
    from mlxsm_sync.values.pull import Scope


def pull(
    session: Session,
    names: tuple[str, ...],
    everything: bool,
    fields: tuple[str, ...],
    whole: bool,
    dry_run: bool,
    yes: bool,
) -> int:
    """Write what was changed on this machine into the profile file."""
    scope = _scope(names, fields, everything=everything, whole=whole)
    if session.path == "-":
        raise UsageError("standard input cannot be written to", "-f FILE names the file to write")
    session.store.recover(session.lock_timeout)
    try:
        ready = prepare(session.path, session.store.read(), scope, session.machine)
    except NotEditable as error:
        session.output.print(_shown(error.patch))
        raise
    asking = bool(ready.patch) and not (yes or dry_run)
    _show(session, ready, asking=asking)
    if asking:
        confirm(session, f"Type yes to write {ready.path}:")
    write = not dry_run and (bool(ready.patch) or ready.state is not None)
    if write and carry_out(ready, session.store, scope, session.lock_timeout, session.machine):
        session.output.note(f"note: {ready.path} has other names (hard links), which keep the old content")
    _tell_of_machines(session, ready)
    with telling_of(ready.path if ready.patch and write else "the state" if write else None):
        _finish(session, ready, dry_run=dry_run)
    return DECISIONS if ready.pull.clashes and not dry_run else 0


def _tell_of_machines(session: Session, ready: Prepared) -> None:
    """A profile that is new in a file for several machines is for every one of them."""
    machine = ready.desired.machine
    new = [visible(edit.entry.name) for edit in ready.pull.edits if edit.place is None]
    if machine is not None and new:
        session.output.note(
            f"note: new in the file, and so for every machine: {', '.join(new)}; "
            f"on: [{machine.name}] would keep it to this one"
        )


def _scope(names: tuple[str, ...], fields: tuple[str, ...], *, everything: bool, whole: bool) -> Scope:
    """What was asked for; UsageError where it contradicts itself or names no field."""
    if names and everything:
        raise UsageError("--all already means every profile", "leave out the names, or --all")
    if fields and whole:
        raise UsageError("--whole already means every field", "leave out --field, or --whole")
    paths = set()
    for name in fields:
        if (path := find(name)) is None:
            hint = did_you_mean(name, known()) or f"known fields: {', '.join(known())}"
            raise UsageError(f'there is no field "{visible(name)}"', hint)
        paths.add(path)
    wanted = [name if name.startswith("#") else normal(name) for name in names]
    return Scope(wanted, everything, frozenset(paths), whole)


def _show(session: Session, ready: Prepared, *, asking: bool) -> None:
    """The change of the file, before it is made; whoever is asked sees it in any case."""
    output = session.output
    for one in ready.pull.stuck:
        output.note(f'note: "{one.name}" was left: {one.reason}; {one.hint}')
    style = output.style(sys.stderr)
    again = invocation(session, "pull", ready.desired)
    output.print_prompt(whole_text(ready.pull, ready.desired))
    if asking and (output.json or output.quiet):
        output.print_prompt(_shown(ready.patch))
    else:
        output.print(_shown(ready.patch))
    output.print_prompt(clash_text(ready.pull, ready.desired, again, style))


def _finish(session: Session, ready: Prepared, *, dry_run: bool) -> None:
    """Say how it ended."""
    output = session.output
    written = bool(ready.patch) and not dry_run
    recorded = 0 if dry_run else ready.changes
    output.data(
        pull_report(ready.desired, ready.pull, ready.patch, ready.warnings, recorded, written=written)
    )
    for warning in ready.warnings if ready.patch else ():
        output.note(f"warning: {warning.name}: {warning.message}")
    if written:
        output.note(f"wrote {ready.path}")
        output.note(f"Next: {session.command('plan')}")
    elif recorded:
        output.note(f"{ready.path} says so already; recorded as applied: {recorded}")
    elif not ready.patch and not ready.pull.stuck and not ready.pull.clashes:
        _tell_nothing(session, ready)


def _tell_nothing(session: Session, ready: Prepared) -> None:
    """Say what this command is for and which command may be meant, if nothing was changed here."""
    state = session.store.read()
    made = make_plan(ready.desired, state, origins=look(ready.desired, state))
    session.output.note("nothing to pull: no profile of this file was changed on this machine")
    session.output.note(
        f"pull writes what was changed here into {ready.path}; it downloads no model, and fetches no file "
        "(git pull does)"
    )
    session.output.note(headline(made))


def _shown(patch: str) -> str:
    """A patch for the screen: comments can hold anything; the line ends of Windows are not shown."""
    return "".join(f"{shown(line.removesuffix(chr(13)))}\n" for line in patch.split("\n")[:-1])
