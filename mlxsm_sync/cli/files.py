"""`mlxsm init`, `validate` and `schema`: the profile file itself."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.file_names import FileName
from mlxsm_sync.cli.output import sentence, telling_of
from mlxsm_sync.cli.session import Session
from mlxsm_sync.errors import FileError, MlxsmError
from mlxsm_sync.views.published import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlxsm_sync.syntax.source import Tree
    from mlxsm_sync.values.desired import Desired, Warned
    from mlxsm_sync.values.profile import Profile
    from mlxsm_sync.views.reports import JudgedFile


@click.command(
    epilog="""\b
Examples:
  mlxsm init                     a commented starter in ./profiles.yaml
  mlxsm init --from-state        the profiles of this machine, as a file
  mlxsm init -f team.yaml        another name
Next: mlxsm plan; mlxsm schema profiles > profiles.schema.json for an editor."""
)
@click.option("--from-state", is_flag=True, help="Start from the profiles of this machine.")
@options.profile_file
@options.state
@options.as_json
@click.pass_obj
def init(session: Session, from_state: bool) -> None:
    """Write a commented starter profile file; an existing file is never overwritten."""
    from mlxsm_sync.files.paths import PROFILE_FILES, project_name
    from mlxsm_sync.profile_file.writer import has_schema_beside, proposed_collection, starter
    from mlxsm_sync.values.file_reports import InitReport

    path = session.file or PROFILE_FILES[0]
    if session.file is None:
        _refuse_a_second(PROFILE_FILES)
    session.files.make(path)
    profiles, notes = _profiles_of_the_state(session) if from_state else ([], [])
    text = starter(profiles, proposed_collection(project_name(path)), schema=has_schema_beside(path))
    if path == "-":
        session.output.data(InitReport(path=None, text=text, notes=tuple(notes)))
        session.output.show(text)
        return
    if os.path.lexists(path):
        raise FileError(f"{path} exists already; it was not touched", "-f FILE writes another one")
    from mlxsm_sync.files.atomic import write_whole

    write_whole(path, text, private=False, new=True)
    with telling_of(path):
        session.output.data(InitReport(path=path, text=None, notes=tuple(notes)))
        session.output.say(f"wrote {path}")
        session.output.say(f"Next: edit it, then {session.command('plan')}")


def _refuse_a_second(names: Sequence[str]) -> None:
    """FileError where the folder has a profile file, or what somebody takes for one."""
    from mlxsm_sync.files.paths import look_alikes, way_to

    for found in filter(os.path.exists, names):
        raise FileError(f"{found} exists already; it was not touched", "-f FILE writes another one")
    for found in look_alikes():
        hint = f"to use it, {way_to(found)}; -f {names[0]} writes another one"
        raise FileError(f"{found} exists already; it was not touched", hint)


def _profiles_of_the_state(session: Session) -> tuple[list[Profile], list[str]]:
    """The profiles, and what was left out of them."""
    from mlxsm_sync.planning.exportable import select

    selection = select(session.store.read().entries, local_paths=True)
    notes = [f'"{one.name}" was left out: {one.reason}' for one in selection.left_out]
    for note in notes:
        session.output.say(f"note: {note}")
    return [entry.profile for entry in selection.entries], notes


@click.command(
    epilog="""\b
Examples:
  mlxsm validate                         the profile file of this folder
  mlxsm validate a.yaml b.yaml --json    several, for CI
