"""The commands for running servers: all of this tool that looks at a process or opens a socket."""

import sys

from mlxsm_sync.errors import ServerError

# Here, because every command for servers loads what Windows has not.
if sys.platform == "win32":
    raise ServerError("servers are only run on macOS and Linux", "the other commands work on Windows")
