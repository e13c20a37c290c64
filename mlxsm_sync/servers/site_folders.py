"""Where a Python looks for packages, in its own order, found without running it.

As `Modules/getpath.py` and `Lib/site.py` of CPython 3.9 to 3.14 do it, with the changes of Debian and Fedora.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from mlxsm_sync.files.plain_files import read_plain
from mlxsm_sync.servers.interpreters import FOLDER, Interpreter

_LIBRARIES = ("lib64", "lib")
_NAMED = re.compile(r"python([0-9]+\.[0-9]+)(t?)")
_FRAMEWORK = re.compile(r"/(Python3?)\.framework/Versions/([0-9]+\.[0-9]+)/")
_LARGEST = 1024 * 1024
"""Bytes of a file that are read."""
_NIX = re.compile(r"site\.addsitedir\([^)]*\), (\[[^\]]*\])")
"""How nixpkgs writes the packages of a program into its script."""


class _Library(NamedTuple):
    """The standard library of a Python."""

    prefix: str
    name: str
    """`lib`, or `lib64` on systems that have both."""
    is_debians: bool
    """Whether packages are looked for as Debian does."""


class Environment(NamedTuple):
    """A virtual environment."""

    prefix: str
    settings: Mapping[str, str]

    @property
    def sees_system(self) -> bool:
        """Whether packages of the base are seen, and those of the user."""
        return self.settings.get("include-system-site-packages", "").lower() == "true"


def site_folders(one: Interpreter) -> list[str] | None:
    """The folders for packages, in the order in which they are searched; None where that cannot be told."""
    path = os.path.abspath(one.path)
    if any(one.environment.get(name, "") is None for name in ("PYTHONPATH", "PYTHONUSERBASE", "HOME")):
        return None
    if one.environment.get("PYTHONHOME", "") != "":
        return None
    environment = environment_of(path)
    base = _base(path, environment)
    release = _release(path, base, environment)
    found = _Folders()
    found.add(_first(one))
    if release is None:
        return None
    if not one.run.has("S"):
        _add_sites(found, one, base, environment, release)
    found.add(_of_nix(one))
    return found.listed


class _Folders:
    """Folders in order, each once, with those that `.pth` files name."""

    def __init__(self) -> None:
        self.listed: list[str] = []

    def add(self, folders: Iterable[str]) -> None:
        """Add plain folders."""
        self.listed += [folder for folder in dict.fromkeys(folders) if folder not in self.listed]

    def add_sites(self, folders: Iterable[str]) -> None:
        """Add folders for packages, and after each those that its `.pth` files name."""
        for folder in folders:
            if os.path.isdir(folder):
                self.add([folder])
                self.add(_named_by_pth(folder))


def _first(one: Interpreter) -> Iterator[str]:
    """What comes before the standard library."""
    if not one.run.has("P") and not (one.environment.get("PYTHONSAFEPATH") and not one.run.has("E")):
        script = one.run.script
        yield os.path.dirname(os.path.realpath(os.path.join(FOLDER, script))) if script else FOLDER
    if not one.run.has("E"):
        for folder in (one.environment.get("PYTHONPATH") or "").split(os.pathsep):
            if folder:
                yield os.path.join(FOLDER, folder)


def environment_of(path: str) -> Environment | None:
    """The virtual environment that an interpreter belongs to by its own place, links kept."""
    folder = os.path.dirname(path)
    for place in (folder, os.path.dirname(folder)):
        with suppress(OSError, ValueError):
            lines = read_plain(f"{place}/pyvenv.cfg", _LARGEST).decode().splitlines()
            pairs = (line.partition("=") for line in lines)
            settings = {key.strip().lower(): value.strip() for key, equals, value in pairs if equals}
            return Environment(os.path.dirname(folder), settings)
    return None


def _base(path: str, environment: Environment | None) -> str:
    """The interpreter that an environment was made from; where there is none, itself, links followed."""
    home = environment.settings.get("home") if environment is not None else None
    if home:
        names = (os.path.basename(os.path.realpath(path)), os.path.basename(path), "python3", "python")
        for name in names:
            if os.path.isfile(os.path.join(home, name)):
                return os.path.realpath(os.path.join(home, name))
    return os.path.realpath(path)


def _release(path: str, base: str, environment: Environment | None) -> str | None:
    """`3.12`, or `3.13t`: by the interpreter's name, its library, or what its environment says."""
    for place in (os.path.realpath(path), base):
        if named := _NAMED.fullmatch(os.path.basename(place)):
            return named[1] + named[2]
        if framework := _FRAMEWORK.search(place):
            return framework[2]
    own = [*dict.fromkeys(_releases(os.path.dirname(os.path.dirname(base)), "os.py"))]
    if len(own) == 1:
        return own[0]
    settings = environment.settings if environment is not None else {}
    if release := re.match(r"[0-9]+\.[0-9]+", settings.get("version") or settings.get("version_info") or ""):
        return release[0]
    prefix = environment.prefix if environment is not None else os.path.dirname(os.path.dirname(path))
    beside = [*dict.fromkeys(_releases(prefix))]
    return beside[0] if len(beside) == 1 and not own else None


