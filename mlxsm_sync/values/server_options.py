"""The options of `mlx_lm.server`: which release knows which, and what each takes.

Read from the argument parsers of the releases 0.20.6 to 0.32.2 on PyPI.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mlxsm_sync.values.flag_rules import (
    BATCHING,
    OLD,
    SAMPLING,
    Flag,
    Version,
    absolute,
    model,
    one_of,
    template,
    text,
    whole,
)
from mlxsm_sync.values.launch_options import launch_options

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

OPTION_FLAGS = {one.key: one.flag for one in launch_options() if one.flag}
"""The server's option for every typed launch option but the raw ones."""

FLAGS: dict[str, Flag] = {
    "--model": Flag(OLD, text),
    "--adapter-path": Flag(OLD, absolute),
    "--host": Flag(OLD, text),
    "--port": Flag(OLD, whole(1, 65535)),
    "--trust-remote-code": Flag(OLD),
    "--cache-limit-gb": Flag(OLD, whole(0), (0, 22, 3)),
    "--chat-template": Flag(OLD, template),
    "--use-default-chat-template": Flag(OLD),
    "--draft-model": Flag((0, 23, 2), model),
    "--num-draft-tokens": Flag(SAMPLING, whole(0)),
    "--pipeline": Flag(BATCHING),
    "--kv-bits": Flag(FIRST_SAFE, one_of("1", "2", "3", "4", "5", "6", "8")),
    "--kv-group-size": Flag(FIRST_SAFE, one_of("32", "64", "128")),
    "--quantized-kv-start": Flag(FIRST_SAFE, whole(0)),
    **{one.flag: one.facts for one in launch_options() if one.flag},
}
"""Every option of the server; those that a profile has a field for are declared there."""


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
