"""Whether the installed mlx-lm can spread a model over ranks, read from its source as text.

Nothing is imported. As `mlx_lm.utils.sharded_load` of 0.32.2 asks: for tensors the class `Model` has a method
`shard`, for a pipeline the class of its attribute `model` has `pipeline`. Each may come from a base class, of
another file of the package, too. What the text does not show is unknown, and no reason to refuse.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from mlxsm_sync.files.plain_files import read_plain
from mlxsm_sync.values.cluster import Sharding

_LARGEST = 1024 * 1024
"""Bytes of a file that are read."""
_MOST_STEPS = 8
"""From a class to its base."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_KNOWN_BASES = ("Module", "object", "Protocol")
"""Bases of other packages, which neither shard nor pipeline anything."""
_HEADS = {
    "kv_heads": ("num_key_value_heads", "num_kv_heads", "n_kv_heads"),
    "key_value_heads": ("num_key_value_heads", "num_kv_heads", "n_kv_heads"),
    "k_heads": ("linear_num_key_heads",),
    "v_heads": ("linear_num_value_heads",),
    "index_n_heads": ("index_n_heads",),
    "heads": ("num_attention_heads", "n_head", "n_heads", "num_heads"),
}
"""By the end of an attribute that a shard divides, longest first: its names in a config.json."""


class Support(NamedTuple):
    """What the source tells of a model type."""

    able: bool | None
    """Whether it can be spread so; None where the text does not show it."""
    divided: tuple[str, ...] = ()
    """The attributes that are divided by the number of ranks."""


UNKNOWN = Support(None)


def support(package: str, config: Mapping[str, Any], sharding: Sharding) -> Support:
    """What the source of a package, the folder `mlx_lm`, tells of the model of a config.json."""
    if config.get("model_file") is not None:
        return UNKNOWN  # it brings its own code
    name = _module(package, config)
    if name is None:
        return UNKNOWN
    source = _Source(package)
    if (model := source.named(name, "Model")) is None:
        return UNKNOWN
    if sharding == "tensor":
        return source.method(model, "shard")
    inner = source.attribute(model, "model")
    return UNKNOWN if inner is None else source.method(inner, "pipeline")._replace(divided=())


def undivided(config: Mapping[str, Any], divided: tuple[str, ...], ranks: int) -> Iterator[str]:
    """What so many ranks cannot divide, for people: `its 2 num_key_value_heads`."""
    inner = config.get("text_config", config.get("llm_config"))
    told = {**config, **inner} if isinstance(inner, Mapping) else config
    for attribute in divided:
        end = next((end for end in _HEADS if attribute.endswith(end)), None)
        known = [key for key in _HEADS.get(end or "", ()) if isinstance(told.get(key), int)]
        if known and told[known[0]] % ranks:
            yield f"its {told[known[0]]} {known[0]}"


class _Class(NamedTuple):
    """A class, and the module that it stands in."""

    module: str
    node: ast.ClassDef


class _Source:
    """The files of `mlx_lm/models`, each read when it is asked for."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._trees: dict[str, ast.Module | None] = {}

    def named(self, module: str, name: str, steps: int = 0) -> _Class | None:
        """The class of a name in a module, or that the module has from another one."""
        tree = self._tree(module)
        if tree is None or steps > _MOST_STEPS:
            return None
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                return _Class(module, node)
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                for one in node.names:
                    if (one.asname or one.name) == name and node.module is not None:
                        return self.named(node.module, one.name, steps + 1)
        return None

    def method(self, one: _Class, name: str, steps: int = 0) -> Support:
        """Whether a class has a method, of its own or from a base."""
        is_known = steps <= _MOST_STEPS
        for node in one.node.body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                return Support(True, tuple(dict.fromkeys(_divided(node))))
            is_known = is_known and not (isinstance(node, ast.FunctionDef) and node.name == "__getattr__")
        for base in one.node.bases if is_known else ():
            found = self._base(one, base)
            if isinstance(found, _Class):
                inner = self.method(found, name, steps + 1)
                if inner.able is not False:
                    return inner
            is_known = is_known and found is not None
        return Support(False) if is_known else UNKNOWN

    def attribute(self, one: _Class, name: str, steps: int = 0) -> _Class | None:
        """The class of what a class makes and keeps under a name; None where that is not plain to see."""
        for node in ast.walk(one.node):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and any(isinstance(at, ast.Attribute) and at.attr == name for at in node.targets)
            ):
                found = self._base(one, node.value.func)
                return found if isinstance(found, _Class) else None
        for base in one.node.bases if steps <= _MOST_STEPS else ():
            found = self._base(one, base)
            if isinstance(found, _Class) and (inner := self.attribute(found, name, steps + 1)) is not None:
                return inner
        return None

    def _base(self, one: _Class, base: ast.expr) -> _Class | bool | None:
        """The class that an expression names; True for one that has nothing of this, None if unknown."""
        if isinstance(base, ast.Name):
            return self.named(one.module, base.id) or (True if base.id in _KNOWN_BASES else None)
        if isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
            found = self.named(base.value.id, base.attr) if _NAME.fullmatch(base.value.id) else None
            return found or (True if base.attr in _KNOWN_BASES else None)
        return None

    def _tree(self, module: str) -> ast.Module | None:
        if module not in self._trees:
            is_plain = _NAME.fullmatch(module) is not None
            path = os.path.join(self._package, "models", f"{module}.py")
            self._trees[module] = _parsed(path) if is_plain else None
        return self._trees[module]


def _module(package: str, config: Mapping[str, Any]) -> str | None:
    """The module of a model type, by the tables of `mlx_lm.utils`."""
    kind = config.get("model_type")
    if not isinstance(kind, str):
        return None
    tables = _tables(os.path.join(package, "utils.py"))
    if tables is None:
        return None
    named = config.get("architectures") or ()
    architectures = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    by_architecture = tables.get("MODEL_ARCHITECTURE_REMAPPING", {})
    for one in architectures:
        if isinstance(one, str) and isinstance(found := by_architecture.get((kind, one)), str):
            return found
    found = tables.get("MODEL_REMAPPING", {}).get(kind, kind)
    return found if isinstance(found, str) else None


def _tables(path: str) -> dict[str, dict[Any, Any]] | None:
    tree = _parsed(path)
    if tree is None:
        return None
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            with suppress(ValueError, SyntaxError, TypeError, RecursionError):
                value = ast.literal_eval(node.value)
                if isinstance(value, dict):
                    found[node.targets[0].id] = value
    return found


def _parsed(path: str) -> ast.Module | None:
    with suppress(OSError, ValueError, SyntaxError, RecursionError):
        return ast.parse(read_plain(path, _LARGEST))
    return None


def _divided(shard: ast.FunctionDef) -> Iterator[str]:
    """The attributes that a method divides in whole numbers."""
    for node in ast.walk(shard):
        if (
            isinstance(node, ast.AugAssign)
            and isinstance(node.op, ast.FloorDiv)
            and isinstance(node.target, ast.Attribute)
        ):
            yield node.target.attr