def _releases(prefix: str, landmark: str = "") -> Iterator[str]:
    """The releases that have a folder in a prefix, with this file in it."""
    for library in _LIBRARIES:
        with suppress(OSError):
            for name in sorted(os.listdir(f"{prefix}/{library}")):
                found = _NAMED.fullmatch(name)
                if found and os.path.exists(f"{prefix}/{library}/{name}/{landmark}"):
                    yield found[1] + found[2]


def _library(base: str, release: str) -> _Library | None:
    """The standard library of a base interpreter, from its own folder upwards; None where it is not found."""
    folder = os.path.dirname(base)
    while (folder := os.path.dirname(folder)) not in ("/", ""):
        for name in _LIBRARIES:
            place = f"{folder}/{name}/python{release}"
            if os.path.isfile(f"{place}/os.py"):
                return _Library(folder, name, _is_debians(f"{place}/site.py"))
    return None


def _is_debians(site: str) -> bool:
    """Whether a Python's own `site` module looks for packages as Debian does."""
    with suppress(OSError, ValueError):
        return b'"dist-packages"' in read_plain(site, _LARGEST)
    return False


def _add_sites(
    found: _Folders, one: Interpreter, base: str, environment: Environment | None, release: str
) -> None:
    """Add the folders of the environment, of the user and of the base, as far as they are seen."""
    library = _library(base, release)
    is_venv = environment is not None
    if environment is not None:
        found.add_sites(_in_prefix(environment.prefix, release, library, is_venv=True))
        if not environment.sees_system:
            return
    path = os.path.abspath(one.path)
    if not one.is_script and not one.run.has("s") and not _is_told(one, "PYTHONNOUSERSITE"):
        found.add_sites(_of_user(one, path, release))
    prefix = library.prefix if library is not None else os.path.dirname(os.path.dirname(base))
    found.add_sites(_in_prefix(prefix, release, library, is_venv=is_venv))
    # Homebrew's Python is told of the folders beside the link that people start it by.
    if not is_venv and (library is None or "/Cellar/" in base):
        found.add_sites(_in_prefix(os.path.dirname(os.path.dirname(path)), release, None, is_venv=False))


def _is_told(one: Interpreter, variable: str) -> bool:
    return bool(one.environment.get(variable)) and not one.run.has("E")


def _in_prefix(prefix: str, release: str, library: _Library | None, *, is_venv: bool) -> Iterator[str]:
    """The folders for packages of one prefix."""
    names = _LIBRARIES if library is None or library.name == "lib64" else ("lib",)
    if library is None or not library.is_debians:
        for name in names:
            yield f"{prefix}/{name}/python{release}/site-packages"
        return
    if is_venv:
        yield f"{prefix}/lib/python{release}/site-packages"
    yield f"{prefix}/local/lib/python{release}/dist-packages"
    yield f"{prefix}/lib/python3/dist-packages"
    for name in names:
        yield f"{prefix}/{name}/python{release}/dist-packages"


def _of_user(one: Interpreter, path: str, release: str) -> Iterator[str]:
    """The folder for packages of this user alone."""
    home = one.environment.get("HOME") or os.path.expanduser("~")
    named = one.environment.get("PYTHONUSERBASE") if not one.run.has("E") else None
    framework = _FRAMEWORK.search(os.path.realpath(path))
    library = f"{home}/Library/{framework[1] if framework else 'Python'}/{release}"
    # pip puts a program beside the packages that it installs for a user.
    if framework or os.path.dirname(one.run.script or "") == f"{library}/bin":
        yield f"{named or library}/lib/python/site-packages"
    else:
        yield f"{named or f'{home}/.local'}/lib/python{release}/site-packages"


def _named_by_pth(folder: str) -> Iterator[str]:
    """The folders that the `.pth` files of a folder add; their code is not run."""
    with suppress(OSError):
        for name in sorted(os.listdir(folder)):
            if name.endswith(".pth") and not name.startswith("."):
                yield from _lines_of_pth(folder, name)


def _lines_of_pth(folder: str, name: str) -> Iterator[str]:
    with suppress(OSError, ValueError):
        for line in read_plain(f"{folder}/{name}", _LARGEST).decode("utf-8-sig").splitlines():
            if line.strip() and not line.startswith(("#", "import ", "import\t")):
                place = os.path.abspath(os.path.join(folder, line.rstrip()))
                if os.path.exists(place):
                    yield place


def _of_nix(one: Interpreter) -> Iterator[str]:
    """The packages that a Python or a script of nixpkgs is told of."""
    if "/nix/store/" in one.path:
        yield from filter(None, (one.environment.get("NIX_PYTHONPATH") or "").split(os.pathsep))
    if one.run.script is not None:
        with suppress(OSError, ValueError, SyntaxError):
            head = read_plain(os.path.join(FOLDER, one.run.script), _LARGEST)
            found = _NIX.search(os.fsdecode(head))
            folders = ast.literal_eval(found[1]) if found else []
            yield from (one for one in folders if isinstance(one, str) and os.path.isabs(one))
