"""`mlxsm` whose `run` looks at its server often, waits less long, and keeps short logs; else the same."""

import os

from mlxsm_sync.__main__ import main
from mlxsm_sync.commands.servers import run
from mlxsm_sync.servers.run_settings import Pace

limit = int(os.environ.get("QUICK_LOG_LIMIT", "50000000"))
grace = float(os.environ.get("QUICK_GRACE", "60"))
run.PACE = Pace(look=0.2, grace=grace, kill=2.0, log_limit=limit)
main()
