"""Which entries of the state go back into a profile file, and what that changes in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from mlxsm_sync.desired import Desired, Wanted
from mlxsm_sync.diff import drifted
from mlxsm_sync.export import consistent, obstacle
from mlxsm_sync.json_value import same
from mlxsm_sync.match import match
from mlxsm_sync.profile import NAME, Fields, flat, thinking_contradicts
from mlxsm_sync.state import UNREADABLE, Entry, State

_CORRECT_IT = "correct it on this machine first"


class Edit(NamedTuple):
    """What one entry changes in the file."""

    entry: Entry
    place: int | None
    """The profile's place in the file, 1-based; None for a new one at the end."""
    fields: Fields
    """The fields to write; null for those to unset."""


class Stuck(NamedTuple):
    """A name that cannot be pulled."""

    name: str
    reason: str
    hint: str
    misnamed: bool = True
    """Whether another name would help; else it is what the name stands for."""


class Pull(NamedTuple):
    """What was asked for, as far as it can be done."""

    edits: tuple[Edit, ...]
    stuck: tuple[Stuck, ...]


def plan_pull(desired: Desired, state: State, names: Sequence[str], *, everything: bool) -> Pull:
    """The edits that make the file say what the machine says.

    Without names, everything that has drifted is meant; `everything` means all entries that are of
    this file, or of nobody. What the file no longer lists comes back only by name.
    """
    known = _Known(desired, state)
    found: Sequence[_Pair | Stuck]
    if names:
        found = [known.named(name) for name in names]
    elif everything:
        pairs = [known.of(entry) for entry in state.entries if entry.owner in (None, desired.owner)]
        found = [pair for pair in pairs if pair.wanted is not None or pair.entry.owner is None]
    else:
        pairs = [known.of(entry) for entry in known.own if drifted(entry)]
        found = [pair for pair in pairs if pair.wanted is not None]
    stuck = [one for one in found if isinstance(one, Stuck)]
    by_id = {one.entry.id: one for one in found if isinstance(one, _Pair)}
    edits: list[Edit] = []
    for pair in by_id.values():
        edit = _edit(pair)
        reason = obstacle(pair.entry, local_paths=True, document=False) or _obstacle(edit)
        if reason is None:
            edits.append(edit)
        else:
            stuck.append(Stuck(pair.entry.name, reason, _CORRECT_IT, misnamed=False))
    return Pull(tuple(edits), tuple(stuck))


def _obstacle(edit: Edit) -> str | None:
    """Why what is on the machine is nothing that a file can say, else None."""
    unreadable = [path for path, value in edit.fields.items() if value == UNREADABLE]
    if unreadable:
        return f"{unreadable[0].rpartition('/')[2]} is none that a profile can have"
    if "/enableThinking" in edit.fields and thinking_contradicts(edit.entry.profile):
        return "its enableThinking contradicts its chatTemplateArgs"
    return None


def intended(desired: Desired, edits: Iterable[Edit]) -> tuple[Fields, ...]:
    """What the profiles of the file declare after the edits, in its order."""
    profiles = [dict(one.declared) for one in desired.profiles]
    for edit in edits:
        if edit.place is None:
            profiles.append(edit.fields)
        else:
            profiles[edit.place - 1] |= edit.fields
    return tuple({path: value for path, value in one.items() if value is not None} for one in profiles)


class _Pair(NamedTuple):
    """An entry, and the profile of the file that it belongs to, if there is one."""

    entry: Entry
    wanted: Wanted | None


class _Known:
    """What a name can mean: a profile of the file first, then an entry of the state."""

    def __init__(self, desired: Desired, state: State) -> None:
        self.desired, self.state = desired, state
        self.own = state.owned_by(desired.owner)
        names = {one.profile.name for one in desired.profiles}
        self.matched = match(desired.profiles, self.own, (), names, state.rules)
        self.of_entry = {entry.id: index for index, entry in self.matched.items()}
        self.free = [entry for entry in state.entries if entry.owner is None]

    def named(self, name: str) -> _Pair | Stuck:
        """What is meant by a name on the command line."""
        listed = [one for one in self.desired.profiles if name in (one.profile.name, f"#{one.index}")]
        if len(listed) > 1:
            return Stuck(name, "the file has several profiles of this name", "name one by its place: #N")
        if listed:
            return self._for_profile(name, listed[0])
        entries = [entry for entry in self.state.entries if entry.name == name]
        if len(entries) > 1:
            return Stuck(name, "this machine has several profiles of this name", "rename one of them")
        if not entries:
            return Stuck(
                name, "neither the file nor this machine has such a profile", "mlxsm list shows them"
            )
        (entry,) = entries
        if entry.owner not in (None, self.desired.owner):
            hint = f"pull it into the file of {entry.owner}, or take it over: mlxsm apply --replace"
            return Stuck(name, f"it belongs to {entry.owner}", hint)
        return self.of(entry)

    def of(self, entry: Entry) -> _Pair:
        """The entry with its profile of the file."""
        index = self.of_entry.get(entry.id)
        wanted = next((one for one in self.desired.profiles if one.index == index), None)
        if wanted is None and entry.owner is None:
            wanted = self._profile_like(entry)
        return _Pair(entry, wanted)

    def _for_profile(self, name: str, wanted: Wanted) -> _Pair | Stuck:
        if (entry := self.matched.get(wanted.index)) is not None:
            return _Pair(entry, wanted)
        near = [entry for entry in self.free if self._alike(wanted, entry)]
        if len(near) == 1:
            return _Pair(near[0], wanted)
        what = "several entries of this machine could be it" if near else "this machine has no such entry"
        return Stuck(name, what, "mlxsm plan tells more")

    def _profile_like(self, entry: Entry) -> Wanted | None:
        near = [
            one for one in self.desired.profiles if one.index not in self.matched and self._alike(one, entry)
        ]
        return near[0] if len(near) == 1 else None

    def _alike(self, one: Wanted, entry: Entry) -> bool:
        identity = self.state.rules.identity
        return one.profile.name == entry.name or identity(one.profile) == identity(entry.profile)


def _edit(pair: _Pair) -> Edit:
    """What an entry changes in the file: only what the file declares, or had declared, is compared."""
    entry, wanted = pair
    current = entry.current
    if wanted is None:
        unreadable: Fields = dict.fromkeys(entry.unreadable, UNREADABLE)
        return Edit(entry, None, flat(consistent(entry.profile.sparse)) | unreadable)
    decided: Iterator[str] = iter({**wanted.declared, **(entry.applied_fields or {})})
    fields = {
        path: current.get(path)
        for path in decided
        if not same(wanted.declared.get(path), current.get(path)) and not _keeps_its_name(path, entry)
    }
    return Edit(entry, wanted.index, fields)


def _keeps_its_name(path: str, entry: Entry) -> bool:
    """Whether the name is one that a person chose for this machine only."""
    return path == NAME and entry.source is not None


def touched(edits: Collection[Edit]) -> set[int]:
    """The places of the profiles that the edits change, 1-based."""
    return {edit.place for edit in edits if edit.place is not None and edit.fields}
