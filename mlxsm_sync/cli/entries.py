"""`mlxsm list` and `mlxsm remove`: the entries of the state."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.session import Session
from mlxsm_sync.cli.transitions import show_and_write
from mlxsm_sync.errors import UsageError
from mlxsm_sync.text.unicode import normal, visible

if TYPE_CHECKING:
    from mlxsm_sync.values.plan import Plan
    from mlxsm_sync.values.state import Entry, State


@click.command(
    "list",
    epilog="""\b
Examples:
  mlxsm list                 every profile of this machine
  mlxsm list Qwen --json     one of them, for a script
Next: mlxsm plan shows what the file would change.""",
)
@options.names
@options.state
@options.as_json
@click.pass_obj
def list_(session: Session, names: tuple[str, ...]) -> None:
    """Show the profiles of this machine: model, endpoint, owner, drift."""
    from mlxsm_sync.views.reports import list_report
    from mlxsm_sync.views.style import list_text

    state = session.store.read()
    report = list_report(state, _known(state, names))
    session.output.data(report)
    if report.entries:
        session.output.show(list_text(report, session.output.style(sys.stdout)))
    else:
        first = session.with_file("apply")
        session.output.say(f"there are no profiles on this machine yet; {first} puts them there")


@click.command(
    epilog="""\b
Examples:
  mlxsm remove Qwen          show it, ask, take it out of the state
  mlxsm remove A B --yes     without the question
Next: mlxsm rollback undoes it."""
)
@options.some_names
@options.state
@options.lock
@options.yes
@options.while_app_runs
@options.as_json
@click.pass_obj
def remove(session: Session, names: tuple[str, ...], yes: bool) -> None:
    """Take profiles out of the state, whoever owns them. No server is stopped, no model deleted."""
    from mlxsm_sync.planning.changes import between, without

    def remake(state: State) -> tuple[Plan, State]:
        going = _known(state, names)
        _refuse_namesakes(state, going)
        after = without(state, going)
        return between(state, after), after

    show_and_write(session, remake, "remove", yes=yes)


def _refuse_namesakes(state: State, names: Collection[str]) -> None:
    """The Mac app lets two profiles have one name; which of them was meant is not for us to guess."""
    counted = Counter(entry.name for entry in state.entries)
    for name in sorted(names):
        if counted[name] > 1:
            raise UsageError(
                f'"{visible(name)}" is the name of {counted[name]} profiles; nothing was removed',
                "rename one of them in the app first",
            )


def chosen(state: State, names: Collection[str]) -> tuple[Entry, ...]:
    """The entries of these names, or all where none is named."""
    wanted = _known(state, names)
    return tuple(entry for entry in state.entries if not names or entry.name in wanted)


def _known(state: State, names: Collection[str]) -> set[str]:
    """These names in the form of the state; UsageError where one is not in it."""
    from mlxsm_sync.text.secret_scan import looks_like
    from mlxsm_sync.text.suggest import did_you_mean

    known = {entry.name for entry in state.entries}
    wanted = {normal(name) for name in names}
    for name in sorted(wanted - known):
        if looks_like(name):
            raise UsageError("a name on the command line looks like a secret", "mlxsm list shows the names")
        raise UsageError(f'there is no profile "{visible(name)}" on this machine', did_you_mean(name, known))
    return wanted
