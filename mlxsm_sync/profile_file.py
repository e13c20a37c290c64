"""The profile file: read with line and column, judged as a whole."""

from __future__ import annotations

import codecs
import os
import stat
import sys
from typing import BinaryIO, NamedTuple

from mlxsm_sync.declarations import judge
from mlxsm_sync.desired import Desired, Input
from mlxsm_sync.digest import digest_bytes
from mlxsm_sync.errors import FileTrouble
from mlxsm_sync.nodes import MAX_BYTES, Node, Position, Problems
from mlxsm_sync.secret_scan import refuse_secret

STDIN = "-"


class Tree(NamedTuple):
    """A file as it was read, before anything in it is judged."""

    root: Node
    problems: Problems
    digest: str


def read_tree(path: str) -> Tree:
    """The data of a YAML or JSON file with line and column; InvalidFile where it is neither."""
    problems = Problems(path)
    text, digest = read_text(path, problems)
    return Tree(parse_text(path, text, problems), problems, digest)


def read_text(path: str, problems: Problems) -> tuple[str, str]:
    """The text of a file, and the digest of its bytes; InvalidFile where it is no text for us."""
    data = _read(path)
    return _decode(data, problems), digest_bytes(data)


def read_profile_file(path: str, *, refuse_duplicates: bool = False) -> Desired:
    """What the file wants; InvalidFile with every problem where it breaks a rule.

    `refuse_duplicates` makes a problem of what a plan would tell as a conflict inside the file.
    """
    return judge_tree(path, read_tree(path), refuse_duplicates=refuse_duplicates)


def judge_tree(path: str, tree: Tree, *, refuse_duplicates: bool = False) -> Desired:
    """What a file wants that has been read already."""
    root, problems, digest = tree
    read_from = Input(path=path, digest=digest)
    return judge(root, problems, read_from, _resolved(path), refuse_duplicates=refuse_duplicates)


def _read(path: str) -> bytes:
    refuse_secret(path, "the file")
    try:
        if path == STDIN:
            if sys.stdin is None:
                raise FileTrouble("standard input is closed", "name a file with -f")
            return _capped(sys.stdin.buffer)
        with open(path, "rb") as file:
            return _capped(file)
    except OSError as error:
        raise FileTrouble(f"cannot read {path}: {error.strerror}") from None


def _capped(file: BinaryIO) -> bytes:
    return file.read(MAX_BYTES + 1)


def _resolved(path: str) -> str | None:
    """Where the file really is; nothing for what is no file, such as a pipe."""
    if path == STDIN or not stat.S_ISREG(os.stat(path).st_mode):
        return None
    resolved = os.path.realpath(path)
    refuse_secret(resolved, "the profile file")
    return resolved


def _decode(data: bytes, problems: Problems) -> str:
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
    if path.endswith(".json") or text.lstrip(" \t\r\n").startswith(('{"', "{\n")):
        from mlxsm_sync.json_text import read_json

        return read_json(text, problems)
    from mlxsm_sync.yaml_text import read_yaml

    return read_yaml(text, problems)
