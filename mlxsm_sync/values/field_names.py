"""Fields as people write them: `port`, `defaultTopP`, `rawExtraArgs[1]`; elsewhere they are JSON Pointers."""

from __future__ import annotations

from collections.abc import Iterable

from mlxsm_sync.values.profile import OPTIONS, RAW_EXTRA_ARGS, field_paths


def called(path: str) -> str:
    """A field, or a place inside of one, in the words of the file."""
    first, *rest = path.removeprefix(f"/{OPTIONS}").removeprefix("/").split("/")
    in_list = path.startswith(f"{RAW_EXTRA_ARGS}/")
    name = _key(first)
    for depth, step in enumerate(rest):
        # Right under chatTemplateArgs stand names; only deeper can a number be a place in a list.
        is_place = step.isdecimal() and (in_list or depth > 0)
        name += f"[{step}]" if is_place else f".{_key(step)}"
    return name


def listed(paths: Iterable[str]) -> str:
    """Several fields, for a sentence."""
    return ", ".join(map(called, paths))


def _key(step: str) -> str:
    """A step of a JSON Pointer as it was: https://www.rfc-editor.org/rfc/rfc6901#section-4."""
    return step.replace("~1", "/").replace("~0", "~")


def find(name: str) -> str | None:
    """The JSON Pointer of a field by its name, by its place in the file, or by the pointer itself."""
    for path in field_paths():
        if name in (path, called(path), path[1:].replace("/", ".")):
            return path
    return None


def known() -> list[str]:
    """Every field that a profile can have, by its name."""
    return [called(path) for path in field_paths()]