Next: mlxsm plan."""
)
@click.argument("files", nargs=-1, metavar="[FILE]...", type=FileName("read"))
@options.profile_file
@options.as_json
@click.pass_obj
def validate(session: Session, files: tuple[str, ...]) -> int:
    """Check profile files and documents: every problem with file, line and column."""
    from mlxsm_sync.views.reports import ValidateReport

    paths = files or (session.path,)
    for path in paths:
        session.tell_of_input(path)
    report = ValidateReport(files=tuple(map(_judged, paths)))
    session.output.data(report)
    for judged in report.files:
        for problem in judged.problems:
            session.output.show(f"{sentence(str(problem))}\n")
            if problem.excerpt is not None:
                session.output.show(f"{problem.excerpt}\n")
        if judged.valid and not session.output.quiet:
            for warning in judged.warnings:
                place = f"{judged.path}:{warning.line}:{warning.column}"
                session.output.say(f"{place}: warning: {warning.name}: {warning.message}")
            session.output.show(f"{sentence(judged.path)}: valid\n")
    return 0 if all(judged.valid for judged in report.files) else 1


def _judged(path: str) -> JudgedFile:
    from mlxsm_sync.errors import InvalidFile, Problem
    from mlxsm_sync.mac_app.document_file import refuse_app_list
    from mlxsm_sync.planning.profile_warnings import about, together
    from mlxsm_sync.profile_file.file import judge_tree
    from mlxsm_sync.profile_file.reader import is_document
    from mlxsm_sync.syntax.source import read_tree
    from mlxsm_sync.text.secret_scan import redacted, without_tokens
    from mlxsm_sync.views.reports import JudgedFile

    try:
        tree = read_tree(path)
        refuse_app_list(path, tree)
        if is_document(tree.root):
            return _judged_document(path, tree)
        desired = judge_tree(path, tree, refuse_duplicates=True)
    except InvalidFile as error:
        return JudgedFile(path=path, valid=False, problems=error.problems, warnings=())
    except MlxsmError as error:
        told = redacted(path)
        problem = Problem(path=told, line=None, column=None, message=without_tokens(error.message))
        return JudgedFile(path=told, valid=False, problems=(problem,), warnings=())
    warnings = (*desired.warnings, *about(desired.profiles), *together(desired.profiles, ()))
    return JudgedFile(path=path, valid=True, problems=(), warnings=warnings)


def _judged_document(path: str, tree: Tree) -> JudgedFile:
    from mlxsm_sync.mac_app.document_file import judge_read
    from mlxsm_sync.mac_app.document_keys import secrets
    from mlxsm_sync.planning.profile_warnings import about
    from mlxsm_sync.views.reports import JudgedFile

    tree.problems.raise_any()
    desired = judge_read(path, tree).desired
    for one in desired.invalid:
        at, _ = tree.root.find(["profiles", one.index - 1])
        for message in one.messages:
            tree.problems.add(at, f"{one.name}: {message}", also=True)
    for where, reason in secrets(tree.root, everywhere=True):
        tree.problems.add(tree.root.find(where)[0], f"this {reason}")
    problems = tuple(tree.problems.sorted())
    warnings = (*desired.warnings, *about(desired.profiles, of_a_document=True), *_clashes(desired))
    return JudgedFile(path=path, valid=not problems, problems=problems, warnings=warnings)


def _clashes(desired: Desired) -> Iterator[Warned]:
    """What an import would call a conflict inside the document, in the same words."""
    from mlxsm_sync.planning.planner import make_plan
    from mlxsm_sync.values.desired import Warned
    from mlxsm_sync.values.state import State

    profiles = [one.profile for one in desired.profiles]
    if len({one.name for one in profiles}) == len({one.identity for one in profiles}) == len(profiles):
        return  # a plan is only needed for its words
    places = {one.index: one for one in desired.profiles}
    for conflict in make_plan(desired, State(lineage=None)).conflicts:
        if conflict.index is not None:
            at = places[conflict.index]
            yield Warned(name=conflict.name, message=conflict.message, line=at.line, column=at.column)


@click.command(
    help=f"Print a JSON Schema (draft-07).\n\nNAME is {', '.join(SCHEMAS)}.",
    epilog="""\b
Examples:
  mlxsm schema profiles > profiles.schema.json     for your editor
  mlxsm schema plan                                what plan --json prints
Next: # yaml-language-server: $schema=./profiles.schema.json in line 1.""",
)
@click.argument("name", type=click.Choice([*SCHEMAS]), default="profiles", metavar="[NAME]")
def schema(name: str) -> None:
    """Print the schema of that name."""
    from mlxsm_sync.views.schemas import published

    click.echo(json.dumps(published(name), indent=2))
