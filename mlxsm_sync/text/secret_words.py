"""The words that announce a secret: `password: …`, `Authorization: …`, `token=…`."""

from __future__ import annotations

from collections.abc import Iterable

from mlxsm_sync.text.secret_formats import Format

_PLACEHOLDER = (
    r"(?!(?i:not?[-_]?(?:key[-_])?(?:required|needed|used|set|key)[a-z_-]{0,40}|none|null|unused|required|optional"
    r"|empty|placeholder|unknown|keychain|(?:change|replace)[-_]?me|your[a-z_-]{0,40}|x{3,40}|\*{3,40}|\.{3,40})"
    r"(?=[.,;:!?)\]}\"']{0,3}(?:\s|\Z)))"
)
"""Not what stands for a key where none is needed, or where one is to be filled in."""
_SIGN = r"[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?" + _PLACEHOLDER
_VALUE = r"[^\s\"'<>{}$]"
_KEYS = (
    *("access", "account", "api", "auth", "client", "consumer", "encryption", "master", "private", "secret"),
    *("service", "signing", "ssh", "subscription"),
)
_TOKENS = (
    *(
        "access",
        "api",
        "auth",
        "bearer",
        "bot",
        "deploy",
        "github",
        "gitlab",
        "hf",
        "hub",
        "id",
        "jwt",
        "npm",
    ),
    *("oauth", "personal", "refresh", "security", "service", "session", "slack"),
)


def _after(words: Iterable[str], letter: str) -> str:
    """One of these words before a letter that has been read, joined with it in any way."""
    return "|".join(f"(?<={word}{letter})|(?<={word}[_ -]{letter})" for word in words)


_SECRET = (
    f"[kKsSpPtT](?i:(?:{_after(_KEYS, 'k')})ey|(?<=s)ecret|(?<=p)ass(?:w(?:or)?d|phrase|code)"
    f"|(?:{_after(_TOKENS, 't')})oken)"
)
"""A word for a secret. Its first letters stand alone: they are found fast, and the rest is looked at."""

ANNOUNCED = (
    Format(
        "a bearer token",
        "~authorization",
        rf"(?i:authorization){_SIGN}"
        rf"(?P<secret>(?:(?i:bearer|basic|token|digest|negotiate|apikey)[ \t]{{1,4}})?{_VALUE}{{8,}})",
    ),
    Format("a bearer token", "~bearer", r"(?P<secret>(?i:bearer)[ \t]{1,4}[A-Za-z0-9._~+/-]{16,}={0,2})"),
    Format(
        "a cookie",
        "~cookie",
        r"(?P<secret>(?i:cookie)[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?[A-Za-z0-9_.-]{1,64}=[^\s;\"']{8,})",
    ),
    Format(
        "a secret",
        "~key ~secret ~passw ~passphrase ~passcode ~token",
        rf"(?P<secret>{_SECRET}{_SIGN}{_VALUE}{{6,}})",
    ),
    Format("a secret", "~pwd", rf"(?P<secret>(?i:pwd){_SIGN}(?![/~.]){_VALUE}{{6,}})"),
    Format(
        "a secret",
        "~token",
        rf"(?<![A-Za-z0-9_-])(?P<secret>(?i:tokens?){_SIGN}(?=[^\s0-9]{{0,64}}[0-9])[A-Za-z0-9_.~+/=-]{{12,}})",
    ),
    Format(
        "a secret",
        "~?key= ~&key= ~?auth= ~&auth= ~?pat= ~&pat=",
        r"[?&](?P<secret>(?i:key|auth|pat)=(?=[^\s0-9]{0,64}[0-9])[A-Za-z0-9_.~+/=%-]{12,})",
    ),
)
"""Told only by the words before them: in a value, and in what other programs say.

A finished sentence of ours is never searched for these: a profile may be called `Secret`. The group
`secret` is what is hidden.
"""
