"""A service as a unit of systemd: words and variables in its own quoting, there and back.

The format is that of systemd.syntax(7), systemd.service(5) and systemd.exec(5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlxsm_sync.servers.service_units import Service, number

_PLAIN = re.compile(r"[A-Za-z0-9_./:=,@+-]+")
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"\\]+', re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|.)", re.DOTALL)
_PROGRAM = re.compile(r"""[^"'\\$\x00-\x1f\x7f]+""")
"""The path of a program that systemd takes as it stands; one with a quote it takes in no way at all."""
_BY_SHELL = ("/bin/sh", "-c", 'exec "$0" "$@"')
"""What begins any other program, and becomes it."""
_BEGIN_SECONDS = 15
"""For `run` itself to begin, which asks for more time while a model is loaded."""
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
        *started_with(service.argv, service.environment),
        "WorkingDirectory=/",
        "Restart=on-failure",
        "RestartSec=5",
        # Whoever gives up ends with 0, and may do so before it was ever ready, which counts as a failure.
        "RestartPreventExitStatus=78",
        "RestartPreventExitStatus=0",
        f"TimeoutStartSec={number(service.timeout + _BEGIN_SECONDS)}",
        "TimeoutStopSec=60",
        "KillMode=mixed",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def started_with(argv: tuple[str, ...], environment: Mapping[str, str]) -> list[str]:
    """The lines that say what is started, and with which variables."""
    variables = (f"{name}={text}" for name, text in sorted(environment.items()))
    return [f"ExecStart={_command(argv)}", *(f"Environment={_quoted(one)}" for one in variables)]


def read(data: bytes) -> list[str] | None:
    """The command line of a file that `written` made; None where there is none that can be read."""
    for line in data.decode(errors="replace").split("\n"):
        if line.startswith("ExecStart="):
            return _words(line.removeprefix("ExecStart=")) or None
    return None


def _command(argv: tuple[str, ...]) -> str:
    program, *rest = argv if _PROGRAM.fullmatch(argv[0]) else (*_BY_SHELL, *argv)
    return " ".join([_quoted(program), *(_quoted(word, doubled="%$") for word in rest)])


def _quoted(word: str, *, doubled: str = "%") -> str:
    for letter in doubled:
        word = word.replace(letter, letter * 2)
    if _PLAIN.fullmatch(word):
        return word
    return f'"{_MADE.sub(_escape, word)}"'


def _escape(found: re.Match[str]) -> str:
    letter = found[0]
    return f"\\{letter}" if letter in '"\\' else f"\\x{ord(letter):02x}"


def _words(text: str) -> list[str]:
    """The words of a command line that `_command` made."""
    words = [_plain(found[0]).replace("$$", "$").replace("%%", "%") for found in _WORD.finditer(text)]
    return words[len(_BY_SHELL) :] if tuple(words[: len(_BY_SHELL)]) == _BY_SHELL else words


def _plain(word: str) -> str:
    if not word.startswith('"'):
        return word
    return _ESCAPE.sub(lambda found: _letter(found[1]), word[1:-1])


def _letter(escape: str) -> str:
    return chr(int(escape[1:], 16)) if escape[0] == "x" and len(escape) == 3 else escape
