"""Keys that a profile file does not know: what was meant, and where it belongs."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import pytest

from mlxsm_sync.profile_file.key_advice import KEYS, Level, unknown_key
from mlxsm_sync.text.suggest import _slips as slips_between
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.raw_arguments import raw_faults
from mlxsm_sync.values.server_options import FLAGS, OPTION_FLAGS

RAW = " under advancedLaunchOptions"


def told(key: str, value: Any = None, level: Level = "options", there: tuple[str, ...] = ()) -> str:
    return (
        unknown_key(key, value, level, there).removeprefix(f'the key "{key}" ').removeprefix("is unknown: ")
    )


def spellings(flag: str) -> list[str]:
    """An option of the server as people write it as a key."""
    words = flag.removeprefix("--").split("-")
    camel = words[0] + "".join(map(str.capitalize, words[1:]))
    plain = ["-".join(words), "_".join(words), camel, camel[0].upper() + camel[1:], "".join(words)]
    return [*plain, *(one.upper() for one in plain), flag, "-" + "-".join(words)]


VALUES = {
    "--adapter-path": "./lora",
    "--draft-model": "org/small",
    "--chat-template": "{{ messages }}",
    "--kv-bits": 8,
    "--kv-group-size": 64,
}


@pytest.mark.parametrize("flag", sorted(FLAGS))
@pytest.mark.parametrize("level", ["profile", "options", "defaults", "default options", "file"])
def test_every_option_of_the_server_is_told_in_every_spelling(flag: str, level: Level) -> None:
    """An option with a key of its own is told the key, any other the list and its value."""
    own = {one: key for key, one in OPTION_FLAGS.items()} | {
        "--model": "modelID",
        "--host": "host",
        "--port": "port",
    }
    for key in spellings(flag):
        if key in KEYS[level]:
            continue
        value = True if FLAGS[flag].rule is None else VALUES.get(flag, 1)
        message = unknown_key(key, value, level)
        if flag in own and key in {known for keys in KEYS.values() for known in keys}:
            assert message.startswith(f'the key "{key}" belongs '), message
        elif flag in own:
            assert f"write {own[flag]}" in message or f"did you mean {own[flag]}" in message, message
        else:
            written = message.partition("rawExtraArgs: [")[2].partition("]")[0]
            assert written.startswith(flag), message
            assert "VALUE" not in written
            assert message.endswith(RAW) == (level not in ("options", "default options"))


PLACES = {
    ("logLevel", "profile"): "belongs under advancedLaunchOptions",
    ("logLevel", "defaults"): "belongs under advancedLaunchOptions",
    ("logLevel", "file"): "belongs under advancedLaunchOptions, in defaults or in a profile",
    ("port", "options"): "belongs in the profile, not under advancedLaunchOptions",
    ("port", "default options"): "belongs in defaults, not under advancedLaunchOptions",
    ("name", "default options"): "belongs in each profile",
    ("name", "defaults"): "belongs in each profile",
    ("modelID", "defaults"): "belongs in each profile",
    ("notes", "file"): "belongs in each profile",
    ("host", "file"): "belongs in defaults, or in each profile",
    ("collection", "profile"): "belongs at the top of the file",
    ("profiles", "defaults"): "belongs at the top of the file",
    ("schemaVersion", "options"): "belongs at the top of the file",
}


@pytest.mark.parametrize("key", ["machines", "machine", "hosts", "tags"])
def test_machines_of_a_profile_are_those_that_it_is_on(key: str) -> None:
    assert told(key, ["studio"], "profile") == "did you mean on?"


@pytest.mark.parametrize(("key", "level"), PLACES)
def test_a_key_in_another_place_is_told_where_it_belongs(key: str, level: Level) -> None:
    assert told(key, 1, level) == PLACES[(key, level)]


WORDS = {
    ("modelId", "profile"): "did you mean modelID?",
    ("model", "profile"): "write modelID",
    ("model_id", "profile"): "did you mean modelID?",
    ("modelName", "profile"): "did you mean modelID?",
    ("temperature", "options"): "did you mean defaultTemperature?",
    ("temperature", "profile"): "did you mean defaultTemperature, under advancedLaunchOptions?",
    ("numPredict", "options"): "did you mean defaultMaxTokens?",
    ("description", "profile"): "did you mean notes?",
    ("services", "file"): "did you mean profiles?",
    ("namespace", "file"): "did you mean collection?",
    ("chat_template_kwargs", "options"): "did you mean chatTemplateArgs?",
    ("colection", "file"): "did you mean collection?",
    ("tempreture", "options"): "did you mean defaultTemperature?",
    ("loglvl", "profile"): "did you mean logLevel, under advancedLaunchOptions?",
    ("defaultMax", "options"): "did you mean defaultMaxTokens?",
    ("prot", "profile"): "did you mean port?",
    ("ctx", "options"): "did you mean context, in the profile, not under advancedLaunchOptions?",
    ("ctx-size", "default options"): "did you mean context, in defaults, not under advancedLaunchOptions?",
    **dict.fromkeys(
        ((word, "profile") for word in ("contextLength", "ctx-size", "num_ctx", "n_ctx", "max-model-len")),
        "did you mean context?",
    ),
    ("seed", "options"): "the server takes that in each request only",
    ("env", "profile"): "environment variables are this machine's own; set them where mlxsm up runs",
    ("enabled", "profile"): "mlxsm up starts all, mlxsm up NAME one of them",
    ("quantization", "profile"): "the app has that, a profile file has not",
}


@pytest.mark.parametrize(("key", "level"), WORDS)
def test_words_of_other_tools_and_slips(key: str, level: Level) -> None:
    assert told(key, 1, level) == WORDS[(key, level)]


RAW_VALUES: list[tuple[str, Any, str]] = [
    ("kv-bits", "8", 'write rawExtraArgs: [--kv-bits, "8"]'),
    ("kv-bits", 7, "write rawExtraArgs: [--kv-bits, VALUE]; VALUE must be one of 1, 2, 3, 4, 5, 6, 8"),
    ("kv-bits", [8], "write rawExtraArgs: [--kv-bits, VALUE]; VALUE must be one of 1, 2, 3, 4, 5, 6, 8"),
    ("kv-bits", None, "leave it out, or write --kv-bits into rawExtraArgs"),
    ("trustRemoteCode", True, "write rawExtraArgs: [--trust-remote-code]"),
    ("trustRemoteCode", "yes", "write rawExtraArgs: [--trust-remote-code]"),
    ("trustRemoteCode", False, "leave it out, or write --trust-remote-code into rawExtraArgs"),
    ("trustRemoteCode", "no", "leave it out, or write --trust-remote-code into rawExtraArgs"),
    ("draftModel", "org/small", 'write rawExtraArgs: [--draft-model, "org/small"]'),
    ("draftModel", "x" * 101, "write rawExtraArgs: [--draft-model, VALUE]"),
    ("draftModel", "a\u202eb", "write rawExtraArgs: [--draft-model, VALUE]"),
    ("chatTemplate", "./t.jinja", ("write rawExtraArgs: [--chat-template, VALUE]; VALUE must be the text of a template, "
     "and is no path")),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "expected"), RAW_VALUES)
def test_an_option_without_a_key_is_told_with_its_value(key: str, value: Any, expected: str) -> None:
    assert told(key, value).startswith(expected)


def test_a_value_that_looks_like_a_secret_is_not_repeated() -> None:
    token = "hf_" + "Ab1" * 12
    assert token not in told("draftModel", token)
    assert told(token) == "this key is unknown"


def test_what_is_there_already_is_told() -> None:
    assert told("temp", 1, there=("defaultTemperature",)) == "drop it, since defaultTemperature is there"
    assert told("kv-bits", 8, there=("rawExtraArgs",)) == 'add --kv-bits, "8" to rawExtraArgs'


@pytest.mark.parametrize(
    "key", ["foo", "zebras", "x", "", "timeout", "a" * 61, "k\u202e", "options", "advancedOptins"]
)
def test_no_guess_is_better_than_a_bad_one(key: str) -> None:
    assert "did you mean" not in told(key, 1)
    assert "write" not in told(key, 1)


def test_a_slip_in_any_key_is_understood() -> None:
    """One letter left out, doubled, changed or swapped, in every key of every place."""
    rng = random.Random(1)
    for level, keys in KEYS.items():
        for key in keys:
            if len(key) < 5:
                continue
            place = rng.randrange(1, len(key) - 1)
            slips = [key[:place] + key[place + 1 :], key[:place] + key[place] + key[place:]]
            slips += [key[:place] + "q" + key[place + 1 :]]
            slips += [key[:place] + key[place + 1] + key[place] + key[place + 2 :]]
            for slip in slips:
                others = (one.lower() for one in keys if one != key)
                if slip not in keys and min(map(partial(slips_between, slip.lower()), others), default=9) > 1:
                    assert f"did you mean {key}?" in unknown_key(slip, 1, level), (
                        slip,
                        unknown_key(slip, 1, level),
                    )


def test_advice_for_an_option_is_valid_when_followed() -> None:
    for flag in FLAGS:
        for value in (
            1,
            8,
            64,
            "INFO",
            "DEBUG",
            "./x",
            "org/m",
            "{{ m }}",
            "http://a",
            '{"a": 1}',
            True,
            0.5,
        ):
            message = told(flag, value)
            if "rawExtraArgs: [" in message and "VALUE" not in message:
                import yaml

                arguments = yaml.safe_load("[" + message.partition("rawExtraArgs: [")[2])
                assert [*raw_faults(arguments)] == []
                LaunchOptions.model_validate_json(__import__("json").dumps({"rawExtraArgs": arguments}))
