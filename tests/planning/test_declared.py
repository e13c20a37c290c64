"""Which profiles of a file may be served, and why the others may not."""

from __future__ import annotations

from mlxsm_sync.planning.declared import Remedies, clashes, declared, place
from testing.plans import entry, file, profile, state

REMEDIES = Remedies("mlxsm apply", "mlxsm pull")


def reasons(desired: object, entries: object, places: object = None) -> dict[str, str | None]:
    rows = declared(desired, entries, places, REMEDIES)
    assert all((row.reason is None) == (row.entry is not None) for row in rows)
    assert [row.entry_id for row in rows if row.entry is None] == [""] * sum(r.entry is None for r in rows)
    return {row.name: row.reason for row in rows}


def test_what_was_applied_may_be_served() -> None:
    current = state(entry(1, "team", profile("A", 1)), entry(2, "other", profile("B", 2)))
    desired = file(profile("A", 1), profile("B", 2))
    assert reasons(desired, current) == {"A": None, "B": None}
    assert reasons(desired, current, {2}) == {"B": None}
    # Only what is noted about it would change.
    noted = state(entry(1, "team", profile("A", 1), applied={"name": "A"}))
    assert reasons(file(profile("A", 1)), noted) == {"A": None}
    renamed = entry(1, "team", profile("Here", 1), source="A", applied=profile("Here", 1))
    assert reasons(file(profile("A", 1)), state(renamed)) == {"A": None}


def test_what_is_not_as_the_file_says_may_not() -> None:
    current = state(
        entry(1, "team", profile("Old", 1)),
        entry(2, "team", profile("Drift", 2, notes="here"), applied=profile("Drift", 2, notes="then")),
        entry(3, None, profile("Nobody", 3)),
        entry(4, None, profile("Taken", 4)),
        entry(5, "other", profile("Theirs", 5)),
        entry(6, "team", profile("Elsewhere", 7), from_="/other/profiles.yaml"),
    )
    desired = file(
        profile("Old", 1, notes="new"),
        profile("Drift", 2, notes="now"),
        profile("Nobody", 3),
        profile("Taken", 40),
        profile("Theirs", 50),
        profile("It's new", 6),
        profile("Elsewhere", 7, notes="x"),
    )
    assert reasons(desired, current) == {
        "Old": "this machine has an older version of it: mlxsm apply",
        "Drift": "it was changed on this machine since it was applied: mlxsm pull Drift takes that into the "
        "file, mlxsm apply --replace Drift undoes it",
        "Nobody": "this machine has it, owned by nobody: mlxsm apply takes it over",
        "Taken": 'it clashes with "Taken", which is owned by nobody: mlxsm pull Taken takes that into the file',
        "Theirs": "it is in conflict (name-taken): mlxsm plan shows your options",
        "It's new": "it is not applied on this machine: mlxsm apply",
        "Elsewhere": "this machine has it from another file: mlxsm apply --replace Elsewhere takes it over",
    }


def test_two_that_want_one_port() -> None:
    def clashing(*profiles: dict[str, object]) -> dict[int, str]:
        found = clashes(file(*profiles).profiles)
        return {index: "/".join(one.profile.name for one in others) for index, others in found.items()}

    here = {"host": "10.0.0.1"}
    assert clashing(profile("A", 1), profile("B", 2)) == {}
    other = profile("C", 1, modelID="o/x", host="LOCALHOST")
    assert clashing(profile("A", 1), profile("B", 2), other) == {1: "C", 3: "A"}
    assert clashing(profile("A", 1, **here), profile("B", 1, modelID="o/x")) == {}
    assert clashing(profile("A", 1, **here), profile("B", 1, modelID="o/x", host="::")) == {1: "B", 2: "A"}
    # Of three, each has two in its way.
    assert clashing(*(profile(name, 1, modelID=f"o/{name}") for name in "ABC")) == {
        1: "B/C",
        2: "A/C",
        3: "A/B",
    }
    assert place(file(profile("A", 1, host="::1")).profiles[0]) == "[::1]:1"
