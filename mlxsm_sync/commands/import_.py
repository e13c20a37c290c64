"""`mlxsm import`: merge a document of the Mac app into the state."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from mlxsm_sync.commands.invoked import invocation
from mlxsm_sync.commands.merge import Merge, applying
from mlxsm_sync.commands.next_step import tell_next_of_import
from mlxsm_sync.commands.session import Session
from mlxsm_sync.mac_app.document_file import read_document
from mlxsm_sync.planning.selectors import resolve
from mlxsm_sync.views.documents import document_text, imported_text


def import_(
    session: Session, /, path: str, allow_local_paths: bool, yes: bool, strict: bool, **answers: Any
) -> int:
    """Merge a document of the Mac app into this machine's profiles."""
    session.tell_of_input(path)
    with applying():
        judged = read_document(path, allow_local_paths=allow_local_paths)
    output = session.output
    choices = resolve(judged.desired, session.store.read(), **answers)
    source = (path, *(["--allow-local-paths"] if allow_local_paths else []))
    again = invocation(session, "import", judged.desired, *source)
    following = partial(tell_next_of_import, session, local_paths=allow_local_paths)
    merge = Merge(session, judged.desired, choices, "import", again, imported_text, following)
    if not output.quiet:
        output.print(document_text(judged, output.style(sys.stdout)))
    return merge.run(merge.plan(), ask=not yes, strict=strict, again=yes)
