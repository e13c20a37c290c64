"""A profile as the command line of a server: full option names, `--flag=value`, no shell."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from mlxsm_sync.servers.sent_origins import as_sent
from mlxsm_sync.text.json_value import Json
from mlxsm_sync.text.redaction import without_tokens
from mlxsm_sync.text.secret_scan import looks_like
from mlxsm_sync.text.suggest import did_you_mean
from mlxsm_sync.values.flag_rules import Flag, Version
from mlxsm_sync.values.hosts import LOOPBACK, endpoint, is_loopback
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.raw_arguments import takes
from mlxsm_sync.values.server_options import (
    ADAPTER_PATH,
    ALLOWED_ORIGINS,
    CHAT_TEMPLATE_ARGS,
    DRAFT_MODEL,
    FLAGS,
    NEWEST_KNOWN,
    OPTION_FLAGS,
    TRUST_REMOTE_CODE,
    known_to,
    parse_version,
    stands_for,
    written,
)

Find = Callable[[str], str]
_PATHS = (ADAPTER_PATH, DRAFT_MODEL)  # their value can be a folder


class Program(NamedTuple):
    """The server program of this machine."""

    command: tuple[str, ...]
    """The executable, absolute, and what stands before the options."""
    version: str | None = None
    """The installed release of mlx-lm, None where it cannot be told."""
    known: frozenset[str] | None = None
    """Its options, where its own parser says other ones than our table; None where the table holds."""

    @property
    def flags(self) -> frozenset[str]:
        """The options that it knows; of a release that cannot be told, those of the newest."""
        if self.known is not None:
            return self.known
        return known_to(parse_version(self.version) if self.version else NEWEST_KNOWN)


class Consent(NamedTuple):
    """What somebody allowed on the command line, where no profile file can."""

    hosts: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    clusters: frozenset[str] = frozenset()
    """Profiles whose ranks may open a port for the others."""


class Launch(NamedTuple):
    """The options of one start, and what is in its way."""

    arguments: tuple[str, ...]
    problems: tuple[str, ...]
    """What the server would not take, or would hang on."""
    unallowed: tuple[str, ...]
    """What needs somebody's word on the command line, with the option that gives it."""
    defaults: tuple[str, ...] = ()
    """The arguments that nobody declared, and that a program may refuse to know."""


class _Given(NamedTuple):
    """One option that is to be passed."""

    flag: str
    value: str | None
    """None for a switch."""

    def as_sent(self, find: Find) -> _Given:
        """As the server needs it: it runs elsewhere, and compares origins letter by letter."""
        if self.value is None:
            return self
        if self.flag == ALLOWED_ORIGINS:
            return self._replace(value=as_sent(self.value))
        return self._replace(value=find(self.value)) if self.flag in _PATHS else self

    @property
    def word(self) -> str:
        return self.flag if self.value is None else f"{self.flag}={self.value}"


NO_CONSENT = Consent()
NEEDS_NEWER = "needs mlx-lm"  # in a problem that an upgrade mends


def launch(
    profile: Profile, model: str, program: Program, consent: Consent = NO_CONSENT, find: Find = str
) -> Launch:
    """The options for a profile's server, every one of them judged; `model` is what it is to load.

    `find` makes a path that belongs to the profile file, or to the home folder, one that the server finds.
    """
    raw, problems = _raw(profile.advanced_launch_options.raw_extra_args or (), program, consent)
    given = [one.as_sent(find) for one in (*_typed(profile, model), *raw)]
    seen: set[str] = set()
    for one in given:
        twice = one.flag in seen and one.flag in FLAGS
        problems += [f"{one.flag} is given twice: once is enough"] if twice else []
        problems += _faults(one, program)
        # Every user of the machine can read a command line.
        problems += [f"the value of {one.flag} looks like a secret"] if looks_like(one.word) else []
        seen.add(one.flag)
    defaults: list[_Given] = []
    if ALLOWED_ORIGINS not in seen and ALLOWED_ORIGINS in program.flags:
        defaults.append(_Given(ALLOWED_ORIGINS, ",".join(_own_origins(profile.port))))
    return Launch(
        tuple(one.word for one in (*given, *defaults)),
        tuple(dict.fromkeys(map(without_tokens, problems))),
        tuple(_unallowed(profile, raw, consent)),
        tuple(one.word for one in defaults),
    )


def _typed(profile: Profile, model: str) -> Iterator[_Given]:
    yield _Given("--model", model)
    yield _Given("--host", profile.host)
    yield _Given("--port", str(profile.port))
    if profile.cluster is not None and profile.cluster.sharding == "pipeline":
        yield _Given("--pipeline", None)
    options = profile.advanced_launch_options.model_dump(exclude_none=True)
    template = options.pop("chatTemplateArgs", None)
    thinking: dict[str, Json] = {}
    if profile.enable_thinking is not None:
        thinking = {"enable_thinking": profile.enable_thinking}
    # What the template is told in so many words wins, as it does in the server.
    merged = thinking | (template if isinstance(template, dict) else {})
    if template is not None or merged:
        yield _Given(CHAT_TEMPLATE_ARGS, json.dumps(merged, ensure_ascii=False))
    for option, flag in OPTION_FLAGS.items():
        if option in options:
            yield _Given(flag, str(options[option]))


def _own_origins(port: int) -> Iterator[str]:
    """The origins of pages that this server's own address could have."""
    yield from (f"http://{endpoint(host, port)}" for host in LOOPBACK)


