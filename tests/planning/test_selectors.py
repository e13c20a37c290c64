"""What the answers of a command line mean."""

from __future__ import annotations

import pytest

from mlxsm_sync.errors import UsageError
from mlxsm_sync.planning.selectors import entries_named, known_names, resolve
from mlxsm_sync.values.choices import Choices
from testing.fake_secrets.tokens import TOKENS
from testing.plans import entry, file, profile, state

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
        (
            {"skip": ["#1"], "replace": ["A"]},
            "\"A\" is given two different answers: --replace A and --skip '#1'",
        ),
        ({"skip": ["hf_" + "Ab1" * 12]}, "a name on the command line looks like a secret"),
        ({"rename": ["#1=hf_" + "Ab1" * 12]}, "a new name on the command line looks like a secret"),
    ],
)
def test_what_means_nothing_is_wrong_usage(answers: dict[str, list[str]], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        choices(**answers)
    assert caught.value.message == message


def test_a_name_of_this_machine_is_told_by_its_name_in_the_file() -> None:
    with pytest.raises(UsageError) as caught:
        choices(skip=["Renamed"])
    assert caught.value.hint == "on this machine, that is the name of b"
    with pytest.raises(UsageError) as caught:
        choices(rename=["Gone"])
    assert caught.value.hint == "the file no longer lists it: it can be pruned, not renamed"


def test_a_profile_of_another_file_is_told_with_what_reaches_it() -> None:
    current = state(
        entry(1, "team", profile("Ours", 1), from_="/here/its team.yaml"),
        entry(2, "other", profile("Old", 2), from_=None),
        entry(3, None, profile("Imported", 3)),
    )
    hints = {}
    for name in ("Ours", "Old", "Imported"):
        with pytest.raises(UsageError) as caught:
            resolve(file(profile("A", 9), owner="mine"), current, only=[name])
        hints[name] = caught.value.hint
    assert hints == {
        "Ours": "this machine has it from another file: add -f '/here/its team.yaml'",
        "Old": 'this machine has it from another file, of the collection "other"',
        "Imported": "this machine has it, and no file lists it: pull takes it into the file",
    }


def test_a_known_name_with_an_equals_sign_is_a_name() -> None:
    assert choices(skip=["b=c"]).skip == {3}
    assert choices(only=["b=c"]).only == {3}
    # With a value, it could be two things, and nobody guesses which.
    with pytest.raises(UsageError, match="can be split in several ways"):
        choices(rename=["b=c"])


@pytest.mark.parametrize(
    ("answers", "both"),
    [
        ({"rename": ["A=Y"], "replace": ["A"]}, "--rename A=Y and --replace A"),
        ({"rename": ["A"], "replace": ["#1"]}, "--rename A and --replace '#1'"),
        ({"rename": ["A=X", "A=Y"]}, "--rename A=X and --rename A=Y"),
        ({"rename": ["A", "#1=Y"]}, "--rename A and --rename '#1=Y'"),
        ({"rename": ["A=X"], "skip": ["A"]}, "--rename A=X and --skip A"),
        ({"replace": ["A=S", "#1=T"]}, "--replace A=S and --replace '#1=T'"),
        ({"replace": ["Gone"], "skip": ["Gone"]}, "--replace Gone and --skip Gone"),
    ],
)
def test_answers_that_contradict_each_other_are_both_named(answers: dict[str, list[str]], both: str) -> None:
    with pytest.raises(UsageError) as caught:
        choices(**answers)
    assert caught.value.message.endswith(f" is given two different answers: {both}")
    assert caught.value.exit_code == 64


def test_answers_that_only_repeat_each_other_are_one() -> None:
    again = choices(rename=["#1=X", "#1= X "], replace=["b", "b=T", "b"], skip=["b=c", "#3"])
    assert (again.rename, again.replace, again.skip) == ({1: "X"}, {4: "T"}, {3})


def test_an_answer_about_namesakes_is_one_about_each() -> None:
    twins = FILE.model_copy(
        profiles=tuple(one.model_copy(profile=one.profile.model_copy(name="A")) for one in FILE.profiles)
    )
    given = resolve(twins, STATE, rename=["A"]).given
    assert [one.words for one in given] == [("--rename", f"#{n}") for n in range(1, len(given) + 1)]
    # So that an answer about one of them takes the place of that one alone.
    words = resolve(twins, STATE, rename=["A"]).words("--rename", "#2=X", about=2)
    assert words.count("--rename") == len(given)


def test_invalid_profiles_of_a_document_can_be_named() -> None:
    from mlxsm_sync.values.desired import Invalid

    document = FILE.model_copy(invalid=(Invalid(name="Bad", index=5, messages=("no port",)),))
    assert resolve(document, STATE, skip=["Bad"]).skip == {5}


def test_entries_are_found_by_their_names_here() -> None:
    assert entries_named(STATE, ()) == STATE.entries
    assert [one.name for one in entries_named(STATE, [" Gone "])] == ["Gone"]
    with pytest.raises(UsageError, match='there is no profile "Gome" on this machine') as error:
        known_names(STATE, ["Gome"])
    assert error.value.hint == "did you mean Gone?"
    with pytest.raises(UsageError) as error:
        known_names(STATE, ["Zebra 12"])
    assert error.value.hint == "mlxsm list shows them"


def test_a_name_that_looks_like_a_secret_is_not_repeated() -> None:
    token = next(iter(TOKENS.values()))
    with pytest.raises(UsageError) as error:
        known_names(STATE, [token])
    assert token not in f"{error.value.message} {error.value.hint}"
