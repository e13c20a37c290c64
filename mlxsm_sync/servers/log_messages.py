"""What a server's log says: why it failed, and which lines are only our own questions.

A log explains what is known by other means and decides nothing: clients write into it, whole lines of any
shape, as soon as the server listens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mlxsm_sync.servers.log_blocks import CHAIN, HEADER, RECORD, Block, Kind, blocks, tells_of_death
from mlxsm_sync.text.redaction import redacted

_NO_SOCKET = re.compile(r"^(?:OSError|PermissionError|(?:socket\.)?gaierror|OverflowError)\b.*")
_BIND_ERRORS = re.compile(r"\[Errno (13|48|49|98|99|-\d+|8)\]|gaierror|0-65535")
_DIED = re.compile(r"^(?:\S+ )?generation thread died\b:? *")
_HINT = re.compile(
    r"^(?:[\d:., -]+ - )?(?:\S+ - )?(?:ERROR|CRITICAL) - (?:\S+ )?generation thread died"
    r"|^Exception in thread \S+ \(_generate\)"
)
_MARKS = ("thread died", "(_generate)", "[Errno ", "gaierror", "0-65535")
_REFUSED = re.compile(
    r"unrecogni[sz]ed|no such option|unknown (?:option|argument|flag)|unexpected (?:option|argument)"
    r"|not defined|invalid (?:option|flag)",
    re.IGNORECASE,
)
_FROM = re.compile(r"request from \('[^']*', (\d+)")
_WHERE = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)')
_BARE = re.compile(r"^(?:\w+\.)*\w+:?$|^(?:Syntax|Indentation|Tab)Error: ")
_BESIDE = re.compile(
    r"^note: |^Python runtime state: |^(?:Current thread|Thread) 0x|^Extension modules: "
    r"|^\s*<no Python frame>"
)
_BY_ITSELF = (4, 5, 6, 7, 8, 10, 11)
"""Signals that a process brings on itself; of any other the log knows nothing."""
_MOST_LINES, _MOST = 8, 700
_KEPT = 4096
"""Letters of an unfinished line that are kept until the rest of it comes."""


class Hints:
    """What a log that is still growing claims: a reason to look at the facts at once, and no more."""

    def __init__(self) -> None:
        self.thread_died = False
        self.no_socket = False
        self._rest = ""

    def feed(self, text: str) -> None:
        """Take in what was added to the log."""
        whole, _, rest = (self._rest + text).rpartition("\n")
        self._rest = rest[:_KEPT]
        # A log can have millions of lines; hardly one of them is worth a look.
        for line in whole.split("\n") if any(mark in whole for mark in _MARKS) else ():
            self.thread_died = self.thread_died or _HINT.match(line) is not None
            self.no_socket = self.no_socket or _is_bind_error(line)


def death(text: str, *, listened: bool = True) -> str | None:
    """What a log says of the end of the thread that answers, or of the socket of one that never listened."""
    if listened and not tells_of_death(text):
        return None
    for block in reversed(blocks(text)):
        if block.kind == "death":
            return redacted(_sentence(block), _MOST)
        if block.kind == "raised" and not listened and _is_bind_error(said := _sentence(block)):
            return redacted(said, _MOST)
    return None


def last_error(
    text: str, code: int | None = None, *, asked_from: int | None = None, words: bool = False
) -> str | None:
    """What a log says of a failure, with all the lines that belong to it; None where it says nothing.

    `code` is how the process ended, negative for a signal. `asked_from` is the port of a question of ours
    that failed: what was raised for it explains that. With `words` any last words will do.
    """
    found = blocks(text)
    if asked_from is not None:
        for block in reversed(found):
            if (
                block.kind == "request"
                and (port := _FROM.search(block.lines[0]))
                and int(port[1]) == asked_from
            ):
                return redacted(_sentence(block), _MOST)
    chosen = _cause(found, code, words=words)
    return redacted(_joined(map(_sentence, chosen)), _MOST) if chosen else None


def last_words(text: str) -> str | None:
    """The last thing of use that a server said; None if it said none."""
    useful = [one for one in blocks(text) if one.kind not in ("noise", "client")]
    return redacted(_sentence(useful[-1]), _MOST) if useful else None


def refused_options(text: str) -> frozenset[str]:
    """The options that a program that ended at once says it does not know."""
    sentences = [_sentence(one) for one in blocks(text) if one.kind in ("error", "raised", "words", "record")]
    words = [word for sentence in sentences if _REFUSED.search(sentence) for word in sentence.split()]
    named = (re.match(r"['\"`(]*-{1,2}(?P<name>[a-zA-Z][\w-]*)", word) for word in words)
    return frozenset(f"--{one['name']}" for one in named if one)


def _is_bind_error(line: str) -> bool:
    return _NO_SOCKET.match(line) is not None and _BIND_ERRORS.search(line) is not None


def _cause(found: Sequence[Block], code: int | None, *, words: bool) -> Sequence[Block]:
    """What most likely tells why a process ended, or does not work."""
    if code is not None and code < 0:
        return _of_signal(found) if -code in _BY_ITSELF else ()
    kinds: tuple[Kind, ...] = ("death", "abort", "raised", "record", "error")
    fallback: Sequence[Block] = ()
    for number, block in reversed([*enumerate(found)]):
        if block.kind in kinds:
            more = found[number + 1 : number + 2] if block.kind == "error" else ()
            return (block, *(one for one in more if one.kind == "words"))
        if block.kind == "said":
            kinds = ("death",)  # it went on after all that came before
        elif block.kind == "words" and words and "raised" in kinds:
            fallback = fallback or (block,)
    return fallback


def _of_signal(found: Sequence[Block]) -> Sequence[Block]:
    """What a process says that its own libraries end."""
    endings = [one for one in found if one.kind in ("death", "abort")]
    # C++ can end without a word; an exception before it says more.
    silent = endings and "without an active exception" in endings[-1].lines[0]
    return (endings[:-1] if silent and endings[:-1] else endings)[-1:]


def _sentence(block: Block) -> str:
    """What a block says, on one line."""
    before = [*block.lines]
    for number, line in enumerate(block.lines):
        if HEADER.match(line):
            before = block.lines[:number]
            break
    raised = _raised(block.lines[len(before) :])
    stamped = RECORD.match(before[0]) if before else None
    if stamped:
        before = [_DIED.sub("", stamped["message"]), *before[1:]]
    elif block.kind in ("death", "request") and raised:
        return raised
    message = _joined(before)
    if block.kind == "death" and raised:
        return raised
    if not raised:
        return message or block.lines[0]
    beginning = before[0].startswith("Exception in thread") if before else True
    return raised if beginning or raised.endswith(message) else f"{message} {raised}"


def _raised(lines: Sequence[str]) -> str:
    """The exception at the end of a traceback, with all of its message."""
    chain: list[list[str]] = [[]]
    in_frames, where, source = False, "", ""
    for line in lines:
        if HEADER.match(line):
            in_frames = True
        if in_frames and (not line or line[0].isspace() or HEADER.match(line)):
            if found := _WHERE.match(line):
                where, source = f"{found['file'].rpartition('/')[2]}, line {found['line']}", ""
            elif line.strip(" ~^"):
                source = line.strip()
            continue
        in_frames = False
        if CHAIN.match(line):
            chain.append([])
        else:
            chain[-1].append(line)
    last = next((one for one in reversed(chain) if any(one)), [])
    message = re.sub(r"^(?:\w+\.)+(?=\w+(?::|$))", "", _joined(last))
    if _BARE.match(message) and where:
        return f"{message} ({where}{f': {source}' if source else ''})"
    return message


def _joined(lines: Iterable[str]) -> str:
    """Some lines as one."""
    kept = [line.strip() for line in lines if line.strip() and not _BESIDE.match(line)]
    message = ""
    for line in kept[:_MOST_LINES]:
        # A new sentence after a line without a full stop.
        ends = line[0].isupper() and message[-1:] not in ("", *".,:;!?")
        message += f"{'. ' if ends else ' ' if message else ''}{line}"
    return f"{message} …" if len(kept) > _MOST_LINES else message
