"""A document of the Mac app on disk: read strictly, held against the published schema, judged."""

from __future__ import annotations

import shlex

from mlxsm_sync.errors import InvalidDocument, Problem
from mlxsm_sync.mac_app.document_format import Document
from mlxsm_sync.mac_app.document_reader import Judged, judge_document
from mlxsm_sync.mac_app.list_format import is_app_list
from mlxsm_sync.syntax.json import read_json
from mlxsm_sync.syntax.source import Tree, read_text
from mlxsm_sync.syntax.tree import Node, Problems
from mlxsm_sync.values.desired import Input
from mlxsm_sync.values.json_schema import Schema, faults, made_from, whole


def read_document(path: str, *, allow_local_paths: bool = False) -> Judged:
    """What a document wants; InvalidDocument with every problem where it is of no use as a whole."""
    problems = Problems(path, InvalidDocument)
    text, digest = read_text(path, problems)
    root = _read(text, problems)
    return judge_read(path, Tree(root, problems, digest), allow_local_paths=allow_local_paths)


def judge_read(path: str, tree: Tree, *, allow_local_paths: bool = False) -> Judged:
    """What a document wants that has been read already."""
    refuse_app_list(path, tree)
    found = faults(document_schema(), tree.root.plain())
    read_from = Input(path=path, digest=tree.digest)
    return judge_document(tree.root, tree.problems, found, read_from, allow_local_paths=allow_local_paths)


def document_schema() -> Schema:
    """The published schema of a document."""
    return whole("document", *made_from(Document, "validation"))


def refuse_app_list(path: str, tree: Tree) -> None:
    """InvalidDocument where a file is the app's own list, which is a state and no document."""
    if is_app_list(tree.root):
        state = shlex.quote(f"app:{path}" if path != "-" else "app:FILE")
        raise InvalidDocument(
            f"{path} is the Mac app's own list of profiles, not a document. No profiles were imported.",
            f"name it with --state {state}; mlxsm export --state {state} makes a document of it",
            [
                Problem(
                    path=path,
                    line=tree.root.at.line,
                    column=tree.root.at.column,
                    message=f"this is the Mac app's own list: mlxsm list --state {state} reads it",
                )
            ],
        )


def _as_profile_file(path: str) -> str:
    """How to apply it, in case it is a profile file; nothing for what cannot be read again."""
    return "" if path == "-" else f"; for a profile file: {shlex.join(['mlxsm', 'apply', '-f', path])}"


def _read(text: str, problems: Problems) -> Node:
    try:
        root = read_json(text, problems)
        problems.raise_any()
        return root
    except InvalidDocument as error:
        raise InvalidDocument(
            f"{problems.path}: Import file is not valid JSON. No profiles were imported.",
            f"a document is a JSON file that the app exports{_as_profile_file(problems.path)}",
            error.problems,
        ) from None
