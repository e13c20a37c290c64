"""What a plan must say, worked out anew from the rules on plain data, by brute force.

It shares no code with the planner: dictionaries in, dictionaries out, every loop written for the reader. Where
the rules leave a corner open, a comment that begins with "Settled:" says what the planner does there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

DesiredProfile = dict[str, Any]
"""index, name, declared (JSON Pointer -> value, None for unset)."""
Entry = dict[str, Any]
"""id, name, owner, source, from, where ("this", "outdated", "other" or ""), applied and current (by pointer)."""
NAME = "/name"
RAW_EXTRA_ARGS = "/advancedLaunchOptions/rawExtraArgs"
Verdict = tuple[str, str | None, str | None]
"""Outcome, the target's id, the resulting name."""


@dataclass
class World:
    """A profile file, a machine, and a person's answers."""

    owner: str | None
    file: str | None
    wanted: list[DesiredProfile]
    entries: list[Entry]
    one_per_model: bool = False
    rename: dict[int, str | None] = field(default_factory=dict)
    replace: dict[int, str | None] = field(default_factory=dict)
    skip: set[int] = field(default_factory=set)
    only: set[int] | None = None
    take_from: set[str] = field(default_factory=set)
    prune: bool = False
    prune_foreign: bool = False
    orphans_replace: set[str] = field(default_factory=set)
    orphans_skip: set[str] = field(default_factory=set)
    orphans_only: set[str] = field(default_factory=set)

    def selected(self, one: DesiredProfile) -> bool:
        return one["index"] not in self.skip and (self.only is None or one["index"] in self.only)

    def identity(self, fields: dict[str, Any]) -> tuple[Any, ...]:
        """What no two profiles of the result may share."""
        if self.one_per_model:
            return (fields["/modelID"],)
        return (fields["/modelID"], fields["/host"].lower(), fields["/port"])


@dataclass
class Answer:
    """What must become of each profile, of each orphan, and of the state."""

    outcomes: dict[int, Verdict] = field(default_factory=dict)
    """Index -> outcome, the target's id, the resulting name."""
    orphans: dict[str, str] = field(default_factory=dict)
    """Id -> kept, deleted or drift."""
    entries: list[Entry] = field(default_factory=list)
    """The state afterwards, in order."""


