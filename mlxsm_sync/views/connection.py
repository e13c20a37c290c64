"""A connection as text for people: where the server is, the lines to copy, and how to try it."""

from __future__ import annotations

from mlxsm_sync.clients.connection import ClientList, Connection
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.views.style import Style, records


def connection_text(settings: Connection, style: Style, ask: str) -> str:
    """Where a server is and what to send to it; `ask` is the command that tells whether it is up."""
    rows = (("base URL", settings.base_url), ("model", settings.model), ("API key", settings.api_key))
    lines = [style.paint(f"{visible(settings.name)}: clients talk to the server directly", "bold")]
    lines += [f"  {label:<8}  {visible(text)}" for label, text in rows]
    lines += ["", "For a shell, and the programs that it starts:", settings.text.rstrip("\n")]
    lines += ["", f"To try it, where {visible(ask)} shows it as ready:", settings.curl]
    return "\n".join(lines) + "\n"


def clients_text(known: ClientList, style: Style) -> str:
    """The clients whose settings are known, one a line. Plain: name, purpose."""
    if style.plain:
        return records((one.name, one.purpose) for one in known.clients)
    width = max(len(one.name) for one in known.clients)
    return "".join(f"{one.name:<{width}}  {one.purpose}\n" for one in known.clients)
