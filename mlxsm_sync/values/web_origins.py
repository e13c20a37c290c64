"""Origins whose web pages may call a server: exact ones, as a browser names them in a request."""

from __future__ import annotations

import re

from mlxsm_sync.values.hosts import is_host

_DEFAULT_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}
"""Browsers leave these out: https://url.spec.whatwg.org/#default-port."""
_END = r"(?![\s\S])"
_SPACE = r"[ \t\r\n]*"
_LABELS = "[a-z0-9_-]+(?:\\.[a-z0-9_-]+)*"
_PORT = "(?:[1-9][0-9]{0,4})"
_DEFAULTS = "|".join(f"{scheme}://[^,]*:{port}" for scheme, port in _DEFAULT_PORTS.items())
_ONE = (
    rf"(?!(?:{_DEFAULTS}){_SPACE}(?:,|{_END}))[a-z][a-z0-9+.-]*://(?:{_LABELS}|\[[0-9a-f:.]+\])(?::{_PORT})?"
)
_ITEM = rf"{_SPACE}(?:\*|null|file://|{_ONE}){_SPACE}"
PATTERN = rf"^{_ITEM}(?:,{_ITEM})*{_END}"
"""Python and ECMAScript read it alike."""

EVERYBODY = ("*", "null")
"""What lets any page in: every origin, and the one of every page that hides its own."""
_EXAMPLE = "http://localhost:3000"
_LONGEST_ADVICE = 160


def origins_in(text: str) -> list[str]:
    """The origins of a comma-separated list, as they are sent to the server."""
    return [one for origin in text.split(",") if (one := origin.strip())]


def lets_everybody_in(text: str) -> bool:
    """Whether any web page that is open on this machine could use the server."""
    return any(one in EVERYBODY for one in origins_in(text))


def origins_fault(text: str) -> str | None:
    """Why a browser would never name one of these, and what to write instead; None where it could.

    The server compares exactly (mlx-lm 0.32.2, `server.py`), so what is nearly an origin lets nobody in.
    """
    if re.match(PATTERN, text):
        return None
    listed = re.split(r"[\s,;]+", text.strip().strip(",;"))
    faults = [fault for one in listed if (fault := _fault(one))]
    meant = [one if re.match(PATTERN, one) else _meant(one) for one in listed]
    message = faults[0] if faults else "must be a list with one comma between two origins"
    write = ",".join(one for one in meant if one)
    if all(meant) and len(write) < _LONGEST_ADVICE:
        return f'{message}: write "{write}"'
    return f"{message}, such as {_EXAMPLE}"


def _fault(origin: str) -> str | None:
    """What is wrong with one origin, else None."""
    if re.match(PATTERN, origin):
        return None
    if not origin:
        return "must not be blank"
    if "$" in origin:
        return "must be written out, since variables are not expanded"
    if "*" in origin:
        return "must have each origin in full, or be * for all"
    if "://" not in origin:
        return "must have a scheme in front of each origin"
    rest = origin.partition("://")[2]
    if re.search("[/?#@]", rest):
        return "must have no user and no path in an origin, as browsers name it"
    if origin != origin.lower():
        return "must be in lower case, as browsers name it"
    if re.search(":[0-9]+$", origin):
        return "must have no port in an origin where it is the usual one, as browsers name it"
    return "must be scheme://host[:port], as browsers name it"


def _meant(text: str) -> str | None:
    """The origin of an address, as a browser would name it; None where that is not plain."""
    found = re.match(r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?(?:[^/@]*@)?([^/?#@]+)", text.strip("'\""))
    if found is None or (found[1] is None and "//" in text):
        return None
    scheme, rest = (found[1] or "http").lower(), found[2].lower()
    origin = f"{scheme}://{rest}".removesuffix(f":{_DEFAULT_PORTS.get(scheme)}")
    named = found[1] is not None or is_host(re.sub(r":[0-9]*\Z", "", rest).strip("[]"))
    return origin if named and re.match(PATTERN, origin) else None
