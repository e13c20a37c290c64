"""The Mac app is known by the name of its process, which every test on this machine sees."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def _app_lock(factory: pytest.TempPathFactory, kind: int) -> Iterator[None]:
    """Tests run side by side, and a process of the app's name is seen by all of them."""
    with (factory.getbasetemp().parent / "app.lock").open("w") as file:
        fcntl.flock(file, kind)
        yield


@pytest.fixture
def no_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test runs a process of the app's name."""
    with _app_lock(tmp_path_factory, fcntl.LOCK_SH):
        yield


@pytest.fixture
def only_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Only this test may run a process of the app's name."""
    with _app_lock(tmp_path_factory, fcntl.LOCK_EX):
        yield
