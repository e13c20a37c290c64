"""What is allowed and yet worth a look: never silent, never in the way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from mlxsm_sync.text.unicode import fold
from mlxsm_sync.values.desired import DesiredProfile, ProfileWarning
from mlxsm_sync.values.hosts import EVERYWHERE, LOOPBACK, is_loopback, may_meet
from mlxsm_sync.values.model_ids import is_local_path
from mlxsm_sync.values.plan import Change
from mlxsm_sync.values.profile import Profile, thinking_contradicts
from mlxsm_sync.values.raw_arguments import GivenOption, told_apart
from mlxsm_sync.values.server_options import ALLOWED_ORIGINS, FLAGS, TRUST_REMOTE_CODE, stands_for
from mlxsm_sync.values.state import Entry, State
from mlxsm_sync.values.value_advice import profile_faults
from mlxsm_sync.values.web_origins import lets_everybody_in

_MOST_LISTED = 3


def about(wanted: Iterable[DesiredProfile], *, of_a_document: bool = False) -> Iterator[ProfileWarning]:
    """Warnings about one profile at a time; a document may hold what a profile file is refused for."""
    for one in wanted:
        for message in (*_about(one.profile), *(_unfit(one.profile) if of_a_document else ())):
            yield _warned(one, message)


def about_listed(entries: Iterable[Entry]) -> Iterator[ProfileWarning]:
    """Warnings about entries that no file lists, such as those of the Mac app's list."""
    for entry in entries:
        for message in _unfit(entry.profile):
            yield ProfileWarning(name=entry.name, message=message)


def _about(profile: Profile) -> Iterator[str]:
    options = profile.advanced_launch_options
    arguments = options.raw_extra_args or ()
    given = [one for one in told_apart(arguments) if isinstance(one, GivenOption)]
    if arguments:
        yield "it includes raw extra server arguments (rawExtraArgs): review them before a start"
    if any(_trusts_remote_code(argument) for argument in arguments):
        yield f"{TRUST_REMOTE_CODE} lets a model run its own code on this machine"
    yield from filter(None, map(_about_beginning, dict.fromkeys(one.name for one in given)))
    origins = [options.allowed_origins, *(one.value for one in given if one.name == ALLOWED_ORIGINS)]
    if any(lets_everybody_in(one) for one in origins if one):
        yield "its allowedOrigins let any web page that is open on this machine use the server"
    if not is_loopback(profile.host):
        yield "its host is not a loopback address: the server has no authentication"
    yield from _about_cluster(profile)
    if is_local_path(profile.model_id):
        yield "its modelID is a local path: it will not exist on another machine"


def _about_cluster(profile: Profile) -> Iterator[str]:
    if profile.cluster is None:
        return
    yield "the ranks of its cluster run what reaches their ports: let only each other's machines reach them"
    if profile.cluster.backend == "jaccl":
        yield "nobody has run jaccl with mlxsm yet: tell us how it went"
        if profile.advanced_launch_options.decode_concurrency != 1:
            yield "two requests at once end both ranks of jaccl (mlx-lm#1737): set decodeConcurrency: 1"


def lost(created: Iterable[DesiredProfile], owner: str | None, state: State) -> Iterator[ProfileWarning]:
    """Warnings about what was done behind our back to the list that is the state."""
    gone = {entry.key for entry in state.lost if entry.owner == owner}
    for one in created:
        if one.profile.name in gone:
            message = "it was deleted in the app since it was applied: this would create it again"
            yield _warned(one, message)
    for entry in state.unclear:
        message = "it was changed in the app so that several profiles could be it: it counts as nobody's"
        yield ProfileWarning(name=entry.name, message=message)


def _unfit(profile: Profile) -> Iterator[str]:
    yield from (f"a profile file cannot hold it: {fault}" for fault in profile_faults(profile))


def contradictions(changes: Iterable[Change]) -> Iterator[ProfileWarning]:
    """Warnings about what the file and the machine together would say."""
    for change in changes:
        if change.after is not None and thinking_contradicts(change.after):
            yield ProfileWarning(
                name=change.source or change.name,
                message="with this machine's own fields, enableThinking contradicts chatTemplateArgs",
            )


