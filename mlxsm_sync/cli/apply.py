"""`mlxsm apply`: show the plan, ask, write exactly that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.merge import Merge
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.errors import StalePlan, Usage

if TYPE_CHECKING:
    from mlxsm_sync.changes import Plan
    from mlxsm_sync.plan_file import SavedPlan

_LOOK_AGAIN = "run mlxsm plan again and look at what it says now"


@click.command(
    epilog="""\b
Examples:
  mlxsm apply                             show the plan, ask, write
  mlxsm apply --yes                       without the final question
  mlxsm apply --replace Qwen --yes        with an answer to a conflict
  mlxsm apply --state app                 into the list of the Mac app
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
@options.strict
@options.while_app_runs
@options.as_json
@click.pass_obj
def apply(
    shared: Shared, /, saved: str | None, expect: str | None, yes: bool, strict: bool, **answers: Any
) -> int:
    """Bring this machine in line with the profile file, after showing how."""
    from mlxsm_sync.render import outcome_text
    from mlxsm_sync.selectors import resolve

    if saved is not None:
        plan = _load(shared, saved, answers)
        desired, choices, expect = plan.desired, plan.choices, expect or plan.digest
    else:
        desired = shared.desired()
        choices = resolve(desired, shared.store.read(), **answers)
    merge = Merge(shared, desired, choices, "apply", shared.command("apply"), outcome_text)
    shown = merge.plan()
    if expect is not None:
        _require(shown, expect)
    ask = not yes and expect is None
    return merge.run(shown, ask=ask, strict=strict, again=yes and expect is None)


def _load(shared: Shared, saved: str, answers: dict[str, Any]) -> SavedPlan:
    from mlxsm_sync.plan_file import load_plan

    if any(answers.values()) or shared.file_was_named:
        raise Usage("a saved plan carries its own file and answers", "leave the other options out")
    plan = load_plan(saved)
    shared.store.read()
    if plan.fingerprint != shared.store.fingerprint():
        raise StalePlan(
            f"stale plan: {shared.store.path} is not as it was when this was planned", _LOOK_AGAIN
        )
    return plan


def _require(shown: Plan, digest: str) -> None:
    """Refuse a plan that is not the one that somebody reviewed."""
    from mlxsm_sync.digest import unbound_digest

    if digest not in (shown.digest, unbound_digest(shown)):
        raise StalePlan(f"stale plan: another one was expected; now it would be {shown.digest}", _LOOK_AGAIN)
