"""Command lines of strangers: what they are is shown, and no password of theirs."""

from __future__ import annotations

import pytest

from mlxsm_sync.text.command_lines import shown_command
from mlxsm_sync.text.secret_scan import HIDDEN
from testing.fake_secrets.tokens import TOKENS

NAMES = (
    *("--pw", "-pw", "--pass", "--passwd", "--pwd", "--password", "--db-pass", "--dbpw", "--psk", "--secret"),
    *("--api-key", "--apiKey", "--token", "--auth-token", "--auth", "--credential", "--key", "--passphrase"),
    *("--client_secret", "--redis.password", "--http-basic-pass"),
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["hunter2", "x", "pa:ss=word", "/run/secrets/x"])
def test_the_value_of_an_option_for_a_secret_is_hidden_and_its_name_is_not(name: str, value: str) -> None:
    for line, told in (([name, value], f"{name} {HIDDEN}"), ([f"{name}={value}"], f"{name}={HIDDEN}")):
        assert shown_command(["/bin/x", *line, "--port", "1"]) == f"/bin/x {told} --port 1"


@pytest.mark.parametrize("word", ["PGPASSWORD=a", "DB_PASS=a", "MY_TOKEN=a", "password:a", "pw=a"])
def test_what_is_assigned_to_a_name_for_a_secret_is_hidden(word: str) -> None:
    name = word.rstrip("a")
    assert shown_command(["env", word, "x"]) == f"env {name}{HIDDEN} x"


@pytest.mark.parametrize(
    "line",
    [
        "python -m mlx_lm.server --model org/m --max-tokens 512 --top-k 4 --port 8080",
        "/usr/bin/passwd --bypass yes --compass north",
        "password hunting",
        "x --no-auth --port 1",
        "x --token",
        "-pw x",
        "nginx: worker process",
        "sudo -u joe x --user joe -p 8080",
    ],
)
def test_everything_else_is_shown_as_it_is(line: str) -> None:
    assert shown_command(line.split()) == line


@pytest.mark.parametrize("option", ["-u", "--user", "--proxy-user"])
def test_the_password_behind_a_user_is_hidden(option: str) -> None:
    assert shown_command(["curl", option, "joe:hunter2", "x"]) == f"curl {option} {HIDDEN} x"
    assert shown_command(["curl", f"{option}=joe:hunter2"]) == f"curl {option}={HIDDEN}"


def test_tokens_are_hidden_wherever_they_stand_and_the_line_stays_one() -> None:
    told = shown_command(["x\n", TOKENS["hf"], "-H", f"Authorization: Bearer {TOKENS['hf']}"])
    assert TOKENS["hf"] not in told
    assert told.isprintable()
