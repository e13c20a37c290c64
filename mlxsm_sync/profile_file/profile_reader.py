"""One profile of a file: over what it inherits, judged, made a value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

from mlxsm_sync.profile_file.cluster_rules import judge_cluster
from mlxsm_sync.profile_file.key_advice import RAW
from mlxsm_sync.syntax.tree import AMBIGUOUS, Node, Position, Problems, called, exactly, is_null
from mlxsm_sync.text.json_value import Json
from mlxsm_sync.values import hosts
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.desired import Defaults, DesiredProfile
from mlxsm_sync.values.fields import aliases
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import OPTIONS, Profile
from mlxsm_sync.values.raw_arguments import GivenOption, raw_faults, told_apart
from mlxsm_sync.values.server_options import CHAT_TEMPLATE_ARGS, OPTION_FLAGS
from mlxsm_sync.values.validation import Issue, ValidationError
from mlxsm_sync.values.value_advice import message, shape_fault

_REQUIRED = ("schemaVersion", "name", "modelID", "port")
_TEXTS = (["collection"], ["name"], ["modelID"], ["host"], ["notes"], [OPTIONS, "allowedOrigins"])
_SHAPED = (["modelID"], ["host"], [OPTIONS, "allowedOrigins"])

M = TypeVar("M", bound=Value)


def judge_profile(
    index: int, node: Node, merged: Node, problems: Problems, *, machine: str = ""
) -> DesiredProfile | None:
    """A profile as it is written and as it inherits, made a value; None after noting what is wrong.

    `machine` is the one whose defaults it inherits, where another one may give it a port.
    """
    if node.members is None:
        problems.add(node.at, "a profile is a mapping with name, modelID, host and port")
        return None
    judge_shapes(merged, problems)
    profile = validated(Profile, merged.plain(), merged, problems, machine=machine)
    _note_contradiction(node, merged, problems)
    _note_twice(node, merged, problems)
    if profile is not None:
        judge_cluster(profile, node, merged, problems)
    if profile is None:
        return None
    return DesiredProfile(
        index=index,
        profile=profile,
        declared=profile.fields,
        line=node.at.line,
        column=node.at.column,
    )


def judge_shapes(node: Node, problems: Problems) -> None:
    """Note texts that no server takes, though a profile of another origin may have them."""
    for path in _SHAPED:
        found = exactly(node, path)
        text = found.value if found is not None else None
        fault = shape_fault(path[-1], text) if isinstance(text, str) else None
        if found is not None and fault is not None:
            problems.add(found.at, f"{path[-1]} {fault}", instead_of=AMBIGUOUS)
    items = _items(node)
    for text_at in (*(exactly(node, path) for path in _TEXTS), *items):
        if text_at is not None:
            problems.improve(text_at.at, f"{AMBIGUOUS}: put it in quotes", AMBIGUOUS)
    for place, fault in raw_faults([_word(item) for item in items]):
        if isinstance(items[place].value, str):
            problems.add(items[place].at, f"{RAW}[{place}] {fault}", instead_of=AMBIGUOUS)


def _items(node: Node) -> list[Node]:
    """The raw arguments of a profile or of defaults."""
    found = exactly(node, [OPTIONS, RAW])
    return found.items or [] if found is not None else []


def _word(item: Node) -> str:
    """An argument as a word, also one that should have been text."""
    return item.value if isinstance(item.value, str) else json.dumps(item.value)


def _note_contradiction(node: Node, merged: Node, problems: Problems) -> None:
    asked = merged.find(["enableThinking"])[1].value
    template = merged.find([OPTIONS, "chatTemplateArgs", "enable_thinking"])[1].value
    if isinstance(asked, bool) and template is (not asked):
        # Told at the profile's own word, since the other one may be the defaults'.
        own = [["enableThinking"], [OPTIONS, "chatTemplateArgs", "enable_thinking"]]
        at = next((place for path in own if (place := _place(node, path)) is not None), node.at)
        message = "enableThinking contradicts chatTemplateArgs.enable_thinking: drop one of them"
        problems.add(at, message, also=True)


def _note_twice(node: Node, merged: Node, problems: Problems) -> None:
    """Note an option that is declared by its key and among the raw arguments, too."""
    items = _items(merged)
    options = (exactly(merged, [OPTIONS]) or merged).members or {}
    by_key = {flag: key for key, flag in OPTION_FLAGS.items() if key in options}
    if isinstance(merged.find(["enableThinking"])[1].value, bool):
        by_key.setdefault(CHAT_TEMPLATE_ARGS, "enableThinking")
    for one in told_apart([_word(item) for item in items] if by_key else []):
        if isinstance(one, GivenOption) and one.name in by_key:
            own = exactly(node, [OPTIONS, RAW]) is not None
            message = f"{RAW}[{one.place}] must not set {one.name} again: {by_key[one.name]} does"
            problems.add(items[one.place].at if own else node.at, message, also=True)


def _place(node: Node, path: Sequence[str]) -> Position | None:
    """Where the value at a path is; None if the file has none."""
    at, found = node.find(path)
    return at if isinstance(found.value, bool) else None


def over_defaults(upper: Node, lower: Node | None) -> Node:
    """A mapping over the defaults below it, options one by one; null unsets what would be inherited."""
    merged = _over(upper, lower, Defaults)
    assert merged.members is not None
    if (options := (upper.members or {}).get(OPTIONS)) is not None and options.members is not None:
        inherited = ((lower.members if lower else None) or {}).get(OPTIONS)
        merged.members[OPTIONS] = _over(options, inherited, LaunchOptions)
    return merged


def inherit(profile: Node, defaults: Node | None) -> Node:
    """The profile over its defaults, and with the host that is used where nothing says one."""
    merged = over_defaults(profile, defaults)
    assert merged.members is not None
    merged.members.setdefault("host", Node(profile.at, hosts.DEFAULT))
    return merged


def _over(upper: Node, lower: Node | None, inheritable: type[Value]) -> Node:
    known = aliases(inheritable).values()
    below = {key: node for key, node in ((lower.members if lower else None) or {}).items() if key in known}
    members = below | (upper.members or {})
    return Node(
        upper.at,
        members={key: node for key, node in members.items() if not is_null(node)},
        keys=upper.keys,
    )


def validated(model: type[M], data: Json, node: Node, problems: Problems, *, machine: str = "") -> M | None:
    """The value, or None after noting every problem at its place."""
    try:
        return model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        for one in error.issues:
            _note(one, node, problems, machine)
        return None


def _note(fault: Issue, node: Node, problems: Problems, machine: str) -> None:
    last = str(fault.path[-1])
    at, found = node.find(fault.path)
    if fault.kind == "missing" or (last in _REQUIRED and is_null(found)):
        on = f" on {machine}" if machine else ""
        where = {"port": f"{on}, here or in defaults", "schemaVersion": ": write schemaVersion: 1"}
        problems.add(node.keys.get(last, at), f"{last} is required{where.get(last, '')}", also=True)
        return
    problems.add(at, f"{called(fault.path)} {message(fault, found.plain())}", instead_of=AMBIGUOUS)
