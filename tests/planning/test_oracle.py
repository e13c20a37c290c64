"""The planner against an oracle that was written from its rules alone, on plain random worlds."""

from __future__ import annotations

import functools
import json
import random
from collections import Counter
from typing import Any

import pytest

from mlxsm_sync.planning.planner import apply_plan, make_plan
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired, DesiredProfile, Input
from mlxsm_sync.values.plan import Plan
from mlxsm_sync.values.profile import NAME, Fields, Profile, from_fields, nested
from mlxsm_sync.values.state import Entry, Rules, State
from testing import oracle
from testing.strategies import ALIAS, ELSEWHERE, GONE, HERE, new_ids, origins

WORLDS = 20_000
SEED = 20_261_126

OPTION = "/advancedLaunchOptions/"
VALUES: dict[str, list[Any]] = {
    NAME: ["A", "B", "C", "D", "A (Imported)"],
    "/modelID": ["m/1", "m/2"],
    "/host": ["127.0.0.1", "box", "Box"],
    "/port": [1, 2, 3],
    "/enableThinking": [True, False],
    "/notes": ["x", "y"],
    f"{OPTION}defaultTopP": [0, 0.5, 1],
    f"{OPTION}rawExtraArgs": [[], ["-a"], ["-a", "-b"]],
    f"{OPTION}chatTemplateArgs": [{"a": 1}, {"a": True}, {"a": 1.0}],
}
REQUIRED = [*VALUES][:4]
OPTIONAL = [*VALUES][4:]


@functools.cache
def _profile(text: str) -> Profile:
    return from_fields(json.loads(text))


def profile(fields: Fields) -> Profile:
    """A profile with these fields; made once, as there are not many."""
    return _profile(json.dumps(fields))


def fields(chance: random.Random) -> Fields:
    """Some fields of a profile."""
    paths = REQUIRED + chance.sample(OPTIONAL, chance.choice([0, 0, 1, 2]))
    return {path: chance.choice(VALUES[path]) for path in paths}


def changed(chance: random.Random, before: Fields) -> Fields:
    """The same with a few other values, or fewer fields."""
    after = dict(before)
    for path in chance.sample([*VALUES], chance.choice([0, 0, 0, 1, 1, 2])):
        if path in OPTIONAL and chance.random() < 0.5:
            after.pop(path, None)
        else:
            after[path] = chance.choice(VALUES[path])
    return after


def entry(chance: random.Random, number: int, rules: Rules, kept: list[Entry]) -> list[Entry]:
    """One entry more, if its name and its identity are free."""
    now = fields(chance)
    owner = chance.choice([None, "team", "team", "team", "me"])
    one: dict[str, Any] = {"id": f"{number:016d}", "profile": profile(now), "owner": owner}
    if owner is not None:
        source = chance.choice([None, None, *VALUES[NAME]])
        one["source"] = None if source == now[NAME] else source
        one["applied"] = nested(changed(chance, now))
        one["from_"] = chance.choice([HERE, HERE, HERE, ELSEWHERE, GONE, ALIAS, None])
    new = Entry(**one)
    free = all(
        new.name != old.name and rules.identity(new.profile) != rules.identity(old.profile) for old in kept
    )
    return [new] if free else []


def state(chance: random.Random) -> State:
    """A machine with up to five entries."""
    rules = Rules(one_per_model=chance.random() < 0.2)
    kept: list[Entry] = []
    for number in range(chance.choice([0, 1, 2, 3, 4, 5])):
        kept += entry(chance, number + 1, rules, kept)
    return State(lineage="world", serial=3, entries=tuple(kept), rules=rules)


def desired(chance: random.Random, machine: State) -> Desired:
    """A file or a document: new profiles, and some that are much like those of the machine."""
    owner = chance.choice(["team", "team", "team", None])
    profiles = []
    for _ in range(chance.choice([0, 1, 2, 2, 3, 3, 4])):
        made = fields(chance)
        if machine.entries and chance.random() < 0.6:
            like = chance.choice(machine.entries)
            made = changed(chance, chance.choice([like.applied_fields or {}, {}]) or like.profile.fields)
            if chance.random() < 0.3 and like.source is not None:
                made[NAME] = like.source
        one = profile(made)
        # Duplicates are rare, or little else would happen.
        doubled = any(
            one.name == old.name or machine.rules.identity(one) == machine.rules.identity(old)
            for old in profiles
        )
        if not doubled or chance.random() < 0.2:
            profiles.append(one)
    unset = dict.fromkeys([path for path in OPTIONAL if path.startswith(OPTION)]) if owner is None else {}
    return Desired(
        owner=owner,
        input=Input(path="profiles.yaml", digest="sha256:0"),
        from_=chance.choice([HERE, HERE, HERE, None]) if owner else None,
        profiles=tuple(
            DesiredProfile(index=index, profile=one, declared=unset | one.fields)
            for index, one in enumerate(profiles, start=1)
        ),
    )


def choices(chance: random.Random, want: Desired, machine: State) -> Choices:
    """A person's answers, often none."""
    if chance.random() < 0.25:
        return Choices()
    names = [one.name for one in machine.entries]
    rename: dict[int, str | None] = {}
    replace: dict[int, str | None] = {}
    skip = set()
    for one in want.profiles:
        answer = chance.choice(["", "", "rename", "replace", "replace", "skip"])
        if answer == "rename":
            rename[one.index] = chance.choice([None, None, "N", " ", one.profile.name, *VALUES[NAME]])
        elif answer == "replace":
            replace[one.index] = chance.choice([None, None, None, *names, "?"])
        elif answer == "skip":
            skip.add(one.index)
    some = lambda: frozenset(name for name in names if chance.random() < 0.25)  # noqa: E731 - one line, three uses
    only = None
    if chance.random() < 0.2:
        only = frozenset(one.index for one in want.profiles if chance.random() < 0.6)
    prune, foreign = chance.random() < 0.5, chance.random() < 0.2
    return Choices(
        rename=rename,
        replace=replace,
        skip=frozenset(skip),
        only=only,
        orphans_replace=some(),
        orphans_skip=some(),
        orphans_only=some() if only is not None else frozenset(),
        take_from=frozenset(["me"] if chance.random() < 0.2 else []),
        prune=prune or foreign,
        prune_foreign=foreign,
    )


