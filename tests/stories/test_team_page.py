"""Every command of docs/team.md, run as it stands there; what is not run says why."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from testing.paths import BIN, REPOSITORY
from testing.project import Project

PAGE = (REPOSITORY / "docs/team.md").read_text()
BLOCKS = re.findall(r"(?:<!-- (.*?) -->\n)?```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def blocks(mark: str) -> list[str]:
    return [text for said, _, text in BLOCKS if said == mark]


(FILE,) = blocks("file: profiles.yaml")
OLD = FILE.replace("port: 8080", "port: 9080")


def run(project: Project, script: str, **environment: str) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"shopt -s expand_aliases\n{script}"],
        cwd=project.folder,
        env=project.environment | {"PATH": f"{BIN}{os.pathsep}{project.environment['PATH']}"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def git(project: Project, *words: str) -> None:
    who = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(
        ["git", *words], cwd=project.folder, env=project.environment | who, check=True, capture_output=True
    )


def one_file(project: Project) -> None:
    project.write(FILE)


def pull_request(project: Project) -> None:
    """A clone on a branch, of which the file differs from that of origin/main."""
    project.write(OLD)
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "profiles.yaml")
    git(project, "commit", "-q", "-m", "Begin")
    git(project, "update-ref", "refs/remotes/origin/main", "HEAD")
    project.write(FILE)


def two_files(project: Project) -> None:
    (project.folder / "team").mkdir()
    project.write(FILE.replace("laptop:", '"*": {}'), "team/profiles.yaml")
    project.write(
        "schemaVersion: 1\ncollection: mine\nprofiles:\n- {name: Mine, modelID: mlx-community/x, port: 9000}\n",
        "mine.yaml",
    )


def dotfiles(project: Project) -> None:
    project.write(FILE)
    project.environment["MLXSM_MACHINE"] = "studio"
    project.environment |= {
        f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }


SCENES: dict[str, Callable[[Project], None]] = {
    "one-file": one_file,
    "pull-request": pull_request,
    "two-files": two_files,
    "stow": dotfiles,
    "bare": dotfiles,
}


def test_every_command_is_run_or_says_why_not() -> None:
    marks = [said for said, language, _ in BLOCKS if language == "bash"]
    assert [one for one in marks if not re.fullmatch(r"run: [\w-]+|not run: .{20,}", one)] == []
    assert {one.removeprefix("run: ") for one in marks if one.startswith("run: ")} == SCENES.keys()
    languages = {language for said, language, _ in BLOCKS if not said}
    assert languages == set()


@pytest.mark.parametrize("scene", SCENES)
def test_the_commands_work_in_their_order(scene: str, project: Project) -> None:
    SCENES[scene](project)
    told = [run(project, script) for script in blocks(f"run: {scene}")]
    if scene == "one-file":
        assert "For this machine: Chat, Coder\n" in told[0]
        assert "Plan: 1 to create, 1 unchanged, 1 orphan" in told[1]
        assert (
            told[3]
            == f"Drift: nothing was changed on this machine\nmachine studio (from {_kept(project)}), tags big\n"
        )
    elif scene == "pull-request":
        assert told[0].count("~ Chat\n      port  9080 -> 8080") == 3
        assert "Applied: 2 created." in told[1]
    elif scene == "two-files":
        assert "mlx_lm.server" in told[0] or "Mine" in told[0]
    else:
        assert "Applied: 2 created." in told[0]


def test_the_job_for_gitlab_does_what_it_says(project: Project) -> None:
    pull_request(project)
    (text,) = blocks("script")
    script = "\n".join(yaml.safe_load(text)["mlxsm"]["script"])
    assert script.startswith('pip install --quiet "$MLXSM"\n')
    told = run(project, script.partition("\n")[2], CI_MERGE_REQUEST_DIFF_BASE_SHA="origin/main")
    assert told.count("| `~` | `Chat` | update: `port 9080 -> 8080` |") == 3
    assert (project.folder / "plan.md").read_text() in told
    new = run(project, script.partition("\n")[2], CI_MERGE_REQUEST_DIFF_BASE_SHA="nowhere")
    assert "to create" in new


def test_the_script_for_chezmoi_ends_well_where_a_conflict_is_left(project: Project) -> None:
    dotfiles(project)
    (script,) = (text for said, _, text in BLOCKS if said.startswith("not run: chezmoi"))
    place = Path(project.environment["HOME"]) / ".config/mlxsm"
    place.mkdir(parents=True)
    (place / "profiles.yaml").write_text(FILE + "  - {name: Chat, modelID: m/b, port: 1}\n")
    run(project, script)
    assert len(project.state["entries"]) == 1


def _kept(project: Project) -> str:
    return f"{project.environment['HOME']}/.config/mlxsm/machine"
