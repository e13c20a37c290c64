"""git is asked without a terminal, whatever its caller's variables say, and its words hide what addresses hide."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.errors import ServerError
from mlxsm_sync.system.git import Git, lock_in, reason, remedy, without_credentials
from mlxsm_sync.system.spawn import Answer, ask_apart

PATH = {"PATH": "/usr/bin:/bin"}
PLAIN = st.text(
    st.characters(codec="ascii", categories=["L", "N", "P", "S"], exclude_characters="/@'\""), min_size=1
)


@given(PLAIN, PLAIN)
def test_no_name_and_no_password_of_an_address_is_told(user: str, password: str) -> None:
    said = f"fatal: unable to access 'https://{user}:{password}@host.example/a/b.git/': no route"
    assert without_credentials(said) == "fatal: unable to access 'https://host.example/a/b.git/': no route"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ssh://git@host/x", "ssh://host/x"),
        ("https://a:b@h/x and https://c@h/y", "https://h/x and https://h/y"),
        ("https://a:p@ss/w@rd@h/x", "https://h/x"),
        ("https://host/x", "https://host/x"),
        ("git@host:x", "git@host:x"),
        ("a@example.org", "a@example.org"),
    ],
)
def test_what_is_left_of_an_address(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


def test_a_token_in_its_words_is_hidden_and_they_are_short() -> None:
    token = "ghp_" + "0123456789abcdefABCDEF0123456789abcd"
    said = reason(Answer(128, "", f"fatal: bad {token}\n" + "x " * 900))
    assert token not in said
    assert len(said) < 700


def test_a_lock_is_found_in_its_words() -> None:
    answer = Answer(
        128, "", "fatal: Unable to create '/a b/.git/index.lock': File exists.\n\nAnother git process"
    )
    assert lock_in(answer) == "/a b/.git/index.lock"
    assert (remedy(answer) or "").endswith(": rm '/a b/.git/index.lock'")
    assert remedy(Answer(1, "", "other")) is None


def test_of_the_variables_for_git_only_those_for_remotes_are_kept(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    misleading = {
        "GIT_DIR": "/nowhere",
        "GIT_WORK_TREE": "/nowhere",
        "GIT_INDEX_FILE": "/nowhere",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "alias.x",
        "GIT_CONFIG_VALUE_0": "!false",
        "GIT_TRACE": "1",
        "GIT_CEILING_DIRECTORIES": str(tmp_path),
    }
    git = Git(str(tmp_path), PATH | misleading | {"GIT_SSH_COMMAND": "my-ssh"})
    assert git.line("rev-parse", "--show-toplevel") == str(tmp_path)
    (tmp_path / ".git/config").write_text('[alias]\n\tseen = "!env"\n')
    seen = dict(line.partition("=")[::2] for line in git.need("seen").splitlines())
    assert seen["GIT_SSH_COMMAND"] == "my-ssh"
    assert (seen["GIT_TERMINAL_PROMPT"], seen["GIT_ASKPASS"], seen["LC_ALL"]) == ("0", "", "C")
    assert not {"GIT_INDEX_FILE", "GIT_TRACE", "GIT_CEILING_DIRECTORIES"} & seen.keys()
    assert git.line("config", "alias.x") is None


def test_what_it_cannot_do_is_told_in_its_words(tmp_path: Path) -> None:
    git = Git(str(tmp_path), PATH)
    with pytest.raises(ServerError, match="git rev-parse failed: fatal: not a git repository"):
        git.need("rev-parse", "HEAD")
    assert git.line("rev-parse", "HEAD") is None
    with pytest.raises(ServerError, match="there is no folder"):
        Git(str(tmp_path / "none"), PATH).ask("status")


def test_there_is_no_terminal_to_ask_at() -> None:
    answer = ask_apart(["sh", "-c", "read answer </dev/tty && echo heard"], PATH, 30.0)
    assert (answer.code != 0, answer.out) == (True, "")


def test_names_that_are_no_text_arrive() -> None:
    assert ask_apart(["printf", "\\377"], PATH, 30.0).out == "\udcff"
