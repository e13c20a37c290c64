"""What people write in front of a command: `sudo -u joe`, `env A=1`, `timeout 60`, each with its options.

The options are those of the manual pages of macOS, of GNU coreutils, and of sudo 1.9, doas and systemd 257.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mlxsm_sync.syntax.shell_variables import ASSIGNMENT
from mlxsm_sync.text.program_words import WRAPPERS, Wrapper, base

_SIGNS = ("then", "do", "else", "elif", "if", "while", "until", "!", "{", "$", "%", "builtin", "noglob")
"""Words of a shell, and signs of its prompt, after which a command stands."""
_PREFIXES: Mapping[str, Wrapper] = {
    **WRAPPERS,
    "chronic": Wrapper(flags="ev"),
    "command": Wrapper(flags="p"),  # with -v it runs nothing
    "doas": Wrapper(flags="Lns", valued="aCu"),
    "env": Wrapper(
        flags="iv0",
        valued="uCPa",
        words=("-", "--ignore-environment", "--debug", "--null"),
        with_value=("--unset", "--chdir", "--argv0"),
    ),
    "exec": Wrapper(flags="cl", valued="a"),
    "numactl": Wrapper(flags="al", valued="NmCpi", words=("--localalloc", "--all")),
    "script": Wrapper(flags="adeFkpqr", valued="tT", positional=1),
    "setarch": Wrapper(flags="R", positional=1),
    "sudo": Wrapper(
        flags="ABbEHikKlNnPSsVv",
        valued="aCcDghpRrTtUu",
        words=(
            *("--askpass", "--background", "--bell", "--preserve-env", "--set-home", "--login", "--shell"),
            *("--non-interactive", "--no-update", "--preserve-groups", "--stdin", "--reset-timestamp"),
        ),
        with_value=(
            *("--user", "--group", "--host", "--prompt", "--chdir", "--chroot", "--close-from", "--role"),
            *("--type", "--command-timeout", "--other-user", "--login-class"),
        ),
    ),
    "systemd-inhibit": Wrapper(words=("--list",), with_value=("--what", "--who", "--why", "--mode")),
    "systemd-run": Wrapper(
        flags="GPqrSt",
        valued="EHMpu",
        words=(
            *("--user", "--system", "--scope", "--pty", "--pipe", "--wait", "--collect", "--no-block"),
            *("--quiet", "--remain-after-exit", "--same-dir", "--no-ask-password", "--slice-inherit"),
        ),
        with_value=(
            *("--unit", "--property", "--description", "--slice", "--setenv", "--working-directory"),
            *("--uid", "--gid", "--nice", "--service-type"),
        ),
    ),
    "time": Wrapper(
        flags="ahlpv",
        valued="fo",
        words=("--append", "--portability", "--verbose"),
        with_value=("--format", "--output"),
    ),
    "timeout": Wrapper(
        flags="fpv",
        valued="ks",
        words=("--foreground", "--preserve-status", "--verbose"),
        with_value=("--kill-after", "--signal"),
        positional=1,
    ),
    "unbuffer": Wrapper(flags="p"),
}
_FOLDERS = {
    "env": ("-C", "--chdir"),
    "sudo": ("-D", "--chdir"),
    "systemd-run": ("--working-directory",),
}
"""The options of each by which a command runs in another folder."""
_CLEARING = ("-i", "-", "--ignore-environment")


class Behind(NamedTuple):
    """What stands behind all prefixes of a command."""

    place: int
    """Where in its words."""
    folder: str | None
    """Where a prefix has it run, where one says so."""
    is_cleared: bool
    """Whether it is given nothing of the environment around."""


def behind_prefixes(words: Sequence[str]) -> Behind | None:
    """What a command runs; None where a prefix has an option that is not known, or nothing behind it."""
    at, folder, is_cleared = 0, None, False
    while at < len(words):
        if words[at] in _SIGNS:
            at += 1
            continue
        if words[at] == "function":
            at += 2
            continue
        name = _known(words[at])
        if name is None:
            return Behind(at, folder, is_cleared)
        options: dict[str, str] = {}
        after = _after_options(words, at + 1, _PREFIXES[name], options)
        if after is None:
            return None
        folder = next((options[one] for one in _FOLDERS.get(name, ()) if one in options), folder)
        is_cleared = is_cleared or (name == "env" and any(one in options for one in _CLEARING))
        while name in ("env", "sudo") and after < len(words) and ASSIGNMENT.match(words[after]):
            after += 1
        at = after + _PREFIXES[name].positional
    return None


def _known(word: str) -> str | None:
    """The prefix that a word is; Homebrew's coreutils have a g in front of their names."""
    name = base(word)
    return next((one for one in (name, name.removeprefix("g")) if one in _PREFIXES), None)


def _after_options(words: Sequence[str], at: int, known: Wrapper, found: dict[str, str]) -> int | None:
    """Where the options end that begin at a place; None where one is not known. They go into `found`."""
    while at < len(words) and words[at].startswith("-"):
        word = words[at]
        if word == "--":
            return at + 1
        name, joined, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in known.words or joined:
            found[name] = value
        elif name in known.with_value:
            at += 1
            found[name] = words[at] if at < len(words) else ""
        elif not word.startswith("--") and (letters := _letters(word, words[at + 1 : at + 2], known)):
            found |= letters.options
            at += letters.taken
        else:
            return None
        at += 1
    return at


class _Letters(NamedTuple):
    options: dict[str, str]
    taken: int
    """How many words behind it are its value."""


def _letters(word: str, following: Sequence[str], known: Wrapper) -> _Letters | None:
    """A cluster of options of one letter; None where one of them is not known."""
    options: dict[str, str] = {}
    for at, letter in enumerate(word[1:], 2):
        if letter in known.valued:
            value = word[at:] or "".join(following)
            return _Letters(options | {f"-{letter}": value}, 0 if word[at:] else 1)
        if letter not in known.flags:
            return None
        options[f"-{letter}"] = ""
    return _Letters(options, 0)
