"""The step that checks the file and plans: annotations, the summary, and files for the later steps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any, NamedTuple

from mlxsm_action import base as old_version
from mlxsm_action import inputs, result
from mlxsm_action.report import Report, shortened
from mlxsm_action.runner import SUMMARY_LIMIT, Stopped, add_summary, set_outputs, tell

EMPTY = "/dev/null"
"""The base of a file that is new."""


GONE = "**The file is deleted.** What came from it stays on each machine until it is removed there."


class Old(NamedTuple):
    """What the file is compared with."""

    commit: str
    text: bytes | None
    """None where the commit has no such file."""


class Mlxsm(NamedTuple):
    """The command, and where it is run."""

    path: str
    workspace: str
    folder: str
    """Where its JSON goes."""

    def run(self, name: str, *words: str, text: bytes = b"") -> tuple[int, str, str, Any]:
        """Exit code, output, what it said beside it, and its JSON, None where there is none."""
        told = os.path.join(self.folder, f"{name}.json")
        done = subprocess.run(
            [self.path, *words[:1], "--json-out", told, *words[1:]],
            cwd=self.workspace,
            env=inputs.for_children(os.environ),
            input=text,
            capture_output=True,
            check=False,
        )
        out, said = (one.decode(errors="replace") for one in (done.stdout, done.stderr))
        if not os.path.exists(told):
            return done.returncode, out, said, None
        with open(told, encoding="utf-8") as file:
            return done.returncode, out, said, json.load(file)


def main() -> int:
    """Check and plan; what is found fails no run here, so that the comment comes first."""
    workspace = os.environ.get("GITHUB_WORKSPACE") or os.getcwd()
    folder = tempfile.mkdtemp(prefix="mlxsm-plan-", dir=os.environ["RUNNER_TEMP"])
    try:
        given = inputs.read(os.environ, workspace)
    except Stopped as error:
        tell("error", str(error))
        return 1
    mlxsm = Mlxsm(os.path.join(os.path.dirname(sys.executable), "mlxsm"), workspace, folder)
    found, report = judged(mlxsm, given)
    more = "Shortened: a summary has no room for more."
    text = shortened(str(report), SUMMARY_LIMIT, more)
    with open(found.markdown, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    add_summary(text)
    path = os.path.join(folder, "result.json")
    result.save(found, path)
    numbers = {name: str(getattr(found, name)) for name in ("changes", "conflicts", "deletes")}
    outputs = {name: number if found.planned else "" for name, number in numbers.items()}
    paths = {"markdown": found.markdown, "json": os.path.join(folder, "plan.json") if found.planned else ""}
    set_outputs(outputs | {"digest": found.digest, "result": path} | paths)
    return 0


def judged(mlxsm: Mlxsm, given: inputs.Inputs) -> tuple[result.Result, Report]:
    """The result, and the report of it."""
    found = result.Result(
        file=given.file,
        machine=given.machines if given.machines not in (inputs.EACH, inputs.NONE) else "",
        collection="",
        valid=True,
        planned=False,
        changes=0,
        conflicts=0,
        deletes=0,
        digest="",
        markdown=os.path.join(mlxsm.folder, "report.md"),
    )
    report = Report(given.file, "")
    here = os.path.lexists(os.path.join(mlxsm.workspace, given.file))
    try:
        old, compared = _old(mlxsm.workspace, given)
    except Stopped as error:
        tell("error", str(error))
        found = found._replace(valid=False)
        report = report._replace(headline="**No plan: the old version could not be read.**", notes=str(error))
        return _checked(mlxsm, given, found, report) if here else (found, report)
    report = report._replace(compared=compared)
    if not here and old is not None and old.text is not None:
        return found._replace(gone=True), report._replace(headline=GONE)
    found, report = _checked(mlxsm, given, found, report)
    if old is None:
        headline = report.headline or "The file is valid. There is no older version to compare it with."
        return found, report._replace(headline=headline)
    return _planned(mlxsm, given, old, found, report)


def _old(workspace: str, given: inputs.Inputs) -> tuple[Old | None, tuple[str, str] | None]:
    """The old version, and both commits; None where there is nothing to compare with."""
    path = os.path.join(workspace, given.file)
    credentials = old_version.credentials(given.token, os.environ.get("GITHUB_SERVER_URL", ""))
    git = old_version.repository_of(path, inputs.for_children(os.environ) | credentials)
    wanted = old_version.wanted(given.base, _event(), old_version.parents_of_head(git))
    if wanted is None:
        return None, None
    commit = old_version.commit_of(git, wanted)
    folder, name = os.path.split(path)
    inside = os.path.relpath(os.path.join(os.path.realpath(folder), name), os.path.realpath(git.top))
    text = old_version.text_at(git, commit, inside.replace(os.sep, "/"))
    head = git.ask("rev-parse", "HEAD").decode().strip()
    return Old(commit, text), (_told(_event(), head), commit)


def _told(event: dict[str, Any], head: str) -> str:
    """The commit that people know: a pull request's own, not the merge that was checked out."""
    pull = event.get("pull_request")
    return str(pull["head"]["sha"]) if pull else head


def _event() -> dict[str, Any]:
    path = os.environ.get("GITHUB_EVENT_PATH")
    if not path or not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    return told if isinstance(told, dict) else {}


def _checked(
    mlxsm: Mlxsm, given: inputs.Inputs, found: result.Result, report: Report
) -> tuple[result.Result, Report]:
    """With what `mlxsm validate` says, which is annotated where it is."""
    code, out, said, judgement = mlxsm.run("validate", "validate", "--format", "github", "--", given.file)
    sys.stdout.write(out)  # commands for the runner, in which mlxsm escapes what is of others
    sys.stdout.flush()
    if code == 0:
        return found, report
    files = (judgement or {}).get("files", ())
    problems = tuple(_problem(one) for file in files for one in file["problems"])
    if not problems:
        tell("error", said)
        problems = (said.strip(),)
    headline = report.headline or f"**The file is invalid: {_counted(len(problems), 'problem')}.**"
    return found._replace(valid=False), report._replace(headline=headline, problems=problems)


def _problem(one: dict[str, Any]) -> str:
    place = ":".join(str(part) for part in (one["path"], one["line"], one["column"]) if part is not None)
    return " ".join(f"{place}: {one['message']}".split())


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _planned(
    mlxsm: Mlxsm, given: inputs.Inputs, old: Old, found: result.Result, report: Report
) -> tuple[result.Result, Report]:
    """With the plan. A file may be invalid and still have one, which shows its conflicts."""
    machines = {inputs.EACH: ["--each-machine"], inputs.NONE: []}.get(
        given.machines, ["--machine", given.machines]
    )
    base = EMPTY if old.text is None else "-"
    words = ["-f", given.file, "--base", base, *machines, "--format", "markdown"]
    code, out, said, printed = mlxsm.run("plan", "plan", *words, text=old.text or b"")
    if code or printed is None:
        if found.valid:
            tell("error", said)
            report = report._replace(headline="**No plan could be made.**", notes=said.strip())
        return found._replace(valid=False), report
    if said.strip():
        tell("warning" if "warning:" in said else "notice", said.strip())
    counted = result.counts(printed)
    headline = report.headline or (
        "The file is new: the plan is for an empty machine." if old.text is None else ""
    )
    found = found._replace(planned=True, **counted._asdict())
    return found, report._replace(headline=headline, notes=said.strip(), plan=out)
