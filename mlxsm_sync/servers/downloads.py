"""Models that a server is downloading: plain files of the hub's cache, and whether they grow.

huggingface_hub (2.4.0, `file_download.py`) writes to `blobs/*.incomplete` and renames what is whole; xet
fills the same files, at times by way of a cache of chunks. How much is to come is told by what the cache
knows of a model.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.servers.model_cache import cache_folder
from mlxsm_sync.servers.snapshots import repository, weights

_MODELS = ("--model", "--draft-model")
_PAUSE = 0.5
"""Seconds between looks; a cache can be on a slow disk."""
_MOST_CHUNKS = 2000
"""Folders of xet's cache that are looked at."""
_BLOCK = 512
"""Bytes of a block as `st_blocks` counts them, see stat(2)."""


class _Sizes(NamedTuple):
    named: int
    """Bytes by the files' lengths."""
    written: int
    """Bytes on the disk: of a file that is filled out of order, what has come so far."""
    chunks: int
    """When xet's cache last changed; 0 where no file is unfinished."""
    unfinished: bool


class Downloads:
    """The models of one server in the cache, from the beginning of its start on."""

    def __init__(self, arguments: Iterable[str], environment: Mapping[str, str]) -> None:
        cache = cache_folder(environment)
        words = (word.partition("=") for word in arguments)
        names = {value for flag, _, value in words if flag in _MODELS and value and not os.path.isabs(value)}
        places = [repository(name, cache) for name in sorted(names)]
        self._folders = [place / "blobs" for place in places]
        known = {place: weights(place) for place in places}
        self._expected = {place: one for place, one in known.items() if one is None or one.missing}
        """The models that were not whole at the beginning, and what was known of each then."""
        self._xet = _xet_folder(environment)
        self._first = self._last = self._measure()
        self._looked = 0.0
        self._total: int | None = None

    @property
    def received(self) -> int:
        """The bytes that have come since the beginning, on top of the weights that were there."""
        grown = min(self._last.named - self._first.named, self._last.written - self._first.written)
        there = sum(one.there for one in self._expected.values() if one is not None)
        return grown + there if grown > 0 else 0

    @property
    def total(self) -> int | None:
        """How many bytes that will be in all; None where it is not known of each model."""
        return self._total

    @property
    def are_unfinished(self) -> bool:
        """Whether a file has begun to come, and is not whole."""
        return self._last.unfinished

    def have_grown(self, now: float) -> bool:
        """Whether more has come since the last look; `now` is any clock that does not go back."""
        if not self._folders or now - self._looked < _PAUSE:
            return False
        self._looked = now
        before, self._last = self._last, self._measure()
        if not any(new > old for new, old in zip(self._last, before, strict=True)):
            return False
        self._total = self._total or self._sum()
        return True

    def _sum(self) -> int | None:
        """The sum of what is expected; the hub tells it soon after the start."""
        now = [weights(place) for place in self._expected]
        sizes = [one.total for one in now if one is not None]
        return sum(sizes) if sizes and len(sizes) == len(now) else None

    def _measure(self) -> _Sizes:
        named = written = 0
        unfinished = False
        for file in _files(self._folders):
            with suppress(OSError):
                about = file.stat(follow_symlinks=False)
                coming = file.name.endswith(".incomplete")
                named += about.st_size
                # Some file systems of networks count no blocks; one that is only made large has none yet.
                written += getattr(about, "st_blocks", 0) * _BLOCK or (0 if coming else about.st_size)
                unfinished = unfinished or coming
        return _Sizes(named, written, _last_change(self._xet) if unfinished else 0, unfinished)


def _xet_folder(environment: Mapping[str, str]) -> Path:
    home = environment.get("XDG_CACHE_HOME") or "~/.cache"
    hub = environment.get("HF_HOME") or os.path.join(home, "huggingface")
    named = environment.get("HF_XET_CACHE") or os.path.join(hub, "xet")
    return Path("/", os.path.expandvars(os.path.expanduser(named)))  # servers run in /


def _files(folders: Iterable[Path]) -> Iterator[os.DirEntry[str]]:
    for folder in folders:
        with suppress(OSError):
            yield from os.scandir(folder)


def _last_change(folder: Path) -> int:
    latest = 0
    for place, _, _ in islice(os.walk(folder), _MOST_CHUNKS):
        with suppress(OSError):
            latest = max(latest, os.stat(place).st_mtime_ns)
    return latest
