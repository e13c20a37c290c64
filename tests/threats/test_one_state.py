"""One state is one state, however its path is spelled; a plan that goes to a pipe; whose a state is."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import unicodedata

import pytest

from testing.ledger import Tally
from testing.paths import LIKE_DARWIN
from testing.project import Project

ONE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: %d}]\n"


@pytest.fixture
def apfs(project: Project) -> Project:
    """The command as on a Mac, whose disk finds names whatever their case and form."""
    project.program = (sys.executable, str(LIKE_DARWIN))
    project.environment["LIKE_DARWIN_APFS"] = "1"
    return project


@pytest.mark.usefixtures("no_app")
def test_the_list_of_the_app_has_one_record_under_every_spelling(apfs: Project, tally: Tally) -> None:
    (apfs.folder / "app").mkdir()
    for port, path in enumerate(("app/models.json", "app/Models.json", "App/MODELS.JSON"), start=1):
        apfs.write(ONE % port)
        assert apfs.run("apply", "--yes", "--while-app-runs", "--state", f"app:{path}").code == 0
        tally.add(spellings=1)
    assert len([*apfs.state_path.parent.glob("app-*.json")]) == 1
    assert len([*apfs.state_path.parent.glob("app-*.lock")]) == 1
    told = apfs.run("history", "--json", "--state", "app:APP/models.json").json["entries"]
    assert [one["serial"] for one in told] == [3, 2, 1, 0]


@pytest.mark.usefixtures("no_app")
def test_a_record_of_an_earlier_release_goes_on_being_used(apfs: Project) -> None:
    """It was named after the path as it was typed."""
    (apfs.folder / "app").mkdir()
    apfs.write(ONE % 1)
    words = ("--state", "app:app/models.json")
    assert apfs.run("apply", "--yes", "--while-app-runs", *words).code == 0
    (record,) = apfs.state_path.parent.glob("app-*.json")
    typed = str(apfs.folder.resolve() / "app/MODELS.json")
    record.rename(record.with_name(f"app-{hashlib.sha256(typed.encode()).hexdigest()[:12]}.json"))
    (entry,) = apfs.run("list", "--json", "--state", "app:app/MODELS.json").json["entries"]
    assert entry["owner"] == "default"


def test_a_state_has_one_history_and_one_label_under_every_spelling(apfs: Project) -> None:
    (apfs.folder / "états").mkdir()
    name = "états/état.json"
    for port, path in enumerate((name, unicodedata.normalize("NFD", name), name.upper()), start=1):
        apfs.write(ONE % port)
        assert apfs.run("apply", "--yes", "--state", path).code == 0
        told = apfs.run("history", "--json", "--state", path).json["entries"]
        assert [one["serial"] for one in told] == [*range(port, -1, -1)]
    assert sorted(path.name for path in (apfs.folder / "états").iterdir()) == [
        "history",
        "état.json",
        "état.json.lock",
    ]


def test_a_plan_can_go_to_standard_output(project: Project) -> None:
    project.write(ONE % 1)
    done = project.run("plan", "--out", "-")
    assert done.code == 0
    assert json.loads(done.out)["digest"].startswith("sha256:")
    assert "Plan: 1 to create" in done.err
    assert "Next: " not in done.err
    for words in (("--json",), ("--json-out", "-"), ("--format", "json")):
        assert project.run("plan", "--out", "-", *words).code == 64
    done = project.shell("mlxsm plan --out - 2> plan.err | mlxsm apply -")
    assert done.code == 0, done
    assert [entry["profile"]["port"] for entry in project.state["entries"]] == [1]
    assert not (project.folder / "-").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_state_that_sudo_would_make_for_root_is_refused(project: Project) -> None:
    project.write(ONE % 1)
    for path in (project.folder / "home", project.folder):
        os.chown(path, 12345, 12345)
    done = project.run("apply", "--yes", SUDO_UID="12345")
    assert done.code == 1
    assert "would belong to root, in a folder of user 12345" in done.err
    assert "hint: run it as user 12345, without sudo" in done.err
    assert [*(project.folder / "home").iterdir()] == []
    done = project.run("apply", "--yes")
    assert done.code == 0
    assert "what root writes there belongs to root" in done.err


@pytest.mark.parametrize(("name", "told"), [("~/s/x.json", "home/s/x.json"), ("~", None)])
def test_a_tilde_that_no_shell_expanded_is_the_home_folder(
    project: Project, name: str, told: str | None
) -> None:
    project.write(ONE % 1)
    project.write(ONE % 1, "home/p.yaml")
    (project.folder / "home/s").mkdir()
    if told is None:
        assert project.run("plan", "--out", name).code == 1
        return
    for words, environment in (
        (("apply", "--yes", "--state", name), {}),
        (("plan", f"--json-out={name}", "--state", "t.json"), {}),
        (("plan", f"--out={name}", "--state", "t.json"), {}),
        (("export", "--yes", "-o", name, "--state", "u.json"), {}),
        (("apply", "--yes", "-f", "~/p.yaml"), {"MLXSM_STATE": name}),
        (("apply", "--yes"), {"MLXSM_STATE": name, "MLXSM_FILE": "~/p.yaml"}),
    ):
        (project.folder / told).unlink(missing_ok=True)
        assert project.run("apply", "--yes", "--state", "u.json").code == 0
        done = project.run(*words, **environment)
        assert done.code == 0, (words, done)
        assert (project.folder / told).is_file(), words
        assert not (project.folder / "~").exists()
