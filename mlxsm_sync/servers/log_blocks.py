"""A server's log taken apart: what was said in one breath, and what kind of saying it is.

A log has many writers: logging, Python's tracebacks, C++ and Rust, shells, and by way of what the server
quotes also its clients. So no block of a log decides anything; a block only explains what is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

PROBE_VERSION = "HTTP/1.0"
"""Our own requests are of this version; clients of the server speak 1.1."""

Kind = Literal["death", "raised", "request", "record", "abort", "error", "client", "said", "noise", "words"]
"""The thread that answers died; an exception; one while a request was handled; a record of level ERROR; the
end of a process by its own libraries; the error of a program; what a client sent; the server went on; what
explains nothing; anything else."""

RECORD = re.compile(
    r"^(?P<time>\d{4}-\d\d-\d\d[ T][\d:.,]+ - )?(?:[\w.]+ - )?"
    r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) - (?P<message>.*)"
)
_IN_GROUP = "Traceback in a group ("
HEADER = re.compile(
    r"^(?:Exception Group )?Traceback (?:in a group )?\(most recent call last\):"
    r'|^  File "[^"]+", line \d+$'  # a program that cannot be parsed has no other
)
CHAIN = re.compile(
    r"^During handling of the above exception|^The above exception was the direct cause of the following"
)
_PROBE = re.compile(r'"(?:GET /health|POST /v1/(?:chat/)?completions) HTTP/1\.0" \d+')
_ACCESS = re.compile(r"^\S+ - - \[\d\d/\w+/\d{4} [\d:]+\] ")
_DEATH = re.compile(r"^(?:\S+ )?generation thread died\b")
_QUOTED = re.compile(r"^JSONDecodeError: .*Raw body:|^Invalid Request Body:")
_GENERATE = re.compile(r"^Exception in thread \S+ \(_generate\)")
_WARNED = re.compile(r"^\S.*?:\d+: \w*Warning: |^\s*warnings\.warn\(|^-{10,}$|^Exception ignored ")
_ABORTED = re.compile(
    r"^libc\+\+abi: |^terminate called |^Fatal Python error: |^thread '.*' (?:\(\d+\) )?panicked at "
    r"|^dyld(?:\[\d+\])?: |error while loading shared libraries: |^Assertion failed: |: Assertion `.*' failed"
    r"|failed assertion `|\*\*\* Terminating app due to |malloc: \*\*\* error |^\*\*\* stack smashing "
    r"|^(?:free|malloc|realloc|munmap_chunk)\(\): |^double free or corruption|^corrupted "
)
_SHELL_DEATH = re.compile(
    r"(?:^|[:\d] +)"
    r"(?:Killed|Abort trap|Aborted|Segmentation fault|Bus error|Illegal instruction|Trace/BPT trap)"
    r"(?:: \d+)?(?: \(core dumped\))?(?:  .*)?$"
    r"|^zsh: (?:killed|abort|segmentation fault|bus error|illegal hard)"
)
_NOTED = re.compile(r"^(?:note|hint|tip|help|warning|usage)\b ?:", re.IGNORECASE)
_EXCEPTION = re.compile(
    r"^(?:\w+\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Failure|Iteration|Group)(?::|$)"
)
_ERROR = re.compile(
    r"^(?:[^\s:]+: )*(?i:error|fatal|panic)(?:\[\w+\])?: |^\s*[×✗❌] |\bERROR\b|\bCRITICAL\b"
    r"|^[\w./+-]+: .*(?:not found|No such file|ermission denied|cannot execute|bad interpreter|not installed)"
)
_DRESS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BAR = re.compile(
    r"^[^\r]{0,300}?\d{1,3}%\|[^|]{0,200}\|[^\[]{0,80}?(?:\[[^\]]{0,120}\]|$)"
    r"|^[^\[\r]{0,300}?\d[\w.]{0,12}(?: ?[kMG]?i?B)? ?\[\d\d:\d\d[^\]]{0,120}\]"
    r"|^(?:Fetching|Downloading|Loading|Processing) [^\r]{0,300}?: +\d{1,3}%$"
)
"""Bars of tqdm; all of it bounded, since a client can write a line that would take for ever."""
_LONGEST = 16384
"""Letters of a line that are looked at."""
_GROUP = re.compile(r"^ *(?:\+-)?\+-+(?: (?:\d+|\.\.\.) -+)?$|^ +[|+](?: |$)")


@dataclass
class Block:
    """Some lines that were said together."""

    kind: Kind
    lines: list[str] = field(default_factory=list)
    in_frames: bool = False
    """Whether a traceback has begun in it, and its exception has not come yet."""

    @property
    def has_trace(self) -> bool:
        """Whether there is a traceback in it."""
        return any(map(HEADER.match, self.lines))

    def add(self, line: str) -> None:
        """Take a line in."""
        self.lines.append(line)
        if HEADER.match(line):
            self.in_frames = True
        elif line and not line[0].isspace():
            self.in_frames = False

    def takes_trace(self, header: str) -> bool:
        """Whether a traceback that begins now is of this block."""
        said = [line for line in self.lines if line]
        if self.in_frames or header.startswith(_IN_GROUP) or CHAIN.match(said[-1]):
            return True
        may = self.kind in ("death", "request", "record") or said[0].startswith("Exception ")
        return may and not self.has_trace


def tells_of_death(text: str) -> bool:
    """Whether a log may have a block of kind `death`; a log of an hour is read for nothing without one."""
    return "generation thread died" in text or "(_generate)" in text


def blocks(text: str) -> list[Block]:
    """The blocks of a log, oldest first; what threads said into the midst of a traceback comes after it."""
    found: list[Block] = []
    current: Block | None = None
    lines = [*_lines(text)]
    for number, line in enumerate(lines):
        kind = _begins(line, current)
        if kind is None:
            if current is not None:
                current.add(line)
                current = None if not line and current.kind in ("error", "noise", "words") else current
            continue
        block = Block(kind)
        block.add(line)
        found.append(block)
        aside = current is not None and current.in_frames and _is_inside(lines[number + 1 : number + 2])
        if not aside:
            current = None if _ACCESS.match(line) else block
    return found


def _lines(text: str) -> Iterator[str]:
    """Lines without colours, bars of progress and the frames of exception groups.

    Only a line feed ends a line: with all that Python takes for one, a client could begin lines of its own.
    """
    for line in text.split("\n"):
        plain = _DRESS.sub("", line[:_LONGEST])
        parts = [_BAR.sub("", part) for part in plain.split("\r")]
        shown = "\r".join(part for part in parts if part.strip())
        if shown or not plain:
            bare = _GROUP.sub("", shown).rstrip()
            inner = bare != shown and bare.startswith("Traceback (") and "|" in shown
            yield bare.replace("Traceback (", _IN_GROUP, 1) if inner else bare


def is_probe(line: str) -> bool:
    """Whether a line of the log is the server's note of a question of ours."""
    return _PROBE.search(line) is not None


