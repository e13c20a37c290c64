"""The answers of a command line, `NAME`, `#N` and `NAME=…`, as choices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from mlxsm_sync.characters import normal, visible
from mlxsm_sync.choices import Choices, Given
from mlxsm_sync.desired import Desired
from mlxsm_sync.errors import Usage
from mlxsm_sync.match import match
from mlxsm_sync.orphans import find_orphans
from mlxsm_sync.secret_scan import looks_like
from mlxsm_sync.state import State
from mlxsm_sync.suggest import did_you_mean


class _Names:
    """What a NAME on the command line can mean."""

    def __init__(self, desired: Desired, state: State) -> None:
        self.indexes: dict[str, list[int]] = {}
        for one in desired.profiles:
            self.indexes.setdefault(one.profile.name, []).append(one.index)
        for bad in desired.invalid:
            self.indexes.setdefault(bad.name, []).append(bad.index)
        self.count = len(desired.profiles) + len(desired.invalid)
        own = state.owned_by(desired.owner)
        names = self.indexes.keys()
        matched = match(desired.profiles, own, (), names, state.rules)
        self.orphans = {entry.name for entry in find_orphans(desired, own, matched, state.rules)}
        self.renamed = {e.name: e.key for e in own if e.key in names and e.name not in names}

    def profiles(self, selector: str) -> list[int] | None:
        """The profiles of the file that it names, None where it names none."""
        if found := re.fullmatch("#([0-9]{1,9})", selector):
            number = int(found[1])
            return [number] if 1 <= number <= self.count else None
        return self.indexes.get(normal(selector))

    def only_one(self, argument: str, *, values: bool) -> int | None:
        """The one profile that an answer is about, None where it is about more, or an orphan."""
        indexes, *_ = self.split(argument, values=values)
        return indexes[0] if indexes and len(indexes) == 1 else None

    def unknown(self, selector: str) -> Usage:
        """The error for a name that means nothing here."""
        if looks_like(selector):
            return Usage("a name on the command line looks like a secret", "secrets never go into a profile")
        name = normal(selector)
        if name in self.renamed:
            guess: str | None = f"on this machine, that is the name of {visible(self.renamed[name])}"
        elif name in self.orphans:
            guess = "the file no longer lists it: it can be pruned, not renamed"
        else:
            guess = did_you_mean(selector, (*self.indexes, *self.orphans))
        return Usage(f'there is no profile "{visible(selector)}" in the file', guess)

    def split(self, argument: str, *, values: bool = True) -> tuple[list[int] | None, str, str | None]:
        """`NAME` or `NAME=VALUE`, split where the left side is a known name."""
        cuts = [at for at, char in enumerate(argument) if char == "="]
        known = [at for at in cuts if self.profiles(argument[:at])]
        whole = self.profiles(argument) is not None or normal(argument) in self.orphans
        if whole and (not known or not values):
            return self.profiles(argument), argument, None
        if len(known) + whole > 1:
            hint = "name the profile by its place in the file: #N=…"
            raise Usage(f'"{visible(argument)}" can be split in several ways', hint)
        if not known:
            raise self.unknown(argument.partition("=")[0] if cuts else argument)
        return self.profiles(argument[: known[0]]), argument[: known[0]], argument[known[0] + 1 :]


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
    """The choices that a command line means; Usage for an unknown name or a contradiction."""
    names = _Names(desired, state)
    renames, _ = _assigned(names, rename, normal, orphans_allowed=False)
    replaces, orphans_replace = _assigned(names, replace, normal)
    skips, orphans_skip = _assigned(names, skip)
    selected, orphans_only = _assigned(names, only)
    for index in (renames.keys() | replaces.keys()) & skips.keys():
        raise Usage(f"profile #{index} is given two different answers", "skip it, or answer its conflict")
    switches = {"--prune": prune, "--prune-foreign": prune_foreign, "--force": force}
    return Choices(
        rename=renames,
        replace=replaces,
        skip=frozenset(skips),
        only=frozenset(selected) if only else None,
        orphans_replace=frozenset(orphans_replace),
        orphans_skip=frozenset(orphans_skip),
        orphans_only=frozenset(orphans_only),
        take_from=frozenset(take_from),
        prune=prune or prune_foreign,
        prune_foreign=prune_foreign,
        force=force,
        given=(
            *(
                Given(words=(flag, argument), index=names.only_one(argument, values=flag != "--skip"))
                for flag, arguments in (("--rename", rename), ("--replace", replace), ("--skip", skip))
                for argument in arguments
            ),
            *(Given(words=("--only", argument)) for argument in only),
            *(Given(words=("--take-from", argument)) for argument in take_from),
            *(Given(words=(flag,)) for flag, is_given in switches.items() if is_given),
        ),
    )


def _assigned(
    names: _Names,
    arguments: Iterable[str],
    value_form: Callable[[str], str] | None = None,
    *,
    orphans_allowed: bool = True,
) -> tuple[dict[int, str | None], set[str]]:
    """The values given to profiles, by index, and the orphans that were named."""
    given: dict[int, str | None] = {}
    orphans: set[str] = set()
    for argument in arguments:
        indexes, selector, value = names.split(argument, values=value_form is not None)
        if value is not None and value_form is None:
            raise names.unknown(argument)
        if indexes is None:
            if not orphans_allowed:
                raise names.unknown(selector)
            orphans.add(normal(selector))
        elif value is not None and looks_like(value):
            raise Usage(
                "a new name on the command line looks like a secret", "secrets never go into a profile"
            )
        for index in indexes or ():
            given[index] = value_form(value) if value is not None and value_form else None
    return given, orphans
