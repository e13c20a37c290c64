"""`mlxsm apply`: show the plan, ask, write exactly that."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.ask import ask_conflicts, confirm, is_terminal
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.cli.plan import DECISIONS, refuse_guarded, show
from mlxsm_sync.errors import FileTrouble, StalePlan, Usage

if TYPE_CHECKING:
    from mlxsm_sync.changes import Plan
    from mlxsm_sync.choices import Choices
    from mlxsm_sync.desired import Desired
    from mlxsm_sync.state import State
    from mlxsm_sync.state_file import StateFile

ATTEMPTS = 100
"""How often an apply that needs no answer plans again because another one came first."""


@click.command(
    epilog="""\b
Examples:
  mlxsm apply                             show the plan, ask, write
  mlxsm apply --yes                       without the final question
  mlxsm apply --replace Qwen --yes        with an answer to a conflict
  mlxsm apply plan.json                   exactly the plan that was saved
  mlxsm apply --expect sha256:4f0c…       only if it is the plan that was reviewed
Next: mlxsm list; mlxsm rollback undoes it."""
)
@click.argument("saved", required=False, metavar="[PLAN]", type=click.Path())
@options.profile_file
@options.state
@options.lock
@options.choices
@click.option("--expect", metavar="DIGEST", help="Write only a plan of this digest, without asking.")
@options.yes
@click.option("--strict", is_flag=True, help="Write nothing while anything is undecided.")
@click.option("--while-app-runs", is_flag=True, hidden=True, help="For the Mac app's own list.")
@options.as_json
@click.pass_obj
def apply(
    shared: Shared,
    /,
    saved: str | None,
    expect: str | None,
    yes: bool,
    strict: bool,
    while_app_runs: bool,  # noqa: ARG001 - accepted everywhere, needed for one kind of state
    **answers: Any,
) -> int:
    """Bring this machine in line with the profile file, after showing how."""
    state_file = shared.state_file()
    if saved is not None:
        desired, choices, expect = _load(shared, saved, expect, answers)
    else:
        from mlxsm_sync.selectors import resolve

        desired = shared.desired()
        choices = resolve(desired, state_file.read(), **answers)
    run = _Run(shared, state_file, desired, choices)
    shown = run.plan(state_file.read())
    if expect is not None:
        require(shown, expect)
    ask = not yes and expect is None
    run.asking = ask and is_terminal(desired)
    run.show(shown)
    if run.asking:
        shown = run.ask(shown)
    if strict and (shown.undecided or shown.invalid):
        run.finish(shown, applied=False)
        return DECISIONS
    if not shown.changes:
        return run.finish(shown, applied=False)
    if ask:
        confirm("Apply these changes?", desired)
    return run.write(shown, again=yes and expect is None)


def _load(
    shared: Shared, saved: str, expect: str | None, answers: dict[str, Any]
) -> tuple[Desired, Choices, str]:
    from mlxsm_sync.plan_file import load_plan

    if any(answers.values()) or shared.file_was_named:
        raise Usage("a saved plan carries its own file and answers", "leave the other options out")
    plan = load_plan(saved)
    return plan.desired, plan.choices, expect or plan.digest


def require(shown: Plan, digest: str) -> None:
    """Refuse a plan that is not the one that somebody reviewed."""
    from mlxsm_sync.digest import unbound_digest

    if digest not in (shown.digest, unbound_digest(shown)):
        raise StalePlan(
            f"stale plan: another one was expected; now it would be {shown.digest}",
            "run mlxsm plan again and look at what it says now",
        )


@dataclass
class _Run:
    """One apply, from the plan to the last line."""

    shared: Shared
    state_file: StateFile
    desired: Desired
    choices: Choices
    asking: bool = False
    """Whether somebody is going to be asked, and so must see the plan."""

    def plan(self, state: State) -> Plan:
        """The plan against this state, with the answers so far."""
        from mlxsm_sync.plan import make_plan

        return make_plan(self.desired, state, self.choices, command=self.shared.command("apply"))

    def show(self, shown: Plan) -> None:
        """The plan as text; as JSON, only how it ended is printed. Whoever is asked sees all of it."""
        from mlxsm_sync.render import plan_text

        output = self.shared.output
        if self.asking and (output.json or output.quiet):
            output.tell(plan_text(shown, output.style(sys.stderr)))
        elif not output.json:
            show(self.shared, shown, with_json=False)
        refuse_guarded(self.shared, shown)

    def ask(self, shown: Plan) -> Plan:
        """Let a person answer each conflict; an answer can bring up another one."""
        while answered := ask_conflicts(shown, self.choices):
            self.choices = answered
            shown = self.plan(self.state_file.read())
            self.show(shown)
        return shown

    def write(self, shown: Plan, *, again: bool) -> int:
        """Write what was shown. Where nobody had to answer, a plan that got old is made anew."""
        from mlxsm_sync.applying import new_ids, write_as_shown
        from mlxsm_sync.plan import apply_plan

        def remake(state: State) -> tuple[Plan, State]:
            plan = self.plan(state)
            return plan, apply_plan(plan, state, new_ids())

        for attempt in range(ATTEMPTS):
            try:
                plan, state = write_as_shown(
                    self.state_file, remake, shown.digest, "apply", self.shared.lock_timeout
                )
            except StalePlan:
                if not again or attempt == ATTEMPTS - 1:
                    raise
                self.shared.output.say("note: the state changed meanwhile; planning again")
                shown = self.plan(self.state_file.read())
                self.show(shown)
                continue
            return self.finish(plan, applied=bool(plan.changes), serial=state.serial)
        raise AssertionError  # the last attempt returns or raises

    def finish(self, plan: Plan, *, applied: bool, serial: int | None = None) -> int:
        """Say how it ended."""
        from mlxsm_sync.applying import outcome
        from mlxsm_sync.render import outcome_text

        ended = outcome(plan, applied=applied, serial=serial)
        output = self.shared.output
        try:
            output.data(ended)
            if applied or not output.quiet:
                output.show(outcome_text(ended, output.style(sys.stdout)))
        except (OSError, FileTrouble) as error:
            if not applied or isinstance(error, BrokenPipeError):
                raise
            raise FileTrouble(
                f"the state was written, but not all of the output: {error}", applied=True
            ) from None
        return DECISIONS if plan.undecided or plan.invalid else 0
