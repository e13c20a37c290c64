"""What `apply` and `import` do alike: show a plan, ask, write exactly that, and say how it ended."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlxsm_sync.cli.ask import ask_conflicts, confirm, is_terminal
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.cli.output import telling_of
from mlxsm_sync.cli.plan import DECISIONS, refuse, refuse_guarded, show, tell_notices
from mlxsm_sync.errors import NoTerminal, StalePlan

if TYPE_CHECKING:
    from mlxsm_sync.changes import Outcome, Plan
    from mlxsm_sync.choices import Choices
    from mlxsm_sync.desired import Desired
    from mlxsm_sync.render import Style
    from mlxsm_sync.state import State

ATTEMPTS = 100
"""How often a merge that needs no answer plans again because another one came first."""


@dataclass
class Merge:
    """One merge of what is wanted into the state, from the plan to the last line."""

    shared: Shared
    desired: Desired
    choices: Choices
    name: str
    """The command, as the history remembers it."""
    command: str
    """The command line that remedies continue."""
    tell: Callable[[Outcome, Style], str]
    """How it ended, as text."""
    asking: bool = False
    """Whether somebody is going to be asked, and so must see the plan."""

    def plan(self) -> Plan:
        """The plan against the state as it is now, with the answers so far."""
        return self._plan(self.shared.store.read())

    def run(self, shown: Plan, *, ask: bool, strict: bool, again: bool) -> int:
        """Show the plan and write it, after the questions; `again` plans anew where it got old."""
        self.shared.store.recover(self.shared.lock_timeout)
        if any(change.action != "claim" for change in shown.changes):
            self.shared.store.refuse_to_write()
        self.asking = ask and is_terminal(self.desired)
        self._show(shown)
        if self.asking:
            shown = self._ask(shown)
        if strict and (shown.undecided or shown.invalid):
            left = len(shown.undecided) + len(shown.invalid)
            what = "1 profile is" if left == 1 else f"{left} profiles are"
            self.shared.output.say(f"note: --strict: nothing is written, since {what} undecided or invalid")
            return self._finish(shown, applied=False)
        if not shown.changes:
            return self._finish(shown, applied=False)
        if ask:
            self._confirm(shown)
        return self._write(shown, again=again)

    def _confirm(self, shown: Plan) -> None:
        question = "Write these changes?" if self.name == "import" else "Apply these changes?"
        try:
            confirm(question, self.desired)
        except NoTerminal as error:
            refuse(self.shared, shown, error)

    def _plan(self, state: State) -> Plan:
        from mlxsm_sync.plan import make_plan

        return make_plan(self.desired, state, self.choices, command=self.command)

    def _show(self, shown: Plan) -> None:
        """The plan as text; as JSON, only how it ended is printed. Whoever is asked sees all of it."""
        from mlxsm_sync.render import plan_text

        output = self.shared.output
        if self.asking and (output.json or output.quiet):
            output.tell(plan_text(shown, output.style(sys.stderr)))
            tell_notices(self.shared, shown)
        else:
            show(self.shared, shown, with_json=False)
        refuse_guarded(self.shared, shown)

    def _ask(self, shown: Plan) -> Plan:
        """Let a person answer each conflict; an answer can bring up another one."""
        while answered := ask_conflicts(shown, self.choices):
            self.choices = answered
            shown = self.plan()
            self._show(shown)
        return shown

    def _write(self, shown: Plan, *, again: bool) -> int:
        """Write what was shown. Where nobody had to answer, a plan that got old is made anew."""
        from mlxsm_sync.applying import new_ids, write_as_shown
        from mlxsm_sync.plan import apply_plan

        def remake(state: State) -> tuple[Plan, State]:
            plan = self._plan(state)
            return plan, apply_plan(plan, state, new_ids())

        store, timeout = self.shared.store, self.shared.lock_timeout
        for attempt in range(ATTEMPTS):
            try:
                plan, state = write_as_shown(store, remake, shown.digest, self.name, timeout)
            except StalePlan:
                if not again or attempt == ATTEMPTS - 1:
                    raise
                self.shared.output.say("note: the state changed meanwhile; planning again")
                shown = self.plan()
                self._show(shown)
                continue
            return self._finish(plan, applied=bool(plan.changes), serial=state.serial)
        raise AssertionError  # the last attempt returns or raises

    def _finish(self, plan: Plan, *, applied: bool, serial: int | None = None) -> int:
        """Say how it ended."""
        from mlxsm_sync.applying import outcome

        ended = outcome(plan, applied=applied, serial=serial)
        output = self.shared.output
        with telling_of("the state" if applied else None):
            output.data(ended)
            if applied or not output.quiet:
                output.show(self.tell(ended, output.style(sys.stdout)))
        return DECISIONS if plan.undecided or plan.invalid else 0
