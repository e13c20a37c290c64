"""Models on disk: where a model ID leads, and whether the server will be able to load what is there."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mlxsm_sync.servers import model_cache, model_files
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.state import Entry


def weights(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", 2) + b"{}")


def complete(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "tokenizer.json").write_text("{}")
    weights(folder / "model.safetensors")
    return folder


def problems(folder: Path) -> tuple[str, ...]:
    return model_files.look_at(str(folder), {}).problems


def entry(model_id: str, applied_from: Path | None) -> Entry:
    profile = Profile(name="A", model_id=model_id, host="127.0.0.1", port=1)
    return Entry(id="a" * 16, profile=profile, owner=None, from_=str(applied_from) if applied_from else None)


@contextmanager
def nobody() -> Iterator[None]:
    """As a user whom file modes bind."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(12345)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that everybody can enter; those of pytest are its user's alone."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


# Where


def test_a_folder_is_passed_resolved(tmp_path: Path) -> None:
    folder = complete(tmp_path / "model")
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert model_files.look_at(str(link), {}) == (str(folder), "folder", (), None)


@pytest.mark.parametrize("model_id", ["./models/x", "../team/models/x", "./models/../models/x/", "./link"])
def test_a_relative_folder_belongs_to_the_profile_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_id: str
) -> None:
    folder = complete(tmp_path / "team/models/x")
    (tmp_path / "team/link").symlink_to(folder)
    for elsewhere in (tmp_path, tmp_path / "team/sub", tmp_path / "other"):
        complete(elsewhere / "models/x") if elsewhere != tmp_path else None
        monkeypatch.chdir(elsewhere)
        found = model_files.model_of(entry(model_id, tmp_path / "team/profiles.yaml"), {})
        assert found == (str(folder), "folder", (), None)
        (told,) = model_files.model_of(entry(model_id, None), {}).problems
        assert told == (
            f"{model_id} is relative to a profile file, and this profile was applied from none: "
            "apply it from a file, or write the whole path"
        )


def test_a_relative_folder_that_is_not_there_is_told_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "profiles.yaml"
    one = entry("./x", file)
    (told,) = model_files.model_of(one, {}).problems
    gone = ", which is gone: apply the file from where it is now"
    assert told == f"there is no folder {tmp_path}/x (./x is relative to {file}{gone})"
    file.write_text("")
    assert model_files.model_of(one, {}).problems == (told.replace(gone, ""),)
    (tmp_path / "x").mkdir()
    assert "is relative to" not in "".join(model_files.model_of(one, {}).problems)
    assert model_files.model_of(entry("/nowhere", file), {}).problems == ("there is no folder /nowhere",)


def test_the_home_folder_is_this_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = complete(tmp_path / "models/x")
    monkeypatch.setenv("HOME", str(tmp_path))
    for applied_from in (None, Path("/x/profiles.yaml")):
        assert model_files.model_of(entry("~/models/x", applied_from), {}) == (
            str(folder),
            "folder",
            (),
            None,
        )


def test_folders_of_options_belong_to_the_profile_file_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    find = model_files.finder(entry("org/x", tmp_path / "profiles.yaml"))
    for path, found in {
        "./a": f"{tmp_path}/a",
        "../a/": f"{tmp_path.parent}/a",
        "~/a": "/home/me/a",
        "/a/../b": "/b",
        "org/draft": "org/draft",
        "a": "a",
    }.items():
        assert find(path) == found
    assert model_files.finder(entry("org/x", None))("./a") == "./a"
    assert model_files.finder(entry("org/x", Path("team/profiles.yaml")))("./a") == "./a"


@pytest.mark.parametrize("model_id", ["~other/models/x", "a/b/c", "C:\\models", "file:///x", ".hidden", "~"])
def test_what_no_server_would_find_is_no_model(tmp_path: Path, model_id: str) -> None:
    found = model_files.model_of(entry(model_id, tmp_path / "profiles.yaml"), {})
    assert found.argument == model_id
    assert found.problems == (
        f"{model_id} is neither a Hub name nor a path that begins with /, ./, ../ or ~/",
    )


