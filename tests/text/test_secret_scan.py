"""What looks like a secret, in every listed format, and what only seems to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as sre  # type: ignore[attr-defined] - no public name for it
from re import _parser  # type: ignore[attr-defined] - the same
from typing import Any

import pytest

from mlxsm_sync.errors import FileError
from mlxsm_sync.files.paths import refuse_secret
from mlxsm_sync.text.secret_formats import SURE
from mlxsm_sync.text.secret_keys import key_kinds, key_reason
from mlxsm_sync.text.secret_scan import (
    WINDOW,
    in_answer,
    looks_like,
    reasons,
    value_reason,
)
from mlxsm_sync.text.secret_words import ANNOUNCED
from testing.fake_secrets.innocent import INNOCENT, KEYS
from testing.fake_secrets.tokens import EVERY_TOKEN, TOKENS, letters

SECRET_KEYS = """apiKey api_key API-KEY hfToken HF_TOKEN token tokens token1 password clientSecret authorization
privateKey accessToken huggingFaceToken hugging_face_hub_token HF-TOKEN hftoken huggingfacetoken
HUGGINGFACE_TOKEN modelscopeToken pat github_pat auth authKey pwd passwd passphrase passcode bearer
bearerToken credential credentials creds apikey x-api-key OPENAI_API_KEY openaiApiKey private_key
session_cookie cookie session_id jwt sshKey secretKey secret_access_key ACCESS_KEY PGPASSWORD dbPassword
userpassword user_pass refreshToken id_token oauth_token myToken encryptionKey ｔｏｋｅｎ to\u200bken
--api-key --hf-token"""


def test_there_is_a_token_of_every_kind_and_a_large_corpus_of_what_is_none() -> None:
    told = {looks_like(token) for token in EVERY_TOKEN.values()}
    assert {one.what for one in (*SURE, *ANNOUNCED)} <= told
    assert len(INNOCENT) > 150


@pytest.mark.parametrize("name", EVERY_TOKEN)
def test_a_listed_format_is_found_wherever_it_hides(name: str) -> None:
    token = EVERY_TOKEN[name]
    half = len(token) // 2
    hidden = token[:half] + "\u200b\u00ad\u2060" + token[half:]
    wide = "".join(
        chr(ord(char) + 0xFEE0) if "!" <= char <= "~" and char.isalnum() else char for char in token
    )
    for text in (token, f"see {token} here", f'"{token}"', hidden, wide, f"{'-' * (WINDOW - 20)} {token}"):
        found = looks_like(text)
        assert found is not None, text
        assert token not in found
    assert list(reasons({"a": [token]}))
    assert list(reasons({"a": [{token: 1}]}))


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_seems_to_be_a_secret_passes(text: str) -> None:
    assert value_reason(text) is None


@pytest.mark.parametrize(
    "key",
    SECRET_KEYS.split(),
)
def test_keys_that_name_a_secret(key: str) -> None:
    assert "looks like a secret" in str(key_reason(key))
    assert any("looks like a secret" in one for one in reasons({"deep": [{key: "x"}]}))


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
    "key", [*KEYS, "defaultMaxTokens", "chatTemplateArgs", "--max-tokens", "--adapter-path", ""]
)
def test_keys_that_name_neither(key: str) -> None:
    assert key_kinds(key) == ()


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("--api-key abc", True),
        ("--kv-bits 4 --api-key=abc", True),
        (" --hf-token\tabc", True),
        ("-x --password", True),
        ("--draft-model secret/llm", False),
        ("--draft-model my-password/x --kv-bits 4", False),
        ("--adapter-path=/data/my-secret", False),
        ("--adapter-path /m/api_key/x", False),
        ("- the api key is in the keychain", False),
        ("a note on --api-key", False),
    ],
)
def test_only_the_name_of_an_option_says_what_it_sets(value: str, refused: bool) -> None:
    assert (value_reason(value) is not None) == refused


def test_an_answer_is_judged_on_both_sides() -> None:
    assert in_answer("Secret=Secret (Imported)") is None
    assert in_answer("Secret") is None
    for token in TOKENS.values():
        assert in_answer(f"A={token}")


def test_a_path_that_is_a_secret_is_refused_without_repeating_it() -> None:
    refuse_secret("/tmp/state.json", "the state")
    with pytest.raises(FileError) as refused:
        refuse_secret(f"/tmp/{TOKENS['hf']}/state.json", "the state")
    assert refused.value.message == "the path of the state looks like a secret; it was not used"


def _is_needed(kind: Any, argument: Any) -> bool:
    """Whether a part of a pattern cannot be empty."""
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return bool(argument[0])
    return kind not in (sre.ASSERT, sre.ASSERT_NOT, sre.AT)


def _endless(parsed: Any, rest: bool = False) -> Iterator[str]:
    """Repetitions without a bound that something must follow: they could be tried again and again."""
    items = list(parsed)
    for place, (kind, argument) in enumerate(items):
        follows = rest or any(_is_needed(*one) for one in items[place + 1 :])
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            _, most, inner = argument
            yield from [str(inner)] if most is sre.MAXREPEAT and follows else []
            yield from _endless(inner, follows or most is not sre.MAXREPEAT)
        elif kind is sre.SUBPATTERN:
            yield from _endless(argument[3], follows)
        elif kind is sre.BRANCH:
            for one in argument[1]:
                yield from _endless(one, follows)
        elif kind in (sre.ASSERT, sre.ASSERT_NOT):
            yield from _endless(argument[1], rest=True)


@pytest.mark.parametrize("number", range(len(SURE) + len(ANNOUNCED)))
def test_no_pattern_can_be_made_to_try_for_ever(number: int) -> None:
    one = (*SURE, *ANNOUNCED)[number]
    assert re.compile(one.pattern)
    assert [*_endless(_parser.parse(one.pattern))] == [], one.pattern


def test_hostile_text_of_the_longest_value_is_read_to_its_end() -> None:
    for part in (
        "-eyJ",
        "secret",
        "token:",
        "a-",
        "----BEGIN",
        "sk-",
        "a://",
        "1//0",
        "M.",
        "Cookie:",
        "sig=&",
    ):
        text = part * (16 * 1024 // len(part))
        assert looks_like(text) is None
        assert looks_like(f"{text} {TOKENS['hf']}") is not None
        assert looks_like(text + letters(5)) is None
