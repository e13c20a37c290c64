"""What a service holds, and how both managers' files say it: there and back, whatever is in the words."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.errors import ServerError
from mlxsm_sync.servers import launchd_plist, systemd_unit
from mlxsm_sync.servers.service_units import (
    HeldOptions,
    Service,
    command_line,
    held_by,
    kept_of,
    number,
    state_in,
)
from testing.fake_secrets.tokens import EVERY_TOKEN
from testing.ledger import Tally

ID = "abcdefgh12345678"
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
PRINTED = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\0\ufffe\uffff"), max_size=20
)
PATHS = TEXT.map(lambda text: f"/{text}")
SECONDS = st.one_of(st.integers(1, 10**6).map(float), st.integers(1, 10**9).map(lambda count: count / 1000))
HELD = st.builds(
    HeldOptions,
    server_command=TEXT,
    state=TEXT,
    file=st.none() | TEXT.filter(bool),
    machine=st.none() | TEXT.filter(bool),
    timeout=st.none() | SECONDS,
    no_probe=st.booleans(),
    allow_host=st.lists(TEXT, max_size=3).map(tuple),
    allow_arg=st.lists(TEXT, max_size=3).map(tuple),
    allow_overcommit=st.booleans(),
    stop_after_idle=st.none() | SECONDS,
    log_to_stdout=st.booleans(),
    give_up_with_zero=st.booleans(),
)


def service(argv: tuple[str, ...], **environment: str) -> Service:
    return Service(ID, argv, environment, 600.0, "/logs/a.log")


@given(HELD)
def test_what_a_service_holds_is_read_from_its_command_line(held: HeldOptions) -> None:
    assert held_by(command_line("/bin/python", ID, held), ID) == held


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["/bin/python"],
        ["/bin/python", "-m", "mlxsm_sync", "run", ID],
        ["/bin/python", "-P", "-m", "mlxsm_sync", "run", "another"],
        ["/bin/python", "-P", "-m", "mlxsm_sync", "run", ID, "word"],
        ["/bin/python", "-P", "-m", "mlxsm_sync", "run", ID, "--bogus"],
        ["/bin/python", "-P", "-m", "mlxsm_sync", "run", ID, "--no-probe=1"],
        ["/bin/python", "-P", "-m", "mlxsm_sync", "run", ID, "--timeout=soon"],
    ],
)
def test_a_command_line_that_is_none_of_ours(words: list[str]) -> None:
    assert held_by(words, ID) is None
    assert held_by(None, ID) is None


@given(st.tuples(PATHS, TEXT, TEXT, TEXT))
def test_a_unit_says_every_word(argv: tuple[str, ...]) -> None:
    assert systemd_unit.read(systemd_unit.written(service(argv))) == [*argv]


@given(st.tuples(PRINTED.map(lambda text: f"/{text}"), PRINTED, PRINTED), PRINTED)
def test_a_property_list_says_every_word_and_is_the_same_again(argv: tuple[str, ...], value: str) -> None:
    made = launchd_plist.written(service(argv, HF_X=value))
    assert launchd_plist.read(made) == [*argv]
    assert made == launchd_plist.written(service(argv, HF_X=value))
    assert plistlib.loads(made)["EnvironmentVariables"] == {"HF_X": value.replace("\r\n", "\n")}


@pytest.mark.parametrize("word", ["\x01", "a\x1b[31m", "\uffff"])
def test_a_property_list_that_could_not_be_read_is_not_written(word: str) -> None:
    with pytest.raises(ServerError, match="a property list cannot hold"):
        launchd_plist.written(service(("/bin/python", word)))


@given(st.binary(max_size=200) | TEXT.map(lambda text: f"ExecStart={text}".encode()))
def test_any_file_is_read_or_is_none_of_ours(data: bytes) -> None:
    for read in (systemd_unit.read, launchd_plist.read):
        words = read(data)
        assert words is None or all(isinstance(word, str) for word in words)
        held_by(words, ID)


@pytest.mark.parametrize(
    "plist",
    [
        b"",
        b"<plist>",
        plistlib.dumps({}),
        plistlib.dumps({"ProgramArguments": []}),
        plistlib.dumps({"ProgramArguments": [1]}),
        plistlib.dumps(["a"]),
        plistlib.dumps({"ProgramArguments": ["a"]})[:-40],
    ],
)
def test_a_property_list_of_somebody_else(plist: bytes) -> None:
    assert launchd_plist.read(plist) is None


def test_the_unit_as_it_is() -> None:
    made = systemd_unit.written(service(("/a b/py%n", "-m", 'say "$HOME" \\ %h'), HF_HOME="/50% of $x"))
    assert made.decode().splitlines()[6:10] == [
        "Type=notify",
        'ExecStart="/a b/py%%n" -m "say \\"$$HOME\\" \\\\ %%h"',
        'Environment="HF_HOME=/50%% of $x"',
        "WorkingDirectory=/",
    ]


def test_a_program_that_systemd_does_not_take_is_begun_by_a_shell() -> None:
    made = systemd_unit.written(service(("/a'b/$x/python", "-m", "x"))).decode()
    assert """ExecStart=/bin/sh -c "exec \\"$$0\\" \\"$$@\\"" "/a'b/$$x/python" -m x\n""" in made


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(600.0, "600"), (1e9, "1000000000"), (0.5, "0.5"), (1.25, "1.25"), (1e-5, "0.00001")],
)
def test_a_number_of_seconds(seconds: float, text: str) -> None:
    assert number(seconds) == text


def test_what_is_kept_of_an_environment() -> None:
    kept = kept_of(
        {
            "PATH": "/bin",
            "HOME": "/home/a",
            "LD_PRELOAD": "/x",
            "HF_HOME": "/models",
            "HF_HUB_OFFLINE": "1",
            "HF_TOKEN_PATH": "/home/a/token",
            "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
            "MLXSM_MACHINE": "studio",
            "MLXSM_STATE": "/other.json",
            "XDG_CACHE_HOME": "/cache",
            "HF_TOKEN": "anything",
            "HUGGING_FACE_HUB_TOKEN": "anything",
            "HF_API_KEY": "x",
            "MLXSM_PASSWORD": "x",
            "HF_NOTE": "a\nb",
            "HF_ENDPOINT": "https://user:secret-1234@hub.example",
        }
    )
    assert kept.variables == {
        "PATH": "/bin",
        "HF_HOME": "/models",
        "HF_HUB_OFFLINE": "1",
        "HF_TOKEN_PATH": "/home/a/token",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "MLXSM_MACHINE": "studio",
        "XDG_CACHE_HOME": "/cache",
    }
    assert {*kept.left_out} - {*kept.secret} == {"HF_NOTE"}
    assert kept.left_out == (
        "HF_API_KEY",
        "HF_ENDPOINT",
        "HF_NOTE",
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "MLXSM_PASSWORD",
    )


def test_paths_are_kept_as_they_are_meant_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service runs in another folder."""
    monkeypatch.chdir(tmp_path)
    kept = kept_of(
        {
            "PATH": "./bin::/usr/bin",
            "HF_HOME": "cache",
            "HF_HUB_CACHE": "~/hub",
            "HF_XET_CACHE": "",
            "XDG_CACHE_HOME": "../x",
            "HF_ENDPOINT": "hub.example",
        }
    )
    assert kept.variables == {
        "PATH": f"{tmp_path}/bin::/usr/bin",
        "HF_HOME": f"{tmp_path}/cache",
        "HF_HUB_CACHE": "~/hub",
        "HF_XET_CACHE": "",
        "XDG_CACHE_HOME": f"{tmp_path.parent}/x",
        "HF_ENDPOINT": "hub.example",
    }


