"""`mlxsm adopt` and `mlxsm forget`: a server that somebody else started, as connection context only."""

from __future__ import annotations

from mlxsm_sync.commands.output import shown
from mlxsm_sync.commands.servers.targets import known_servers, meant, read_state, run_files
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import UsageError
from mlxsm_sync.planning.selectors import entries_named
from mlxsm_sync.servers.adopting import adopt as adopt_server
from mlxsm_sync.values.server_reports import AdoptedServer, AdoptReport, ForgetReport, ForgottenServer


def adopt(session: Session, names: tuple[str, ...]) -> None:
    """Remember a running server that mlxsm did not start. It is never stopped, restarted or measured."""
    files = run_files(session)
    adopted = []
    for entry in entries_named(session.store.read(), names):
        adoption = adopt_server(entry, files)
        where = f"{entry.name} at {adoption.endpoint}"
        session.output.print(f"adopted {shown(where)} for connection details only\n")
        for line in adoption.findings:
            session.output.print(f"  {shown(line)}\n")
        adopted.append(
            AdoptedServer(
                id=entry.id, name=entry.name, endpoint=adoption.endpoint, findings=adoption.findings
            )
        )
    session.output.data(AdoptReport(servers=tuple(adopted)))


def forget(session: Session, names: tuple[str, ...]) -> None:
    """Forget an adopted server. The server itself is not touched."""
    files = run_files(session)
    known = known_servers(files, lost=False)
    servers = meant(read_state(session, known), known, names)
    called = {entry.id: entry.name for entry in servers.entries}
    called |= {entry_id: known.names[entry_id] for entry_id in servers.gone}
    for entry_id, name in called.items():
        if files.adopted(entry_id) is None:
            raise UsageError(f'no server is adopted for "{shown(name)}"', "mlxsm ps shows which are")
    for entry_id, name in called.items():
        files.forget_adopted(entry_id)
        session.output.print(f"forgot the server adopted for {shown(name)}; it was not touched\n")
    forgotten = tuple(ForgottenServer(id=entry_id, name=name) for entry_id, name in called.items())
    session.output.data(ForgetReport(servers=forgotten))
