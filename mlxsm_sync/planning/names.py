"""New names for profiles whose own is taken."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import chain

from mlxsm_sync.planning.compare import compare
from mlxsm_sync.values.desired import DesiredProfile
from mlxsm_sync.values.profile import NAME, NAME_LENGTH, Identity, check_name
from mlxsm_sync.values.state import State

LAST_SUGGESTION = 999


def suggestions(
    wanted: Iterable[DesiredProfile], entry_names: Iterable[str], chosen: Mapping[int, str | None]
) -> dict[int, str | None]:
    """A free name for every profile, by its index; None where all 999 are taken.

    Made in order of name and runtime identity, so that the order of the file does not matter, and
    for all profiles, so that one person's answer does not change what another profile was offered,
    unless it chose just that name (`chosen`, by index).
    """
    profiles = [*wanted]
    taken = set(chain(entry_names, (one.profile.name for one in profiles)))
    choosers: defaultdict[str | None, set[int]] = defaultdict(set)
    for index, name in chosen.items():
        choosers[name].add(index)
    # Two profiles that share name and identity can never both be there, so one name serves both.
    alike: defaultdict[tuple[str, Identity], set[int]] = defaultdict(set)
    for one in profiles:
        alike[one.profile.name, one.profile.identity].add(one.index)
    next_number: dict[str, int] = {}
    result: dict[int, str | None] = {}
    for (name, _), indexes in sorted(alike.items(), key=lambda item: item[0]):
        free = None
        for number in range(next_number.get(name, 1), LAST_SUGGESTION + 1):
            next_number[name] = number + 1
            candidate = _numbered(name, number)
            if candidate not in taken and choosers[candidate] <= indexes:
                taken.add(candidate)
                free = candidate
                break
        result |= dict.fromkeys(indexes, free)
    return result


def _numbered(name: str, number: int) -> str:
    suffix = " (Imported)" if number == 1 else f" (Imported {number})"
    return name[: NAME_LENGTH - len(suffix)].rstrip() + suffix


def collisions(
    renames: Mapping[int, str | None],
    own_names: Mapping[int, str],
    names_in_file: Mapping[int, str],
    entry_names: Collection[str],
    file_names: Collection[str],
) -> dict[int, str]:
    """Why a chosen name is refused, by the profile's index.

    A profile may take the name that its own entry already has (`own_names`), and that of the file.
    """
    chosen = Counter(renames.values())
    reasons: dict[int, str] = {}
    for index, name in renames.items():
        if name is None:
            reasons[index] = f"all {LAST_SUGGESTION} suggested names are taken"
        elif invalid := invalid_name(name):
            reasons[index] = f"the new name {invalid}"
        elif name in entry_names and name != own_names.get(index):
            reasons[index] = f'the new name "{name}" is taken by an entry of this machine'
        elif name in file_names and name != names_in_file[index]:
            reasons[index] = f'the new name "{name}" is taken by a profile of the file'
        elif chosen[name] > 1:
            reasons[index] = f'another profile is to be renamed to "{name}", too'
    return reasons


def renamed_before(one: DesiredProfile, name: str | None, state: State) -> str | None:
    """The entry's name that an equal rename gave this profile before, else None.

    `name` is the chosen one, None for the suggestion of that time.
    """
    identity = state.rules.identity(one.profile)
    suggested = {_numbered(one.profile.name, number) for number in range(1, LAST_SUGGESTION + 1)}
    for entry in state.entries:
        if state.rules.identity(entry.profile) != identity or entry.name == one.profile.name:
            continue
        known = entry.name in suggested if name is None else entry.name == name
        if known and compare(one.declared | {NAME: entry.name}, entry.current).equal:
            return entry.name
    return None


def invalid_name(name: str) -> str | None:
    """Why a name is invalid; None if it is valid."""
    try:
        check_name(name)
    except ValueError as error:
        return str(error)
    return None
