"""`mlxsm export`: profiles of this machine as a document of the Mac app, or as a profile file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlxsm_sync.commands.output import echo, telling_of
from mlxsm_sync.commands.prompts import can_ask, confirm
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import FileError, UsageError
from mlxsm_sync.files.atomic import write_whole
from mlxsm_sync.files.streams import is_stream
from mlxsm_sync.mac_app.document_writer import (
    clashing,
    contents,
    document,
    document_profile,
    not_carried,
    profile_file,
    sensitive,
    unfit_for_a_document,
)
from mlxsm_sync.planning.exportable import select, unfit_for_a_file
from mlxsm_sync.planning.selectors import entries_named
from mlxsm_sync.profile_file import writer
from mlxsm_sync.text.times import from_seconds, in_utc, now
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.file_reports import ExportReport, LeftOutProfile
from mlxsm_sync.views.documents import privacy_lines, profiles_text

if TYPE_CHECKING:
    from mlxsm_sync.planning.exportable import Selection
    from mlxsm_sync.text.json_value import JsonObject
    from mlxsm_sync.values.file_reports import ExportReport
    from mlxsm_sync.values.state import Entry, State


def export(
    session: Session,
    names: tuple[str, ...],
    out: str | None,
    form: str,
    include_local_paths: bool,
    exported_at: str | None,
    yes: bool,
) -> None:
    """Write profiles of this machine as a document or a profile file."""
    time = _time(exported_at, os.environ)
    state = session.store.read()
    fits = unfit_for_a_document if form == "json" else unfit_for_a_file
    selection = select(entries_named(state, names), local_paths=include_local_paths, form=fits)
    if form == "json":
        text, profiles, notes = _document(selection.entries, time)
    else:
        text, profiles, notes = _profile_file(selection.entries, state, out)
    notes = [*notes, *_about_name(out, form)]
    asking = not yes and can_ask(session)
    for line in (*privacy_lines(selection, profiles), *(f"note: {note}" for note in notes)):
        # Whoever is asked sees what about, however little was asked for.
        session.output.print_prompt(f"{visible(line)}\n") if asking else session.output.note(line)
    if not selection.entries:
        raise FileError(
            "No model profiles are available to export. No file was written.",
            "mlxsm list shows what there is",
        )
    if out is not None and not yes:
        _refuse_to_overwrite(out)
    if asking:
        confirm(session, "Type yes to export:")
    report = _report(selection, form, profiles, notes)
    if out is None or out == "-":
        session.output.data(report.model_copy(text=text))
        if not session.output.json:
            echo(text, end="")
        return
    _write(session, text, out, report, overwrite=yes)


def _about_name(out: str | None, form: str) -> list[str]:
    """What there is to say of a file whose name promises another format."""
    named = os.path.splitext(out or "")[1].lower()
    if form == "json" and named in (".yaml", ".yml"):
        return [f"{out} will hold JSON, a document of the Mac app: --format yaml writes a profile file"]
    if form == "yaml" and named == ".json":
        return [f"{out} will hold YAML, and a file of that name is read as JSON: name it .yaml"]
    return []


def _refuse_to_overwrite(out: str) -> None:
    if os.path.exists(out) and not is_stream(out):
        raise FileError(f"{out} exists already; it was not touched", "--yes overwrites it")


def _write(session: Session, text: str, out: str, report: ExportReport, *, overwrite: bool) -> None:
    # What appeared while the question was open is not overwritten.
    if write_whole(out, text, private=False, new=not overwrite):
        session.output.note(f"note: {out} has other names (hard links), which keep the old content")
    with telling_of(out):
        session.output.data(report.model_copy(path=out))
        session.output.note(f"Exported {profiles_text(len(report.profiles))} to {out}.")


def _report(
    selection: Selection, form: str, written: Sequence[JsonObject], notes: Sequence[str]
) -> ExportReport:
    """What is exported and what is left out; the place is added later."""
    left_out = [LeftOutProfile(name=one.name, field=None, reason=one.reason) for one in selection.left_out]
    left_out += [
        LeftOutProfile(name=entry.name, field=path.rpartition("/")[2], reason="no profile can have it")
        for entry in selection.entries
        for path in entry.unreadable
    ]
    return ExportReport(
        path=None,
        format="json" if form == "json" else "yaml",
        profiles=tuple(entry.name for entry in selection.entries),
        contents=tuple(contents(written)),
        sensitive=tuple(sensitive([entry.profile for entry in selection.entries], written)),
        left_out=tuple(left_out),
        notes=tuple(notes),
        text=None,
    )


def _time(given: str | None, environment: Mapping[str, str]) -> str:
    """The time of the export in UTC; UsageError if the given text is no time."""
    epoch = environment.get("SOURCE_DATE_EPOCH") or None
    try:
        if given is not None:
            return in_utc(given)
        return from_seconds(int(epoch)) if epoch is not None else now()
    except ValueError:
        what = "--exported-at" if given is not None else "SOURCE_DATE_EPOCH"
        form = "2026-06-16T00:00:00Z" if given is not None else "a number of seconds"
        raise UsageError(f"{what} is no time", f"write it as {form}") from None


class _Export(NamedTuple):
    """What is going to be written, and the notes about it."""

    text: str
    profiles: Sequence[JsonObject]
    """As they stand in the text."""
    notes: Sequence[str]


def _document(entries: Sequence[Entry], time: str) -> _Export:
    profiles = [document_profile(entry.profile) for entry in entries]
    return _Export(document(profiles, time), profiles, [*not_carried([entry.profile for entry in entries])])


def _profile_file(entries: Sequence[Entry], state: State, out: str | None) -> _Export:
    owners = {entry.owner for entry in state.entries if entry.owner is not None}
    content = profile_file(entries, owners)
    notes = [
        f'"{name}" has fields that no file declares; they stay this machine\'s own'
        for name in content.left_to_machine
    ]
    notes += [
        f'several profiles are called "{name}": give them different names before you use the file'
        for name in clashing(content.profiles)
    ]
    schema = writer.has_schema_beside(out or "-")
    text = writer.profile_file(content.collection, content.profiles, schema=schema)
    return _Export(text, content.profiles, notes)
