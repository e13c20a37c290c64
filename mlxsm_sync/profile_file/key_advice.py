"""A key that a profile file does not know: the one that was meant, or where it belongs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Literal, NamedTuple

from mlxsm_sync.text.json_value import Json
from mlxsm_sync.text.secret_scan import looks_like
from mlxsm_sync.text.suggest import nearest
from mlxsm_sync.text.unicode import unseen
from mlxsm_sync.values.cluster import Cluster, Rank
from mlxsm_sync.values.desired import Declaration, Defaults, MachineSettings, ProfileFile
from mlxsm_sync.values.fields import aliases
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import OPTIONS
from mlxsm_sync.values.raw_arguments import raw_faults, written_arguments
from mlxsm_sync.values.server_options import FLAGS, OPTION_FLAGS

Level = Literal["file", "defaults", "machine", "profile", "options", "default options", "cluster", "rank"]
"""Where a key stands: at the top, in defaults, a machine or a profile, or in a mapping of one of these."""

RAW = "rawExtraArgs"
SHOWN_LENGTH = 60
_LONGEST_VALUE = 100

KEYS: dict[Level, tuple[str, ...]] = {
    "file": tuple(aliases(ProfileFile).values()),
    "defaults": tuple(aliases(Defaults).values()),
    "machine": tuple(aliases(MachineSettings).values()),
    "profile": tuple(aliases(Declaration).values()),
    "options": tuple(aliases(LaunchOptions).values()),
    "default options": tuple(aliases(LaunchOptions).values()),
    "cluster": tuple(aliases(Cluster).values()),
    "rank": tuple(aliases(Rank).values()),
}
"""The keys that each place knows, in the order of the schema."""

_OF_A_CLUSTER: tuple[Level, ...] = ("cluster", "rank")
"""Mappings that few files have: their keys, such as address, mean another one first."""
_TYPED = {flag: option for option, flag in OPTION_FLAGS.items()} | {
    "--model": "modelID",
    "--host": "host",
    "--port": "port",
}
# Words of other tools' files and of requests (ollama, llama-swap, LM Studio, vLLM, docker compose).
_OTHERS = {
    "name": "title label id alias displayname profilename service servername",
    "modelID": "modelname modelrepo repo repoid repository hfmodel hfrepo modelpath path",
    "host": "hostname bind address addr ip listen listenaddress interface",
    "port": "ports listenport serverport",
    "enableThinking": "thinking think reasoning enablereasoning thinkingmode",
    "notes": "note description desc comment comments info",
    "context": "ctx ctxsize nctx numctx contextlength contextsize maxcontext maxmodellen",
    "advancedLaunchOptions": "options launchoptions advancedoptions serveroptions settings params parameters",
    RAW: "args extraargs rawargs arguments cmd command flags extraflags cliargs serverargs",
    "allowedOrigins": "cors corsorigins origins origin corsallowedorigins corsalloworigins",
    "chatTemplateArgs": "chattemplatekwargs templateargs templatekwargs chattemplatearguments",
    "logLevel": "log loglvl verbosity",
    "defaultTemperature": "temperature",
    "defaultMaxTokens": "maxnewtokens maxcompletiontokens maxoutputtokens npredict numpredict maxlength",
    "promptCacheBytes": "cachebytes maxcachebytes cachesizebytes cachelimit",
    "promptCacheSize": "cachesize maxcacheentries",
    "decodeConcurrency": "concurrency parallel maxconcurrency nparallel numparallel",
    "schemaVersion": "version schema apiversion formatversion",
    "collection": "owner group team namespace project",
    "defaults": "default common base globals global",
    "machines": "machine hosts computers nodes inventory",
    "on": "onmachine onmachines onhost onhosts onlyon runson",
    "tags": "tag groups labels",
    "profiles": "profile models servers services instances",
}
_SYNONYMS = {word: key for key, words in _OTHERS.items() for word in words.split()}
_IN_A_PROFILE = dict.fromkeys(["machine", "machines", "hosts", "tag", "tags", "targets"], "on")
"""Words that mean another key in a profile than elsewhere."""
_PER_REQUEST = "the server takes that in each request only"
_REMARKS = {
    **dict.fromkeys(
        (
            "seed",
            "stop",
            "stopsequences",
            "presencepenalty",
            "frequencypenalty",
            "repetitionpenalty",
            "repeatpenalty",
        ),
        _PER_REQUEST,
    ),
    **dict.fromkeys(
        ("env", "environment"), "environment variables are this machine's own; set them where mlxsm up runs"
    ),
    **dict.fromkeys(
        ("enabled", "disabled", "autostart", "restart"), "mlxsm up starts all, mlxsm up NAME one of them"
    ),
    **dict.fromkeys(("family", "quantization", "localname"), "the app has that, a profile file has not"),
}


class _Meant(NamedTuple):
    """What a key was probably meant to be: a key of ours, an option of the server, or neither."""

    key: str | None = None
    flag: str | None = None
    remark: str | None = None
    sure: bool = True


def unknown_key(key: str, value: Json, level: Level, there: Collection[str] = ()) -> str:
    """What to do about a key that is unknown in its place; `there` are the known keys beside and below it."""
    if len(key) > SHOWN_LENGTH or unseen(key) or looks_like(key):
        return "this key is unknown"
    meant = _meant(key, level)
    if meant.key is None and meant.flag is None and meant.remark is None:
        return f'the key "{key}" is unknown; known keys: {", ".join(KEYS[level])}'
    where = "" if meant.key is None or meant.key in KEYS[level] else _where(meant.key, level)
    if meant.key == key:
        return f'the key "{key}" belongs {where}'
    return f'the key "{key}" is unknown: {_instead(meant, value, level, where, there)}'


def _instead(meant: _Meant, value: Json, level: Level, where: str, there: Collection[str]) -> str:
    if meant.flag is not None:
        return _as_raw(meant.flag, value, level, has_raw=RAW in there)
    if meant.key is None:
        return str(meant.remark)
    if meant.key in there:
        return f"drop it, since {meant.key} is there"
    if meant.sure:
        return f"write {meant.key} {where}".rstrip()
    return f"did you mean {meant.key}{', ' if where else ''}{where}?"


def _where(key: str, level: Level) -> str:
    """The place that a key belongs to, seen from another one."""
    if key in (*KEYS["cluster"], *KEYS["rank"]) and key not in KEYS["profile"]:
        return "under cluster, in a profile"
    if key in KEYS["options"]:
        return f"under {OPTIONS}" + (", in defaults or in a profile" if level == "file" else "")
    if key in KEYS["file"]:
        return "at the top of the file"
    if level == "default options" and key in KEYS["defaults"]:
        return f"in defaults, not under {OPTIONS}"
    if level in ("cluster", "rank"):
        return "in the profile, not under cluster"
    if level == "options":
        return f"in the profile, not under {OPTIONS}"
    return "in defaults, or in each profile" if key in KEYS["defaults"] else "in each profile"


def _plain(key: str) -> str:
    """A key without what people write differently: dashes, underscores, blanks, case."""
    return re.sub(r"[-_. ]", "", key).lower()


def _meant(key: str, level: Level) -> _Meant:
    word = _plain(key)
    exact = _exact(word, level)
    if _is_nested(exact, level):
        return _Meant()
    if exact is not None:
        # A key of this place in another case is a slip, and no other name for it.
        slip = exact.key in KEYS[level] and word == _plain(exact.key)
        return exact._replace(sure=False) if slip else exact
    near = nearest(word, map(_plain, KEYS[level])) or nearest(word, _everything())
    found = _exact(near, level) if near is not None else None
    return _Meant() if found is None or _is_nested(found, level) else found._replace(sure=False)


def _is_nested(found: _Meant | None, level: Level) -> bool:
    """Whether it names the mapping that the key stands in."""
    return found is not None and found.key == OPTIONS and level in ("options", "default options")


def _everything() -> Iterable[str]:
    keys = {_plain(one) for known in KEYS.values() for one in known}
    return keys | {_plain(flag) for flag in FLAGS} | _SYNONYMS.keys() | _REMARKS.keys()


def _exact(word: str, level: Level) -> _Meant | None:
    """What a plain word stands for; a key of this place before one of another."""
    if level == "profile" and word in _IN_A_PROFILE:
        return _Meant(key=_IN_A_PROFILE[word], sure=False)
    for known in (KEYS[level], *(keys for name, keys in KEYS.items() if name not in _OF_A_CLUSTER)):
        for one in known:
            if _plain(one) == word:
                return _Meant(key=one)
    for flag in FLAGS:
        if _plain(flag) == word:
            return _Meant(key=_TYPED[flag]) if flag in _TYPED else _Meant(flag=flag)
    if word in _SYNONYMS:
        return _Meant(key=_SYNONYMS[word], sure=False)
    if word in _REMARKS:
        return _Meant(remark=_REMARKS[word])
    of_a_cluster = (one for name in _OF_A_CLUSTER for one in KEYS[name] if _plain(one) == word)
    return next((_Meant(key=one) for one in of_a_cluster), None)


def _as_raw(flag: str, value: Json, level: Level, *, has_raw: bool) -> str:
    """How an option of the server is written that has no key of its own."""
    where = "" if level in ("options", "default options") else f" under {OPTIONS}"
    if value is None or (FLAGS[flag].rule is None and value in (False, "false", "no", "off")):
        return f"leave it out, or write {flag} into {RAW}{where}"
    arguments = _arguments(flag, value)
    rule = _value_rule(flag, value) if arguments.endswith("VALUE") else ""
    if has_raw:
        return f"add {arguments} to {RAW}{rule}"
    return f"write {RAW}: [{arguments}]{where}{rule}"


def _arguments(flag: str, value: Json) -> str:
    """The option and its value as items of a list; a value that the server would not take is left open."""
    if FLAGS[flag].rule is None:
        return flag
    text = value if isinstance(value, str) else str(value).lower()
    if isinstance(value, (list, dict)) or len(text) > _LONGEST_VALUE or unseen(text) or looks_like(text):
        return f"{flag}, VALUE"
    faults = [*raw_faults((flag, text))]
    return f"{flag}, VALUE" if faults else written_arguments((flag, text))


def _value_rule(flag: str, value: Json) -> str:
    """What the value of an option must be, where the one that was written is not."""
    fault = next(raw_faults((flag, "" if isinstance(value, (list, dict)) else str(value))), None)
    return f"; VALUE {fault[1].removesuffix(f' for {flag}')}" if fault else ""
