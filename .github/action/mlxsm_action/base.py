"""The old version of the file: which commit it is of, and what it says there."""

from __future__ import annotations

import base64
import os
import posixpath
import re
import subprocess
from collections.abc import Mapping
from typing import Any, NamedTuple

from mlxsm_action.runner import Stopped

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LINKS = 5


class Git(NamedTuple):
    """The repository that the file is in."""

    top: str
    environ: dict[str, str]

    def ask(self, *words: str) -> bytes:
        """What git prints. Raises Stopped with what it says where it fails."""
        done = self.run(*words)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise Stopped(f"git {words[0]} failed: {said}")
        return done.stdout

    def run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """The finished command."""
        return subprocess.run(
            ["git", *words], cwd=self.top, env=self.environ, capture_output=True, check=False
        )


def repository_of(path: str, environ: Mapping[str, str]) -> Git:
    """The repository of a file, which may be gone with its folder. Raises Stopped where there is none."""
    folder = os.path.dirname(os.path.realpath(path))
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1"}
    git = Git(folder, dict(environ) | quiet)
    top = git.ask("rev-parse", "--show-toplevel")
    return git._replace(top=os.fsdecode(top).removesuffix("\n"))


def wanted(given: str, event: Mapping[str, Any], parents: list[str]) -> str | None:
    """What to compare with: the input, or what the event says; None where it says nothing.

    A pull request is checked out as a merge, whose first parent is what it was merged into. The event's base
    may be older, and then what others have pushed since would be shown, too.
    """
    if given:
        return given
    pull = event.get("pull_request")
    if pull:
        if len(parents) == 2 and parents[1] == pull["head"]["sha"]:
            return parents[0]
        return str(pull["base"]["sha"])
    group = event.get("merge_group")
    before = str(group["base_sha"]) if group else str(event.get("before") or "")
    return before if before.strip("0") else None


def parents_of_head(git: Git) -> list[str]:
    """The parents that the commit names, whether they are here or not."""
    done = git.run("cat-file", "commit", "HEAD")
    head = done.stdout.decode(errors="replace").partition("\n\n")[0]
    return [line.removeprefix("parent ") for line in head.splitlines() if line.startswith("parent ")]


def commit_of(git: Git, base: str) -> str:
    """The commit of a name, fetched where it is not here. Raises Stopped where it cannot be had."""
    found = _here(git, base)
    if found is None:
        depth = ["--depth=1"] if git.ask("rev-parse", "--is-shallow-repository").strip() == b"true" else []
        name = base.removeprefix("origin/")
        words = [
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            *depth,
            "--end-of-options",
            "origin",
            name,
        ]
        git.ask("fetch", *words)
        found = _here(git, base if _COMMIT.fullmatch(base) else "FETCH_HEAD")
    if found is None:
        raise Stopped(f"there is no commit {base!r} to compare with")
    return found


def _here(git: Git, name: str) -> str | None:
    done = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return done.stdout.decode().strip() or None if done.returncode == 0 else None


def credentials(token: str, server: str) -> dict[str, str]:
    """The token for the server alone, by the environment, where no list of processes shows it.

    The empty value first: were there also a header that the checkout kept, GitHub would refuse both.
    """
    if not token or not server:
        return {}
    key = f"http.{server.rstrip('/')}/.extraheader"
    word = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    pairs = [(key, ""), (key, f"AUTHORIZATION: basic {word}")]
    told = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for at, (name, value) in enumerate(pairs):
        told |= {f"GIT_CONFIG_KEY_{at}": name, f"GIT_CONFIG_VALUE_{at}": value}
    return told


def text_at(git: Git, commit: str, path: str) -> bytes | None:
    """The file in a commit, None where it has none; links are followed inside of the commit."""
    for _ in range(_LINKS):
        listed = git.ask("ls-tree", "-z", "--full-tree", commit, "--", path)
        if not listed:
            return None
        mode, kind, name = listed.partition(b"\t")[0].decode().split(" ")
        if kind != "blob":
            raise Stopped(f"{path!r} is no file in {commit}")
        text = git.ask("cat-file", "blob", name)
        if mode != "120000":
            return text
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), os.fsdecode(text)))
        if path.startswith(("/", "../")):
            raise Stopped(f"the file is a link in {commit}, and leads out of the repository")
    raise Stopped(f"the file is a link in {commit}, and leads to links without end")
