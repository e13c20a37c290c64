"""`docs/profiles.md`: the profile file, key by key, from the schema that editors are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlxsm_sync.values.server_options import OPTION_FLAGS
from mlxsm_sync.views.schemas import EDITOR, published

_HEAD = """\
# The profile file

Written from the JSON Schema that editors complete by (`mlxsm schema profiles-editor`).
[An example](../profiles.example.yaml) says all that a file can say, and `mlxsm init` writes a small one.

A file is YAML, or JSON where its name ends with `.json`. It has no anchors, tags or templates, and a value is
only what it looks like: `no` is text, and so is `0755`. `null` takes back what a profile would inherit: then
the server's own default holds.
"""
_PARTS = {
    "The file": ("", "The keys of the file itself."),
    "A profile": (
        "Declaration",
        "Each item of `profiles`. What it does not say is inherited from `defaults`, else the machine's own.",
    ),
    "Launch options": (
        "LaunchOptions",
        "`advancedLaunchOptions` of a profile, and of `defaults`. The last column is the server's own flag.",
    ),
    "A cluster": (
        "Cluster",
        "`cluster` of a profile whose model is spread over several machines: docs/cluster.md.",
    ),
    "A rank": ("Rank", "Each item of `ranks`: one process, on one machine."),
    "Defaults": (
        "Defaults",
        "`defaults` of the file and of a machine. Options are inherited one by one; lists are not joined.",
    ),
    "A machine": (
        "MachineSettings",
        "Each value of `machines`. An entry of the machine's exact name counts alone, before every pattern.",
    ),
}
_UNLIMITED = 999_999_999_999_999_999
"""What the schema has for a number without an upper limit that people would meet."""


def profile_page() -> str:
    """The page in Markdown."""
    schema = published(EDITOR)
    definitions: Mapping[str, Any] = schema["definitions"]
    lines = [_HEAD.rstrip()]
    for title, (name, about) in _PARTS.items():
        part = definitions[name] if name else schema
        lines += ["", f"## {title}", "", about, "", *_table(part, with_flags=name == "LaunchOptions")]
    return "\n".join(lines) + "\n"


def _table(part: Mapping[str, Any], *, with_flags: bool) -> Iterator[str]:
    last = ("flag of the server",) if with_flags else ()
    head = ("key", "value", "what it is", *last)
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    required = part.get("required", ())
    for key, about in part["properties"].items():
        said = about["description"]
        cells = [f"`{key}`{' (required)' if key in required else ''}", _value(about), said]
        if with_flags:
            cells.append(f"`{OPTION_FLAGS[key]}`" if key in OPTION_FLAGS else "as written")
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _value(about: Mapping[str, Any]) -> str:
    """What may be written, in words."""
    kinds = about.get("anyOf", [about])
    words = [_kind(one) for one in kinds]
    rules = [rule for one in kinds for rule in _rules(one)]
    rules += [f"each {rule}" for one in kinds for rule in _rules(one.get("items", {}))]
    return "; ".join([" or ".join(words), *rules])


def _kind(one: Mapping[str, Any]) -> str:
    if "const" in one:
        return f"`{one['const']}`"
    if "enum" in one:
        return ", ".join(f"`{word}`" for word in one["enum"])
    if "$ref" in one:
        return "a mapping"
    kind: str = one["type"]
    names = {"string": "text", "integer": "a whole number", "boolean": "`true`, `false`", "null": "`null`"}
    names |= {"number": "a number", "array": "a list", "object": "a mapping"}
    return names[kind] + _limits(one)


def _limits(one: Mapping[str, Any]) -> str:
    least = one.get("minimum", one["exclusiveMinimum"] + 1 if "exclusiveMinimum" in one else None)
    most = one.get("maximum")
    if least is None or most is None:
        return ""
    return f" of {least} or more" if most == _UNLIMITED else f" from {least} to {most}"


def _rules(one: Mapping[str, Any]) -> Iterator[str]:
    for part in (one, *one.get("allOf", ())):
        if "patternErrorMessage" in part:
            yield part["patternErrorMessage"]
