"""Profiles of one file that cannot both be: one name twice, or one model at one address twice."""

from __future__ import annotations

from collections.abc import Iterable

from mlxsm_sync.syntax.tree import Node, Problems
from mlxsm_sync.text.unicode import normal


def note_duplicates(profiles: Iterable[tuple[Node, Node]], problems: Problems) -> None:
    """Note what a plan would call a conflict inside the file: each profile as written, and as inherited."""
    listed = [*profiles]
    for what, key, at in (("name", _name, "name"), ("model, host and port", _identity, "modelID")):
        groups: dict[object, list[Node]] = {}
        for written, whole in listed:
            if (found := key(whole)) is not None:
                groups.setdefault(found, []).append(written)
        for group in groups.values():
            for node in group if len(group) > 1 else ():
                lines = [str(other.at.line) for other in group[:4] if other is not node][:3]
                others = ", ".join(dict.fromkeys(lines)) + (", …" if len(group) > 4 else "")
                message = f"another profile has the same {what} (line {others})"
                problems.add(node.find([at])[0], message, also=True)


def _name(node: Node) -> object:
    name = node.find(["name"])[1].value
    return normal(name) or None if isinstance(name, str) else None


def _identity(node: Node) -> object:
    model, host, port = (node.find([key])[1].value for key in ("modelID", "host", "port"))
    if isinstance(model, str) and isinstance(host, str) and isinstance(port, (int, float)):
        return model.strip(), host.lower(), port
    return None
