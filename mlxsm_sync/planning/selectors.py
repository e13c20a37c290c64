"""The answers of a command line, `NAME`, `#N` and `NAME=…`, as choices."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from mlxsm_sync.errors import UsageError
from mlxsm_sync.planning.match import match
from mlxsm_sync.planning.prune import find_orphans
from mlxsm_sync.text.secret_scan import looks_like
from mlxsm_sync.text.suggest import did_you_mean
from mlxsm_sync.text.unicode import normal, visible
from mlxsm_sync.values.choices import Answer, Choices
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.state import Entry, State

LISTED = "mlxsm list shows them"
"""What to do about a name that no profile of this machine has."""


class _Names:
    """What a NAME on the command line can mean."""

    def __init__(self, desired: Desired, state: State) -> None:
        self.indexes: dict[str, list[int]] = {}
        for one in desired.profiles:
            self.indexes.setdefault(one.profile.name, []).append(one.index)
        for bad in desired.invalid:
            self.indexes.setdefault(bad.name, []).append(bad.index)
        self.names = {index: name for name, indexes in self.indexes.items() for index in indexes}
        own = state.owned_by(desired.owner)
        names = self.indexes.keys()
        matched = match(desired.profiles, own, (), names, state.rules)
        self.orphans = {entry.name for entry in find_orphans(desired, own, matched, state.rules)}
        self.renamed = {e.name: e.key for e in own if e.key in names and e.name not in names}
        self.of_others = {e.name: e for e in state.entries if e.name not in names}
        self.elsewhere = {name for one in desired.elsewhere for name in (one.name, f"#{one.index}")}

    def profiles(self, selector: str) -> list[int] | None:
        """The profiles of the file that it names, None where it names none."""
        if found := re.fullmatch("#([0-9]{1,9})", selector):
            number = int(found[1])
            return [number] if number in self.names else None
        return self.indexes.get(normal(selector))

    def unknown(self, selector: str) -> UsageError:
        """The error for a name that means nothing here."""
        if looks_like(selector):
            return UsageError(
                "a name on the command line looks like a secret", "secrets never go into a profile"
            )
        name = normal(selector)
        if name in self.renamed:
            guess: str | None = f"on this machine, that is the name of {visible(self.renamed[name])}"
        elif name in self.elsewhere:
            guess = "the file has it for other machines: mlxsm machine shows which profiles are for this one"
            return UsageError(f'the profile "{visible(selector)}" is not for this machine', guess)
        elif name in self.orphans:
            guess = "the file no longer lists it: it can be pruned, not renamed"
        elif name in self.of_others:
            guess = _whose(self.of_others[name])
        else:
            guess = did_you_mean(selector, (*self.indexes, *self.orphans))
        return UsageError(f'there is no profile "{visible(selector)}" in the file', guess)

    def split(self, argument: str, *, values: bool = True) -> tuple[list[int] | None, str, str | None]:
        """`NAME` or `NAME=VALUE`, split where the left side is a known name."""
        cuts = [at for at, char in enumerate(argument) if char == "="]
        known = [at for at in cuts if self.profiles(argument[:at])]
        whole = self.profiles(argument) is not None or normal(argument) in self.orphans
        if whole and (not known or not values):
            return self.profiles(argument), argument, None
        if len(known) + whole > 1:
            hint = "name the profile by its place in the file: #N=…"
            raise UsageError(f'"{visible(argument)}" can be split in several ways', hint)
        if not known:
            # Only the name of a profile may stand before what would be a secret: `Secret=New name`.
            name = argument if looks_like(argument) else argument.partition("=")[0]
            raise self.unknown(name if cuts else argument)
        return self.profiles(argument[: known[0]]), argument[: known[0]], argument[known[0] + 1 :]


def _whose(entry: Entry) -> str:
    """Where a profile is from that this machine has, and the file does not list."""
    if entry.owner is None:
        return "this machine has it, and no file lists it: pull takes it into the file"
    if entry.from_ is not None:
        return f"this machine has it from another file: add -f {shlex.quote(visible(entry.from_))}"
    return f'this machine has it from another file, of the collection "{visible(entry.owner)}"'


def resolve(
    desired: Desired,
    state: State,
    *,
    rename: Sequence[str] = (),
    replace: Sequence[str] = (),
    skip: Sequence[str] = (),
    only: Sequence[str] = (),
    take_from: Sequence[str] = (),
    prune: bool = False,
    prune_foreign: bool = False,
    force: bool = False,
) -> Choices:
    """The choices that a command line means; UsageError for an unknown name or a contradiction."""
    names = _Names(desired, state)
    renames = _assigned(names, "--rename", rename, normal, orphans_allowed=False)
    replaces = _assigned(names, "--replace", replace, normal)
    skips = _assigned(names, "--skip", skip)
    selected = _assigned(names, "--only", only)
    answers = [*renames, *replaces, *skips]
    _refuse_contradictions(names, answers)
    switches = {"--prune": prune, "--prune-foreign": prune_foreign, "--force": force}
    return Choices(
        rename=_of_profiles(renames),
        replace=_of_profiles(replaces),
        skip=frozenset(_of_profiles(skips)),
        only=frozenset(_of_profiles(selected)) if only else None,
        orphans_replace=_of_orphans(replaces),
        orphans_skip=_of_orphans(skips),
        orphans_only=_of_orphans(selected),
        take_from=frozenset(take_from),
        prune=prune or prune_foreign,
        prune_foreign=prune_foreign,
        force=force,
        given=(
            *(Answer(words=one.words, index=one.number) for one in answers),
            *(Answer(words=("--only", argument)) for argument in only),
            *(Answer(words=("--take-from", argument)) for argument in take_from),
            *(Answer(words=(flag,)) for flag, is_given in switches.items() if is_given),
        ),
    )


class _Answer(NamedTuple):
    """One answer about one profile of the file, or about an orphan."""

    flag: str
    typed: str
    """As it stood on the command line."""
    number: int | None
    """The profile's place in the file, 1-based."""
    orphan: str | None
    value: str | None
    words: tuple[str, ...]
    """The option and its value, about this profile alone."""

    def contradicts(self, other: _Answer) -> bool:
        """Whether both cannot be meant; one replace may name the target that another one leaves open."""
        if self.flag != other.flag:
            return True
        if self.flag == "--replace":
            return None not in (self.value, other.value) and self.value != other.value
        return self.value != other.value