@pytest.mark.parametrize("model_id", ["qwen", "org/qwen"])
def test_a_folder_that_is_called_as_a_name_of_the_hub_is_told(tmp_path: Path, model_id: str) -> None:
    environment = {"HF_HUB_CACHE": str(tmp_path / "cache")}
    one = entry(model_id, tmp_path / "profiles.yaml")
    assert "write ./" not in (model_files.model_of(one, environment).warning or "")
    folder = complete(tmp_path / model_id)
    told = f"to serve the folder {folder} instead, write ./{model_id}"
    found = model_files.model_of(one, environment)
    assert (found.argument, found.kind) == (model_id, "not cached")
    assert (found.warning or "").endswith(f"the server will download it; {told}")
    repository = tmp_path / "cache" / f"models--{model_id.replace('/', '--')}"
    complete(repository / "snapshots/abc")
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("abc")
    assert model_files.model_of(one, environment) == (model_id, "cached", (), told)
    assert model_files.model_of(entry(model_id, None), environment).warning is None


@pytest.mark.parametrize("path", ["/" + "h" * 300, "/nul\0"])
def test_a_path_that_is_none_is_a_problem_of_its_profile(path: str) -> None:
    (problem,) = model_files.look_at(path, {}).problems
    assert "cannot be looked at" in problem


# Whole or not


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("config.json", None, "config.json is missing or no JSON object"),
        ("config.json", "[]", "config.json is missing or no JSON object"),
        ("config.json", "{", "config.json is missing or no JSON object"),
        ("config.json", "{}", "config.json names no model_type"),
        ("tokenizer.json", None, "has no tokenizer"),
        ("model.safetensors", None, "has no weights (model*.safetensors)"),
        ("model.safetensors", "", "model.safetensors is cut off"),
        ("model.safetensors", "version https://git-lfs.github.com/spec/v1", "lfs pull brings them"),
    ],
)
def test_what_keeps_a_folder_from_being_loaded(
    tmp_path: Path, name: str, content: str | None, problem: str
) -> None:
    folder = complete(tmp_path / "a model")
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    (told,) = problems(folder)
    assert problem in told


ONE, TWO, THREE = (f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("there", "listed", "missing"),
    [
        (["model.safetensors"], [ONE, TWO], []),
        (["model.safetensors"], ["model.safetensors"], []),
        ([ONE, TWO, THREE], [ONE, TWO, THREE], []),
        ([ONE, THREE], [ONE, TWO, THREE], [TWO]),
        ([ONE], [ONE, TWO, THREE], [TWO, THREE]),
        ([ONE, TWO], ["weights.npz"], []),
        ([ONE, "model.safetensors"], [], []),
        (["model_a.safetensors"], None, []),
    ],
)
def test_what_counts_is_what_the_server_loads(
    tmp_path: Path, there: list[str], listed: list[str] | None, missing: list[str]
) -> None:
    """It loads every file of the pattern; an index of another build says nothing about those that are there."""
    folder = complete(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    for name in there:
        weights(folder / name)
    index = {"weight_map": 1 if listed is None else {str(at): name for at, name in enumerate(listed)}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert problems(folder) == tuple(f"{folder}/{name} is missing" for name in missing)


@pytest.mark.parametrize(
    "name", ["weights.safetensors", "pytorch_model.bin", "consolidated.safetensors", "model.gguf"]
)
def test_weights_of_another_name_are_none(tmp_path: Path, name: str) -> None:
    folder = complete(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / name)
    assert problems(folder) == (f"{folder} has no weights (model*.safetensors)",)


def test_a_folder_that_is_none_and_a_config_that_is_too_large(tmp_path: Path) -> None:
    assert problems(tmp_path / "no") == (f"there is no folder {tmp_path / 'no'}",)
    (tmp_path / "model.gguf").write_text("")
    assert problems(tmp_path / "model.gguf") == (
        f"{tmp_path / 'model.gguf'} is no folder: a model is a folder with a config.json",
    )
    folder = complete(tmp_path / "model")
    with (folder / "config.json").open("w") as file:
        file.truncate(65 * 1024 * 1024)
    assert "config.json is missing" in problems(folder)[0]
    (folder / "model-2.safetensors").symlink_to(tmp_path / "nowhere")
    assert problems(folder)[1:] == (f"{folder}/model-2.safetensors is missing",)


@pytest.mark.parametrize("name", ["", "config.json", "model.safetensors", "model.safetensors.index.json"])
@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_what_may_not_be_read_is_not_called_missing(
    monkeypatch: pytest.MonkeyPatch, open_folder: Path, name: str, system: str
) -> None:
    monkeypatch.setattr("sys.platform", system)
    folder = complete(open_folder / "model")
    (folder / "model.safetensors.index.json").write_text("{}")
    (folder / name).chmod(0)
    try:
        with nobody():
            found = model_files.look_at(str(folder), {})
    finally:
        (folder / name).chmod(0o755)
    told = f"{str(folder / name).rstrip('/')} may not be read: Permission denied"
    more = "; macOS may withhold the folder from your terminal: System Settings > Privacy & Security > Files and Folders allows it"
    assert found == (str(folder), "folder", (told + more * (system == "darwin"),), None)


def test_a_folder_that_root_made_in_a_folder_of_ours_is_told_with_its_owner(open_folder: Path) -> None:
    """As `sudo` leaves it behind."""
    folder = complete(open_folder / "models/x")
    folder.chmod(0)
    if os.geteuid() != 0:
        return
    os.chown(folder.parent, 12345, 12345)
    with nobody():
        (told,) = model_files.look_at(str(folder), {}).problems
    folder.chmod(0o755)
    assert told.startswith(
        f"{folder} may not be read: Permission denied: {folder} belongs to root; to make it yours: "
    )


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "model.safetensors.index.json"])
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(tmp_path: Path, name: str) -> None:
    folder = complete(tmp_path / "model")
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    assert len(problems(folder)) == (name != "model.safetensors.index.json")


