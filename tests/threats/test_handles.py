"""A process is held first and looked at afterwards."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from testing.ledger import Tally
from testing.paths import PROGRAMS
from testing.tracing import needed

pytestmark = pytest.mark.linux("handles of processes, and a namespace of its own")

HOLDER = PROGRAMS / "holder.py"


@pytest.mark.threat(26)
def test_a_number_that_changes_hands_while_it_is_looked_at_is_left_alone(tally: Tally) -> None:
    for _ in range(5):
        done = subprocess.run(
            [
                needed("unshare", "util-linux"),
                *([] if os.geteuid() == 0 else ["-Ur"]),
                *("--pid", "--fork", "--mount-proc", "--kill-child", sys.executable, str(HOLDER)),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        tally.add(numbers=1)
        assert done.stdout == "same number True, stranger lives True\n", done.stderr
