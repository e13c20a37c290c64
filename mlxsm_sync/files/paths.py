"""Where things are when nobody says: the profile file and the state."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mlxsm_sync.errors import FileError
from mlxsm_sync.text.secret_scan import looks_like

PROFILE_FILES = ("profiles.yaml", "mlxsm.yaml")
_MEANT = re.compile(r"\.?(?:profiles?|mlxsm)\.(?:ya?ml|json)", re.IGNORECASE | re.ASCII)


def find_profile_file(environment: Mapping[str, str]) -> str:
    """The profile file to use if none is named; FileError if no folder has one."""
    for path in places_of_profile_files(environment):
        if os.path.isfile(path):
            return path
    raise _no_profile_file(str(config_folder(environment)))


def _no_profile_file(config: str) -> FileError:
    message = f"there is no profile file: neither {' nor '.join(PROFILE_FILES)}, here or in {config}"
    near = next(iter((*look_alikes(), *look_alikes(config))), None) or above()
    if near is None:
        return FileError(message, "mlxsm init writes one, -f FILE names another")
    return FileError(f"{message}; there is {near}", way_to(near))


def places_of_profile_files(environment: Mapping[str, str]) -> Iterator[str]:
    """Where a profile file is looked for, in this order."""
    yield from PROFILE_FILES
    config = config_folder(environment)
    yield from (str(config / name) for name in PROFILE_FILES)


def look_alikes(folder: str = "") -> list[str]:
    """Files of a folder whose names were meant for a profile file, and are looked for by nobody."""
    names: Sequence[str] = ()
    with suppress(OSError):
        names = sorted(os.listdir(folder or "."))
    paths = [os.path.join(folder, name) for name in names if _MEANT.fullmatch(name)]
    return [path for path in paths if os.path.basename(path) not in PROFILE_FILES and os.path.isfile(path)]


def above() -> str | None:
    """The nearest profile file in a folder above, inside the repository or the home folder."""
    with suppress(OSError):
        here, home = Path.cwd(), _resolved_home()
        found = None
        for folder in (here, *here.parents):
            if folder != here:
                found = found or next(_in(os.path.relpath(folder)), None)
            # Beyond these, what lies there is somebody else's.
            if os.path.exists(folder / ".git") or os.path.realpath(folder) == home:
                return found
    return None


def _in(folder: str) -> Iterator[str]:
    yield from filter(os.path.isfile, (os.path.join(folder, name) for name in PROFILE_FILES))
    yield from look_alikes(folder)


def instead_of(path: str) -> str | None:
    """What may have been meant, where a file of the configuration folder is read."""
    found = next(iter(look_alikes()), None) or above()
    with suppress(OSError):
        return found if found is None or not os.path.samefile(found, path) else None
    return None


def way_to(path: str) -> str:
    """How to have a file read that is not found by itself."""
    message = f"name it with -f {shlex.quote(path)}"
    if os.path.dirname(path).startswith(os.pardir):
        return message
    name = PROFILE_FILES[1 if "mlxsm" in os.path.basename(path).lower() else 0]
    renamed = os.path.join(os.path.dirname(path), name)
    return f"{message}, or rename it: {shlex.join(['mv', path, renamed])}"


def project_name(path: str) -> str:
    """The name of the repository that a file is in, else that of its folder; empty at the root."""
    folder = Path(os.path.abspath(path)).parent
    for above in (folder, *folder.parents):
        if os.path.exists(above / ".git"):
            return above.name
    return folder.name


def config_folder(environment: Mapping[str, str]) -> Path:
    """`$XDG_CONFIG_HOME/mlxsm`, else `~/.config/mlxsm`, on every system."""
    return _base(environment, "XDG_CONFIG_HOME", ".config") / "mlxsm"


def default_state_path(environment: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/mlxsm/state.json`, else the same in `~/.local/state`, on every system."""
    return _base(environment, "XDG_STATE_HOME", ".local/state") / "mlxsm" / "state.json"


def app_list_path() -> Path:
    """Where the Mac app MLX Server Manager keeps its profiles."""
    return _home() / "Library/Application Support/MLX Server Manager/models.json"


def _base(environment: Mapping[str, str], name: str, below_home: str) -> Path:
    """The folder of the XDG base directory specification, which says to ignore a relative one."""
    if os.path.isabs(given := environment.get(name, "")):
        return Path(given)
    return _home(f", and {name} is not set", f" or {name}") / below_home


def expanded(path: str) -> str:
    """A path as a shell reads it: with the home folder for a `~` in front, another user's for `~name`."""
    if path == "~" or path.startswith("~/"):
        return f"{_home()}{path[1:]}"
    return os.path.expanduser(path)


def path_in_environment(name: str) -> str | None:
    """The path that a variable names, as it is used; `app:PATH` as it stands there."""
    path = os.environ.get(name)
    return path if path is None or path.startswith("app:") else expanded(path)


def state_words(path: Path) -> list[str]:
    """The words that name a state on a command line; none for the one that is used where nobody says."""
    with suppress(FileError):
        if not os.environ.get("MLXSM_STATE") and path == default_state_path(os.environ):
            return []
    return ["--state", str(path)]


def _resolved_home() -> str | None:
    with suppress(FileError):
        return os.path.realpath(_home())
    return None


def _home(unset: str = "", instead: str = "") -> Path:
    given = os.environ.get("HOME")
    if os.name == "posix" and given is not None and not os.path.isabs(given):
        what = "HOME is empty" if not given else "HOME is not an absolute path"
        raise FileError(f"{what}{unset}", f"set HOME to your home folder{instead}")
    with suppress(RuntimeError):
        if (home := Path.home()).is_absolute():
            return home
    raise FileError(f"there is no home folder{unset}", f"set HOME{instead}")


def refuse_secret(path: object, what: str) -> None:
    """FileError for a path that looks like a secret: paths are kept, printed and logged."""
    if looks_like(str(path)):
        raise FileError(f"the path of {what} looks like a secret; it was not used", "give it another name")
