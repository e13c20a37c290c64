"""What a profile file declares: its head, its machines and its profiles, ready to be selected from."""

from __future__ import annotations

from mlxsm_sync.profile_file.clusters import judge_ranks, machines_of_ranks
from mlxsm_sync.profile_file.known_keys import known_only
from mlxsm_sync.profile_file.machines import Machines, judge_on, read_machines
from mlxsm_sync.profile_file.profile_reader import judge_shapes, validated
from mlxsm_sync.profile_file.selection import DeclaredFile, Listed
from mlxsm_sync.syntax.tree import Node, Problems, exactly
from mlxsm_sync.text.secret_keys import key_reason
from mlxsm_sync.text.secret_scan import looks_like, value_reason
from mlxsm_sync.values.choices import as_argument
from mlxsm_sync.values.cluster import Cluster, Rank
from mlxsm_sync.values.desired import Declaration, Input, MachineSettings, ProfileFile, ProfileFileHeader
from mlxsm_sync.values.fields import aliases
from mlxsm_sync.values.launch_options import LaunchOptions

_A_LIST = "profiles must be a list: write [] for none"
_KNOWN = (ProfileFile, Declaration, MachineSettings, LaunchOptions, Cluster, Rank)


def is_document(root: Node) -> bool:
    """Whether this is an export document of the Mac app, which is not read as a profile file."""
    return bool({"app", "exportedAt"} & (root.members or {}).keys())


def read_declarations(root: Node, problems: Problems, read_from: Input, resolved: str | None) -> DeclaredFile:
    """What a whole file declares; problems are noted, and raised by whoever selects from it."""
    if is_document(root):
        how = "" if problems.path == "-" else f": mlxsm import {as_argument(problems.path)} reads it"
        raise problems.stop(root.at, f"a document of the Mac app is no profile file{how}")
    _find_secrets(root, problems)
    root = known_only(root, "file", problems)
    members = root.members or {}
    machines = read_machines(members.get("machines"), problems)
    head = _judge_head(root, problems)
    defaults = members.get("defaults")
    for outer in (root, defaults, *(one.defaults for one in (machines.settings if machines else ()))):
        if outer is not None:
            judge_shapes(outer, problems)
    listed = [
        known_only(one, "profile", problems) for one in members.get("profiles", Node(root.at)).items or []
    ]
    if machines is None:
        machines = machines_of_ranks(listed)
    return DeclaredFile(
        owner=head.collection if head is not None else None,
        input=read_from,
        from_=resolved,
        problems=problems,
        defaults=defaults,
        machines=machines,
        profiles=tuple(
            _listed(index, node, machines, problems) for index, node in enumerate(listed, start=1)
        ),
    )


def _listed(index: int, node: Node, machines: Machines | None, problems: Problems) -> Listed:
    """A profile as it is listed: its own keys, and the machines that it is for."""
    if node.members is not None and (ranks := judge_ranks(node, machines, problems)) is not None:
        own = {key: inner for key, inner in node.members.items() if key != "on"}
        return Listed(index, Node(node.at, members=own, keys=node.keys), ranks)
    if node.members is None or "on" not in node.members:
        return Listed(index, node, None)
    own = {key: inner for key, inner in node.members.items() if key != "on"}
    on = judge_on(node.members["on"], machines, problems)
    return Listed(index, Node(node.at, members=own, keys=node.keys), on)


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
    head = {key: node.plain() for key, node in root.members.items() if key not in ("profiles", "machines")}
    return validated(ProfileFileHeader, head, root, problems)


def _find_secrets(root: Node, problems: Problems) -> None:
    """Refuse every value and key that looks like a secret, before anything else is said of it."""
    known = {key for model in _KNOWN for key in aliases(model).values()}
    machines = exactly(root, ["machines"])
    names = {*machines.keys.values()} if machines is not None else set()
    for at, key, node in root.walk():
        if key is not None:
            # A machine may be called as a key that holds a secret, such as `token`.
            reason = None if at in names else key_reason(key)
            if key not in known and (reason or looks_like(key)):
                problems.add(at, f"this key {reason or 'looks like a secret'}")
        elif isinstance(node.value, str) and (reason := value_reason(node.value)):
            problems.add(at, f"this {reason}")
