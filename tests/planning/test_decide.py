"""The table of outcomes, one line for each row, decided directly: values in, a decision out."""

from __future__ import annotations

from typing import Any

import pytest

from mlxsm_sync.planning.candidate import Candidate
from mlxsm_sync.planning.decide import decide
from mlxsm_sync.planning.rivals import Rivals, Targets
from mlxsm_sync.values.desired import DesiredProfile
from mlxsm_sync.values.profile import flat, from_fields
from mlxsm_sync.values.state import Entry, Rules
from testing.plans import entry, profile

A = profile("A", 1, notes="declared")
CHANGED = profile("A", 1, notes="other")
OWN = entry(1, "team", A)
OLD = entry(1, "team", CHANGED, applied=CHANGED)
DRIFTED = entry(1, "team", CHANGED, applied=A)
UNRECORDED = entry(1, "team", A, applied=CHANGED)
FREE, OTHERS = entry(2, None, A), entry(2, "other", A)
SAME_NAME, SAME_IDENTITY = entry(3, "other", profile("A", 9)), entry(4, "other", profile("B", 1))
FREE_NAME = entry(3, None, profile("A", 9))


def candidate(**known: Any) -> Candidate:
    """The profile A in the first place of the file of `team`."""
    made = from_fields(flat(A))
    usual: dict[str, Any] = {
        "wanted": DesiredProfile(index=1, profile=made, declared=made.fields),
        "owner": "team",
        "own": None,
        "name": made.name,
        "kept": made.name,
        "identity": made.identity,
        "namesakes": (1,),
        "twins": (1,),
    }
    return Candidate(**(usual | known))


def replacing(target: Entry, *indexes: int) -> Targets:
    """These profiles are going to replace one entry."""
    return Targets().joined_by(dict.fromkeys(indexes, target))


NONE = Targets()
ROWS: dict[str, tuple[dict[str, Any], tuple[Entry, ...], Targets, str]] = {
    "two of one name": ({"namesakes": (1, 2)}, (), NONE, "duplicate-name"),
    "two of one name and identity": ({"namesakes": (1, 2), "twins": (1, 2)}, (), NONE, "duplicate-name"),
    "two of one identity": ({"twins": (1, 2)}, (), NONE, "duplicate-identity"),
    "a rename that is not to be had": ({"wished": "B", "collision": "taken"}, (), NONE, "rename-collision"),
    "own, and a rival by name": ({"own": OWN}, (SAME_NAME,), NONE, "name-taken"),
    "own, and a rival by identity": ({"own": OWN}, (SAME_IDENTITY,), NONE, "identity-taken"),
    "own, drift": ({"own": DRIFTED}, (), NONE, "drift"),
    "own, drift, replaced": ({"own": DRIFTED, "replaces": True}, (), NONE, "replace"),
    "own, drift, another one pinned": (
        {"own": DRIFTED, "replaces": True, "pinned": "B"},
        (),
        NONE,
        "drift",
    ),
    "own, of another file, differs": ({"own": OLD, "elsewhere": True}, (), NONE, "other-file"),
    "own, of another file, replaced": (
        {"own": OLD, "elsewhere": True, "replaces": True},
        (),
        NONE,
        "replace",
    ),
    "own, of another file, equal": ({"own": OWN, "elsewhere": True}, (), NONE, "unchanged"),
    "own, differs": ({"own": OLD}, (), NONE, "update"),
    "own, equal but for bookkeeping": ({"own": UNRECORDED}, (), NONE, "claim"),
    "own, equal but for its path": ({"own": OWN, "outdated": True}, (), NONE, "claim"),
    "own, equal": ({"own": OWN}, (), NONE, "unchanged"),
    "no rival": ({}, (), NONE, "create"),
    "several rivals": ({}, (SAME_NAME, SAME_IDENTITY), NONE, "ambiguous-replace"),
    "one rival, of nobody, equal": ({}, (FREE,), NONE, "claim"),
    "one rival, of nobody, equal, for a document": ({"owner": None}, (FREE,), NONE, "unchanged"),
    "one rival, of another owner, equal": ({}, (OTHERS,), NONE, "unchanged"),
    "one rival by name": ({}, (FREE_NAME,), NONE, "name-taken"),
    "one rival by identity": ({}, (SAME_IDENTITY,), NONE, "identity-taken"),
    "one rival, replaced": ({}, (SAME_IDENTITY,), replacing(SAME_IDENTITY, 1), "replace"),
    "two replaces of one entry": ({}, (SAME_NAME,), replacing(SAME_NAME, 1, 2), "duplicate-replace"),
    "a rival that another profile replaces": ({}, (SAME_NAME,), replacing(SAME_NAME, 2), "create"),
}


@pytest.mark.parametrize("row", ROWS)
def test_the_first_row_that_holds_decides(row: str) -> None:
    known, staying, targets, outcome = ROWS[row]
    rivals = Rivals(Rules()).joined_by(staying)
    decision = decide(candidate(**known), rivals, targets)
    assert decision.outcome == outcome
    assert decision.blocked == (outcome not in ("create", "update", "replace", "claim", "unchanged"))
    assert decide(candidate(**known), rivals, targets) == decision
