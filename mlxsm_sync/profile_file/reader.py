"""What a profile file declares: its nodes judged, merged with its defaults, made values."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from mlxsm_sync.profile_file.key_advice import RAW, Level, unknown_key
from mlxsm_sync.syntax.duplicates import note_duplicates
from mlxsm_sync.syntax.tree import AMBIGUOUS, MAX_PROBLEMS, Node, Position, Problems, exactly
from mlxsm_sync.text.json_value import Json
from mlxsm_sync.text.secret_keys import key_reason
from mlxsm_sync.text.secret_scan import looks_like, value_reason
from mlxsm_sync.values import hosts
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.choices import as_argument
from mlxsm_sync.values.desired import (
    Declaration,
    Defaults,
    Desired,
    DesiredProfile,
    Input,
    ProfileFile,
    ProfileFileHeader,
)
from mlxsm_sync.values.fields import aliases
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import OPTIONS, Profile
from mlxsm_sync.values.raw_arguments import GivenOption, raw_faults, told_apart
from mlxsm_sync.values.server_options import CHAT_TEMPLATE_ARGS, OPTION_FLAGS
from mlxsm_sync.values.validation import Issue, ValidationError
from mlxsm_sync.values.value_advice import message, shape_fault

_INNER: dict[tuple[Level, str], tuple[Level, type[Value]]] = {
    ("file", "defaults"): ("defaults", Defaults),
    ("defaults", OPTIONS): ("default options", LaunchOptions),
    ("profile", OPTIONS): ("options", LaunchOptions),
}
"""Mappings inside others that have keys of their own."""
_REQUIRED = ("schemaVersion", "name", "modelID", "port")
_TEXTS = (["collection"], ["name"], ["modelID"], ["host"], ["notes"], [OPTIONS, "allowedOrigins"])
_SHAPED = (["modelID"], ["host"], [OPTIONS, "allowedOrigins"])
_A_LIST = "profiles must be a list: write [] for none"

M = TypeVar("M", bound=Value)


def is_document(root: Node) -> bool:
    """Whether this is an export document of the Mac app, which is not read as a profile file."""
    return bool({"app", "exportedAt"} & (root.members or {}).keys())


def judge(
    root: Node,
    problems: Problems,
    read_from: Input,
    resolved: str | None,
    *,
    refuse_duplicates: bool = False,
) -> Desired:
    """The desired state of a whole file; all its problems are noted, then raised together."""
    if is_document(root):
        how = "" if problems.path == "-" else f": mlxsm import {as_argument(problems.path)} reads it"
        raise problems.stop(root.at, f"a document of the Mac app is no profile file{how}")
    _find_secrets(root, problems)
    root = _known_only(root, ProfileFile, "file", problems)
    head = _judge_head(root, problems)
    members = root.members or {}
    defaults = members.get("defaults")
    for outer in (root, defaults):
        if outer is not None:
            _judge_shapes(outer, problems)
    listed = members.get("profiles", Node(root.at)).items or []
    merged = [(node, _inherit(_known_only(node, Profile, "profile", problems), defaults)) for node in listed]
    judged = [_judge_profile(index, *pair, problems) for index, pair in enumerate(merged, start=1)]
    if refuse_duplicates:
        note_duplicates(merged, problems)
    problems.raise_any()
    assert head is not None  # or there was a problem
    return Desired(
        owner=head.collection,
        input=read_from,
        from_=resolved,
        profiles=tuple(one for one in judged if one is not None),
    )


def _judge_head(root: Node, problems: Problems) -> ProfileFileHeader | None:
    """Everything but the profiles."""
    if root.members is None:
        problems.add(root.at, "a profile file is a mapping with schemaVersion and profiles")
        return None
    listed = root.members.get("profiles")
    if listed is None:
        problems.add(root.at, "profiles is required: write [] for none", also=True)
    elif listed.members:
        problems.add(listed.at, "profiles must be a list: begin each profile with - name:", also=True)
    elif listed.items is None:
        problems.add(listed.at, _A_LIST)
    head = {key: node.plain() for key, node in root.members.items() if key != "profiles"}
    return _validated(ProfileFileHeader, head, root, problems)


def _judge_profile(index: int, node: Node, merged: Node, problems: Problems) -> DesiredProfile | None:
    if node.members is None:
        problems.add(node.at, "a profile is a mapping with name, modelID, host and port")
        return None
    _judge_shapes(merged, problems)
    profile = _validated(Profile, merged.plain(), merged, problems)
    _note_contradiction(node, merged, problems)
    _note_twice(node, merged, problems)
    if profile is None:
        return None
    return DesiredProfile(
        index=index,
        profile=profile,
        declared=profile.fields,
        line=node.at.line,
        column=node.at.column,
    )


def _judge_shapes(node: Node, problems: Problems) -> None:
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


def _inherit(profile: Node, defaults: Node | None) -> Node:
    """The profile over its defaults, options one by one; null unsets what would be inherited."""
    merged = _over(profile, defaults, Defaults)
    assert merged.members is not None
    if (options := (profile.members or {}).get(OPTIONS)) is not None and options.members is not None:
        inherited = ((defaults.members if defaults else None) or {}).get(OPTIONS)
        merged.members[OPTIONS] = _over(options, inherited, LaunchOptions)
    merged.members.setdefault("host", Node(profile.at, hosts.DEFAULT))
    return merged


def _over(upper: Node, lower: Node | None, inheritable: type[Value]) -> Node:
    known = _keys(inheritable)
    below = {key: node for key, node in ((lower.members if lower else None) or {}).items() if key in known}
    members = below | (upper.members or {})
    return Node(
        upper.at,
        members={key: node for key, node in members.items() if not _is_null(node)},
        keys=upper.keys,
    )


def _is_null(node: Node) -> bool:
    return node.value is None and node.items is None and node.members is None


def _keys(model: type[Value]) -> list[str]:
    return [*aliases(model).values()]


def _validated(model: type[M], data: Json, node: Node, problems: Problems) -> M | None:
    """The value, or None after noting every problem at its place."""
    try:
        return model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        for one in error.issues:
            _note(one, node, problems)
        return None


def _note(fault: Issue, node: Node, problems: Problems) -> None:
    last = str(fault.path[-1])
    at, found = node.find(fault.path)
    if fault.kind == "missing" or (last in _REQUIRED and _is_null(found)):
        where = {"port": ", here or in defaults", "schemaVersion": ": write schemaVersion: 1"}.get(last, "")
        problems.add(node.keys.get(last, at), f"{last} is required{where}", also=True)
        return
    problems.add(at, f"{_called(fault.path)} {message(fault, found.plain())}", instead_of=AMBIGUOUS)


def _known_only(node: Node, model: type[Value], level: Level, problems: Problems) -> Node:
    """The mapping without the keys that are unknown, which are noted.

    They are not left to the engine, which would tell of all of them: very many take all memory.
    """
    if node.members is None:
        return node
    known = _keys(model)
    there = _there(node, known) if node.members.keys() - known else ()
    members = {}
    for key, inner in node.members.items():
        if key in known:
            below = _INNER.get((level, key))
            members[key] = _known_only(inner, below[1], below[0], problems) if below else inner
        else:
            problems.add(node.keys[key], _about_key(key, inner, level, there))
    if RAW in members:
        _judge_portions(members[RAW].items or [], problems)
    return Node(node.at, members=members, keys=node.keys)


def _there(node: Node, known: Collection[str]) -> set[str]:
    """The keys that a mapping has and knows, and those of its launch options."""
    members = node.members or {}
    below = members[OPTIONS].members if OPTIONS in members else None
    return {key for key in members if key in known} | {*(below or {})}


def _about_key(key: str, value: Node, level: Level, there: Collection[str]) -> str:
    if reason := key_reason(key):
        return f"this key {reason}"
    scalar = value.value if value.items is None and value.members is None else []
    return unknown_key(key, scalar, level, there)


def _judge_portions(arguments: Sequence[Node], problems: Problems) -> None:
    """Note what is wrong with a very long list as far as it will be told, for the same reason."""
    for start in range(0, len(arguments) if len(arguments) > MAX_PROBLEMS else 0, MAX_PROBLEMS):
        portion = [one.plain() for one in arguments[start : start + MAX_PROBLEMS]]
        try:
            LaunchOptions.model_validate_json(json.dumps({RAW: portion}))
        except ValidationError as error:
            for one in error.issues:
                place = start + int(one.path[1])
                problems.add(arguments[place].at, f"{RAW}[{place}] {message(one, arguments[place].plain())}")


def _called(path: Iterable[str | int]) -> str:
    """A field as people call it: the last name, with the place in a list."""
    *_, name = (step for step in path if isinstance(step, str))
    place = "".join(f"[{step}]" for step in path if isinstance(step, int))
    return f"{name}{place}"


def _find_secrets(root: Node, problems: Problems) -> None:
    """Refuse every value and key that looks like a secret, before anything else is said of it."""
    known = {*_keys(ProfileFile), *_keys(Declaration), *_keys(LaunchOptions)}
    for at, key, node in root.walk():
        if key is not None:
            if key not in known and (looks_like(key) or key_reason(key)):
                problems.add(at, f"this key {key_reason(key) or 'looks like a secret'}")
        elif isinstance(node.value, str) and (reason := value_reason(node.value)):
            problems.add(at, f"this {reason}")
