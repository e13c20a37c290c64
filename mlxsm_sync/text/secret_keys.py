"""What the name of a key says of its value: a secret, or a place on one machine."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from mlxsm_sync.text.unicode import without_format

KeyKind = Literal["secret", "path"]

_REASONS: dict[KeyKind, str] = {
    "secret": "looks like a secret: keys, tokens and passwords never go into a profile",
    "path": "looks like an executable or cache path: those belong to one machine, not to a profile",
}

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_SECRET_WORDS = re.compile(
    r"\w*(?:passw(?:or)?ds?|passphrases?|passcodes?|secrets?|credentials?)|pwds?|creds?|passkeys?"
    r"|auth|oauth|oauth2|authorization|bearer|jwt|cookies?"
)
"""Words that name a secret wherever they stand; some of them also as the end of a longer word."""

_ALONE = {"token", "tokens", "pat", "pass", "apikey", "apikeys"}
"""Words that name a secret where nothing but a number stands beside them."""

_OWNERS = (
    *("access", "account", "admin", "api", "app", "auth", "aws", "azure", "bearer", "bot", "client", "cloud"),
    *("csrf", "deploy", "device", "discord", "docker", "face", "gcp", "git", "github", "gitlab", "google"),
    *(
        "hf",
        "hub",
        "hugging",
        "huggingface",
        "huggingfacehub",
        "id",
        "jwt",
        "login",
        "modelscope",
        "ms",
        "my",
    ),
    *("npm", "oauth", "openai", "personal", "private", "pypi", "read", "refresh", "registry", "replicate"),
    *(
        "repo",
        "secret",
        "security",
        "service",
        "session",
        "slack",
        "ssh",
        "wandb",
        "webhook",
        "write",
        "xsrf",
    ),
)
"""Words that make a token a credential: the tokens of a vocabulary have others, such as `eos_token`."""

_KEYS = (
    *("access", "account", "api", "app", "auth", "client", "consumer", "deploy", "encryption", "hmac"),
    *("license", "master", "private", "secret", "service", "session", "sign", "signing", "ssh", "storage"),
    "subscription",
)
"""Words that make a key one that opens something."""

_PEOPLE = ("admin", "db", "ftp", "hub", "login", "mail", "my", "root", "smtp", "ssh", "user")
_PLACE_PAIRS = {(a, b) for a in ("file", "model", "cache", "local") for b in ("path", "dir", "folder")}
_PLACE_PAIRS |= {("hf", "home"), ("server", "path")}

_SECRET_PAIRS = {(owner, word) for owner in _OWNERS for word in ("token", "tokens", "pat")}
_SECRET_PAIRS |= {(kind, word) for kind in _KEYS for word in ("key", "keys")}
_SECRET_PAIRS |= {(owner, "pass") for owner in _PEOPLE} | {("session", "id"), ("service", "account")}
_JOINED = {first + second for first, second in _SECRET_PAIRS}
_JOINED |= {f"{owner}{kind}token" for owner in _OWNERS for kind in ("auth", "access", "api", "hub")}
"""The same where nothing stands between the words."""


@lru_cache(maxsize=4096)
def key_kinds(key: str) -> tuple[KeyKind, ...]:
    """What a key's name looks like. Known keys are to be let through before."""
    plain = without_format(key)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)
    words = [word.lower() for word in _WORD.findall(plain)]
    pairs = set(pairwise(words))
    kinds: list[KeyKind] = []
    named = any(_SECRET_WORDS.fullmatch(word) or word in _JOINED for word in words)
    if named or _SECRET_PAIRS & pairs or (len(words) == 1 and words[0] in _ALONE) or words[-1:] == ["pat"]:
        kinds.append("secret")
    if "executable" in words or _PLACE_PAIRS & pairs:
        kinds.append("path")
    return tuple(kinds)


def key_reason(key: str) -> str | None:
    """Why a key's name is not acceptable, else None. Known keys are to be let through before."""
    return next((_REASONS[kind] for kind in key_kinds(key)), None)
