"""`mlxsm schema`: print a published JSON Schema."""

from __future__ import annotations

import json

from mlxsm_sync.commands.output import echo
from mlxsm_sync.views.schemas import published


def schema(name: str) -> None:
    """Print the schema of that name."""
    echo(json.dumps(published(name), indent=2))
