"""Profile files whose YAML must be refused: one line for each, by the row of docs/ledger.md."""

from __future__ import annotations

from testing.hostile_files.bad_file import (
    ALIAS,
    ANCHOR,
    DEEP,
    DIGITS,
    DIRECTIVE,
    EMPTY,
    GOOD,
    LONG,
    MERGE,
    NO_TEXT_KEY,
    OPTIONS,
    QUOTE,
    SECOND,
    TAG,
    TWICE,
    Case,
    case,
    notes,
)

# Row 1: what can run, point elsewhere or hide.
_TAGGED = (
    "!!python/object/apply:os.system [zebra]",
    "!!python/object/new:os.system [zebra]",
    "!!python/object:os.system {zebra: 1}",
    "!!python/name:os.zebra ''",
    "!!python/module:zebra ''",
    "!!python/tuple [zebra]",
    "!!str zebra",
    "! zebra",
    "!zebra x",
    "!<tag:yaml.org,2002:str> zebra",
    "!!bool zebra",
    "!!int ''",
    "!!float zebra",
    "!!timestamp zebra",
    "!!binary zebra",
    "!!null ''",
    "!!set {zebra}",
    "!!omap [zebra: 1]",
    "!!merge '<<'",
    "!include zebra.yaml",
    "!ENV zebra",
)
TAGS: tuple[Case, ...] = (
    *(notes(1, value, TAG) for value in _TAGGED),
    notes(1, "&a zebra", ANCHOR),
    notes(1, "&zebra ''", ANCHOR),
    notes(1, "&a [*a]", ANCHOR, f"7:16: {ALIAS}"),
    notes(1, "*zebra", ALIAS),
    notes(1, "&a !!str zebra", ANCHOR),
    case(1, f"{GOOD}    <<: {{notes: zebra}}\n", f"7:5: {MERGE}"),
    case(1, f"{GOOD}    <<: [{{notes: zebra}}]\n", f"7:5: {MERGE}"),
    case(1, "defaults: &d {host: h}\n" + GOOD + "    <<: *d\n", f"1:11: {ANCHOR}", f"8:5: {MERGE}", f"8:9: {ALIAS}"),
    case(1, f"{GOOD}    !!str notes: zebra\n", f"7:5: {TAG}"),
    case(1, f"{GOOD}    &a notes: zebra\n", f"7:5: {ANCHOR}"),
    case(1, f"{GOOD}    *a : zebra\n", f"7:5: {ALIAS}"),
    case(1, "!!map {schemaVersion: 1, profiles: []}", f"1:1: {TAG}"),
    case(1, "--- &all\n" + EMPTY, f"1:5: {ANCHOR}"),
    case(1, "schemaVersion: 1\nprofiles: &p []\n", f"2:11: {ANCHOR}"),
    case(1, "schemaVersion: 1\nprofiles: *zebra\n", f"2:11: {ALIAS}"),
    case(1, "%YAML 1.1\n---\n" + EMPTY, f"1:1: {DIRECTIVE}"),
    case(1, "%YAML 9.9\n---\n" + EMPTY, f"1:1: {DIRECTIVE}"),
    case(1, "%TAG ! tag:zebra,2000:\n---\n" + EMPTY, f"1:1: {DIRECTIVE}"),
    case(1, "%ZEBRA\n---\n" + EMPTY, f"1:1: {DIRECTIVE}"),
    case(1, f"{EMPTY}---\n{EMPTY}", f"3:1: {SECOND}"),
    case(1, f"{EMPTY}--- zebra\n", f"3:1: {SECOND}"),
    case(1, f"{EMPTY}...\n---\n{EMPTY}", f"4:1: {SECOND}"),
    case(1, f"---\n{EMPTY}---\n", f"4:1: {SECOND}"),
    case(1, f"{EMPTY}...\n%YAML 1.1\n---\n{EMPTY}", f"4:1: {DIRECTIVE}"),
)  # fmt: skip


