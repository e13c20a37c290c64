"""`mlxsm init`, `validate` and `schema`: the profile file itself."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.cli.output import shown
from mlxsm_sync.errors import FileTrouble, MlxsmError

if TYPE_CHECKING:
    from mlxsm_sync.profile import Profile
    from mlxsm_sync.profile_file import Tree
    from mlxsm_sync.reports import JudgedFile

SCHEMAS = ("profiles", "document", "plan", "state", "error")


@click.command(
    epilog="""\b
Examples:
  mlxsm init                     a commented starter in ./profiles.yaml
  mlxsm init --from-state        the profiles of this machine, as a file
  mlxsm init -f team.yaml        another name
Next: mlxsm plan, and mlxsm schema profiles > profiles.schema.json for your editor."""
)
@click.option("--from-state", is_flag=True, help="Begin with the profiles of this machine.")
@options.profile_file
@options.state
@options.text_only
@click.pass_obj
def init(shared: Shared, from_state: bool) -> None:
    """Write a commented starter profile file; an existing file is never overwritten."""
    from mlxsm_sync.places import PROFILE_FILES
    from mlxsm_sync.starter import starter

    path = shared.file or PROFILE_FILES[0]
    for found in PROFILE_FILES:
        if shared.file is None and os.path.exists(found):
            raise FileTrouble(f"{found} exists already; it was not touched", "-f FILE writes another one")
    text = starter(_profiles_of_the_state(shared) if from_state else [])
    if path == "-":
        click.echo(text, nl=False)
        return
    if os.path.lexists(path):
        raise FileTrouble(f"{path} exists already; it was not touched", "-f FILE writes another one")
    from mlxsm_sync.disk import write_whole

    write_whole(path, text, private=False, new=True)
    shared.output.say(f"wrote {path}")
    shared.output.say("Next: edit it, then mlxsm plan")


def _profiles_of_the_state(shared: Shared) -> list[Profile]:
    from mlxsm_sync.export import select

    selection = select(shared.store.read().entries, local_paths=True, document=False)
    for one in selection.left_out:
        shared.output.say(f'note: "{one.name}" was left out: {one.reason}')
    return [entry.profile for entry in selection.entries]


@click.command(
    epilog="""\b
Examples:
  mlxsm validate                         the profile file of this folder
  mlxsm validate a.yaml b.yaml --json    several, for CI
Next: mlxsm plan."""
)
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path())
@options.profile_file
@options.as_json
@click.pass_obj
def validate(shared: Shared, files: tuple[str, ...]) -> int:
    """Judge profile files and documents: every problem with file, line and column."""
    from mlxsm_sync.reports import ValidateReport

    report = ValidateReport(files=tuple(_judged(path) for path in files or (shared.path,)))
    shared.output.data(report)
    for judged in report.files:
        for problem in judged.problems:
            shared.output.show(f"{shown(str(problem))}\n")
        if judged.valid and not shared.output.quiet:
            for warning in judged.warnings:
                place = f"{judged.path}:{warning.line}:{warning.column}"
                shared.output.say(f"{place}: warning: {warning.name}: {warning.message}")
            shared.output.show(f"{shown(judged.path)}: valid\n")
    return 0 if all(judged.valid for judged in report.files) else 1


def _judged(path: str) -> JudgedFile:
    from mlxsm_sync.cautions import about, together
    from mlxsm_sync.declarations import is_document
    from mlxsm_sync.errors import InvalidFile, Problem
    from mlxsm_sync.profile_file import judge_tree, read_tree
    from mlxsm_sync.reports import JudgedFile
    from mlxsm_sync.secret_scan import redacted

    try:
        tree = read_tree(path)
        if is_document(tree.root):
            return _judged_document(path, tree)
        desired = judge_tree(path, tree, refuse_duplicates=True)
    except InvalidFile as error:
        return JudgedFile(path=path, valid=False, problems=error.problems, warnings=())
    except MlxsmError as error:
        told = redacted(path)
        problem = Problem(path=told, line=None, column=None, message=redacted(error.message))
        return JudgedFile(path=told, valid=False, problems=(problem,), warnings=())
    warnings = (*desired.warnings, *about(desired.profiles), *together(desired.profiles, ()))
    return JudgedFile(path=path, valid=True, problems=(), warnings=warnings)


def _judged_document(path: str, tree: Tree) -> JudgedFile:
    from mlxsm_sync.cautions import about
    from mlxsm_sync.document_file import judge_read
    from mlxsm_sync.document_keys import secrets
    from mlxsm_sync.reports import JudgedFile

    tree.problems.raise_any()
    desired = judge_read(path, tree).desired
    for one in desired.invalid:
        at, _ = tree.root.find(["profiles", one.index - 1])
        for message in one.messages:
            tree.problems.add(at, f"{one.name}: {message}", also=True)
    for where, reason in secrets(tree.root, everywhere=True):
        tree.problems.add(tree.root.find(where)[0], f"this {reason}")
    problems = tuple(tree.problems.sorted())
    warnings = (*desired.warnings, *about(desired.profiles))
    return JudgedFile(path=path, valid=not problems, problems=problems, warnings=warnings)


@click.command(
    epilog="""\b
Examples:
  mlxsm schema profiles > profiles.schema.json     for your editor
  mlxsm schema plan                                what plan --json prints
Next: name the file in the first line of profiles.yaml, as mlxsm init does."""
)
@click.argument("name", type=click.Choice(SCHEMAS), default="profiles")
def schema(name: str) -> None:
    """Print a JSON Schema (draft-07)."""
    from mlxsm_sync.schema import published

    click.echo(json.dumps(published(name), indent=2))
