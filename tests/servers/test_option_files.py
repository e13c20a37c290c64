"""What options name beside the model: whether an adapter or a drafting model can be loaded, told beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlxsm_sync.servers.option_files import OptionFiles, option_files
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.state import Entry
from testing.models import model_folder
from testing.project import Project


def named(*arguments: str, beside: Path | None = None, **environment: str) -> list[OptionFiles]:
    options = LaunchOptions(raw_extra_args=arguments)
    profile = Profile(name="A", model_id="org/a", host="127.0.0.1", port=1, advanced_launch_options=options)
    entry = Entry(id="a" * 16, profile=profile, owner=None, from_=str(beside) if beside else None)
    return [*option_files(entry, environment)]


def adapter_folder(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapters.safetensors").write_bytes(bytes(8) + b"{}")
    return folder


@pytest.mark.parametrize("joined", [True, False])
def test_what_can_be_loaded_has_no_problem(tmp_path: Path, joined: bool) -> None:
    lora, draft = adapter_folder(tmp_path / "lora"), model_folder(tmp_path / "draft")
    given = {"--adapter-path": lora, "--draft-model": draft}
    words = [f"{option}={value}" for option, value in given.items()]
    apart = [word for option, value in given.items() for word in (option, str(value))]
    expected = [OptionFiles(option, str(value)) for option, value in given.items()]
    assert named(*(words if joined else apart)) == expected


def test_an_adapter_needs_its_two_files(tmp_path: Path) -> None:
    lora = adapter_folder(tmp_path / "lora")
    (lora / "adapter_config.json").unlink()
    (lora / "adapters.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    (found,) = named("--adapter-path", str(lora))
    assert found.problems == (
        f"its adapter: {lora}/adapter_config.json is missing or no JSON object",
        (
            f"its adapter: {lora}/adapters.safetensors is a pointer of git-lfs, not the weights: "
            f"git -C {lora} lfs pull brings them"
        ),
    )
    (lora / "adapters.safetensors").unlink()
    assert (
        f"its adapter: {lora}/adapters.safetensors is missing" in named(f"--adapter-path={lora}")[0].problems
    )


def test_a_file_is_no_adapter_and_no_model(tmp_path: Path) -> None:
    file = tmp_path / "lora.safetensors"
    file.write_bytes(bytes(10))
    adapter, draft = named("--adapter-path", str(file), "--draft-model", str(file))
    assert adapter.problems == (
        f"its adapter: {file} is no folder: an adapter is a folder with adapter_config.json",
    )
    assert draft.problems[0].startswith(f"its draft model: {file} is no folder")


def test_a_relative_place_is_said_to_be_relative_to_the_profile_file(tmp_path: Path) -> None:
    file = tmp_path / "profiles.yaml"
    file.touch()
    for one in named("--adapter-path", "./lora", "--draft-model", "../draft", beside=file):
        assert "there is no folder" in one.problems[0]
        assert one.problems[0].endswith(f"is relative to {file})")


def test_an_adapter_relative_to_nothing_is_a_problem_of_the_option_alone() -> None:
    assert named("--adapter-path", "./lora") == []


def test_a_place_that_cannot_be_looked_at_says_why() -> None:
    assert named("--adapter-path", f"/{'x' * 300}")[0].problems[0].endswith("File name too long")
    assert named("--adapter-path", "/a\0b")[0].problems == (
        "its adapter: /a\0b cannot be looked at: is no path",
    )


def test_a_drafting_model_of_the_hub_may_still_come(tmp_path: Path) -> None:
    (found,) = named("--draft-model", "org/draft", HF_HUB_CACHE=str(tmp_path))
    assert (found.problems, found.is_here) == ((), False)
    assert (found.warning or "").startswith("its draft model: org/draft is not complete in the cache")


@pytest.mark.parametrize("option", ["--adapter-path", "--draft-model"])
def test_doctor_and_up_say_beforehand_that_a_folder_is_not_there(
    project: Project, tmp_path: Path, option: str
) -> None:
    model, gone = model_folder(tmp_path / "m"), tmp_path / "gone"
    options = {"rawExtraArgs": [option, str(gone)]}
    project.apply(
        json.dumps(
            {
                "schemaVersion": 1,
                "profiles": [
                    {"name": "A", "modelID": str(model), "port": 5201, "advancedLaunchOptions": options}
                ],
            }
        )
    )
    checks = project.run("doctor", "--json").json["checks"]
    (failed,) = [one for one in checks if one["subject"] == "A" and one["status"] == "fail"]
    assert f"there is no folder {gone}" in failed["message"]
    assert option in failed["remedy"]
    told = project.run("up", "--dry-run", "--server-command", "/bin/echo")
    assert (told.code, f"there is no folder {gone}" in told.err) == (1, True)


@pytest.mark.parametrize(("offline", "status"), [(False, "warn"), (True, "fail")])
def test_doctor_tells_of_a_drafting_model_that_is_still_to_come(
    project: Project, tmp_path: Path, offline: bool, status: str
) -> None:
    project.environment |= {"HF_HUB_OFFLINE": "1"} if offline else {}
    model, draft = model_folder(tmp_path / "m"), tmp_path / "org/draft"
    options = {"rawExtraArgs": ["--draft-model", "org/draft"]}
    profile = {"name": "A", "modelID": str(model), "port": 5201, "advancedLaunchOptions": options}
    project.apply(json.dumps({"schemaVersion": 1, "profiles": [profile]}))
    about = [one for one in project.run("doctor", "--json").json["checks"] if one["check"] == "model"]
    assert [one["status"] for one in about] == ["pass", status]
    assert about[1]["message"].startswith("its draft model: org/draft is not complete in the cache")
    assert not draft.exists()
