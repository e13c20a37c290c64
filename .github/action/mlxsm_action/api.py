"""GitHub's API, as far as one comment needs it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

TIMEOUT = 20
"""Seconds for one answer."""
TRIES = 4
LONGEST_WAIT = 30
"""Seconds before the next try, whatever is asked for."""
PAGES = 100
"""With a hundred comments each."""


class Refused(Exception):
    """The API said no, or nothing. `status` is 0 where nobody answered."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _NoRedirects(HTTPRedirectHandler):
    """The token goes nowhere else, and a write does not become a read."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Api(NamedTuple):
    """Where the API is, and who asks."""

    url: str
    graphql: str
    token: str
    sleep: Callable[[float], None] = time.sleep

    def viewer(self) -> tuple[str, int | None]:
        """Whose token it is: the login as comments have it, and the number. Works for every kind of token.

        REST has no such question that the token of a workflow may ask: GET /user refuses it.
        """
        answer, _ = self.call("POST", self.graphql, {"query": "{ viewer { login databaseId } }"})
        viewer = ((answer or {}).get("data") or {}).get("viewer") or {}
        if not viewer.get("login"):
            raise Refused(0, "GitHub does not say whose the token is")
        return str(viewer["login"]), viewer.get("databaseId")

    def comments(self, repository: str, number: int) -> Iterator[dict[str, Any]]:
        """All comments of a pull request, the oldest first."""
        for page in range(1, PAGES + 1):
            url = f"{self._comments(repository, number)}?per_page=100&page={page}"
            listed, headers = self.call("GET", url)
            yield from listed
            if 'rel="next"' not in (headers.get("Link") or ""):
                return

    def create(self, repository: str, number: int, body: str) -> dict[str, Any]:
        """A new comment. What may have been written is not tried again: two would be worse than none."""
        made, _ = self.call("POST", self._comments(repository, number), {"body": body}, again=False)
        return dict(made)

    def update(self, repository: str, comment: int, body: str) -> None:
        """Replace what a comment says."""
        self.call("PATCH", f"{self.url}/repos/{repository}/issues/comments/{comment}", {"body": body})

    def _comments(self, repository: str, number: int) -> str:
        return f"{self.url}/repos/{repository}/issues/{number}/comments"

    def call(
        self, method: str, url: str, body: object = None, *, again: bool = True
    ) -> tuple[Any, Mapping[str, str]]:
        """The answer and its headers; tried again where that may help. Raises Refused."""
        for attempt in range(1, TRIES + 1):
            try:
                return self._call(method, url, body)
            except HTTPError as error:
                wait = pause(error.code, error.headers, attempt, again=again)
                told = Refused(error.code, _message(error))
            except (URLError, HTTPException, OSError, ValueError) as error:
                wait = 2.0 ** (attempt - 1) if again else None
                told = Refused(0, str(error))
            if wait is None or attempt == TRIES:
                raise told
            self.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _call(self, method: str, url: str, body: object) -> tuple[Any, Mapping[str, str]]:
        if not url.startswith(("https://", "http://")):
            raise ValueError("the address of the API is none")
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "mlxsm-action",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = None if body is None else json.dumps(body).encode()
        request = Request(url, data, headers, method=method)  # noqa: S310 - the scheme is one of two
        with build_opener(_NoRedirects).open(request, timeout=TIMEOUT) as answer:
            return json.load(answer), answer.headers


def pause(status: int, headers: Message | Mapping[str, str], attempt: int, *, again: bool) -> float | None:
    """Seconds until the next try, None where there is none.

    429 and the 403 of a rate limit were not carried out; another answer of 5xx may have been.
    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    asked = headers.get("Retry-After") or ""
    limited = status == 429 or (status == 403 and (asked or headers.get("X-RateLimit-Remaining") == "0"))
    if not limited and (status < 500 or not again):
        return None
    seconds = float(asked) if asked.isdecimal() else 2.0 ** (attempt - 1)
    return min(seconds, LONGEST_WAIT)


def _message(error: HTTPError) -> str:
    """What GitHub says of it."""
    try:
        with error:
            return str(json.loads(error.read(10_000))["message"])
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return str(error.reason)
