"""The worst that a file can be within its 8 MiB, and just above: what is read, and the first that is told."""

from __future__ import annotations

from testing.hostile_files.bad_yaml import BOMB

CAP = 8 * 1024 * 1024
_HEAD = "schemaVersion: 1\nprofiles:\n  - {name: A, modelID: m, host: h, port: 1"
_UNKNOWN = 'the key "a" is unknown'
_LONG = "this value is longer than 16 KiB"
_DEEP = "nested more than 16 levels deep"


def _fill(unit: str, begin: str = "", end: str = "") -> str:
    """As many of a unit as a file holds."""
    return begin + unit * ((CAP - len((begin + end).encode())) // len(unit.encode())) + end


FILES: dict[str, tuple[str, str]] = {
    **{
        f"{levels} nested {unit.strip()}": (unit * levels, _DEEP)
        for levels in (25_000, 100_000)
        for unit in ("- ", "[", "{a: ")
    },
    "100000 nested ?": ("? " * 100_000, "a key must be text"),
    "an alias bomb": (BOMB, _UNKNOWN),
    "one plain scalar": (_fill("x"), _LONG),
    "one quoted scalar": (_fill("x", 'a: "', '"'), _UNKNOWN),
    "one quoted scalar of escapes": (_fill('\\"', 'a: "', '"'), _UNKNOWN),
    "one literal scalar": (_fill(" x\n", "a: |\n"), _UNKNOWN),
    "newlines": (_fill("\n"), "a profile file is a mapping"),
    "newlines in quotes": (_fill("\n", 'a: "', '"'), _UNKNOWN),
    "-": (_fill("-"), _LONG),
    "- ": (_fill("- "), _DEEP),
    "#": (_fill("#"), "a profile file is a mapping"),
    "# and a bidi control": (_fill("#", "", "\u202e"), "the character U+202E can hide text"),
    '"': (_fill('"'), "not valid YAML"),
    '\\"': (_fill('\\"'), _LONG),
    "? ": (_fill("? "), "a key must be text"),
    "[": (_fill("["), _DEEP),
    "{": (_fill("{"), " problem"),  # releases of libyaml see one fault or another first
    "{a: ": (_fill("{a: "), _DEEP),
    ": ": (_fill(": "), "not valid YAML"),
    "&a ": (_fill("&a "), "anchors (&) are not allowed"),
    "%": (_fill("%T\n"), "directives (%) are not allowed"),
    "tabs": (_fill("\t"), "not valid YAML"),
    "a line of =": (_fill("="), _LONG),
    "conflict markers": (_fill("=======\n"), "this is an unresolved git merge"),
    "one byte more than there may be": (_fill("#") + "#", "the file is larger than 8 MiB"),
    "one value more than there may be": (
        f"a: [{'0,' * 1_000_001}]",
        "the file has more than 1,000,000 values",
    ),
    "5000 digits": (f"a: {'9' * 5000}", _UNKNOWN),
    "digits": (_fill("9", "a: "), _UNKNOWN),
    "digits and underlines": (_fill("9_", "a: "), _UNKNOWN),
    "100000 unknown keys": (
        f"{_HEAD}, {', '.join(f'key{number}: 0' for number in range(100_000))}}}",
        'the key "key0" is unknown',
    ),
    "100000 wrong arguments": (
        f"{_HEAD}, advancedLaunchOptions: {{rawExtraArgs: [{'--model, ' * 100_000}]}}}}",
        "rawExtraArgs[0] must not set or abbreviate --model",
    ),
}
"""In YAML."""

JSON_FILES: dict[str, tuple[str, str]] = {
    "25000 nested [": ('{"a": ' + "[" * 25_000, "n"),
    "100000 nested {": ('{"a":' * 100_000, "n"),
    '"': (_fill('"', '{"a": '), "not valid JSON"),
    '\\"': (_fill('\\"', '{"a": "', '"}'), "this value is longer than 16 KiB"),
    "\\": (_fill("\\", '{"a": "'), "not valid JSON"),
    "spaces": (_fill(" "), "not valid JSON"),
    "digits": (_fill("9", '{"a": ', "}"), "a number has at most 18 digits"),
    "one value more than there may be": (
        '{"a": [' + "0," * 1_000_001 + "0]}",
        "the file has more than 1,000,000",
    ),
    "a key 400000 times": ("{" + '"a":0,' * 400_000 + '"a":0}', "this key is here twice"),
}
"""In JSON, of any kind."""

WRONG_PROFILES = '{"schemaVersion": 1, "profiles": [' + "{}," * 8_000 + "{}]}"
"""A document that lists nothing of use."""
