"""Begins the program that watches a server, without what it has no use for. See `foreground`."""

from __future__ import annotations

import sys
from importlib import import_module

UNUSED = ("ssl", "_hashlib", "bz2", "lzma")
"""What the standard library loads where it is there: megabytes, for encryption and archives alone."""

if __name__ == "__main__":
    sys.modules |= dict.fromkeys(UNUSED)  # type: ignore[arg-type] # None keeps a module from being imported
    sys.exit(import_module("mlxsm_sync.servers.foreground").main(sys.argv[1]))
