"""Profile files whose values must be refused, and what is no text: one line for each, by row."""

from __future__ import annotations

from testing.hostile_files.bad_file import (
    CONFLICT,
    EMPTY,
    FINITE,
    GOOD,
    HEAD,
    NOT_UTF8,
    NULL,
    OPTIONS,
    Case,
    case,
    notes,
)

# Row 5: numbers that are none, characters that are none.
NUMBERS: tuple[Case, ...] = (
    *(notes(5, value, FINITE) for value in (".inf", "+.Inf", "-.INF", ".nan", ".NaN", "1e400", "-1e400", "1.0e+999")),
    case(5, GOOD.replace("port: 1", "port: .inf"), f"6:11: {FINITE}"),
    case(5, f"{GOOD}{OPTIONS}{{defaultTemperature: .nan}}\n", f"7:49: {FINITE}"),
    case(5, f"{GOOD}{OPTIONS}{{defaultTopP: 1e999}}\n", f"7:42: {FINITE}"),
    case(5, f"{GOOD}{OPTIONS}{{chatTemplateArgs: {{a: [1, -.inf]}}}}\n", f"7:55: {FINITE}"),
    notes(5, '"zebra\\0"', NULL),
    notes(5, '"\\x00"', NULL),
    notes(5, '"\\u0000"', NULL),
    case(5, f"{GOOD}    notes: zebra\0\n", "7:17: the character U+0000 is not allowed in YAML"),
    case(5, f"{GOOD}    notes: \x1b[31mzebra\n", "7:12: the character U+001B is not allowed in YAML"),
    case(5, f"{GOOD}# \x7f\n", "7:3: the character U+007F is not allowed in YAML"),
    case(5, f"{GOOD}    notes: \ufffe\n", "7:12: the character U+FFFE is not allowed in YAML"),
    case(5, GOOD.encode() + b"    notes: \xed\xa0\x80zebra\n", f"7:12: {NOT_UTF8}"),
    case(5, f'{GOOD}    notes: "\\ud800"\n', "7:13: not valid YAML: this escape is no character"),
    case(5, f'{GOOD}    notes: "\\ud83d\\ude00"\n', "7:13: not valid YAML: this escape is no character"),
    case(5, f'{GOOD}    notes: "\\U00110000"\n', "7:13: not valid YAML: this escape is no character"),
)  # fmt: skip

# Row 6: values of the wrong type.
_TEXT = "must be text"
_WHOLE = "must be a whole number between 1 and 65535"


def _field(value: str, told: str, place: str) -> Case:
    """A good file but for one field, which is written again."""
    key = value.partition(":")[0]
    kept = [line for line in GOOD.splitlines() if not line.strip().startswith(f"{key}:")]
    return case(6, "\n".join([*kept, f"    {value}", ""]), f"{place}: {told}")


TYPES: tuple[Case, ...] = (
    _field("modelID: 5", f"modelID {_TEXT}", "6:14"),
    _field("modelID: [zebra]", f"modelID {_TEXT}", "6:14"),
    _field("modelID: {zebra: 1}", f"modelID {_TEXT}", "6:14"),
    _field("modelID: true", f"modelID {_TEXT}", "6:14"),
    _field("host: 127.0", "host must have four numbers", "6:11"),
    _field("host: [127.0.0.1]", f"host {_TEXT}", "6:11"),
    _field("port: zebra", f"port {_WHOLE}", "6:11"),
    _field("port: '8080'", f"port {_WHOLE}", "6:11"),
    _field("port: 8080.5", f"port {_WHOLE}", "6:11"),
    _field("port: true", f"port {_WHOLE}", "6:11"),
    _field("port: [8080]", f"port {_WHOLE}", "6:11"),
    _field("port: {zebra: 1}", f"port {_WHOLE}", "6:11"),
    _field("port: ~", "port is required, here or in defaults", "6:5"),
    _field("enableThinking: zebra", "enableThinking must be true or false", "7:21"),
    _field("enableThinking: 0", "enableThinking must be true or false", "7:21"),
    _field("notes: true", f"notes {_TEXT}", "7:12"),
    _field("notes: 1.5", f"notes {_TEXT}", "7:12"),
    _field("notes: [zebra]", f"notes {_TEXT}", "7:12"),
    _field("advancedLaunchOptions: zebra", "advancedLaunchOptions must be a mapping", "7:28"),
    _field("advancedLaunchOptions: [zebra]", "advancedLaunchOptions must be a mapping", "7:28"),
    case(6, f"{HEAD}  - zebra\n", "3:5: a profile is a mapping with name, modelID, host and port"),
    case(6, f"{HEAD}  - [zebra]\n", "3:5: a profile is a mapping with name, modelID, host and port"),
    case(6, f"{HEAD}  -\n", "3:4: a profile is a mapping with name, modelID, host and port"),
    case(6, "zebra", "1:1: a profile file is a mapping with schemaVersion and profiles"),
    case(6, "5", "1:1: a profile file is a mapping with schemaVersion and profiles"),
    case(6, "schemaVersion: 1\nprofiles: zebra\n", "2:11: profiles must be a list: write [] for none"),
    case(6, f"{EMPTY}defaults: zebra\n", "3:11: defaults must be a mapping"),
    case(6, f"{EMPTY}defaults: {{host: 5}}\n", "3:18: host must have four numbers"),
    case(6, f"{EMPTY}defaults: {{zebras: 5}}\n", '3:12: the key "zebras" is unknown'),
)

