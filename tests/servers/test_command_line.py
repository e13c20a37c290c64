"""A profile as a command line: options, releases, consent, and what a restart would change."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.servers.command_line import (
    OPTION_FLAGS,
    Consent,
    Program,
    changed_program,
    changes,
    flags_of,
    is_older,
    launch,
)
from mlxsm_sync.values.cluster import Cluster, Rank
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.server_options import FLAGS, NEWEST_KNOWN, known_to, parse_version, stands_for, written
from testing.fake_secrets.tokens import TOKENS
from testing.ledger import Tally
from testing.strategies import rich_profiles

NEWEST = Program(("/bin/mlx_lm.server",), "0.32.2")


def profile(host: str = "127.0.0.1", thinking: bool | None = None, **options: Any) -> Profile:
    return Profile(
        name="A",
        model_id="org/m",
        host=host,
        port=8080,
        enable_thinking=thinking,
        advanced_launch_options=LaunchOptions(**options),
    )


def words(one: Profile, program: Program = NEWEST) -> list[str]:
    made = launch(one, "org/m", program)
    assert made.problems == ()
    return [*made.arguments]


def problems(*raw: str, program: Program = NEWEST, consent: Consent | None = None) -> list[str]:
    return [*launch(profile(raw_extra_args=raw), "m", program, consent or Consent()).problems]


OWN_ORIGINS = "--allowed-origins=http://127.0.0.1:8080,http://[::1]:8080,http://localhost:8080"


def test_every_option_has_a_flag() -> None:
    typed = {*LaunchOptions().model_dump()} - {"rawExtraArgs"}
    assert typed == {*OPTION_FLAGS}
    assert {*OPTION_FLAGS.values()} <= {*FLAGS}


def test_options_become_whole_names_with_their_value() -> None:
    options = {
        "default_temperature": 0.3,
        "default_max_tokens": 12,
        "log_level": "DEBUG",
        "allowed_origins": "*",
        "raw_extra_args": ("--kv-bits", "4", "--pipeline", "--adapter-path=/a b", "--temp-x"),
    }
    made = launch(profile(**options), "/models/m", NEWEST, Consent(flags=frozenset({"--temp-x"})))
    assert made.problems == ()
    assert [*made.arguments] == [
        "--model=/models/m",
        "--host=127.0.0.1",
        "--port=8080",
        "--temp=0.3",
        "--max-tokens=12",
        "--allowed-origins=*",
        "--log-level=DEBUG",
        "--kv-bits=4",
        "--pipeline",
        "--adapter-path=/a b",
        "--temp-x",
    ]


def test_thinking_is_an_argument_of_the_template() -> None:
    def template(one: Profile) -> list[str]:
        return [word for word in words(one) if word.startswith("--chat-template-args")]

    assert template(profile()) == []
    assert template(profile(thinking=False)) == ['--chat-template-args={"enable_thinking": false}']
    assert template(profile(chat_template_args={})) == ["--chat-template-args={}"]
    assert template(profile(thinking=True, chat_template_args={"a": "ü"})) == [
        '--chat-template-args={"enable_thinking": true, "a": "ü"}'
    ]
    # What the template is told in so many words wins.
    assert template(profile(thinking=True, chat_template_args={"enable_thinking": False})) == [
        '--chat-template-args={"enable_thinking": false}'
    ]


def test_pages_of_others_are_shut_out_unless_declared() -> None:
    assert words(profile())[-1] == OWN_ORIGINS
    assert OWN_ORIGINS not in words(profile(allowed_origins="http://a"))
    # A release that has no such option is not given it.
    assert words(profile(), Program(("/s",), "0.31.1"))[-1] == "--port=8080"


TEMPLATE = (
    "--chat-template must be the text of a template, and is no path: the server reads no file for it "
    "(a model's folder may hold one as chat_template.jinja)"
)


@pytest.mark.parametrize(
    "template", ["{{ messages }}", "{% for m in messages %}x{% endfor %}", "/{{ x }} y.jinja"]
)
def test_the_text_of_a_template_is_one(template: str) -> None:
    assert problems("--chat-template", template) == []


@pytest.mark.parametrize(
    ("declared", "sent"),
    [
        ("http://a", "http://a"),
        ("http://localhost:3000, app://obsidian.md", "http://localhost:3000,app://obsidian.md"),
        (" http://a ,, http://b/ ", "http://a,http://b"),
        ("HTTP://LocalHost:3000/", "http://localhost:3000"),
        ("http://a:80,https://b:443,https://c:80", "http://a,https://b,https://c:80"),
        ("*", "*"),
        (" * ", "*"),
        ("null", "null"),
        ("http://a/path", "http://a/path"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_origins_are_sent_as_browsers_name_them(declared: str, sent: str) -> None:
    """The server compares them letter by letter."""
    assert f"--allowed-origins={sent}" in words(profile(allowed_origins=declared))
    assert f"--allowed-origins={sent}" in words(profile(raw_extra_args=("--allowed-origins", declared)))
    assert f"--allowed-origins={sent}" in words(profile(raw_extra_args=(f"--allowed-origins={declared}",)))


def test_folders_of_options_are_found_as_the_models_are() -> None:
    raw = ("--adapter-path", "./a", "--draft-model=~/d", "--temp", "1")
    found = launch(profile(raw_extra_args=raw), "m", NEWEST, find=lambda path: f"/found/{path[2:]}")
    assert found.problems == ()
    assert found.arguments[3:6] == ("--adapter-path=/found/a", "--draft-model=/found/d", "--temp=1")
    assert len(problems(*raw)) == 2


def test_remedies_can_be_pasted() -> None:
    for host in ("*", "${HOST}", "a b", "fe80::1%en0", "-x"):
        (told,) = launch(profile().model_copy(host=host), "m", NEWEST).unallowed
        assert told.endswith(f"--allow-host {shlex.quote(host)} lets it")
    for raw in ("--a b", "--$(x)", "--a;b", "--x`y`", "--*"):
        assert "--allow-arg" not in "".join(problems(raw))


def test_a_fork_is_called_what_is_installed() -> None:
    known = frozenset({"--model", "--host", "--port", "--turbo-kv-bits"})
    fork = Program(("/s",), "0.32.2", known)
    assert problems("--turbo-kv-bits", "4", program=fork) == []
    assert problems("--x", program=fork) == [
        "rawExtraArgs: the installed mlx-lm 0.32.2 has no --x; --allow-arg --x lets it pass"
    ]
    assert problems("--kv-bits", "4", program=fork) == ["the installed mlx-lm 0.32.2 has no --kv-bits"]
    unknown = Program(("/s",), None, known)
    assert problems("--kv-bits", "4", program=unknown) == ["the installed mlx_lm.server has no --kv-bits"]


@pytest.mark.threat(29)
@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (["4"], "rawExtraArgs: 4 belongs to no option"),
        (["--"], "rawExtraArgs: -- belongs to no option"),
        (["-h"], "rawExtraArgs: -h belongs to no option"),
        (["@file"], "rawExtraArgs: @file belongs to no option"),
        (["--tr"], "rawExtraArgs: --tr is short for --trust-remote-code: write the whole name"),
        (["--dr=evil/m"], "rawExtraArgs: --dr is short for --draft-model: write the whole name"),
        (["--to", "1"], "rawExtraArgs: --to is short for --top-k or --top-p: write the whole name"),
        (
            ["--kv-bitz", "4"],
            "rawExtraArgs: mlx-lm 0.32.2 has no --kv-bitz; did you mean --kv-bits? --allow-arg --kv-bitz lets it pass",
        ),
        (["--zzz"], "rawExtraArgs: mlx-lm 0.32.2 has no --zzz; --allow-arg --zzz lets it pass"),
        (["--kv-bits"], "--kv-bits needs a value"),
        (["--pipeline=1"], "--pipeline takes no value"),
        (["--kv-bits", "4", "--kv-bits=8"], "--kv-bits is given twice: once is enough"),
        (["--kv-bits", "7"], "--kv-bits must be one of 1, 2, 3, 4, 5, 6, 8"),
        (["--kv-group-size", "48"], "--kv-group-size must be one of 32, 64, 128"),
        (["--prompt-concurrency", "0"], "--prompt-concurrency must be a whole number, 1 or more"),
        (["--prefill-step-size=-1"], "--prefill-step-size must be a whole number, 1 or more"),
        (["--num-draft-tokens", "-1"], "--num-draft-tokens must be a whole number, 0 or more"),
        (["--top-p", "2"], "--top-p must be a number, 0 to 1"),
        (["--temp", "nan"], "--temp must be a number, 0 or more"),
        (["--temp", "1e999"], "--temp must be a number, 0 or more"),
        (
            ["--prompt-cache-bytes", "4GiB"],
            "--prompt-cache-bytes must be a number of bytes, or one with M, G, MB or GB",
        ),
        (["--log-level", "debug"], "--log-level must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        (
            ["--kv-bits 8"],
            'rawExtraArgs: "--kv-bits 8" is one argument: write two, ["--kv-bits", "8"]',
        ),
        (["--x=1 $(y)"], "rawExtraArgs: mlx-lm 0.32.2 has no --x; --allow-arg --x lets it pass"),
        (["--x;y"], "rawExtraArgs: --x;y belongs to no option"),
        (["--chat-template", "/abs/t.jinja"], TEMPLATE),
        (["--chat-template", "~/t"], TEMPLATE),
        (["--chat-template", "./{{t}}"], TEMPLATE),
        (["--chat-template", "chat_template.jinja"], TEMPLATE),
        (["--chat-template", "t.JINJA2"], TEMPLATE),
        (["--chat-template", "tokenizer_config.json"], TEMPLATE),
        (["--chat-template", "file:///t"], TEMPLATE),
        (["--chat-template", "models/t"], TEMPLATE),
        (["--chat-template", "chatml"], TEMPLATE),
        (["--draft-model="], "--draft-model must be an absolute path: the server runs in another folder"),
        (
            ["--adapter-path", "a/b"],
            "--adapter-path must be an absolute path: the server runs in another folder",
        ),
        (["--chat-template="], "--chat-template must not be empty"),
        (["--chat-template=--"], "--chat-template must not be --: the server's parser drops it"),
        (["--draft-model=--"], "--draft-model must not be --: the server's parser drops it"),
        (["--chat-template-args", "[1]"], "--chat-template-args must be a JSON object"),
        (["--chat-template-args", "{bad"], "--chat-template-args must be a JSON object"),
        (
            ["--chat-template-args", '{"tokenize": false}'],
            "--chat-template-args must not set tokenize: the server sets that itself, and every chat would fail",
        ),
    ],
)
def test_raw_arguments_are_judged(raw: list[str], problem: str, tally: Tally) -> None:
    assert problem in problems(*raw)
    tally.add(argument_lists=1)


def test_a_secret_is_never_put_on_a_command_line() -> None:
    """Whoever edited the state: every user of the machine can read what a process was started with."""
    token = TOKENS["hf"]
    assert problems("--adapter-path", f"/{token}") == ["the value of --adapter-path looks like a secret"]
    told = problems("--odd", token, f"--{token}", consent=Consent(flags=frozenset({"--odd"})))
    assert "the value of --odd looks like a secret" in told
    assert token not in "".join(told)


def test_a_declared_option_is_not_given_again() -> None:
    one = profile(default_max_tokens=5, raw_extra_args=("--max-tokens", "6"))
    assert launch(one, "m", NEWEST).problems == ("--max-tokens is given twice: once is enough",)
    both = profile(chat_template_args={"tools": [], "tokenize": 1})
    assert "must not set tokenize, tools" in launch(both, "m", NEWEST).problems[0]


def test_what_is_allowed_by_hand_passes_with_its_value() -> None:
    consent = Consent(flags=frozenset({"--new", "--odd"}))
    short = Consent(flags=frozenset({"--trust-remote-c", "--", "-h"}))
    for word in short.flags:
        assert launch(profile(raw_extra_args=(word,)), "m", NEWEST, short).problems
    made = launch(profile(raw_extra_args=("--new", "1", "--odd", "--kv-bits", "4")), "m", NEWEST, consent)
    assert made.problems == ()
    assert made.arguments[3:6] == ("--new=1", "--odd", "--kv-bits=4")
    assert problems("--zzz", "value", consent=consent) == [
        "rawExtraArgs: mlx-lm 0.32.2 has no --zzz; --allow-arg --zzz lets it pass"
    ]


@pytest.mark.threat(30)
def test_a_profile_alone_opens_nothing(tally: Tally) -> None:
    for host in ("0.0.0.0", "::", "0", "127.1", "mac.local", "Mac.Local"):
        (told,) = launch(profile(host), "m", NEWEST).unallowed
        assert f"--allow-host {host} lets it" in told
        assert launch(profile(host), "m", NEWEST, Consent(hosts=frozenset({host.upper()}))).unallowed == ()
    for host in ("127.0.0.1", "::1", "localhost", "LocalHost", "127.0.0.2"):
        assert launch(profile(host), "m", NEWEST).unallowed == ()
    trusting = profile(raw_extra_args=("--trust-remote-code",))
    (told,) = launch(trusting, "m", NEWEST).unallowed
    assert told.endswith("--allow-arg --trust-remote-code lets it")
    assert launch(trusting, "m", NEWEST, Consent(flags=frozenset({"--trust-remote-code"}))).unallowed == ()
    tally.add(hosts=10, flags=1)


def test_releases() -> None:
    old = Program(("/s",), "0.24.0")
    assert problems("--temp", "1", program=old) == [
        "--temp needs mlx-lm 0.24.1 or newer, and 0.24.0 is installed"
    ]
    gone = ["--cache-limit-gb is gone since mlx-lm 0.22.3, and 0.32.2 is installed"]
    assert problems("--cache-limit-gb", "1") == gone
    assert problems("--cache-limit-gb", "1", program=Program(("/s",), "0.22.0")) == []
    unknown = Program(("/s",))
    assert unknown.flags == known_to(NEWEST_KNOWN)
    assert problems("--kv-bits", "4", program=unknown) == []
    assert "mlx_lm.server has no --x" in problems("--x", program=unknown)[0]
    # A newer release was read: what it has is allowed, what it lost is not.
    newer = Program(("/s",), "1.2", frozenset({"--model", "--host", "--port", "--new", "--allowed-origins"}))
    assert problems("--new", "1", program=newer) == []
    assert problems("--kv-bits", "4", program=newer) == ["the installed mlx-lm 1.2 has no --kv-bits"]
    assert [len(known_to(parse_version(v))) for v in ("0.22.2", "0.22.3", "0.23.2", "0.24.1", "0.30.6")] == [
        9,
        8,
        9,
        16,
        19,
    ]
    assert [len(known_to(parse_version(v))) for v in ("0.31.1", "0.31.2", "0.31.3", "0.32.0")] == [
        22,
        23,
        23,
        26,
    ]
    assert parse_version("9" * 5000) == (10**9 - 1,)  # as a damaged record may have it
    assert (parse_version("0.32.2.dev1"), parse_version("x"), written((0, 32))) == ((0, 32, 2), (), "0.32")
    assert is_older("0.31.3", (0, 32, 0))
    assert not is_older("0.32.0", (0, 32, 0))
    assert not is_older(None, (0, 32, 0))
    assert stands_for("--max-tok", FLAGS) == ("--max-tokens",)


def test_what_a_restart_would_change() -> None:
    old = ("--model=m", "--max-tokens=512", "--pipeline")
    new = ("--model=m", "--max-tokens=4096", "--temp=1")
    assert changes(old, new) == (
        "--max-tokens 512 -> 4096",
        "--pipeline (set) -> (unset)",
        "--temp (unset) -> 1",
    )
    assert changes(old, reversed(old)) == ()
    assert changed_program(("/a",), "1", Program(("/b", "x"), "2")) == (
        "server command /a -> /b x",
        "mlx-lm 1 -> 2",
    )
    assert changed_program(("/a",), "1", Program(("/a",), "1")) == ()


def test_a_release_that_is_not_known_is_no_change() -> None:
    assert changed_program(("/a",), None, Program(("/a",), "1")) == ()
    assert changed_program(("/a",), "1", Program(("/a",), None)) == ()


def test_origins_that_follow_from_the_port_are_no_change_of_their_own() -> None:
    def arguments(port: int, origins: str | None = None) -> tuple[str, ...]:
        options = LaunchOptions(allowed_origins=origins)
        one = Profile(name="A", model_id="m", host="::1", port=port, advanced_launch_options=options)
        return launch(one, "m", NEWEST).arguments

    assert any(word.startswith("--allowed-origins=") for word in arguments(1))
    assert changes(arguments(1), arguments(2)) == ("--port 1 -> 2",)
    assert changes(arguments(1), arguments(1, "http://x")) == ("--allowed-origins (unset) -> http://x",)
    assert changes(arguments(1, "http://x"), arguments(2)) == (
        "--port 1 -> 2",
        "--allowed-origins http://x -> (unset)",
    )
    # A server that was started without them, since it did not know the option.
    assert changes([word for word in arguments(1) if "origins" not in word], arguments(1)) == ()
    assert changes(["--port=x"], ["--port=y"]) == ("--port x -> y",)


def test_what_nobody_declared_is_told_apart() -> None:
    plain = Profile(name="A", model_id="m", host="::1", port=1)
    (default,) = launch(plain, "m", NEWEST).defaults
    assert default.startswith("--allowed-origins=http://127.0.0.1:1,")
    assert launch(plain, "m", NEWEST).arguments[-1] == default
    declared = plain.model_copy(advanced_launch_options=LaunchOptions(allowed_origins="*"))
    assert launch(declared, "m", NEWEST).defaults == ()
    assert flags_of(launch(plain, "m", NEWEST).arguments) == {
        "--model",
        "--host",
        "--port",
        "--allowed-origins",
    }


@given(rich_profiles(), st.sampled_from(["0.20.6", "0.24.1", "0.31.2", "0.32.2"]))
def test_only_what_the_release_knows_is_emitted_and_each_once(one: Profile, version: str) -> None:
    program = Program(("/s",), version)
    made = launch(one, "m", program)
    names = [word.partition("=")[0] for word in made.arguments]
    if not made.problems:
        assert len(set(names)) == len(names)
        assert {*names} <= program.flags
    assert all(word.startswith("--") for word in made.arguments)
    assert changes(made.arguments, made.arguments) == ()


def test_a_cluster_needs_a_word_and_a_pipeline_its_flag() -> None:
    ranks = tuple(Rank(machine=f"m{one}", address=f"10.0.0.{one}", port=1) for one in (1, 2))
    alone = profile()
    tensor = alone.model_copy(cluster=Cluster(ranks=ranks), name="My Big")
    made = launch(tensor, "org/m", NEWEST)
    assert made.problems == ()
    assert "--pipeline" not in made.arguments
    (asked,) = made.unallowed
    assert asked.endswith(": --allow-cluster 'My Big' lets it")
    assert launch(tensor, "org/m", NEWEST, Consent(clusters=frozenset({"My Big"}))).unallowed == ()
    assert launch(tensor, "org/m", NEWEST, Consent(clusters=frozenset({"Other"}))).unallowed == (asked,)
    pipeline = tensor.model_copy(cluster=Cluster(ranks=ranks, sharding="pipeline"))
    assert "--pipeline" in launch(pipeline, "org/m", NEWEST).arguments
    old = launch(pipeline, "org/m", Program(("/x",), "0.29.1"))
    assert any("--pipeline needs mlx-lm 0.30.6 or newer" in one for one in old.problems)
