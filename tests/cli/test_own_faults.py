"""A fault of ours is one line that says where it is, without a value of anybody's file."""

from __future__ import annotations

import re
import subprocess
import sys

from testing.project import Project

PLANTED = """
import sys
from mlxsm_sync.planning import planner

def fails(*_arguments, **_more):
    raise ValueError("hf_" + "x" * 34)

planner.match_profiles = fails
from mlxsm_sync.cli import main
main(sys.argv[1:])
"""
"""A planner that fails with a value in its error."""


def test_a_fault_of_ours_says_where_it_is(project: Project) -> None:
    project.write("schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, port: 1}\n")
    done = subprocess.run(
        [sys.executable, "-c", PLANTED, "plan"],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    line, hint = done.stderr.splitlines()
    assert re.fullmatch(
        r"error: mlxsm failed by its own fault \(ValueError in planning/planner\.py:\d+\); nothing more was written",
        line,
    )
    assert hint == "hint: please report this line, with the command and mlxsm --version"


EARLY = """
import os, signal, sys, types
from mlxsm_sync import cli

class AsItIsImported:
    def find_spec(self, name, path=None, target=None):
        if name == "mlxsm_sync.files.atomic" and name not in sys.modules:
            sys.modules[name] = sys.modules["mlxsm_sync.commands.prompts"] = types.ModuleType(name)
            os.kill(os.getpid(), signal.SIGTERM)

sys.meta_path.insert(0, AsItIsImported())
cli.main(["service", "status"])
"""
"""A signal while two modules are there and empty, as they are when their import begins."""


def test_a_signal_while_something_is_imported_is_no_fault(project: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EARLY],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (143, "\ninterrupted\n")
