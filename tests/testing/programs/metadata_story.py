"""Every metadata command once, as a story: `python tests/testing/programs/metadata_story.py` plays it with the installed mlxsm.

It needs nothing but Python and mlxsm, so that it also plays on Windows, where the other tests do not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

FILE = """schemaVersion: 1
profiles:
- {name: A, modelID: m/a, host: 127.0.0.1, port: 1}
- {name: B, modelID: m/b, host: 127.0.0.1, port: 2}
"""
DOCUMENT = "document.json"
STORY = [
    (["init"], 0),
    (["init"], 1),  # it is there
    (["validate"], 0),
    (["plan", "--detailed-exitcode"], 2),
    (["plan", "--json"], 0),
    (["plan", "--format", "markdown"], 0),
    (["plan", "--out", "saved.plan"], 0),
    (["apply"], 1),  # there is nobody to ask
    (["apply", "saved.plan"], 0),
    (["plan", "--detailed-exitcode"], 0),
    (["list"], 0),
    (["list", "--json"], 0),
    (["export", "-o", DOCUMENT], 0),
    (["export", "--format", "yaml"], 0),
    (["remove", "B", "--yes"], 0),
    (["validate", DOCUMENT], 0),
    (["import", DOCUMENT, "--yes"], 0),
    (["pull", "--all", "--yes"], 0),
    (["connect", "A"], 0),
    (["history"], 0),
    (["history", "--json"], 0),
    (["rollback", "--yes"], 0),
    (["apply", "--yes", "--lock-timeout", "1"], 0),
    (["schema", "plan"], 0),
    (["completion", "bash"], 0),
    (["--version"], 0),
    (["plna"], 64),
]
"""Words and exit codes; the file above takes the place of the starter file before the first `validate`."""


def main() -> int:
    """Play the story in a home of its own; the number of commands that ended otherwise."""
    wrong = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = dict.fromkeys(("HOME", "USERPROFILE"), folder)
        for words, code in STORY:
            if words == ["validate"]:
                Path(folder, "profiles.yaml").write_text(FILE, encoding="utf-8")
            done = subprocess.run(
                [sys.executable, "-P", "-m", "mlxsm_sync", *words],
                cwd=folder,
                env={**os.environ, **home, "PYTHONIOENCODING": "utf-8"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            fine = done.returncode == code and "Traceback" not in done.stderr
            wrong += not fine
            print("ok  " if fine else "FAIL", "mlxsm", *words)  # noqa: T201 - this is its report
            if not fine:
                print(f"exit {done.returncode}, not {code}\n{done.stdout}{done.stderr}")  # noqa: T201 - the same
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
