"""What `validate` found as workflow commands: one for each finding, whatever stands in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.errors import Problem
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.desired import ProfileWarning
from mlxsm_sync.views.annotations import workflow_command, workflow_commands
from mlxsm_sync.views.findings import INVALID, Finding
from mlxsm_sync.views.reports import JudgedFile, ValidateReport
from testing.unseen_characters import NASTY
from testing.workflow_commands import Command, obeyed

PIECES = [
    "::",
    "::error::",
    "\n::set-env name=A::b",
    "\r\n",
    "##[add-path]/x",
    "%0A",
    "%25",
    "%",
    ",line=9",
    ":",
    ",",
]
PIECES += ["```", "|", "<b>", "@me", "[x](http://y)", "\u2028", "é", "x", " ", "="]
TEXTS = st.lists(st.sampled_from([*PIECES, *NASTY]), max_size=8).map("".join)


def judged(
    path: str, problems: tuple[Problem, ...] = (), warnings: tuple[ProfileWarning, ...] = ()
) -> JudgedFile:
    return JudgedFile(path=path, valid=not problems, problems=problems, warnings=warnings)


def problem(path: str, line: int | None = None, column: int | None = None, message: str = "wrong") -> Problem:
    return Problem(path=path, line=line, column=column, message=message)


REPORT = ValidateReport(
    files=(
        judged("a.yaml", (problem("a.yaml", 3, 5), problem("a.yaml"))),
        judged("b.yaml", warnings=(ProfileWarning(name="A", message="open", line=2, column=1),)),
        judged("-", (problem("-", 3, 5),)),
        judged("c.yaml"),
    )
)


def test_each_problem_and_each_warning_has_its_line() -> None:
    assert workflow_commands(REPORT, lambda path: f"top/{path}").splitlines() == [
        "::error file=top/a.yaml,line=3,col=5,title=Invalid profile file or document::a.yaml:3:5: wrong",
        "::error file=top/a.yaml,title=Unusable profile file or document::a.yaml: wrong",
        "::warning file=top/b.yaml,line=2,col=1,title=Worth a look::b.yaml:2:1: A: open",
        "::error title=Invalid profile file or document::-:3:5: wrong",
    ]


def test_warnings_can_be_left_out() -> None:
    told = workflow_commands(REPORT, str, with_warnings=False)
    assert told.count("\n") == told.count("::error ") == 3


def test_a_line_without_a_column() -> None:
    finding = Finding(INVALID, "a", 3, None, "m", "m")
    assert workflow_command(finding) == "::error file=a,line=3,title=Invalid profile file or document::m"


def test_the_escapes_are_those_of_github() -> None:
    text = "100%,\r\n: %0A"
    command = workflow_command(Finding(INVALID, "a%,: b", 1, 2, text, text))
    assert command.startswith("::error file=a%25%2C%3A b,line=1,col=2,title=")
    assert command.endswith("::100%25,%0D%0A: %250A")


@given(path=TEXTS, message=TEXTS)
def test_no_text_of_others_starts_a_second_command(path: str, message: str) -> None:
    one = judged(path, (problem(path, 3, 5, message), problem(path, message=message)))
    warned = judged(path, warnings=(ProfileWarning(name=message, message=message, line=1, column=1),))
    commands = obeyed(workflow_commands(ValidateReport(files=(one, warned)), lambda path: f"./{path}"))
    assert [command and command.name for command in commands] == ["error", "error", "warning"]
    first = commands[0]
    assert first is not None
    title = "Invalid profile file or document"
    properties = {"file": visible(f"./{path}"), "line": "3", "col": "5", "title": title}
    if path == "-":
        properties = {"title": title}
    assert first == Command("error", properties, visible(f"{path}:3:5: {message}"))


def test_the_runner_would_obey_what_is_not_escaped() -> None:
    """The rules that the tests above are held against can tell."""
    out = "::error file=a::x\n::set-env name=A::b\nshown ##[add-path]/x\n::nothing::x\n::half\n"
    names = [command and command.name for command in obeyed(out)]
    assert names == ["error", "set-env", "add-path", None, None]
