"""Export documents of the Mac app, judged profile by profile, in the app's words.

What makes the document useless blocks all of it; what makes a profile useless blocks only that one.
What the published schema can say it says, and its verdict counts: here are only the words for it, and
the rules that no schema can express.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from mlxsm_sync.mac_app.document_format import APP, VERSION, Document, DocumentOptions, DocumentProfile
from mlxsm_sync.mac_app.document_keys import SHOWN_LENGTH, Path, about_keys, secrets, shown
from mlxsm_sync.mac_app.options import OPTION_NAMES, convert_option, label, read_option
from mlxsm_sync.syntax.tree import Node, Problems
from mlxsm_sync.text.secret_scan import looks_like, reasons
from mlxsm_sync.text.unicode import normal
from mlxsm_sync.values.desired import Desired, DesiredProfile, Input, Invalid, ProfileWarning
from mlxsm_sync.values.local_paths import fields_with_paths, pointer
from mlxsm_sync.values.model_ids import is_local_path
from mlxsm_sync.values.profile import OPTIONS, Fields, check_host, check_model_id, check_name, from_fields
from mlxsm_sync.values.validation import ValidationError

DOCUMENT = "Document"
"""What a warning about the document itself is filed under."""

Complaint = tuple[Sequence[str | int], str]
"""What the published schema says: where, and in words that repeat no value."""


class DocumentHeader(NamedTuple):
    """What a document says of itself."""

    app: str | None
    exported_at: str | None
    total: int
    """How many profiles it lists, usable or not."""


class Judged(NamedTuple):
    """A document that can be used, as far as its profiles can."""

    head: DocumentHeader
    desired: Desired


def judge_document(
    root: Node,
    problems: Problems,
    faults: Iterable[Complaint],
    read_from: Input,
    *,
    allow_local_paths: bool = False,
) -> Judged:
    """What a document wants; its problems are raised where it is of no use at all."""
    by_profile: defaultdict[object, list[tuple[Path, str]]] = defaultdict(list)
    about_head: list[tuple[Path, str]] = []
    for path, message in faults:
        if len(path) > 1 and path[0] == "profiles":
            by_profile[path[1]].append((tuple(path[2:]), message))
        else:
            about_head.append((tuple(path), message))
    warnings = [*_judge_head(root, problems, about_head)]
    listed = _member(root, "profiles").items or []
    judged = [_Profile(index, node, by_profile[index - 1]) for index, node in enumerate(listed, start=1)]
    for one in judged:
        one.judge(allow_local_paths=allow_local_paths)
        warnings += one.warnings
        for message in one.messages if problems else ():
            problems.add(one.node.at, f"{one.name}: {message}", also=True)
    problems.raise_any()
    desired = Desired(
        owner=None,
        input=read_from,
        profiles=tuple(one.wanted for one in judged if one.wanted is not None),
        invalid=tuple(
            Invalid(name=one.name, index=one.index, messages=tuple(one.messages))
            for one in judged
            if one.messages
        ),
        warnings=tuple(warnings),
    )
    return Judged(DocumentHeader(_text_at(root, "app"), _text_at(root, "exportedAt"), len(listed)), desired)


def _judge_head(
    root: Node, problems: Problems, faults: Iterable[tuple[Path, str]]
) -> Iterator[ProfileWarning]:
    """Note what blocks the whole document; yield what is only worth a look."""
    for path, message in sorted(faults, key=lambda fault: fault[0] != ("schemaVersion",)):
        match path:
            case ():
                problems.add(root.at, "Import file must be a JSON object.")
            case ("schemaVersion",):
                problems.add(_member(root, "schemaVersion").at, _about_version(root))
            case ("profiles",):
                at = _member(root, "profiles").at
                problems.add(at, "The import file must contain a profiles array.", also=True)
            case _:
                yield _warned(DOCUMENT, f"{message.rstrip('.')}. It is ignored.", root, str(path[0]))
    app = _member(root, "app").value
    if isinstance(app, str) and app != APP:
        message = f"The app field is {shown(app)}. Expected {APP}. Review this file before the import."
        yield _warned(DOCUMENT, message, root, "app")
    yield from about_keys("Document contains", DOCUMENT, root, Document)


def _about_version(root: Node) -> str:
    version = _member(root, "schemaVersion").value
    if isinstance(version, bool) or not isinstance(version, (int, float)):
        return "schemaVersion is required. No profiles were imported."
    return (
        f"This file uses schemaVersion {version}, but this version of mlxsm supports "
        f"schemaVersion {VERSION} only. No profiles were imported."
    )


_TEXTS: dict[str, tuple[str, Callable[[str], str]]] = {
    "name": ("Profile name", check_name),
    "modelID": ("Model ID", check_model_id),
    "host": ("Host", check_host),
}
_WORDED = {(key,) for key in (*_TEXTS, "port", OPTIONS)} | {(OPTIONS, option) for option in OPTION_NAMES}
"""Where our own words take the place of the schema's."""
_NO_PORT = "Port must be between 1 and 65535."
_NO_OPTIONS = "Advanced Launch Options must be a JSON object when present."


