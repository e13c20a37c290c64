"""Where `mlxsm` and `python -m mlxsm_sync` begin."""

from __future__ import annotations

import signal


def main() -> None:
    """Open the door; an interrupt before it is open ends the process without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from mlxsm_sync.cli import main as door

    door()


if __name__ == "__main__":
    main()
