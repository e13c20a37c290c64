"""What a profile file declares: its nodes judged, merged with its defaults, made values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TypeVar

from mlxsm_sync.characters import normal, unseen
from mlxsm_sync.desired import Declaration, Defaults, Desired, Head, Input, ProfileFile, Wanted
from mlxsm_sync.engine import Fault, Rejected, wire_names
from mlxsm_sync.json_value import Json
from mlxsm_sync.model import Model
from mlxsm_sync.nodes import MAX_PROBLEMS, Node, Position, Problems
from mlxsm_sync.profile import OPTIONS, LaunchOptions, Profile
from mlxsm_sync.secret_scan import key_reason, looks_like, value_reason
from mlxsm_sync.suggest import did_you_mean

SHOWN_KEY_LENGTH = 60
RAW_ARGUMENTS = "rawExtraArgs"
_CLOSED: dict[str, type[Model]] = {"defaults": Defaults, OPTIONS: LaunchOptions}
"""Mappings inside others that have keys of their own."""

M = TypeVar("M", bound=Model)


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
        raise problems.stop(root.at, "a document of the Mac app is no profile file: mlxsm import reads it")
    _find_secrets(root, problems)
    if refuse_duplicates:
        note_duplicates(root, problems)
    root = _known_only(root, ProfileFile, problems)
    head = _judge_head(root, problems)
    members = root.members or {}
    listed = members.get("profiles", Node(root.at)).items or []
    judged = [
        _judge_profile(index, node, members.get("defaults"), problems)
        for index, node in enumerate(listed, start=1)
    ]
    problems.raise_any()
    assert head is not None  # or there was a problem
    return Desired(
        owner=head.collection,
        input=read_from,
        from_=resolved,
        profiles=tuple(one for one in judged if one is not None),
    )


def note_duplicates(root: Node, problems: Problems) -> None:
    """Note what a plan would call a conflict inside the file: one name, or one identity, twice."""
    members = root.members or {}
    listed = members.get("profiles", Node(root.at)).items or []
    for what, key, at in (("name", _name, "name"), ("model, host and port", _identity, "modelID")):
        groups: dict[object, list[Node]] = {}
        for node in listed:
            if (found := key(_inherit(node, members.get("defaults")))) is not None:
                groups.setdefault(found, []).append(node)
        for group in groups.values():
            for node in group if len(group) > 1 else ():
                lines = [str(other.at.line) for other in group[:4] if other is not node][:3]
                others = ", ".join(dict.fromkeys(lines)) + (", …" if len(group) > 4 else "")
                problems.add(node.find([at])[0], f"another profile has the same {what} (line {others})")


def _name(node: Node) -> object:
    name = node.find(["name"])[1].value
    return normal(name) if isinstance(name, str) else None


def _identity(node: Node) -> object:
    model, host, port = (node.find([key])[1].value for key in ("modelID", "host", "port"))
    if isinstance(model, str) and isinstance(host, str) and isinstance(port, int):
        return model.strip(), host.lower(), port
    return None


def _judge_head(root: Node, problems: Problems) -> Head | None:
    """Everything but the profiles."""
    if root.members is None:
        problems.add(root.at, "a profile file is a mapping with schemaVersion and profiles")
        return None
    listed = root.members.get("profiles")
    if listed is None:
        problems.add(root.at, "profiles is required: write [] for none")
    elif listed.items is None:
        problems.add(listed.at, "profiles must be a list: write [] for none")
    head = {key: node.plain() for key, node in root.members.items() if key != "profiles"}
    return _validated(Head, head, root, problems)


def _judge_profile(index: int, node: Node, defaults: Node | None, problems: Problems) -> Wanted | None:
    if node.members is None:
        problems.add(node.at, "a profile is a mapping with name, modelID, host and port")
        return None
    merged = _inherit(_known_only(node, Profile, problems), defaults)
    profile = _validated(Profile, merged.plain(), merged, problems)
    asked = merged.find(["enableThinking"])[1].value
    told = merged.find([OPTIONS, "chatTemplateArgs", "enable_thinking"])[1].value
    if isinstance(asked, bool) and told is (not asked):
        # Told at the profile's own word, since the other one may be the defaults'.
        own = [["enableThinking"], [OPTIONS, "chatTemplateArgs", "enable_thinking"]]
        at = next((place for path in own if (place := _place(node, path)) is not None), node.at)
        problems.add(at, "enableThinking contradicts chatTemplateArgs.enable_thinking: drop one of them")
    if profile is None:
        return None
    return Wanted(
        index=index,
        profile=profile,
        declared=profile.fields,
        line=node.at.line,
        column=node.at.column,
    )


def _place(node: Node, path: Sequence[str]) -> Position | None:
    """Where the value at a path is, None where there is none."""
    at, found = node.find(path)
    return at if isinstance(found.value, bool) else None


def _inherit(profile: Node, defaults: Node | None) -> Node:
    """The profile over its defaults, options one by one; null unsets what would be inherited."""
    merged = _over(profile, defaults, Defaults)
    if (options := (profile.members or {}).get(OPTIONS)) is not None and options.members is not None:
        inherited = ((defaults.members if defaults else None) or {}).get(OPTIONS)
        assert merged.members is not None
        merged.members[OPTIONS] = _over(options, inherited, LaunchOptions)
    return merged


def _over(upper: Node, lower: Node | None, inheritable: type[Model]) -> Node:
    known = _keys(inheritable)
    below = {key: node for key, node in ((lower.members if lower else None) or {}).items() if key in known}
    members = below | (upper.members or {})
    return Node(
        upper.at,
        members={key: node for key, node in members.items() if not _is_null(node)},
        keys=(lower.keys if lower else {}) | upper.keys,
    )


def _is_null(node: Node) -> bool:
    return node.value is None and node.items is None and node.members is None


def _keys(model: type[Model]) -> list[str]:
    return [*wire_names(model).values()]


def _validated(model: type[M], data: Json, node: Node, problems: Problems) -> M | None:
    """The value, or None after noting every problem at its place."""
    try:
        return model.from_json(json.dumps(data))
    except Rejected as error:
        for one in error.faults:
            _note(one, node, problems)
        return None


def _note(fault: Fault, node: Node, problems: Problems) -> None:
    last = fault.path[-1]
    at, found = node.find(fault.path)
    if fault.kind == "missing" or (_is_null(found) and found is not node):
        where = ", here or in defaults" if last in ("host", "port") else ""
        problems.add(node.keys.get(str(last), at), f"{last} is required{where}")
        return
    problems.add(at, f"{_called(fault.path)} {_told(fault)}")


def _known_only(node: Node, model: type[Model], problems: Problems) -> Node:
    """The mapping without the keys that are unknown, which are noted.

    They are not left to the engine, which would tell of all of them: very many take all memory.
    """
    if node.members is None:
        return node
    known = _keys(model)
    members = {}
    for key, inner in node.members.items():
        if key not in known:
            problems.add(node.keys[key], _unknown_key(key, known))
        else:
            members[key] = _known_only(inner, _CLOSED[key], problems) if key in _CLOSED else inner
    if RAW_ARGUMENTS in members:
        _judge_portions(members[RAW_ARGUMENTS].items or [], problems)
    return Node(node.at, members=members, keys=node.keys)


def _judge_portions(arguments: Sequence[Node], problems: Problems) -> None:
    """Note what is wrong with a very long list as far as it will be told, for the same reason."""
    for start in range(0, len(arguments) if len(arguments) > MAX_PROBLEMS else 0, MAX_PROBLEMS):
        portion = [one.plain() for one in arguments[start : start + MAX_PROBLEMS]]
        try:
            LaunchOptions.from_json(json.dumps({RAW_ARGUMENTS: portion}))
        except Rejected as error:
            for one in error.faults:
                place = start + int(one.path[1])
                problems.add(arguments[place].at, f"{RAW_ARGUMENTS}[{place}] {_told(one)}")


def _unknown_key(key: str, known: Iterable[str]) -> str:
    if reason := key_reason(key):
        return f"this key {reason}"
    if len(key) > SHOWN_KEY_LENGTH or unseen(key) or looks_like(key):
        return "this key is unknown"
    guess = did_you_mean(key, known)
    return f'the key "{key}" is unknown' + (f": {guess}" if guess else f"; known are {', '.join(known)}")


def _called(path: Iterable[str | int]) -> str:
    """A field as people call it: the last name, with the place in a list."""
    *_, name = (step for step in path if isinstance(step, str))
    place = "".join(f"[{step}]" for step in path if isinstance(step, int))
    return f"{name}{place}"


_FAULTS: dict[str, str] = {
    "string_type": "must be text: put it in quotes",
    "int_type": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number, without quotes",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "dataclass_type": "must be a mapping",
    "tuple_type": "must be a list",
}


def _told(fault: Fault) -> str:
    """What is wrong, without the value that is."""
    context = fault.context
    match fault.kind:
        case "value_error":
            return str(context["error"])
        case "literal_error":
            allowed = context["expected"].replace("'", "")
            return f"must be {allowed}"
        case "greater_than":
            return f"must be more than {context['gt']:g}"
        case "greater_than_equal":
            return f"must be {context['ge']:g} or more"
        case "less_than_equal":
            return f"must be {context['le']:g} or less"
        case other:
            return _FAULTS[other]


def _find_secrets(root: Node, problems: Problems) -> None:
    """Refuse every value and key that looks like a secret, before anything else is said of it."""
    known = {*_keys(ProfileFile), *_keys(Declaration), *_keys(LaunchOptions)}
    for at, key, node in root.walk():
        if key is not None:
            if key not in known and (looks_like(key) or key_reason(key)):
                problems.add(at, f"this key {key_reason(key) or 'looks like a secret'}")
        elif isinstance(node.value, str) and (reason := value_reason(node.value)):
            problems.add(at, f"this {reason}")
