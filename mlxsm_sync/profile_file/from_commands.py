"""Command lines of mlx_lm.server as profiles: every problem at once, and what was left out, by its name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.profile_file.reader import read_declarations
from mlxsm_sync.profile_file.selection import select
from mlxsm_sync.profile_file.server_arguments import placed, translate
from mlxsm_sync.profile_file.server_calls import ServerCall, call_of, calls_in, joined, lines_naming
from mlxsm_sync.profile_file.writer import profile_file
from mlxsm_sync.syntax.plist import LaunchdJob, is_plist, read_job
from mlxsm_sync.syntax.shell import Word
from mlxsm_sync.syntax.source import decode, parse_text
from mlxsm_sync.syntax.tree import Position, Problems
from mlxsm_sync.text.json_value import JsonObject
from mlxsm_sync.text.secret_scan import looks_like
from mlxsm_sync.values.desired import DEFAULT_COLLECTION, Input
from mlxsm_sync.values.hosts import may_meet
from mlxsm_sync.values.profile import Identity, Profile, check_name

_START = Position(1, 1)
_ORIGINS = (
    "without --allowed-origins, mlx_lm.server answers the pages of every web site, but under mlxsm up only "
    'those of its own address: allowedOrigins: "*" keeps it as it was'
)
_MOST_STARTS = 1000
_EXAMPLE = "such as mlx_lm.server --model org/name --port 8080"
_CACHED = re.compile(r"/models--(?:[^/]*?--)?([^/]+)/snapshots/")
"""How the cache of the Hub writes a model in a path."""


class Source(NamedTuple):
    """Where commands come from, and the starts of servers that were found there."""

    problems: Problems
    calls: Sequence[ServerCall]
    others: int = 0
    """How many commands there start no server."""
    lines: Sequence[int] = ()
    """Where those name the server that they do not start."""
    runs: bool = False
    """Whether it is a process, whose words nobody can correct: one that is no profile is left out."""


class Made(NamedTuple):
    """Profiles for a new file."""

    profiles: list[Profile]
    notes: list[str]
    """What was left out, and what else to know."""


def of_a_command(text: str, label: str) -> Source:
    """The starts in a command line; one that starts no server is a problem."""
    problems = Problems(label)
    calls, others = calls_in(text, problems)
    if not calls and not problems:
        problems.add(_START, f"this starts no mlx_lm.server: write a whole command, {_EXAMPLE}")
    return Source(problems, calls, len(others), lines_naming(others))


def of_a_file(data: bytes, path: str) -> Source:
    """The starts in lines for a shell, or in a property list of launchd; what it is, its content tells."""
    problems = Problems(path)
    if is_plist(data):
        return _of_a_plist(data, problems)
    calls, others = calls_in(decode(data, problems), problems)
    lines = lines_naming(others)
    if not calls and not problems:
        named = f", though {_listed(lines)} it" if lines else ""
        problems.add(None, f"no line of it starts mlx_lm.server here{named}: a line is {_EXAMPLE}")
    return Source(problems, calls, len(others), lines)


def _of_a_plist(data: bytes, problems: Problems) -> Source:
    job = read_job(data, problems)
    if job is None:
        return Source(problems, ())
    call = call_of(job.words, Word("", _START), job.places)
    # A shell may stand in front of it, as for `source …; exec mlx_lm.server …`.
    calls = [call] if call is not None else _of_a_line(job, problems)
    if not calls and not problems:
        problems.add(None, "its ProgramArguments start no mlx_lm.server")
    around = partial(_around, variables=job.variables, folder=job.folder, redirected=job.redirected)
    return Source(problems, [*map(around, calls)])


def _of_a_line(job: LaunchdJob, problems: Problems) -> list[ServerCall]:
    """The starts by a shell in a list of words, each argument where the word stands that it is part of."""
    quoted = ["'" + word.replace("'", "'\\''") + "'" for word in job.words]
    begins = accumulate((len(one) + 1 for one in quoted), initial=1)
    places = dict(zip(begins, job.places, strict=False))
    calls = calls_in(" ".join(quoted), problems, job.folder).calls
    return [
        one._replace(
            arguments=tuple(word._replace(at=places.get(word.at.column, _START)) for word in one.arguments)
        )
        for one in calls
    ]


def _around(call: ServerCall, variables: tuple[str, ...], folder: str | None, redirected: bool) -> ServerCall:
    """A start with what launchd gives it."""
    return call._replace(
        variables=(*variables, *call.variables),
        folder=joined(folder, call.folder) if call.folder is not None else folder,
        redirected=redirected or call.redirected,
    )


def of_a_process(words: Sequence[str], label: str, folder: str | None) -> Source:
    """The start of a server that runs, by its words."""
    call = call_of(words, Word("", _START))
    calls = [call._replace(folder=folder)] if call is not None else []
    return Source(Problems(label), calls, runs=True)


def profiles_of(sources: Iterable[Source], home: str | None) -> Made:
    """The profiles of all starts, `home` being the home folder; InvalidFile with every problem of all."""
    listed = [*sources]
    if (count := sum(len(source.calls) for source in listed)) > _MOST_STARTS:
        raise InvalidFile(
            f"there are {count} starts of servers, and {_MOST_STARTS} is the most; nothing was written"
        )
    making = _Making(home)
    for source in listed:
        for call in source.calls:
            making.add(call, source.problems)
    left_out = [
        f"{source.problems.path} was left out: {'; '.join(one.message for one in source.problems.sorted())}"
        for source in listed
        if source.runs and source.problems
    ]
    if found := [one for source in listed if not source.runs for one in source.problems.sorted()]:
        what = "is a problem" if len(found) == 1 else f"are {len(found)} problems"
        raise InvalidFile(f"there {what} in the commands; nothing was written", problems=found)
    return Made(making.profiles, [*left_out, *making.notes(), *_about_others(listed)])


def _about_others(sources: Sequence[Source]) -> Iterator[str]:
    if others := sum(source.others for source in sources):
        what = "1 other command was" if others == 1 else f"{others} other commands were"
        yield f"{what} left out: only the starts of mlx_lm.server become profiles"
    for source in sources:
        if source.lines:
            told = f"{source.problems.path}: {_listed(source.lines)} mlx_lm.server"
            yield f"{told} without starting it on this machine, and became no profile"


def _listed(lines: Sequence[int], most: int = 10) -> str:
    """`line 3 names`, `lines 3, 5 and 8 name`; the first ones of many."""
    if len(lines) == 1:
        return f"line {lines[0]} names"
    told = [str(one) for one in lines[:most]]
    if len(lines) > most:
        told.append(f"{len(lines) - most} more")
    return f"lines {', '.join(told[:-1])} and {told[-1]} name"


class _Making:
    """The profiles as far as they are made."""

    def __init__(self, home: str | None) -> None:
        self.profiles: list[Profile] = []
        self._home = home
        self._known: dict[Identity, str] = {}
        self._names: set[str] = set()
        self._notes: dict[str, None] = {}
        self._of_all: dict[str, None] = {}

    def add(self, call: ServerCall, problems: Problems) -> None:
        """Make a profile of one start; what is wrong with it is noted where it stands."""
        place = partial(placed, home=self._home, folder=call.folder)
        before = len(problems.sorted())
        made = translate(call.arguments, call.at, place, problems)
        if len(problems.sorted()) > before:
            return
        model = made.fields["modelID"]
        assert isinstance(model, str)  # else it is missing, which was noted
        fields: JsonObject = {"name": self._name(model), "modelID": model}
        profile = _judged(fields | made.fields, call.at, problems)
        if profile is None:
            return
        if (same := self._known.get(profile.identity)) is not None:
            self._notes[f'another start of "{same}" was left out: model, host and port are the same'] = None
            return
        self._known[profile.identity] = profile.name
        self._names.add(profile.name.casefold())
        self.profiles.append(profile)
        variables = (one for one in call.variables if not looks_like(one))
        left = [f"{one} was left out: set it where mlxsm up runs" for one in variables]
        if profile.model_id.startswith(("./", "../")):
            left.append("its model is looked for from the folder of the profile file")
        self._notes |= {f'"{profile.name}": {note}': None for note in (*made.notes, *left)}
        self._note_of_all(call, names_origins=made.names_origins)

    def _note_of_all(self, call: ServerCall, *, names_origins: bool) -> None:
        """What is said once, however many it is about."""
        if len(call.program) > 1 or "/" in call.program[0]:
            told = "the program was left out: mlxsm up finds mlx_lm.server on PATH, or takes --server-command"
            self._of_all[told] = None
        if call.redirected:
            self._of_all["where the output goes was left out: mlxsm logs shows it"] = None
        if not names_origins:
            self._of_all[_ORIGINS] = None

    def _name(self, model: str) -> str:
        """What a profile is called after its model; a number is added where that is taken."""
        name = _short_name(model)
        number = 2
        unique = name
        while unique.casefold() in self._names:
            unique, number = f"{name} {number}", number + 1
        return unique

    def notes(self) -> Iterator[str]:
        """What was left out, and what else to know."""
        yield from self._notes
        by_port: defaultdict[int, list[Profile]] = defaultdict(list)
        for profile in self.profiles:
            same_port, host = by_port[profile.port], profile.host.lower()
            for one in [one for one in same_port if may_meet(one.host.lower(), host)][:1]:
                both = f'"{one.name}" and "{profile.name}"'
                yield f"{both} use the same port, {profile.port}: one of them runs at a time"
            same_port.append(profile)
        yield from self._of_all


def _short_name(model: str) -> str:
    found = _CACHED.search(f"{model}/snapshots/" if "/models--" in model else model)
    parts = [part for part in model.split("/") if part not in ("", ".", "..", "~")]
    try:
        return check_name(found[1] if found else parts[-1])[:100]
    except (ValueError, IndexError):
        return "Model"


def _judged(fields: JsonObject, at: Position, problems: Problems) -> Profile | None:
    """The profile as it would be read from a file; None after noting what a file may not say."""
    inner = Problems("")
    try:
        root = parse_text("", profile_file(DEFAULT_COLLECTION, [fields]), inner)
        (one,) = select(read_declarations(root, inner, Input(path="", digest=""), None)).profiles
    except InvalidFile as error:
        for found in error.problems:
            problems.add(at, found.message, also=True)
        return None
    return one.profile
