"""What is list_warnings about the place of a state: others who can write there, machines that share it."""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mlxsm_sync.files.links import POSIX
from mlxsm_sync.files.owners import name_of, owner_around

# What a folder's name begins with: "OneDrive - Contoso", "Dropbox (Personal)", "GoogleDrive-me@example.org".
_SYNCED = ("Mobile Documents", "CloudStorage", "Dropbox", "OneDrive", "Google Drive", "GoogleDrive", "iCloud")
# As the kernel calls them, https://docs.kernel.org/filesystems/ and the programs behind FUSE.
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "glusterfs"}
_NETWORK |= {f"fuse.{name}" for name in ("sshfs", "rclone", "glusterfs", "s3fs", "davfs", "ceph")}
# "state 2.json" (iCloud), "state (1).json" (Google Drive), "state (Ann's conflicted copy 2026-01-01).json"
# (Dropbox), "state.sync-conflict-20260101-120000-ABCDEFG.json" (Syncthing).
_COPY = r"(?: [0-9]+| \([^)]*\)|\.sync-conflict-[\w-]+)"
MOUNTS = Path("/proc/self/mountinfo")


def location_warnings(path: Path) -> Iterator[str]:
    """What a person should know of the place of this state."""
    folder = path.parent
    with suppress(OSError):
        if POSIX and folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            yield f"others can write to {folder}: {shlex.join(['chmod', 'go-w', str(folder)])}"
    with suppress(OSError):
        if (owner := owner_around(path)) is not None:
            yield f"{path} is in a folder of {name_of(owner)}, and what root writes there belongs to root"
    if any(part.startswith(_SYNCED) for part in folder.parts):
        yield f"{path} is in a synchronised folder: a state belongs to one machine"
    with suppress(OSError):
        if kind := network_kind(MOUNTS.read_text(errors="replace"), folder):
            yield f"{path} is on a network file system ({kind}): a state belongs to one machine"
    for name in copies(path):
        yield f"{folder / name} looks like a copy that a synchronised folder made: see which one is right"


def copies(path: Path) -> list[str]:
    """Files beside a state that are named as programs name copies that they could not join."""
    pattern = re.compile(re.escape(path.stem) + _COPY + re.escape(path.suffix))
    with suppress(OSError):
        return sorted(name for name in os.listdir(path.parent) if pattern.fullmatch(name))
    return []


def network_kind(mounts: str, folder: Path) -> str | None:
    """What kind of network file system a folder is on, None where it is on none.

    `mounts` is the text of /proc/self/mountinfo, see proc_pid_mountinfo(5).
    """
    best, kind = -1, ""
    for line in mounts.splitlines():
        about, _, source = line.partition(" - ")
        words = about.split(" ")
        if len(words) < 5 or not source:
            continue
        place = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), words[4])
        # What is mounted later covers what was mounted at the same place.
        if folder.is_relative_to(place) and len(place) >= best:
            best, kind = len(place), source.split(" ")[0]
    return kind if kind in _NETWORK else None