def same(one: Any, other: Any) -> bool:
    """Equality by value: 1 is 1.0, and true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def same_fields(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(same(one.get(path), other.get(path)) for path in {*one, *other})


def key(entry: Entry) -> str:
    """What the file calls an entry that has an owner."""
    return str(entry["applied"][NAME] if entry["source"] is None else entry["source"])


# Step 1: match.


def match(world: World, leaving: set[int], gone: Collection[str] = ()) -> dict[int, Entry]:
    """Index -> the entry that is the profile's own; `leaving` get another name and come after their namesakes.

    Settled: what is skipped takes no part in any step, so it has no entry, but its name keeps one from moving.
    Settled: who leaves does so only where somebody stays in the group; what is `gone`, pruned, is nobody's own.
    """
    own = [entry for entry in world.entries if world.owner is not None and entry["owner"] == world.owner]
    own = [entry for entry in own if entry["id"] not in gone]
    part = [one for one in world.wanted if world.selected(one)]
    stayed_in = {one["name"] for one in part if one["index"] not in leaving}
    leaving = {one["index"] for one in part if one["index"] in leaving and one["name"] in stayed_in}
    found: dict[int, Entry] = {}

    def pair(profiles: list[DesiredProfile], entries: list[Entry]) -> bool:
        """Match what is left of a group, if that is one profile and one entry: never the first to come."""
        profiles = [one for one in profiles if one["index"] not in found]
        entries = [entry for entry in entries if not any(entry is other for other in found.values())]
        if len(profiles) == len(entries) == 1:
            found[profiles[0]["index"]] = entries[0]
            return True
        return False

    def of_identity(entry: Entry) -> list[DesiredProfile]:
        identity = world.identity(entry["current"])
        return [one for one in part if world.identity(one["declared"]) == identity]

    for entry in own:
        pair([one for one in of_identity(entry) if one["name"] == key(entry)], [entry])
    names = {one["name"] for one in world.wanted}
    # Settled: those that leave are matched by key only when nothing else is left to be found.
    # Lists, so that every group is tried before the next step.
    while (
        any([pair_of_key(world, own, name, leaving, pair) for name in sorted(names)])  # noqa: C419 - each of them pairs, also after the first
        or any([pair(of_identity(entry), [entry]) for entry in own if key(entry) not in names])  # noqa: C419 - each of them pairs, also after the first
        or any([pair_of_key(world, own, name, set(), pair) for name in sorted(names)])  # noqa: C419 - each of them pairs, also after the first
    ):
        pass
    return found


def pair_of_key(
    world: World,
    own: list[Entry],
    name: str,
    leaving: set[int],
    pair: Callable[[list[DesiredProfile], list[Entry]], bool],
) -> bool:
    """Match the one profile and the one entry of a key."""
    profiles = [
        one
        for one in world.wanted
        if one["name"] == name and world.selected(one) and one["index"] not in leaving
    ]
    return pair(profiles, [entry for entry in own if key(entry) == name])


# Step 2: compare.


def equals(entry: Entry, declared: dict[str, Any]) -> bool:
    """Whether an entry is in every declared field as it is wanted."""
    said = said_of(entry, declared)
    return all(same(entry["current"].get(path), value) for path, value in said.items())


def said_of(entry: Entry, declared: dict[str, Any]) -> dict[str, Any]:
    """What is declared of an entry. Settled: a document cannot say of raw arguments whether they are [] or unset."""
    if declared.get(RAW_EXTRA_ARGS, "") is None and entry["current"].get(RAW_EXTRA_ARGS) == []:
        return {path: value for path, value in declared.items() if path != RAW_EXTRA_ARGS}
    return declared


def resulting(entry: Entry, declared: dict[str, Any], *, own: bool) -> dict[str, Any]:
    """The fields of an entry after the declared ones were written over it."""
    fields = dict(entry["current"])
    if own:
        for path in entry["applied"]:
            if path not in declared:
                fields.pop(path, None)
    for path, value in said_of(entry, declared).items():
        if value is None:
            fields.pop(path, None)
        else:
            fields[path] = value
    return fields


def drifted(entry: Entry, declared: dict[str, Any] | None) -> bool:
    """Whether a field is neither what was applied nor what the file says; None where no file says anything.

    The name of an entry with a source is the machine's and cannot drift.
    """
    current = entry["current"]
    applied = {**entry["applied"], NAME: entry["name"]} if entry["source"] is not None else entry["applied"]
    for path in {*applied, *(declared or ())}:
        now = current.get(path)
        if same(now, applied.get(path)):
            continue
        if declared is None:
            # Settled: an orphan's undeclared fields are the machine's.
            if path in applied:
                return True
        elif not same(now, declared.get(path)):
            return True
    return False


# Step 3: judge.

BLOCKED = {
    "duplicate-name",
    "duplicate-identity",
    "rename-collision",
    "name-taken",
    "identity-taken",
    "drift",
    "other-file",
    "ambiguous-replace",
    "duplicate-replace",
}
OUTCOMES = {"create", "update", "replace", "claim", "unchanged", *BLOCKED}
FATES = ("orphan kept", "orphan deleted", "orphan drift")
ABOUT_NAMES = {"duplicate-name", "name-taken", "ambiguous-replace", "duplicate-replace"}


def find_orphans(world: World) -> dict[str, str]:
    """Id -> what becomes of an entry of ours that no profile can claim.

    Settled: a profile claims by key, and an entry that has its very name, too.
    """
    own, result = match(world, set()), {}
    matched = {entry["id"] for entry in own.values()}
    wanted_names = {one["name"] for one in world.wanted}
    without = {world.identity(one["declared"]) for one in world.wanted if one["index"] not in own}
    for entry in world.entries:
        if world.owner is None or entry["owner"] != world.owner or entry["id"] in matched:
            continue
        if {key(entry), entry["name"]} & wanted_names or world.identity(entry["current"]) in without:
            continue
        result[entry["id"]] = fate(world, entry)
    return result


def fate(world: World, entry: Entry) -> str:
    """What becomes of an orphan."""
    name = entry["name"]
    asked = world.prune_foreign or (world.prune and entry["where"] in ("this", "outdated"))
    if not asked or name in world.orphans_skip:
        return "kept"
    if world.only is not None and name not in world.orphans_only:
        return "kept"
    if drifted(entry, None) and name not in world.orphans_replace:
        return "drift"
    return "deleted"


def suggestions(world: World) -> dict[int, str]:
    """A free name for every profile, in order of name and identity.

    Settled: two profiles of one name and one identity share it, and a name that somebody typed is left to him.
    """
    taken = {entry["name"] for entry in world.entries} | {one["name"] for one in world.wanted}
    made: dict[tuple[str, Any, str, int], str] = {}
    groups: dict[tuple[str, Any, str, int], set[int]] = {}
    for one in world.wanted:
        about = one["declared"]
        place = (one["name"], about["/modelID"], about["/host"].lower(), about["/port"])
        groups.setdefault(place, set()).add(one["index"])
    for place in sorted(groups):
        typed = {name for index, name in world.rename.items() if index not in groups[place]}
        number, name = 1, f"{place[0]} (Imported)"
        while name in taken | typed:
            number += 1
            name = f"{place[0]} (Imported {number})"
        taken.add(name)
        made[place] = name
    return {index: made[place] for place, indexes in groups.items() for index in indexes}


def cached(world: World, one: DesiredProfile) -> str | None:
    """Settled: a document's rename is known again by an entry that is what the profile would be."""
    if world.owner is not None or one["index"] not in world.rename:
        return None
    typed = world.rename[one["index"]]
    for entry in world.entries:
        name = entry["name"]
        suggested = re.fullmatch(r"(.*) \(Imported(?: ([2-9]|[1-9][0-9]+))?\)", name)
        known = name == typed if typed is not None else bool(suggested and suggested[1] == one["name"])
        declared = {**one["declared"], NAME: name}
        equal = equals(entry, declared)
        if known and equal and name != one["name"]:
            return str(name)
    return None


