"""What the release of a running server means, as the server itself tells it in its first answer."""

from __future__ import annotations

import re

from mlxsm_sync.values.server_options import HONEST_HEALTH, parse_version


def told_by(fingerprint: str | None) -> str | None:
    """The release in a `system_fingerprint`, which begins with it (`0.32.2-0.32.4-Linux-…`); else None."""
    found = re.match(
        r"(\d{1,9}(?:\.\d{1,9})+(?:\.?(?:a|b|rc|dev|post)\d{1,9})*(?:\+[\w.]{1,40})?)-", fingerprint or ""
    )
    return found[1] if found else None


def health_knows(version: str | None) -> bool:
    """Whether `/health` of a release tells when its model cannot answer any more; not where it is unknown."""
    return version is not None and parse_version(version) >= HONEST_HEALTH
