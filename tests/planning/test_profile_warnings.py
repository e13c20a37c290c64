"""What is allowed and told."""

from __future__ import annotations

from typing import Any

import pytest

from mlxsm_sync.planning.profile_warnings import about, together
from mlxsm_sync.values.desired import DesiredProfile
from mlxsm_sync.values.model_ids import is_local_path
from mlxsm_sync.values.profile import from_fields


def wanted(name: str = "A", port: int = 1, index: int = 1, **more: Any) -> DesiredProfile:
    fields = {"/name": name, "/modelID": f"m/{port}", "/host": "127.0.0.1", "/port": port}
    fields |= {f"/{key.replace('__', '/')}": value for key, value in more.items()}
    profile = from_fields(fields)
    return DesiredProfile(index=index, profile=profile, declared=profile.fields)


def told(*profiles: DesiredProfile) -> list[str]:
    return [one.message for one in (*about(profiles), *together(profiles, ()))]


def raw(*arguments: str) -> DesiredProfile:
    return wanted(advancedLaunchOptions__rawExtraArgs=[*arguments])


def test_an_ordinary_profile_is_nothing_to_talk_about() -> None:
    assert told(wanted()) == []


@pytest.mark.parametrize("flag", ["--trust-remote-code", "--trust", "--tr", "--trust-remote-code=1"])
def test_foreign_code_is_told_however_the_option_is_shortened(flag: str) -> None:
    assert told(raw(flag))[1] == "--trust-remote-code lets a model run its own code on this machine"


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--max-tok", "the server takes --max-tok for --max-tokens: write it in full"),
        ("--max-tok=5", "the server takes --max-tok for --max-tokens: write it in full"),
        ("--kv-b", "the server takes --kv-b for --kv-bits: write it in full"),
        ("--t", "--t could be --temp, --top-k, --top-p or --trust-remote-code: write it in full"),
    ],
)
def test_a_shortened_option_is_told_in_full(flag: str, message: str) -> None:
    assert told(raw(flag))[1:] == [message]
    assert told(raw("--kv-bits", "4", flag, flag))[1:] == [message]


@pytest.mark.parametrize("origins", ["*", "null", "http://localhost:3000, null"])
def test_origins_that_any_page_has_are_told_wherever_they_stand(origins: str) -> None:
    message = "its allowedOrigins let any web page that is open on this machine use the server"
    assert told(wanted(advancedLaunchOptions__allowedOrigins=origins)) == [message]
    assert told(raw(f"--allowed-origins={origins}"))[1:] == [message]
    assert told(raw("--allowed-origins", origins))[1:] == [message]


@pytest.mark.parametrize("flag", ["--temp", "--", "trust", "--of-another-release"])
def test_other_raw_arguments_are_only_told(flag: str) -> None:
    assert told(raw(flag)) == [
        "it includes raw extra server arguments (rawExtraArgs): review them before a start"
    ]


@pytest.mark.parametrize(
    ("model", "local"),
    [
        ("mlx-community/Qwen3-4B-4bit", False),
        ("gpt2", False),
        ("/models/x", True),
        ("~/models/x", True),
        ("./x", True),
        ("../x", True),
        ("C:\\models", True),
        ("file:///x", True),
        ("models/mlx/x", True),
        ("FILE:///x", True),
        ("org/name/", False),
        ("https://huggingface.co/org/name", False),
        ("hf.co/org/name", False),
        ("hf://org/name", False),
        ("https/x/y", True),
    ],
)
def test_what_is_a_local_path(model: str, local: bool) -> None:
    assert is_local_path(model) == local


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "mac.local", "0x7f.1"])
def test_a_host_that_is_not_exactly_loopback_is_told(host: str) -> None:
    assert told(wanted(host=host)) == ["its host is not a loopback address: the server has no authentication"]


@pytest.mark.parametrize(
    ("origins", "open_to_all"),
    [("*", True), ("http://localhost, *", True), ("http://localhost:3000", False), ("http://*.org", False)],
)
def test_origins_that_let_every_page_in_are_told(origins: str, open_to_all: bool) -> None:
    message = "its allowedOrigins let any web page that is open on this machine use the server"
    assert told(wanted(advancedLaunchOptions__allowedOrigins=origins)) == [message] * open_to_all


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "LocalHost", "127.0.0.2"])
def test_loopback_is_nothing_to_talk_about(host: str) -> None:
    assert told(wanted(host=host)) == []


def test_hosts_that_can_mean_one_address_share_a_port() -> None:
    other = wanted("B", 1, 2, host="localhost", modelID="m/b")
    assert [one.message for one in together([wanted(), other], ())] == [
        'it shares its port with "B": only one of them can be up',
        'it shares its port with "A": only one of them can be up',
    ]
    elsewhere = wanted("B", 1, 2, host="10.0.0.5", modelID="m/b")
    assert [*together([wanted(), elsewhere], ())] == []
    everywhere = wanted("C", 1, 3, host="::", modelID="m/c")
    assert len([*together([elsewhere, everywhere], ())]) == 2


def test_many_neighbours_are_counted() -> None:
    crowd = [wanted(f"P{index}", 1, index, modelID=f"m/{index}") for index in range(1, 7)]
    assert next(together(crowd, ())).message == (
        'it shares its port with "P2", "P3", "P4" and 2 more: only one of them can be up'
    )


@pytest.mark.parametrize("other", ["qwen", "Ｑwen", "QWEN"])
def test_names_that_are_nearly_the_same_are_told(other: str) -> None:
    pair = [wanted("Qwen", 1), wanted(other, 2, 2)]
    assert [one.name for one in together(pair, ())] == ["Qwen", other]


def test_equal_names_are_a_conflict_and_no_warning() -> None:
    assert [*together([wanted("A", 1), wanted("A", 2, 2)], ())] == []


def test_entries_of_the_machine_are_neighbours_and_get_no_warning_themselves() -> None:
    from mlxsm_sync.values.state import Entry

    other = wanted("qwen", 1, modelID="m/b", host="localhost").profile
    entry = Entry(id="0" * 16, profile=other, owner=None)
    assert [one.name for one in together([wanted("Qwen", 1)], [entry])] == ["Qwen", "Qwen"]


def test_others_of_the_same_name_are_another_one() -> None:
    assert 'it shares its port with another "A": only one of them can be up' in told(wanted("A"), wanted("A"))