def _trusts_remote_code(argument: str) -> bool:
    # The server's parser takes any beginning that is long enough; `--t` alone could be `--temp`.
    return len(argument) > len("--t") and TRUST_REMOTE_CODE.startswith(argument.partition("=")[0])


def _about_beginning(name: str) -> str | None:
    """What is said of an option that is not written in full: what it stands for changes with the release."""
    meant = stands_for(name, FLAGS)
    if name in meant or not meant:
        return None
    if len(meant) == 1:
        return f"the server takes {name} for {meant[0]}: write it in full"
    return f"{name} could be {', '.join(meant[:-1])} or {meant[-1]}: write it in full"


def together(
    wanted: Sequence[DesiredProfile], others: Iterable[Entry], called: Mapping[int, str] | None = None
) -> Iterator[ProfileWarning]:
    """Warnings about profiles that share a port or nearly a name, with each other or the machine.

    `called` are the names that they have on this machine, by index, where that is not the file's.
    """
    profiles: list[tuple[DesiredProfile | None, Profile]] = [
        (one, _renamed(one.profile, (called or {}).get(one.index))) for one in wanted
    ]
    profiles += [(None, entry.profile) for entry in others]
    yield from _shared_ports(profiles)
    yield from _confusable_names(profiles)


def _renamed(profile: Profile, name: str | None) -> Profile:
    return profile if name in (None, profile.name) else profile.model_copy(name=name)


_Known = Sequence[tuple[DesiredProfile | None, Profile]]


def _shared_ports(profiles: _Known) -> Iterator[ProfileWarning]:
    by_port: defaultdict[int, list[tuple[DesiredProfile | None, Profile]]] = defaultdict(list)
    for one, profile in profiles:
        by_port[profile.port].append((one, profile))
    for group in by_port.values():
        if len(group) > 1:
            yield from _shared_port(group)


def _shared_port(group: _Known) -> Iterator[ProfileWarning]:
    by_host: defaultdict[str, list[str]] = defaultdict(list)
    for _, profile in sorted(group, key=lambda one: one[1].name):
        by_host[profile.host.lower()].append(profile.name)
    # A port may have very many profiles and hosts: of each host only the first names are looked at.
    some = {host: names[: _MOST_LISTED + 1] for host, names in by_host.items()}
    everybody = sorted(chain.from_iterable(some.values()))[: _MOST_LISTED + 1]
    for one, profile in group:
        host = profile.host.lower()
        if host in EVERYWHERE:
            names, count = everybody, len(group)
        else:
            near = [other for other in {host, *EVERYWHERE, *LOOPBACK} if may_meet(host, other)]
            names = sorted(chain.from_iterable(some.get(other, ()) for other in near))[: _MOST_LISTED + 1]
            count = sum(len(by_host.get(other, ())) for other in near)
        if one is not None and count > 1:
            others = _listed(names, profile.name, count)
            yield _warned(one, f"it shares its port with {others}: only one of them can be up")


def _confusable_names(profiles: _Known) -> Iterator[ProfileWarning]:
    folds = [fold(profile.name) for _, profile in profiles]
    shared = {one for one, count in Counter(folds).items() if count > 1}
    by_fold: defaultdict[str, list[tuple[DesiredProfile | None, Profile]]] = defaultdict(list)
    for folded, (one, profile) in zip(folds, profiles, strict=True):
        if folded in shared:
            by_fold[folded].append((one, profile))
    for group in by_fold.values():
        names = sorted({profile.name for _, profile in group})
        for one, profile in group if len(names) > 1 else ():
            if one is not None:
                yield _warned(
                    one, f"its name is easily confused with {_listed(names, profile.name, len(names))}"
                )


def _listed(names: Sequence[str], but: str, count: int) -> str:
    """The first few of `count` sorted names, but one, and how many more there are."""
    shown = [name for name in names[: _MOST_LISTED + 1] if name != but][:_MOST_LISTED]
    left = count - 1 - len(shown)
    if not shown:
        return f'another "{but}"'
    more = f" and {left} more" if left > 0 else ""
    return ", ".join(f'"{name}"' for name in shown) + more


def _warned(one: DesiredProfile, message: str) -> ProfileWarning:
    return ProfileWarning(name=one.profile.name, message=message, line=one.line, column=one.column)
