"""What this system tells of processes and ports: by `/proc` on Linux, by psutil elsewhere."""

from __future__ import annotations

import sys

if sys.platform == "linux":
    from mlxsm_sync.system import linux as source
else:
    from mlxsm_sync.system import portable as source

boot_id = source.boot_id
pid_space = source.pid_space
facts = source.facts
age = source.age
variable = source.variable
environment = source.environment
command_line = source.command_line
working_folder = source.working_folder
all_pids = source.all_pids
listeners = source.listeners
is_connected = source.is_connected