# Row 2: what is too much. What is far too much is tried under limits.
BOMB = "a: &a [x,x]\n" + "".join(
    f"{b}: &{b} [*{a},*{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
_BOMB_TOLD = tuple(
    told
    for line, key in enumerate("abcdefghi", start=3)
    for told in (f'{line}:1: the key "{key}" is unknown', f"{line}:4: {ANCHOR}")
    + (() if key == "a" else (f"{line}:8: {ALIAS}", f"{line}:11: {ALIAS}"))
)
SIZES: tuple[Case, ...] = (
    case(2, EMPTY + BOMB, *_BOMB_TOLD),
    notes(2, f"'{'zebra' * 3300}'", LONG),
    notes(2, f'"{"zebra" * 3300}"', LONG),
    notes(2, "zebra" * 3300, LONG),
    notes(2, "|\n" + "      zebra\n" * 2800, LONG),
    notes(2, ">\n" + "      zebra\n" * 2800, LONG),
    notes(2, "é" * 8193, LONG),
    notes(2, "'" + "''" * 16385 + "'", LONG),
    notes(2, '"' + "\\u00e9" * 8193 + '"', LONG),
    notes(2, "9" * 16385, LONG),
    notes(2, "9" * 19, DIGITS),
    notes(2, "-" + "9" * 19, DIGITS),
    notes(2, "9" * 5000, DIGITS),
    case(2, f"{GOOD}    notes: {'[' * 14}zebra{']' * 14}", f"7:25: {DEEP}"),
    case(2, f"{GOOD}    ? {'zebra' * 3300}\n    : 1\n", f"7:7: {LONG}"),
    case(2, f"{GOOD}    {'zebra' * 3300}: 1\n", '7:5: not valid YAML: this line has no ": " after its key'),
    case(2, "- " * 17 + "zebra", f"1:33: {DEEP}"),
    case(2, "- " * 25_000, f"1:33: {DEEP}"),
    case(2, "[" * 17 + "zebra", f"1:17: {DEEP}"),
    case(2, "{a: " * 17 + "zebra", f"1:65: {DEEP}"),
    case(2, "".join(f"{' ' * level}a:\n" for level in range(18)), f"17:17: {DEEP}"),
    case(2, "? " * 17 + "zebra", *(f"1:{at}: {NO_TEXT_KEY}" for at in range(3, 35, 2))),
    case(2, b"#" * (8 * 1024 * 1024 + 1), "the file is larger than 8 MiB"),
)  # fmt: skip

# Row 3: a key twice, in any spelling, and keys that are no text and could become one.
KEYS: tuple[Case, ...] = (
    case(3, f"{EMPTY}schemaVersion: 1\n", f"3:1: {TWICE}"),
    case(3, f"{EMPTY}schemaVersion: 2\n", f"3:1: {TWICE}"),
    case(3, f"{GOOD}profiles: []\n", f"7:1: {TWICE}"),
    case(3, f"collection: a\n{EMPTY}collection: zebra\n", f"4:1: {TWICE}"),
    case(3, f"defaults: {{host: h}}\n{GOOD}defaults: {{host: zebra}}\n", f"8:1: {TWICE}"),
    case(3, f"defaults: {{host: h, host: zebra}}\n{GOOD}", f"1:21: {TWICE}"),
    case(3, f"{GOOD}    name: zebra\n", f"7:5: {TWICE}"),
    case(3, f"{GOOD}    name: A\n", f"7:5: {TWICE}"),
    case(3, f"{GOOD}    'name': zebra\n", f"7:5: {TWICE}"),
    case(3, f'{GOOD}    "name": zebra\n', f"7:5: {TWICE}"),
    case(3, f'{GOOD}    "na\\x6de": zebra\n', f"7:5: {TWICE}"),
    case(3, f'{GOOD}    "\\u006eame": zebra\n', f"7:5: {TWICE}"),
    case(3, f"{GOOD}    ? name\n    : zebra\n", f"7:7: {TWICE}"),
    case(3, f"{GOOD}    host: 0.0.0.0\n", f"7:5: {TWICE}"),
    case(3, f"{GOOD}    port: 2\n    port: 3\n", f"7:5: {TWICE}", f"8:5: {TWICE}"),
    case(3, f"{GOOD}{OPTIONS}{{logLevel: INFO, logLevel: zebra}}\n", f"7:45: {TWICE}"),
    case(3, f"{GOOD}{OPTIONS}{{}}\n{OPTIONS}{{}}\n", f"8:5: {TWICE}"),
    case(3, f"{GOOD}{OPTIONS}{{chatTemplateArgs: {{a: 1, a: zebra}}}}\n", f"7:54: {TWICE}"),
    case(3, f"{GOOD}{OPTIONS}{{chatTemplateArgs: {{a: {{b: 1, 'b': 1}}}}}}\n", f"7:58: {TWICE}"),
    case(3, f"{GOOD}{OPTIONS}{{chatTemplateArgs: {{1: a, '1': b}}}}\n", f"7:48: {NO_TEXT_KEY}"),
    case(3, f"{GOOD}    1: zebra\n", f"7:5: {NO_TEXT_KEY}"),
    case(3, f"{GOOD}    1.5: zebra\n", f"7:5: {NO_TEXT_KEY}"),
    case(3, f"{GOOD}    true: zebra\n", f"7:5: {NO_TEXT_KEY}"),
    case(3, f"{GOOD}    null: zebra\n", f"7:5: {NO_TEXT_KEY}"),
    case(3, f"{GOOD}    : zebra\n", "7:5: not valid YAML: a key is missing before this colon"),
    case(3, f"{GOOD}    ? \n    : zebra\n", f"7:6: {NO_TEXT_KEY}"),
    case(3, f"{GOOD}    ~: zebra\n", f"7:5: {NO_TEXT_KEY}"),
    case(3, f"{GOOD}    [zebra]: 1\n", f"7:5: {NO_TEXT_KEY}"),
    case(3, f"{GOOD}    {{zebra: 1}}: 1\n", f"7:5: {NO_TEXT_KEY}"),
    case(3, f"{GOOD}    off: zebra\n", f"7:5: {QUOTE}"),
    case(3, f"on: zebra\n{GOOD}", f"1:1: {QUOTE}"),
    case(3, f"{GOOD}{OPTIONS}{{chatTemplateArgs: {{on: zebra}}}}\n", f"7:48: {QUOTE}"),
    case(3, f"{GOOD}    on: []\n    on: []\n", f"8:5: {TWICE}"),
    case(3, f"{GOOD}    0x1F: zebra\n", f"7:5: {QUOTE}"),
)

# Row 4: plain values that YAML 1.1 and 1.2, and so a tool and an editor, take for different things.
_AMBIGUOUS = (
    *("yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"),
    *("0755", "-0755", "+0755", "00", "08", "0o17", "0o755", "0x1F", "-0xff", "0b11", "0B11"),
    *(
        "1_000",
        "1_0.5",
        "-1_000_000",
        "0_1",
        "0b_",
        "0x_",
        "12:30",
        "22:22",
        "1:00:00",
        "-1:30",
        "190:20:30.15",
    ),
    *(
        "2001-12-14",
        "2001-1-1",
        "2001-99-99",
        "2001-12-14T21:59:43Z",
        "2001-12-14 21:59:43",
        "2001-12-14t1:2:3 +1",
    ),
    *("=", "2001-12-14\t21:59:43"),
)
AMBIGUOUS: tuple[Case, ...] = (
    *(notes(4, value, QUOTE) for value in _AMBIGUOUS),
    case(4, GOOD.replace("name: A", "name: no"), f"3:11: {QUOTE}"),
    case(4, GOOD.replace("port: 1", "port: 22:22"), "6:11: port must be a whole number between 1 and 65535"),
    case(4, GOOD.replace("port: 1", "port: 0755"), "6:11: port must be a whole number between 1 and 65535: write 755"),
    case(4, GOOD.replace("port: 1", "port: 8_080"), "6:11: port must be a whole number between 1 and 65535: write 8080"),
    case(4, f"{GOOD}    enableThinking: yes\n", "7:21: enableThinking must be true or false: write true"),
    case(4, f"collection: off\n{EMPTY}", f"1:13: {QUOTE}"),
    case(4, f"{GOOD}{OPTIONS}{{rawExtraArgs: [--a, 0755, --b, on]}}\n", f"7:49: {QUOTE}", f"7:60: {QUOTE}"),
    case(4, f"{GOOD}{OPTIONS}{{chatTemplateArgs: {{a: no, b: 12:30}}}}\n", f"7:51: {QUOTE}", f"7:58: {QUOTE}"),
)  # fmt: skip
