"""What is allowed and yet worth a look: never silent, never in the way."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from mlxsm_sync.changes import Change
from mlxsm_sync.characters import fold
from mlxsm_sync.desired import Wanted, Warned
from mlxsm_sync.profile import LOOPBACK, Profile, thinking_contradicts
from mlxsm_sync.state import Entry, State

TRUST_FLAG = "--trust-remote-code"
# A repository is `name` or `org/name`; what starts like a path, or is nested deeper, is one.
_PATH = re.compile(r"[/~.\\]|[A-Za-z]:[/\\]|[^/]*/[^/]*/|file:")
_MOST_LISTED = 3
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound


def is_local_path(model_id: str) -> bool:
    """Whether a model ID names a folder of this machine."""
    return _PATH.match(model_id) is not None


def about(wanted: Iterable[Wanted]) -> Iterator[Warned]:
    """Warnings about one profile at a time."""
    for one in wanted:
        for message in _about(one.profile):
            yield _warned(one, message)


def _about(profile: Profile) -> Iterator[str]:
    arguments = profile.advanced_launch_options.raw_extra_args or ()
    if arguments:
        yield "it includes raw extra server arguments (rawExtraArgs): review them before a start"
    if any(_trusts_remote_code(argument) for argument in arguments):
        yield f"{TRUST_FLAG} lets a model run its own code on this machine"
    if _lets_everybody_in(profile.advanced_launch_options.allowed_origins):
        yield "its allowedOrigins let any web page that is open on this machine use the server"
    if profile.host.lower() not in LOOPBACK:
        yield "its host is not a loopback address: the server has no authentication"
    if is_local_path(profile.model_id):
        yield "its modelID is a local path: it will not exist on another machine"


def lost(created: Iterable[Wanted], owner: str | None, state: State) -> Iterator[Warned]:
    """Warnings about what was done behind our back to the list that is the state."""
    gone = {entry.key for entry in state.lost if entry.owner == owner}
    for one in created:
        if one.profile.name in gone:
            message = "it was deleted in the app since it was applied: this would create it again"
            yield _warned(one, message)
    for entry in state.unclear:
        message = "it was changed in the app so that several profiles could be it: it counts as nobody's"
        yield Warned(name=entry.name, message=message)


def contradictions(changes: Iterable[Change]) -> Iterator[Warned]:
    """Warnings about what the file and the machine together would say."""
    for change in changes:
        if change.after is not None and thinking_contradicts(change.after):
            yield Warned(
                name=change.source or change.name,
                message="with this machine's own fields, enableThinking contradicts chatTemplateArgs",
            )


def _trusts_remote_code(argument: str) -> bool:
    # The server's parser takes any beginning that is long enough; `--t` alone could be `--temp`.
    return len(argument) > len("--t") and TRUST_FLAG.startswith(argument.partition("=")[0])


def _lets_everybody_in(origins: str | None) -> bool:
    return origins is not None and "*" in (origin.strip() for origin in origins.split(","))


def together(wanted: Sequence[Wanted], others: Iterable[Entry]) -> Iterator[Warned]:
    """Warnings about profiles that share a port or nearly a name, with each other or the machine."""
    profiles: list[tuple[Wanted | None, Profile]] = [(one, one.profile) for one in wanted]
    profiles += [(None, entry.profile) for entry in others]
    yield from _shared_ports(profiles)
    yield from _confusable_names(profiles)


_Known = Sequence[tuple[Wanted | None, Profile]]


def _shared_ports(profiles: _Known) -> Iterator[Warned]:
    by_port: defaultdict[int, list[tuple[Wanted | None, Profile]]] = defaultdict(list)
    for one, profile in profiles:
        by_port[profile.port].append((one, profile))
    for group in by_port.values():
        if len(group) > 1:
            yield from _shared_port(group)


def _shared_port(group: _Known) -> Iterator[Warned]:
    by_host: defaultdict[str, list[str]] = defaultdict(list)
    for _, profile in sorted(group, key=lambda one: one[1].name):
        by_host[profile.host.lower()].append(profile.name)
    # A port may have very many profiles and hosts: of each host only the first names are looked at.
    some = {host: names[: _MOST_LISTED + 1] for host, names in by_host.items()}
    everybody = sorted(chain.from_iterable(some.values()))[: _MOST_LISTED + 1]
    for one, profile in group:
        host = profile.host.lower()
        if host in _EVERYWHERE:
            names, count = everybody, len(group)
        else:
            near = [other for other in {host, *_EVERYWHERE, *LOOPBACK} if may_meet(host, other)]
            names = sorted(chain.from_iterable(some.get(other, ()) for other in near))[: _MOST_LISTED + 1]
            count = sum(len(by_host.get(other, ())) for other in near)
        if one is not None and count > 1:
            others = _listed(names, profile.name, count)
            yield _warned(one, f"it shares its port with {others}: only one of them can be up")


def may_meet(a: str, b: str) -> bool:
    """Whether two hosts can mean one address."""
    return a == b or a in _EVERYWHERE or b in _EVERYWHERE or (a in LOOPBACK and b in LOOPBACK)


def _confusable_names(profiles: _Known) -> Iterator[Warned]:
    by_fold: defaultdict[str, list[tuple[Wanted | None, Profile]]] = defaultdict(list)
    for one, profile in profiles:
        by_fold[fold(profile.name)].append((one, profile))
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


def _warned(one: Wanted, message: str) -> Warned:
    return Warned(name=one.profile.name, message=message, line=one.line, column=one.column)
