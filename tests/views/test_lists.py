"""Lists as people and scripts read them: records, links, colours, and the graph of a history."""

from __future__ import annotations

import pytest

from mlxsm_sync.views.history import history_text, lanes
from mlxsm_sync.views.reports import HistoryEntry, HistoryReport
from mlxsm_sync.views.style import CYAN, GREEN, MAGENTA, ORANGE, RED, Style, records
from testing.project import Project

BACKGROUNDS = {
    "white": "ffffff",
    "Solarized Light": "fdf6e3",
    "black": "000000",
    "VS Code Dark": "1e1e1e",
    "GitHub Dark": "0d1117",
    "Solarized Dark": "002b36",
    "Ubuntu": "300a24",
}
LEAST = 3.4
"""Of WCAG 2.2, 3 is the least for signs and large letters, 4.5 for text: https://www.w3.org/TR/WCAG22/#contrast-minimum"""


def luminance(red: int, green: int, blue: int) -> float:
    parts = (part / 255 for part in (red, green, blue))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def of_cube(code: str) -> tuple[int, int, int]:
    """One of the 216 colours of the cube that 256 colours have."""
    number, steps = int(code.rpartition(";")[2]) - 16, (0, 95, 135, 175, 215, 255)
    return steps[number // 36], steps[number // 6 % 6], steps[number % 6]


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("code", [GREEN, ORANGE, MAGENTA, CYAN, RED])
def test_a_colour_is_read_on_light_and_on_dark(code: str, background: str) -> None:
    behind = luminance(*bytes.fromhex(BACKGROUNDS[background]))
    low, high = sorted((luminance(*of_cube(code)), behind))
    assert (high + 0.05) / (low + 0.05) >= LEAST


def test_a_record_is_one_line_with_tabs() -> None:
    assert records([("a\tb", None, "", True, False, 0, 1.5)]) == "a\\u{9}b\t-\t-\tyes\tno\t0\t1.5\n"


def test_a_link_is_for_terminals_that_have_them() -> None:
    assert Style().link("x", "http://y") == "x"
    assert Style(links=True).link("x", "http://y") == "\x1b]8;;http://y\x1b\\x\x1b]8;;\x1b\\"
    assert Style(links=True).link("http://y") == "\x1b]8;;http://y\x1b\\http://y\x1b]8;;\x1b\\"


def entry(serial: int, goal: int | None = None) -> HistoryEntry:
    return HistoryEntry(
        serial=serial,
        current=False,
        written_at=None,
        command="rollback" if goal is not None else "apply",
        owner=None,
        summary="x",
        rolled_back_to=goal,
    )


@pytest.mark.parametrize(
    ("entries", "drawn"),
    [
        ([], []),
        ([entry(1), entry(0)], ["* 1", "* 0"]),
        ([entry(3, 1), entry(2), entry(1)], ["* 3", "| * 2", "|/", "* 1"]),
        (
            [entry(6, 4), entry(5), entry(4, 1), entry(3), entry(2), entry(1), entry(0)],
            ["* 6", "| * 5", "|/", "* 4", "| * 3", "| * 2", "|/", "* 1", "* 0"],
        ),
        # Back to what a rollback had left: that one stands aside itself.
        ([entry(4, 2), entry(3, 1), entry(2), entry(1)], ["* 4", "| * 3", "|/", "* 2", "* 1"]),
        # What was gone back to is kept no more.
        ([entry(9), entry(8, None), entry(7)], ["* 9", "* 8", "* 7"]),
    ],
)
def test_a_graph_shows_what_rollbacks_have_left(entries: list[HistoryEntry], drawn: list[str]) -> None:
    shown = [f"{lane} {one.serial}" if one is not None else lane for lane, one in lanes(entries)]
    assert shown == drawn


def test_the_graph_as_it_is_printed() -> None:
    report = HistoryReport(entries=(entry(3, 1), entry(2), entry(1)))
    assert history_text(report, Style(), str, graph=True) == (
        "     SERIAL  WRITTEN  COMMAND   OWNER  SUMMARY\n"
        "*    3       -        rollback  -      back to 1: x\n"
        "| *  2       -        apply     -      x\n"
        "|/\n"
        "*    1       -        apply     -      x\n"
    )


FILE = """schemaVersion: 1
collection: mine
profiles:
- {name: A, modelID: m/a, host: 127.0.0.1, port: 8080, context: 4096}
- {name: 通义, modelID: m/b, host: 127.0.0.1, port: 8081}
"""


def test_every_list_is_plain_for_scripts(project: Project) -> None:
    project.apply(FILE)
    assert project.run("list", "--plain").out == (
        "A\tm/a\t127.0.0.1:8080\tmine\tno\t-\n通义\tm/b\t127.0.0.1:8081\tmine\tno\t-\n"
    )
    assert project.run("list", "--plain", "A").out.count("\n") == 1
    serial, current, written, *rest = project.run("history", "--plain").out.splitlines()[0].split("\t")
    assert (serial, current, written[-1], rest) == ("1", "yes", "Z", ["apply", "mine", "2 created", "-"])
    assert project.run("ps", "--plain").out == (
        "A\tstopped\t-\t127.0.0.1:8080\t-\t-\t-\tm/a\t-\tno\n"
        "通义\tstopped\t-\t127.0.0.1:8081\t-\t-\t-\tm/b\t-\tno\n"
    )
    assert project.run("fit", "--plain").out == (
        "A\t-\t-\t4096\t-\t-\tunknown\t-\n通义\t-\t-\t-\t-\t-\tunknown\t-\n"
    )
    assert project.run("service", "status", "A", "--plain").out == "A\t-\t-\tstopped\t-\n"
    assert project.run("connect", "--list", "--plain").out.splitlines()[0].startswith("openai\t")


def test_a_rollback_knows_what_it_went_back_to(project: Project) -> None:
    project.apply(FILE)
    project.apply(FILE.replace("8080", "8082"))
    project.run("rollback", "1", "--yes")
    told = project.run("history", "--json").json["entries"]
    assert [one["rolledBackTo"] for one in told] == [1, None, None, None]
    assert "back to 1: 1 updated" in project.run("history", "--graph").out


def test_nothing_is_asked_where_nobody_may_be(project: Project) -> None:
    project.write(FILE)
    for words in (["apply"], ["apply", "--json"]):
        told = project.run(*words, "--no-input")
        assert told.code == 1
        assert "nothing is asked with --no-input" in told.err + told.out
    assert project.run("apply", "--no-input", "--yes").code == 0
    assert project.run("rollback", "--no-input").code == 1


def test_the_place_of_a_problem_leads_to_its_file(project: Project) -> None:
    project.write("schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, port: x}\n")
    plain = project.run("validate")
    told = project.run("validate", FORCE_HYPERLINK="1")
    place = "profiles.yaml:3:33"
    assert plain.out.startswith(f"{place}: ")
    uri = (project.folder / "profiles.yaml").as_uri()
    link = f"\x1b]8;;{uri}\x1b\\{place}\x1b]8;;\x1b\\: "
    assert told.out.startswith(link)
    assert project.run("plan", FORCE_HYPERLINK="1").err.startswith(link)
    assert project.run("validate", FORCE_HYPERLINK="0", NO_HYPERLINKS="1").out == plain.out
    assert "\x1b" not in project.run("validate", "-", stdin="a: 1", FORCE_HYPERLINK="1").out
