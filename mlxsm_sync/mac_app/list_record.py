"""What we know of the Mac app's list and its format cannot hold: owners, what was applied, the serial.

A record is joined with the list by name, model, host and port; then, for what was edited in the app,
by name alone and by model alone, wherever that is clear.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Annotated, Literal

from mlxsm_sync.mac_app.list_format import RULES, ListItem
from mlxsm_sync.planning.match import one_to_one
from mlxsm_sync.text.json_value import JsonObject
from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.cluster import Cluster
from mlxsm_sync.values.fields import Constraint
from mlxsm_sync.values.launch_options import Positive
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.state import ID_LENGTH, Entry, EntryId, State, Write


class EntryRecord(Value):
    """What is known of one entry of the list."""

    id: EntryId
    """Made at create and kept by every other change."""
    name: str
    """Its name in the list when this was written; so with the next three."""
    model_id: str = Field(serialization_alias="modelID")
    """What it serves."""
    host: str
    """Where it listens."""
    port: int
    """Where it listens."""
    owner: str | None
    """The collection that put it there, null for nobody."""
    source: str | None = None
    """Its name in the profile file, where that differs."""
    applied: JsonObject | None = None
    """What its owner last declared, sparse; null without an owner."""
    from_: str | None = Field(default=None, serialization_alias="from")
    """The profile file that it was applied from, as it was named."""
    context: Positive | None = None
    """The tokens that it is meant to have, which the app's list has no place for."""
    cluster: Cluster | None = None
    """How it is spread over machines, which the app's list has no place for either."""

    def check(self) -> None:
        """What has an owner was applied under a name."""
        if self.owner is not None and not isinstance((self.applied or {}).get("name"), str):
            raise ValueError("has an owner, but no applied name")

    def entry(self, listed: ListItem) -> Entry:
        """The entry as it stands in the list now."""
        return Entry(
            id=self.id,
            profile=listed.profile.model_copy(context=self.context, cluster=self.cluster),
            owner=self.owner,
            source=self.source,
            applied=self.applied,
            from_=self.from_,
            verbatim=listed.verbatim,
            unreadable=listed.unreadable,
        )

    def as_written(self) -> Entry:
        """The entry as it was last written, as far as that is known here."""
        profile = Profile(name=self.name, model_id=self.model_id, host=self.host, port=self.port)
        return self.entry(ListItem(profile, "{}")).model_copy(verbatim=None)


class ListRecord(Value):
    """One version of the list, as far as it is ours."""

    format_version: Literal[1] = 1
    """The version of this format."""
    lineage: str | None = None
    """Tells two states apart; null before the first write."""
    serial: Annotated[int, Constraint(limits={"ge": 0})] = 0
    """Grows by one with every write."""
    written: Write | None = None
    """The command that wrote this version."""
    list_digest: str | None = None
    """The hash of the list's bytes as of this version; null where there was none."""
    entries: tuple[EntryRecord, ...] = ()
    """What is known of each entry of the list."""
    list_text: str | None = None
    """In a backup: the list itself."""
    pending: ListRecord | None = None
    """The next version, while the list is being written."""

    def check(self) -> None:
        """No two entries share an id."""
        if len({kept.id for kept in self.entries}) < len(self.entries):
            raise ValueError("two entries share an id")


def record_of(state: State, list_digest: str) -> ListRecord:
    """What has to be remembered of a state beside the list, also of what the app has put out of it."""
    return ListRecord(
        lineage=state.lineage,
        serial=state.serial,
        written=state.written,
        list_digest=list_digest,
        entries=tuple(map(_kept, (*state.entries, *state.lost, *state.unclear))),
    )


def settled(record: ListRecord, list_digest: str | None, listed: Sequence[ListItem]) -> ListRecord:
    """The version that the list is of, where a writer was stopped between list and record.

    The bytes tell; where the app has changed them since, that version of which more is found.
    """
    following, before = record.pending, record.model_copy(pending=None)
    if following is None or list_digest == before.list_digest:
        return before
    if list_digest == following.list_digest:
        return following
    found = {_place(one.profile) for one in listed}
    counts = [sum(_place(kept) in found for kept in one.entries) for one in (before, following)]
    return following if counts[1] > counts[0] else before


def joined(listed: Sequence[ListItem], record: ListRecord) -> State:
    """The state that list and record make together."""
    matched: dict[int, EntryRecord] = {}
    taken: set[str] = set()
    for key in _KEYS:
        left = [(index, one) for index, one in enumerate(listed) if index not in matched]
        right = [kept for kept in record.entries if kept.id not in taken]
        for (index, _), kept in _paired(left, right, key):
            matched[index] = kept
            taken.add(kept.id)
    gone = [kept for kept in record.entries if kept.id not in taken and kept.owner is not None]
    strangers = [one.profile for index, one in enumerate(listed) if index not in matched]
    return State(
        lineage=record.lineage,
        serial=record.serial,
        written=record.written,
        entries=_entries(listed, matched, {kept.id for kept in record.entries}),
        rules=RULES,
        lost=tuple(kept.as_written() for kept in gone if not _is_unclear(kept, strangers)),
        unclear=tuple(kept.as_written() for kept in gone if _is_unclear(kept, strangers)),
    )


def _paired(
    left: Iterable[tuple[int, ListItem]],
    right: Iterable[EntryRecord],
    key: Callable[[Profile | EntryRecord], Hashable],
) -> Iterator[tuple[tuple[int, ListItem], EntryRecord]]:
    return one_to_one(left, right, lambda pair: key(pair[1].profile), key)


def _entries(
    listed: Sequence[ListItem], matched: dict[int, EntryRecord], taken: set[str]
) -> tuple[Entry, ...]:
    """The entries of the list; `taken` are the ids that are known, also of what is gone."""
    counted: Counter[Hashable] = Counter()
    entries = []
    for index, one in enumerate(listed):
        counted[_place(one.profile)] += 1
        kept = matched.get(index)
        if kept is None:
            while (new_id := _new_id(one.profile, counted[_place(one.profile)])) in taken:
                counted[_place(one.profile)] += 1
            taken.add(new_id)
            entries.append(
                Entry(
                    id=new_id,
                    profile=one.profile,
                    owner=None,
                    verbatim=one.verbatim,
                    unreadable=one.unreadable,
                )
            )
        else:
            entries.append(kept.entry(one))
    return tuple(entries)


def _new_id(profile: Profile, count: int) -> str:
    """An id for what the app put there: the same each time it is read, until we write it down."""
    seed = hashlib.sha256(repr((_place(profile), count)).encode()).digest()
    return "".join("abcdefghijklmnopqrstuvwxyz012345"[byte % 32] for byte in seed[:ID_LENGTH])


def _kept(entry: Entry) -> EntryRecord:
    profile = entry.profile
    return EntryRecord(
        id=entry.id,
        name=profile.name,
        model_id=profile.model_id,
        host=profile.host,
        port=profile.port,
        owner=entry.owner,
        source=entry.source,
        applied=entry.applied,
        from_=entry.from_,
        context=profile.context,
        cluster=profile.cluster,
    )


def _is_unclear(kept: EntryRecord, strangers: Iterable[Profile]) -> bool:
    """Whether something in the list could be it, and it cannot be told what."""
    return any(kept.name == one.name or kept.model_id == one.model_id for one in strangers)


def _place(one: Profile | EntryRecord) -> Hashable:
    return one.name, one.model_id, one.host, one.port


_KEYS: tuple[Callable[[Profile | EntryRecord], Hashable], ...] = (
    _place,
    lambda one: one.name,
    lambda one: one.model_id,
)
