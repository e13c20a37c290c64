"""One meaning, whichever way it is written: as YAML, as JSON, and through a plan, a state and an export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlxsm_sync.mac_app.document_writer import profile_file as exported
from mlxsm_sync.planning.planner import apply_plan, make_plan
from mlxsm_sync.profile_file.writer import profile_file
from mlxsm_sync.state.serialization import read_state, write_state
from mlxsm_sync.syntax.source import Tree, parse_text
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.text.secret_scan import reasons
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.plan import Plan
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.state import State
from testing.ledger import THOROUGH, Tally
from testing.profile_files import judge_tree
from testing.strategies import new_ids, rich_profiles

EXAMPLES = 10_000 if THOROUGH else 400
# Anything that a text of a file may be: controls, marks that nobody sees, noncharacters, beyond the plane.
_any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_TRICKY = (
    *(
        "no",
        "0755",
        "12:30",
        "~",
        "null",
        "<<",
        "=",
        "1e3",
        ".inf",
        "2001-12-14",
        "- a",
        "a: b",
        "#",
        " # x",
        "'",
        '"',
    ),
    *(
        "\u2028",
        "\x85",
        "\ufeff",
        "\ufffe",
        "\uffff",
        "\U0001ffff",
        "\U000e0041",
        "\r",
        "\r\n",
        "\t",
        "%TAG",
        "---",
    ),
    *(
        "<<<<<<< HEAD",
        "a\n=======\nb",
        "# \u202e",
        "\\",
        "\\u0041",
        "{}",
        "[",
        "@",
        "`",
        "!!str x",
        "&a",
        "*a",
        "|",
    ),
)
_any_text |= st.sampled_from(_TRICKY)
_numbers = st.integers(-(10**18) + 1, 10**18 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_any_json = st.recursive(
    st.none() | st.booleans() | _numbers | _any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_any_text, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def _profiles(draw: Any) -> Profile:
    """A profile with any text and any data where the rules ask for none in particular."""
    profile: Profile = draw(rich_profiles())
    template = {
        f"x{key}": value for key, value in draw(st.dictionaries(_any_text, _any_json, max_size=2)).items()
    }
    options = profile.advanced_launch_options.model_copy(chat_template_args=template or None)
    return profile.model_copy(notes=draw(st.none() | _any_text), advanced_launch_options=options)


_lists = st.lists(_profiles(), min_size=1, max_size=3).filter(
    lambda listed: not any(any(reasons([*one.fields.values()])) for one in listed)
)


def _read(text: str, path: str) -> Desired:
    problems = Problems(path)
    return judge_tree("-", Tree(parse_text(path, text, problems), problems, "sha256:0"))


def _meaning(desired: Desired) -> Any:
    """All but where it stood."""
    return desired.owner, [(one.index, one.profile, one.declared) for one in desired.profiles]


def _json(profiles: list[Profile], **style: Any) -> str:
    whole = {"schemaVersion": 1, "collection": "team", "profiles": [one.sparse for one in profiles]}
    return json.dumps(whole, **style)


@settings(max_examples=EXAMPLES)
@given(_lists, st.booleans(), st.sampled_from([None, 0, 2]))
def _both_formats_mean_the_same(
    tally: Tally, profiles: list[Profile], ascii_only: bool, indent: int | None
) -> None:
    yaml = _read(profile_file("team", [one.sparse for one in profiles]), "p.yaml")
    read = _read(_json(profiles, ensure_ascii=ascii_only, indent=indent), "p.json")
    assert _meaning(read) == _meaning(yaml)
    assert [one.profile for one in read.profiles] == profiles
    tally.add(files_in_both_formats=1)


@pytest.mark.threat(3)
def test_both_formats_mean_the_same(tally: Tally) -> None:
    _both_formats_mean_the_same(tally)


def _applied(desired: Desired, state: State) -> tuple[Plan, State]:
    """What is on the disk after an apply of it."""
    plan = make_plan(desired, state)
    after = apply_plan(plan, state, new_ids()).model_copy(lineage="round")
    return plan, read_state(write_state(after), Path("state.json"))


@settings(max_examples=EXAMPLES)
@given(_lists)
def _a_file_comes_back_as_it_was(tally: Tally, profiles: list[Profile]) -> None:
    desired = _read(profile_file("team", [one.sparse for one in profiles]), "p.yaml")
    plan, state = _applied(desired, State(lineage=None))
    refused = {one.index for one in plan.conflicts}
    assert [one.profile for one in state.entries] == [
        one.profile for one in desired.profiles if one.index not in refused
    ]
    assert make_plan(desired, state).changes == ()
    if state.entries:  # no command exports nothing
        text = exported(state.entries, ["team"])
        again = _read(profile_file(text.collection, text.profiles), "p.yaml")
        assert [one.profile for one in again.profiles] == [one.profile for one in state.entries]
        tally.add(round_trips=1)


@pytest.mark.threat(23)
def test_what_is_applied_and_exported_comes_back_as_it_was(tally: Tally) -> None:
    _a_file_comes_back_as_it_was(tally)