def _raw(arguments: Sequence[str], program: Program, consent: Consent) -> tuple[list[_Given], list[str]]:
    """The raw extra arguments as options, each with its value, and what is wrong with them."""
    given: list[_Given] = []
    problems: list[str] = []
    waiting = [*arguments]
    while waiting:
        word = waiting.pop(0)
        name, has_value, value = word.partition("=")
        flag = FLAGS.get(name)
        short = not name.startswith("--") or name == "--" or bool(stands_for(name, program.flags))
        allowed = name in consent.flags and not short
        if flag is None and not allowed and name not in (program.known or ()):
            problems.append(_unknown(word, name, program))
        if has_value:
            given.append(_Given(name, value))
        elif waiting and takes(flag, waiting[0]):
            given.append(_Given(name, waiting.pop(0)))
        else:
            given.append(_Given(name, None))
    return given, problems


def _unknown(word: str, name: str, program: Program) -> str:
    parts = word.split()
    if len(parts) > 1 and re.fullmatch(_FLAG, parts[0]):
        items = json.dumps([parts[0], " ".join(parts[1:])], ensure_ascii=False)
        return f"rawExtraArgs: {json.dumps(word, ensure_ascii=False)} is one argument: write two, {items}"
    if not re.fullmatch(_FLAG, name):
        return f"rawExtraArgs: {word} belongs to no option"
    if full := stands_for(name, program.flags):
        return f"rawExtraArgs: {name} is short for {' or '.join(full)}: write the whole name"
    hint = did_you_mean(name, program.flags)
    guess = f"{hint} " if hint else ""
    return f"rawExtraArgs: {_server(program)} has no {name}; {guess}--allow-arg {name} lets it pass"


_FLAG = r"--[A-Za-z0-9][A-Za-z0-9_.-]*"


def _faults(one: _Given, program: Program) -> Iterator[str]:
    """What is wrong with one option for this release of the server."""
    flag = FLAGS.get(one.flag)
    if one.flag not in program.flags and flag is not None:
        yield _not_in(one.flag, flag, program)
    if flag is None:
        return
    if one.value == "--":
        yield f"{one.flag} must not be --: the server's parser drops it"
    elif flag.rule is None and one.value is not None:
        yield f"{one.flag} takes no value"
    elif flag.rule is not None and (
        fault := flag.rule(one.value) if one.value is not None else "needs a value"
    ):
        yield f"{one.flag} {fault}"


def _not_in(name: str, flag: Flag, program: Program) -> str:
    if program.version is None:
        return f"{_server(program)} has no {name}"
    version = parse_version(program.version)
    if flag.gone is not None and version >= flag.gone:
        return f"{name} is gone since mlx-lm {written(flag.gone)}, and {program.version} is installed"
    if version < flag.since:
        return f"{name} {NEEDS_NEWER} {written(flag.since)} or newer, and {program.version} is installed"
    return f"{_server(program)} has no {name}"


def _server(program: Program) -> str:
    """What the program is called; one whose own parser was read is not just any of its release."""
    name = f"mlx-lm {program.version}" if program.version else "mlx_lm.server"
    return name if program.known is None else f"the installed {name}"


def _unallowed(profile: Profile, raw: Iterable[_Given], consent: Consent) -> Iterator[str]:
    """What a profile file alone may not do."""
    if not is_loopback(profile.host) and profile.host.lower() not in map(str.lower, consent.hosts):
        yield (
            f"its host {profile.host} opens the server, which has no authentication, to others: "
            f"--allow-host {shlex.quote(profile.host)} lets it"
        )
    if profile.cluster is not None and profile.name not in consent.clusters:
        name = shlex.quote(profile.name)
        yield (
            "its cluster opens a port over which the other ranks run code here, without authentication: "
            f"--allow-cluster {name} lets it"
        )
    if any(one.flag == TRUST_REMOTE_CODE for one in raw) and TRUST_REMOTE_CODE not in consent.flags:
        yield f"{TRUST_REMOTE_CODE} lets models run their own code: --allow-arg {TRUST_REMOTE_CODE} lets it"


def changes(old: Collection[str], new: Collection[str]) -> tuple[str, ...]:
    """What a restart would change, option by option: `--max-tokens 512 -> 4096`.

    The server's own origins follow from its port, and are no change of their own.
    """
    before, after = _declared(_by_flag(old)), _declared(_by_flag(new))
    return tuple(
        f"{flag} {before.get(flag, '(unset)')} -> {after.get(flag, '(unset)')}"
        for flag in dict.fromkeys((*before, *after))
        if before.get(flag) != after.get(flag)
    )


def flags_of(words: Iterable[str]) -> frozenset[str]:
    """The options in arguments of the form `--flag=value`."""
    return frozenset(word.partition("=")[0] for word in words)


def _by_flag(words: Iterable[str]) -> dict[str, str]:
    named = (word.partition("=") for word in words)
    return {flag: value if has_value else "(set)" for flag, has_value, value in named}


def _declared(given: dict[str, str]) -> dict[str, str]:
    """The options without the origins that a server is given by default."""
    port = given.get("--port", "")
    own = ",".join(_own_origins(int(port))) if re.fullmatch("[0-9]{1,5}", port) else None
    return {flag: value for flag, value in given.items() if (flag, value) != (ALLOWED_ORIGINS, own)}


def changed_program(command: Sequence[str], version: str | None, program: Program) -> tuple[str, ...]:
    """What a restart would change about the program itself."""
    notes = []
    if tuple(command) != program.command:
        notes.append(f"server command {' '.join(command)} -> {' '.join(program.command)}")
    if version is not None and program.version is not None and version != program.version:
        notes.append(f"mlx-lm {version} -> {program.version}")
    return tuple(notes)


def is_older(version: str | None, than: Version) -> bool:
    """Whether a release is known to come before another one."""
    return version is not None and parse_version(version) < than
