"""Which entries a profile file lists, in its order, and which it no longer does."""

from __future__ import annotations

from mlxsm_sync.planning.prune import NO_FILE, listed_entries
from testing.plans import entry, file, profile, state


def test_entries_stand_in_the_order_of_the_file_and_others_follow() -> None:
    here = state(
        entry(1, "team", profile("A", 1)),
        entry(2, "other", profile("X", 9)),
        entry(3, "team", profile("B", 2)),
        entry(4, "team", profile("Gone", 3)),
        entry(5, None, profile("Mine", 4)),
    )
    found = listed_entries(file(profile("B", 2), profile("New", 7), profile("A", 1)), here)
    ids = {one.name: one.id for one in here.entries}
    assert found.places == {ids["B"]: 0, ids["A"]: 1}
    assert found.orphans == {ids["Gone"]}
    assert [one.name for one in found.in_order(here.entries)] == ["B", "A", "X", "Gone", "Mine"]
    assert [one.name for one in NO_FILE.in_order(here.entries)] == ["A", "X", "B", "Gone", "Mine"]


def test_a_profile_that_has_another_name_or_place_now_is_still_listed() -> None:
    moved = entry(1, "team", profile("Old", 1))
    renamed = entry(2, "team", profile("Here", 2), source="There", applied=profile("Here", 2))
    found = listed_entries(file(profile("New", 1), profile("There", 5)), state(moved, renamed))
    assert (found.places, found.orphans) == ({moved.id: 0, renamed.id: 1}, frozenset())
