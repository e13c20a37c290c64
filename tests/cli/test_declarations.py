"""What a command declares is what its work takes: nothing checks that when the two are imported apart."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from mlxsm_sync.cli.group import COMMANDS, every_command

HANDED_IN = {"session", "own"}
"""What comes from the command line itself: how it speaks, and what was found on this machine for it."""
WORK = {"import": "import_", "list": "list_", "restart": "up", "forget": "adopt"}
"""The module that does a command's work, where that has another name."""


@pytest.mark.parametrize("name", [name for name in every_command() if name != "completion"])
def test_what_is_declared_is_what_the_work_takes(name: str) -> None:
    declared = {one.name for one in every_command()[name].params if one.expose_value}
    verb = name.split(maxsplit=1)[0]
    of_servers = COMMANDS[verb] in ("run", "look", "service", "many", "agent") and verb != "report"
    folder = "commands.servers" if of_servers else "commands"
    module = import_module(f"mlxsm_sync.{folder}.{WORK.get(verb, verb)}")
    work = getattr(module, WORK[verb] if verb in ("import", "list") else name.rsplit(maxsplit=1)[-1])
    taken = inspect.signature(work).parameters.values()
    named = {one.name for one in taken if one.kind is not one.VAR_KEYWORD} - HANDED_IN
    assert named <= declared
    if named != declared:  # the rest goes on together
        assert any(one.kind is one.VAR_KEYWORD for one in taken)
