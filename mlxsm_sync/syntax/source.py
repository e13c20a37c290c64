"""Files as people write them: bytes to text, YAML or JSON, read with line and column."""

from __future__ import annotations

import codecs
import json
import sys
from typing import BinaryIO, NamedTuple

from mlxsm_sync.errors import FileError, InvalidFile
from mlxsm_sync.files.paths import refuse_secret
from mlxsm_sync.syntax.tree import MAX_BYTES, Node, Position, Problems
from mlxsm_sync.text.json_value import digest_bytes

STDIN = "-"


class Tree(NamedTuple):
    """A file as it was read, before anything in it is judged."""

    root: Node
    problems: Problems
    digest: str


def read_tree(path: str, known_as: str | None = None) -> Tree:
    """The data of a YAML or JSON file with line and column; InvalidFile where it is neither.

    `known_as` is the name of what comes by standard input.
    """
    name = known_as or path
    problems = Problems(name)
    text, digest = read_text(path, problems)
    return Tree(parse_text(name, text, problems), problems, digest)


def read_text(path: str, problems: Problems) -> tuple[str, str]:
    """The text of a file, and the digest of its bytes; InvalidFile where it is no text for us."""
    data = read_bytes(path)
    return decode(data, problems), digest_bytes(data)


def read_bytes(path: str) -> bytes:
    """The bytes of a file or of standard input, up to the limit and one more; FileError where it refuses."""
    refuse_secret(path, "the file")
    try:
        if path == STDIN:
            if sys.stdin is None:
                raise FileError("standard input is closed", "name a file with -f")
            return _capped(sys.stdin.buffer)
        with open(path, "rb") as file:
            return _capped(file)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from None


def _capped(file: BinaryIO) -> bytes:
    return file.read(MAX_BYTES + 1)


def decode(data: bytes, problems: Problems) -> str:
    """Bytes as text; InvalidFile where they are none for us."""
    if len(data) > MAX_BYTES:
        raise problems.stop(None, f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB")
    # The codec "utf-8-sig" would count from behind the mark.
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        begin = data.rfind(b"\n", 0, error.start) + 1
        column = len(data[begin : error.start].decode("utf-8", "replace")) + 1
        raise problems.stop(Position(line, column), "not UTF-8: save the file as UTF-8") from None


def parse_text(path: str, text: str, problems: Problems) -> Node:
    """The data of a YAML or JSON text; InvalidFile where it is neither."""
    # Imported here: a command that reads the other format does not pay for this one.
    try:
        if is_json(path, text):
            from mlxsm_sync.syntax.json import read_json

            return read_json(text, problems)
        from mlxsm_sync.syntax.yaml import read_yaml

        return read_yaml(text, problems)
    except InvalidFile as error:
        from mlxsm_sync.syntax.excerpt import with_excerpts

        error.problems = with_excerpts(error.problems, text)
        raise


def is_json(path: str, text: str) -> bool:
    """Whether a file is JSON: its name says so, or all of it is, as YAML in braces is not."""
    if path.lower().endswith(".json"):
        return True
    if not text.lstrip(" \t\r\n").startswith(("{", "[")):
        return False
    from mlxsm_sync.text.nesting import is_too_deep

    if is_too_deep(text):
        return False
    try:
        json.loads(text, parse_int=lambda _: 0, parse_float=lambda _: 0.0)
    except ValueError:
        return False
    return True
