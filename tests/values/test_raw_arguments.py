"""Raw extra arguments: told apart as the server's parser would, and what it would never take."""

from __future__ import annotations

import argparse

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlxsm_sync.values.raw_arguments import GivenOption, Stray, raw_faults, told_apart, written_arguments
from mlxsm_sync.values.server_options import FLAGS

TWO = 'must be one item for each argument: write --kv-bits, "8"'
WRONG: dict[tuple[str, ...], list[tuple[int, str]]] = {
    ("--kv-bits 8",): [(0, TWO)],
    ("--kv-bits  8 ",): [(0, TWO)],
    ("--kv-bits\t8",): [(0, TWO)],
    ("--kv-bits '8'",): [(0, TWO)],
    ("--pipeline --kv-bits=8",): [(0, 'must be one item for each argument: write --pipeline, "--kv-bits=8"')],
    ("--chat-template '",): [(0, 'must be one item for each argument: write --chat-template, "\'"')],
    ("--port 8080",): [(0, "must not set what is a field of the profile: declare it as host, port or modelID")],
    ("--x " + "y" * 200,): [(0, "must be one item for each argument")],
    ("8",): [(0, "must follow an option that takes a value: this belongs to none")],
    ("--pipeline", "true"): [(1, "must follow an option that takes a value: this belongs to none")],
    ("--kv-bits", "8", "9"): [(2, "must follow an option that takes a value: this belongs to none")],
    ("",): [(0, "must not be blank: drop it")],
    (" ",): [(0, "must not be blank: drop it")],
    ("-m",): [(0, "must begin with two hyphens and a name, as every option of the server does")],
    ("--",): [(0, "must begin with two hyphens and a name, as every option of the server does")],
    ("-kv-bits=8",): [(0, 'must begin with two hyphens: write "--kv-bits=8"')],
    ("kv_bits",): [(0, "must begin with two hyphens: write --kv-bits")],
    ("\u2014kv-bits",): [(0, "must begin with two hyphens: write --kv-bits")],
    ("\u2013-kv-bits",): [(0, "must begin with two hyphens: write --kv-bits")],
    ("--kv-bits",): [(0, "must be followed by a value for --kv-bits")],
    ("--kv-bits", "--pipeline"): [(0, "must be followed by a value for --kv-bits")],
    ("--kv-bits", "7"): [(1, "must be one of 1, 2, 3, 4, 5, 6, 8 for --kv-bits")],
    ("--kv-bits=7",): [(0, "must be one of 1, 2, 3, 4, 5, 6, 8 for --kv-bits")],
    ("--log-level", "debug"): [(1, "must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL for --log-level")],
    ("--pipeline=1",): [(0, "must not have a value: write --pipeline")],
    ("--kv-bits", "8", "--kv-bits=4"): [(2, "must not be given twice: drop one --kv-bits")],
    ("--adapter-path", "lora"): [(1, "must be a path that begins with /, ./, ../ or ~/")],
    ("--draft-model", "org/m@main"): [
        (1, "must not name a revision, since the server loads the main branch: write org/m")
    ],
    ("--allowed-origins", "localhost"): [
        (1, 'must have a scheme in front of each origin: write "http://localhost"')
    ],
    **{
        ("--chat-template", value): [
            (
                1,
                ("must be the text of a template, and is no path: the server reads no file for it "
                "(a model's folder may hold one as chat_template.jinja) for --chat-template"),
            )
        ]
        for value in ("/m/t.jinja", "./t.jinja", "../t", "~/t", "t.jinja", "T.JINJA2", "t.j2", "chatml", "file:x")
    },
}  # fmt: skip


@pytest.mark.parametrize("arguments", WRONG)
def test_what_no_server_takes(arguments: tuple[str, ...]) -> None:
    assert [*raw_faults(arguments)] == WRONG[arguments]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--kv-bits", "8"],
        ["--kv-bits=8", "--pipeline", "--trust-remote-code"],
        ["--temp", "1", "--num-draft-tokens=3", "--draft-model", "./draft"],
        ["--adapter-path", "~/lora", "--prompt-cache-bytes", "4 GB"],
        ["--chat-template", "{% for m in messages %}{{ m.content }}{% endfor %}"],
        ["--turbo-kv-bits", "3", "--fork-switch", "--lora", "a", "--lora", "b"],  # a fork's own
        ["--fork-level", "-5", "--fork-share", "-.5"],  # values, to argparse
        ["--port"],  # told of each item alone
        ["--ho", "0.0.0.0", "--kv-bits", "8"],
    ],
)
def test_what_a_server_may_take(arguments: list[str]) -> None:
    assert [*raw_faults(arguments)] == []


def _parser() -> argparse.ArgumentParser:
    """The server's own parser, as far as it tells options and values apart."""
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False, add_help=False)
    for name, flag in FLAGS.items():
        if flag.rule is None:
            parser.add_argument(name, action="store_true")
        else:
            parser.add_argument(name)
    return parser


_WORDS = [
    "--kv-bits",
    "--pipeline",
    "--temp=1",
    "--temp",
    "8",
    "x",
    "--pipeline=1",
    "a b",
    "-",
    "-5",
    "-.5",
    "-5x",
    "-x y",
    "--chat-template",
    "--max-tokens",
]


@given(st.lists(st.sampled_from(_WORDS), max_size=5))
@example(["--chat-template", "-5x"])
@example(["--chat-template", "-x y"])
def test_options_and_values_are_told_apart_as_the_server_does(arguments: list[str]) -> None:
    """What its parser refuses is told here; what is told here and it takes is a value that it would choke on."""
    parser = _parser()
    try:
        namespace, left = parser.parse_known_args(arguments)
    except argparse.ArgumentError:
        assert [*raw_faults(arguments)]
        return
    told = [*told_apart(arguments)]
    assert [one.word for one in told if isinstance(one, Stray)] == left
    for one in told:
        if isinstance(one, GivenOption) and FLAGS[one.name].rule is not None:
            last = [other for other in told if isinstance(other, GivenOption) and other.name == one.name][-1]
            assert getattr(namespace, one.name[2:].replace("-", "_")) == last.value


@given(st.lists(st.text(max_size=6), max_size=3))
def test_arguments_are_written_as_items_of_a_list(arguments: list[str]) -> None:
    import yaml

    text = f"[{written_arguments(arguments)}]"
    if all(one.isascii() and one.isprintable() for one in arguments):
        assert yaml.safe_load(text) == arguments
