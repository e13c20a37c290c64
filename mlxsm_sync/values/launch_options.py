"""The launch options of a profile: one table, from which everything that knows them is derived.

A row is a field of `LaunchOptions`: its name and type, and in `_option` its form in the Mac app, the
server's flag, and what that takes. The schemas, the app's documents and list, and the server's command
line follow from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, get_args

from mlxsm_sync.text.json_value import JsonObject
from mlxsm_sync.text.unicode import WHITE_CLASS
from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.fields import Constraint, aliases
from mlxsm_sync.values.flag_rules import (
    BATCHING,
    CACHE,
    OLD,
    ORIGINS,
    SAMPLING,
    Flag,
    Rule,
    Version,
    number,
    one_of,
    size,
    template_arguments,
    text,
    whole,
)

LARGEST = 10**18 - 1
"""Eighteen digits, which every reader of a file holds."""
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LOG_LEVELS: tuple[LogLevel, ...] = get_args(LogLevel)
_WHITE = WHITE_CLASS
_END = r"(?![\s\S])"  # the end of the text: `$` would let a last line break through
_OWN_FLAGS = ("--model", "--host", "--port")


def checked_text(check: Callable[[str], str], *patterns: str) -> Constraint:
    """A text judged by a function, which has the better words, and by patterns for JSON Schema."""
    if len(patterns) == 1:
        return Constraint(after=check, schema={"pattern": patterns[0]})
    return Constraint(after=check, schema={"allOf": [{"pattern": one} for one in patterns]})


def check_raw_argument(argument: str) -> str:
    """One raw argument; it may not set or abbreviate what the profile itself declares.

    The server's argument parser accepts any unambiguous beginning of an option, so `--ho` is
    `--host`, and `--h` may become it.
    """
    flag = argument.partition("=")[0]
    for own in _OWN_FLAGS:
        if len(flag) > 2 and own.startswith(flag):
            raise ValueError(f"must not set or abbreviate {own}: declare it as a field of the profile")
    return argument


def whole_number(value: Any) -> Any:
    """The value, an integer where it is a float without a fraction."""
    # JSON Schema counts 8080.0 as an integer, so the model does, too.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text.strip()


_PREFIXES = "|".join(own[2:stop] for own in _OWN_FLAGS for stop in range(3, len(own) + 1))
OWN_FLAG_RULE = (
    rf"^(?!--(?:{_PREFIXES})(?:=|{_END}))",
    "must not set or abbreviate --model, --host or --port: declare it as a field of the profile",
)
Positive = Annotated[int, Constraint(limits={"gt": 0, "le": LARGEST}, before=whole_number)]
Share = Annotated[float, Constraint(limits={"ge": 0, "le": 1})]
Temperature = Annotated[float, Constraint(limits={"ge": 0, "le": 2})]
NotBlank = Annotated[str, checked_text(_not_blank, rf"[^{_WHITE}]")]
RawArgument = Annotated[
    str,
    checked_text(check_raw_argument, OWN_FLAG_RULE[0]),
]
Form = Literal["temperature", "share", "positive", "bytes", "template", "origins", "level", "arguments"]
"""What a value is, for its text in the Mac app and for advice."""


class _Facts(NamedTuple):
    form: Form
    flag: str | None
    server: Flag
    example: str


class LaunchOption(NamedTuple):
    """A row of the one table of launch options, which are the fields of `LaunchOptions`."""

    name: str
    """The attribute."""
    key: str
    """Its name in a profile file, and in the app."""
    form: Form
    flag: str | None
    """The server's option; None for the raw arguments, which are options themselves."""
    facts: Flag
    """What the server takes for it, and since which release."""
    example: str
    """A value to propose for a number; blank for what is no number."""


def _option(
    form: Form, flag: str | None = None, since: Version = OLD, rule: Rule | None = None, example: str = ""
) -> Any:
    """An option that is unset by default; `since` and `rule` are what the server says of its flag."""
    return Field(default=None, facts=_Facts(form, flag, Flag(since, rule), example))


class LaunchOptions(Value):
    """Options of the server's command line; an absent one is left to the server."""

    default_temperature: Temperature | None = _option("temperature", "--temp", SAMPLING, number(), "0.2")
    """Sampling temperature where a request names none, 0 to 2."""
    default_top_p: Share | None = _option("share", "--top-p", SAMPLING, number(1), "0.9")
    """Nucleus sampling, 0 to 1."""
    default_top_k: Positive | None = _option("positive", "--top-k", SAMPLING, whole(0), "40")
    """How many of the likeliest tokens are sampled from."""
    default_min_p: Share | None = _option("share", "--min-p", SAMPLING, number(1), "0.05")
    """Least probability relative to the likeliest token, 0 to 1."""
    default_max_tokens: Positive | None = _option("positive", "--max-tokens", SAMPLING, whole(1), "4096")
    """Tokens per answer where a request names no limit."""
    chat_template_args: JsonObject | None = _option(
        "template", "--chat-template-args", SAMPLING, template_arguments
    )
    """Arguments of the chat template, a mapping."""
    allowed_origins: NotBlank | None = _option("origins", "--allowed-origins", ORIGINS, text)
    """Comma-separated origins whose web pages may call the server."""
    log_level: LogLevel | None = _option("level", "--log-level", OLD, one_of(*LOG_LEVELS))
    """The server's log level."""
    decode_concurrency: Positive | None = _option("positive", "--decode-concurrency", BATCHING, whole(1), "4")
    """Requests decoded side by side."""
    prompt_concurrency: Positive | None = _option("positive", "--prompt-concurrency", BATCHING, whole(1), "2")
    """Prompts processed side by side."""
    prefill_step_size: Positive | None = _option("positive", "--prefill-step-size", CACHE, whole(1), "2048")
    """Tokens per step of prompt processing."""
    prompt_cache_size: Positive | None = _option("positive", "--prompt-cache-size", CACHE, whole(0), "10")
    """Entries of the prompt cache."""
    prompt_cache_bytes: Positive | None = _option("bytes", "--prompt-cache-bytes", CACHE, size, "4000000000")
    """Size of the prompt cache in bytes."""
    raw_extra_args: tuple[RawArgument, ...] | None = _option("arguments")
    """Further arguments for the server, one per item, no shell splitting."""


@cache
def launch_options() -> tuple[LaunchOption, ...]:
    """Every launch option, in the model's order."""
    facts = {one.name: one.metadata["facts"] for one in dataclasses.fields(LaunchOptions)}
    return tuple(LaunchOption(name, key, *facts[name]) for name, key in aliases(LaunchOptions).items())