def where(want: Desired, path: str | None) -> str:
    """What the disk says of the file that an entry came from: `this`, `outdated`, `other` or nothing."""
    if path is None:
        return ""
    if path == want.from_:
        return "this"
    if path == GONE:
        return "outdated" if want.from_ else ""
    return "outdated" if path == ALIAS and want.from_ else "other"


def plain(one: Entry, want: Desired) -> dict[str, Any]:
    """An entry as the oracle reads it."""
    return {
        "id": one.id,
        "name": one.name,
        "owner": one.owner,
        "source": one.source,
        "from": one.from_,
        "where": where(want, one.from_),
        "applied": one.applied_fields,
        "current": one.profile.fields,
    }


def world(want: Desired, machine: State, answers: Choices) -> oracle.World:
    """The same world for the oracle."""
    return oracle.World(
        owner=want.owner,
        file=want.from_,
        wanted=[
            {"index": one.index, "name": one.profile.name, "declared": one.declared} for one in want.profiles
        ],
        entries=[plain(one, want) for one in machine.entries],
        one_per_model=machine.rules.one_per_model,
        rename=dict(answers.rename),
        replace=dict(answers.replace),
        skip=set(answers.skip),
        only=None if answers.only is None else set(answers.only),
        take_from=set(answers.take_from),
        prune=answers.prune,
        prune_foreign=answers.prune_foreign,
        orphans_replace=set(answers.orphans_replace),
        orphans_skip=set(answers.orphans_skip),
        orphans_only=set(answers.orphans_only),
    )


def said(plan: Plan, want: Desired, answers: Choices) -> dict[int, tuple[str, ...]]:
    """What the plan does with each profile that takes part."""
    told: dict[int, tuple[str, ...]] = {}
    for change in plan.changes:
        if change.index is not None:
            target = "" if change.action == "create" else change.entry.id
            told[change.index] = (change.action, target, change.name)
    for conflict in plan.conflicts:
        if conflict.index is not None and not conflict.decided:
            told[conflict.index] = (conflict.kind,)
    for one in want.profiles:
        if answers.selects(one.index):
            told.setdefault(one.index, ("unchanged",))
    return told


def expected(answer: oracle.Answer) -> dict[int, tuple[str, ...]]:
    """The same of the oracle."""
    told: dict[int, tuple[str, ...]] = {}
    for index, (outcome, target, name) in answer.outcomes.items():
        if outcome == "unchanged":
            told[index] = ("unchanged",)
        elif target is None and name is None:
            told[index] = (outcome,)
        else:
            told[index] = (outcome, target or "", name or "")
    return told


def untouched(want: Desired, right: oracle.Answer) -> list[str]:
    """The names in the file of the profiles that need nothing."""
    names = {one.index: one.profile.name for one in want.profiles}
    return sorted(names[index] for index, verdict in right.outcomes.items() if verdict[0] == "unchanged")


def fates(plan: Plan, machine: State) -> dict[str, str]:
    """What the plan does with each orphan."""
    ids = {one.name: one.id for one in machine.entries}
    told = {ids[one.name]: "kept" for one in plan.orphans}
    told |= {ids[one.name]: "drift" for one in plan.conflicts if one.index is None and not one.decided}
    return told | {one.entry.id: "deleted" for one in plan.changes if one.action == "delete"}


def flat(entries: list[dict[str, Any]]) -> list[Any]:
    """Entries without what only the oracle needs; a new one has no id yet."""
    return [
        (
            one["id"] if one["id"] and not one["id"].startswith("new") else None,
            oracle.Comparable(one["current"]),
            one["owner"],
            one["source"],
            oracle.Comparable(one["applied"] or {}),
            one["from"],
        )
        for one in entries
    ]


def differences(chance: random.Random) -> tuple[list[str], oracle.World, Counter[str]]:
    """One world: where the planner and the oracle differ."""
    machine = state(chance)
    want = desired(chance, machine)
    answers = choices(chance, want, machine)
    case = world(want, machine, answers)
    right = oracle.answer(case)
    plan = make_plan(want, machine, answers, origins=origins(want))
    after = apply_plan(plan, machine, new_ids())
    pairs = {
        "outcomes": (said(plan, want, answers), expected(right)),
        "unchanged": (sorted(plan.unchanged), untouched(want, right)),
        "orphans": (fates(plan, machine), right.orphans),
        "state": (flat([plain(one, want) for one in after.entries]), flat(right.entries)),
    }
    seen = Counter(outcome for outcome, *_ in right.outcomes.values())
    seen.update(f"orphan {fate}" for fate in right.orphans.values())
    return [f"{what}: {a} instead of {b}" for what, (a, b) in pairs.items() if a != b], case, seen


@pytest.mark.slow
def test_the_planner_says_what_the_oracle_says() -> None:
    counted: Counter[str] = Counter()
    for number in range(WORLDS):
        wrong, case, seen = differences(random.Random(SEED + number))
        assert not wrong, (number, wrong, case)
        counted += seen
    # Each row of the table was met, and not by chance once or twice.
    rare = [what for what in (*oracle.OUTCOMES, *oracle.FATES) if counted[what] < WORLDS / 2_000]
    assert not rare, counted
