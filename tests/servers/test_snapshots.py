"""How much of a model's weights is in the hub's cache, and how much is still to come."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mlxsm_sync.servers.downloads import Downloads
from mlxsm_sync.servers.model_files import look_at
from mlxsm_sync.servers.snapshots import INDEX, Weights, free_space, repository, weights
from mlxsm_sync.text.amounts import part

PARTS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
ALL = {PARTS[0]: 3_000_000, PARTS[1]: 2_000_000, "tokenizer.json": 7}


class Cache:
    """The hub's cache with one model, as the library makes it."""

    def __init__(self, folder: Path, model: str = "org/model") -> None:
        self.folder, self.model = folder, model
        self.place = repository(model, folder)
        self.snapshot = self.place / "snapshots" / "c0ffee"
        self.snapshot.mkdir(parents=True)
        for name in ("refs", "blobs", "trees"):
            (self.place / name).mkdir()
        (self.place / "refs/main").write_text("c0ffee")

    def list(self, files: dict[str, Any]) -> None:
        about = {name: {"size": size, "blob_id": "0"} for name, size in files.items()}
        (self.place / "trees/c0ffee.json").write_text(json.dumps({"format_version": 1, "files": about}))

    def has(self, name: str, content: bytes) -> None:
        """A file that is whole: a blob, and a link to it."""
        blob = self.place / "blobs" / name.encode().hex()
        blob.write_bytes(content)
        (self.snapshot / name).symlink_to(blob)

    def comes(self, content: bytes) -> None:
        """So much of a file that is not whole."""
        with (self.place / "blobs/abc.1234.incomplete").open("ab") as file:
            file.write(content)

    @property
    def environment(self) -> dict[str, str]:
        return {"HF_HUB_CACHE": str(self.folder), "HF_XET_CACHE": str(self.folder / "xet")}

    def download(self) -> Downloads:
        return Downloads([f"--model={self.model}"], self.environment)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "hub")


def test_the_listing_of_the_hub_tells_what_is_to_come(cache: Cache) -> None:
    cache.list(ALL)
    assert weights(cache.place) == Weights(5_000_000, 0)
    cache.has("tokenizer.json", b"{}")
    cache.has(PARTS[1], os.urandom(2_000_000))
    known = weights(cache.place)
    assert (known, known and known.missing) == (Weights(5_000_000, 2_000_000), 3_000_000)


def test_an_older_cache_has_the_index_of_the_weights(cache: Cache) -> None:
    assert weights(cache.place) is None
    cache.has(PARTS[0], os.urandom(1000))
    assert weights(cache.place) is None  # one of how many
    cache.has(INDEX, json.dumps({"metadata": {"total_size": 4000}, "weight_map": {}}).encode())
    assert weights(cache.place) == Weights(4000, 1000)


def test_a_model_of_one_file_is_whole_when_that_is_there(cache: Cache) -> None:
    cache.has("model.safetensors", os.urandom(1000))
    assert weights(cache.place) == Weights(1000, 1000)


@pytest.mark.parametrize(
    "size", [None, "5", -1, 0, 1.5, True, 2**63, 10**400, [], {"a": 1}], ids=lambda one: str(one)[:9]
)
def test_what_is_no_size_is_not_known(cache: Cache, size: Any) -> None:
    cache.list({PARTS[0]: size})
    (cache.snapshot / INDEX).write_text(json.dumps({"metadata": {"total_size": size}}))
    assert weights(cache.place) in (None, Weights(1, 0))  # true is 1 to Python


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": 5}', '{"files": {"a": 5}}', '{"metadata": 5}'])
def test_a_listing_that_cannot_be_read_tells_nothing(cache: Cache, text: str) -> None:
    (cache.place / "trees/c0ffee.json").write_text(text)
    (cache.snapshot / INDEX).write_text(text)
    assert weights(cache.place) is None


