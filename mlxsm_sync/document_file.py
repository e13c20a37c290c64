"""A document of the Mac app on disk: read strictly, held against the published schema, judged."""

from __future__ import annotations

from mlxsm_sync.desired import Input
from mlxsm_sync.document import Judged, judge_document
from mlxsm_sync.errors import InvalidDocument
from mlxsm_sync.json_text import read_json
from mlxsm_sync.nodes import Node, Problems
from mlxsm_sync.profile_file import Tree, read_text
from mlxsm_sync.schema import faults


def read_document(path: str, *, allow_local_paths: bool = False) -> Judged:
    """What a document wants; InvalidDocument with every problem where it is of no use as a whole."""
    problems = Problems(path, InvalidDocument)
    text, digest = read_text(path, problems)
    root = _read(text, problems)
    return judge_read(path, Tree(root, problems, digest), allow_local_paths=allow_local_paths)


def judge_read(path: str, tree: Tree, *, allow_local_paths: bool = False) -> Judged:
    """What a document wants that has been read already."""
    found = faults("document", tree.root.plain())
    read_from = Input(path=path, digest=tree.digest)
    return judge_document(tree.root, tree.problems, found, read_from, allow_local_paths=allow_local_paths)


def _read(text: str, problems: Problems) -> Node:
    try:
        root = read_json(text, problems)
        problems.raise_any()
        return root
    except InvalidDocument as error:
        raise InvalidDocument(
            f"{problems.path}: Import file is not valid JSON. No profiles were imported.",
            "a document is a JSON file that the app exports; mlxsm apply -f FILE applies a profile file",
            error.problems,
        ) from None
