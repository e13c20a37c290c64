"""The options of `mlx_lm.server`: which release knows which, and what each takes.

Read from the argument parsers of the releases 0.20.6 to 0.32.2 on PyPI. The server checks hardly any
value, and some make it hang for ever (`--prompt-concurrency 0`), so the rules here are stricter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from mlxsm_sync.text.nesting import loads
from mlxsm_sync.values.profile import LOG_LEVELS

Version = tuple[int, ...]
Rule = Callable[[str], str | None]
"""What is wrong with a value, else None."""

NEWEST_KNOWN: Version = (0, 32, 2)
"""The newest release that the table was read from."""

FIRST_UNSAFE: Version = (0, 30, 6)
"""From this one on, a server runs code out of any model that a client names (CVE-2026-5843)."""
FIRST_SAFE: Version = (0, 32, 0)
"""This one no longer does."""

HONEST_HEALTH: Version = (0, 32, 0)
"""Since then the health check says 503 when the thread that answers has died; before it says 200 for ever."""

TRUST_REMOTE_CODE = "--trust-remote-code"
ALLOWED_ORIGINS = "--allowed-origins"
CHAT_TEMPLATE_ARGS = "--chat-template-args"
ADAPTER_PATH = "--adapter-path"
DRAFT_MODEL = "--draft-model"

OPTION_FLAGS = {
    "chatTemplateArgs": CHAT_TEMPLATE_ARGS,
    "defaultTemperature": "--temp",
    "defaultTopP": "--top-p",
    "defaultTopK": "--top-k",
    "defaultMinP": "--min-p",
    "defaultMaxTokens": "--max-tokens",
    "allowedOrigins": ALLOWED_ORIGINS,
    "logLevel": "--log-level",
    "decodeConcurrency": "--decode-concurrency",
    "promptConcurrency": "--prompt-concurrency",
    "prefillStepSize": "--prefill-step-size",
    "promptCacheSize": "--prompt-cache-size",
    "promptCacheBytes": "--prompt-cache-bytes",
}
"""The server's option for every typed launch option but the raw ones."""


class Flag(NamedTuple):
    """One option of the server."""

    since: Version
    """The first release that has it."""
    rule: Rule | None = None
    """What its value must be; None for a switch, which takes none."""
    gone: Version | None = None
    """The first release that no longer has it."""


def _text(value: str) -> str | None:
    return None if value else "must not be empty"


_TEMPLATE_FILE = re.compile(r"(?:~|\.{1,2})?/\S*|file:\S*|\S*\.(?:jinja2?|j2|json|tmpl|txt)", re.IGNORECASE)


def _template(value: str) -> str | None:
    """Whether a chat template is one: without an expression, no message would ever reach the model."""
    if value and (_TEMPLATE_FILE.fullmatch(value) or not re.search(r"\{[{%]", value)):
        return (
            "must be the text of a template, and is no path: the server reads no file for it "
            "(a model's folder may hold one as chat_template.jinja)"
        )
    return _text(value)


def _whole(least: int, most: int | None = None) -> Rule:
    def check(value: str) -> str | None:
        if re.fullmatch(r"-?[0-9]{1,18}", value) and least <= int(value) <= (most or int(value)):
            return None
        upper = f" to {most}" if most is not None else " or more"
        return f"must be a whole number, {least}{upper}"

    return check


def _number(most: float | None = None) -> Rule:
    def check(value: str) -> str | None:
        shape = re.fullmatch(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|\.[0-9]+", value)
        if shape and float(value) <= (most if most is not None else float("1e308")):
            return None
        return f"must be a number, 0{' or more' if most is None else f' to {most:g}'}"

    return check


def _one_of(*values: str) -> Rule:
    def check(value: str) -> str | None:
        return None if value in values else f"must be one of {', '.join(values)}"

    return check


def _size(value: str) -> str | None:
    if re.fullmatch(r"[0-9]+(\.[0-9]+)? *(M|G|MB|GB)?", value, re.IGNORECASE):
        return None
    return "must be a number of bytes, or one with M, G, MB or GB"


TEMPLATE_OWN = ("add_generation_prompt", "tokenize", "tools")
"""What the server itself passes to the chat template; given twice, every chat fails."""


def _template_arguments(value: str) -> str | None:
    try:
        given = loads(value)
    except (ValueError, RecursionError):
        return "must be a JSON object"
    if not isinstance(given, dict):
        return "must be a JSON object"
    if taken := sorted(given.keys() & {*TEMPLATE_OWN}):
        return f"must not set {', '.join(taken)}: the server sets that itself, and every chat would fail"
    return None


def _absolute(value: str) -> str | None:
    return None if value.startswith("/") else "must be an absolute path: the server runs in another folder"


def _model(value: str) -> str | None:
    return _absolute(value) if value.startswith((".", "~")) or not value else None


_OLD, _SAMPLING, _BATCHING, _CACHE = (0,), (0, 24, 1), (0, 30, 6), (0, 31, 1)

FLAGS: dict[str, Flag] = {
    "--model": Flag(_OLD, _text),
    "--adapter-path": Flag(_OLD, _absolute),
    "--host": Flag(_OLD, _text),
    "--port": Flag(_OLD, _whole(1, 65535)),
    "--trust-remote-code": Flag(_OLD),
    "--log-level": Flag(_OLD, _one_of(*LOG_LEVELS)),
    "--cache-limit-gb": Flag(_OLD, _whole(0), (0, 22, 3)),
    "--chat-template": Flag(_OLD, _template),
    "--use-default-chat-template": Flag(_OLD),
    "--draft-model": Flag((0, 23, 2), _model),
    "--num-draft-tokens": Flag(_SAMPLING, _whole(0)),
    "--temp": Flag(_SAMPLING, _number()),
    "--top-p": Flag(_SAMPLING, _number(1)),
    "--top-k": Flag(_SAMPLING, _whole(0)),
    "--min-p": Flag(_SAMPLING, _number(1)),
    "--max-tokens": Flag(_SAMPLING, _whole(1)),
    "--chat-template-args": Flag(_SAMPLING, _template_arguments),
    "--decode-concurrency": Flag(_BATCHING, _whole(1)),
    "--prompt-concurrency": Flag(_BATCHING, _whole(1)),
    "--pipeline": Flag(_BATCHING),
    "--prefill-step-size": Flag(_CACHE, _whole(1)),
    "--prompt-cache-size": Flag(_CACHE, _whole(0)),
    "--prompt-cache-bytes": Flag(_CACHE, _size),
    "--allowed-origins": Flag((0, 31, 2), _text),
    "--kv-bits": Flag(FIRST_SAFE, _one_of("1", "2", "3", "4", "5", "6", "8")),
    "--kv-group-size": Flag(FIRST_SAFE, _one_of("32", "64", "128")),
    "--quantized-kv-start": Flag(FIRST_SAFE, _whole(0)),
}


def parse_version(text: str) -> Version:
    """`0.32.2.dev1` as (0, 32, 2): the leading numbers."""
    found = re.match(r"[0-9]{1,9}(?:\.[0-9]{1,9})*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def known_to(version: Version) -> frozenset[str]:
    """The options of one release, by the table."""
    return frozenset(
        name
        for name, flag in FLAGS.items()
        if flag.since <= version and (flag.gone is None or version < flag.gone)
    )


def stands_for(beginning: str, names: Iterable[str]) -> tuple[str, ...]:
    """The options that the server's parser would take a beginning for; a full name stands for itself."""
    return tuple(sorted(name for name in names if name.startswith(beginning)))


def written(version: Version) -> str:
    """A release as people write it."""
    return ".".join(map(str, version))
