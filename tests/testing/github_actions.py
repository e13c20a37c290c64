"""A composite action, run as the runner of GitHub Actions does: its steps in order, by bash, each with its environment.

https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from testing.workflow_commands import obeyed

_EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")
_OUTPUT = re.compile(r"^([^\n=]+?)<<([^\n]+)\n(.*?)\n\2\n", re.MULTILINE | re.DOTALL)


class Outcome(NamedTuple):
    """What a run of the action came to."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str

    def told(self, level: str) -> list[str]:
        """The annotations of a level; no other command may be obeyed but these."""
        commands = [one for one in obeyed(self.log) if one is not None]
        assert {one.name for one in commands} <= {"notice", "warning", "error"}, self.log
        return [one.data for one in commands if one.name == level]


def evaluated(text: str, contexts: Mapping[str, Any]) -> str:
    """The text with its expressions replaced; only names, as a value is put in unread by any shell."""

    def value(found: re.Match[str]) -> str:
        at: Any = contexts
        for part in found[1].split("."):
            at = at.get(part, "")
        return str(at)

    assert "${{" not in _EXPRESSION.sub("", text), f"more than the test can evaluate: {text}"
    return _EXPRESSION.sub(value, text)


def run_action(
    path: Path, given: dict[str, str], folder: Path, environment: dict[str, str], *, install: bool = False
) -> Outcome:
    """Run the action at this path; without `install`, with the mlxsm of the tests in the place of the first step's."""
    action = yaml.safe_load((path / "action.yml").read_text())
    github = {"token": environment["THE_TOKEN"], "action_path": str(path)}
    assert set(given) <= set(action["inputs"])
    defaults = {
        name: evaluated(str(one["default"]), {"github": github}) for name, one in action["inputs"].items()
    }
    contexts: dict[str, Any] = {"inputs": defaults | given, "github": github, "steps": {}}
    code, log = 0, ""
    summary = folder / "summary.md"
    summary.write_text("")
    for number, step in enumerate(action["runs"]["steps"]):
        assert "${{" not in step["run"], "a run line has no expression"
        if step.get("id") == "install" and not install:
            contexts["steps"]["install"] = {"outputs": {"python": sys.executable}}
            continue
        script, out = folder / f"step-{number}.sh", folder / f"output-{number}"
        script.write_text(step["run"])
        out.write_text("")
        own = {name: evaluated(str(value), contexts) for name, value in step.get("env", {}).items()}
        files = {
            "GITHUB_OUTPUT": str(out),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_ACTION_PATH": str(path),
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=environment["GITHUB_WORKSPACE"],
            env=environment | files | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        log += done.stdout.decode()
        code = done.returncode
        outputs = {one[1]: one[3] for one in _OUTPUT.finditer(out.read_text())}
        contexts["steps"][step.get("id", number)] = {"outputs": outputs}
        if code:
            break
    outputs = {name: evaluated(one["value"], contexts) for name, one in action["outputs"].items()}
    return Outcome(code, log, outputs, summary.read_text())