# Row 7: what is no text for us, or nobody's yet.
ENCODINGS: tuple[Case, ...] = (
    case(7, f"{GOOD}    notes: é\n".encode("latin-1"), f"7:12: {NOT_UTF8}"),
    case(7, f"{GOOD}    notes: é…\n".encode("cp1252"), f"7:12: {NOT_UTF8}"),
    case(7, f"{GOOD}    notes: é".encode()[:-1], f"7:12: {NOT_UTF8}"),
    case(7, GOOD.encode() + b"    notes: \xc0\xaf\n", f"7:12: {NOT_UTF8}"),
    case(7, GOOD.encode() + b"    notes: \xf8\x88\x80\x80\x80\n", f"7:12: {NOT_UTF8}"),
    case(7, GOOD.encode() + b"    notes: \xff\n", f"7:12: {NOT_UTF8}"),
    case(7, GOOD.encode("utf-16"), f"1:1: {NOT_UTF8}"),
    case(7, b"\xfe\xff" + GOOD.encode("utf-16-be"), f"1:1: {NOT_UTF8}"),
    case(7, GOOD.encode("utf-16-le"), "1:2: the character U+0000 is not allowed in YAML"),
    case(7, GOOD.encode("utf-16-be"), "1:1: the character U+0000 is not allowed in YAML"),
    case(7, GOOD.encode("utf-32"), f"1:1: {NOT_UTF8}"),
    case(7, "\ufeff\ufeff" + GOOD, "1:1: the character U+FEFF is not allowed in YAML"),
    case(7, f"{GOOD}    notes: ze\ufeffbra\n", "7:14: the character U+FEFF is not allowed in YAML"),
    case(7, GOOD.replace("\n", "\r"), "1:17: the character U+000D can hide text"),
    case(7, GOOD.replace("\n", "\u2028"), "1:17: the character U+2028 can hide text"),
    case(7, GOOD.replace("\n", "\x85"), "1:17: the character U+0085 can hide text"),
    case(7, f"<<<<<<< HEAD\n{GOOD}=======\n{EMPTY}>>>>>>> zebra\n", f"1:1: {CONFLICT}"),
    case(7, f"{GOOD}<<<<<<< HEAD\n    notes: a\n=======\n    notes: zebra\n>>>>>>> zebra\n", f"7:1: {CONFLICT}"),
    case(7, f"{GOOD}||||||| zebra\n", f"7:1: {CONFLICT}"),
    case(7, f"{GOOD}=======\n", f"7:1: {CONFLICT}"),
    case(7, f"{GOOD}>>>>>>> zebra (a change)\n", f"7:1: {CONFLICT}"),
    case(7, f"{GOOD}\tnotes: zebra\n", "7:1: not valid YAML: indent with spaces, not with a tab"),
    case(7, f"{GOOD}    notes: @zebra\n", "7:12: not valid YAML: a value cannot begin with @"),
    case(7, f"{GOOD}    notes: 'zebra\n", "7:12: not valid YAML: this quote is never closed"),
    case(7, f"{GOOD}    notes: zebra: x\n", '7:17: not valid YAML: a value cannot have ": " in it'),
    case(7, "", "1:1: a profile file is a mapping with schemaVersion and profiles"),
    case(7, "\n# nothing\n", "1:1: a profile file is a mapping with schemaVersion and profiles"),
)  # fmt: skip

# Row 8: versions; `1.0` is the number one, however it is written.
_ONE = "schemaVersion must be 1"
VERSIONS: tuple[Case, ...] = (
    case(8, "profiles: []\n", "1:1: schemaVersion is required"),
    case(8, EMPTY.replace("1", "", 1), "1:1: schemaVersion is required"),
    case(8, EMPTY.replace("1", "~", 1), "1:1: schemaVersion is required"),
    case(8, EMPTY.replace("1", "true", 1), f"1:16: {_ONE}"),
    case(8, EMPTY.replace("1", "01", 1), f"1:16: {_ONE}: write 1"),
    *(
        case(8, EMPTY.replace("1", version, 1), f"1:16: {_ONE}")
        for version in ("2", "0", "-1", "1.5", "'1'", '"1"', "one", "[1]", "{zebra: 1}", "v1", "99", "1.0.0")
    ),
)
