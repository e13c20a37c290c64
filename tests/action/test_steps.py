"""The steps of action.yml as they stand there, in a real repository, against a stand-in of GitHub."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from testing.github_actions import Outcome, run_action
from testing.paths import REPOSITORY, STAND_IN_GITHUB

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-the-tests"
BOT = {"login": "github-actions[bot]", "id": 41898282, "type": "Bot"}
HEAD = "schemaVersion: 1\ncollection: team\n"
OLD = f"{HEAD}profiles:\n- {{name: A, modelID: m/a, host: 127.0.0.1, port: 1}}\n"
NEW = OLD.replace("port: 1", "port: 2")
BAD = OLD.replace("port: 1", "port: 1, colour: red")
TWICE = f"{OLD}- {{name: A, modelID: m/b, host: 127.0.0.1, port: 3}}\n"
MACHINES = f"{HEAD}machines: {{studio: {{}}, laptop: {{}}}}\nprofiles:\n"
MACHINES += "- {name: A, modelID: m/a, host: 127.0.0.1, port: 1}\n"
MACHINES += "- {name: B, modelID: m/b, host: 127.0.0.1, port: 2, on: [studio]}\n"
MARKER = "<!-- mlxsm-action file=profiles.yaml machine= collection=team -->"
PACKAGE = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "docs/mlxsm.1",
    "mlxsm_sync",
    "action.yml",
    ".github/action",
)


@dataclass
class Scene:
    """A repository, a stand-in of GitHub, and the environment that a job has."""

    folder: Path
    workspace: Path
    environment: dict[str, str]
    event: dict[str, Any] = field(default_factory=dict)
    url: str = ""

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=cwd or self.workspace,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done
        return done.stdout.strip()

    def commit(self, *texts: str | None, name: str = "profiles.yaml") -> list[str]:
        """One commit for each text of the file, which is deleted where there is none."""
        made = []
        for text in texts:
            path = self.workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text)
            self.git("add", "-A")
            self.git("commit", "-q", "--allow-empty", "-m", "One more")
            made.append(self.git("rev-parse", "HEAD"))
        return made

    def pull_request(self, base: str, head: str) -> None:
        self.event = {"pull_request": {"number": 7, "base": {"sha": base}, "head": {"sha": head}}}

    def between(self, old: str | None, new: str | None, **more: str) -> None:
        """A pull request from one text of the file to another."""
        self.pull_request(*self.commit(old, new, **more))

    def run(self, *, install: Path | None = None, **given: str) -> Outcome:
        event = self.folder / "event.json"
        event.write_text(json.dumps(self.event))
        inputs = {name.replace("_", "-"): value for name, value in given.items()}
        more = {"GITHUB_EVENT_PATH": str(event), "GITHUB_API_URL": self.url}
        more |= {"GITHUB_GRAPHQL_URL": f"{self.url}/graphql", "THE_TOKEN": TOKEN}
        path = install or REPOSITORY
        done = run_action(path, inputs, self.folder, self.environment | more, install=install is not None)
        assert TOKEN not in done.log + done.summary
        return done

    def seen(self) -> dict[str, Any]:
        with urlopen(f"{self.url}/seen", timeout=10) as answer:
            return dict(json.load(answer))

    def bodies(self) -> list[str]:
        return [one["body"] for one in self.seen()["comments"]]

    def asked(self, method: str) -> int:
        return sum(one[0] == method for one in self.seen()["requests"])


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A job in an empty repository; pip may need what the environment says of mirrors and certificates."""
    dropped = ("GIT_", "GITHUB_", "MLXSM_", "XDG_", "COV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    who = {
        f"GIT_{role}_{what}": "n@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    folders = {name: tmp_path / name for name in ("home", "workspace", "temp")}
    for folder in folders.values():
        folder.mkdir()
    job = {
        "HOME": str(folders["home"]),
        "RUNNER_TEMP": str(folders["temp"]),
        "GITHUB_WORKSPACE": str(folders["workspace"]),
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_RUN_ID": "12",
    }
    made = Scene(tmp_path, folders["workspace"], kept | who | alone | job)
    made.git("init", "-q", "-b", "main")
    return made


@pytest.fixture
def github(scene: Scene) -> Iterator[Callable[..., None]]:
    """Starts the stand-in, with settings."""
    started = []

    def start(**settings: Any) -> None:
        path = scene.folder / "settings.json"
        path.write_text(json.dumps({"token": TOKEN, "viewer": BOT} | settings))
        process = subprocess.Popen([sys.executable, str(STAND_IN_GITHUB), str(path)], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        scene.url = f"http://127.0.0.1:{int(process.stdout.readline())}"

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def comment(body: str, user: dict[str, Any], number: int = 5) -> dict[str, Any]:
    return {"id": number, "body": body, "user": user}


def test_it_installs_itself_and_writes_the_comment(scene: Scene, github: Callable[..., None]) -> None:
    github()
    here = scene.folder / "mlxsm"
    for name in PACKAGE:
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
        copy(REPOSITORY / name, here / name)
    scene.between(OLD, NEW)
    # What a pull request may put in the way of the Python that is run.
    for module in ("pip", "subprocess", "json", "mlxsm_sync"):
        (scene.workspace / f"{module}.py").write_text("raise SystemExit('code of the pull request')\n")
    first, second = scene.run(install=here), scene.run(install=here)
    assert (first.code, second.code) == (0, 0), first.log + second.log
    assert len(scene.bodies()) == 1
    assert "`port 1 -> 2`" in scene.bodies()[0]
    assert [path.name for path in (scene.folder / "temp").glob("mlxsm-action-*")] != []


def test_the_first_comment_and_the_outputs(scene: Scene, github: Callable[..., None]) -> None:
    github()
    scene.between(OLD, NEW)
    done = scene.run()
    assert done.code == 0, done.log
    (body,) = scene.bodies()
    assert body == f"{MARKER}\n{done.summary}"
    assert body.splitlines()[1] == "## mlxsm: `profiles.yaml`"
    assert "`port 1 -> 2`" in body
    plan = json.loads(Path(done.outputs["json"]).read_text())["machines"][0]["plan"]
    assert Path(done.outputs.pop("markdown")).read_text() == done.summary
    assert done.outputs.pop("json")
    assert done.outputs == {"changes": "1", "conflicts": "0", "deletes": "0", "digest": plan["digest"]}
    assert [done.told(level) for level in ("notice", "warning", "error")] == [[], [], []]


def test_the_comment_is_updated_and_there_is_no_second_one(scene: Scene, github: Callable[..., None]) -> None:
    github(page=2, comments=[comment("a", {"login": "p", "id": 1, "type": "User"}, n) for n in range(1, 6)])
    scene.between(OLD, NEW)
    scene.run()
    scene.event["pull_request"]["head"]["sha"] = scene.commit(NEW.replace("port: 2", "port: 3"))[0]
    done = scene.run()
    assert "Updated the comment." in done.log
    assert [body.startswith(MARKER) for body in scene.bodies()] == [*[False] * 5, True]
    assert "port 1 -> 3" in scene.bodies()[5]
    assert "The comment says it already." in scene.run().log
    assert [scene.asked(method) for method in ("POST", "PATCH", "GET")] == [1, 1, 9]


@pytest.mark.parametrize(
    "user",
    [
        {"login": "mallory", "id": 66, "type": "User"},
        {"login": "github-actions", "id": 67, "type": "User"},
        {"login": "other[bot]", "id": 68, "type": "Bot"},
        None,
    ],
)
@pytest.mark.parametrize("says_who", [True, False])
def test_the_comment_of_somebody_else_is_left_alone(
    scene: Scene, github: Callable[..., None], user: dict[str, Any] | None, says_who: bool
) -> None:
    theirs = comment(f"{MARKER}\nlooks fine", user)  # type: ignore[arg-type] - GitHub has null for who is gone
    github(comments=[theirs], says_who=says_who)
    scene.between(OLD, NEW)
    assert scene.run().code == scene.run().code == 0
    first, second = scene.seen()["comments"]
    assert first == theirs
    assert second["user"] == BOT
    assert second["body"].startswith(MARKER)


@pytest.mark.parametrize(
    "viewer", [{"login": "Me", "id": 9, "type": "User"}, BOT | {"login": "app[bot]", "id": 8}]
)
def test_every_kind_of_token_knows_its_own_comment(
    scene: Scene, github: Callable[..., None], viewer: dict[str, Any]
) -> None:
    github(viewer=viewer)
    scene.between(OLD, NEW)
    scene.run()
    scene.commit(BAD)
    scene.run()
    assert len(scene.bodies()) == 1
    assert "invalid" in scene.bodies()[0]


def test_a_marker_that_does_not_begin_the_comment_is_none(scene: Scene, github: Callable[..., None]) -> None:
    github(comments=[comment(f"> {MARKER}", BOT), comment(f"hm\n{MARKER}", BOT, 6)])
    scene.between(OLD, NEW)
    scene.run()
    assert len(scene.bodies()) == 3


@pytest.mark.parametrize("refused", [{"GET": 403}, {"GET": 404}, {"POST": 403}, {"POST": 404}])
def test_who_may_not_write_has_the_summary(
    scene: Scene, github: Callable[..., None], refused: dict[str, int]
) -> None:
    github(refused=refused)
    scene.between(OLD, NEW)
    done = scene.run()
    assert done.code == 0
    (notice,) = done.told("notice")
    assert "pull-requests: write" in notice
    assert "port 1 -> 2" in done.summary
    assert scene.bodies() == []


@pytest.mark.parametrize(
    "fault",
    [
        ["GET", 500, {}],
        ["GET", 429, {"Retry-After": "1"}],
        ["POST", 429, {"Retry-After": "0"}],
        ["POST", 403, {"X-RateLimit-Remaining": "0"}],
        ["POST", 502, {}],
        ["POST", 502, {}, True],
    ],
)
def test_a_passing_failure_is_tried_again_and_never_writes_twice(
    scene: Scene, github: Callable[..., None], fault: list[Any]
) -> None:
    github(faults=[fault])
    scene.between(OLD, NEW)
    done = scene.run()
    assert done.code == 0, done.log
    assert len(scene.bodies()) == 1
    assert done.told("warning") == done.told("notice") == []


def test_a_wrong_token_is_a_warning(scene: Scene, github: Callable[..., None]) -> None:
    github(token="another")
    scene.between(OLD, NEW)
    done = scene.run()
    assert done.code == 0
    assert "401: Bad credentials" in done.told("warning")[0]


def test_a_push_has_the_summary_alone(scene: Scene, github: Callable[..., None]) -> None:
    github()
    before, after = scene.commit(OLD, NEW)
    scene.event = {"before": before, "after": after}
    done = scene.run()
    assert done.code == 0
    assert "port 1 -> 2" in done.summary
    assert done.outputs["changes"] == "1"
    assert scene.seen()["requests"] == []


@pytest.mark.parametrize("text", [OLD, BAD])
def test_what_has_no_base_is_checked(scene: Scene, text: str) -> None:
    scene.commit(text)
    scene.event = {"before": "0" * 40}
    done = scene.run()
    assert done.code == (text == BAD)
    assert ("There is no older version" in done.summary) == (text == OLD)
    assert (done.outputs["changes"], done.outputs["json"]) == ("", "")


def test_nine_hundred_changes_fit_into_a_comment(scene: Scene, github: Callable[..., None]) -> None:
    github()
    line = "- {{name: 'Prófil 🦙 {0:04} with a name that is long', modelID: m/a{0}, host: 127.0.0.1, port: {1}}}\n"
    old, new = (
        f"{HEAD}profiles:\n" + "".join(line.format(n, start + n) for n in range(900))
        for start in (1000, 3000)
    )
    scene.between(old, new)
    done = scene.run()
    assert (done.code, done.outputs["changes"]) == (0, "900"), done.log
    (body,) = scene.bodies()
    assert len(body.encode()) <= 65_000
    assert body.startswith(f"{MARKER}\n## mlxsm: `profiles.yaml`\n\n")
    assert "Plan: 900 to update" in body[:500]
    assert body.count("<details>") == body.count("</details>")


HOSTILE = "`@team` | <!-- --> ::error:: $(touch x) ${{ github.token }} ##[add-mask]A"


def test_hostile_text_is_only_text(scene: Scene, github: Callable[..., None]) -> None:
    github()
    name = "a b;touch x;$(touch y) ${{ github.token }} --> `@team`.yaml"
    text = OLD.replace("name: A", f"name: '{HOSTILE[:60]}', notes: '{HOSTILE} ```` </details>'")
    scene.between(OLD, text.replace("team", "te--am"), name=name)
    done = scene.run(file=name)
    assert done.code == 0, done.log
    assert done.told("error") == []
    assert {path.name for path in scene.workspace.iterdir()} == {".git", name}
    (body,) = scene.bodies()
    head, _, rest = body.partition("\n")
    assert head.count("-->") == 1
    assert head.endswith(" -->")
    assert rest.startswith(f"## mlxsm: ``{name}``\n")
    scene.commit(text.replace("port: 1", f"port: '{HOSTILE}'"), name=name)
    done = scene.run(file=name)
    assert done.code == 1
    assert all(one.startswith((name, "a b;touch x")) for one in done.told("error")), done.log
    assert len(scene.bodies()) == 1


def test_an_invalid_file_is_annotated_and_told(scene: Scene, github: Callable[..., None]) -> None:
    github()
    scene.between(OLD, BAD)
    done = scene.run(comment="changes-only")
    assert done.code == 1
    problem, verdict = done.told("error")
    assert problem.startswith('profiles.yaml:4:53: the key "colour" is unknown')
    assert verdict.startswith("profiles.yaml: the file is invalid")
    (body,) = scene.bodies()
    assert body == f"{MARKER.replace('team', '')}\n{done.summary}"
    assert "**The file is invalid: 1 problem.**" in body
    assert 'profiles.yaml:4:53: the key "colour" is unknown' in body
    assert done.outputs["changes"] == done.outputs["digest"] == done.outputs["json"] == ""
    scene.commit(NEW)
    assert scene.run().code == 0
    assert [one.partition("\n")[0] for one in scene.bodies()] == [MARKER]


def test_a_broken_base_is_a_warning(scene: Scene, github: Callable[..., None]) -> None:
    github()
    scene.between(BAD, NEW)
    done = scene.run()
    assert (done.code, done.outputs["changes"]) == (0, "1")
    assert "the old version is broken" in done.told("warning")[0]
    assert "the old version is broken" in scene.bodies()[0]


def test_a_new_file_and_a_deleted_one(scene: Scene, github: Callable[..., None]) -> None:
    github()
    scene.between(None, OLD)
    done = scene.run(comment="false")
    assert (done.code, done.outputs["changes"]) == (0, "1")
    assert "The file is new" in done.summary
    scene.between(OLD, None)
    done = scene.run(comment="changes-only")
    assert (done.code, done.outputs["changes"]) == (0, ""), done.log
    assert "**The file is deleted.**" in scene.bodies()[0]
    assert scene.run(fail_on="changes").code == 1


def test_a_file_that_is_nowhere_is_invalid(scene: Scene) -> None:
    scene.between(None, None)
    done = scene.run(comment="false")
    assert done.code == 1
    assert "No such file" in done.told("error")[0]


@pytest.mark.parametrize("text", [OLD, NEW, TWICE, BAD], ids=["same", "changes", "conflicts", "invalid"])
def test_what_fails_the_run(scene: Scene, text: str) -> None:
    scene.between(OLD, text)
    codes = {
        one: scene.run(fail_on=one, comment="false").code
        for one in ("never", "invalid", "conflicts", "changes")
    }
    wrong = text in (BAD, TWICE)  # a file that contradicts itself is invalid, too
    changed = wrong or text == NEW
    assert codes == {"never": 0, "invalid": wrong, "conflicts": wrong, "changes": changed}


def test_conflicts_are_counted_and_told(scene: Scene, github: Callable[..., None]) -> None:
    github()
    scene.between(OLD, TWICE)
    done = scene.run()
    assert (done.code, done.outputs["conflicts"]) == (1, "2")
    assert "conflict" in scene.bodies()[0]


def test_which_comment_is_wanted(scene: Scene, github: Callable[..., None]) -> None:
    github()
    scene.between(OLD, OLD)
    scene.run(comment="false")
    assert scene.seen() == {"comments": [], "requests": []}
    assert "No comment: nothing changes." in scene.run(comment="changes-only").log
    assert scene.bodies() == []
    scene.commit(NEW)
    scene.run(comment="changes-only")
    scene.commit(OLD)
    scene.run(comment="changes-only")
    (body,) = scene.bodies()
    assert "nothing to do" in body
    done = scene.run(comment="maybe")
    assert (done.code, done.told("error")) == (
        1,
        ["the input comment is one of true, changes-only, false; it is 'maybe'"],
    )


def test_every_file_and_every_named_machine_has_a_comment(scene: Scene, github: Callable[..., None]) -> None:
    github()
    base, _ = scene.commit(OLD, MACHINES)
    scene.pull_request(base, scene.commit(NEW, name="b/p.yaml")[0])
    for given in ({}, {"machines": "studio"}, {"machines": "laptop"}, {"file": "b/p.yaml"}) * 2:
        assert scene.run(**given).code == 0
    heads = [body.partition("\n")[0] for body in scene.bodies()]
    machines = [MARKER.replace("machine=", f"machine={name}") for name in ("", "studio", "laptop")]
    assert heads == [*machines, MARKER.replace("profiles", "b/p")]


def test_the_plans_of_each_machine_are_added_up(scene: Scene) -> None:
    scene.between(None, MACHINES)
    done = scene.run(comment="false")
    assert (done.code, done.outputs["changes"]) == (0, "3"), done.log
    assert done.outputs["digest"].startswith("sha256:")
    one = scene.run(machines="laptop", comment="false")
    assert one.outputs["changes"] == "1"
    wrong = scene.run(machines="no\n::warning::body", comment="false")
    assert (wrong.code, wrong.told("warning")) == (1, [])
    assert "cannot name a machine" in wrong.told("error")[0]
    assert "**No plan could be made.**" in wrong.summary
    assert "no such machine" in scene.run(machines="nobody", comment="false").told("error")[0]
    scene.between(OLD, NEW)
    assert scene.run(machines="none", comment="false").outputs["changes"] == "1"


def test_a_shallow_clone_fetches_what_it_compares_with(scene: Scene) -> None:
    base, head = scene.commit(OLD, NEW)
    scene.pull_request(base, head)
    remote, shallow = scene.folder / "remote.git", scene.folder / "shallow"
    scene.git("clone", "-q", "--bare", str(scene.workspace), str(remote))
    scene.git("config", "uploadpack.allowAnySHA1InWant", "true", cwd=remote)
    scene.git("clone", "-q", "--depth=1", f"file://{remote}", str(shallow))
    scene.workspace = shallow
    scene.environment["GITHUB_WORKSPACE"] = str(shallow)
    done = scene.run(comment="false")
    assert (done.code, done.outputs["changes"]) == (0, "1"), done.log
    assert scene.git("rev-list", "--all", "--count") == "1"
    scene.event["pull_request"]["base"]["sha"] = "1" * 40
    done = scene.run(comment="false")
    assert done.code == 1
    assert "git fetch failed" in done.told("error")[0]
    assert "**No plan: the old version could not be read.**" in done.summary


def test_a_merge_is_compared_with_what_it_was_merged_into(scene: Scene) -> None:
    """The event's base is older, and what others have changed since is not this pull request's."""
    (base,) = scene.commit(OLD)
    scene.git("checkout", "-q", "-b", "topic")
    (head,) = scene.commit("x", name="notes")
    scene.git("checkout", "-q", "main")
    scene.commit(NEW)
    scene.git("merge", "-q", "--no-edit", "topic")
    scene.pull_request(base, head)
    assert scene.run(comment="false").outputs["changes"] == "0"
    assert scene.run(comment="false", base=base).outputs["changes"] == "1"
    assert scene.run(comment="false", base="topic").outputs["changes"] == "1"


@pytest.mark.parametrize("target", ["/etc/passwd", "../event.json", ".git/config"])
def test_a_link_out_of_the_workspace_is_refused(scene: Scene, target: str) -> None:
    scene.between(OLD, NEW)
    (scene.workspace / "profiles.yaml").unlink()
    (scene.workspace / "profiles.yaml").symlink_to(target)
    done = scene.run(comment="false")
    assert done.code == 1
    assert done.told("error") == [
        "the file must be in the workspace: 'profiles.yaml' is not, or is a link that leads out of it"
    ]


def test_links_within_the_repository_are_followed_on_both_sides(scene: Scene) -> None:
    scene.commit(OLD, name="team/p.yaml")
    (scene.workspace / "profiles.yaml").symlink_to("team/p.yaml")
    base, head = scene.commit("1", name="x"), scene.commit(NEW, name="team/p.yaml")
    scene.pull_request(base[0], head[0])
    assert scene.run(comment="false").outputs["changes"] == "1"
