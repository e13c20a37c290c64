"""What looks like a secret, in every listed format, and what only seems to."""

from __future__ import annotations

import random
import string

import pytest

from mlxsm_sync.secret_scan import WINDOW, key_reason, looks_like

_random = random.Random(7)


def letters(count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(_random.choice(alphabet) for _ in range(count))


HEX = string.hexdigits[:16]
# Made at run time: no text of this repository looks like a secret.
TOKENS = {
    "hf": "hf_" + letters(34),
    "hf org": "api_org_" + letters(34, string.ascii_letters),
    **{f"gh{kind}": f"gh{kind}_" + letters(36) for kind in "pousr"},
    "github fine": "github_pat_" + letters(22) + "_" + letters(59),
    "gitlab": "glpat-" + letters(20),
    "anthropic": "sk-ant-api03-" + letters(93) + "AA",
    "openrouter": "sk-or-v1-" + letters(64, HEX),
    "openai": "sk-" + letters(20) + "T3BlbkFJ" + letters(20),
    "openai project": "sk-proj-" + letters(80),
    "openai service": "sk-svcacct-" + letters(80),
    "aws": "AKIA" + letters(16, string.ascii_uppercase + "234567"),
    "aws session": "ASIA" + letters(16, string.ascii_uppercase + "234567"),
    "google": "AIza" + letters(35),
    "google client": "GOCSPX-" + letters(28),
    "npm": "npm_" + letters(36),
    "pypi": "pypi-AgEIcHlwaS5vcmc" + letters(60),
    "groq": "gsk_" + letters(52),
    "replicate": "r8_" + letters(37),
    "xai": "xai-" + letters(80),
    "perplexity": "pplx-" + letters(48),
    "nvidia": "nvapi-" + letters(64),
    "slack": "xoxb-" + letters(12, string.digits) + "-" + letters(24),
    "slack hook": "https://hooks.slack.com/services/T" + letters(8) + "/B" + letters(8) + "/" + letters(24),
    "stripe": "sk_live_" + letters(24),
    "sendgrid": "SG." + letters(22) + "." + letters(43),
    "twilio": "SK" + letters(32, HEX),
    "telegram": letters(10, "123456789") + ":AA" + letters(33),
    "discord": "M" + letters(25) + "." + letters(6) + "." + letters(38),
    "digitalocean": "dop_v1_" + letters(64, HEX),
    "databricks": "dapi" + letters(32, HEX),
    "docker": "dckr_pat_" + letters(27),
    "vault": "hvs." + letters(90),
    "linear": "lin_api_" + letters(40),
    "notion": "ntn_" + letters(46),
    "shopify": "shpat_" + letters(32, HEX),
    "langsmith": "lsv2_pt_" + letters(32, HEX) + "_" + letters(10, HEX),
    "grafana": "glsa_" + letters(32) + "_" + letters(8, HEX),
    "postman": "PMAK-" + letters(24, HEX) + "-" + letters(34, HEX),
    "age": "AGE-SECRET-KEY-1" + letters(58, string.ascii_uppercase),
    "azure": "AccountKey=" + letters(86) + "==",
    "jwt": f"eyJ{letters(20)}.eyJ{letters(40)}.{letters(43)}",
    "bearer": "Authorization: Bearer " + letters(24),
    "basic": "https://user:" + letters(10) + "@example.org/",
    "password": "password: " + letters(7),
    "api key": "--api-key=" + letters(12),
    "aws secret": "aws_secret_access_key = " + letters(40),
    "pg password": "PGPASSWORD=" + letters(10),
    "client secret": "clientSecret=" + letters(12),
    "session token": "session_token: " + letters(12),
    "hub token": "HUGGING_FACE_HUB_TOKEN=" + letters(12),
    "basic auth": "Authorization: Basic " + letters(24) + "==",
    "upper-case scheme": "HTTPS://user:" + letters(10) + "@example.org/",
    "full width": "".join(chr(ord(char) + 0xFEE0) if char != "_" else char for char in "hf_" + letters(34)),
    "private key": "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
}
HARMLESS = [
    "mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit",
    "sk-learn-style-classifier-for-tokens",
    "hf_transfer",
    "huggingface.co/mlx-community",
    "stop token </s> and eos_token",
    "--max-tokens",
    "max_tokens: 4096",
    "sha256:" + letters(64, HEX),
    letters(40, HEX),
    "123e4567-e89b-12d3-a456-426614174000",
    "/Users/me/models/Qwen3-4B",
    "http://localhost:3000,http://127.0.0.1:8080",
    "password",
    "see the secret: ask",
    "desk-top tasks",
]


@pytest.mark.parametrize("name", TOKENS)
def test_a_listed_format_is_found_wherever_it_hides(name: str) -> None:
    token = TOKENS[name]
    half = len(token) // 2
    hidden = token[:half] + "\u200b\u00ad\u2060" + token[half:]
    for text in (token, f"see {token} here", f"x={token}", hidden, "-" * (WINDOW - 20) + " " + token):
        found = looks_like(text)
        assert found is not None, text
        assert token not in found


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_seems_to_be_a_secret_passes(text: str) -> None:
    assert looks_like(text) is None


@pytest.mark.parametrize(
    "key",
    [
        "apiKey",
        "api_key",
        "API-KEY",
        "hfToken",
        "HF_TOKEN",
        "token",
        "password",
        "clientSecret",
        "authorization",
        "privateKey",
        "accessToken",
    ],
)
def test_keys_that_name_a_secret(key: str) -> None:
    assert "looks like a secret" in str(key_reason(key))


@pytest.mark.parametrize(
    "key",
    [
        "serverExecutable",
        "mlxServerExecutablePath",
        "cachePath",
        "cache_dir",
        "modelPath",
        "HF_HOME",
        "localPath",
    ],
)
def test_keys_that_name_a_place(key: str) -> None:
    assert "path" in str(key_reason(key))


@pytest.mark.parametrize(
    "key",
    [
        "maxTokens",
        "defaultMaxTokens",
        "eos_token",
        "enable_thinking",
        "keyword",
        "--max-tokens",
        "--adapter-path",
        "",
    ],
)
def test_keys_that_name_neither(key: str) -> None:
    assert key_reason(key) is None
