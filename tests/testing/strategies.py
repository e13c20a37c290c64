"""Small random worlds: files, states with drift, several owners, sources and moves, all choices."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from mlxsm_sync.text.secret_scan import reasons
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired, DesiredProfile, Input
from mlxsm_sync.values.file_origins import Origins
from mlxsm_sync.values.profile import NAME, Fields, Profile, from_fields, nested, thinking_contradicts
from mlxsm_sync.values.state import Entry, Rules, State
from mlxsm_sync.values.validation import ValidationError

HERE = "/repo/profiles.yaml"
ELSEWHERE = "/other/profiles.yaml"
GONE = "/gone/profiles.yaml"
ALIAS = "/link/profiles.yaml"
OWNERS = ("team", "me")

names = st.sampled_from(["A", "B", "C", "D", "A (Imported)"])
models = st.sampled_from(["m/1", "m/2", "m/3"])
hosts = st.sampled_from(["127.0.0.1", "LocalHost"])
ports = st.integers(1, 3)
optional_fields: dict[str, st.SearchStrategy[Any]] = {
    "/enableThinking": st.booleans(),
    "/notes": st.sampled_from(["x", "y"]),
    "/advancedLaunchOptions/defaultTopP": st.sampled_from([0, 0.5, 1]),
    "/advancedLaunchOptions/rawExtraArgs": st.lists(st.sampled_from(["-a", "-b"]), max_size=3),
    "/advancedLaunchOptions/chatTemplateArgs": st.dictionaries(
        st.sampled_from(["a", "b"]), st.sampled_from([0, 1, True, 1.0, [1], [True]]), max_size=2
    ),
}


@st.composite
def fields(draw: Callable[..., Any]) -> Fields:
    """A profile's fields, some of them unset."""
    required = {
        NAME: draw(names),
        "/modelID": draw(models),
        "/host": draw(hosts),
        "/port": draw(ports),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(optional_fields)), max_size=3))
    return required | {path: draw(optional_fields[path]) for path in sorted(chosen)}


profiles = fields().map(from_fields)


@st.composite
def entries(draw: Callable[..., Any], number: int) -> Entry:
    """An entry with an owner or without, as applied or changed since, renamed or not."""
    profile: Profile = draw(profiles)
    owner = draw(st.sampled_from([None, *OWNERS]))
    entry: dict[str, Any] = {"id": f"{number + 1:016d}", "profile": profile, "owner": owner}
    if owner is None:
        return Entry(**entry)
    applied = dict(profile.fields)
    for path, value in draw(fields()).items():
        if draw(st.integers(0, 5)) == 0:
            applied[path] = value
    for path in [*applied]:
        if path in optional_fields and draw(st.integers(0, 3)) == 0:
            del applied[path]
    source = draw(st.none() | names)
    source = None if source == profile.name else source
    came_from = draw(st.sampled_from([HERE, ELSEWHERE, GONE, ALIAS, None]))
    return Entry(**entry, source=source, applied=nested(applied), from_=came_from)


@st.composite
def states(draw: Callable[..., Any]) -> State:
    """A state of up to six entries, by the rules of our file or by those of the Mac app's list."""
    kept: list[Entry] = []
    rules = Rules(one_per_model=draw(st.booleans()))
    for number in range(draw(st.integers(0, 6))):
        entry = draw(entries(number))
        identity = rules.identity(entry.profile)
        if all(entry.name != e.name and identity != rules.identity(e.profile) for e in kept):
            kept.append(entry)
    return State(lineage="world", serial=3, entries=tuple(kept), rules=rules)


def wanted(profiles: list[Profile], *, whole: bool = False) -> tuple[DesiredProfile, ...]:
    """Profiles as a file declares them; `whole` as a document does, which declares every option."""
    unset = dict.fromkeys(path for path in optional_fields if path.startswith("/adv")) if whole else {}
    return tuple(
        DesiredProfile(index=index, profile=profile, declared=unset | profile.fields, line=index, column=1)
        for index, profile in enumerate(profiles, start=1)
    )


def desired(profiles: list[Profile], owner: str | None = "team", came_from: str | None = HERE) -> Desired:
    """A file of the team, or a document that owns nothing."""
    return Desired(
        owner=owner,
        input=Input(path="profiles.yaml", digest="sha256:0"),
        from_=came_from if owner else None,
        profiles=wanted(profiles, whole=owner is None),
    )


desires = st.builds(
    desired,
    st.lists(profiles, max_size=5),
    st.sampled_from(["team", "team", "team", None]),
    st.sampled_from([HERE, HERE, HERE, None]),
)


