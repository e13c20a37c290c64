"""What a command, a script and a server's source say, word by word."""

from __future__ import annotations

import ast
import shlex

import pytest

from mlxsm_sync.servers.scripts import first_line, shell_run
from mlxsm_sync.servers.server_parser import about_arguments, is_handed_on, options_in
from mlxsm_sync.text.program_words import program_places, project_option, python_run, unwrapped


@pytest.mark.parametrize(
    ("command", "inner"),
    [
        ("server", "server"),
        ("env server --x", "server --x"),
        ("env A=1 B= server", "server"),
        ("env -u A --unset B --unset=C -uD -v -- server", "server"),
        ("env -S 'A=1 python -u' server", "python -u server"),
        ("env '-Spython -u' server", "python -u server"),
        ("env -vS 'python -u' server", "python -u server"),
        ("env '--split-string=python -u' server", "python -u server"),
        ("env --split-string 'python -u' server", "python -u server"),
        ("/usr/bin/nice -n 5 server", "server"),
        ("nice -n5 server", "server"),
        ("nice -5 server", "server"),
        ("nice --adjustment 5 server", "server"),
        ("nice --adjustment=5 server", "server"),
        ("nohup nice env A=1 setsid -w server", "server"),
        ("caffeinate -dis -t 5 server", "server"),
        ("arch -arm64 server", "server"),
        ("arch -arch arm64 server", "server"),
        ("taskset -c 1,2 server", "server"),
        ("taskset --cpu-list 1 server", "server"),
        ("ionice -c2 -n 7 server", "server"),
        ("chrt -r 5 server", "server"),
        ("stdbuf -oL -e 0 server", "server"),
        ("time -p server", "server"),
        ("env -i server", None),
        ("env - server", None),
        ("env --ignore-environment server", None),
        ("env -C /x server", None),
        ("env -P /x server", None),
        ("env -S '\"' server", None),
        ("env -S", None),
        ("env A=1", None),
        ("env", None),
        ("nice", None),
        ("nice -n", None),
        ("nice --what server", None),
        ("taskset 1", None),
    ],
)
def test_what_wrappers_run(command: str, inner: str | None) -> None:
    found = unwrapped(shlex.split(command))
    assert (shlex.join(found.words) if found is not None else None) == inner


def test_what_wrappers_set() -> None:
    found = unwrapped(
        ["env", "-u", "A", "--unset", "B", "--unset=C", "-uD", "E=1", "nice", "env", "E=2=3", "x"]
    )
    assert found is not None
    assert found.variables == (("A", None), ("B", None), ("C", None), ("D", None), ("E", "1"), ("E", "2=3"))
    assert unwrapped([]) is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("-m mlx_lm.server", (None, "")),
        ("-mmlx_lm server", (None, "")),
        ("-sEm mlx_lm", (None, "Es")),
        ("-X utf8 -W ignore -u -m mlx_lm", (None, "u")),
        ("-Xutf8 script", ("script", "")),
        ("-I script -s", ("script", "I")),
        ("script --m", ("script", "")),
        ("-c code", None),
        ("-m", None),
        ("-X", None),
        ("-", None),
        ("--help", None),
        ("-y script", None),
        ("", None),
    ],
)
def test_what_a_python_is_told(arguments: str, told: tuple[str | None, str] | None) -> None:
    run = python_run(arguments.split())
    assert (None if run is None else (run.script, "".join(sorted(run.flags)))) == told


def test_what_isolates_a_python() -> None:
    isolated, plain = python_run(["-I", "x"]), python_run(["-s", "x"])
    assert isolated is not None
    assert plain is not None
    assert [isolated.has(flag) for flag in "EPsS"] == [True, True, True, False]
    assert [plain.has(flag) for flag in "EPsS"] == [False, False, True, False]


@pytest.mark.parametrize(
    ("command", "places"),
    [
        ("a", [0]),
        ("uv run b/c", [0]),
        ("nice -n 5 a/b", [0, 3]),
        ("env A=1 v/python v/server", [0, 2, 3]),
        ("v/python -m x", [0]),
        ("python -s v/server", [0, 2]),
        ("env -i a/b", [0]),
        ("env -S 'a b' c/d", [0]),
    ],
)
def test_which_words_are_programs(command: str, places: list[int]) -> None:
    assert program_places(shlex.split(command)) == places


