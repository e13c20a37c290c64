"""What looks like a secret, in every listed format, and what only seems to."""

from __future__ import annotations

import pytest
from fake_tokens import HEX, TOKENS, letters

from mlxsm_sync.errors import FileTrouble
from mlxsm_sync.secret_scan import HIDDEN, WINDOW, key_reason, looks_like, redacted, refuse_secret

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


def test_only_the_words_that_are_secrets_are_taken_out_of_a_message() -> None:
    assert redacted(f"see\t{TOKENS['hf']} in\nfile.yaml") == f"see\t{HIDDEN} in\nfile.yaml"
    assert redacted("nothing to hide") == "nothing to hide"
    assert redacted(f"it said: {TOKENS['bearer']} twice") == f"it said: Authorization: {HIDDEN} twice"
    assert redacted(f"x {TOKENS['jwt']}.more y") == f"x {HIDDEN} y"
    half = len(TOKENS["hf"]) // 2
    assert redacted(f"x {TOKENS['hf'][:half]}\u200b{TOKENS['hf'][half:]} y") == f"x {HIDDEN} y"


def test_where_a_secret_cannot_be_cut_out_nothing_of_the_message_is_left() -> None:
    assert redacted(f"it said: {TOKENS['private key']} and more of it") == HIDDEN
    assert redacted(f"{TOKENS['hf']} {TOKENS['private key']} and more of it") == HIDDEN
    assert redacted("pass\u200bword: abcdefgh") == HIDDEN


@pytest.mark.parametrize("name", TOKENS)
def test_no_part_of_a_token_is_left_in_a_message(name: str) -> None:
    told = redacted(f"cannot read {TOKENS[name]}: no such file")
    assert looks_like(told) is None
    assert TOKENS[name][-6:] not in told


def test_a_path_that_is_a_secret_is_refused_without_repeating_it() -> None:
    refuse_secret("/tmp/state.json", "the state")
    with pytest.raises(FileTrouble) as refused:
        refuse_secret(f"/tmp/{TOKENS['hf']}/state.json", "the state")
    assert refused.value.message == "the path of the state looks like a secret; it was not used"
