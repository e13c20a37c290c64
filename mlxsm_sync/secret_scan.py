"""What looks like a secret, or like a place on one machine, without ever showing it.

Known formats only: a secret that is encoded, split or of an unknown form passes. The formats are
public; most are documented by their issuers or listed in https://github.com/gitleaks/gitleaks.
Every pattern runs in linear time: no two neighbouring repetitions share a character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import Literal

from mlxsm_sync.characters import without_format
from mlxsm_sync.errors import FileTrouble
from mlxsm_sync.json_value import Json

HIDDEN = "(looks like a secret)"
"""Stands for what nobody should see."""

KeyKind = Literal["secret", "path"]

_PRIVATE_KEY = "a private key"
"""Its format is only the first line of it."""

WINDOW = 4096
"""Characters scanned at a time."""
OVERLAP = 512
"""Characters that two windows share, more than any listed format needs to be recognised."""

_FORMATS: tuple[tuple[str, str, str], ...] = (
    ("a Hugging Face token", "hf_,api_org_", r"(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    (
        "a GitHub token",
        "ghp_,gho_,ghu_,ghs_,ghr_,github_pat_",
        r"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}",
    ),
    (
        "a GitLab token",
        "glpat-,gldt-,glrt-,glptt-,glft-,glsoat-,glcbt-,glagent-",
        r"gl(?:pat|dt|rt|ptt|ft|soat|cbt|agent)-[A-Za-z0-9_-]{20,}",
    ),
    ("an Anthropic key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{20,}"),
    ("an OpenRouter key", "sk-or-v1-", r"sk-or-v1-[0-9a-f]{32,}"),
    ("an OpenAI key", "sk-", r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9]{32,}"),
    (
        "an AWS access key",
        "akia,asia,abia,acca,a3t",
        r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Z0-9])",
    ),
    (
        "a Google key",
        "aiza,gocspx-,ya29.",
        r"AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{20,}",
    ),
    ("an npm token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    ("a PyPI token", "pypi-", r"pypi-[A-Za-z0-9_-]{50,}"),
    ("a Groq key", "gsk_", r"gsk_[A-Za-z0-9]{40,}"),
    ("a Replicate token", "r8_", r"r8_[A-Za-z0-9]{30,}"),
    ("an xAI key", "xai-", r"xai-[A-Za-z0-9]{40,}"),
    ("a Perplexity key", "pplx-", r"pplx-[A-Za-z0-9]{40,}"),
    ("an NVIDIA key", "nvapi-", r"nvapi-[A-Za-z0-9_-]{40,}"),
    ("a Fireworks key", "fw_", r"fw_[A-Za-z0-9]{20,}"),
    ("a Tavily key", "tvly-", r"tvly-[A-Za-z0-9-]{20,}"),
    ("a Slack token", "xox,xapp-", r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Za-z0-9-]{20,}"),
    ("a Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/+]{30,}"),
    (
        "a Stripe key",
        "_live_,_test_,whsec_",
        r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{24,}",
    ),
    ("a SendGrid key", "sg.", r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,}"),
    ("a Twilio key", "sk,ac", r"(?:SK|AC)[0-9a-f]{32}(?![0-9A-Za-z])"),
    ("a Mailgun key", "key-", r"key-[0-9a-f]{32}(?![0-9A-Za-z])"),
    ("a Telegram bot token", ":aa", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}"),
    ("a Discord token", ".", r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"),
    ("a DigitalOcean token", "_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    ("a Databricks token", "dapi", r"dapi[0-9a-f]{32}"),
    ("a Docker token", "dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    ("a Vault token", "hvs.,hvb.,hvr.", r"hv[sbr]\.[A-Za-z0-9_-]{20,}"),
    ("a Linear key", "lin_", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    ("a Notion token", "ntn_,secret_", r"ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43}"),
    ("a Shopify token", "shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    ("a Weights & Biases key", "wandb_v1_", r"wandb_v1_[A-Za-z0-9_-]{40,}"),
    ("a LangSmith key", "lsv2_", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    ("a Grafana token", "glsa_,glc_", r"gl(?:sa|c)_[A-Za-z0-9+/_=-]{32,}"),
    ("a Postman key", "pmak-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    ("an age key", "age-secret-key-", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    ("a 1Password token", "ops_eyj", r"ops_eyJ[A-Za-z0-9+/=_-]{100,}"),
    (
        "an Azure key",
        "accountkey=,sharedaccesskey=",
        r"AccountKey=[A-Za-z0-9+/]{40,}={0,2}|SharedAccessKey=[A-Za-z0-9+/]{30,}={0,2}",
    ),
    ("a signed web token", "eyj", r"eyJ[A-Za-z0-9_-]{10,400}\.eyJ[A-Za-z0-9_-]{10}"),
    (
        "a bearer token",
        "bearer,basic",
        (
            r"(?i:bearer)[ \t]{1,4}[A-Za-z0-9._~+/-]{16,}={0,2}"
            r"|(?i:authorization)[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?(?i:basic)[ \t]{1,4}[A-Za-z0-9+/=_-]{8,}"
        ),
    ),
    (
        "a password in an address",
        "://",
        r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@]{0,128}:[^\s/@]{1,256}@",
    ),
    (
        "a secret",
        "key,secret,passw,passphrase,token",
        (
            r"[A-Za-z0-9_-]{0,40}"
            r"(?i:(?:api|secret|private|access)[_-]?(?:access[_-]?)?key|secret|passw(?:or)?d|passphrase"
            r"|(?:access|auth|hf|api|refresh|session|hub)[_-]?token)"
            r"[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?[^\s\"'<>{}$]{6,}"
        ),
    ),
    (_PRIVATE_KEY, "private key", r"-----BEGIN[A-Z ]{0,32}PRIVATE KEY(?: BLOCK)?-----"),
)

_SECRET_WORDS = {"secret", "secrets", "password", "passwd", "passphrase", "credential", "credentials"}
_SECRET_WORDS |= {"authorization", "bearer", "apikey", "authtoken", "accesstoken", "hftoken"}
_SECRET_PAIRS = {(a, "token") for a in ("access", "api", "auth", "bearer", "hf", "refresh", "session", "id")}
_SECRET_PAIRS |= {(a, "key") for a in ("api", "access", "private", "secret", "ssh", "encryption")}
_PLACE_PAIRS = {(a, b) for a in ("file", "model", "cache", "local") for b in ("path", "dir", "folder")}
_PLACE_PAIRS |= {("hf", "home"), ("server", "path")}
_KEY_REASONS: dict[KeyKind, str] = {
    "secret": "looks like a secret: keys, tokens and passwords never go into a profile",
    "path": "looks like an executable or cache path: those belong to one machine, not to a profile",
}
_SPACE = re.compile(r"(\s+)")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


# Each kind of secret, the words (in lower case) of which any such value contains one, its pattern.
_KINDS = tuple((what, tuple(words.split(",")), pattern) for what, words, pattern in _FORMATS)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})")


@lru_cache(maxsize=4096)
def looks_like(text: str) -> str | None:
    """What kind of secret a value contains, in words, else None. Never returns any of the value."""
    if len(text) < len("secret=") + 6:
        return None
    plain = without_format(text)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)
    for start in range(0, len(plain), WINDOW - OVERLAP):
        window = plain[start : start + WINDOW]
        lower = window.lower()
        for what, words, pattern in _KINDS:
            if any(word in lower for word in words) and _compiled(pattern).search(window):
                return what
    return None


def redacted(text: str) -> str:
    """`text` without what looks like a secret; nothing of it where that cannot be cut out."""
    if looks_like(text) is None:
        return text
    told, lower = text, text.lower()
    for what, words, pattern in _KINDS:
        if any(word in lower for word in words):
            told, count = _to_the_end_of_the_word(pattern).subn(HIDDEN, told)
            if count and what == _PRIVATE_KEY:
                return HIDDEN
    # Hidden by characters that nobody sees, or in wide letters.
    told = "".join(HIDDEN if looks_like(part) else part for part in _SPACE.split(told))
    return HIDDEN if looks_like(told) else told


@cache
def _to_the_end_of_the_word(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"{_compiled(pattern).pattern}\S*")


def refuse_secret(path: object, what: str) -> None:
    """FileTrouble for a path that looks like a secret: paths are kept, printed and logged."""
    if looks_like(str(path)):
        raise FileTrouble(f"the path of {what} looks like a secret; it was not used", "give it another name")


def key_kinds(key: str) -> list[KeyKind]:
    """What a key's name looks like. Known keys are to be let through before."""
    words = [word.lower() for word in _WORD.findall(without_format(key))]
    pairs = set(pairwise(words))
    kinds: list[KeyKind] = []
    if _SECRET_WORDS & set(words) or _SECRET_PAIRS & pairs or words in (["token"], ["tokens"]):
        kinds.append("secret")
    if "executable" in words or _PLACE_PAIRS & pairs:
        kinds.append("path")
    return kinds


def key_reason(key: str) -> str | None:
    """Why a key's name is not acceptable, else None. Known keys are to be let through before."""
    return next((_KEY_REASONS[kind] for kind in key_kinds(key)), None)


def value_reason(value: str) -> str | None:
    """Why a value is not acceptable, else None: it, or the option that it sets, looks like a secret."""
    if what := looks_like(value):
        return f"value looks like {what}: take it out, and revoke it if anybody has seen it"
    if value.startswith("--") and (reason := key_reason(value.partition("=")[0])):
        return f"option {reason}"
    return None


def reasons(value: Json) -> Iterator[str]:
    """Why a value that would be kept cannot be: what its texts and keys look like."""
    if isinstance(value, str) and (reason := value_reason(value)):
        yield reason
    for item in value if isinstance(value, list) else ():
        yield from reasons(item)
    for key, item in value.items() if isinstance(value, dict) else ():
        if what := looks_like(key):
            yield f"key looks like {what}"
        elif reason := key_reason(key):
            yield f"key {reason}"
        yield from reasons(item)