def origins(want: Desired) -> Origins:
    """What the disk of every world says: one path is another name of the file, one is gone."""
    return Origins(want.from_, frozenset({ALIAS} if want.from_ else ()), frozenset({GONE}))


@st.composite
def choices(draw: Callable[..., Any], want: Desired, state: State) -> Choices:
    """Any answers that do not contradict each other."""
    indexes = [one.index for one in want.profiles]
    entry_names = [entry.name for entry in state.entries]
    answers = {index: draw(st.sampled_from(["", "", "rename", "replace", "skip"])) for index in indexes}

    def of(what: str) -> list[int]:
        return [index for index, answer in answers.items() if what == answer]

    some = st.sets(st.sampled_from(entry_names)) if entry_names else st.just(set())
    prune, foreign = draw(st.booleans()), draw(st.booleans())
    only = draw(st.none() | st.none() | st.sets(st.sampled_from(indexes))) if indexes else None
    return Choices(
        rename={index: draw(st.none() | names | st.just("N") | st.just(" ")) for index in of("rename")},
        replace={index: draw(st.none() | st.sampled_from([*entry_names, "?"])) for index in of("replace")},
        skip=frozenset(of("skip")),
        only=None if only is None else frozenset(only),
        orphans_replace=frozenset(draw(some)),
        orphans_skip=frozenset(draw(some)),
        orphans_only=frozenset(draw(some)) if only is not None else frozenset(),
        take_from=frozenset(draw(st.sets(st.sampled_from([*OWNERS[1:], "gone"])))),
        prune=prune or foreign,
        prune_foreign=foreign,
        force=draw(st.booleans()),
    )


@st.composite
def worlds(draw: Callable[..., Any]) -> tuple[Desired, State, Choices]:
    """A file, a machine, and a person's answers."""
    want, state = draw(desires), draw(states())
    return want, state, draw(choices(want, state))


def new_ids() -> itertools.chain[str]:
    """Ids that no entry of a world has."""
    return itertools.chain(f"new{number:013d}" for number in itertools.count())


_words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=12)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9) | _words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
    max_leaves=5,
)
_shares = st.floats(0, 1)
_counts = st.integers(1, 10**9)
# A fork's own options may be followed by anything, and a profile file takes only what follows one.
_values = (_words | st.sampled_from(["", "a b", "it's", '"'])).filter(lambda word: not word.startswith("-"))
_arguments = st.lists(
    st.sampled_from([["--switch"], ["--kv-bits=4"]]) | _values.map(lambda word: ["--x", word]), max_size=3
).map(lambda listed: [word for words in {one[0]: one for one in listed}.values() for word in words])
_rich_options: dict[str, st.SearchStrategy[Any]] = {
    "defaultTemperature": _shares,
    "defaultTopP": _shares,
    "defaultMinP": _shares,
    "defaultTopK": _counts,
    "defaultMaxTokens": _counts,
    "decodeConcurrency": _counts,
    "promptConcurrency": _counts,
    "prefillStepSize": _counts,
    "promptCacheSize": _counts,
    "promptCacheBytes": _counts,
    "allowedOrigins": st.sampled_from(["*", "http://a", "http://localhost:3000, app://x", "null"]),
    "logLevel": st.sampled_from(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
    "chatTemplateArgs": st.dictionaries(_words, _json, max_size=3),
    "rawExtraArgs": _arguments,
}


@st.composite
def rich_profiles(draw: Callable[..., Any]) -> Profile:
    """A profile with values of every kind that the rules allow."""
    options = draw(st.fixed_dictionaries({}, optional=_rich_options))
    data: dict[str, Any] = {
        "name": draw(_words),
        "modelID": draw(st.sampled_from(["m", "org/Q3.5-4bit", "_a"]) | _words.map("./x{}".format)),
        "host": draw(st.sampled_from(["127.0.0.1", "LocalHost", "::1", "my-host"])),
        "port": draw(st.integers(1, 65535)),
        "advancedLaunchOptions": options,
    }
    data |= draw(st.fixed_dictionaries({}, optional={"enableThinking": st.booleans(), "notes": _words}))
    try:
        profile = Profile.model_validate_json(json.dumps(data))
    except ValidationError:
        reject()
    # What looks like a secret, or contradicts itself, is refused wherever it comes from.
    if thinking_contradicts(profile) or any(reasons([*profile.fields.values()])):
        reject()
    return profile
