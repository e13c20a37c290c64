"""`mlxsm adopt` and `mlxsm forget`: a server that somebody else started, as connection context only."""

from __future__ import annotations

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.cli.output import shown
from mlxsm_sync.cli.runtime import by_name, run_files
from mlxsm_sync.errors import Usage


@click.command(
    epilog="""\b
Examples:
  mlxsm adopt Qwen      use the server that already listens at Qwen's endpoint
Next: mlxsm ps shows it, mlxsm connect Qwen tells clients, mlxsm forget Qwen drops it."""
)
@options.some_names
@options.state
@options.text_only
@click.pass_obj
def adopt(shared: Shared, names: tuple[str, ...]) -> None:
    """Remember a running server that mlxsm did not start. It is never stopped, restarted or measured.

    One request asks what it is; it says what that proves, and what it does not.
    """
    files = run_files(shared)
    from mlxsm_sync.adopting import adopt as adopt_server

    for entry in by_name(shared.store.read(), names):
        adoption = adopt_server(entry, files)
        where = f"{entry.name} at {adoption.endpoint}"
        shared.output.show(f"adopted {shown(where)} as connection context only\n")
        for line in adoption.findings:
            shared.output.show(f"  {shown(line)}\n")


@click.command(
    epilog="""\b
Examples:
  mlxsm forget Qwen     drop what was adopted; the server itself is not touched
Next: mlxsm ps."""
)
@options.some_names
@options.state
@options.text_only
@click.pass_obj
def forget(shared: Shared, names: tuple[str, ...]) -> None:
    """Drop an adopted server from memory. The server itself is not touched."""
    files = run_files(shared)
    entries = by_name(shared.store.read(), names)
    for entry in entries:
        if files.adopted(entry.id) is None:
            raise Usage(f'no server is adopted for "{entry.name}"', "mlxsm ps shows which are")
    for entry in entries:
        files.forget_adopted(entry.id)
        shared.output.show(f"forgot the server adopted for {shown(entry.name)}; it was not touched\n")