def _is_inside(following: Sequence[str]) -> bool:
    return bool(following) and following[0].startswith((" ", "Traceback"))


def _begins(line: str, current: Block | None) -> Kind | None:
    """The kind of block that a line begins; None where it goes on with the current one."""
    sure = _sure(line)
    if current is not None and current.kind == "client":
        # What a client sent may look like anything but, as far as that goes, the server's next record.
        stamped = RECORD.match(line)
        return sure if _ACCESS.match(line) or (stamped and stamped["time"]) else None
    if sure is not None:
        return None if HEADER.match(line) and current is not None and current.takes_trace(line) else sure
    if not line or (current is not None and current.in_frames):
        return None
    if current is None:
        return _likely(line) or "words"
    if current.kind in ("death", "raised", "request", "record", "abort") or line[0].isspace():
        return None
    if (likely := _likely(line)) is not None:
        return likely
    return None if current.kind in ("words", "said") else "words"


def _sure(line: str) -> Kind | None:
    """The kind of what can hardly be the middle of something else."""
    if found := RECORD.match(line):
        return _of_record(found["level"], found["message"])
    if _ACCESS.match(line):
        return "noise" if is_probe(line) else "said"
    if line.startswith("Exception occurred during processing of request"):
        return "request"
    if _GENERATE.match(line):
        return "death"
    if HEADER.match(line) or line.startswith("Exception in thread "):
        return "raised"
    if _WARNED.search(line):
        return "noise"
    return "abort" if _ABORTED.search(line) else None


def _of_record(level: str, message: str) -> Kind:
    if _DEATH.match(message):
        return "death"
    if _QUOTED.match(message):
        return "client"
    return "record" if level in ("ERROR", "CRITICAL") else "said"


def _likely(line: str) -> Kind | None:
    """The kind of a line that begins something, unless it is the middle of something else."""
    if _SHELL_DEATH.search(line) or _NOTED.match(line):
        return "noise"
    if _EXCEPTION.match(line):
        return "raised"
    return "error" if _ERROR.search(line) else None