def test_a_model_that_is_not_there_is_not_known(tmp_path: Path) -> None:
    assert weights(tmp_path / "nowhere") is None
    assert free_space(tmp_path / "not/there/yet") == free_space(tmp_path)


def test_before_a_start_a_disk_that_is_too_small_is_told(cache: Cache) -> None:
    cache.list({PARTS[0]: 10**18, PARTS[1]: 2_000_000})
    cache.has(PARTS[1], os.urandom(2_000_000))
    (warning,) = (look_at("org/model", cache.environment).warning,)
    assert warning is not None
    assert (
        ": the server will download it, but 1000000000.0 GB of it are still to come, and its disk has "
        in warning
    )
    offline = look_at("org/model", cache.environment | {"HF_HUB_OFFLINE": "1"}).warning
    assert (offline is not None, "still to come" in (offline or "")) == (True, False)
    cache.list(ALL)
    fitting = look_at("org/model", cache.environment).warning
    assert (fitting or "").endswith(": the server will download it")


def test_a_download_counts_from_what_was_there(cache: Cache) -> None:
    cache.list(ALL)
    cache.has(PARTS[1], os.urandom(2_000_000))
    coming = cache.download()
    assert (coming.have_grown(1), coming.received, coming.total) == (False, 0, None)
    cache.comes(os.urandom(1_000_000))
    assert (coming.have_grown(2), coming.received, coming.total) == (True, 3_000_000, 5_000_000)
    assert coming.are_unfinished
    assert not coming.have_grown(3)


def test_the_sum_is_known_as_soon_as_the_hub_has_told_it(cache: Cache) -> None:
    coming = cache.download()
    cache.comes(os.urandom(1_000_000))
    assert (coming.have_grown(1), coming.received, coming.total) == (True, 1_000_000, None)
    cache.list(ALL)
    cache.comes(os.urandom(1_000_000))
    assert (coming.have_grown(2), coming.received, coming.total) == (True, 2_000_000, 5_000_000)


def test_a_file_that_is_made_large_before_it_is_filled_grows_on_the_disk(cache: Cache) -> None:
    coming = cache.download()
    path = cache.place / "blobs/abc.1234.incomplete"
    with path.open("wb") as file:
        file.truncate(10**9)
        file.flush()
        assert (coming.have_grown(1), coming.received) == (True, 0)
        for count in (1, 2):
            file.seek(count * 100_000_000)
            file.write(os.urandom(1_000_000))
            file.flush()
            os.fsync(file.fileno())
            assert coming.have_grown(1 + count)
            assert coming.received in range(count * 1_000_000, count * 1_100_000)


def test_what_xet_puts_into_its_own_folder_counts_while_a_file_is_unfinished(cache: Cache) -> None:
    cache.comes(b"x")
    coming = cache.download()
    assert not coming.have_grown(1)
    (cache.folder / "xet/chunk-cache/aa").mkdir(parents=True)
    assert coming.have_grown(2)
    assert not coming.have_grown(3)


def test_a_model_beside_it_that_is_whole_is_no_part_of_the_sum(cache: Cache) -> None:
    draft = Cache(cache.folder, "org/draft")
    draft.has("model.safetensors", os.urandom(1000))
    cache.list(ALL)
    coming = Downloads(["--model=org/model", "--draft-model=org/draft"], cache.environment)
    cache.comes(os.urandom(500_000))
    assert (coming.have_grown(1), coming.received, coming.total) == (True, 500_000, 5_000_000)


@pytest.mark.parametrize(
    ("count", "whole", "text"),
    [
        (3_100_000_000, 16_200_000_000, "3.1 of 16.2 GB"),
        (0, 512_000_000, "0 of 512 MB"),
        (400_000_000, 1_000_000_000, "0.4 of 1.0 GB"),
        (3_100_000_000, None, "3.1 GB"),
    ],
)
def test_a_part_is_told_in_the_unit_of_the_whole(count: int, whole: int | None, text: str) -> None:
    assert part(count, whole) == text
