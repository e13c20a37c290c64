"""`mlxsm import`: merge a document of the Mac app into the state."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.file_names import FileName
from mlxsm_sync.cli.invoked import invocation
from mlxsm_sync.cli.merge import Merge
from mlxsm_sync.cli.next_step import tell_next_of_import
from mlxsm_sync.cli.session import Session


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
def import_(
    session: Session, /, path: str, allow_local_paths: bool, yes: bool, strict: bool, **answers: Any
) -> int:
    """Merge a document of the Mac app into this machine's profiles.

    The app MLX Server Manager exports such documents. Nobody owns what is imported until a profile
    file claims it. No server is started or changed.
    """
    from mlxsm_sync.mac_app.document_file import read_document
    from mlxsm_sync.planning.selectors import resolve
    from mlxsm_sync.views.documents import document_text, imported_text

    session.tell_of_input(path)
    judged = read_document(path, allow_local_paths=allow_local_paths)
    output = session.output
    choices = resolve(judged.desired, session.store.read(), **answers)
    source = (path, *(["--allow-local-paths"] if allow_local_paths else []))
    again = invocation(session, "import", judged.desired, *source)
    following = partial(tell_next_of_import, session, local_paths=allow_local_paths)
    merge = Merge(session, judged.desired, choices, "import", again, imported_text, following)
    if not output.quiet:
        output.show(document_text(judged, output.style(sys.stdout)))
    return merge.run(merge.plan(), ask=not yes, strict=strict, again=yes)
