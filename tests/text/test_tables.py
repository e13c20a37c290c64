"""Tables and messages on terminals of any width, and in pipes, which have none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.text.columns import columns
from mlxsm_sync.text.tables import lines
from mlxsm_sync.text.wrapping import wrapped
from testing.project import Project

CELLS = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from("模型あ😀é한"), max_size=60)
TABLES = st.integers(1, 7).flatmap(
    lambda count: st.lists(st.lists(CELLS, min_size=count, max_size=count), min_size=1, max_size=6)
)


@given(TABLES, st.none() | st.integers(20, 200))
def test_columns_stand_below_each_other_and_fit(rows: list[list[str]], width: int | None) -> None:
    made = lines(rows, width)
    assert len(made) == len(rows)
    if width is not None:
        assert all(columns(line) <= width for line in made)
    natural = sum(max(map(columns, column)) for column in zip(*rows, strict=True)) + 2 * (len(rows[0]) - 1)
    if width is None or natural <= width:
        assert ["".join(line.split()) for line in made] == ["".join("".join(row).split()) for row in rows]


def test_letters_that_take_two_columns_are_counted_so() -> None:
    assert lines([["NAME", "PORT"], ["模型", "1"], ["a😀b", "2"], ["é", "3"]], None) == [
        "NAME  PORT",
        "模型  1",
        "a😀b  2",
        "é     3",
    ]


def test_the_widest_column_is_cut_first_and_short_ones_never() -> None:
    row = ["Qwen", "mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit", "127.0.0.1:8080"]
    assert lines([["NAME", "MODEL", "ENDPOINT"], row], 50) == [
        "NAME  MODEL                         ENDPOINT",
        "Qwen  mlx-community/Qwen3-Coder-3…  127.0.0.1:8080",
    ]
    (cut,) = lines([row], 30)
    assert cut.startswith("Qwen  mlx-")
    assert len(cut) <= 30


def test_only_columns_that_may_yield_are_cut() -> None:
    rows = [
        ["NAME", "STATUS", "ENDPOINT", "MODEL"],
        ["Qwen3 Coder 30B", "ready (stale)", "127.0.0.1:8080", "mlx-community/Qwen3-Coder-30B"],
    ]
    assert lines(rows, 68, yielding=(3, 0))[1] == (
        "Qwen3 Coder 30B  ready (stale)  127.0.0.1:8080  mlx-community/Qwen3…"
    )
    assert lines(rows, 50, yielding=(3, 0))[1] == "Qwen3 Co…  ready (stale)  127.0.0.1:8080  mlx-com…"
    assert lines(rows, None, yielding=(3, 0)) == lines(rows, None)
    assert all(
        columns(line) <= width for width in range(10, 90) for line in lines(rows, width, yielding=(3, 0))
    )


def test_the_least_useful_columns_are_left_out_where_cutting_is_not_enough() -> None:
    rows = [["NAME", "PID", "MEMORY", "MODEL"], ["Qwen3 Coder 30B", "12345", "18.2 GB", "org/qwen3-coder"]]
    assert lines(rows, 34, yielding=(3, 0), dropping=(3, 1))[1] == "Qwen3 C…  12345  18.2 GB  org/qwe…"
    assert lines(rows, 33, yielding=(3, 0), dropping=(3, 1))[1] == "Qwen3 Coder 30B  12345  18.2 GB"
    assert lines(rows, 30, yielding=(3, 0), dropping=(3, 1))[1] == "Qwen3 Coder 3…  12345  18.2 GB"
    assert lines(rows, 20, yielding=(3, 0), dropping=(3, 1))[1] == "Qwen3 Code…  18.2 GB"
    assert lines(rows, 5, yielding=(), dropping=(0, 1, 2))[1] == "org/…"


def test_dress_knows_the_column_of_a_cell_when_others_are_left_out() -> None:
    told = lines([["aaaaaaaaaa", "b", "c"]], 5, lambda _, place, cell: f"{place}{cell}", (0,), (0,))
    assert told == ["1b  2c"]


@given(
    st.lists(
        st.text("abc'\"模,;: ", min_size=1, max_size=9)
        | st.sampled_from(["mlxsm up 'a b' -f x,", "mlxsm ps"]),
        max_size=30,
    ),
    st.integers(10, 90),
)
def test_a_wrapped_message_is_the_same_message(words: list[str], width: int) -> None:
    text = " ".join(words)
    told = wrapped(text, width)
    assert re.sub(r"\n *", " ", told) == re.sub(r"^\n *", "", text) or columns(text) <= width
    assert wrapped(text, None) == text


def test_words_are_not_broken_and_commands_neither() -> None:
    text = "hint: the port is held by a stranger; mlxsm down --grace 5 'Qwen3 Coder' stops it, or choose another one"
    assert wrapped(text, 40) == (
        "hint: the port is held by a stranger;\n"
        "  mlxsm down --grace 5 'Qwen3 Coder' stops it,\n"
        "  or choose another one"
    )
    assert wrapped("    a path/with/no/blank/that/is/longer/than/the/line b", 20) == (
        "    a\n      path/with/no/blank/that/is/longer/than/the/line\n      b"
    )
    assert wrapped("it's the server's own, mlxsm doctor tells the server's version of it", 40) == (
        "it's the server's own,\n  mlxsm doctor tells the server's\n  version of it"
    )


def test_what_follows_a_value_of_a_column_stands_below_it() -> None:
    assert wrapped("      model  one of them -> another one of them", 40) == (
        "      model  one of them -> another one\n             of them"
    )
    # A column that begins far to the right leaves no room for what follows.
    assert wrapped("  a long name of a thing  is what it is called", 40) == (
        "  a long name of a thing  is what it is\n    called"
    )


NAMES = ["Qwen", "通义千问 大模型", "😀 emoji", "\u0e01\u0e33\u0e49 combining", "x" * 60]
FILE = "schemaVersion: 1\ndefaults: {host: 127.0.0.1}\nprofiles:\n" + "".join(
    f"- {{name: '{name}', modelID: mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit-{port}, port: {port}}}\n"
    for port, name in enumerate(NAMES, start=8080)
)


def on_screen(project: Project, width: int, *words: str) -> list[str]:
    """The lines that a terminal of this width is sent."""
    terminal = project.on_terminal(*words, dimensions=(50, width), env=without_columns(project))
    told = terminal.read()
    terminal.close()
    return re.sub(r"\x1b\[[0-9;]*m", "", told).split("\r\n")


def without_columns(project: Project) -> dict[str, str]:
    return {name: value for name, value in project.environment.items() if name != "COLUMNS"}


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("command", ["list", "ps", "history"])
def test_a_table_fits_its_terminal(project: Project, command: str, width: int) -> None:
    project.apply(FILE)
    told = on_screen(project, width, command)
    assert len(told) >= 3
    assert all(columns(line) <= width for line in told), told


def test_a_pipe_gets_all_of_it_however_narrow_the_terminal_is(project: Project) -> None:
    project.apply(FILE)
    told = project.run("list", COLUMNS="40").out.splitlines()
    assert [line.partition("  ")[0].rstrip() for line in told[1:]] == NAMES
    ends = {columns(line.partition("mlx-community")[0]) for line in told[1:]}
    assert len(ends) == 1
    assert "…" not in "".join(told)


def test_a_name_in_the_file_is_a_column_only_where_there_is_one(project: Project) -> None:
    project.apply(FILE)
    assert project.run("list").out.splitlines()[0].split() == [
        "NAME",
        "MODEL",
        "ENDPOINT",
        "OWNER",
        "DRIFTED",
    ]
    project.edit_state(lambda state: state["entries"][0].update(source="Other"))
    head, first, *_ = project.run("list").out.splitlines()
    assert head.endswith("NAME IN FILE")
    assert first.endswith("Other")


def test_what_a_cell_is_dressed_in_takes_no_room() -> None:
    rows = [["NAME", "STATUS", "PID"], ["A", "ready", "1"], ["a longer name", "crashed", "22"]]
    dressed = lines(rows, None, lambda row, place, cell: f"<{cell}>" if row and place == 1 else cell)
    assert [line.replace("<", "").replace(">", "") for line in dressed] == lines(rows, None)
    assert [re.findall("<.*>", line) for line in dressed] == [[], ["<ready>"], ["<crashed>"]]
    # A line that is cut stays as it is, or a code could be cut in two.
    assert lines(rows, 9, lambda *cell: f"<{cell[2]}>") == lines(rows, 9)


def test_messages_break_between_words_on_a_terminal_only(project: Project) -> None:
    project.write(FILE)
    asked = [
        "plan",
        "--only",
        "a name that is not in the file and that is so long that no line holds all of it",
    ]
    piped = project.run(*asked).err
    assert piped.count("\n") <= 2
    told = on_screen(project, 50, *asked)
    assert all(columns(line) <= 50 for line in told)
    assert re.sub(r"\s+", " ", " ".join(told)).strip() == re.sub(r"\s+", " ", piped).strip()
    assert told[1].startswith("  ")


@pytest.mark.parametrize("width", [50, 72, 100])
def test_a_plan_fits_its_terminal(project: Project, width: int) -> None:
    project.apply(FILE)
    project.write(FILE.replace("8080}", "9090}").replace("name: 'Qwen'", "name: 'Another'"))
    project.edit_state(lambda state: state["entries"][1]["profile"].update(enableThinking=True))
    done = project.run("plan")
    told, piped = on_screen(project, width, "plan"), done.out + done.err
    assert re.sub(r"\s+", "", "".join(told)) == re.sub(r"\s+", "", piped)
    # What has no blank stays whole: a name of a model can be copied.
    wide = [line for line in told if columns(line) > width]
    assert all(max(map(columns, line.split())) > width // 2 for line in wide), wide
