"""Hosts that a server can listen on: which texts are one, which only this machine reaches, which overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

import re
from functools import cache

DEFAULT = "127.0.0.1"
"""Where the server listens when nobody says."""
LOOPBACK_ADDRESSES = (DEFAULT, "::1")
"""The usual addresses of this machine itself, IPv4 first."""
LOOPBACK = (*LOOPBACK_ADDRESSES, "localhost")
"""The usual spellings of this machine itself."""
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound

_END = r"(?![\s\S])"  # the end of the text: `$` would let a last line break through
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_GROUP = "[0-9A-Fa-f]{1,4}"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = (
    r"(?=[A-Za-z0-9.-]{1,253}" + _END + ")"
    # What ends in a number is an address, and then all of it: https://url.spec.whatwg.org/#ends-in-a-number-checker
    rf"(?!(?:[^.]*\.)*(?:[0-9]+|0[xX][0-9A-Fa-f]*){_END})"
    rf"{_LABEL}(?:\.{_LABEL})*"
)


def _v6() -> str:
    """Every way to write an IPv6 address, by section 2.2 of RFC 4291."""
    forms = [
        rf"(?:{_GROUP}:){{7}}{_GROUP}",
        rf"(?:{_GROUP}:){{6}}{_V4}",
        rf"::(?:{_GROUP}:){{0,5}}{_V4}",
        "::",
    ]
    forms += [rf"::(?:{_GROUP}:){{0,6}}{_GROUP}", rf"(?:{_GROUP}:){{1,7}}:"]
    for before in range(1, 7):
        forms.append(rf"(?:{_GROUP}:){{{before}}}(?::{_GROUP}){{1,{7 - before}}}")
    for before in range(1, 6):
        forms.append(rf"(?:{_GROUP}:){{{before}}}:(?:{_GROUP}:){{0,{5 - before}}}{_V4}")
    return f"(?:{'|'.join(forms)})(?:%[0-9A-Za-z_.~-]+)?"


PATTERN = f"^(?:{_V4}|{_v6()}|{_NAME}){_END}"
"""Python and ECMAScript read it alike."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def endpoint(host: str, port: int) -> str:
    """Where a server listens, as it is written in an address: IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_host(text: str) -> bool:
    """Whether this is an IP address or a host name, written as a server takes it."""
    return _compiled(PATTERN).match(text) is not None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server on this host, whatever the case of its letters."""
    if host.lower() == "localhost":
        return True
    if _compiled(rf"127(?:\.{_OCTET}){{3}}{_END}").match(host):
        return True
    return is_host(host) and _compiled(rf"[0:]*:0*1{_END}").match(host) is not None


def is_everywhere(host: str) -> bool:
    """Whether a server on this host listens on every address, in whichever spelling."""
    address = _parsed(host)
    if address is None:
        return host == "0"
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_unspecified or (mapped is not None and mapped.is_unspecified)


def may_meet(a: str, b: str) -> bool:
    """Whether two hosts, in lower case, can mean one address."""
    return a == b or a in EVERYWHERE or b in EVERYWHERE or (a in LOOPBACK and b in LOOPBACK)


def overlap(a: str, b: str) -> bool:
    """Whether two addresses can be one place: the same, or one of them is every address."""
    first, second = _plain(a), _plain(b)
    return first == second or bool({first, second} & {*EVERYWHERE})


def _plain(address: str) -> str:
    """An address in one form; an IPv4 address inside IPv6 as what it is."""
    parsed = _parsed(address.partition("%")[0])
    return str(getattr(parsed, "ipv4_mapped", None) or parsed) if parsed is not None else address


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """An address as such; None where the text is none."""
    from ipaddress import ip_address  # most files name one of the addresses that are known

    try:
        return ip_address(text)
    except ValueError:
        return None


def host_fault(text: str) -> str | None:
    """Why this is no host, and what to write instead; None where it is one."""
    if is_host(text):
        return None
    meant = _host_in(text)
    quoted = f'"{meant}"' if meant and ":" in meant else meant  # in {braces} YAML would not take it as it is
    write = f": write {quoted}" if meant else f", such as {DEFAULT}"
    if not text.strip():
        return f"must not be blank: write {DEFAULT}"
    if text.strip() in ("*", "+", "any", "all"):
        return "must be an address: write 0.0.0.0 for all addresses of this machine"
    if "$" in text:
        return f"must be written out, since variables are not expanded, such as {DEFAULT}"
    if "/" in text or "@" in text:
        return f"must be a host name or address only, without a scheme, a user or a path{write}"
    if re.search(r"\s", text):
        return f"must not contain white space{write}"
    if re.fullmatch(r"\[[^\[\]]*\]", text):
        return f"must be written without brackets{write}"
    if meant and re.search(r":[0-9]*\Z", text):
        return f"must not contain a port, which is a field of its own{write}"
    if re.fullmatch(r"[0-9.xXa-fA-F]+", text) and re.search(r"[0-9]", text):
        return f"must have four numbers from 0 to 255 as an IPv4 address{write}"
    return f"must be an IP address or a host name (letters, digits, - and .){write}"


def _host_in(text: str) -> str | None:
    """The host that was probably meant by an address, else None."""
    rest = re.sub(r"\A[A-Za-z][A-Za-z0-9+.-]*://", "", text.strip().strip("'\""))
    rest = re.split(r"[/?#]", rest)[0].rpartition("@")[2].strip()
    found = re.fullmatch(r"\[([^\[\]]*)\](?::[0-9]*)?|([^:\[\]]*)(?::[0-9]*)?", rest)
    host = (found[1] or found[2] or "").rstrip(".") if found else rest
    return host if is_host(host) else None