def test_a_path_through_a_folder_that_may_not_be_entered(tmp_path: Path) -> None:
    complete(tmp_path / "closed/models/x")
    cache = complete(tmp_path / "closed/cache/models--org--x/snapshots/abc")
    (tmp_path / "closed").chmod(0)
    try:
        with nobody():
            folder = model_files.look_at(str(tmp_path / "closed/models/x"), {})
            cached = model_files.look_at("org/x", {"HF_HUB_CACHE": str(cache.parent.parent.parent)})
    finally:
        (tmp_path / "closed").chmod(0o755)
    for found in (folder, cached):
        (told,) = found.problems
        assert "may not be read: Permission denied" in told
    assert (folder.kind, cached.kind) == ("folder", "not cached")


# The cache


def test_the_cache_is_where_the_hub_has_it() -> None:
    home = Path("~").expanduser()
    folder = model_files.cache_folder
    assert folder({}) == home / ".cache/huggingface/hub"
    assert folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/huggingface/hub")
    assert folder({"HF_HOME": "/h", "XDG_CACHE_HOME": "/x"}) == Path("/h/hub")
    assert folder({"HUGGINGFACE_HUB_CACHE": "/l", "HF_HOME": "/h"}) == Path("/l")
    assert folder({"HF_HUB_CACHE": "~/c", "HUGGINGFACE_HUB_CACHE": "/l"}) == home / "c"
    # A server runs in another folder than ours.
    assert folder({"HF_HOME": "models"}) == Path("/models/hub")


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"HF_HOME": "{here}/hf"}, None),
        ({"HF_HOME": "{here}/vol/SSD/hf"}, "{here}/vol"),
        ({"HF_HUB_CACHE": "{here}/hub"}, None),
        ({"HF_HUB_CACHE": "{here}/hf/hub"}, "{here}/hf"),
        ({"HUGGINGFACE_HUB_CACHE": "{here}/a/b"}, "{here}/a"),
        ({"XDG_CACHE_HOME": "{here}/cache"}, None),
        ({"XDG_CACHE_HOME": "{here}/a/cache"}, "{here}/a"),
        ({"HF_HOME": "{here}/file/hf"}, "{here}/file/hf"),
        ({"HF_HOME": "/Volumes/No Such Disk/hf"}, "/Volumes"),
        ({"HF_HOME": "/mnt/no-such-disk"}, "/mnt/no-such-disk"),
        ({"HF_HUB_CACHE": "/mnt/no-such-disk/hub"}, "/mnt/no-such-disk"),
        ({"HF_HOME": "/media/nobody/no-such-disk"}, "/media/nobody"),
    ],
)
def test_only_what_a_first_download_makes_is_made(
    tmp_path: Path, environment: dict[str, str], missing: str | None
) -> None:
    (tmp_path / "file").write_text("")
    known = {name: value.format(here=tmp_path) for name, value in environment.items()}
    told = model_cache.missing_place(known)
    assert told == (Path(missing.format(here=tmp_path)) if missing else None)
    before = {*tmp_path.rglob("*")}
    model_files.make_cache_folder(known)
    assert model_files.cache_folder(known).is_dir() == (missing is None)
    assert missing is None or {*tmp_path.rglob("*")} == before
    assert model_cache.missing_place(known) == told
    found = model_files.look_at("org/name", known).warning or ""
    assert f"in the cache at {model_files.cache_folder(known)}" in found
    assert (f"and {told} is not there: is its disk connected?" in found) == (missing is not None)