class Court:
    """One judgement of a world under some new names (index -> name)."""

    def __init__(self, world: World, renames: dict[int, str], yielding: Collection[int] = ()) -> None:
        self.world, self.yielding = world, yielding
        self.orphans = find_orphans(world)
        self.part = [one for one in world.wanted if world.selected(one)]
        self.refused: set[int] = set()
        while collided := self.collisions(renames) - self.refused:
            # Settled: a rename that is refused changes nothing, so its profile stays in its group.
            self.refused |= collided
        self.names = {one["index"]: self.unrenamed(one) for one in self.part}
        for index, name in renames.items():
            if index not in self.refused:
                self.names[index] = name
        self.final_rivals: dict[int, list[Entry]] = {one["index"]: [] for one in self.part}
        self.replacers: dict[str, set[int]] = {}
        self.outcomes = self.judge()

    def unrenamed(self, one: DesiredProfile) -> str:
        entry = self.own.get(one["index"])
        return str(entry["name"] if entry is not None and entry["source"] is not None else one["name"])

    def collisions(self, renames: dict[int, str]) -> set[int]:
        """Renames whose result is taken by state, file or another rename, or is invalid."""
        world, file = self.world, {one["index"]: one["name"] for one in self.world.wanted}
        leaving = {index for index, name in renames.items() if name != file[index]}
        pruned = [place for place, what in self.orphans.items() if what == "deleted"]
        self.own = match(world, (leaving - self.refused).union(self.yielding), pruned)
        entry_names = {entry["name"] for entry in world.entries if self.orphans.get(entry["id"]) != "deleted"}
        new = {
            index: name
            for index, name in renames.items()
            if name != file[index] or (index in self.own and self.own[index]["source"] is not None)
        }
        found = set()
        for index, name in new.items():
            own = self.own[index]["name"] if index in self.own else None
            mine = {own, cached(world, world.wanted[index - 1])}
            if (
                not name.strip()
                or (name in entry_names and name not in mine)
                or (name in file.values() and name != file[index])
                or [*new.values()].count(name) > 1
            ):
                found.add(index)
        return found

    def declared(self, one: DesiredProfile) -> dict[str, Any]:
        return {**one["declared"], NAME: self.names[one["index"]]}

    # The table.

    def judge(self) -> dict[int, Verdict]:
        outcomes: dict[int, Verdict] = {}
        blocked: set[int] = set()
        while True:
            active = [one for one in self.part if one["index"] not in blocked]
            staying = self.staying(active)
            targets = self.targets(active, staying)
            for index, target in targets.items():
                self.replacers.setdefault(target, set()).add(index)
            for one in active:
                outcomes[one["index"]] = self.verdict(one, staying, targets)
            new = {index for index, verdict in outcomes.items() if verdict[0] in BLOCKED} - blocked
            if not new:
                break
            blocked |= new
        # Settled: what was blocked early is told by what stays in the end.
        for one in self.part:
            if one["index"] in blocked:
                outcomes[one["index"]] = self.verdict(one, staying, targets)
        return outcomes

    def staying(self, active: list[DesiredProfile]) -> list[Entry]:
        moving = {self.own[one["index"]]["id"] for one in active if one["index"] in self.own}
        gone = {found for found, fate in self.orphans.items() if fate == "deleted"}
        return [entry for entry in self.world.entries if entry["id"] not in moving | gone]

    def clashes(self, one: DesiredProfile, entry: Entry) -> tuple[bool, bool]:
        """Whether they share the name, and whether the identity."""
        identity = self.world.identity(one["declared"]) == self.world.identity(entry["current"])
        return self.names[one["index"]] == entry["name"], identity

    def doubles(self, one: DesiredProfile) -> tuple[bool, bool]:
        """Whether another profile that takes part shares the name, and whether the identity."""
        others = [other for other in self.part if other is not one]
        identity = self.world.identity(one["declared"])
        by_name = any(self.names[other["index"]] == self.names[one["index"]] for other in others)
        return by_name, any(self.world.identity(other["declared"]) == identity for other in others)

    def in_the_way(self, one: DesiredProfile, staying: list[Entry]) -> list[Entry]:
        mine = self.own.get(one["index"])
        return [entry for entry in staying if entry is not mine and any(self.clashes(one, entry))]

    def rivals(self, one: DesiredProfile, staying: list[Entry], targets: dict[int, str]) -> list[Entry]:
        """What is in the way and not the target of others alone."""
        freed = {target for index, target in targets.items() if index != one["index"]}
        freed -= {targets.get(one["index"], "")}
        return [entry for entry in self.in_the_way(one, staying) if entry["id"] not in freed]

    def claimed(self, entry: Entry) -> bool:
        """Settled: what is ours and no orphan is, or may yet be, another profile's own: not to be replaced."""
        world = self.world
        return world.owner is not None and entry["owner"] == world.owner and entry["id"] not in self.orphans

    def wants(self, one: DesiredProfile, entry: Entry) -> bool:
        """Whether an answer makes this rival the profile's target."""
        if one["index"] in self.world.replace:
            return True
        equal = equals(entry, self.declared(one))
        return entry["owner"] in self.world.take_from and (equal or not drifted(entry, None))

    def targets(self, active: list[DesiredProfile], staying: list[Entry]) -> dict[int, str]:
        """Index -> the entry that a replace takes, if it is accepted."""
        targets: dict[int, str] = {}
        while True:
            before = dict(targets)
            for one in active:
                index = one["index"]
                if index in self.own or index in targets or any(self.doubles(one)):
                    continue
                pinned = self.world.replace.get(index)
                if pinned is not None:
                    found = [entry for entry in self.in_the_way(one, staying) if entry["name"] == pinned]
                else:
                    found = self.rivals(one, staying, before)
                if len(found) == 1 and not self.claimed(found[0]) and self.wants(one, found[0]):
                    targets[index] = found[0]["id"]
            if targets == before:
                return targets

    def verdict(self, one: DesiredProfile, staying: list[Entry], targets: dict[int, str]) -> Verdict:
        """The first row of the table that holds."""
        index = one["index"]
        by_name, by_identity = self.doubles(one)
        # Settled: a refused rename is told as such, unless its identity is doubled, too.
        if by_name and (by_identity or index not in self.refused):
            return "duplicate-name", None, None
        if by_identity:
            return "duplicate-identity", None, None
        if index in self.refused:
            return "rename-collision", None, None
        rivals = self.final_rivals[index] = self.rivals(one, staying, targets)
        if index in self.own:
            return self.own_verdict(one, rivals)
        if not rivals:
            return "create", None, self.names[index]
        if len(rivals) > 1:
            return "ambiguous-replace", None, None
        return self.rival_verdict(one, rivals[0], targets)

    def own_verdict(self, one: DesiredProfile, rivals: list[Entry]) -> Verdict:
        world, index, name = self.world, one["index"], self.names[one["index"]]
        entry, declared = self.own[index], self.declared(one)
        if rivals:
            by_identity = any(self.clashes(one, rival)[1] for rival in rivals)
            return "identity-taken" if by_identity else "name-taken", None, None
        pinned = world.replace.get(index)
        replace = index in world.replace and pinned in (None, entry["name"])
        after = resulting(entry, declared, own=True)
        differs = not same_fields(after, entry["current"])
        if drifted(entry, declared):
            return ("replace", entry["id"], name) if replace else ("drift", None, None)
        if entry["where"] == "other":
            if not differs:
                return "unchanged", entry["id"], name
            return ("replace", entry["id"], name) if replace else ("other-file", None, None)
        if differs:
            return "update", entry["id"], name
        if self.bookkeeping_differs(one, entry):
            return "claim", entry["id"], name
        return "unchanged", entry["id"], name

    def bookkeeping_differs(self, one: DesiredProfile, entry: Entry) -> bool:
        kept = {path: value for path, value in self.declared(one).items() if value is not None}
        if not same_fields(kept, entry["applied"]) or self.source(one) != entry["source"]:
            return True
        return bool(entry["where"] == "outdated")

    def source(self, one: DesiredProfile) -> str | None:
        return one["name"] if self.names[one["index"]] != one["name"] else None

    def rival_verdict(self, one: DesiredProfile, rival: Entry, targets: dict[int, str]) -> Verdict:
        world, index, name = self.world, one["index"], self.names[one["index"]]
        target = targets.get(index)
        equal = equals(rival, self.declared(one))
        # Settled: a replace of what is held takes it, but a document would change nothing where all is equal.
        if self.held(one, rival) and (target is None or (world.owner is None and equal)):
            return "unchanged", rival["id"], rival["name"]
        if rival["owner"] is None and equal:
            return "claim" if world.owner is not None else "unchanged", rival["id"], name
        # Settled: of two replaces of one target none is first, also where one is refused for another reason.
        replacers = self.replacers.get(rival["id"], set())
        if index in replacers and len(replacers) > 1:
            return "duplicate-replace", None, None
        if target is not None:
            return "replace", target, name
        return "identity-taken" if self.clashes(one, rival)[1] else "name-taken", None, None

    def held(self, one: DesiredProfile, rival: Entry) -> bool:
        """Whether another owner has this very profile, under its name or as its source."""
        if rival["owner"] in (None, self.world.owner):
            return False
        rest = {path: value for path, value in one["declared"].items() if path != NAME}
        equal = equals(rival, rest)
        return equal and (self.names[one["index"]] == rival["name"] or one["name"] == rival["source"])

    def rename_helps(self, one: DesiredProfile) -> bool:
        """Whether another name is a way out of the profile's conflict: where nothing but the name clashes."""
        outcome = self.outcomes[one["index"]][0]
        if outcome == "rename-collision":
            return True
        return outcome in ABOUT_NAMES and not self.doubles(one)[1] and not self.identity_is_taken(one)

    def identity_is_taken(self, one: DesiredProfile) -> bool:
        return any(self.clashes(one, rival)[1] for rival in self.final_rivals[one["index"]])


