"""What every run of the tests begins with: profiles of hypothesis, options, and marks by folder."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "testing",  # first, so that the assertions of the whole package are told in full
    "testing.app_lock",
    "testing.browser",
    "testing.checkouts",
    "testing.clusters",
    "testing.ledger",
    "testing.project",
    "testing.servers",
    "testing.services",
    "testing.tracing",
    "testing.write_scenes",
]
_quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile(
    "ci", max_examples=150, deadline=None, derandomize=True, suppress_health_check=_quiet
)
settings.register_profile("nightly", max_examples=10_000, deadline=None, suppress_health_check=_quiet)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser: pytest.Parser) -> None:
    # Who starts the tests in the background, or by nohup, may have them ignore signals, and commands inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    parser.addoption("--update", action="store_true", help="rewrite the expected output of the stories")
    parser.addoption(
        "--like-darwin", action="store_true", help="run the command as on macOS, as far as it goes"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What tries thousands of inputs is not what covers each branch, and would take four times as long."""
    for item in items:
        if item.path.parent.name in ("threats", "e2e"):
            item.add_marker("no_cover")
            item.add_marker("slow")
