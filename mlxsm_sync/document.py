"""Export documents of the Mac app, judged by the published schema."""

from __future__ import annotations

from mlxsm_sync.nodes import Node, Problems
from mlxsm_sync.schema import faults
from mlxsm_sync.secret_scan import looks_like


def note_faults(root: Node, problems: Problems) -> None:
    """Note every value that looks like a secret, then everything that the schema does not allow."""
    for at, key, node in root.walk():
        text = key if key is not None else node.value
        if isinstance(text, str) and (what := looks_like(text)):
            problems.add(at, f"this looks like {what}: take it out, and revoke it if anybody has seen it")
    for path, message in faults("document", root.plain()):
        at, _ = root.find(path)
        problems.add(at, message)
