"""One file, a bare repository, and three machines: from the branch to what each of them has in the end."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from testing.in_process import Result
from testing.project import Project

FILE = """\
# The team's servers.
schemaVersion: 1
collection: team
machines:
  studio: {tags: [big]}
  laptop:                         # everybody's
  "mini-*": {tags: [small], defaults: {port: 8090}}
defaults: {host: 127.0.0.1}
profiles:
  - name: Coder
    modelID: mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit
    port: 8081
    on: ["@big"]
  - name: Chat                    # the one that everybody asks
    modelID: mlx-community/Qwen3-4B-4bit
    port: 8082
  - name: Tiny
    modelID: mlx-community/Qwen3-0.6B-4bit
    on: ["mini-*"]
"""


class Team:
    """Three machines, each with a home and a clone of its own, and what they share."""

    def __init__(self, folder: Path, project: Project) -> None:
        self.folder, self.project = folder, project
        self.environment = {"PATH": project.environment["PATH"], "HOME": str(folder)}
        self.environment |= {
            f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        self.git("init", "-q", "--bare", "-b", "main", "shared.git", at=folder)
        for name in ("studio", "laptop", "mini-1"):
            (folder / name / "home").mkdir(parents=True)
            self.git("clone", "-q", str(folder / "shared.git"), "clone", at=folder / name)

    def git(self, *words: str, at: Path) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=at,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def clone(self, machine: str) -> Path:
        return self.folder / machine / "clone"

    def commit(self, machine: str, text: str, branch: str = "main") -> None:
        at = self.clone(machine)
        self.git("checkout", "-q", "-B", branch, at=at)
        (at / "profiles.yaml").write_text(text)
        self.git("add", ".", at=at)
        self.git("commit", "-q", "-m", "Edit the profiles", at=at)
        self.git("push", "-q", "origin", branch, at=at)

    def pull(self, machine: str) -> None:
        self.git("fetch", "-q", "origin", at=self.clone(machine))
        self.git("checkout", "-q", "main", at=self.clone(machine))
        self.git("merge", "-q", "--ff-only", "origin/main", at=self.clone(machine))

    def run(self, machine: str, *words: str, stdin: str | None = None) -> Result:
        home = self.folder / machine / "home"
        there = Project(self.clone(machine), self.project.environment | {"HOME": str(home)}, installed=False)
        return there.run(*words, stdin=stdin)

    def names(self, machine: str) -> list[str]:
        return [one["name"] for one in self.run(machine, "list", "--json").json["entries"]]


@pytest.fixture
def team(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Team:
    team = Team(tmp_path_factory.mktemp("team"), project)
    team.commit("studio", FILE)
    for machine in ("studio", "laptop", "mini-1"):
        team.pull(machine)
        assert team.run(machine, "machine", machine).code == 0
        assert team.run(machine, "apply", "--yes").code == 0
    return team


def test_each_machine_gets_what_is_for_it(team: Team) -> None:
    assert {name: team.names(name) for name in ("studio", "laptop", "mini-1")} == {
        "studio": ["Coder", "Chat"],
        "laptop": ["Chat"],
        "mini-1": ["Chat", "Tiny"],
    }
    (tiny,) = team.run("mini-1", "list", "Tiny", "--json").json["entries"]
    assert tiny["port"] == 8090


def test_a_branch_is_reviewed_merged_and_applied_on_each_machine(team: Team) -> None:
    """A profile moves from the studio to the laptop, and another one changes for everybody."""
    edited = FILE.replace('on: ["@big"]', "on: [laptop]").replace("port: 8082", "port: 9082")
    team.commit("laptop", edited, branch="move")

    # What the pull request shows: the branch against main, for each machine, and nothing of this one.
    old = team.git("show", "origin/main:profiles.yaml", at=team.clone("laptop"))
    told = team.run("laptop", "plan", "--base", "-", "--each-machine", "--format", "markdown", stdin=old)
    assert told.code == 0
    headings = [line for line in told.out.splitlines() if line.startswith("#")]
    assert headings == [
        "### Plan: 1 to update, 1 to delete, 2 for other machines, on `studio`",
        "### Plan: 1 to create, 1 to update, 1 for other machines, on `laptop`",
        "### Plan: 1 to update, 1 unchanged, 1 for other machines, on `mini-*`",
    ]
    assert told.out.count("| `~` | `Chat` | update: `port 8082 -> 9082` |") == 3
    reviewed = team.run("laptop", "plan", "--json").json["input"]["meaning"]

    # Drift on one machine: somebody edits the entry in its state, as the app would.
    state = team.folder / "mini-1/home/.local/state/mlxsm/state.json"
    content = json.loads(state.read_text())
    content["entries"][1]["profile"]["port"] = 8099
    state.write_text(json.dumps(content))
    drift = team.run("mini-1", "plan", "--drift-only", "--detailed-exitcode")
    assert (drift.code, drift.out.splitlines()[:2]) == (
        3,
        [
            "Drift: 1 profile was changed on this machine",
            f"machine mini-1 (from {_kept(team, 'mini-1')}), tags small",
        ],
    )
    assert team.run("studio", "plan", "--drift-only", "--detailed-exitcode").code == 0

    # Merge; every machine pulls and applies what was reviewed, and nothing else.
    team.git("checkout", "-q", "main", at=team.clone("laptop"))
    team.git("merge", "-q", "move", at=team.clone("laptop"))
    team.git("push", "-q", "origin", "main", at=team.clone("laptop"))
    codes = {}
    for machine in ("studio", "laptop", "mini-1"):
        team.pull(machine)
        codes[machine] = team.run(machine, "apply", "--yes", "--expect-input", reviewed).code
    assert codes == {"studio": 0, "laptop": 0, "mini-1": 3}  # its drift waits for a person
    assert team.names("laptop") == ["Chat", "Coder"]

    # What left the studio is an orphan there, with the reason, until somebody prunes it.
    plan = team.run("studio", "plan")
    assert "Orphans: for other machines; --prune deletes them\n  ? Coder (from" in plan.out
    assert team.names("studio") == ["Coder", "Chat"]
    assert team.run("studio", "apply", "--prune", "--yes").code == 0
    assert team.names("studio") == ["Chat"]
    assert team.run("laptop", "apply", "--prune", "--yes").code == 0
    assert team.names("laptop") == ["Chat", "Coder"]

    # The drift goes into the file, at the profile itself, and every comment stays.
    assert team.run("mini-1", "pull", "--yes").code == 0
    assert (team.clone("mini-1") / "profiles.yaml").read_text() == edited.replace(
        'Qwen3-0.6B-4bit\n    on: ["mini-*"]\n', 'Qwen3-0.6B-4bit\n    on: ["mini-*"]\n    port: 8099\n'
    )
    assert team.run("mini-1", "plan", "--detailed-exitcode").code == 0
    assert team.run("mini-1", "apply", "--prune", "--yes").code == 0
    assert team.names("mini-1") == ["Chat", "Tiny"]


def test_a_host_name_that_changes_takes_nothing_away(team: Team) -> None:
    """Without a kept name the host name counts, which the file does not know: nothing becomes an orphan."""
    assert team.run("studio", "machine", "--forget").code == 0
    for words in (["plan"], ["apply", "--yes", "--prune"], ["pull", "--yes"]):
        refused = team.run("studio", *words, "--json")
        assert (refused.code, refused.json["error"]["kind"]) == (1, "unknown-machine")
    assert team.names("studio") == ["Coder", "Chat"]


def _kept(team: Team, machine: str) -> Path:
    return team.folder / machine / "home/.config/mlxsm/machine"
