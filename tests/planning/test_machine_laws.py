"""The laws of planning for files with machines: on random files, for every machine, and between two of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.planning.between import EMPTY, plan_between, state_after
from mlxsm_sync.planning.digest import meaning
from mlxsm_sync.planning.planner import apply_plan, make_plan
from mlxsm_sync.profile_file.reader import read_declarations
from mlxsm_sync.profile_file.selection import for_every_machine, select
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.syntax.yaml import read_yaml
from mlxsm_sync.text.json_value import canonical
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired, Input
from mlxsm_sync.values.invocation import Invocation
from mlxsm_sync.values.machines import Machine
from mlxsm_sync.values.plan import Plan
from mlxsm_sync.values.state import State
from testing.strategies import new_ids, origins, states

MACHINES = ("a", "ab", "b1", "b2")
KEYS = ("a", "b1", "a*", "b?", "*")
TAGS = ("x", "y")
File = dict[str, Any]

machine_settings = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "tags": st.lists(st.sampled_from(TAGS), max_size=2),
        "defaults": st.fixed_dictionaries(
            {},
            optional={
                "port": st.integers(1, 3),
                "host": st.sampled_from(["h", None]),
                "advancedLaunchOptions": st.none()
                | st.fixed_dictionaries(
                    {}, optional={"logLevel": st.sampled_from(["INFO", None]), "defaultTopK": st.just(1)}
                ),
            },
        ),
    },
)


@st.composite
def files(draw: Callable[..., Any]) -> File:
    """A file whose `on` may name any machine, pattern and tag that it has."""
    machines = draw(st.dictionaries(st.sampled_from(KEYS), machine_settings, min_size=1, max_size=4))
    profiles = []
    for number in range(draw(st.integers(0, 5))):
        profile: dict[str, Any] = {
            "name": draw(st.sampled_from(["A", "B", "C"])),
            "modelID": draw(st.sampled_from(["m/1", "m/2", f"m/own{number}"])),
        }
        profile |= draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "on": st.lists(
                        st.sampled_from([*MACHINES, *KEYS, *(f"@{tag}" for tag in TAGS)]), max_size=3
                    ),
                    "port": st.integers(1, 3),
                    "host": st.none(),
                    "advancedLaunchOptions": st.none() | st.just({"defaultTopP": 0.5, "logLevel": None}),
                },
            )
        )
        profiles.append(profile)
    defaults = {"port": 1} | draw(
        st.fixed_dictionaries({}, optional={"advancedLaunchOptions": st.just({"logLevel": "DEBUG"})})
    )
    return {
        "schemaVersion": 1,
        "collection": "team",
        "machines": machines,
        "defaults": defaults,
        "profiles": profiles,
    }


def read(file: File, machine: str) -> Desired | None:
    """What a machine gets; None where the file, or the machine, is none."""
    problems = Problems("p.yaml")
    root = read_yaml(canonical(file), problems)
    try:
        declared = read_declarations(root, problems, Input(path="p.yaml", digest=""), "/repo/profiles.yaml")
        return select(declared, Machine(name=machine, from_="flag")) if keys(file, machine) else None
    except InvalidFile:
        return None


def matches(pattern: str, name: str) -> bool:
    """Letter by letter; the patterns here have one wildcard, and it stands last."""
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    if pattern.endswith("?"):
        return len(name) == len(pattern) and name.startswith(pattern[:-1])
    return name == pattern


def keys(file: File, machine: str) -> list[str]:
    """The rule of the contract: the exact name, else all patterns that match."""
    machines = file["machines"]
    return [machine] if machine in machines else [key for key in machines if matches(key, machine)]


@dataclass
class Oracle:
    """Which profiles a machine gets, and their fields, by the words of the contract alone."""

    wanted: dict[int, dict[str, Any]]
    elsewhere: list[int]


def oracle(file: File, machine: str) -> Oracle:
    settings = [file["machines"][key] or {} for key in keys(file, machine)]
    tags = [tag for one in settings for tag in one.get("tags", [])]
    wanted, elsewhere = {}, []
    for place, profile in enumerate(file["profiles"], start=1):
        on = profile.get("on")
        names = [] if on is None else [one for one in on if not one.startswith("@")]
        tagged = [] if on is None else [one[1:] for one in on if one.startswith("@")]
        if on is None or any(matches(one, machine) for one in names) or {*tagged} & {*tags}:
            below = [file["defaults"], *(one.get("defaults") or {} for one in settings)]
            wanted[place] = merged([*below, profile])
        else:
            elsewhere.append(place)
    return Oracle(wanted, elsewhere)


def merged(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """The later layer wins, options one by one; null unsets."""
    result: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for layer in layers:
        result |= {key: value for key, value in layer.items() if key not in ("on", "advancedLaunchOptions")}
        if "advancedLaunchOptions" in layer:
            options = (
                {} if layer["advancedLaunchOptions"] is None else options | layer["advancedLaunchOptions"]
            )
    result["host"] = result.get("host") or "127.0.0.1"
    flat = {f"/{key}": value for key, value in result.items()}
    flat |= {f"/advancedLaunchOptions/{key}": value for key, value in options.items()}
    return {path: value for path, value in flat.items() if value is not None}


def planned(want: Desired, state: State, **choices: Any) -> Plan:
    return make_plan(want, state, Choices(**choices), origins=origins(want))


@given(files(), st.sampled_from(MACHINES))
def test_a_profile_is_for_a_machine_exactly_where_the_contract_says_so(file: File, machine: str) -> None:
    want = read(file, machine)
    assume(want is not None)
    assert want is not None
    expected = oracle(file, machine)
    assert {one.index: one.declared for one in want.profiles} == expected.wanted
    assert [one.index for one in want.elsewhere] == expected.elsewhere
    assert [one.name for one in want.elsewhere] == [
        file["profiles"][at - 1]["name"] for at in expected.elsewhere
    ]


@given(files(), states(), st.sampled_from(MACHINES), st.booleans())
def test_after_an_apply_no_change_is_left_on_any_machine(
    file: File, state: State, machine: str, prune: bool
) -> None:
    want = read(file, machine)
    assume(want is not None)
    assert want is not None
    plan = planned(want, state, prune=prune, force=True)
    after = apply_plan(plan, state, new_ids())
    blocked = {one.index for one in plan.conflicts}
    again = planned(want, after, prune=prune, force=True)
    assert [one for one in again.changes if one.index not in blocked] == []
    assert again.summary.elsewhere == plan.summary.elsewhere == len(want.elsewhere)


@given(files(), states(), st.sampled_from(MACHINES), st.booleans())
def test_what_is_for_others_touches_nothing_here(file: File, state: State, machine: str, prune: bool) -> None:
    """The plan is that of a file which lacks what is for others; only the reasons of orphans know of them."""
    want = read(file, machine)
    assume(want is not None)
    assert want is not None
    with_them, without = (
        planned(one, state, prune=prune, force=True) for one in (want, want.model_copy(elsewhere=()))
    )
    assert (with_them.changes, with_them.digest.count(":")) == (without.changes, 1)
    assert [one.name for one in with_them.orphans] == [one.name for one in without.orphans]
    others = {one.name for one in want.elsewhere}
    entries = {one.name: one for one in state.entries}
    for orphan in with_them.orphans:
        entry = entries[orphan.name]
        meant = entry.key in others or entry.name in others
        assert orphan.reason == ("other-machines" if meant else "not-listed")
    for entry in state.entries:
        changed = {one.entry.id for one in with_them.changes}
        assert (
            entry.owner == "team"
            or entry.id not in changed
            or any(one.action == "claim" for one in with_them.changes if one.entry.id == entry.id)
        )


@given(files(), states(), st.sampled_from(MACHINES), st.randoms(use_true_random=False))
def test_the_order_of_machines_and_profiles_says_nothing(
    file: File, state: State, machine: str, chance: random.Random
) -> None:
    want = read(file, machine)
    assume(want is not None)
    assert want is not None
    profiles, machines = [*file["profiles"]], [*file["machines"].items()]
    for listed in (profiles, machines):
        chance.shuffle(listed)
    for one in profiles:
        if "on" in one:
            one["on"] = chance.sample(one["on"], len(one["on"]))
    moved = read(file | {"profiles": profiles, "machines": dict(machines)}, machine)
    assert moved is not None
    assert meaning(moved) == meaning(want)
    plan, permuted = planned(want, state), planned(moved, state)
    assert (permuted.digest, permuted.summary) == (plan.digest, plan.summary)


@given(files(), states(), st.sampled_from(MACHINES), st.sampled_from(MACHINES))
def test_a_digest_is_of_one_machine_and_a_meaning_of_all(
    file: File, state: State, one: str, other: str
) -> None:
    here, there = read(file, one), read(file, other)
    assume(here is not None and there is not None)
    assert here is not None
    assert there is not None
    assert (planned(here, state).digest == planned(there, state).digest) == (one == other)
    assert meaning(here) == meaning(there)


@given(files(), files(), st.sampled_from(MACHINES))
def test_files_of_one_meaning_want_the_same_on_each_machine(file: File, other: File, machine: str) -> None:
    """A part of one file in the place of the same part of the other: often it changes nothing."""
    for part in ("machines", "profiles", "defaults"):
        here, there = read(file, machine), read(file | {part: other[part]}, machine)
        if here is not None and there is not None and meaning(here) == meaning(there):
            wanted = [[canonical(one.declared) for one in want.profiles] for want in (here, there)]
            assert sorted(wanted[0]) == sorted(wanted[1])


AGAIN = Invocation("plan", (), (), False)


@given(files(), st.sampled_from(MACHINES))
def test_between_a_file_and_itself_nothing_changes(file: File, machine: str) -> None:
    want = read(file, machine)
    assume(want is not None)
    assert want is not None
    plan = plan_between(state_after(want), want, Choices(), AGAIN)
    # Only what the file itself does not settle is left, and that was no state either.
    assert (plan.changes, plan.orphans) == ((), ())
    assert {one.kind for one in plan.conflicts} <= {"duplicate-name", "duplicate-identity"}


@given(files(), files(), st.sampled_from(MACHINES))
def test_between_two_files_is_what_a_pruning_apply_would_do(old: File, new: File, machine: str) -> None:
    before, after = read(old, machine), read(new, machine)
    assume(before is not None and after is not None)
    assert before is not None
    assert after is not None
    state = apply_plan(planned(before, EMPTY), EMPTY, new_ids())
    real = planned(after, state, prune=True, force=True)
    shown = plan_between(state_after(before), after, Choices(), AGAIN)
    assert told(shown) == told(real)
    assert [(one.index, one.kind) for one in shown.conflicts] == [
        (one.index, one.kind) for one in real.conflicts
    ]


def told(plan: Plan) -> list[tuple[object, ...]]:
    return [(one.action, one.index, one.name, one.fields, one.before, one.after) for one in plan.changes]


@given(files())
def test_a_file_that_is_valid_is_valid_on_each_of_its_machines(file: File) -> None:
    problems = Problems("p.yaml")
    declared = read_declarations(
        read_yaml(canonical(file), problems), problems, Input(path="p.yaml", digest=""), None
    )
    try:
        views = [*for_every_machine(declared)]
    except InvalidFile:
        reject = True
    else:
        reject = False
    assume(not reject)
    profiles = [[one.profile for one in view.profiles] for view in views]
    assert all(len({one.name for one in each}) == len(each) for each in profiles)
    for key in file["machines"]:
        assert read(file, key) is not None
