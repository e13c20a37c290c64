"""One fake secret in every listed format, made at run time: no text of this repository looks like one."""

from __future__ import annotations

import random
import string

_random = random.Random(7)


def letters(count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(_random.choice(alphabet) for _ in range(count))


HEX = string.hexdigits[:16]
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
    "no user": "redis://:" + letters(20) + "@example.org/",
    "bearer after a tab": "Authorization: Bearer\t" + letters(24),
    "password after a tab": "password:\t" + letters(12),
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
