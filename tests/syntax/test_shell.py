"""Lines for a shell as commands, compared with what a shell makes of them."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.syntax.shell import ShellCommand, shell_commands
from mlxsm_sync.syntax.tree import Problems


def read(text: str) -> list[ShellCommand]:
    problems = Problems("x")
    commands = shell_commands(text, problems)
    assert not problems
    return commands


def words(text: str) -> list[list[str]]:
    return [[word.text for word in command.words] for command in read(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b c", [["a", "b", "c"]]),
        ("a 'b c' \"d e\" f\\ g ''", [["a", "b c", "d e", "f g", ""]]),
        ("a \\\n  b \\\r\n c", [["a", "b", "c"]]),
        ("a # b\n# c\nd#e", [["a"], ["d#e"]]),
        ("a; b && c || d | e & f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("(a b)", [["a", "b"]]),
        ("a > log 2>&1 &\nb >>'x y' </dev/null &> z c", [["a"], ["b", "c"]]),
        ("a >&2 2>file", [["a"]]),
        ("a >", [["a"]]),
        ("a > \n b", [["a"], ["b"]]),
        ("X=1 Y='2 3' a", [["a"]]),
        ('X=1; Y="2 3"\na $X "$Y" ${X}z', [["a", "1", "2 3", "1z"]]),
        ("export X=1 Z; a $X", [["a", "1"]]),
        ("a ${X:-8080} ${Y-z}", [["a", "8080", "z"]]),
        ("a $HOME/x ~/y", [["a", "~/x", "~/y"]]),
        ('a "\\$X \\" \\\\ \\a \\\nb"', [["a", '$X " \\ \\a b']]),
        ("$ a b", [["$", "a", "b"]]),
        ("'X=1' a", [["X=1", "a"]]),
        ("a b\\", [["a", "b"]]),
        ("", []),
        ("X=1", []),
        ("X='1 2'; a $X b", [["a", "1", "2", "b"]]),
        ("X=' 1 '; a $X z$X", [["a", "1", "z", "1"]]),
        ("X='1 2'; Y=$X; a \"$Y\"", [["a", "1 2"]]),
        ("X='1 2'; export Y=$X; a \"$Y\"", [["a", "1 2"]]),
        ('X=; a $X "$X" b', [["a", "", "b"]]),
        ("X=1; X+=' 2'; a $X", [["a", "1", "2"]]),
        ("X='Y=1'; $X a", [["Y=1", "a"]]),
        ("cat <<EOF\nb c\nEOF\nd", [["cat"], ["d"]]),
        ("cat <<'E F' | x\nb 'c\nE F\nd", [["cat"], ["x"], ["d"]]),
        ("cat <<-EOF <<B\n\tb\n\tEOF\nc\nB\nd", [["cat"], ["d"]]),
        ("cat <<EOF\r\nb\r\nEOF\r\nd", [["cat"], ["d"]]),
        ("cat <<EOF\nb c\nd", [["cat"]]),
        ("cat <<EOF\n EOF\nEOF\nd", [["cat"], ["d"]]),
        ("cat <<<b\nd", [["cat"], ["d"]]),
        ("cat <<\nd", [["cat"], ["d"]]),
        ("((x << 2)); b\n2", [["b"], ["2"]]),
        ("X=(a b\n # c\n 'd)' e)\nf", [["f"]]),
        ("X=(a", []),
    ],
)
def test_the_words_of_commands(text: str, expected: list[list[str]]) -> None:
    assert words(text) == expected


def test_what_is_set_and_where_output_goes_is_told_apart() -> None:
    (command,) = read("X=1 Y=$Z a > b")
    assert (command.variables, command.redirected) == (("X", "Y"), True)
    (command,) = read("a b")
    assert (command.variables, command.redirected) == ((), False)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("export X=1; a", ("X",)),
        ("X=1; export X Y=2\na", ("X", "Y")),
        ("export X=1; Z=3 a", ("X", "Z")),
        ("X=1; a", ()),
        ("declare -x X=1; typeset -gx Y=2; local Z=3; a", ("X", "Y")),
        ("export X=1 Y=2; unset X; export -n Y; a", ()),
        ("setenv X 1; set -gx Y 2; set --export Z 3; set -e; a", ("X", "Y", "Z")),
        ("export; a", ()),
    ],
)
def test_what_is_exported_is_given_to_every_command_behind_it(text: str, names: tuple[str, ...]) -> None:
    assert [one.variables for one in read(text) if one.words[0].text == "a"] == [names]


def test_a_here_document_is_data_of_the_command_before_it() -> None:
    first, second = read("cat <<A <<B\none\nA\ntwo\nB\nb")
    assert [(one.text, one.at.line) for one in first.data] == [("one\n", 2), ("two\n", 4)]
    assert (second.data, second.words[0].at.line) == ((), 6)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("a $PORT", "$PORT"),
        ('a "x${PORT}y"', "$PORT"),
        ("a $1", "$1"),
        ('a "$@"', "$@"),
        ("P=$Q; a $P", "$Q"),
        ("P+=1; a $P", "$P"),
        ("P=(b c); a $P", "$P"),
        ("a $(b c)", "something that only a shell can work out"),
        ("a `b c`", "something that only a shell can work out"),
        ('a "$(b)"', "something that only a shell can work out"),
        ("a ${X%y}", "something that only a shell can work out"),
        ("a $'x'", "something that only a shell can work out"),
        ("a `b", "something that only a shell can work out"),
    ],
)
def test_what_a_text_does_not_say_is_unknown(text: str, unknown: str) -> None:
    (command,) = read(text)
    assert [word.unknown for word in command.words] == [None, unknown]


@pytest.mark.parametrize("text", ["a\n b 'c\nd", 'a\n b "c\nd', 'a\n b "$(c"', "a\n b > 'c", "a\n X=( 'b"])
def test_a_quote_that_is_not_closed_is_told_where_it_begins(text: str) -> None:
    problems = Problems("x")
    shell_commands(text, problems)
    (problem,) = problems.sorted()
    assert (problem.line, problem.message) == (2, "a quote is not closed: close it")
    assert problem.column in (4, 6)


def test_every_word_has_its_place() -> None:
    first, second = read("# x\n a 'b\nc' d\n\n\n  e")
    assert [tuple(word.at) for word in first.words] == [(2, 2), (2, 4), (3, 4)]
    assert [tuple(word.at) for word in second.words] == [(6, 3)]


plain = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


@given(st.lists(plain, min_size=1, max_size=6))
def test_what_was_quoted_for_a_shell_is_read_back(given_words: list[str]) -> None:
    (command,) = read("x " + shlex.join(given_words))
    assert [word.text for word in command.words] == ["x", *given_words]
    assert all(word.unknown is None for word in command.words)


parts = st.sampled_from(
    [
        "a",
        "--b",
        "'c d'",
        '"e f"',
        '"g\\"h"',
        "\\i",
        "j\\ k",
        "''",
        '""',
        " ",
        "\\\n",
        "=",
        "l'm'\"n\"",
        "2",
        "~",
        "/",
    ]
)


@given(st.lists(parts, max_size=12).map("".join))
def test_a_real_shell_makes_the_same_words(text: str) -> None:
    line = f"printf '%s\\0' : {text} :"
    out = subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, check=True, env={"HOME": "~"}
    ).stdout
    ((_, _, *found),) = words(line)
    assert found == out.split("\0")[:-1]


variables = st.sampled_from(["$X", "${Y}", '"$X"', "z", "'$X'", " ", '"${Y} $X"'])


@given(st.lists(variables, max_size=8).map("".join))
def test_a_real_shell_splits_the_values_of_variables_alike(text: str) -> None:
    line = f"X='1 2'; Y=3; printf '%s\\0' : {text} :"
    out = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
    ((_, _, *found),) = words(line)
    assert found == out.split("\0")[:-1]


@given(
    st.text(max_size=60)
    | st.lists(parts | st.sampled_from(list("$`()&|;<>{}#\n'\"")), max_size=20).map("".join)
)
def test_any_text_is_read_to_its_end(text: str) -> None:
    shell_commands(text, Problems("x"))
