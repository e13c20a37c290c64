"""The step that installs mlxsm into an environment of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys

from mlxsm_action.runner import say, set_outputs, tell

OLDEST = (3, 11)


def main() -> int:
    """Make the environment, once in a job for what is to be installed; its Python is the output."""
    what = os.environ.get("MLXSM_ACTION_INSTALL") or os.environ["GITHUB_ACTION_PATH"]
    name = hashlib.sha256(os.fsencode(what)).hexdigest()[:12]
    folder = os.path.join(os.environ["RUNNER_TEMP"], f"mlxsm-action-{name}")
    python = os.path.join(folder, "bin", "python")
    mlxsm = os.path.join(folder, "bin", "mlxsm")
    if not os.path.exists(mlxsm):
        made_by = new_enough()
        if made_by is None:
            tell("error", "mlxsm needs Python 3.11 or newer as python3: actions/setup-python installs one")
            return 1
        if not _run([made_by, "-I", "-m", "venv", folder]) or not _run([*pip(python), "--", what]):
            tell("error", "mlxsm could not be installed; the log of this step says why")
            return 1
    if not _run([mlxsm, "--version"]):
        tell("error", "the installed mlxsm does not run; the log of this step says why")
        return 1
    say(f"Installed in {folder}")
    set_outputs({"python": python})
    return 0


def new_enough() -> str | None:
    """A Python that mlxsm runs in: this one, or a newer one beside it."""
    if sys.version_info >= OLDEST:
        return sys.executable
    found = (shutil.which(f"python3.{minor}") for minor in range(19, OLDEST[1] - 1, -1))
    return next((one for one in found if one is not None), None)


def pip(python: str) -> list[str]:
    """The words before what is to be installed. -I: a folder `pip` of the workspace is not what is run."""
    return [python, "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]


def _run(words: list[str]) -> bool:
    return subprocess.run(words, check=False).returncode == 0
