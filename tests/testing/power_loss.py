"""What a disk may hold after a loss of power, by what POSIX promises of the system calls before it.

Names and data that were not forced to the disk may be there or not, each for itself: of data that was
not fsynced nothing, half or all; of names in a folder that was not fsynced any.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HEX = r"((?:\\x[0-9a-f]{2})*)"
"""A text as strace writes it with -xx."""
OPENED = re.compile(rf'openat\(AT_FDCWD(?:<[^>]*>)?, "{HEX}", ([A-Z_|]+).* = (\d+)<')
WRITTEN = re.compile(rf'write\((\d+)<{HEX}>, "{HEX}", \d+\) += \d+')
FORCED = re.compile(rf"fsync\((\d+)<{HEX}>\) += 0")
CUT = re.compile(rf"ftruncate\((\d+)<{HEX}>, (\d+)\) += 0")
TWO_NAMES = re.compile(rf'(rename|link)\("{HEX}", "{HEX}"\) += 0')
ONE_NAME = re.compile(rf'(unlink|mkdir)\("{HEX}"(?:, 0\d+)?\) += 0')


def data(text: str) -> bytes:
    """What a text of a trace stands for."""
    return bytes.fromhex(text.replace("\\x", ""))


def name(text: str) -> str:
    """The path that a text of a trace stands for."""
    return data(text).decode()


@dataclass(eq=False)
class Inode:
    """A file's data: as it is for programs, and as it is on the disk for certain."""

    data: bytes
    certain: bytes

    def possible(self) -> Iterator[bytes]:
        """What a loss of power can leave of it."""
        yield self.certain
        if self.data != self.certain:
            yield self.data[: len(self.data) // 2]
            yield self.data


@dataclass
class Change:
    """One change of names in a folder that is not on the disk for certain."""

    folder: str
    gone: str | None
    here: str | None
    inode: Inode | None


@dataclass
class Disk:
    """A folder's files and folders while a program works on them."""

    root: str
    """The folder; what is elsewhere does not count."""
    names: dict[str, Inode | None]
    """All that programs see; a folder is None."""
    certain: dict[str, Inode | None] = field(default_factory=dict)
    waiting: list[Change] = field(default_factory=list)

    def change(self, gone: str | None, here: str | None, inode: Inode | None) -> None:
        """Names change at once for programs, and later on the disk; what is elsewhere is left out."""
        if not (here or gone or "").startswith(self.root):
            return
        if gone is not None:
            self.names.pop(gone, None)
        if here is not None:
            self.names[here] = inode
        self.waiting.append(Change(str(Path(here or gone or "").parent), gone, here, inode))

    def take(self, line: str) -> None:
        """What one system call does."""
        if found := OPENED.search(line):
            self._open(name(found[1]), found[2].split("|"))
        elif (found := WRITTEN.search(line)) and (inode := self.names.get(name(found[2]))):
            inode.data += data(found[3])
        elif (found := CUT.search(line)) and (inode := self.names.get(name(found[2]))):
            inode.data = inode.data[: int(found[3])]
        elif found := FORCED.search(line):
            self.force(name(found[2]))
        elif found := TWO_NAMES.search(line):
            before, after = name(found[2]), name(found[3])
            self.change(before if found[1] == "rename" else None, after, self.names.get(before))
        elif found := ONE_NAME.search(line):
            path = name(found[2])
            if found[1] == "unlink":
                self.change(path, None, None)
            else:
                self.change(None, path, None)

    def _open(self, path: str, flags: list[str]) -> None:
        if "O_CREAT" in flags and path not in self.names:
            self.change(None, path, Inode(b"", b""))
        elif "O_TRUNC" in flags and (inode := self.names.get(path)):
            inode.data = b""

    def force(self, path: str) -> None:
        """An fsync: of a file its data, of a folder its names."""
        if (inode := self.names.get(path)) is not None:
            inode.certain = inode.data
            return
        for one in [change for change in self.waiting if change.folder == path]:
            _make(self.certain, one)
            self.waiting.remove(one)

    def after_a_loss_of_power(self) -> Iterator[dict[str, bytes | None]]:
        """Every content that the disk may have then, by path; a folder is None."""
        for count in range(len(self.waiting) + 1):
            for made in itertools.combinations(self.waiting, count):
                names = dict(self.certain)
                for one in made:
                    _make(names, one)
                yield from _with_data(names)


def _make(names: dict[str, Inode | None], one: Change) -> None:
    if one.gone is not None:
        names.pop(one.gone, None)
    if one.here is not None:
        names[one.here] = one.inode


def _with_data(names: dict[str, Inode | None]) -> Iterator[dict[str, bytes | None]]:
    there = {path: inode for path, inode in names.items() if _is_reachable(path, names)}
    files = [path for path, inode in there.items() if inode is not None]
    inodes = [inode for inode in there.values() if inode is not None]
    for contents in itertools.product(*(inode.possible() for inode in inodes)):
        yield dict.fromkeys(there) | dict(zip(files, contents, strict=True))


def _is_reachable(path: str, names: dict[str, Inode | None]) -> bool:
    """Whether the folder of a path is there, and those above it as far as they are ours."""
    root = min(names, key=len)
    return path == root or all(str(one) in names for one in Path(path).parents if len(str(one)) >= len(root))


def disk_of(folder: Path) -> Disk:
    """A folder as it is now, all of it on the disk for certain."""
    names: dict[str, Inode | None] = {str(folder): None}
    for path in folder.rglob("*"):
        data = path.read_bytes() if path.is_file() else None
        names[str(path)] = None if data is None else Inode(data, data)
    return Disk(str(folder), names, dict(names))
