"""Who can read what we write."""

from __future__ import annotations

import os
import stat

import pytest

from testing.ledger import Tally
from testing.project import Project

FILE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: 1}]\n"


@pytest.mark.threat(15)
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_everything_of_a_state_is_for_its_owner_alone(project: Project, mask: int, tally: Tally) -> None:
    before = os.umask(mask)
    try:
        project.apply(FILE)
        project.apply(FILE.replace("port: 1", "port: 2"))
        assert project.run("plan", "--out", "saved.plan").code == 0
    finally:
        os.umask(before)
    for path in [*project.state_path.parent.rglob("*"), project.folder / "saved.plan"]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
        tally.add(files=1)
