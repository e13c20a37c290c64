"""Export documents of the Mac app, judged profile by profile, in the app's words.

What makes the document useless blocks all of it; what makes a profile useless blocks only that one.
Nothing is refused twice: what the published schema says beyond these rules is added to them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from mlxsm_sync.app_document import APP, VERSION, Document, DocumentOptions, DocumentProfile
from mlxsm_sync.cautions import is_local_path
from mlxsm_sync.characters import normal
from mlxsm_sync.desired import Desired, Input, Invalid, Wanted, Warned
from mlxsm_sync.document_keys import SHOWN_LENGTH, Path, about_keys, secrets, shown
from mlxsm_sync.nodes import Node, Problems
from mlxsm_sync.option_texts import OPTION_NAMES, label, read_option
from mlxsm_sync.profile import OPTIONS, Fields, check_host, check_model_id, check_name, from_fields
from mlxsm_sync.secret_scan import looks_like, reasons

DOCUMENT = "Document"
"""What a warning about the document itself is filed under."""

Fault = tuple[Sequence[str | int], str]
"""What the published schema says: where, and in words that repeat no value."""


class Head(NamedTuple):
    """What a document says of itself."""

    app: str | None
    exported_at: str | None
    total: int
    """How many profiles it lists, usable or not."""


class Judged(NamedTuple):
    """A document that can be used, as far as its profiles can."""

    head: Head
    desired: Desired


def judge_document(
    root: Node,
    problems: Problems,
    faults: Iterable[Fault],
    read_from: Input,
    *,
    allow_local_paths: bool = False,
) -> Judged:
    """What a document wants; its problems are raised where it is of no use at all."""
    found = [(tuple(path), message) for path, message in faults]
    warnings = [*_judge_head(root, problems, found)]
    listed = _member(root, "profiles").items or []
    by_profile: defaultdict[object, list[tuple[Path, str]]] = defaultdict(list)
    for path, message in found:
        by_profile[path[1:2]].append((path[2:], message))
    judged = [_Profile(index, node, by_profile[index - 1,]) for index, node in enumerate(listed, start=1)]
    for one in judged:
        one.judge(allow_local_paths=allow_local_paths)
        warnings += one.warnings
        for message in one.messages if problems else ():
            problems.add(one.node.at, f"{one.name}: {message}", also=True)
    problems.raise_any()
    desired = Desired(
        owner=None,
        input=read_from,
        profiles=tuple(one.wanted() for one in judged if not one.messages),
        invalid=tuple(
            Invalid(name=one.name, index=one.index, messages=tuple(one.messages))
            for one in judged
            if one.messages
        ),
        warnings=tuple(warnings),
    )
    return Judged(Head(_told(root, "app"), _told(root, "exportedAt"), len(listed)), desired)


def _judge_head(root: Node, problems: Problems, found: Iterable[tuple[Path, str]]) -> Iterator[Warned]:
    """Note what blocks the whole document; yield what is only worth a look."""
    if root.members is None:
        problems.add(root.at, "Import file must be a JSON object.")
        return
    version = _member(root, "schemaVersion")
    if isinstance(version.value, bool) or not isinstance(version.value, (int, float)):
        problems.add(version.at, "schemaVersion is required. No profiles were imported.")
    elif version.value != VERSION:
        message = f"This file uses schemaVersion {version.value}, but this version of mlxsm supports "
        problems.add(version.at, f"{message}schemaVersion {VERSION} only. No profiles were imported.")
    profiles = _member(root, "profiles")
    if profiles.items is None:
        problems.add(profiles.at, "The import file must contain a profiles array.", also=True)
    app = _member(root, "app").value
    if isinstance(app, str) and app != APP:
        message = f"The app field is {shown(app)}. Expected {APP}. Review this file before the import."
        yield _warned(DOCUMENT, message, root, "app")
    for path, message in found:
        if path[:1] in (("app",), ("exportedAt",)):
            yield _warned(DOCUMENT, f"{message}. It is ignored.", root, str(path[0]))
    yield from about_keys("Document contains", DOCUMENT, root, Document)


class _Profile:
    """One profile of a document: its fields as far as they can be used, and all that is wrong."""

    def __init__(self, index: int, node: Node, faults: Iterable[tuple[Path, str]]) -> None:
        self.index, self.node, self.faults = index, node, faults
        self.fields: Fields = {}
        self.messages: dict[str, None] = {}  # in order, each once
        self.warnings: list[Warned] = []
        self.judged: list[Path] = []
        name = _member(node, "name").value
        called = normal(name)[:SHOWN_LENGTH] if isinstance(name, str) and not looks_like(name) else ""
        self.name = called or f"Profile {index}"

    def wanted(self) -> Wanted:
        """As a document declares it: all fourteen options, null where one is absent."""
        at = self.node.at
        profile = from_fields(self.fields)
        return Wanted(index=self.index, profile=profile, declared=self.fields, line=at.line, column=at.column)

    def judge(self, *, allow_local_paths: bool) -> None:
        """Find everything that is wrong with it."""
        if self.node.members is None:
            self.messages["Profile entry must be a JSON object."] = None
            return
        self._read_text("name", "Profile name", check_name)
        self._read_text("modelID", "Model ID", check_model_id)
        self._read_text("host", "Host", check_host)
        self._read_port()
        self._read_options()
        if not allow_local_paths and is_local_path(str(self.fields.get("/modelID", ""))):
            what = "Model ID is a local path, which exists on one machine only"
            self._refuse(("modelID",), f"{what}; --allow-local-paths imports it all the same.")
        self.warnings += about_keys("Profile contains", self.name, self.node, DocumentProfile)
        options = _member(self.node, OPTIONS)
        self.warnings += about_keys(f"{label(OPTIONS)} contain", self.name, options, DocumentOptions)
        for path, reason in secrets(self.node):
            self._refuse(path, f"This {reason}.")
        for path, message in self.faults:
            if not any(_one_within_the_other(path, other) for other in self.judged):
                self._refuse(path, f"{message[:1].upper()}{message[1:]}.")

    def _read_text(self, key: str, called: str, check: Callable[[str], str]) -> None:
        value = _member(self.node, key).value
        if not isinstance(value, str) or not value.strip():
            self._refuse((key,), f"{called} is required.")
            return
        try:
            self.fields[f"/{key}"] = check(value.strip())
        except ValueError as error:
            self._refuse((key,), f"{called} is invalid. It {error}.")

    def _read_port(self) -> None:
        value = _member(self.node, "port").value
        port = value
        if (isinstance(value, str) and re.fullmatch("[0-9]{1,5}", value.strip())) or (
            isinstance(value, float) and value.is_integer()
        ):
            port = int(value)
        if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
            self._refuse(("port",), "Port must be between 1 and 65535.")
        elif isinstance(value, str):
            self._note(f"port: normalised from text to the number {port}", "port")
        self.fields["/port"] = port

    def _read_options(self) -> None:
        node = _member(self.node, OPTIONS)
        if node.members is None and (node.items is not None or node.value is not None):
            self._refuse((OPTIONS,), "Advanced Launch Options must be a JSON object when present.")
        for option in OPTION_NAMES:
            written = _member(node, option).plain()
            try:
                value = read_option(option, written)
            except ValueError as error:
                self._refuse((OPTIONS, option), str(error))
                continue
            self.fields[f"/{OPTIONS}/{option}"] = value
            for reason in reasons(value):
                self._refuse((OPTIONS, option), f"This {reason}.")
            if option == "logLevel" and value is not None and value != str(written).strip():
                self._note(f"logLevel: normalised to {value}", OPTIONS, option)

    def _refuse(self, path: Path, message: str) -> None:
        self.judged.append(path)
        key = next((shown(step) for step in reversed(path) if isinstance(step, str)), "profile")
        self.messages[f"{key}: {message}"] = None

    def _note(self, message: str, *path: str) -> None:
        at, _ = self.node.find(path)
        self.warnings.append(Warned(name=self.name, message=message, line=at.line, column=at.column))


def _one_within_the_other(a: Path, b: Path) -> bool:
    shorter = min(len(a), len(b))
    return a[:shorter] == b[:shorter]


def _member(node: Node, key: str) -> Node:
    return (node.members or {}).get(key) or Node(node.at)


def _told(root: Node, key: str) -> str | None:
    value = _member(root, key).value
    return shown(value) if isinstance(value, str) else None


def _warned(name: str, message: str, root: Node, key: str) -> Warned:
    at, _ = root.find([key])
    return Warned(name=name, message=message, line=at.line, column=at.column)
