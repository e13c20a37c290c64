"""`mlxsm adopt` and `mlxsm forget`: a server that somebody else started, as connection context only."""

from __future__ import annotations

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.entries import chosen
from mlxsm_sync.cli.output import shown
from mlxsm_sync.cli.servers.runtime import known_servers, meant, read_state, run_files
from mlxsm_sync.cli.session import Session
from mlxsm_sync.errors import UsageError


@click.command(
    epilog="""\b
Examples:
  mlxsm adopt Qwen      use the server that already listens at Qwen's endpoint
Next: mlxsm ps, mlxsm connect Qwen; mlxsm forget Qwen forgets it."""
)
@options.some_names
@options.state
@options.as_json
@click.pass_obj
def adopt(session: Session, names: tuple[str, ...]) -> None:
    """Remember a running server that mlxsm did not start. It is never stopped, restarted or measured.

    One request asks what it is; it says what that proves, and what it does not.
    """
    files = run_files(session)
    from mlxsm_sync.servers.adopting import adopt as adopt_server
    from mlxsm_sync.values.server_reports import AdoptedServer, AdoptReport

    adopted = []
    for entry in chosen(session.store.read(), names):
        adoption = adopt_server(entry, files)
        where = f"{entry.name} at {adoption.endpoint}"
        session.output.show(f"adopted {shown(where)} for connection details only\n")
        for line in adoption.findings:
            session.output.show(f"  {shown(line)}\n")
        adopted.append(
            AdoptedServer(
                id=entry.id, name=entry.name, endpoint=adoption.endpoint, findings=adoption.findings
            )
        )
    session.output.data(AdoptReport(servers=tuple(adopted)))


@click.command(
    epilog="""\b
Examples:
  mlxsm forget Qwen     forget what was adopted; the server goes on
Next: mlxsm ps."""
)
@options.some_names
@options.state
@options.as_json
@click.pass_obj
def forget(session: Session, names: tuple[str, ...]) -> None:
    """Forget an adopted server. The server itself is not touched."""
    files = run_files(session)
    from mlxsm_sync.values.server_reports import ForgetReport, ForgottenServer

    known = known_servers(files, lost=False)
    servers = meant(read_state(session, known), known, names)
    called = {entry.id: entry.name for entry in servers.entries}
    called |= {entry_id: known.names[entry_id] for entry_id in servers.gone}
    for entry_id, name in called.items():
        if files.adopted(entry_id) is None:
            raise UsageError(f'no server is adopted for "{shown(name)}"', "mlxsm ps shows which are")
    for entry_id, name in called.items():
        files.forget_adopted(entry_id)
        session.output.show(f"forgot the server adopted for {shown(name)}; it was not touched\n")
    forgotten = tuple(ForgottenServer(id=entry_id, name=name) for entry_id, name in called.items())
    session.output.data(ForgetReport(servers=forgotten))