def settle(world: World) -> Court:
    """The judgement with the renames that are in force: typed ones always, suggested ones where they help.

    Settled: a suggested name that leaves its profile blocked is taken back where it would not be without it,
    if need be by coming after its namesakes all the same.
    """
    asked = [one for one in world.wanted if world.selected(one) and one["index"] in world.rename]
    typed: dict[int, str] = {}
    offered: dict[int, DesiredProfile] = {}
    idle: set[int] = set()
    for one in asked:
        name = cached(world, one) or world.rename[one["index"]]
        if name is not None:
            typed[one["index"]] = name
        else:
            offered[one["index"]] = one
    free = suggestions(world)
    renames, yielding = dict(typed), set[int]()
    while True:
        court = Court(world, renames, yielding)
        blocked = {index for index, verdict in court.outcomes.items() if verdict[0] in BLOCKED}
        needed = {
            index
            for index, one in offered.items()
            if index in blocked and index not in renames and index not in idle and court.rename_helps(one)
        }
        stuck = {index for index in renames if index not in typed and index in blocked}
        if not needed and stuck:
            others = {index: name for index, name in renames.items() if index not in stuck}
            for after in (set(), stuck):
                trial = Court(world, others, yielding | after)
                if better := {index for index in stuck if trial.outcomes[index][0] not in BLOCKED}:
                    idle, yielding = idle | better, yielding | (better & after)
                    break
        following = {**renames, **{index: free[index] for index in needed}}
        following = {index: name for index, name in following.items() if index not in idle}
        if following == renames:
            return court
        renames = following


