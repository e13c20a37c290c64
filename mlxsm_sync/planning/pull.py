"""What goes back into a profile file: what was changed on this machine, and no edit of the file is lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from mlxsm_sync.planning.exportable import consistent, obstacle
from mlxsm_sync.planning.match import match
from mlxsm_sync.text.json_value import same
from mlxsm_sync.values.desired import Desired, DesiredProfile, Elsewhere
from mlxsm_sync.values.field_names import called
from mlxsm_sync.values.profile import (
    NAME,
    Fields,
    field_paths,
    flat,
    from_fields,
    nested,
    thinking_contradicts,
)
from mlxsm_sync.values.pull import Clash, Edit, Pull, Scope, Stuck
from mlxsm_sync.values.state import UNREADABLE, Entry, State

_CORRECT_IT = "correct it on this machine first"


def plan_pull(desired: Desired, state: State, scope: Scope) -> Pull:
    """The edits that take into the file what was changed on this machine since it was applied.

    Without names, everything that has drifted is meant; what the file no longer lists comes back only
    by name. What is nobody's was never applied, so nothing tells which side changed it: it comes whole.
    """
    known = _Known(desired, state)
    stuck: list[Stuck] = []
    pairs: dict[str, _Pair] = {}
    for one in known.meant(scope):
        if isinstance(one, Stuck):
            stuck.append(one)
        else:
            pairs[one.entry.id] = one
    edits: list[Edit] = []
    clashes: list[Clash] = []
    for pair in pairs.values():
        edit, at_odds = (_whole(pair), ()) if _comes_whole(pair, scope) else _drift(pair, scope)
        if not (edit.fields or edit.taken or edit.taken is None or at_odds):
            continue  # nothing of it was changed here
        if (reason := _obstacle(pair, edit, scope, desired.elsewhere)) is not None:
            stuck.append(reason)
        else:
            edits.append(edit)
            clashes += at_odds
    return Pull(tuple(edits), tuple(stuck), tuple(clashes))


def _comes_whole(pair: _Pair, scope: Scope) -> bool:
    return scope.whole or pair.wanted is None or pair.entry.owner is None


def _whole(pair: _Pair) -> Edit:
    """The profile in the file is made what the entry is."""
    entry, wanted = pair
    if wanted is None:
        unreadable: Fields = dict.fromkeys(entry.unreadable, UNREADABLE)
        return Edit(entry, None, flat(consistent(entry.profile.sparse)) | unreadable)
    return Edit(entry, wanted.index, _differences(entry, wanted))


def _differences(entry: Entry, wanted: DesiredProfile) -> Fields:
    current = entry.current
    return {
        path: current.get(path)
        for path in field_paths()
        if not same(wanted.declared.get(path), current.get(path)) and not _keeps_its_name(path, entry)
    }


def _drift(pair: _Pair, scope: Scope) -> tuple[Edit, list[Clash]]:
    """What was changed here and not in the file is taken; what was changed in both is told."""
    entry, wanted = pair
    assert wanted is not None  # or it comes whole
    applied, current = entry.applied_fields or {}, entry.current
    fields: Fields = {}
    taken: Fields = {}
    clashes = []
    # What the file never declared is the machine's own, unless it is asked for.
    for path in dict.fromkeys((*wanted.declared, *applied, *sorted(scope.fields))):
        was, here, there = applied.get(path), current.get(path), wanted.declared.get(path)
        if same(here, was) or _keeps_its_name(path, entry) or not scope.takes(path):
            continue
        if not (same(here, there) or same(there, was) or scope.fields):
            clashes.append(Clash(wanted.profile.name, wanted.index, path, was, here, there))
            continue
        taken[path] = here
        if not same(here, there):
            fields[path] = here
    return Edit(entry, wanted.index, fields, taken), clashes


def _keeps_its_name(path: str, entry: Entry) -> bool:
    """Whether the name is one that a person chose for this machine only."""
    return path == NAME and entry.source is not None


def _obstacle(pair: _Pair, edit: Edit, scope: Scope, elsewhere: Iterable[Elsewhere]) -> Stuck | None:
    """Why what is on the machine is nothing that a file can say, else None."""
    entry = pair.entry
    if pair.wanted is None and any(one.name == entry.name for one in elsewhere):
        hint = "give the one of this machine another name first"
        return Stuck(entry.name, "the file has a profile of this name for other machines", hint)
    if scope.fields and pair.wanted is None:
        return Stuck(entry.name, "the file does not list it, so it comes whole", "leave --field out")
    reason = obstacle(entry, local_paths=True)
    unreadable = [path for path, value in edit.fields.items() if value == UNREADABLE]
    if reason is None and unreadable:
        reason = f"{called(unreadable[0])} is none that a profile can have"
    declared = pair.wanted.declared if pair.wanted is not None else {}
    if reason is None and thinking_contradicts(from_fields({**declared, **edit.fields})):
        reason = "its enableThinking contradicts its chatTemplateArgs"
    return None if reason is None else Stuck(entry.name, reason, _CORRECT_IT, misnamed=False)


def intended(desired: Desired, edits: Iterable[Edit]) -> tuple[Fields, ...]:
    """What the profiles of the file declare after the edits, in its order."""
    profiles = {one.index: dict(one.declared) for one in desired.profiles}
    new = []
    for edit in edits:
        if edit.place is None:
            new.append(edit.fields)
        else:
            profiles[edit.place] |= edit.fields
    after = (*profiles.values(), *new)
    return tuple({path: value for path, value in one.items() if value is not None} for one in after)


def recorded(edit: Edit, following: DesiredProfile, desired: Desired) -> Entry:
    """The entry as it stands once the file is written: `following` is what the file then says of it.

    An edit of the file that was not applied stays so: only what was taken counts as applied.
    """
    entry, file_name = edit.entry, following.profile.name
    if edit.taken is None:
        applied = {**following.declared, NAME: entry.name}
        source = file_name if file_name != entry.name else None
    else:
        applied, source = {**(entry.applied_fields or {}), **edit.taken}, entry.source
    kept = {path: value for path, value in applied.items() if value is not None}
    return entry.model_copy(owner=desired.owner, source=source, applied=nested(kept), from_=desired.from_)


def touched(edits: Collection[Edit]) -> set[int]:
    """The places of the profiles that the edits change, 1-based."""
    return {edit.place for edit in edits if edit.place is not None and edit.fields}


class _Pair(NamedTuple):
    """An entry, and the profile of the file that it belongs to, if there is one."""

    entry: Entry
    wanted: DesiredProfile | None


class _Known:
    """What a name can mean: a profile of the file first, then an entry of the state."""

    def __init__(self, desired: Desired, state: State) -> None:
        self.desired, self.state = desired, state
        self.own = state.owned_by(desired.owner)
        names = {one.profile.name for one in desired.profiles}
        self.matched = match(desired.profiles, self.own, (), names, state.rules)
        by_index = {one.index: one for one in desired.profiles}
        self.wanted_of = {entry.id: by_index[index] for index, entry in self.matched.items()}
        self.free = [entry for entry in state.entries if entry.owner is None]

    def meant(self, scope: Scope) -> Iterator[_Pair | Stuck]:
        """Everything that was asked for."""
        if scope.names:
            yield from map(self.named, scope.names)
            return
        for entry in (*self.own, *(self.free if scope.everything else ())):
            pair = self.of(entry)
            if entry.owner is not None:
                yield from [pair] if pair.wanted is not None else ()
            elif pair.wanted is not None and not scope.whole and _differences(entry, pair.wanted):
                reason = f'nobody applied it, and the file wants "{pair.wanted.profile.name}" otherwise'
                yield Stuck(entry.name, reason, "name it, or add --whole", misnamed=False)
            else:
                yield pair

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
        if any(name in (one.name, f"#{one.index}") for one in self.desired.elsewhere):
            return Stuck(
                name,
                "the file has it for other machines",
                "mlxsm machine shows which profiles are for this one",
            )
        if not entries:
            return Stuck(
                name, "neither the file nor this machine has such a profile", "mlxsm list shows them"
            )
        (entry,) = entries
        if entry.owner not in (None, self.desired.owner):
            hint = f"pull it into the file of {entry.owner}, or let the file's profile replace it"
            return Stuck(name, f"it belongs to {entry.owner}", hint)
        return self.of(entry)

    def of(self, entry: Entry) -> _Pair:
        """The entry with its profile of the file."""
        wanted = self.wanted_of.get(entry.id)
        if wanted is None and entry.owner is None:
            wanted = self._profile_like(entry)
        return _Pair(entry, wanted)

    def _for_profile(self, name: str, wanted: DesiredProfile) -> _Pair | Stuck:
        if (entry := self.matched.get(wanted.index)) is not None:
            return _Pair(entry, wanted)
        near = [entry for entry in self.free if self._alike(wanted, entry)]
        if len(near) == 1:
            return _Pair(near[0], wanted)
        what = "several entries of this machine could be it" if near else "this machine has no such entry"
        return Stuck(name, what, "mlxsm plan shows more")

    def _profile_like(self, entry: Entry) -> DesiredProfile | None:
        near = [
            one for one in self.desired.profiles if one.index not in self.matched and self._alike(one, entry)
        ]
        return near[0] if len(near) == 1 else None

    def _alike(self, one: DesiredProfile, entry: Entry) -> bool:
        identity = self.state.rules.identity
        return one.profile.name == entry.name or identity(one.profile) == identity(entry.profile)
