"""The section `Share`: documents, the way back into the file, and what clients need."""

from __future__ import annotations

from typing import Any

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.complete import client_names, entry_names, profile_names
from mlxsm_sync.cli.file_names import FileName
from mlxsm_sync.commands.session import Session


@click.command(
    "import",
    epilog="""\b
Examples:
  mlxsm import MLXServerManager-Profiles.json    show it, ask, write
  mlxsm import team.json --only Qwen --yes       one of it, without asking
  mlxsm import team.json --rename 'Qwen=Qwen 2'  with an answer to a conflict
  mlxsm import team.json --state app             into the app's own list
Next: mlxsm list; mlxsm rollback undoes it.""",
)
@click.argument("path", metavar="FILE", type=FileName("read"))
@options.state
@options.lock
@options.answers
@click.option(
    "--allow-local-paths", is_flag=True, help="Also profiles whose model is a folder of another machine."
)
@options.yes
@options.strict
@options.while_app_runs
@options.as_json
@click.pass_obj
def import_(session: Session, /, **given: Any) -> int:
    """Merge a document of the Mac app into this machine's profiles.

    The app MLX Server Manager exports such documents. Nobody owns what is imported until a profile
    file claims it. No server is started or changed.
    """
    from mlxsm_sync.commands import import_ as work

    return work.import_(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm export -o MLXServerManager-Profiles.json   a document for the app
  mlxsm export Qwen > qwen.json                    one, to standard output
  mlxsm export --format yaml -o profiles.yaml      a profile file, for git
  mlxsm export --exported-at 2026-06-16T00:00:00Z  the same bytes each time
Next: mlxsm import FILE on the other machine, or the app's own import."""
)
@options.names
@click.option(
    "-o",
    "--output",
    "out",
    type=FileName("export"),
    metavar="FILE",
    help="Write a file instead of standard output.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "yaml"]),
    default="json",
    help="A document or a profile file.",
)
@click.option(
    "--include-local-paths", is_flag=True, help="Also profiles whose model is a folder of this machine."
)
@click.option(
    "--exported-at",
    metavar="TIME",
    help="Timestamp for exportedAt, ISO 8601.  [default: SOURCE_DATE_EPOCH, else now]",
)
@options.state
@click.option("-y", "--yes", is_flag=True, help="Do not ask, and overwrite FILE.")
@options.as_json
@click.pass_obj
def export(session: Session, /, **given: Any) -> None:
    """Write profiles of this machine as a document or a profile file.

    It says first what is in it, and what never is.
    """
    from mlxsm_sync.commands import export as work

    work.export(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm pull                       what was changed here of it
  mlxsm pull Qwen                  one profile, also a new one
  mlxsm pull Qwen --field port     only its port
  mlxsm pull --dry-run             print the patch, write nothing
  mlxsm pull --all                 also what nobody owns yet
Next: git diff; mlxsm plan shows what is left to apply."""
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=profile_names)
@click.option("--all", "everything", is_flag=True, help="Every profile that is of this file, or of nobody.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME",
    help="Only this field, such as port or defaultTopP, even if the file was edited there, too.",
)
@click.option("--whole", is_flag=True, help="The whole profile as it is here, whatever the file says.")
@click.option("--dry-run", is_flag=True, help="Print the patch; write nothing.")
@options.profile_file
@options.machine
@options.state
@options.lock
@options.yes
@options.as_json
@click.pass_obj
def pull(session: Session, /, **given: Any) -> int:
    """Write what was changed on this machine into the profile file.

    Only fields that the file declares are taken, where their value here is no longer the applied one;
    others are this machine's own, and taken with --field or --whole. What was edited in the file and not
    applied yet stays, and so does every other line. Where both sides changed a field, it is left and shown.
    """
    from mlxsm_sync.commands import pull as work

    return work.pull(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm connect Qwen                      base URL, model, a curl to try
  mlxsm connect Qwen --client zed         the settings, to copy or redirect
  mlxsm connect Qwen --format export      the variables: eval "$(…)" sets them
  mlxsm connect Qwen --format env         the same for a .env file
  mlxsm connect Qwen --client zed --json  for a script
  mlxsm connect --list                    the clients whose settings are known
Next: put it where the client looks; mlxsm ps shows whether the server is up."""
)
@click.argument("name", metavar="NAME", required=False, shell_complete=entry_names)
@click.option(
    "--client",
    metavar="CLIENT",
    shell_complete=client_names,
    help="Only the settings of one client, such as zed or open-webui; --list names them.",
)
@options.printed_as("text", "env", "export", "json", help="How to print it.  [default: text]")
@click.option("--list", "listing", is_flag=True, help="List the clients whose settings are known.")
@options.state
@options.as_list
@click.pass_obj
def connect(session: Session, /, **given: Any) -> None:
    """Print what an OpenAI-compatible client needs. No request is made.

    With --client, standard output has the client's settings in its own format and nothing else; where they
    go, and what to know, is said beside it, or with --format text among it. Nothing is written into a
    client's files.
    """
    from mlxsm_sync.commands import connect as work

    work.connect(session, **given)
