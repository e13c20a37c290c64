"""Property lists of launchd, good and broken."""

from __future__ import annotations

import plistlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.syntax.plist import is_plist, read_job
from mlxsm_sync.syntax.tree import Problems

JOB = {
    "Label": "local.mlx",
    "ProgramArguments": ["/bin/mlx_lm.server", "--model", "org/a b"],
    "EnvironmentVariables": {"HF_HOME": "/x"},
    "WorkingDirectory": "/models",
    "StandardOutPath": "/tmp/log",
}


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_a_job_is_read_in_both_forms(form: Any) -> None:
    data = plistlib.dumps(JOB, fmt=form)
    assert is_plist(data)
    job = read_job(data, Problems("x"))
    assert job is not None
    assert job.words == ("/bin/mlx_lm.server", "--model", "org/a b")
    assert (job.variables, job.folder, job.redirected) == (("HF_HOME",), "/models", True)


def test_the_program_takes_the_place_of_the_first_argument() -> None:
    job = read_job(plistlib.dumps({"Program": "/bin/p", "ProgramArguments": ["q", "r"]}), Problems("x"))
    assert job is not None
    assert (job.words, job.variables, job.folder, job.redirected) == (("/bin/p", "r"), (), None, False)
    alone = read_job(plistlib.dumps({"Program": "/bin/p"}), Problems("x"))
    assert alone is not None
    assert alone.words == ("/bin/p",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([1], "a dictionary with ProgramArguments"),
        ({}, "ProgramArguments is missing"),
        ({"ProgramArguments": "a b"}, "ProgramArguments is missing"),
        ({"ProgramArguments": ["a", 1]}, "not a list of texts"),
        ({"ProgramArguments": []}, "ProgramArguments is missing"),
    ],
)
def test_what_is_no_job_says_so(content: Any, told: str) -> None:
    problems = Problems("x")
    assert read_job(plistlib.dumps(content), problems) is None
    (problem,) = problems.sorted()
    assert told in problem.message


def test_broken_xml_is_told_with_its_line() -> None:
    problems = Problems("x")
    assert read_job(b"<?xml version='1.0'?>\n<plist><dict>\n</plist>", problems) is None
    (problem,) = problems.sorted()
    assert (problem.line, "XML is broken" in problem.message) == (3, True)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"bplist00", b"<plist>", b"<?xml version='1.0'?><plist><dict>"):
        problems = Problems("x")
        assert (read_job(start + data, problems) is None) == bool(problems)


@pytest.mark.parametrize("text", ["mlx_lm.server", "", "# <plist>", "#!/bin/sh\n<?xml"])
def test_lines_for_a_shell_are_none(text: str) -> None:
    assert not is_plist(text.encode())


def test_words_are_told_where_they_stand_as_far_as_that_is_sure() -> None:
    listed = {"Label": "x", "ProgramArguments": ["a", "b & c"]}
    data = plistlib.dumps(listed).replace(b"\t<array>", b"\t<array><!-- <string>no</string> -->")
    job = read_job(data, Problems("x"))
    assert job is not None
    assert [data.decode().splitlines()[at.line - 1][at.column - 1] for at in job.places] == ["a", "b"]
    for other in (
        plistlib.dumps(listed, fmt=plistlib.FMT_BINARY),
        plistlib.dumps(listed | {"Program": "/x", "ProgramArguments": []}),
        data.replace(b"<array>", b"<array><!-- </array> -->"),
    ):
        job = read_job(other, Problems("x"))
        assert job is not None
        assert job.places == ()