def shell(*lines: str, **environment: str | None) -> tuple[str, ...] | None:
    run = shell_run("\n".join(("#!/bin/sh", *lines)), "/v/bin/x", "/real/bin", environment, ("1", "a b"))
    return None if run is None else run.words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('exec a "$@"', "a 1 'a b'"),
        ("exec a $@ b", "a 1 'a b' b"),
        ('exec a ${1+"$@"}', "a 1 'a b'"),
        ("'''exec' a", "a"),
        ("exec -a x -l -- a", "a"),
        ("exec 'a b' \"c d\" e\\ f # comment", "'a b' 'c d' 'e f'"),
        ('exec "$HOME/a" ~/b "${HOME}" $HOME c$HOME', "/h/a /h/b /h /h c/h"),
        ('exec "$0" "a\\"b\\$c"', "/v/bin/x 'a\"b$c'"),
        ('exec "$(dirname "$0")"/python', "/v/bin/python"),
        ('exec "${0%/*}/python"', "/v/bin/python"),
        ('exec "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/python"', "/v/bin/python"),
        ('exec "$(dirname -- "$(realpath -- "$0")")"/\'python\'', "/real/bin/python"),
        ('exec "$(dirname "$(readlink -f "$0")")/python"', "/real/bin/python"),
        ("A=1 exec b", "b"),
        ('A=1 a "$@"', "a 1 'a b'"),
        ('a "$@"', "a 1 'a b'"),
        ("a", None),
        ("exec", None),
        ("exec -c a", None),
        ("exec a; b", None),
        ("exec a | b", None),
        ("exec a >log", None),
        ("exec a*", None),
        ("exec $SPACE", None),
        ("exec $NONE a", None),
        ("exec $UNKNOWN", None),
        ('exec "$UNKNOWN"', None),
        ("exec `a`", None),
        ('exec "`a`"', None),
        ('exec "$(a)"', None),
        ('exec "a', None),
        ("if a", None),
        ("echo a", None),
    ],
)
def test_what_a_line_of_shell_runs(line: str, words: str | None) -> None:
    found = shell(line, HOME="/h", SPACE="a b", UNKNOWN=None)
    assert (shlex.join(found) if found is not None else None) == words


def test_lines_that_come_before() -> None:
    harmless = (
        "# comment",
        "",
        "set -eu",
        "umask 077",
        ": x",
        "echo a",
        "mkdir -p 'a b'",
        "A=1",
        "B='c d' C=2",
    )
    assert shell(*harmless, 'exec $A "$B" $C') == ("1", "c d", "2")
    assert shell("exec a \\", "  b") == ("a", "b")
    assert shell("A=${B:-c}", "exec d") == ("d",)
    assert shell("A=${B:-c}", "exec $A") is None
    assert shell("A=$(b)", "exec d") is None
    assert shell("A=1", "unset A", 'exec "b$A"') == ("b",)
    assert shell() is None
    run = shell_run(
        "#!\nexport A=1 B=2\nC=3\nD=4\nexport D E\nF=${X:-y}\nexport G=${X:-y}\nexec a", "/x", "/", {}, ()
    )
    assert run is not None
    assert run.environment == {"A": "1", "B": "2", "D": "4", "G": None}


def test_first_lines() -> None:
    assert first_line("#! /usr/bin/env  -S a\nb") == ("/usr/bin/env", "-S", "a")
    assert (first_line("#!"), first_line("#!\na"), first_line("a #!b")) == (None, None, None)
    assert first_line("#!\t/a\tb \r\nc") == ("/a", "b", "\r")


def test_what_deals_with_arguments() -> None:
    text = "x = 1\ndef f(p):\n\n    p.add_argument('--a')\n\nclass C:\n    pass\nq = ArgumentParser()\n"
    assert [type(node).__name__ for node in about_arguments(ast.parse(text), text).body] == [
        "Assign",
        "FunctionDef",
        "Assign",
    ]


def test_a_parser_that_is_given_away() -> None:
    own = "p = argparse.ArgumentParser()\np.add_argument('--a', '-b')\np.parse_args()\n"
    assert options_in(ast.parse(own)) == {"--a"}
    assert not is_handed_on(ast.parse(own))
    for more in ("f(p)", "f(x=p)", "p.add_argument(n)", "ArgumentParser(parents=[p])", "ArgumentParser(**k)"):
        assert is_handed_on(ast.parse(own + more)), more
    for more in ("f(q)", "a.b = 1", "(q, r) = ArgumentParser(), 1", "f()(1)", "q = x"):
        assert not is_handed_on(ast.parse(own + more)), more


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("uv run mlx_lm.server", ("uv", "--project")),
        ("/opt/bin/uv -q run python -m mlx_lm.server", ("uv", "--project")),
        ("nice -n 5 poetry run mlx_lm.server", ("poetry", "--directory")),
        ("uv run --project /x mlx_lm.server", None),
        ("uv run --project=/x mlx_lm.server", None),
        ("uv --directory /x run mlx_lm.server", None),
        ("uv run --with mlx-lm mlx_lm.server", None),
        ("uv tool run --from mlx-lm mlx_lm.server", None),
        ("uvx --from mlx-lm mlx_lm.server", None),
        ("mlx_lm.server run", None),
        ("env -i uv run x", None),
        ("uv", None),
    ],
)
def test_what_looks_for_a_project_where_it_runs(command: str, told: tuple[str, str] | None) -> None:
    assert project_option(command.split()) == told
