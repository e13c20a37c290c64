"""Where things are: this repository, the installed command, and the programs that the tests run."""

from __future__ import annotations

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
MLXSM = BIN / "mlxsm"
"""The installed command."""
PROGRAMS = Path(__file__).parent / "programs"
LIKE_DARWIN = PROGRAMS / "like_darwin.py"
"""Takes the place of the installed command, to rehearse macOS."""
QUICK_RUN = REPOSITORY / "tests/testing/programs/quick_run.py"
STAND_IN = PROGRAMS / "stand_in.py"
"""Takes the place of mlx_lm.server."""
STAND_IN_GITHUB = PROGRAMS / "stand_in_github.py"
SLOW_HUB = PROGRAMS / "slow_hub.py"
VICTIM = PROGRAMS / "victim.py"
