"""The options that the source of a server adds to its argument parser, read without running it."""

from __future__ import annotations

import ast


def about_arguments(tree: ast.Module, text: str) -> ast.Module:
    """What of a module deals with arguments: to walk through all of a server takes twenty times as long."""
    lines = text.split("\n")

    def is_about(node: ast.stmt) -> bool:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return True
        return any("rgument" in line for line in lines[node.lineno - 1 : node.end_lineno])

    return ast.Module(body=[node for node in tree.body if is_about(node)], type_ignores=[])


def options_in(tree: ast.AST) -> frozenset[str]:
    """Every `--option` that a source adds to a parser."""
    return frozenset(
        word.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "add_argument"
        for word in call.args
        if isinstance(word, ast.Constant) and isinstance(word.value, str) and word.value.startswith("--")
    )


def is_handed_on(tree: ast.AST) -> bool:
    """Whether options can come from elsewhere: a parser is given away or has parents, a name is computed."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    parsers = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_parser(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in calls:
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if any(isinstance(one, ast.Name) and one.id in parsers for one in given):
            return True
        if _is_parser(call) and any(keyword.arg in ("parents", None) for keyword in call.keywords):
            return True
        is_adding = isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument"
        if is_adding and not all(isinstance(one, ast.Constant) for one in call.args):
            return True
    return False


def _is_parser(node: ast.AST) -> bool:
    """Whether a parser is made there."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return str(name).endswith("ArgumentParser")
