"""git, asked about one folder: without a terminal, without hooks, whatever variables its caller has."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping

from mlxsm_sync.errors import ServerError
from mlxsm_sync.system.spawn import Answer, ask_apart
from mlxsm_sync.text.redaction import redacted

_KEPT = (
    "GIT_ALLOW_PROTOCOL",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
)
"""How remotes are reached. All others tell git of a repository: in a hook, of one that is not meant."""
_SET = {
    "GIT_ASKPASS": "",  # empty: no window asks for a password
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GCM_INTERACTIVE": "never",
    "LC_ALL": "C",
    "SSH_ASKPASS_REQUIRE": "never",
}
_OPTIONS = (
    "--no-pager",
    "-c",
    f"core.hooksPath={os.devnull}",
    "-c",
    "core.fsmonitor=false",
    # What tidies up in the background would outlive the run, or be killed with it.
    "-c",
    "gc.autoDetach=false",
    "-c",
    "maintenance.autoDetach=false",
)
_QUIET_SSH = "ssh -o BatchMode=yes"
_SECONDS = 60.0
"""For what needs no network."""
_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s'\"]*@")
_LONGEST = 600


class Git:
    """git in one folder, with the environment of this process but for what would mislead it."""

    def __init__(self, folder: str, environment: Mapping[str, str]) -> None:
        """`folder` is any folder of a checkout."""
        self.folder = folder
        kept = {name: text for name, text in environment.items() if not name.startswith("GIT_")}
        kept |= {name: environment[name] for name in _KEPT if name in environment}
        self._environment = kept | _SET

    def ask(self, *words: str, seconds: float = _SECONDS) -> Answer:
        """How git ends with these words; ServerError where there is none, or it takes too long."""
        return ask_apart(["git", *_OPTIONS, *words], self._environment, seconds, self.folder)

    def line(self, *words: str) -> str | None:
        """The one line that git answers with; None where it fails, or says nothing."""
        answer = self.ask(*words)
        return answer.out.removesuffix("\n") or None if answer.code == 0 else None

    def need(self, *words: str, seconds: float = _SECONDS) -> str:
        """What git prints; ServerError in its own words where it fails."""
        answer = self.ask(*words, seconds=seconds)
        if answer.code != 0:
            raise ServerError(f"git {words[0]} failed: {reason(answer)}", remedy(answer))
        return answer.out

    def be_quiet_over_ssh(self) -> None:
        """Let ssh fail where it would ask, unless somebody has said how it is called."""
        said = {"GIT_SSH", "GIT_SSH_COMMAND"} & self._environment.keys()
        if not said and self.line("config", "core.sshCommand") is None:
            self._environment["GIT_SSH_COMMAND"] = _QUIET_SSH


def reason(answer: Answer) -> str:
    """Why git failed, in its own words on one line, without what an address of a remote may hide."""
    return redacted(without_credentials(answer.reason), longest=_LONGEST)


def without_credentials(text: str) -> str:
    """A text of git without the names and passwords that stand in addresses."""
    return _CREDENTIALS.sub(r"\1", text)


_LOCK = re.compile(r"Unable to create '(.+?\.lock)': File exists")


def lock_in(answer: Answer) -> str | None:
    """The lock that git did not get, since the file is there; None where it failed by something else."""
    found = _LOCK.search(answer.err)
    return found[1] if found else None


def remedy(answer: Answer) -> str | None:
    """What to do about a lock that a killed git has left, where that is why it failed."""
    lock = lock_in(answer)
    return left_lock(lock) if lock is not None else None


def left_lock(path: str) -> str:
    """What to do about a lock of git."""
    return (
        f"another git may be at work there; where none is, a killed one left its lock: rm {shlex.quote(path)}"
    )
