"""Every command of the README and of the documentation, run as it stands there; what is not run says why.

`pytest tests/stories/test_pages.py --update` writes what the commands print now; the diff is to be read.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import get_args

import pytest
import yaml

from mlxsm_sync.values.plan import ConflictKind
from testing.page_scenes import SCENES, dotfiles, pull_request
from testing.pages import PAGES, Block, Shell, blocks, read, rewritten, steady, steps
from testing.paths import REPOSITORY
from testing.ports import new_port
from testing.servers import Servers

pytestmark = pytest.mark.usefixtures("no_app")

ALL = [block for page in PAGES for block in blocks(page)]
PLAYED = sorted({(block.page, block.scene) for block in ALL if block.scene is not None})


def test_every_command_is_run_or_says_why_not() -> None:
    troubles = {block.place: block.trouble() for block in ALL if block.has_commands}
    assert {place: trouble for place, trouble in troubles.items() if trouble} == {}
    assert {scene for _, scene in PLAYED} <= SCENES.keys()
    assert {block.mark for block in ALL if block.scene and block.language not in ("bash", "console")} == set()


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ("```bash\nls\n```\n", True),
        ("```console\n$ ls\n```\n", True),
        ("```yaml\ncmd: mlxsm run A\n```\n", True),
        ("```yaml\nname: A\n```\n", False),
        ("```text\nmlxsm plan [OPTIONS]\n```\n", False),
        ("<!-- not run: no -->\n```bash\nls\n```\n", True),
        ("<!-- not run: it takes a Mac, which is not here -->\n```bash\nls\n```\n", False),
        ("<!-- run by: tests/nowhere.py -->\n```bash\nls\n```\n", True),
        ("<!-- run by: tests/stories/test_scenarios.py -->\n```bash\nls\n```\n", True),
        ("<!-- run: stow -->\n```bash\nls\n```\n", False),
        ("<!-- run: stow -->\n\n```bash\nls\n```\n", True),
        ("<!-- runs: stow -->\n```bash\nls\n```\n", True),
    ],
)
def test_a_block_that_says_nothing_is_found(text: str, is_wrong: bool) -> None:
    wrong = [block for block in read("docs/x.md", text) if block.has_commands and block.trouble()]
    assert bool(wrong) is is_wrong


def test_what_differs_each_time_is_no_difference() -> None:
    one = "WRITTEN 2026-01-02 03:04:05\nA  ready  71  127.0.0.1:8080  2 s  88 MB  4.0 %\n"
    other = "WRITTEN 2027-01-02 03:04:05\nA  ready  12345  127.0.0.1:8080   31 s  1.2 GB  0 %"
    assert steady(one, of_servers=True) == steady(other, of_servers=True)
    assert steady(one, of_servers=False) != steady(other, of_servers=False)
    assert steady(one, of_servers=True) != steady(one.replace("ready", "crashed"), of_servers=True)


@pytest.mark.parametrize(("page", "scene"), PLAYED)
def test_the_commands_of_a_page_do_what_it_says(
    page: str, scene: str, servers: Servers, request: pytest.FixtureRequest
) -> None:
    shell = Shell(servers, {port: str(new_port()) for port in SCENES[scene].ports})
    parts = [block for block in blocks(page) if block.is_part_of(scene)]
    for block in parts:
        if block.file is not None:
            shell.write(block)
    SCENES[scene].begin(shell)
    update = request.config.getoption("--update")
    told = [_play(shell, block, update=update) for block in parts if block.file is None]
    if scene in CHECKS:
        CHECKS[scene](told)


def _play(shell: Shell, block: Block, *, update: bool) -> str:
    """Run a block, and hold it against what the page shows."""
    if block.language == "bash":
        return shell.at_terminal(block.text) if block.asks else shell.script(block.text)
    ran = [(command, told, shell.command(command)) for command, told in steps(block.text)]
    last = len(ran) - 1
    happened = "".join(
        f"$ {command}\n{now}" + ("" if at == last else "\n") for at, (command, _, now) in enumerate(ran)
    )
    if update:
        rewritten(block, happened)
    else:
        for command, shown, now in ran:
            of_servers = bool(shell.ports)
            assert steady(now, of_servers=of_servers) == steady(shown, of_servers=of_servers), (
                block.place,
                command,
            )
    return happened


def _of_one_file(told: Sequence[str]) -> None:
    assert "For this machine: Chat, Coder\n" in told[0]
    assert "Plan: 1 to create, 1 unchanged, 1 orphan" in told[1]
    assert re.match(
        r"Drift: nothing was changed on this machine\nmachine studio \(from ~/.config/mlxsm/machine\), tags big\n",
        told[3],
    )


def _of_a_pull_request(told: Sequence[str]) -> None:
    assert told[0].count("~ Chat\n      port  9080 -> 8080") == 3
    assert "Applied: 2 created." in told[1]


def _applied(told: Sequence[str]) -> None:
    assert "Applied: 2 created." in told[0]


CHECKS: dict[str, Callable[[Sequence[str]], None]] = {
    "one-file": _of_one_file,
    "pull-request": _of_a_pull_request,
    "stow": _applied,
    "bare": _applied,
}
"""What a page does not show, and a script of it must print."""


CONFLICTS = (REPOSITORY / "docs/conflicts.md").read_text()
KINDS = dict(re.findall(r"^\| \[`([\w-]+)`\]\(#([\w-]+)\)", CONFLICTS, re.MULTILINE))
"""The section of docs/conflicts.md on each kind."""


def _scenes_of_conflicts() -> Iterator[tuple[str, str]]:
    """Each scene in a section on kinds of conflicts, with the heading."""
    for section in CONFLICTS.split("\n## ")[1:]:
        heading = section.partition("\n")[0].lower().replace(",", "").replace(" ", "-")
        if heading in KINDS.values():
            yield from (
                (heading, found) for found in dict.fromkeys(re.findall(r"<!-- run: ([\w-]+) -->", section))
            )


def test_every_kind_of_conflict_has_its_section() -> None:
    assert set(KINDS) == set(get_args(ConflictKind))
    sections = Counter(heading for heading, _ in _scenes_of_conflicts())
    assert sections == Counter(KINDS.values())


@pytest.mark.parametrize(("heading", "scene"), [*_scenes_of_conflicts()])
def test_a_section_shows_the_kind_that_it_is_about(heading: str, scene: str, servers: Servers) -> None:
    shell = Shell(servers, {})
    SCENES[scene].begin(shell)
    first = next(block for block in blocks("docs/conflicts.md") if block.scene == scene)
    command, _ = next(steps(first.text))
    found = {one["kind"] for one in json.loads(shell.script(f"{command} --json"))["conflicts"]}
    assert len(found) == 1
    assert found <= {kind for kind, of in KINDS.items() if of == heading}


def only(page: str, begin: str) -> Block:
    """The block of a page whose mark or text begins so."""
    (found,) = (
        block for block in blocks(page) if begin in (block.mark[: len(begin)], block.text[: len(begin)])
    )
    return found


def _team(servers: Servers) -> Shell:
    shell = Shell(servers, {})
    shell.write(only("docs/team.md", "file: profiles.yaml"))
    return shell


def test_the_job_for_gitlab_does_what_it_says(servers: Servers) -> None:
    """The job of docs/team.md, without the installation."""
    shell = _team(servers)
    pull_request(shell)
    script = "\n".join(yaml.safe_load(only("docs/team.md", "mlxsm:").text)["mlxsm"]["script"])
    assert script.startswith('pip install --quiet "$MLXSM"\n')
    told = shell.script(script.partition("\n")[2], CI_MERGE_REQUEST_DIFF_BASE_SHA="origin/main")
    assert told.count("| `~` | `Chat` | update: `port 9080 -> 8080` |") == 3
    assert (servers.folder / "plan.md").read_text() in told
    assert "to create" in shell.script(script.partition("\n")[2], CI_MERGE_REQUEST_DIFF_BASE_SHA="nowhere")


def test_the_script_for_chezmoi_ends_well_where_a_conflict_is_left(servers: Servers) -> None:
    """What docs/team.md gives chezmoi, but for the hash in its comment."""
    shell = _team(servers)
    text = (servers.folder / "profiles.yaml").read_text()
    dotfiles(shell)
    place = Path(servers.environment["HOME"]) / ".config/mlxsm"
    place.mkdir(parents=True)
    (place / "profiles.yaml").write_text(text + "  - {name: Chat, modelID: m/b, port: 1}\n")
    shell.script(only("docs/team.md", "#!/bin/sh\n# profiles.yaml").text)
    assert len(servers.state["entries"]) == 1


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    text = re.sub(r"^```.*?^```$", "", (REPOSITORY / page).read_text(), flags=re.DOTALL | re.MULTILINE)
    for target, heading in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)", text):
        path = (REPOSITORY / page).parent / target if target else REPOSITORY / page
        assert path.exists(), target
        if heading:
            assert heading in anchors(path.read_text()), f"{target}#{heading}"


def anchors(text: str) -> set[str]:
    """The headings of a page as a forge links them."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
