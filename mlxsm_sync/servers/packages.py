"""mlx-lm as it is installed: its release, and the options of its own server, read as text."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from mlxsm_sync.files.plain_files import read_plain
from mlxsm_sync.servers.server_parser import about_arguments, is_handed_on, options_in
from mlxsm_sync.text.nesting import loads
from mlxsm_sync.values.server_options import known_to, parse_version

_INSTALLED = re.compile(
    r"mlx[-_.]lm(?:-(?P<release>[0-9][^-]*)(?:-py[0-9.]+)?)?\.(?P<kind>dist-info|egg-info)", re.IGNORECASE
)
_EGG = re.compile(r"mlx[-_.]lm-(?P<release>[0-9][^-]*)-py[0-9.]+.*\.egg", re.IGNORECASE)
_TOLD = re.compile(r"^Version:[ \t]*(\S+)", re.MULTILINE)
_OWN = re.compile(r"^__version__\s*=\s*['\"]([^'\"]+)['\"]", re.MULTILINE)
_QUOTED = re.compile("(?:%[0-9A-Fa-f]{2})+")
_NEEDED = frozenset({"--model", "--host", "--port"})
"""A reading without these has not found the parser."""
_LARGEST = 4 * 1024 * 1024


class Package(NamedTuple):
    """The mlx-lm that a Python imports."""

    version: str | None
    """Its release; None where nothing says it."""
    options: frozenset[str] | None
    """What its server's own parser knows; None where that could not be read, or our table says the same."""


class _Distribution(NamedTuple):
    """What an installer noted about mlx-lm."""

    folder: str
    """Where it was installed."""
    release: str | None
    note: str
    """The folder, or file, of the note."""


def package_in(folders: Sequence[str]) -> Package | None:
    """The first mlx-lm in these folders; None if none has it, or if one of them cannot be read."""
    try:
        noted = next((found for folder in folders if (found := _distribution(folder))), None)
    except PermissionError:
        return None
    source = _source(folders, noted)
    if noted is None and source is None:
        return None
    version = noted.release if noted is not None else None
    # What was installed to be edited says for itself which release it has become.
    if source is not None and (noted is None or os.path.dirname(source) != noted.folder):
        version = _own_version(source) or version
    return Package(version, _options(source, version) if source is not None else None)


def _distribution(folder: str) -> _Distribution | None:
    """What was noted in a folder; of several notes the newest release's."""
    found = [*_distributions(folder)]
    return max(found, key=lambda one: parse_version(one.release or ""), default=None)


def source_in(folders: Sequence[str]) -> str | None:
    """The folder of the code of the first mlx-lm in these folders; None where none is found."""
    try:
        noted = next((found for folder in folders if (found := _distribution(folder))), None)
        return _source(folders, noted)
    except OSError:
        return None


def release_of(package: str, folders: Sequence[str]) -> str | None:
    """The release of a package of this name that was noted first in these folders; None where none was.

    The name has letters only, as that of a folder with its notes begins.
    """
    wanted = re.compile(rf"{re.escape(package)}-(?P<release>[0-9][^-]*)\.dist-info", re.IGNORECASE)
    for folder in folders:
        with suppress(OSError):
            found = [note for name in sorted(os.listdir(folder)) if (note := wanted.fullmatch(name))]
            if found:
                return _noted_release(f"{folder}/{found[-1][0]}") or found[-1]["release"]
    return None


def _distributions(folder: str) -> Iterator[_Distribution]:
    try:
        names = os.listdir(folder)
    except PermissionError:
        raise
    except OSError:
        return
    if egg := _EGG.fullmatch(os.path.basename(folder)):
        yield _Distribution(folder, egg["release"], f"{folder}/EGG-INFO")
    for name in names:
        if note := _INSTALLED.fullmatch(name):
            release = _noted_release(f"{folder}/{name}") or note["release"]
            yield _Distribution(folder, release, f"{folder}/{name}")


def _noted_release(note: str) -> str | None:
    """The release that a note tells, where it is one of an installer."""
    for path in (f"{note}/METADATA", f"{note}/PKG-INFO", note):
        if (text := _text(path)) and (found := _TOLD.search(text.partition("\n\n")[0])):
            return found[1]
    return None


def _source(folders: Sequence[str], noted: _Distribution | None) -> str | None:
    """The folder of the package's code."""
    places: Iterable[str] = (f"{folder}/mlx_lm" for folder in folders)
    if noted is not None:
        places = (*places, *_finders(noted.folder), *_edited(noted.note))
    return next((place for place in places if os.path.isfile(f"{place}/server.py")), None)


def _finders(folder: str) -> Iterator[str]:
    """Where setuptools' finder for a package that is edited in place has it from."""
    for name in sorted(os.listdir(folder)):
        if re.fullmatch(r"__editable___mlx[-_.]lm.*finder\.py", name) and (text := _text(f"{folder}/{name}")):
            with suppress(ValueError, SyntaxError, RecursionError):
                yield from _mapped(ast.parse(text))


def _mapped(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(one, ast.Name) and one.id == "MAPPING" for one in targets):
            mapping = ast.literal_eval(node.value)
            place = mapping.get("mlx_lm") if isinstance(mapping, dict) else None
            if isinstance(place, str):
                yield place


def _edited(note: str) -> Iterator[str]:
    """Where a package that is edited in place stands, as PEP 610 has it noted."""
    with suppress(ValueError, RecursionError, AttributeError, TypeError, KeyError):
        origin = loads(_text(f"{note}/direct_url.json") or "{}")
        if origin.get("dir_info", {}).get("editable") and origin["url"].startswith("file://"):
            folder = _unquoted(origin["url"].removeprefix("file://"))
            yield f"{folder}/mlx_lm"
            yield f"{folder}/src/mlx_lm"


def _unquoted(path: str) -> str:
    """A path out of an address."""
    return _QUOTED.sub(lambda one: os.fsdecode(bytes.fromhex(one[0].replace("%", ""))), path)


def _own_version(source: str) -> str | None:
    for name in ("_version.py", "__init__.py"):
        if (text := _text(f"{source}/{name}")) and (found := _OWN.search(text)):
            return found[1]
    return None


def _text(path: str) -> str | None:
    with suppress(OSError, ValueError):
        return read_plain(path, _LARGEST).decode().replace("\r\n", "\n")
    return None


def _options(source: str, version: str | None) -> frozenset[str] | None:
    """The options in the text of the server's own argument parser; None where that does not show them."""
    path = f"{source}/server.py"
    try:
        status = os.stat(path)
    except OSError:
        return None
    read = _read(path, status.st_mtime_ns, status.st_size)
    if read is None or not read[0] >= _NEEDED:
        return None
    options, is_whole = read
    if version is None:
        return options
    table = known_to(parse_version(version))
    options = options if is_whole else options | table
    return None if options == table else options


@lru_cache(maxsize=16)
def _read(path: str, _changed: int, _size: int) -> tuple[frozenset[str], bool] | None:
    """The options of a parser, and whether those are all; `ps --watch` would read it again each time."""
    text = _text(path) or ""
    try:
        tree = about_arguments(ast.parse(text), text)
    except (ValueError, SyntaxError, RecursionError):
        return None
    return options_in(tree), not is_handed_on(tree)
