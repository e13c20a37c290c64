"""Profile files and documents in JSON that must be refused: one line for each, by row."""

from __future__ import annotations

from testing.hostile_files.bad_file import CONFLICT, DEEP, FINITE, LONG, NOT_UTF8, NULL, TWICE, Case, case

ONE = '"name": "A", "modelID": "m/a", "host": "127.0.0.1", "port": 1'
_DIGITS = "a number has at most 18 digits"
_HALF = "half of a surrogate pair is no character"
_NOTES_AT, _TYPED_AT = "1:108", "1:99"


def profile(more: str) -> str:
    """A profile file of one profile, with more members in it, which begin at 1:99."""
    return f'{{"schemaVersion": 1, "profiles": [{{{ONE}, {more}}}]}}'


def _notes(row: int, value: str, told: str) -> Case:
    return case(row, profile(f'"notes": {value}'), f"{_NOTES_AT}: {told}")


def _syntax(text: str | bytes, place: str, row: int = 7) -> Case:
    return case(row, text, f"{place}: not valid JSON: ")


# What no reader of ours takes, whatever the file is for.
TEXTS: tuple[Case, ...] = (
    *(_notes(5, value, FINITE) for value in ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1.5E+999")),
    *(_notes(5, f'"{value}"', _HALF) for value in ("\\ud800", "zebra\\udfff", "\\ude00\\ud83d", "\\ud83d zebra")),
    *(_notes(5, f'"{value}"', NULL) for value in ("\\u0000", "zebra\\u0000")),
    *(_notes(2, value, _DIGITS) for value in ("9" * 19, "-" + "9" * 19, "9" * 5000)),
    *(_notes(2, f'"{value}"', LONG) for value in ("zebra" * 3300, "é" * 8193, "\\u00e9" * 8193, '\\"' * 16385)),
    case(2, profile('"notes": ' + "[" * 14 + "]" * 14), f"1:121: {DEEP}"),
    case(2, "[" * 17 + "]" * 17, f"1:17: {DEEP}"),
    case(2, '{"a":' * 17 + "1" + "}" * 17, f"1:81: {DEEP}"),
    case(2, '{"a":' + "[" * 200_000, f"1:21: {DEEP}"),
    case(2, '{"' + "#" * (8 * 1024 * 1024), "the file is larger than 8 MiB"),
    case(3, profile('"name": "zebra"'), f"1:99: {TWICE}"),
    case(3, profile('"na\\u006de": "zebra"'), f"1:99: {TWICE}"),
    case(3, profile('"notes": "a", "notes": "zebra"'), f"1:113: {TWICE}"),
    case(3, profile('"advancedLaunchOptions": {"chatTemplateArgs": {"a": 1, "a": 2}}'), f"1:154: {TWICE}"),
    case(3, '{"schemaVersion": 1, "schemaVersion": 2, "profiles": []}', f"1:22: {TWICE}"),
    case(3, '{"schemaVersion": 1, "profiles": [], "profiles": [{}]}', f"1:38: {TWICE}"),
    _syntax("{", "1:2"),
    _syntax('{"a"', "1:5"),
    _syntax('{"a": "zebra', "1:7"),
    case(7, '{"a": 1,}', "1:"),  # releases of Python point at the comma, or behind it
    case(7, '{"a": [1,]}', "1:"),
    _syntax('{"a": 1} zebra', "1:10"),
    _syntax('{"a": 1}{"b": 2}', "1:9"),
    _syntax('{"a": 1 "b": 2}', "1:9"),
    _syntax("{'a': 'zebra'}", "1:2"),
    _syntax("{a: 1}", "1:2"),
    _syntax('{"a": zebra}', "1:7"),
    _syntax('{"a": True}', "1:7"),
    _syntax('{"a": undefined}', "1:7"),
    _syntax('{"a": 01}', "1:8", 4),
    _syntax('{"a": 0x1F}', "1:8", 4),
    _syntax('{"a": 1_000}', "1:8", 4),
    _syntax('{"a": .5}', "1:7", 4),
    _syntax('{"a": +1}', "1:7", 4),
    _syntax('{"a": 1.}', "1:8", 4),
    _syntax('{"a": no}', "1:7", 4),
    _syntax('{"a": "ze\nbra"}', "1:10"),
    _syntax('{"a": "ze\tbra"}', "1:10"),
    _syntax('{"a": "\x1b"}', "1:8"),
    _syntax('{"a": "\\x41"}', "1:8"),
    _syntax('{"a": "\\u12zebra"}', "1:8"),
    _syntax('{"a": 1 // zebra\n}', "1:9"),
    _syntax('{"a": 1 /* zebra */}', "1:9"),
    _syntax('# zebra\n{"a": 1}', "1:1"),
    case(7, '<<<<<<< HEAD\n{"a": 1}\n=======\n{}\n>>>>>>> zebra\n', f"1:1: {CONFLICT}"),
    case(7, '{"a": 1,\n<<<<<<< HEAD\n"b": 2\n=======\n"b": 3\n>>>>>>> zebra\n}\n', f"2:1: {CONFLICT}"),
    _syntax("", "1:1"),
    _syntax(" \n", "2:1"),
    _syntax("\ufeff\ufeff{}", "1:1"),
    _syntax("{\u00a0}", "1:2"),
    _syntax('{"a": 1}'.encode("utf-16-le"), "1:2"),
    case(7, '{"a": "é"}'.encode("latin-1"), f"1:8: {NOT_UTF8}"),
    case(7, '{"a": 1}'.encode("utf-16"), f"1:1: {NOT_UTF8}"),
    case(7, b'{"a": "\xed\xa0\x80"}', f"1:8: {NOT_UTF8}"),
    case(7, b'{"a":\n "\xc0\xaf"}', f"2:3: {NOT_UTF8}"),
)  # fmt: skip

# What a profile file may not say, also where it is JSON.
PROFILES: tuple[Case, ...] = (
    case(6, "[]", "1:1: a profile file is a mapping with schemaVersion and profiles"),
    case(6, '"zebra"', "1:1: a profile file is a mapping with schemaVersion and profiles"),
    case(6, "null", "1:1: a profile file is a mapping with schemaVersion and profiles"),
    case(6, profile('"zebras": 1'), '1:99: the key "zebras" is unknown'),
    case(6, profile('"enableThinking": "true"'), "1:117: enableThinking must be true or false"),
    case(6, profile('"notes": ["zebra"]'), "1:108: notes must be text"),
    case(6, profile('"advancedLaunchOptions": "zebra"'), "1:124: advancedLaunchOptions must be a mapping"),
    case(6, profile('"advancedLaunchOptions": {"chatTemplateArgs": "{}"}'), "1:145: chatTemplateArgs must be"),
    case(6, profile('"advancedLaunchOptions": {"rawExtraArgs": "zebra"}'), "1:141: rawExtraArgs must be a list"),
    case(6, profile("").replace('"port": 1, ', '"port": "8080"'), "1:96: port must be a whole number"),
    case(6, profile("").replace('"port": 1, ', '"port": true'), "1:96: port must be a whole number"),
    case(6, profile("").replace('"port": 1, ', '"port": 8080.5'), "1:96: port must be a whole number"),
    *(
        case(8, f'{{"schemaVersion": {version}, "profiles": []}}', f"1:19: schemaVersion must {told}")
        for version, told in (("2", "be 1"), ('"1"', "be 1"), ("1.5", "be 1"), ("[]", "be 1"), ("true", "be 1"))
    ),
    case(8, '{"profiles": []}', "1:1: schemaVersion is required"),
)  # fmt: skip

_VERSION = "schemaVersion is required. No profiles were imported."
_ARRAY = "The import file must contain a profiles array."

# What makes a document useless as a whole.
DOCUMENTS: tuple[Case, ...] = (
    *(case(6, text, "1:1: Import file must be a JSON object.") for text in ("[]", '"zebra"', "5", "null", "true")),
    *(
        case(6, f'{{"schemaVersion": 1, "profiles": {listed}}}', f"1:34: {_ARRAY}")
        for listed in ("null", "{}", '"zebra"', "1", "true")
    ),
    case(6, '{"schemaVersion": 1}', f"1:1: {_ARRAY}"),
    *(
        case(8, f'{{"schemaVersion": {version}, "profiles": []}}', f"1:19: {_VERSION}")
        for version in ("null", '"1"', '"zebra"', "true", "[]", "{}")
    ),
    *(
        case(8, f'{{"schemaVersion": {version}, "profiles": [{{{ONE}}}]}}', f"1:19: This file uses schemaVersion {version}")
        for version in ("0", "2", "-1", "1.5", "99")
    ),
    case(8, '{"profiles": []}', f"1:1: {_VERSION}"),
    case(8, "{}", f"1:1: {_VERSION}", f"1:1: {_ARRAY}"),
)  # fmt: skip