def test_the_mount_of_a_disk_is_never_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the folder of all disks is there and one disk is not, a folder in its place would hide it later."""
    monkeypatch.setattr("mlxsm_sync.servers.model_cache._MOUNTS", (str(tmp_path),))
    for named in ("SSD", "user/SSD"):
        known = {"HF_HOME": str(tmp_path / named)}
        assert model_cache.missing_place(known) == tmp_path / named.partition("/")[0]
        model_files.make_cache_folder(known)
        assert [*tmp_path.iterdir()] == []
    (tmp_path / "SSD").mkdir()
    known = {"HF_HOME": str(tmp_path / "SSD/models/hf")}
    assert model_cache.missing_place(known) == tmp_path / "SSD/models"
    assert model_cache.missing_place({"HF_HOME": str(tmp_path / "SSD")}) == tmp_path / "SSD/hub"
    assert model_cache.missing_place({"HF_HOME": "/" + "h" * 300}) is None


def test_a_repository_is_cached_when_its_snapshot_is_complete(tmp_path: Path) -> None:
    environment = {"HF_HUB_CACHE": str(tmp_path)}
    repository = tmp_path / "models--org--name"
    missing = model_files.look_at("org/name", environment)
    assert (missing.kind, missing.problems) == ("not cached", ())
    told = f"org/name is not complete in the cache at {tmp_path}"
    assert missing.warning == f"{told}: the server will download it"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text("abc")
    assert model_files.look_at("org/name", environment).kind == "not cached"
    folder = complete(repository / "snapshots/abc")
    assert model_files.look_at("org/name", environment) == ("org/name", "cached", (), None)
    (folder / "model.safetensors").unlink()
    offline = model_files.look_at("org/name", environment | {"HF_HUB_OFFLINE": "yes"})
    assert offline.warning == f"{told}, and HF_HUB_OFFLINE forbids the download"
    away = model_files.look_at("org/name", {"HF_HUB_CACHE": "/a/b/c", "TRANSFORMERS_OFFLINE": "1"})
    assert away.warning == (
        "org/name is not complete in the cache at /a/b/c, and /a is not there: is its disk connected?"
    )
    for broken in ("../../elsewhere", "", "ü", "a" * 300):
        (repository / "refs/main").write_text(broken)
        assert model_files.look_at("org/name", environment).kind == "not cached"


@pytest.mark.parametrize(
    ("model", "endpoint", "page"),
    [
        ("org/name", None, "https://huggingface.co/org/name"),
        ("org/name", "", "https://huggingface.co/org/name"),
        ("gpt2", None, "https://huggingface.co/gpt2"),
        ("mlx-community/Qwen3-0.6B-4bit", "https://hf-mirror.com/", "https://hf-mirror.com/mlx-community/Qwen3-0.6B-4bit"),
        ("org/name", "http://127.0.0.1:8000", "http://127.0.0.1:8000/org/name"),
        ("org/name", "https://me:word@hub.example", None),
        ("org/name", f"https://hub.example/{'hf_' + 'Ab1' * 12}", None),
        ("org/name", "https://hub.example\x1b[31m", None),
        ("/models/name", None, None),
        ("~/name", None, None),
        ("./name", None, None),
        ("org/name@main", None, None),
        ("https://huggingface.co/org/name", None, None),
    ],
)  # fmt: skip
def test_the_page_that_tells_of_a_model(model: str, endpoint: str | None, page: str | None) -> None:
    environment = {} if endpoint is None else {"HF_ENDPOINT": endpoint}
    assert model_files.hub_page(model, environment) == page


def test_the_files_of_a_model_are_found_where_it_is_whole(tmp_path: Path) -> None:
    folder = complete(tmp_path / "local")
    assert model_files.folder_for(entry(str(folder), None), {}) == folder.resolve()
    assert model_files.config_of(folder) == {"model_type": "llama"}
    (folder / "config.json").unlink()
    assert model_files.folder_for(entry(str(folder), None), {}) is None
    assert model_files.config_of(folder) is None

    environment = {"HF_HUB_CACHE": str(tmp_path / "hub")}
    assert model_files.folder_for(entry("org/x", None), environment) is None
    place = tmp_path / "hub/models--org--x"
    cached = complete(place / "snapshots/c1")
    (place / "refs").mkdir()
    (place / "refs/main").write_text("c1")
    assert model_files.folder_for(entry("org/x", None), environment) == cached