def _of_profiles(answers: Iterable[_Answer]) -> dict[int, str | None]:
    """The values given to profiles, by index."""
    given: dict[int, str | None] = {}
    for one in answers:
        if one.number is not None:
            given[one.number] = one.value if one.value is not None else given.get(one.number)
    return given


def _of_orphans(answers: Iterable[_Answer]) -> frozenset[str]:
    return frozenset(one.orphan for one in answers if one.orphan is not None)


def _refuse_contradictions(names: _Names, answers: Iterable[_Answer]) -> None:
    known: dict[int | str | None, list[_Answer]] = {}
    for one in answers:
        earlier = known.setdefault(one.number if one.number is not None else one.orphan, [])
        for other in earlier:
            if one.contradicts(other):
                both = " and ".join(shlex.join((each.flag, each.typed)) for each in (other, one))
                called = one.orphan if one.orphan is not None else names.names[one.number or 0]
                message = visible(f'"{called}" is given two different answers: {both}')
                raise UsageError(message, "give one of them")
        earlier.append(one)


def _assigned(
    names: _Names,
    flag: str,
    arguments: Iterable[str],
    value_form: Callable[[str], str] | None = None,
    *,
    orphans_allowed: bool = True,
) -> list[_Answer]:
    """What the arguments of one option say, profile by profile."""
    answers = []
    for argument in arguments:
        indexes, selector, value = names.split(argument, values=value_form is not None)
        if value is not None and value_form is None:
            raise names.unknown(argument)
        if indexes is None and not orphans_allowed:
            raise names.unknown(selector)
        if value is not None and looks_like(value):
            raise UsageError(
                "a new name on the command line looks like a secret", "secrets never go into a profile"
            )
        meant = value_form(value) if value is not None and value_form else None
        if indexes is None:
            orphan = normal(selector)
            answers.append(_Answer(flag, argument, None, orphan, meant, (flag, argument)))
        for index in indexes or ():
            alone = argument if len(indexes or ()) == 1 else f"#{index}{argument[len(selector) :]}"
            answers.append(_Answer(flag, argument, index, None, meant, (flag, alone)))
    return answers


def entries_named(state: State, names: Collection[str]) -> tuple[Entry, ...]:
    """The entries of these names, or all where none is named."""
    wanted = known_names(state, names)
    return tuple(entry for entry in state.entries if not names or entry.name in wanted)


def known_names(state: State, names: Collection[str]) -> set[str]:
    """These names in the form of the state; UsageError where one is not in it."""
    known = {entry.name for entry in state.entries}
    wanted = {normal(name) for name in names}
    for name in sorted(wanted - known):
        if looks_like(name):
            raise UsageError("a name on the command line looks like a secret", "mlxsm list shows the names")
        hint = did_you_mean(name, known) or LISTED
        raise UsageError(f'there is no profile "{visible(name)}" on this machine', hint)
    return wanted
