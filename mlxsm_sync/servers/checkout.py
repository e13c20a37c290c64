"""A checkout of git that follows its upstream: forward only, and never over what somebody wrote there."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mlxsm_sync.errors import FileError, MlxsmError, ServerError
from mlxsm_sync.system.git import Git, left_lock, lock_in, reason, remedy, without_credentials

FETCH_SECONDS = 120.0
"""For a fetch, where nobody says otherwise."""
_MERGE_SECONDS = 600.0
_STEPS = {
    "MERGE_HEAD": "a merge",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisect",
}
"""What is in the folder of git while a person is in the midst of something."""
_MOST_NAMED = 3
_IN_THE_WAY = "untracked working tree files would be overwritten"


class Stuck(MlxsmError):
    """The checkout cannot be moved forward; it is as it was."""


class Upstream(NamedTuple):
    """What the current branch follows."""

    branch: str
    """Its short name, as `main`."""
    remote: str
    """As git names it; it may be an address with a password in it, and so is not to be told as it is."""
    ref: str
    """What it follows there, as `refs/heads/main`."""

    @property
    def name(self) -> str:
        """As a person calls it: `origin/main`."""
        return f"{without_credentials(self.remote)}/{self.ref.removeprefix('refs/heads/')}"


class Checkout:
    """One checkout."""

    def __init__(self, folder: str, environment: Mapping[str, str]) -> None:
        """`folder` is the checkout, or in it; FileError where there is none."""
        git = Git(os.path.abspath(folder), environment)
        answer = git.ask("rev-parse", "--show-toplevel")
        top = answer.out.removesuffix("\n")
        if answer.code != 0 or not top:
            raise FileError(
                f"{folder} is in no checkout of git: {reason(answer)}",
                "name one with --repo DIR, or call this inside of one",
            )
        self.top = top
        self._git = Git(top, environment)

    def commit(self) -> str | None:
        """What is checked out; None where nothing was ever committed."""
        return self._git.line("rev-parse", "--verify", "--quiet", "HEAD^{commit}")

    def forward(self, fetch_seconds: float, *, verify: bool) -> str:
        """Move to the upstream of the current branch, and say in a few words what came of it.

        Stuck or ServerError where that cannot be; the checkout is as it was. With `verify`, every new commit
        must carry a good signature.
        """
        self._refuse_midst()
        upstream = self._upstream()
        self._refuse_locked(upstream)
        changed = self._changed()
        goal = self._fetched(upstream, fetch_seconds)
        here = self.commit()
        if here is None:
            raise Stuck(f"nothing is committed on {upstream.branch}", f"git -C {self._place} pull --ff-only")
        if here == goal and not changed:
            return f"nothing new on {upstream.name}"
        is_half_done = self._is_half_done(changed, goal)
        if changed and not is_half_done:
            raise self._dirty(changed)
        self._refuse_other_history(upstream, here, goal)
        if verify:
            self._verify(here, goal)
        if is_half_done:
            self._git.need(
                "update-ref", "-m", "mlxsm: fast-forward", f"refs/heads/{upstream.branch}", goal, here
            )
        else:
            self._merge(goal)
        return f"moved from {here[:10]} to {goal[:10]} of {upstream.name}"

    @property
    def _place(self) -> str:
        return shlex.quote(self.top)

    def _refuse_midst(self) -> None:
        folder = self._git.need("rev-parse", "--absolute-git-dir").removesuffix("\n")
        for name, what in _STEPS.items():
            if os.path.lexists(os.path.join(folder, name)):
                raise Stuck(f"{what} goes on in {self.top}", f"finish it: git -C {self._place} status")

    def _refuse_locked(self, upstream: Upstream) -> None:
        """Stuck where there is a lock; git looks at that of a branch when files have been moved already."""
        for name in ("index.lock", "HEAD.lock", f"refs/heads/{upstream.branch}.lock"):
            path = self._git.need("rev-parse", "--git-path", name).removesuffix("\n")
            if os.path.lexists(lock := os.path.join(self.top, path)):
                raise _locked(self.top, lock)

    def _upstream(self) -> Upstream:
        head = self._git.line("symbolic-ref", "--quiet", "HEAD")
        if head is None:
            raise Stuck(
                f"{self.top} is on no branch (a detached HEAD), so there is nothing to follow",
                f"git -C {self._place} switch BRANCH",
            )
        branch = head.removeprefix("refs/heads/")
        remote = self._git.line("config", f"branch.{branch}.remote")
        ref = self._git.line("config", f"branch.{branch}.merge")
        if remote is None or ref is None:
            raise Stuck(
                f"the branch {branch} of {self.top} follows no branch of a remote",
                f"git -C {self._place} branch --set-upstream-to=origin/{branch}",
            )
        return Upstream(branch, remote, ref)

    def _changed(self) -> dict[str, str]:
        """The tracked files that are not as committed, and how, in the two letters of `git status`."""
        options = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=no", "--ignore-submodules=all")
        return {one[3:]: one[:2] for one in self._git.need("status", *options).split("\0") if one}

    def _is_half_done(self, changed: Mapping[str, str], goal: str) -> bool:
        """Whether all files are already what the goal has: a move was cut off before its last step."""
        if not changed or any(how[1] != " " for how in changed.values()):
            return False
        return self._git.ask("diff-index", "--quiet", "--cached", "--ignore-submodules=all", goal).code == 0

    def _dirty(self, changed: Mapping[str, str]) -> Stuck:
        return Stuck(
            f"{self.top} has changes that are not committed, in {_some([*changed])}",
            f"commit them, or put them aside: git -C {self._place} stash",
        )

    def _fetched(self, upstream: Upstream, seconds: float) -> str:
        """The commit that the upstream is at now."""
        self._git.be_quiet_over_ssh()
        words = (
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--",
            upstream.remote,
            upstream.ref,
        )
        try:
            answer = self._git.ask(*words, seconds=seconds)
        except ServerError as error:
            raise Stuck(f"{upstream.name} cannot be fetched: {error.message}") from None
        if answer.code != 0:
            raise Stuck(f"{upstream.name} cannot be fetched: {reason(answer)}", remedy(answer))
        goal = self._git.line("rev-parse", "--verify", "--quiet", "FETCH_HEAD^{commit}")
        if goal is None:
            raise Stuck(f"{upstream.name} is no commit")
        return goal

    def _refuse_other_history(self, upstream: Upstream, here: str, goal: str) -> None:
        answer = self._git.ask("merge-base", "--is-ancestor", here, goal)
        if answer.code == 0:
            return
        if answer.code != 1:
            raise Stuck(f"git merge-base failed: {reason(answer)}")
        count = self._git.need("rev-list", "--count", f"{goal}..{here}").strip()
        what = "1 commit" if count == "1" else f"{count} commits"
        raise Stuck(
            f"{self.top} has {what} that {upstream.name} does not have: its history was rewritten, "
            "or they were made here",
            f"push them, or give them up: git -C {self._place} reset --keep {goal}",
        )

    def _verify(self, here: str, goal: str) -> None:
        for commit in self._git.need("rev-list", "--reverse", f"{here}..{goal}").split():
            answer = self._git.ask("verify-commit", commit)
            if answer.code != 0:
                raise Stuck(
                    f"the commit {commit[:10]} has no good signature: {reason(answer)}",
                    f"look at it: git -C {self._place} log --show-signature {here[:10]}..{goal[:10]}",
                )

    def _merge(self, goal: str) -> None:
        # Without the second option, a file that .gitignore names is overwritten without a word.
        words = ("merge", "--ff-only", "--no-overwrite-ignore", "--no-autostash", "--quiet", goal)
        answer = self._git.ask(*words, seconds=_MERGE_SECONDS)
        if answer.code == 0:
            return
        if _IN_THE_WAY in answer.err:
            names = [line.strip() for line in answer.err.splitlines() if line.startswith("\t")]
            first = os.path.join(self.top, *names[:1])
            raise Stuck(
                f"{self.top} has what git does not track where new files would be: {_some(names)}",
                f"move it away: {shlex.join(['mv', first, f'{first}.before'])}",
            )
        if (lock := lock_in(answer)) is not None:
            raise _locked(self.top, lock)
        raise Stuck(f"it cannot be moved forward: {reason(answer)}")


def _locked(top: str, lock: str) -> Stuck:
    return Stuck(f"{top} is locked by git: {lock} is there", left_lock(lock))


def _some(names: Sequence[str]) -> str:
    """The first few of these names."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