class _Profile:
    """One profile of a document: its fields as far as they can be used, and all that is wrong."""

    def __init__(self, index: int, node: Node, faults: Iterable[tuple[Path, str]]) -> None:
        self.index, self.node = index, node
        self.faults = {path[:2] if path[:1] == (OPTIONS,) else path[:1]: said for path, said in faults}
        self.fields: Fields = {}
        self.messages: dict[str, None] = {}  # in order, each once
        self.warnings: list[ProfileWarning] = []
        self.wanted: DesiredProfile | None = None
        name = _member(node, "name").value
        called = normal(name)[:SHOWN_LENGTH] if isinstance(name, str) and not looks_like(name) else ""
        self.name = called or f"Profile {index}"

    def judge(self, *, allow_local_paths: bool) -> None:
        """Find everything that is wrong with it; what is left is wanted."""
        if self.node.members is None:
            self.messages["Profile entry must be a JSON object."] = None
            return
        for key in _TEXTS:
            self._read_text(key)
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
        for place, said in self.faults.items():
            if place not in _WORDED:
                self._refuse(place, f"{said[:1].upper()}{said[1:].rstrip('.')}.")
        if not self.messages:
            self._make()
        if not allow_local_paths:
            self._note_paths()

    def _make(self) -> None:
        """What it declares: all fourteen options, null where one is absent."""
        at = self.node.at
        try:
            profile = from_fields(self.fields)
        except ValidationError as error:
            for fault in error.issues:
                self._refuse(fault.path, "This cannot be part of a profile.")
            return
        self.wanted = DesiredProfile(
            index=self.index, profile=profile, declared=self.fields, line=at.line, column=at.column
        )

    def _read_text(self, key: str) -> None:
        called, check = _TEXTS[key]
        value = _member(self.node, key).value
        if (key,) in self.faults and (not isinstance(value, str) or not value.strip()):
            self._refuse((key,), f"{called} is required.")
            return
        text = str(value).strip()
        try:
            self.fields[f"/{key}"] = check(text)
        except ValueError as error:
            self._refuse((key,), f"{called} is invalid. It {error}.")
            return
        if (key,) in self.faults:
            self._refuse((key,), f"{called} is invalid. It must be visible text only.")

    def _read_port(self) -> None:
        value = _member(self.node, "port").value
        if ("port",) in self.faults:
            self._refuse(("port",), _NO_PORT)
            return
        try:
            self.fields["/port"] = port = int(str(value).removesuffix(".0"))
        except ValueError:
            self._refuse(("port",), _NO_PORT)
            return
        if isinstance(value, str):
            self._note(f"port: normalised from text to the number {port}", "port")

    def _read_options(self) -> None:
        node = _member(self.node, OPTIONS)
        if (OPTIONS,) in self.faults:
            self._refuse((OPTIONS,), _NO_OPTIONS)
        for option in OPTION_NAMES:
            written = _member(node, option).plain()
            path = (OPTIONS, option)
            try:
                # The same words as for the app's own list, where no schema judges.
                value = (
                    read_option(option, written) if path in self.faults else convert_option(option, written)
                )
            except ValueError as error:
                self._refuse(path, str(error))
                continue
            if path in self.faults:
                self._refuse(path, f"{label(option)} is not as it should be.")
            self.fields[f"/{OPTIONS}/{option}"] = value
            for reason in reasons(value):
                self._refuse(path, f"This {reason}.")
            if option == "logLevel" and value is not None and value != str(written).strip():
                self._note(f"logLevel: normalised to {value}", OPTIONS, option)

    def _note_paths(self) -> None:
        """What names a place of another machine, and yet starts a server where that is not there."""
        for field in fields_with_paths(self.wanted.profile) if self.wanted is not None else ():
            what = f"{field}: this names a local path, which may not exist on this machine"
            self._note(what, *pointer(field)[1:].split("/"))

    def _refuse(self, path: Path, message: str) -> None:
        key = next((shown(step) for step in reversed(path) if isinstance(step, str)), "profile")
        self.messages[f"{key}: {message}"] = None

    def _note(self, message: str, *path: str) -> None:
        at, _ = self.node.find(path)
        self.warnings.append(ProfileWarning(name=self.name, message=message, line=at.line, column=at.column))


def _member(node: Node, key: str) -> Node:
    return (node.members or {}).get(key) or Node(node.at)


def _text_at(root: Node, key: str) -> str | None:
    value = _member(root, key).value
    return shown(value) if isinstance(value, str) else None


def _warned(name: str, message: str, root: Node, key: str) -> ProfileWarning:
    at, _ = root.find([key])
    return ProfileWarning(name=name, message=message, line=at.line, column=at.column)
