"""`mlxsm validate`: tell every problem of profile files and documents, with its place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mlxsm_sync.commands.output import sentence, with_link
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import InvalidFile, MlxsmError, Problem
from mlxsm_sync.files.repository import name_in_repository
from mlxsm_sync.mac_app.document_file import judge_read, refuse_app_list
from mlxsm_sync.mac_app.document_keys import secrets
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.planning.profile_warnings import about, together
from mlxsm_sync.profile_file.file import declared_in
from mlxsm_sync.profile_file.reader import is_document
from mlxsm_sync.profile_file.selection import for_every_machine
from mlxsm_sync.syntax.source import read_tree
from mlxsm_sync.text.redaction import redacted, without_tokens
from mlxsm_sync.values.desired import ProfileWarning
from mlxsm_sync.values.state import State
from mlxsm_sync.views.annotations import workflow_commands
from mlxsm_sync.views.reports import JudgedFile, ValidateReport
from mlxsm_sync.views.sarif import sarif_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlxsm_sync.commands.output import Output
    from mlxsm_sync.syntax.source import Tree
    from mlxsm_sync.values.desired import Desired, ProfileWarning
    from mlxsm_sync.views.reports import JudgedFile


def validate(session: Session, files: tuple[str, ...], form: str) -> int:
    """Check profile files and documents: every problem with file, line and column."""
    paths = files or (session.path,)
    for path in paths:
        session.tell_of_input(path)
    report = ValidateReport(files=tuple(map(_judged, paths)))
    output = session.output
    output.data(report)
    if form == "github":
        output.print(workflow_commands(report, name_in_repository, with_warnings=not output.quiet))
    elif form == "sarif":
        output.print_json(sarif_log(report, name_in_repository))
    else:
        _tell(output, report)
    return 0 if all(judged.valid for judged in report.files) else 1


def _tell(output: Output, report: ValidateReport) -> None:
    """Print it for people."""
    style = output.style(sys.stdout)
    for judged in report.files:
        for problem in judged.problems:
            # The path stands before the message already.
            told = str(problem).replace(f": cannot read {problem.path}: ", ": cannot be read: ", 1)
            text = sentence(told)
            output.print(f"{with_link(text, problem) if style.links else text}\n")
            if problem.excerpt is not None:
                output.print(f"{problem.excerpt}\n")
        if judged.valid and not output.quiet:
            for warning in judged.warnings:
                place = f"{judged.path}:{warning.line}:{warning.column}"
                output.note(f"{place}: warning: {warning.name}: {warning.message}")
            output.print(f"{sentence(judged.path)}: valid\n")


def _judged(path: str) -> JudgedFile:
    try:
        tree = read_tree(path)
        refuse_app_list(path, tree)
        if is_document(tree.root):
            return _judged_document(path, tree)
        machines = [*for_every_machine(declared_in(path, tree))]
    except InvalidFile as error:
        return JudgedFile(path=path, valid=False, problems=error.problems, warnings=())
    except MlxsmError as error:
        shown_path = redacted(path)
        problem = Problem(path=shown_path, line=None, column=None, message=without_tokens(error.message))
        return JudgedFile(path=shown_path, valid=False, problems=(problem,), warnings=())
    warnings = [
        warning for one in machines for warning in (*about(one.profiles), *together(one.profiles, ()))
    ]
    # Profiles that several machines get are worth the same warnings on each.
    known = {(one.name, one.message, one.line, one.column): one for one in warnings}
    return JudgedFile(path=path, valid=True, problems=(), warnings=tuple(known.values()))


def _judged_document(path: str, tree: Tree) -> JudgedFile:
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


def _clashes(desired: Desired) -> Iterator[ProfileWarning]:
    """What an import would call a conflict inside the document, in the same words."""
    profiles = [one.profile for one in desired.profiles]
    if len({one.name for one in profiles}) == len({one.identity for one in profiles}) == len(profiles):
        return  # a plan is only needed for its words
    places = {one.index: one for one in desired.profiles}
    for conflict in make_plan(desired, State(lineage=None)).conflicts:
        if conflict.index is not None:
            at = places[conflict.index]
            yield ProfileWarning(name=conflict.name, message=conflict.message, line=at.line, column=at.column)