def test_the_state_of_a_service_is_known_whatever_else_it_holds() -> None:
    assert state_in(["/bin/python", "-P", "--new-option", "--state=/a b.json"]) == "/a b.json"
    assert state_in(["/bin/python", "--file=--state=x"]) is None


def test_a_start_is_given_more_time_than_the_server_alone() -> None:
    """Python itself has to begin before it can ask for more."""
    made = systemd_unit.written(service(("/bin/python",))._replace(timeout=0.3))
    assert b"\nTimeoutStartSec=15.3\n" in made


@pytest.mark.threat(31)
def test_no_token_of_the_environment_is_in_a_service(tally: Tally) -> None:
    for token in EVERY_TOKEN.values():
        for name, value in (
            ("HF_TOKEN", token),
            ("HF_X", token),
            ("MLXSM_X", f"a {token} b"),
            ("HF_HOME", f"/home/{token}/hub"),
            ("PATH", f"/bin:/{token}:/usr/bin"),
        ):
            kept = kept_of({name: value})
            assert kept == ({}, (name,), (name,)), (name, token)
            made = service(("/bin/python",), **kept.variables)
            assert token.encode() not in systemd_unit.written(made) + launchd_plist.written(made)
            tally.add(variables=1)


def test_a_daemon_says_whose_it_is() -> None:
    made = launchd_plist.written(service(("/bin/python",))._replace(user="anna"))
    assert plistlib.loads(made)["UserName"] == "anna"
