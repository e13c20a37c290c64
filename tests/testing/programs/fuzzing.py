"""Mutated files: `python fuzzing.py yaml|json|state COUNT SEED`.

Prints what it tried as JSON. What is no answer of ours, or a place outside the file, ends it with the
bytes that did it.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

from mlxsm_sync.errors import InvalidFile, UnreadableState
from mlxsm_sync.mac_app.document_file import read_document
from mlxsm_sync.planning.planner import apply_plan, make_plan
from mlxsm_sync.planning.profile_warnings import about, together
from mlxsm_sync.profile_file.file import read_profile_file
from mlxsm_sync.state.serialization import read_state, write_state
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.state import State
from testing.hostile_files import bad_json, bad_values, bad_yaml
from testing.hostile_files.bad_file import GOOD
from testing.hostile_files.broken_states import UNREADABLE, broken
from testing.hostile_files.refusals import assert_plain, assert_sound
from testing.strategies import new_ids

LONGEST = 4000
_RICH = f"""{GOOD}    enableThinking: false
    notes: |
      daily
      "driver" # é
    advancedLaunchOptions:
      defaultTemperature: 1e-1
      defaultMaxTokens: 4096
      chatTemplateArgs: {{enable_thinking: false, list: [1, null, {{deep: true}}]}}
      rawExtraArgs: [--kv-bits, "4", '--draft-model=x']
  - {{name: B, modelID: m/b, host: "::1", port: 2}}
defaults: {{host: localhost, port: 8080, advancedLaunchOptions: {{logLevel: INFO}}}}
collection: "te\\u0061m"
"""
_DOCUMENT = """{"app": "MLXServerManager", "exportedAt": "2026-06-16T00:00:00Z", "profiles": [
 {"advancedLaunchOptions": {"chatTemplateArgs": "{\\"a\\": [1, {}]}", "defaultTopP": "0.5", "rawExtraArgs": "--a 'b c'"},
  "host": "127.0.0.1", "modelID": "org/m", "name": "A\\u00e9", "port": "8080"},
 {"host": "h", "modelID": "m", "name": "B", "port": 2, "notes": null}], "schemaVersion": 1}
"""
_PIECES = (
    *(
        b"\n",
        b"  ",
        b"\t",
        b"- ",
        b": ",
        b"? ",
        b"#",
        b"'",
        b'"',
        b"\\",
        b",",
        b"[",
        b"]",
        b"{",
        b"}",
        b"|",
        b">",
        b"%",
    ),
    *(
        b"&a ",
        b"*a",
        b"!!str ",
        b"<<: ",
        b"---\n",
        b"...\n",
        b"no",
        b"0755",
        b"1:30",
        b"1e400",
        b".nan",
        b"NaN",
        b"~",
    ),
    *(
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
        b"\xe2\x80\xae",
        b"\xc2\x85",
        b"\r",
    ),
    *(
        b"\\u0000",
        b"\\ud800",
        b"\\x1b",
        b"9" * 19,
        b"-1",
        b"1.0",
        b"true",
        b"null",
        b'""',
        b"[[[[[[[[",
        b"{a: " * 9,
    ),
    *(
        b"name: ",
        b'"name":',
        b"port: ",
        b"profiles: ",
        b"defaults: ",
        b"chatTemplateArgs: ",
        b"schemaVersion: 1\n",
    ),
)


def _mutated(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """A seed with a few changes: pieces put in, bytes changed, parts dropped, doubled, moved or foreign."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(data))
        end = min(len(data), at + chance.randint(0, 20))
        match chance.randint(0, 6):
            case 0 | 1:
                data[at:at] = chance.choice(_PIECES)
            case 2:
                del data[at:end]
            case 3:
                data[at:end] = bytes(chance.randint(0, 255) for _ in range(end - at))
            case 4:
                data[at:at] = data[at:end] * chance.randint(1, 30)
            case 5:
                other = chance.choice(seeds)
                cut = chance.randint(0, len(other))
                data[at:end] = other[cut : cut + chance.randint(0, 60)]
            case _:
                del data[at:]
    return bytes(data[:LONGEST])


def _plan(desired: Desired) -> str:
    """What was read goes all the way into a state."""
    list(about(desired.profiles))
    list(together(desired.profiles, ()))
    plan = make_plan(desired, State(lineage=None))
    write_state(apply_plan(plan, State(lineage=None), new_ids()).model_copy(lineage="fuzz"))
    return "accepted"


def _try_file(read: Callable[[str], Desired], path: Path, data: bytes) -> str:
    path.write_bytes(data)
    try:
        return _plan(read(str(path)))
    except InvalidFile as error:
        assert_sound(error.problems, data)
        return "refused"


def _try_state(data: bytes) -> str:
    try:
        read_state(data, Path("state.json"))
        return "accepted"
    except UnreadableState as error:
        assert_plain(error.message)
        return "refused"


def targets(folder: Path) -> dict[str, tuple[Sequence[bytes], list[Callable[[bytes], str]]]]:
    """Good and bad seeds by kind, and what each mutation of them is given to."""

    def document(path: str) -> Desired:
        return read_document(path, allow_local_paths=True).desired

    def file(read: Callable[[str], Desired], name: str) -> Callable[[bytes], str]:
        return lambda data: _try_file(read, folder / name, data)

    good = json.dumps(
        {"schemaVersion": 1, "profiles": [{"name": "A", "modelID": "m", "host": "h", "port": 1}]}
    )
    bad = (*bad_yaml.TAGS, *bad_yaml.KEYS, *bad_yaml.AMBIGUOUS, *bad_values.NUMBERS, *bad_values.ENCODINGS)
    texts = (*bad_json.TEXTS, *bad_json.PROFILES, *bad_json.DOCUMENTS)
    states = [*UNREADABLE.values(), *[broken(lambda _: None)] * 20]
    return {
        "yaml": (
            [GOOD.encode(), _RICH.encode()] * 20 + [one.data for one in bad],
            [file(read_profile_file, "p.yaml")],
        ),
        "json": (
            [good.encode(), _DOCUMENT.encode()] * 20 + [one.data for one in texts if len(one.data) < LONGEST],
            [file(read_profile_file, "p.json"), file(document, "d.json")],
        ),
        "state": ([one for one in states if len(one) < LONGEST], [_try_state]),
    }


def main(kind: str, count: int, seed: int) -> None:
    """Try so many mutated files of a kind."""
    chance = random.Random(seed)
    tried: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        seeds, takers = targets(Path(folder))[kind]
        for _ in range(count):
            data = _mutated(chance, seeds)
            for taker in takers:
                try:
                    tried[taker(data)] += 1
                except BaseException:
                    sys.stderr.write(f"{kind}, after {tried.total()}: {data!r}\n")
                    raise
    sys.stdout.write(json.dumps(tried))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
