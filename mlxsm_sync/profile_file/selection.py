"""What a profile file declares, and what of it is for one machine: selected before anything is planned."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple, NoReturn

from mlxsm_sync.errors import UnknownMachine
from mlxsm_sync.profile_file.machines import Machines, Settings, defaults_of, leaves, tags_of
from mlxsm_sync.profile_file.profile_reader import inherit, judge_profile, over_defaults
from mlxsm_sync.syntax.duplicates import note_duplicates
from mlxsm_sync.syntax.tree import Node, Problems
from mlxsm_sync.text.json_value import Json, canonical, digest
from mlxsm_sync.text.unicode import normal
from mlxsm_sync.values.desired import Desired, DesiredProfile, Elsewhere, Input
from mlxsm_sync.values.machines import TAG, Machine, is_for, is_pattern, matches

_NOWHERE: tuple[str, ...] = ()


class Listed(NamedTuple):
    """A profile as the file lists it."""

    place: int
    """Where in the file it is, 1-based."""
    node: Node
    """Its keys but `on`."""
    on: tuple[str, ...] | None
    """The machines that it is for; None for every one."""


class DeclaredFile(NamedTuple):
    """What a file declares, for every machine; its profiles are still to be judged."""

    owner: str | None
    """The collection; None where the file does not say it as it should."""
    input: Input
    from_: str | None
    problems: Problems
    """What is wrong so far; selecting notes the rest, and raises all of it."""
    defaults: Node | None
    machines: Machines | None
    profiles: tuple[Listed, ...]

    def items(self) -> list[str]:
        """Everything that some `on` names."""
        return [*dict.fromkeys(item for one in self.profiles for item in one.on or ())]


def select(file: DeclaredFile, machine: Machine | None = None, *, refuse_duplicates: bool = False) -> Desired:
    """What the file wants on a machine; InvalidFile with every problem where it breaks a rule.

    UnknownMachine where the file has machines, and this is none of them. A file without machines wants
    the same on all of them.
    """
    judging = _Judging(file)
    known = file.machines.of(machine.name) if file.machines is not None and machine is not None else []
    name = machine.name if machine is not None and known else ""
    wanted = judging.wanted(name, known)
    elsewhere = [
        Elsewhere(name=judged.profile.name, index=judged.index)
        for one in file.profiles
        if one.place not in wanted and (judged := judging.for_some_machine(one)) is not None
    ]
    if refuse_duplicates:
        judging.note_duplicates(name, known)
    file.problems.raise_any()
    assert file.owner is not None  # or there was a problem
    if file.machines is not None and not known:
        _refuse(file, machine)
    selected = machine.model_copy(tags=tags_of(known)) if machine is not None and known else None
    return Desired(
        owner=file.owner,
        input=file.input if selected is None else file.input.model_copy(meaning=meaning_of(file)),
        from_=file.from_,
        machine=selected,
        elsewhere=tuple(elsewhere),
        profiles=tuple(one for one in wanted.values() if one is not None),
    )


def owner_of(file: DeclaredFile) -> str:
    """The collection of a file, whatever machine this is; InvalidFile where the file breaks a rule."""
    judging = _Judging(file)
    for one in file.profiles:
        judging.for_some_machine(one)
    file.problems.raise_any()
    assert file.owner is not None  # or there was a problem
    return file.owner


def for_every_machine(file: DeclaredFile) -> Iterator[Desired]:
    """What the file wants on the machines that it declares; every problem of each is raised together.

    A pattern stands for itself. What several machines want alike comes once, and that of a file without
    machines as well.
    """
    if file.machines is None:
        yield select(file, refuse_duplicates=True)
        return
    judging = _Judging(file)
    views: dict[object, tuple[Machine, dict[int, DesiredProfile | None]]] = {}
    for name in file.machines.names(file.items()):
        known = file.machines.of(name)
        view = judging.view(name, known)
        if view not in views:
            machine = Machine(name=name, from_="file", tags=tags_of(known))
            views[view] = machine, judging.wanted(name, known)
            judging.note_duplicates(name, known)
    for one in file.profiles:
        if not any(one.place in profiles for _, profiles in views.values()):
            judging.for_some_machine(one)
    file.problems.raise_any()
    assert file.owner is not None  # or there was a problem
    for machine, profiles in views.values():
        yield Desired(
            owner=file.owner,
            input=file.input,
            from_=file.from_,
            machine=machine,
            profiles=tuple(one for one in profiles.values() if one is not None),
        )


def _refuse(file: DeclaredFile, machine: Machine | None) -> NoReturn:
    assert file.machines is not None
    keys = [one.key for one in file.machines.settings]
    shown = ", ".join(keys[:8]) + (", …" if len(keys) > 8 else "")
    called = (
        f'this machine is called "{machine.name}" ({machine.source})' if machine else "no machine was named"
    )
    raise UnknownMachine(
        f"{called}, and {file.input.path} has no such machine: it has {shown or 'none'}",
        "mlxsm machine NAME says which one this is; or add an entry under machines",
    )


class _Judging:
    """The profiles of a file, each judged once for every set of defaults that it inherits."""

    def __init__(self, file: DeclaredFile) -> None:
        self.file = file
        self._inherited: dict[tuple[str, ...], Node | None] = {(): file.defaults}
        self._merged: dict[tuple[int, int], Node] = {}
        self._judged: dict[tuple[int, int], DesiredProfile | None] = {}

    def wanted(self, name: str, known: list[Settings]) -> dict[int, DesiredProfile | None]:
        """The profiles for a machine, by their places in the file; None for one that is refused."""
        defaults = self._defaults(name, known)
        return {one.place: self._judge(one, defaults, name) for one in self._for(name, known)}

    def view(self, name: str, known: list[Settings]) -> object:
        """The same for machines that want the same: what is inherited, and which profiles inherit it."""
        return id(self._defaults(name, known)), tuple(one.place for one in self._for(name, known))

    def for_some_machine(self, one: Listed) -> DesiredProfile | None:
        """A profile for other machines, judged as the first of them that has it would inherit."""
        machines = self.file.machines
        if machines is None or not machines.have_defaults:
            return self._judge(one, self.file.defaults)
        for name in machines.names(one.on or ()) if one.on != _NOWHERE else ():
            known = machines.of(name)
            if is_for(one.on, name, tags_of(known)):
                return self._judge(one, self._defaults(name, known), name)
        for item in one.on or ():  # patterns that cross, such as mini-* and *-1: some machine has both
            if (some := machines.overlapping(item)) is not None:
                return self._judge(one, self._defaults(some.key, [some]), some.key)
        # Whoever keeps it for later, or mistypes a name, may count on the port of any of them.
        return self._judge(one, self._with_port(machines) or self.file.defaults)

    def _with_port(self, machines: Machines) -> Node | None:
        for one in machines.settings:
            if one.defaults is not None and "port" in (one.defaults.members or {}):
                return self._defaults(one.key, [one])
        return None

    def note_duplicates(self, name: str, known: list[Settings]) -> None:
        """Note what a plan for a machine would call a conflict inside the file."""
        defaults = self._defaults(name, known)
        note_duplicates(
            ((one.node, self._merge(one, defaults)) for one in self._for(name, known)), self.file.problems
        )

    def _for(self, name: str, known: list[Settings]) -> list[Listed]:
        """The profiles for a machine; all of them where the file has no machines."""
        if self.file.machines is None:
            return [*self.file.profiles]
        if not known:
            return []
        patterns = (item for item in self._by_item if item is not None and is_pattern(item))
        tags = (f"{TAG}{tag}" for tag in tags_of(known))
        items = (None, name.lower(), *tags, *(item for item in patterns if matches(item, name)))
        places = set[int]().union(*(self._by_item.get(item, ()) for item in items))
        return [self.file.profiles[place - 1] for place in sorted(places)]

    @cached_property
    def _by_item(self) -> dict[str | None, list[int]]:
        """Where the profiles are that name an item, or that name none and so are for every machine."""
        found: dict[str | None, list[int]] = {}
        for one in self.file.profiles:
            for item in (None,) if one.on is None else map(_as_compared, one.on):
                found.setdefault(item, []).append(one.place)
        return found

    def _defaults(self, name: str, known: Iterable[Settings]) -> Node | None:
        """What the profiles of a machine inherit: its own defaults over those of the file."""
        keys = tuple(one.key for one in known if one.defaults is not None)
        if keys not in self._inherited:
            own = defaults_of([one for one in known if one.defaults is not None], name, self.file.problems)
            assert own is not None
            self._inherited[keys] = over_defaults(own, self.file.defaults)
        return self._inherited[keys]

    def _merge(self, one: Listed, defaults: Node | None) -> Node:
        key = (one.place, id(defaults))
        if key not in self._merged:
            self._merged[key] = inherit(one.node, defaults)
        return self._merged[key]

    def _judge(self, one: Listed, defaults: Node | None, name: str = "") -> DesiredProfile | None:
        key = (one.place, id(defaults))
        if key not in self._judged:
            merged = self._merge(one, defaults)
            told = name if self.file.machines is not None and self.file.machines.some_give_a_port else ""
            self._judged[key] = judge_profile(one.place, one.node, merged, self.file.problems, machine=told)
        return self._judged[key]


def meaning_of(file: DeclaredFile) -> str:
    """The hash of what a file with machines declares for all of them: the same on each of them."""
    assert file.machines is not None
    machines: dict[str, Json] = {
        one.key.lower(): {
            "tags": [*sorted({*one.tags})],
            "defaults": one.defaults.plain() if one.defaults is not None else None,
        }
        for one in file.machines.settings
    }
    overridden = {
        path[0] for one in file.machines.settings if one.defaults for path, _ in leaves(one.defaults)
    }
    profiles = sorted(canonical(_as_declared(one, file.defaults, overridden)) for one in file.profiles)
    return digest({"owner": file.owner, "machines": machines, "profiles": [*profiles]})


def _as_declared(one: Listed, defaults: Node | None, overridden: Collection[str]) -> dict[str, Json]:
    declared = inherit(one.node, defaults).plain()
    assert isinstance(declared, dict)
    name = declared.get("name")
    on: Json = None if one.on is None else [*sorted({_as_compared(item) for item in one.on})]
    # What it says itself stands over what a machine says, and what it inherits from the file below.
    own: Json = [*sorted(".".join(path) for path, _ in leaves(one.node) if path[0] in overridden)]
    return {**declared, "name": normal(name) if isinstance(name, str) else name, "on": on, "own": own}


def _as_compared(item: str) -> str:
    return item if item.startswith(TAG) else item.lower()
