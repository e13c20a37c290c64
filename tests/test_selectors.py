"""What the answers of a command line mean."""

from __future__ import annotations

import pytest
from test_plan import entry, file, profile, state

from mlxsm_sync.choices import Choices
from mlxsm_sync.errors import Usage
from mlxsm_sync.selectors import resolve

FILE = file(profile("A", 1), profile("A", 2), profile("b=c", 3), profile("b", 4))
STATE = state(
    entry(1, "team", profile("Gone", 9)),
    entry(2, "me", profile("Theirs", 8)),
    entry(3, "team", profile("Renamed", 7), source="b"),
)


def choices(**answers: list[str]) -> Choices:
    return resolve(FILE, STATE, **answers)


def test_a_name_means_every_profile_of_it_and_a_number_one() -> None:
    assert choices(skip=["A"]).skip == {1, 2}
    assert choices(skip=["#2"]).skip == {2}
    assert choices(only=["#1", "b"]).only == {1, 4}
    assert choices().only is None
    assert choices(rename=["#1", "#2= New "]).rename == {1: None, 2: "New"}
    assert choices(replace=["b=Target"]).replace == {4: "Target"}


def test_orphans_are_named_by_their_name_here() -> None:
    given = choices(replace=["Gone"], only=["Gone"])
    assert (given.orphans_replace, given.orphans_only, given.only) == ({"Gone"}, {"Gone"}, frozenset())
    assert choices(skip=["Gone"]).orphans_skip == {"Gone"}


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"skip": ["B"]}, 'there is no profile "B" in the file'),
        ({"skip": ["#5"]}, 'there is no profile "#5" in the file'),
        ({"skip": ["#0"]}, 'there is no profile "#0" in the file'),
        ({"skip": ["Theirs"]}, 'there is no profile "Theirs" in the file'),
        ({"skip": ["#1=x"]}, 'there is no profile "#1=x" in the file'),
        ({"rename": ["Gone"]}, 'there is no profile "Gone" in the file'),
        ({"replace": ["Renamed"]}, 'there is no profile "Renamed" in the file'),
        ({"rename": ["x=y"]}, 'there is no profile "x" in the file'),
        ({"rename": ["b=c=d"]}, '"b=c=d" can be split in several ways'),
        ({"skip": ["#1"], "replace": ["A"]}, "profile #1 is given two different answers"),
        ({"skip": ["hf_" + "Ab1" * 12]}, "a name on the command line looks like a secret"),
        ({"rename": ["#1=hf_" + "Ab1" * 12]}, "a new name on the command line looks like a secret"),
    ],
)
def test_what_means_nothing_is_wrong_usage(answers: dict[str, list[str]], message: str) -> None:
    with pytest.raises(Usage) as caught:
        choices(**answers)
    assert caught.value.message == message


def test_a_name_of_this_machine_is_told_by_its_name_in_the_file() -> None:
    with pytest.raises(Usage) as caught:
        choices(skip=["Renamed"])
    assert caught.value.hint == "on this machine, that is the name of b"
    with pytest.raises(Usage) as caught:
        choices(rename=["Gone"])
    assert caught.value.hint == "the file no longer lists it: it can be pruned, not renamed"


def test_a_known_name_with_an_equals_sign_is_a_name() -> None:
    assert choices(skip=["b=c"]).skip == {3}
    assert choices(only=["b=c"]).only == {3}
    # With a value, it could be two things, and nobody guesses which.
    with pytest.raises(Usage, match="can be split in several ways"):
        choices(rename=["b=c"])


def test_a_rename_and_a_replace_go_together() -> None:
    both = choices(rename=["#1=X"], replace=["#1"])
    assert (both.rename, both.replace) == ({1: "X"}, {1: None})


def test_invalid_profiles_of_a_document_can_be_named() -> None:
    from mlxsm_sync.desired import Invalid

    document = FILE.copy(invalid=(Invalid(name="Bad", index=5, messages=("no port",)),))
    assert resolve(document, STATE, skip=["Bad"]).skip == {5}
