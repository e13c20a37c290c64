"""Which profile files the entries of a state came from, seen from the file that is applied now."""

from __future__ import annotations

from typing import NamedTuple


class Origins(NamedTuple):
    """What the disk says of the paths that entries carry as `from`; see `whereabouts`."""

    file: str | None
    """The file that is applied now, as it was named; None for standard input."""
    aliases: frozenset[str] = frozenset()
    """Other paths that lead to that file."""
    gone: frozenset[str] = frozenset()
    """Paths at which nothing stands any more."""

    def is_this(self, path: str | None) -> bool:
        """Whether what came from `path` came from this file; one that is gone has been moved here.

        Standard input has no path: what came from it cannot be shown to have come from this file.
        """
        if self.file is None or path is None:
            return False
        return path == self.file or path in self.aliases or path in self.gone

    def is_other(self, path: str | None) -> bool:
        """Whether `path` is another file that still exists."""
        if path is None or path == self.file:
            return False
        return path not in self.aliases and path not in self.gone

    def is_outdated(self, path: str | None) -> bool:
        """Whether this file is known by a path that is no longer, or not the one that was named."""
        return path != self.file and self.is_this(path)

    def describe(self, path: str | None) -> str:
        """A path as people are told of it."""
        if path is None:
            return "standard input"
        return f"{path} (gone)" if path in self.gone else path
