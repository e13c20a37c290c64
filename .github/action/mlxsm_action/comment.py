"""The step that keeps one comment of the pull request up to date; the run never fails by it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from mlxsm_action import result
from mlxsm_action.api import Api, Refused
from mlxsm_action.inputs import COMMENT, one_of
from mlxsm_action.report import Marker, comment_body, marker_of
from mlxsm_action.runner import say, tell

WORKFLOWS = "github-actions[bot]"
"""Who comments with the token of a workflow."""
MAY_NOT = (403, 404)
WHY_NOT = "the token may not, as in a pull request from a fork or without the permission pull-requests: write"


class Thread(NamedTuple):
    """Where the comment goes."""

    api: Api
    repository: str
    number: int


def main() -> int:
    """Write the comment where one is wanted and may be written."""
    mode = one_of(os.environ, "comment", COMMENT)
    number = pull_request(os.environ)
    if mode == "false" or number is None:
        say("No comment: none is wanted." if mode == "false" else "No comment: this is no pull request.")
        return 0
    found = result.load()
    marker = Marker(found.file, found.machine, found.collection)
    with open(found.markdown, encoding="utf-8") as file:
        body = comment_body(marker, file.read(), _more(os.environ))
    url = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    graphql = os.environ.get("GITHUB_GRAPHQL_URL") or f"{url}/graphql"
    api = Api(url, graphql, os.environ.get("MLXSM_ACTION_TOKEN", ""))
    thread = Thread(api, os.environ["GITHUB_REPOSITORY"], number)
    try:
        say(written(thread, marker, body, first=mode == "true" or found.noteworthy))
    except Refused as error:
        left = "mlxsm wrote no comment; its report is in the summary of the run"
        if error.status in MAY_NOT:
            tell("notice", f"{left}: {WHY_NOT} ({error.status}: {error})")
        else:
            tell("warning", f"{left} ({error.status or 'no answer'}: {error})")
    return 0


def pull_request(environ: Mapping[str, str]) -> int | None:
    """Its number, None where the event is of none."""
    path = environ.get("GITHUB_EVENT_PATH")
    if not path or not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        event = json.load(file)
    pull = event.get("pull_request") if isinstance(event, dict) else None
    return int(pull["number"]) if pull else None


def written(thread: Thread, marker: Marker, body: str, *, first: bool) -> str:
    """Update our comment, or write it if the `first` one is wanted; what was done. Raises Refused."""
    own = _own(thread, marker)
    if own is not None:
        if own["body"].replace("\r\n", "\n") == body:
            return "The comment says it already."
        thread.api.update(thread.repository, own["id"], body)
        return "Updated the comment."
    if not first:
        return "No comment: nothing changes."
    try:
        thread.api.create(thread.repository, thread.number, body)
    except Refused as error:
        if 0 < error.status < 500:
            raise
        # It may have been written all the same.
        thread.api.sleep(2)
        if _own(thread, marker) is None:
            thread.api.create(thread.repository, thread.number, body)
    return "Wrote the comment."


def _own(thread: Thread, marker: Marker) -> dict[str, Any] | None:
    """Our comment about this file, the oldest."""
    listed = thread.api.comments(thread.repository, thread.number)
    about_it = [one for one in listed if marker.is_same(marker_of(one.get("body") or ""))]
    if not about_it:
        return None
    login, number = who(thread.api)
    return next((one for one in about_it if is_own(one, login, number)), None)


def who(api: Api) -> tuple[str, int | None]:
    """Login and number of the token's owner; where that cannot be asked, who a workflow comments as."""
    try:
        return api.viewer()
    except Refused:
        return WORKFLOWS, None


def is_own(comment: Mapping[str, Any], login: str, number: int | None) -> bool:
    """Whether the token's owner wrote it. A login is nobody else's, and one with [bot] can only be an app's.

    The marker proves nothing: anybody may copy it.
    """
    user = comment.get("user") or {}
    if number is not None and user.get("id") == number:
        return True
    is_app = login.endswith("[bot]")
    return str(user.get("login", "")).lower() == login.lower() and (user.get("type") == "Bot") == is_app


def _more(environ: Mapping[str, str]) -> str:
    """Where all of it is, for a comment that has room for a part."""
    server, repository, run = (
        environ.get(f"GITHUB_{one}", "") for one in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    where = "the summary of the run"
    if run:
        where = f"[{where}]({server}/{repository}/actions/runs/{run})"
    return f"**Shortened**, since a comment has no room for more: {where} has it all."
