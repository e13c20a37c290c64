"""What `validate` found as a log in SARIF: valid for the official schema, with places that can be opened."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync import __version__
from mlxsm_sync.errors import Problem
from mlxsm_sync.text.unicode import unseen
from mlxsm_sync.values.desired import ProfileWarning
from mlxsm_sync.views.reports import JudgedFile, ValidateReport
from mlxsm_sync.views.sarif import location, plain_message, sarif_log
from testing.sarif_schema import faults
from testing.unseen_characters import NASTY

TEXTS = st.lists(
    st.sampled_from(["[x](http://y)", "{0}", "%41", "\udcff", "é", "a", "/", ":", *NASTY]), max_size=8
)


def report(path: str, message: str = "wrong", line: int | None = 3, column: int | None = 5) -> ValidateReport:
    problem = Problem(path=path, line=line, column=column, message=message)
    return ValidateReport(files=(JudgedFile(path=path, valid=False, problems=(problem,), warnings=()),))


def only_result(made: ValidateReport) -> Any:
    log: Any = sarif_log(made, str)
    assert faults(log) == []
    (result,) = log["runs"][0]["results"]
    return result


def test_a_log_says_which_tool_and_which_rules() -> None:
    log: Any = sarif_log(ValidateReport(files=()), str)
    assert faults(log) == []
    assert (log["version"], log["runs"][0]["results"]) == ("2.1.0", [])
    assert log["runs"][0]["columnKind"] == "unicodeCodePoints"
    driver = log["runs"][0]["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("mlxsm", __version__)
    rules = [(one["id"], one["defaultConfiguration"]["level"]) for one in driver["rules"]]
    # Whoever has dismissed a finding knows it by these.
    assert rules == [("invalid-file", "error"), ("unusable-file", "error"), ("profile-warning", "warning")]


def test_a_problem_has_its_place() -> None:
    assert only_result(report("a/b.yaml")) == {
        "ruleId": "invalid-file",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "wrong"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "a/b.yaml", "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": 3, "startColumn": 5},
                }
            }
        ],
    }


def test_a_warning_names_its_profile() -> None:
    warning = ProfileWarning(name="A", message="open", line=2, column=1)
    judged = JudgedFile(path="a.yaml", valid=True, problems=(), warnings=(warning,))
    result = only_result(ValidateReport(files=(judged,)))
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("profile-warning", 2, "warning")
    assert result["message"] == {"text": "A: open"}


def test_what_has_no_line_or_no_column_has_none() -> None:
    place = only_result(report("a.yaml", line=None, column=None))["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "a.yaml", "uriBaseId": "%SRCROOT%"}}
    place = only_result(report("a.yaml", column=None))["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 3}


def test_standard_input_is_no_place() -> None:
    assert "locations" not in only_result(report("-"))


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a b/ü.yaml", "a%20b/%C3%BC.yaml"),
        ("a:b?c#d%41.yaml", "a%3Ab%3Fc%23d%2541.yaml"),
        ("a\\b\udcff\n.yaml", "a%5Cb%FF%0A.yaml"),
        ("/tmp/a b.yaml", "file:///tmp/a%20b.yaml"),
    ],
)
def test_a_path_is_a_uri(path: str, uri: str) -> None:
    made = location(path)
    assert made["uri"] == uri
    assert ("uriBaseId" in made) is not uri.startswith("file:")


def test_a_message_is_neither_link_nor_placeholder() -> None:
    assert plain_message("see {0} and \\[x](y)") == "see {{0}} and \\[x] (y)"


@given(path=TEXTS.map("".join), message=TEXTS.map("".join))
def test_any_text_makes_a_valid_log(path: str, message: str) -> None:
    result = only_result(report(f"x{path}", message))
    text = result["message"]["text"]
    assert unseen(text) is None
    assert re.search(r"\]\(|(?<!\{)\{(\{\{)*(?!\{)", text) is None
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri)
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert unquote_to_bytes(uri) == f"x{path}".encode(errors="surrogateescape")
