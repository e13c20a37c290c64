"""The release that a server tells itself."""

from __future__ import annotations

import pytest

from mlxsm_sync.servers.releases import health_knows, told_by


@pytest.mark.parametrize(
    ("fingerprint", "release"),
    [
        ("0.32.2-0.32.4-Linux-6.1-x86_64-with-glibc2.36-x86_64", "0.32.2"),
        ("0.31.3-0.31.1-macOS-15.0-arm64-arm-64bit-applegpu_g15s", "0.31.3"),
        ("0.33.0.dev20261101+abc-0.32-Linux", "0.33.0.dev20261101+abc"),
        ("0.33.0rc1-0.32-Linux", "0.33.0rc1"),
        ("stand-in", None),
        ("fp_44709d6fcb", None),
        ("", None),
        (None, None),
    ],
)
def test_the_release_in_a_fingerprint(fingerprint: str | None, release: str | None) -> None:
    assert told_by(fingerprint) == release


@pytest.mark.parametrize(
    ("version", "knows"),
    [(None, False), ("0.28.4", False), ("0.31.3", False), ("0.32.0", True), ("0.40.1", True)],
)
def test_whose_health_knows_when_the_model_is_gone(version: str | None, knows: bool) -> None:
    assert health_knows(version) == knows
