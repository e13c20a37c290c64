"""The parts of the action that ask nobody."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mlxsm_action import api, base, install, result, verdict
from mlxsm_action.inputs import FAIL_ON, file_in, for_children
from mlxsm_action.runner import Stopped, command, output_lines
from testing.paths import REPOSITORY
from testing.workflow_commands import Command, obeyed

ONE, TWO, ZERO = "1" * 40, "2" * 40, "0" * 40
FOUND = result.Result("f", "", "c", True, True, 0, 0, 0, "sha256:0", "r.md")


def test_a_message_is_one_command_whatever_is_in_it() -> None:
    text = "a\n::error::b\r\n##[add-mask]c%0A"
    assert obeyed(command("notice", text)) == [Command("notice", {}, text)]


def test_an_output_may_be_anything() -> None:
    assert output_lines({"a": "b\nc=d", "e": ""}, "mark") == "a<<mark\nb\nc=d\nmark\ne<<mark\n\nmark\n"


@pytest.mark.parametrize(
    ("given", "event", "parents", "wanted"),
    [
        ("main", {"before": ONE}, [], "main"),
        ("", {"pull_request": {"base": {"sha": ONE}, "head": {"sha": TWO}}}, [], ONE),
        ("", {"pull_request": {"base": {"sha": ONE}, "head": {"sha": TWO}}}, ["3", TWO], "3"),
        ("", {"pull_request": {"base": {"sha": ONE}, "head": {"sha": TWO}}}, [TWO, "3"], ONE),
        ("", {"merge_group": {"base_sha": ONE}}, ["3", TWO], ONE),
        ("", {"before": ONE}, [], ONE),
        ("", {"before": ZERO}, [], None),
        ("", {"before": None}, [], None),
        ("", {}, [], None),
    ],
)
def test_what_is_compared_with(
    given: str, event: dict[str, Any], parents: list[str], wanted: str | None
) -> None:
    assert base.wanted(given, event, parents) == wanted


@pytest.mark.parametrize(
    ("status", "headers", "again", "seconds"),
    [
        (500, {}, True, 2.0),
        (500, {}, False, None),
        (503, {"Retry-After": "7"}, True, 7.0),
        (429, {"Retry-After": "9999"}, False, api.LONGEST_WAIT),
        (429, {"Retry-After": "soon"}, False, 2.0),
        (403, {"X-RateLimit-Remaining": "0"}, False, 2.0),
        (403, {"X-RateLimit-Remaining": "1"}, True, None),
        (403, {"Retry-After": "1"}, False, 1.0),
        (301, {}, True, None),
        (404, {}, True, None),
    ],
)
def test_when_it_is_tried_again(
    status: int, headers: Mapping[str, str], again: bool, seconds: float | None
) -> None:
    assert api.pause(status, headers, 2, again=again) == seconds


def test_an_address_that_is_none_is_refused_and_nobody_is_waited_for() -> None:
    waited: list[float] = []
    github = api.Api("file:///etc/passwd?", "", "t", waited.append)
    with pytest.raises(api.Refused, match="the address of the API is none"):
        github.create("o/r", 1, "x")
    assert waited == []
    with pytest.raises(api.Refused):
        github.update("o/r", 1, "x")
    assert waited == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("name", ["", ".", "../x", "/etc/passwd", ".git/config", "a/.GIT/x", "a\0b"])
def test_a_name_out_of_the_workspace_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Stopped):
        file_in(str(tmp_path), name)


@pytest.mark.parametrize("name", ["a.yaml", "./a.yaml", "b/../a.yaml"])
def test_a_file_is_known_by_its_shortest_name(tmp_path: Path, name: str) -> None:
    assert file_in(str(tmp_path), name) == "a.yaml"
    assert file_in(str(tmp_path), str(tmp_path / name)) == "a.yaml"


def test_no_child_has_the_token() -> None:
    given = {"MLXSM_ACTION_TOKEN": "t", "MLXSM_STATE": "app", "PATH": "p"}
    assert for_children(given) == {"PATH": "p", "NO_COLOR": "1", "PYTHONUTF8": "1"}


def test_the_token_is_for_the_server_alone_and_in_no_word() -> None:
    told = base.credentials("t", "https://github.com/")
    assert told["GIT_CONFIG_KEY_1"] == "http.https://github.com/.extraheader"
    assert told["GIT_CONFIG_VALUE_0"] == "", "what the checkout kept is taken away first"
    assert base.credentials("", "https://github.com") == base.credentials("t", "") == {}


class Remote(BaseHTTPRequestHandler):
    """A server of git that asks for a login, and only looks at what it is told."""

    seen: ClassVar[list[list[str]]] = []

    def do_GET(self) -> None:
        self.seen.append(self.headers.get_all("Authorization", []))
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


def test_git_sends_the_token_once_whatever_the_checkout_kept(tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), Remote)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name, value in (
        (f"http.{url}/.extraheader", "AUTHORIZATION: basic old"),
        ("remote.origin.url", f"{url}/o/r"),
    ):
        subprocess.run(["git", "config", "--local", name, value], cwd=tmp_path, check=True)
    with server, ThreadPoolExecutor() as pool:
        pool.submit(server.serve_forever)
        git = base.Git(str(tmp_path), dict(os.environ) | base.credentials("t", url))
        with pytest.raises(Stopped, match="git fetch failed"):
            git.ask("fetch", "origin")
        server.shutdown()
    assert Remote.seen == [["basic eC1hY2Nlc3MtdG9rZW46dA=="]]


@pytest.mark.parametrize("fail_on", FAIL_ON)
def test_each_reason_to_fail_includes_those_before_it(fail_on: str) -> None:
    level = FAIL_ON.index(fail_on)
    found = {
        "invalid": FOUND._replace(valid=False),
        "conflicts": FOUND._replace(conflicts=1),
        "changes": FOUND._replace(changes=1),
    }
    assert {one for one in found if verdict.failures(found[one], fail_on)} == set(FAIL_ON[1 : level + 1])
    assert bool(verdict.failures(FOUND._replace(gone=True), fail_on)) == (fail_on == "changes")
    assert verdict.failures(FOUND, fail_on) == []


def test_a_result_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    odd = FOUND._replace(file="é\udc80\n")
    result.save(odd, str(path))
    assert result.load({"MLXSM_ACTION_RESULT": str(path)}) == odd


def test_the_counts_of_a_plan_and_of_several() -> None:
    kinds = ("create", "update", "replace", "claim", "delete", "conflict", "invalid")
    plan = {"owner": "c", "digest": "sha256:1", "summary": dict.fromkeys(kinds, 1)}
    assert result.counts(plan) == ("c", 5, 2, 1, "sha256:1")
    several = {"machines": [{"name": name, "plan": plan} for name in ("a", "b")]}
    told = result.counts(several)
    assert told[:4] == ("c", 10, 4, 2)
    assert told.digest != result.counts(json.loads(json.dumps(several).replace('"b"', '"x"'))).digest


@pytest.mark.parametrize(
    "name", ["step.py", "mlxsm_action/__init__.py", "mlxsm_action/install.py", "mlxsm_action/runner.py"]
)
def test_a_python_that_is_too_old_can_still_say_so(name: str) -> None:
    ast.parse((REPOSITORY / ".github/action" / name).read_text(), feature_version=(3, 8))


def test_a_python_that_is_too_old_looks_for_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert install.new_enough() is not None
    monkeypatch.setattr(install, "OLDEST", (4, 0))
    monkeypatch.setattr(install.shutil, "which", lambda name: name if name == "python3.12" else None)
    assert install.new_enough() == "python3.12"
    monkeypatch.setattr(install.shutil, "which", lambda _: None)
    assert install.new_enough() is None
