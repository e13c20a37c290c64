"""Origins as the server needs them: it compares them letter by letter with what a browser says."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#@\s]+?)/?", re.IGNORECASE)
_USUAL_PORTS = {"http": ":80", "https": ":443"}
"""Browsers leave these out."""


def as_sent(origins: str) -> str:
    """A comma-separated list as browsers name its members: in lower case, without spaces and last slashes."""
    return ",".join(filter(None, map(_as_named, origins.split(","))))


def _as_named(origin: str) -> str:
    address = _ADDRESS.fullmatch(origin.strip())
    if address is None:
        return origin.strip()
    scheme, place = address[1].lower(), address[2].lower()
    return f"{scheme}://{place.removesuffix(_USUAL_PORTS.get(scheme, '/'))}"
