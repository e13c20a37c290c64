"""What a command declares is what its work takes: nothing checks that when the two are imported apart."""

from __future__ import annotations

import inspect
from importlib import import_module

import click
import pytest

from mlxsm_sync.cli import cli
from mlxsm_sync.cli.group import COMMANDS

WORK = {"import": "import_", "list": "list_", "restart": "up", "forget": "adopt"}
"""The module that does a command's work, where that has another name."""


@pytest.mark.parametrize("verb", [verb for verb in COMMANDS if verb != "completion"])
def test_what_is_declared_is_what_the_work_takes(verb: str) -> None:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    declared = {one.name for one in command.params if one.expose_value}
    folder = "commands.servers" if COMMANDS[verb] in ("run", "look") else "commands"
    module = import_module(f"mlxsm_sync.{folder}.{WORK.get(verb, verb)}")
    work = getattr(module, WORK[verb] if verb in ("import", "list") else verb)
    taken = inspect.signature(work).parameters.values()
    named = {one.name for one in taken if one.kind is not one.VAR_KEYWORD} - {"session"}
    assert named <= declared
    if named != declared:  # the rest goes on together
        assert any(one.kind is one.VAR_KEYWORD for one in taken)
