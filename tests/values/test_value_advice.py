"""Advice about a wrong value leads to a file that is valid."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.syntax.source import Tree, parse_text
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.values.validation import Issue
from mlxsm_sync.values.value_advice import message
from testing.profile_files import judge_tree

FIELDS = {"name": "A", "modelID": "m/a", "host": "127.0.0.1", "port": "1"}
OPTIONS = (
    "defaultTemperature", "defaultTopP", "defaultTopK", "defaultMinP", "defaultMaxTokens", "chatTemplateArgs",
    "allowedOrigins", "logLevel", "decodeConcurrency", "promptConcurrency", "prefillStepSize", "promptCacheSize",
    "promptCacheBytes", "rawExtraArgs",
)  # fmt: skip


def problems(text: str) -> list[str]:
    noted = Problems("p.yaml")
    try:
        judge_tree("-", Tree(parse_text("p.yaml", text, noted), noted, "sha256:0"))
    except InvalidFile as error:
        return [one.message for one in error.problems]
    return []


def with_field(field: str, value: str) -> str:
    head = {"schemaVersion": "1", "collection": "team"}
    fields, options = dict(FIELDS), {}
    for known in (head, fields):
        if field in known:
            known[field] = value
    if field in OPTIONS:
        options[field] = value
    elif field not in (*head, *fields):
        fields[field] = value
    lines = [f"{key}: {one}" for key, one in head.items()]
    lines += ["profiles:", "  -"] + [f"    {key}: {one}" for key, one in fields.items()]
    lines += (
        ["    advancedLaunchOptions:"] + [f"      {key}: {one}" for key, one in options.items()]
        if options
        else []
    )
    return "\n".join(lines) + "\n"


# Of each field: what people write, and the value that the message must lead to.
PEOPLE = {
    "enableThinking": {
        "yes": "true", "Yes": "true", "on": "true", "'true'": "true", "1": "true", '"True"': "true", "enabled": "true",
        "no": "false", "off": "false", "0": "false", "'false'": "false", "disabled": "false", "auto": "null",
        '""': "null", "default": "null",
    },
    "port": {
        "08080": "8080", "'8080'": "8080", "8_080": "8080", "0x1F90": "8080", "0o17620": "8080", "[8080]": "8080",
        "['8080']": "8080", "8,080": "8080", "0755": "755", '"8080 "': "8080", "+08080": "8080",
    },
    "promptCacheBytes": {
        "4GB": "4000000000", "4 GB": "4000000000", "4g": "4000000000", "4GiB": "4294967296", "4 gib": "4294967296",
        "1.5GB": "1500000000", "512MB": "512000000", "512M": "512000000", "'4000000000'": "4000000000",
        "4_000_000_000": "4000000000", "4,000,000,000": "4000000000", "'4 000 000 000'": "4000000000", "1TB": "1000000000000",
        "100kB": "100000", "4GBytes": "4000000000",
    },
    "defaultMaxTokens": {"4k": "4000", "'4096'": "4096", "4096 tokens": "4096", "0b1000": "8", "04096": "4096"},
    "defaultTemperature": {"'0.3'": "0.3", "0,7": "0.7", "70%": "0.7", "\".5\"": "0.5", "'1'": "1", "[0.2]": "0.2"},
    "defaultTopP": {"95%": "0.95", "0,95": "0.95", "'1'": "1", "'0.90'": "0.9"},
    "logLevel": {"info": "INFO", "Debug": "DEBUG", "warn": "WARNING", "fatal": "CRITICAL", "err": "ERROR", "trace": "DEBUG"},
    "schemaVersion": {"'1'": "1", "v1": "1", "01": "1", "'1.0'": "1"},
    "collection": {"5": '"5"', "[team]": '"team"', "true": '"true"'},
    "name": {"5": '"5"', "true": '"true"', "[A]": '"A"', "-7": '"-7"'},
    "notes": {"5": '"5"', "[daily]": '"daily"', "false": '"false"'},
    "modelID": {
        "https://huggingface.co/mlx/q": "mlx/q", "mlx/q@main": "mlx/q", "mlx/q/": "mlx/q", "[mlx/q]": '"mlx/q"',
        "hf.co/mlx/q": "mlx/q", "$HOME/m": "~/m", "models/mlx/q": "./models/mlx/q", "7": '"7"',
        "file:///m/my q": '"/m/my q"', "~me/q": "~/q",
    },
    "host": {
        "'*'": "0.0.0.0", '"[::1]"': '"::1"', "127.0.0.1:8080": "127.0.0.1", "http://localhost/": "localhost",
        "[127.0.0.1]": '"127.0.0.1"', "localhost.": "localhost", "''": "127.0.0.1", "' ::1'": '"::1"',
    },
    "allowedOrigins": {
        "[http://a, http://b]": '"http://a,http://b"', "localhost:3000": '"http://localhost:3000"',
        "http://a/": '"http://a"', "HTTP://A": '"http://a"', "http://a http://b": '"http://a,http://b"',
        "http://a:80": '"http://a"',
    },
    "chatTemplateArgs": {"'{\"a\": 1}'": '{"a": 1}', "'{}'": "{}"},
    "rawExtraArgs": {
        "--pipeline": "[--pipeline]", "--kv-bits 8": '[--kv-bits, "8"]', "{kv-bits: 8}": '[--kv-bits, "8"]',
        "{--pipeline: true}": "[--pipeline]", "--kv-bits=8 --pipeline": '["--kv-bits=8", --pipeline]',
        "'--chat-template \"{{ m }}\"'": '[--chat-template, "{{ m }}"]',
    },
}  # fmt: skip
CASES = [(field, wrong, right) for field, pairs in PEOPLE.items() for wrong, right in pairs.items()]


@pytest.mark.parametrize(("field", "wrong", "right"), CASES)
def test_what_people_write_is_told_what_to_write(field: str, wrong: str, right: str) -> None:
    (message,) = problems(with_field(field, wrong))
    assert message.startswith(f"{field} must "), message
    written = advised(message)
    assert written == right, message
    assert problems(with_field(field, written)) == []


def advised(message: str) -> str | None:
    """The spelling that a message advises, else None."""
    found = re.search(r"(?:: write|, such as) (.+)\Z", message)
    if found is None:
        return None
    return re.split(r" for |, without|, or drop| \(or ", found[1])[0]


# And what nobody thought of: any plain or quoted text, list or mapping, in any field.
_TEXTS = [
    "yes",
    "0x",
    "8GB",
    "-1",
    "1e3",
    "None",
    "${X}",
    "*",
    "[]",
    "{}",
    "''",
    "' '",
    "http://x",
    "a b",
    "~",
    "'~'",
]
_TEXTS += [
    "12:30",
    "2001-12-14",
    "0.0.0.0",
    "::1",
    "/",
    "./x",
    "--model",
    "[--model]",
    "[-x]",
    "[1, 2]",
    "{a: b}",
]
_TEXTS += [
    "9" * 18,
    "1.5",
    "1.5.5",
    "off",
    "TRUE",
    "é",
    "'#1'",
    "null",
    "[null]",
    "{x: [1]}",
    "1_0",
    "|\n        x",
]
_values = st.sampled_from(_TEXTS) | st.text("0189.,_xkMGiB% ", min_size=1, max_size=7).map(
    lambda one: f"'{one}'"
)


@given(st.sampled_from(sorted(PEOPLE)), _values)
def test_what_is_advised_is_valid_whatever_was_written(field: str, value: str) -> None:
    for problem in problems(with_field(field, value)):
        if problem.startswith("ambiguous value"):
            quoted = problems(with_field(field, f"'{value}'"))
            assert quoted == [] or field not in ("name", "modelID", "notes", "collection"), (value, quoted)
        elif (written := advised(problem)) is not None and problem.startswith(f"{field} "):
            assert problems(with_field(field, written)) == [], problem


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("port", "0", "port must be a whole number between 1 and 65535, such as 8080"),
        ("port", "${PORT:-8080}", "port must be a whole number between 1 and 65535, such as 8080"),
        ("port", "70000", "port must be a whole number between 1 and 65535, such as 8080"),
        ("port", "0xzz", "port must be a whole number between 1 and 65535, such as 8080"),
        ("port", "0b12", "port must be a whole number between 1 and 65535, such as 8080"),
        ("defaultTopK", "1000000000000000000", "a number has at most 18 digits: quote it if it is text"),
        ("defaultTopK", "1e18", "defaultTopK must be a whole number with at most 18 digits"),
        ("enableThinking", "maybe", "enableThinking must be true or false"),
        ("enableThinking", "[true]", "enableThinking must be true or false"),
        ("logLevel", "loud", "logLevel must be DEBUG, INFO, WARNING, ERROR or CRITICAL"),
        ("schemaVersion", "2", "schemaVersion must be 1, the only version that this mlxsm reads"),
        ("collection", "", "collection must be text: write a name, or drop the line"),
        ("collection", "~", "collection must be text: write a name, or drop the line"),
        ("name", "1.50", "name must be text: put it in quotes"),
        ("name", "[A, B]", "name must be text, not a list"),
        ("name", "[]", "name must be text, not a list"),
        ("notes", "{a: 1}", "notes must be text, not a mapping"),
        ("host", "127.0", "host must have four numbers from 0 to 255 as an IPv4 address, such as 127.0.0.1"),
        ("chatTemplateArgs", "[{a: 1}]", "chatTemplateArgs must be a mapping, not a list: drop the dashes"),
        ("chatTemplateArgs", "x", "chatTemplateArgs must be a mapping, such as {enable_thinking: false}"),
        ("rawExtraArgs", "[null]", "rawExtraArgs[0] must be text"),
        ("rawExtraArgs", "[0.5]", "rawExtraArgs[0] must be text: put it in quotes"),
        ("rawExtraArgs", "[1]", 'rawExtraArgs[0] must be text: write "1"'),
        ("rawExtraArgs", "[[--a]]", 'rawExtraArgs[0] must be text, not a list: write "--a"'),
        ("rawExtraArgs", "\"a 'b\"", 'rawExtraArgs must be a list of arguments, one per item, such as [--kv-bits, "8"]'),
        ("advancedLaunchOptions", "[]", "advancedLaunchOptions must be a mapping, such as {}"),
    ],
)  # fmt: skip
def test_what_cannot_be_guessed_is_told_as_it_is(field: str, value: str, message: str) -> None:
    assert problems(with_field(field, value)) == [message]


def test_what_is_long_or_hidden_is_not_repeated() -> None:
    long = Issue(("modelID",), "string_type", {})
    assert message(long, ["a" * 90 + "/" + "b" * 90]) == "must be text, not a list"
    hidden: Any = ["a\u202eb"]
    assert message(Issue(("notes",), "string_type", {}), hidden) == "must be text, not a list"


def test_the_rows_of_a_user() -> None:
    """`yes` for a switch, a list for a host, a size with a unit, a word for a number: one run, one answer each."""
    text = with_field("enableThinking", "yes").replace("host: 127.0.0.1", "host: [a]")
    text += "    advancedLaunchOptions: {promptCacheBytes: 4GB, defaultTemperature: hot, numDraftTokens: 3}\n"
    assert problems(text) == [
        'host must be text, not a list: write "a"',
        "enableThinking must be true or false: write true",
        "promptCacheBytes must be a whole number of bytes above 0: write 4000000000 (or 4294967296 for GiB)",
        "defaultTemperature must be a number between 0 and 2, such as 0.2",
        'the key "numDraftTokens" is unknown: write rawExtraArgs: [--num-draft-tokens, "3"]',
    ]
