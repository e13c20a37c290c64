"""Origins as browsers name them, and what to write instead of what is nearly one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.values.web_origins import lets_everybody_in, origins_fault, origins_in

_USUAL = {"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}


def _is_origin(text: str) -> bool:
    """By the letter of https://fetch.spec.whatwg.org/#origin-header, one rule after the other."""
    if text in ("*", "null", "file://"):
        return True
    scheme, separator, rest = text.partition("://")
    if not separator or not re.fullmatch("[a-z][a-z0-9+.-]*", scheme):
        return False
    if rest.startswith("["):
        host, _, rest = rest[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else rest or None
        named = re.fullmatch("[0-9a-f:.]+", host) is not None
    else:
        host, colon, port_text = rest.partition(":")
        port = port_text if colon else None
        named = all(re.fullmatch("[a-z0-9_-]+", label) for label in host.split("."))
    numbered = port is None or re.fullmatch("[1-9][0-9]{0,4}", port) is not None
    return named and numbered and port != _USUAL.get(scheme)


_PIECES = [
    "http",
    "https",
    "app",
    "://",
    "localhost",
    "a",
    "A",
    ".b",
    ":",
    "80",
    "443",
    "3000",
    "0",
    "/",
    "*",
    "null",
]
_PIECES += ["[::1]", "[", "]", "file", "-", "_", "?", "#", "@", " ", ",", "$", "é", "'", ";"]
_made = st.lists(st.sampled_from(_PIECES), max_size=8).map("".join)


@given(_made)
def test_a_list_is_good_where_each_is_what_a_browser_says(text: str) -> None:
    items = [one.strip() for one in text.split(",")]
    assert (origins_fault(text) is None) == all(map(_is_origin, items))


@given(_made)
def test_what_is_advised_is_good(text: str) -> None:
    told = origins_fault(text) or ""
    for advised in re.findall(r'write "([^"]*)"|such as (\S+)', told):
        assert origins_fault("".join(advised)) is None, told


@pytest.mark.parametrize(
    "text",
    [
        "http://a",
        " http://localhost:3000 , app://obsidian.md\n",
        "*",
        "http://a,*",
        "null",
        "http://[::1]:3000",
        "chrome-extension://abc",
        "file://",
        "https://a:80",
        "http://my_page",
    ],
)
def test_what_a_browser_says(text: str) -> None:
    assert origins_fault(text) is None


WRONG = {
    "": "must not be blank, such as http://localhost:3000",
    " , ": "must not be blank, such as http://localhost:3000",
    "http://a/": 'must have no user and no path in an origin, as browsers name it: write "http://a"',
    "http://me@a/x?y#z": 'must have no user and no path in an origin, as browsers name it: write "http://a"',
    "HTTP://A:3000": 'must be in lower case, as browsers name it: write "http://a:3000"',
    "localhost:3000": 'must have a scheme in front of each origin: write "http://localhost:3000"',
    "http//a": "must have a scheme in front of each origin, such as http://localhost:3000",
    "http://a:80": 'must have no port in an origin where it is the usual one, as browsers name it: write "http://a"',
    "https://a:443,http://b": (
        "must have no port in an origin where it is the usual one, as browsers name it: "
        'write "https://a,http://b"'
    ),
    "http://*.org": "must have each origin in full, or be * for all, such as http://localhost:3000",
    "http://${HOST}": "must be written out, since variables are not expanded, such as http://localhost:3000",
    "http://a,,http://b": 'must be a list with one comma between two origins: write "http://a,http://b"',
    "http://a http://b": 'must be a list with one comma between two origins: write "http://a,http://b"',
    "http://a,": 'must be a list with one comma between two origins: write "http://a"',
    "http://é": "must be scheme://host[:port], as browsers name it, such as http://localhost:3000",
    "http://": "must be scheme://host[:port], as browsers name it, such as http://localhost:3000",
    "http://" + "a" * 200 + "/": (
        "must have no user and no path in an origin, as browsers name it, such as http://localhost:3000"
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_what_no_browser_says_is_told_what_to_write(text: str) -> None:
    assert origins_fault(text) == WRONG[text]


@pytest.mark.parametrize(
    ("text", "open_to_all"), [("*", True), ("http://a, *", True), ("null", True), ("http://a", False)]
)
def test_who_lets_everybody_in(text: str, open_to_all: bool) -> None:
    assert lets_everybody_in(text) == open_to_all
    assert origins_in(f" {text} ,") == [one.strip() for one in text.split(",")]
