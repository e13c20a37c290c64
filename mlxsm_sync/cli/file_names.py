"""Files on a command line: `~` is the home folder, and no output is also an input."""

from __future__ import annotations

from typing import Any, Literal

import click

from mlxsm_sync.commands.session import Session
from mlxsm_sync.files.paths import expanded


class FileName(click.Path):
    """A path, and what the command does with the file there.

    An `export` writes as well, and may take the place of the profile file.
    """

    def __init__(self, use: Literal["read", "write", "export", "state"]) -> None:
        super().__init__()
        self.use = use

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The path with the home folder for a `~`; UsageError where it is both read and written."""
        if not value:
            raise click.BadParameter("must not be empty", ctx, param)
        path = str(value)
        if self.use != "state" or not (path == "app" or path.startswith("app:")):
            path = expanded(path)
        files = (ctx.ensure_object(Session) if ctx is not None else Session()).files
        match self.use:
            case "read":
                files.read(path)
            case "state":
                files.use_state(path)
            case _:
                option = max(param.opts, key=len) if param is not None else "an output"
                files.write(path, option, may_be_profiles=self.use == "export")
        return path