def answer(world: World) -> Answer:
    """What the rules say of a world."""
    court = settle(world)
    return Answer(court.outcomes, court.orphans, result(court, court.outcomes))


def result(court: Court, outcomes: dict[int, Verdict]) -> list[Entry]:
    """The state afterwards: what changes keeps its place, what is new comes last."""
    world = court.world
    changed: dict[str, Entry] = {}
    created: list[Entry] = []
    for one in world.wanted:
        outcome, target, _ = outcomes.get(one["index"], ("", None, None))
        if outcome == "create":
            blank: Entry = {
                "id": None,
                "current": {},
                "applied": None,
                "owner": None,
                "source": None,
                "from": None,
            }
            created.append(written(court, one, blank, outcome))
        elif outcome in ("update", "replace", "claim"):
            assert target is not None
            entry = next(entry for entry in world.entries if entry["id"] == target)
            changed[target] = written(court, one, entry, outcome)
    kept = [entry for entry in world.entries if court.orphans.get(entry["id"]) != "deleted"]
    return [changed.get(entry["id"], entry) for entry in kept] + created


def written(court: Court, one: DesiredProfile, entry: Entry, outcome: str) -> Entry:
    """An entry after a change."""
    world, declared = court.world, court.declared(one)
    own = court.own.get(one["index"]) is entry
    current = entry["current"] if outcome == "claim" else resulting(entry, declared, own=own)
    after = {**entry, "current": current, "name": current[NAME]}
    if world.owner is None:
        return after
    kept = {path: value for path, value in declared.items() if value is not None}
    return {**after, "owner": world.owner, "source": court.source(one), "applied": kept, "from": world.file}


class Comparable:
    """Fields that are equal where their values are."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Comparable) and same_fields(self.fields, other.fields)

    __hash__ = None  # type: ignore[assignment]  # it is compared, and in no set

    def __repr__(self) -> str:
        return repr(self.fields)
