"""What `apply` and `import` do alike: show a plan, ask, write exactly that, and say how it ended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mlxsm_sync.commands.left_running import of_plan, tell_left
from mlxsm_sync.commands.output import telling_of
from mlxsm_sync.commands.plan import DECISIONS, refuse, refuse_guarded, show, tell_unused_choices
from mlxsm_sync.commands.prompts import ask_conflict, can_ask, confirm
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import InvalidFile, NoTerminal, StalePlan
from mlxsm_sync.planning.answers import answered
from mlxsm_sync.planning.planner import apply_plan, make_plan
from mlxsm_sync.profile_file.whereabouts import look
from mlxsm_sync.state.store import new_ids, outcome, write_as_shown
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.views.plan import answered_text, plan_text

if TYPE_CHECKING:
    from mlxsm_sync.values.choices import Choices
    from mlxsm_sync.values.desired import Desired
    from mlxsm_sync.values.invocation import Invocation
    from mlxsm_sync.values.plan import Conflict, Outcome, Plan
    from mlxsm_sync.values.state import State
    from mlxsm_sync.views.style import Style

ATTEMPTS = 100
"""How often a merge that needs no answer plans again because another one came first."""


@contextmanager
def applying() -> Iterator[None]:
    """Say of a file with problems that nothing of it was applied."""
    try:
        yield
    except InvalidFile as error:
        if error.problems:
            error.message = f"{error.message}; nothing was applied"
        raise


@dataclass
class Merge:
    """One merge of what is wanted into the state, from the plan to the last line."""

    session: Session
    desired: Desired
    choices: Choices
    name: str
    """The command, as the history remembers it."""
    invocation: Invocation
    """The command line that remedies continue."""
    tell: Callable[[Outcome, Style], str]
    """How it ended, as text."""
    next_step: Callable[[Plan], None]
    """Says what comes after it was written."""
    asking: bool = False
    """Whether somebody is going to be asked, and so must see the plan."""

    def plan(self) -> Plan:
        """The plan against the state as it is now, with the answers so far."""
        return self._plan(self.session.store.read())

    def plan_against(self, state: State) -> Plan:
        """The plan against any state, with the answers so far."""
        return self._plan(state)

    def run(self, shown: Plan, *, ask: bool, strict: bool, again: bool) -> int:
        """Show the plan and write it, after the questions; `again` plans anew where it got old."""
        self.session.store.recover(self.session.lock_timeout)
        if any(change.action != "claim" for change in shown.changes):
            self.session.store.refuse_to_write()
        self.asking = ask and can_ask(self.session, self.desired)
        self._show(shown)
        if self.asking:
            shown = self._ask(shown)
        if strict and (shown.undecided or shown.invalid):
            left = len(shown.undecided) + len(shown.invalid)
            what = "1 profile is" if left == 1 else f"{left} profiles are"
            self.session.output.note(f"note: --strict: nothing is written, since {what} undecided or invalid")
            return self._finish(shown, applied=False)
        if not shown.changes:
            return self._finish(shown, applied=False)
        if ask and shown.counted:
            self._confirm(shown)
        return self._write(shown, again=again)

    def _confirm(self, shown: Plan) -> None:
        try:
            confirm(self.session, f"Type yes to {self.name}:", self.desired)
        except NoTerminal as error:
            refuse(self.session, shown, error)

    def _plan(self, state: State, choices: Choices | None = None) -> Plan:
        choices, origins = choices or self.choices, look(self.desired, state)
        return make_plan(self.desired, state, choices, invocation=self.invocation, origins=origins)

    def _show(self, shown: Plan) -> None:
        """The plan as text; as JSON, only how it ended is printed. Whoever is asked sees all of it."""
        output = self.session.output
        if self.asking and (output.json or output.quiet):
            output.print_prompt(plan_text(shown, output.style(sys.stderr), self.session.unnamed), wrap=True)
            tell_unused_choices(self.session, shown)
        else:
            show(self.session, shown, with_json=False)
        refuse_guarded(self.session, shown)

    def _ask(self, first: Plan) -> Plan:
        """Let a person answer each conflict; an answer can settle another one, or bring one up."""
        shown, before = first, self.choices
        while (conflict := next((one for one in shown.undecided if len(one.choices) > 1), None)) is not None:
            self.choices = ask_conflict(conflict, self.choices, self._refusal)
            shown = self.plan()
        if self.choices != before:
            self._show_answered(first, shown)
        if left := ", ".join(f'"{visible(one.name)}"' for one in shown.undecided):
            self.session.output.note(f"note: not asked about {left}: nothing but skip is possible here")
        return shown

    def _refusal(self, conflict: Conflict, name: str) -> str | None:
        """Why a new name is refused: it is taken or invalid, or it would change nothing."""
        plan = self._plan(self.session.store.read(), answered(self.choices, conflict, "rename", name))
        mine = (one for one in plan.undecided if one.index == conflict.index)
        return next((one.message for one in mine if one.kind in ("rename-collision", conflict.kind)), None)

    def _show_answered(self, first: Plan, shown: Plan) -> None:
        """What the answers made of the plan; what was shown before is not shown again."""
        output = self.session.output
        if output.json or output.quiet:
            output.print_prompt(answered_text(first, shown, output.style(sys.stderr)), wrap=True)
        else:
            output.print(answered_text(first, shown, output.style(sys.stdout)), wrap=True)
        before = {*first.unused_choices}
        for notice in (one for one in shown.unused_choices if one not in before):
            output.note(f"note: {notice}")
        refuse_guarded(self.session, shown)

    def _write(self, shown: Plan, *, again: bool) -> int:
        """Write what was shown. Where nobody had to answer, a plan that got old is made anew."""

        def remake(state: State) -> tuple[Plan, State]:
            plan = self._plan(state)
            return plan, apply_plan(plan, state, new_ids())

        store, timeout = self.session.store, self.session.lock_timeout
        for attempt in range(ATTEMPTS):
            try:
                plan, state = write_as_shown(store, remake, shown, self.name, timeout)
            except StalePlan:
                if not again or attempt == ATTEMPTS - 1:
                    raise
                self.session.output.note("note: the state changed meanwhile; planning again")
                shown = self.plan()
                self._show(shown)
                continue
            return self._finish(plan, applied=bool(plan.changes), serial=state.serial)
        raise AssertionError  # the last attempt returns or raises

    def _finish(self, plan: Plan, *, applied: bool, serial: int | None = None) -> int:
        """Say how it ended."""
        ended = outcome(plan, applied=applied, serial=serial)
        output = self.session.output
        with telling_of("the state" if applied else None):
            output.data(ended)
            if applied or not output.quiet:
                output.print(self.tell(ended, output.style(sys.stdout)), wrap=True)
        tell_left(self.session, partial(of_plan, plan))
        if applied:
            self.next_step(plan)
        return DECISIONS if plan.undecided or plan.invalid else 0
