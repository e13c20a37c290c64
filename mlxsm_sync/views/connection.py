"""A connection as text for people: where the server is, the lines to copy, and how to try it."""

from __future__ import annotations

from collections.abc import Iterator

from mlxsm_sync.clients.connection import ClientList, Connection
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.text.wrapping import wrapped
from mlxsm_sync.views.style import Style, records


def connection_text(settings: Connection, style: Style, ask: str) -> str:
    """Where a server is and what to send to it; `ask` is the command that tells whether it is up."""
    rows = (("base URL", settings.base_url), ("model", settings.model), ("API key", settings.api_key))
    lines = [style.paint(f"{visible(settings.name)}: clients talk to the server directly", "bold")]
    lines += [f"  {label:<8}  {visible(text)}" for label, text in rows]
    lines += ["", _where(settings), settings.text.rstrip("\n")]
    if settings.notes:
        lines += ["", *(wrapped(f"- {note}", style.width) for note in settings.notes)]
    lines += ["", f"To try it, where {visible(ask)} shows it as ready:", settings.curl]
    return "\n".join(lines) + "\n"


def _where(settings: Connection) -> str:
    if settings.file is not None:
        return f"For {settings.client}, in {settings.file}:"
    return "For a shell, and the programs that it starts:"


def notes_of(settings: Connection) -> Iterator[str]:
    """What a person has to know beside a client's settings, a line each."""
    if settings.file is not None:
        yield f"this goes into {settings.file}; nothing was written there"
    yield from (f"- {note}" for note in settings.notes)


def clients_text(known: ClientList, style: Style) -> str:
    """The clients whose settings are known, one a line. Plain: name, purpose."""
    if style.plain:
        return records((one.name, one.purpose) for one in known.clients)
    width = max(len(one.name) for one in known.clients)
    return "".join(f"{one.name:<{width}}  {one.purpose}\n" for one in known.clients)
