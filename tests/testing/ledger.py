"""What the tests of the promises really did, counted by them and told in docs/ledger.md.

A test belongs to a row of the page by its mark: `threat(16)` is row T16. The fixture `tally` counts what a
test did; the counts travel with its report. `--write-ledger` writes the table of the page, and
`--hold-ledger` holds the page against a run of the whole suite.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from testing.paths import REPOSITORY

SEED = int(os.environ.get("TRUST_SEED", "20261124"))
"""Where every random choice of the tests of the promises begins."""
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
"""Whether there is a night to spend."""

PAGE = REPOSITORY / "docs/ledger.md"
BEGIN, END = "<!-- ledger: written by the test run -->\n", "<!-- end of the ledger -->\n"
_ROW, _KEY = "threat", "tally"


class Tally:
    """What a test did, by its plural: `tally.add(kills=1)`."""

    def __init__(self, counts: dict[str, int]) -> None:
        self._counts = counts

    def add(self, **more: int) -> None:
        for name, count in more.items():
            what = name.replace("_", " ")
            self._counts[what] = self._counts.get(what, 0) + count


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """Counts of what a test does; one that counted nothing fails, since it cannot have tried anything."""
    counts: dict[str, int] = {}  # plain, since it travels from a worker
    request.node.user_properties.append((_KEY, counts))
    yield Tally(counts)
    assert sum(counts.values()) > 0, "nothing was counted"


class Ledger:
    """The rows as one run found them."""

    def __init__(self, threats: Mapping[int, str]) -> None:
        self.threats = threats
        self.tests: dict[int, set[str]] = {number: set() for number in threats}
        self.counts: dict[int, Counter[str]] = {number: Counter() for number in threats}
        self.failed: set[int] = set()

    def add(self, report: pytest.TestReport) -> None:
        """Take one test's report into its row."""
        told: list[tuple[str, Any]] = report.user_properties
        file, _, name = report.nodeid.partition("::")
        row = next((int(value) for key, value in told if key == _ROW), None)
        if row is None:
            return
        assert row in self.threats, f"{name}: there is no row T{row}"
        if report.failed or (report.skipped and report.when != "teardown"):
            self.failed.add(row)
        if report.when != "call" or not report.passed:
            return
        self.tests[row].add(f"{file.removeprefix('tests/')}::{name.partition('[')[0]}")
        counted = [value for key, value in told if key == _KEY]
        for counts in counted or [{"cases": 1}]:
            self.counts[row].update(counts)

    def text(self) -> str:
        """The table, and what it is of."""
        date = datetime.now(UTC).strftime("%Y-%m-%d")
        about = (
            f"{platform.system()} {platform.release().partition('-')[0]}, Python {platform.python_version()}"
        )
        lines = [
            f"Run of {date}: {about}, {os.cpu_count()} cores, seed {SEED}.",
            "",
            "| row | what is tried | counted | tests |",
            "| --- | --- | --- | --- |",
        ]
        for row, threat in self.threats.items():
            counted = ", ".join(f"{count:,} {what}" for what, count in sorted(self.counts[row].items()))
            tests = "<br>".join(f"`{test}`" for test in sorted(self.tests[row]))
            lines.append(f"| T{row} | {threat} | {counted or '–'} | {tests or '–'} |")
        return "\n".join(lines) + "\n"

    def complaints(self, written: str) -> Iterator[str]:
        """What the page says otherwise, and rows that nothing stands for; counts and dates may differ."""
        for row, tests in self.tests.items():
            if not tests or row in self.failed:
                yield f"row T{row} is not shown by this run"
            for test in tests:
                if f"`{test}`" not in written:
                    yield f"{test} is not in docs/ledger.md: run pytest with --write-ledger"
        known = {test for tests in self.tests.values() for test in tests}
        for test in re.findall(r"`([\w/.]+::test_\w+)`", written):
            if test not in known:
                yield f"{test} is in docs/ledger.md and did not run"


def written() -> str:
    """The table that stands in the page."""
    return PAGE.read_text().partition(BEGIN)[2].partition(END)[0]


def write(text: str) -> None:
    """Put a new table into the page."""
    head, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-ledger", action="store_true", help="write the table of docs/ledger.md")
    parser.addoption(
        "--hold-ledger", action="store_true", help="fail where docs/ledger.md does not say what was run"
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """The mark travels with the reports of a test, also from a worker."""
    for mark in item.iter_markers(_ROW):
        item.user_properties.append((_ROW, mark.args[0]))


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        from testing.threats import THREATS

        config.pluginmanager.register(_Bookkeeper(config, Ledger(THREATS)))


class _Bookkeeper:
    """Listens to all reports, also those of workers; only the whole suite can judge the page."""

    def __init__(self, config: pytest.Config, ledger: Ledger) -> None:
        self.config = config
        self.ledger = ledger
        self.complaints: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.ledger.add(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.config.getoption("--write-ledger"):
            write(self.ledger.text())
        held = self.config.getoption("--hold-ledger")
        held = held and sys.platform == "linux"  # elsewhere some of the tests are left out
        if held and exitstatus == pytest.ExitCode.OK:
            self.complaints = [*self.ledger.complaints(written())]
            if self.complaints:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for complaint in self.complaints:
            terminalreporter.write_line(f"ERROR ledger: {complaint}", red=True)
