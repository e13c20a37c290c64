"""What goes out: nothing that looks like a secret, and all the rest of a message."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.text.redaction import Redaction, redacted, without_tokens
from mlxsm_sync.text.secret_scan import HIDDEN, looks_like
from testing.fake_secrets.innocent import INNOCENT
from testing.fake_secrets.tokens import EVERY_TOKEN, TOKENS

ANNOUNCING = {
    *("api key", "api key in a query", "api key in words", "aws secret", "bare header", "basic auth"),
    *("access token in a query", "bearer", "bearer after a tab", "client secret", "cookie", "header"),
    *("header in quotes", "hf variable", "hub token", "key in a query", "passphrase", "password"),
    *("password after a tab", "pg password", "pwd", "session token", "signing key", "token", "token header"),
    "token in a query",
}
"""Tokens that only a word before them tells."""


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_seems_to_be_a_secret_is_shown(text: str) -> None:
    assert redacted(text) == without_tokens(text) == text


@given(
    st.lists(st.sampled_from(INNOCENT), min_size=2, max_size=4), st.sampled_from([" ", ", ", "/", "-", ": "])
)
def test_values_that_stand_beside_each_other_in_a_sentence_of_ours_are_no_token(
    values: list[str], between: str
) -> None:
    text = between.join(values)
    assert without_tokens(text) == text


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


@pytest.mark.parametrize("name", EVERY_TOKEN)
def test_no_part_of_a_token_is_left_in_a_message(name: str) -> None:
    token = EVERY_TOKEN[name]
    told = redacted(f"cannot read {token}: no such file")
    assert looks_like(told) is None
    assert token[-6:] not in told
    ours = without_tokens(f"cannot read {token}: no such file")
    assert (token in ours) == (name in ANNOUNCING)


@pytest.mark.parametrize(
    "name", ["Secret", "token", "Password: safe", "api_key test", "API key", "a token=b"]
)
def test_a_name_in_a_sentence_of_ours_is_shown_in_full(name: str) -> None:
    assert looks_like(name) is None
    for sentence in (
        f"{name}: skipped by choice",
        f"{name} clients talk to the server directly",
        f"mlxsm apply --rename '{name}={name} (Imported)'",
        f'"{name}": its modelID is a local path',
        f"model      {name}: mlx-community/Qwen3-4B-4bit is not complete in the cache",
    ):
        assert without_tokens(sentence) == sentence


def test_a_message_is_shortened_after_its_secrets_are_hidden() -> None:
    token = TOKENS["hf"]
    assert redacted(f"see {token}", longest=len("see ") + 5) == f"see {HIDDEN[:5]}…"
    assert redacted("short", longest=5) == "short"


def test_colours_and_escapes_hide_no_token_in_finished_output() -> None:
    token, half = TOKENS["hf"], 8
    dressed = f"first line\n{token[:half]}\x1b[1m{token[half:]}\x1b[0m\n"
    assert Redaction().text(dressed) == f"first line\n{HIDDEN}\n"
    hidden = f"{token[:half]}\u200b{token[half:]}"
    assert json.loads(Redaction().json({"a": [hidden, 1]})) == {"a": [HIDDEN, 1]}


def test_what_announces_a_secret_is_hidden_only_where_the_state_holds_one() -> None:
    line = "password: abcdefgh1"
    assert Redaction().text(line) == line
    assert Redaction(kept=lambda: ["password: other1234"]).text(line) == HIDDEN
    assert Redaction(kept=lambda: ["a name"]).text(line) == line
    told = Redaction(kept=lambda: [{"password": "other1234"}]).json({"password": "abcdefgh1"})
    assert json.loads(told) == {"password": HIDDEN}


def test_a_placeholder_of_ours_is_no_secret() -> None:
    line = f"Authorization: {TOKENS['hf']}"
    assert Redaction(placeholder=TOKENS["hf"]).text(line) == line
