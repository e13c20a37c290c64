"""Which texts are a host, which of them only this machine reaches, and what to write instead of others."""

from __future__ import annotations

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.values.hosts import host_fault, is_host, is_loopback, may_meet

# Pieces that addresses are made of, and what is near them: far more of both than a list would have.
_PIECES = ["0", "1", "00", "ffff", "12345", "g", ":", "::", ":", ".", "127", "0.0.1", "1.2.3.4", "256", "01"]
_NEAR = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=10).map("".join)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_name(text: str) -> bool:
    """By the letter of RFC 1123, and of https://url.spec.whatwg.org/#ends-in-a-number-checker."""
    labels = text.split(".")
    shaped = all(
        0 < len(one) < 64
        and not one.startswith("-")
        and not one.endswith("-")
        and re.fullmatch("[A-Za-z0-9-]+", one)
        for one in labels
    )
    return len(text) < 254 and shaped and re.fullmatch("[0-9]+|0[xX][0-9a-fA-F]*", labels[-1]) is None


@given(_NEAR | st.text("aZ0-._:[]%@/ *$", max_size=12))
def test_a_host_is_an_address_or_a_name(text: str) -> None:
    assert is_host(text) == (bool(_address(text)) or _is_name(text) or _is_scoped(text))


def _is_scoped(text: str) -> bool:
    address, _, zone = text.partition("%")
    return ":" in address and bool(_address(address)) and bool(re.fullmatch("[0-9A-Za-z_.~-]+", zone))


@given(_NEAR)
def test_loopback_is_what_the_address_says(text: str) -> None:
    address = _address(text)
    assert (
        is_loopback(text)
        == (
            address is not None
            and (address == ipaddress.ip_address("::1") or str(address).startswith("127."))
        )
        or "." in text.partition(":")[2]
    )  # ::0.0.0.1 is one, too, and nobody writes it


@pytest.mark.parametrize(
    "host", ["LocalHost", "LOCALHOST", "127.0.0.2", "127.255.255.255", "0:0:0:0:0:0:0:1", "::01"]
)
def test_every_spelling_of_this_machine_itself_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "localhost.evil.org", "127.0.0.1.evil.org", "127.1", "1270.0.0.1", "::1:0"]
)
def test_what_others_may_reach_is_not(host: str) -> None:
    assert not is_loopback(host)


WRONG = {
    "": "must not be blank: write 127.0.0.1",
    " \t": "must not be blank: write 127.0.0.1",
    "*": "must be an address: write 0.0.0.0 for all addresses of this machine",
    "${HOST}": "must be written out, since variables are not expanded, such as 127.0.0.1",
    "$HOST": "must be written out, since variables are not expanded, such as 127.0.0.1",
    "http://mac.local": "must be a host name or address only, without a scheme, a user or a path: write mac.local",
    "https://[::1]:8080/v1?x#y": 'must be a host name or address only, without a scheme, a user or a path: write "::1"',
    "me@mac.local": "must be a host name or address only, without a scheme, a user or a path: write mac.local",
    "/": "must be a host name or address only, without a scheme, a user or a path, such as 127.0.0.1",
    "127.0.0.1 ": "must not contain white space: write 127.0.0.1",
    "a b": "must not contain white space, such as 127.0.0.1",
    "[::1]": 'must be written without brackets: write "::1"',
    "[::1]:80": 'must not contain a port, which is a field of its own: write "::1"',
    "127.0.0.1:8080": "must not contain a port, which is a field of its own: write 127.0.0.1",
    "localhost:": "must not contain a port, which is a field of its own: write localhost",
    "127.1": "must have four numbers from 0 to 255 as an IPv4 address, such as 127.0.0.1",
    "256.0.0.1": "must have four numbers from 0 to 255 as an IPv4 address, such as 127.0.0.1",
    "0x7f.1": "must have four numbers from 0 to 255 as an IPv4 address, such as 127.0.0.1",
    "localhost.": "must be an IP address or a host name (letters, digits, - and .): write localhost",
    "my_mac": "must be an IP address or a host name (letters, digits, - and .), such as 127.0.0.1",
    "a%20b": "must be an IP address or a host name (letters, digits, - and .), such as 127.0.0.1",
    "1::2::3": "must be an IP address or a host name (letters, digits, - and .), such as 127.0.0.1",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_host_is_told_what_to_write(text: str) -> None:
    told = host_fault(text)
    assert told == WRONG[text]
    advised = re.search(r'(?:write|such as) "?([^\s"]+)', told)
    assert advised is not None
    assert host_fault(advised[1]) is None


@given(st.text(st.characters() | st.sampled_from("a1.:[]/@*$ %-"), max_size=20))
def test_advice_is_a_host_whatever_was_written(text: str) -> None:
    told = host_fault(text)
    assert (told is None) == is_host(text)
    if advised := re.search(r'write "?([^\s"]+)', told or ""):
        assert is_host(advised[1])


def test_a_colon_is_not_always_a_port() -> None:
    assert (
        host_fault("a:b:c")
        == "must be an IP address or a host name (letters, digits, - and .), such as 127.0.0.1"
    )


@pytest.mark.parametrize(
    ("a", "b", "meet"),
    [
        ("127.0.0.1", "localhost", True),
        ("::1", "localhost", True),
        ("::", "10.0.0.5", True),
        ("10.0.0.5", "0.0.0.0", True),
        ("127.0.0.2", "127.0.0.1", False),
        ("mac.local", "mac.local", True),
        ("mac.local", "10.0.0.5", False),
    ],
)
def test_hosts_that_can_mean_one_address(a: str, b: str, meet: bool) -> None:
    assert may_meet(a, b) == meet == may_meet(b, a)
