"""What nobody knows in a document is data: it never becomes an argument. A profile file may not have any."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.mac_app.document_file import judge_read
from mlxsm_sync.mac_app.document_writer import document, document_profile
from mlxsm_sync.servers.command_line import Launch, Program, launch
from mlxsm_sync.syntax.source import Tree, parse_text
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.values.profile import OPTIONS, Profile
from testing.ledger import THOROUGH, Tally
from testing.profile_files import judge_tree
from testing.strategies import rich_profiles

SERVER = Program(("/bin/mlx_lm.server",), "0.32.2")
EXAMPLES = 3_000 if THOROUGH else 100
TIME = "2026-06-16T00:00:00Z"
# Names that a careless reader could take for something.
_TEMPTING = (
    *(
        "--trust-remote-code",
        "trustRemoteCode",
        "--host",
        "Host",
        "HOST",
        "host ",
        "hosts",
        "Port",
        "port\u200b",
    ),
    *("args", "argv", "extraArgs", "rawArgs", "rawextraargs", "raw_extra_args", "RawExtraArgs", "command"),
    *(
        "serverExecutable",
        "server-command",
        "adapterPath",
        "draftModel",
        "env",
        "environment",
        "PATH",
        "__proto__",
    ),
    *(
        "$ref",
        "include",
        "defaults",
        "collection",
        "model",
        "ModelID",
        "model_id",
        "enable_thinking",
        "max_tokens",
    ),
)
_word = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_keys = st.sampled_from(_TEMPTING) | _word.map("x-".__add__)
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 99999)
    | st.sampled_from(["0.0.0.0", "--trust-remote-code", "/etc"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_keys, inner, max_size=2),
    max_leaves=4,
)
_unknown = st.dictionaries(_keys, _values, min_size=1, max_size=3)


def _judged(data: Any) -> Any:
    text = json.dumps(data)
    problems = Problems("d.json")
    return judge_read("d.json", Tree(parse_text("d.json", text, problems), problems, "sha256:0")).desired


def _starts(data: Any) -> list[Launch]:
    """What a start of each profile would be."""
    return [launch(one.profile, one.profile.model_id, SERVER) for one in _judged(data).profiles]


def _places(data: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document whose keys have a meaning."""
    yield data
    for profile in data["profiles"]:
        yield profile
        yield profile.setdefault(OPTIONS, {})


@settings(max_examples=EXAMPLES)
@given(st.lists(rich_profiles(), min_size=1, max_size=2), st.data())
def _unknown_keys_change_nothing(
    counted: Callable[[int], None], profiles: list[Profile], data: st.DataObject
) -> None:
    plain = json.loads(document([document_profile(one) for one in profiles], TIME))
    crowded = copy.deepcopy(plain)
    added = 0
    for place in _places(crowded):
        more = data.draw(_unknown)
        place.update({key: value for key, value in more.items() if key not in place})
        added += len(more)
    assert _starts(crowded) == _starts(plain)
    desired = _judged(crowded)
    assert [one.declared for one in desired.profiles] == [one.declared for one in _judged(plain).profiles]
    if desired.profiles:
        assert any("ignored" in one.message or "not imported" in one.message for one in desired.warnings)
    counted(added)


@pytest.mark.threat(9)
def test_an_unknown_key_of_a_document_changes_no_argument(tally: Tally) -> None:
    _unknown_keys_change_nothing(lambda count: tally.add(unknown_keys=count))


@settings(max_examples=EXAMPLES)
@given(rich_profiles(), st.data())
def _unknown_keys_are_refused(counted: Callable[[int], None], profile: Profile, data: st.DataObject) -> None:
    declared: dict[str, Any] = {OPTIONS: {}, **profile.sparse}
    defaults: dict[str, Any] = {OPTIONS: {}}
    file: dict[str, Any] = {"schemaVersion": 1, "defaults": defaults, "profiles": [declared]}
    places = [file, defaults, defaults[OPTIONS], declared, declared[OPTIONS]]
    place = data.draw(st.sampled_from(places))
    place[data.draw(_keys.filter(lambda one: one not in ("defaults", "collection")))] = data.draw(_values)
    problems = Problems("p.json")
    with pytest.raises(InvalidFile) as caught:
        judge_tree("-", Tree(parse_text("p.json", json.dumps(file), problems), problems, "sha256:0"))
    assert any("key" in one.message for one in caught.value.problems)
    counted(1)


@pytest.mark.threat(9)
def test_an_unknown_key_of_a_profile_file_refuses_all_of_it(tally: Tally) -> None:
    _unknown_keys_are_refused(lambda count: tally.add(unknown_keys=count))
