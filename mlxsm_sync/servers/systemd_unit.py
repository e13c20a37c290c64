"""A service as a unit of systemd: words and variables in its own quoting, there and back.

The format is that of systemd.syntax(7), systemd.service(5) and systemd.exec(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlxsm_sync.servers.service_units import Service, number

_PLAIN = re.compile(r"[A-Za-z0-9_./:=,@+-]+")
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"\\]+', re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|.)", re.DOTALL)
_MADE = re.compile(r"""["\\\x00-\x1f\x7f]""")


def written(service: Service) -> bytes:
    """The file of a service."""
    lines = [
        "[Unit]",
        f"Description=mlx_lm.server of mlxsm, entry {service.entry_id}",
        "StartLimitIntervalSec=600",
        "StartLimitBurst=5",
        "",
        "[Service]",
        "Type=notify",
        f"ExecStart={_command(service.argv)}",
        *(f"Environment={_quoted(f'{name}={text}')}" for name, text in sorted(service.environment.items())),
        "WorkingDirectory=/",
        "Restart=on-failure",
        "RestartSec=5",
        # Whoever gives up ends with 0, and may do so before it was ever ready, which counts as a failure.
        "RestartPreventExitStatus=78",
        "RestartPreventExitStatus=0",
        f"TimeoutStartSec={number(service.timeout)}",
        "TimeoutStopSec=60",
        "KillMode=mixed",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def read(data: bytes) -> list[str] | None:
    """The command line of a file that `written` made; None where there is none that can be read."""
    for line in data.decode(errors="replace").splitlines():
        if line.startswith("ExecStart="):
            return [*_words(line.removeprefix("ExecStart="))] or None
    return None


def _command(argv: tuple[str, ...]) -> str:
    """A command line. `$` is written twice, but in the path of the program, where it means nothing."""
    program, *rest = argv
    words = [_quoted(word, doubled="%$") for word in rest]
    if "$" in program:
        # The path itself, and behind it what the program is called, in which a variable would be replaced.
        return " ".join([_quoted(f"@{program}"), _quoted(program, doubled="%$"), *words])
    return " ".join([_quoted(program), *words])


def _quoted(word: str, *, doubled: str = "%") -> str:
    for letter in doubled:
        word = word.replace(letter, letter * 2)
    if _PLAIN.fullmatch(word):
        return word
    return f'"{_MADE.sub(_escape, word)}"'


def _escape(found: re.Match[str]) -> str:
    letter = found[0]
    return f"\\{letter}" if letter in '"\\' else f"\\x{ord(letter):02x}"


def _words(text: str) -> Iterator[str]:
    words = [_plain(found[0]) for found in _WORD.finditer(text)]
    if words and words[0].startswith("@"):
        words = [words[0][1:], *words[2:]]
    for place, word in enumerate(words):
        yield (word if place == 0 else word.replace("$$", "$")).replace("%%", "%")


def _plain(word: str) -> str:
    if not word.startswith('"'):
        return word
    return _ESCAPE.sub(lambda found: _letter(found[1]), word[1:-1])


def _letter(escape: str) -> str:
    return chr(int(escape[1:], 16)) if escape[0] == "x" and len(escape) == 3 else escape
