"""What a person has answered: rename, replace, skip, and what may be touched at all."""

from __future__ import annotations

import shlex

from mlxsm_sync.values.base import Field, Value


class Answer(Value):
    """One answer as it was typed."""

    words: tuple[str, ...]
    """The option and its value."""
    index: int | None = None
    """The profile that it decides; None where it is about something else."""


class Choices(Value):
    """Explicit answers to conflicts, and the limits of a run.

    Profiles are named by their index in the file (1-based), so that duplicates can be told apart.
    """

    rename: dict[int, str | None] = Field(default_factory=dict)
    """Index -> the new name; null takes the suggested one."""
    replace: dict[int, str | None] = Field(default_factory=dict)
    """Index -> the name of the entry to be replaced; null takes the only one."""
    skip: frozenset[int] = frozenset()
    """Profiles that are left as they are."""
    only: frozenset[int] | None = None
    """Where set, every other profile is left as it is."""
    orphans_replace: frozenset[str] = frozenset()
    """Drifted orphans that may be deleted, by their name in the state."""
    orphans_skip: frozenset[str] = frozenset()
    """Orphans that are kept, by their name in the state."""
    orphans_only: frozenset[str] = frozenset()
    """With `only`: the orphans that may be deleted, by their name in the state."""
    take_from: frozenset[str] = frozenset()
    """Owners whose undrifted entries are replaced where they clash."""
    prune: bool = False
    """Delete orphans that came from this file."""
    prune_foreign: bool = False
    """Delete orphans that came from another file, too."""
    force: bool = False
    """Lift the limit on how many entries a prune deletes."""
    given: tuple[Answer, ...] = ()
    """The same answers as they were typed, to be repeated in a remedy."""

    def selects(self, index: int) -> bool:
        """Whether the profile takes part at all."""
        return index not in self.skip and (self.only is None or index in self.only)

    def words(self, *answer: str, about: int | None = None) -> list[str]:
        """These answers and one more, as words of a command line.

        The new answer takes the place of earlier ones about the same profile.
        """
        kept = (one for one in self.given if about is None or one.index != about)
        return [*(word for one in kept for word in one.words), *answer]


def as_argument(name: str) -> str:
    """A name on a command line, for a shell; one that looks like an option stands behind `--`."""
    return f"-- {shlex.quote(name)}" if name.startswith("-") else shlex.quote(name)
