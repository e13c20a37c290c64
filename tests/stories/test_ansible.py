"""The collection for Ansible: built, installed, and played against two homes of this machine, with the real Ansible."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

from testing.pages import blocks
from testing.paths import BIN, REPOSITORY
from testing.project import Project

pytestmark = pytest.mark.slow

COLLECTION = REPOSITORY / "docs/recipes/ansible"
ROLE = COLLECTION / "roles/profiles"
HOSTS = ("mini-1", "studio")
PLAY = "mlxsm.mlxsm.fleet"
PAGE = [*blocks("docs/recipes/ansible/README.md")]
"""What the collection's own page shows."""
CHAT, CODER, OTHER = (
    {"name": "Chat", "modelID": "m/chat", "port": 8080},
    {"name": "Coder", "modelID": "m/coder", "port": 8081},
    {"name": "Other", "modelID": "m/other", "port": 8082},
)


def profiles(*listed: dict[str, Any], collection: str = "fleet") -> str:
    return yaml.safe_dump({"schemaVersion": 1, "collection": collection, "profiles": [*listed]})


def call(*words: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What one of Ansible's programs says."""
    home = folder / "controller"
    home.mkdir(exist_ok=True)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "UV_", "SSL_", "REQUESTS_", "http"))
    }
    # Ansible insists on a locale that the system knows, and forks, which a Mac otherwise forbids.
    locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    own = {"HOME": str(home), "PATH": f"{BIN}:/usr/bin:/bin", "LANG": locale, "ANSIBLE_NOCOLOR": "1"}
    own |= {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}
    return subprocess.run(
        [*map(str, words)],
        cwd=folder,
        env=kept | own | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Where the collection is installed as its page says, from what is built of it; once for all workers."""
    base = tmp_path_factory.getbasetemp()
    # The parent is that of this run only where there are workers.
    shared = (base if worker_id == "master" else base.parent) / "ansible"
    with FileLock(f"{shared}.lock"):
        if not (shared / "done").exists():
            shutil.copytree(COLLECTION, shared)
            (script,) = (block.text for block in PAGE if block.language == "bash" and "build" in block.text)
            done = call("bash", "-euc", script, folder=shared)
            assert done.returncode == 0, done.stdout + done.stderr
            (shared / "done").touch()
    return shared / "controller/.ansible/collections"


@dataclass
class Played:
    """How a play ended."""

    told: str
    code: int

    def hosts(self, what: str) -> list[str]:
        """The hosts of which the recap counts something, such as what was changed."""
        return re.findall(rf"^([\w-]+) +: .*\b{what}=[1-9]", self.told, re.MULTILINE)

    @property
    def changed(self) -> list[str]:
        return sorted(self.hosts("changed"))

    @property
    def failed(self) -> list[str]:
        return sorted(self.hosts("failed"))


@dataclass
class Fleet:
    """Two homes of this machine as the machines of an inventory."""

    folder: Path
    collections: Path
    machines: dict[str, Project]

    def play(
        self,
        *words: str,
        playbook: str = PLAY,
        on: str = "macs",
        text: str | None = None,
        **variables: Any,
    ) -> Played:
        """Play the playbook of the collection, on one machine or on all; `text` is a profile file, else its own one."""
        given = {"mlxsm_install": False} | variables
        if text is not None:
            (self.folder / "given.yaml").write_text(text)
            given |= {"mlxsm_src": str(self.folder / "given.yaml")}
        inventory = self.folder / "inventory.yml"
        inventory.write_text(yaml.safe_dump(self._inventory()))
        (self.folder / "variables.yml").write_text(yaml.safe_dump(given))
        path = str(self.collections)
        play = (BIN / "ansible-playbook", playbook, "-i", inventory, "-l", on, "-e", "@variables.yml", *words)
        done = call(*play, folder=self.folder, ANSIBLE_COLLECTIONS_PATH=path)
        return Played(done.stdout + done.stderr, done.returncode)

    def _inventory(self) -> dict[str, Any]:
        """The machines, each with a home and a path of its own."""
        homes = {
            name: {"mlxsm_environment": dict(machine.environment)} for name, machine in self.machines.items()
        }
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        return {"macs": {"hosts": homes, "vars": local}}

    def files(self) -> dict[str, bytes]:
        """All files in both homes."""
        homes = [Path(machine.environment["HOME"]) for machine in self.machines.values()]
        return {str(path): path.read_bytes() for home in homes for path in home.rglob("*") if path.is_file()}

    def names(self, host: str) -> list[str]:
        """The profiles that a machine has."""
        listed = self.machines[host].run("list", "--json").json["entries"]
        return [entry["name"] for entry in listed]

    def have(self, host: str, text: str) -> None:
        """Let a machine have a profile file, applied."""
        path = self.placed(host)
        path.parent.mkdir(parents=True)
        path.write_text(text)
        assert self.machines[host].run("apply", "-f", str(path), "--yes").code == 0

    def placed(self, host: str) -> Path:
        return Path(self.machines[host].environment["HOME"]) / ".config/mlxsm/profiles.yaml"


@pytest.fixture
def fleet(tmp_path: Path, collections: Path) -> Fleet:
    machines = {}
    for name in HOSTS:
        home = tmp_path / name / "home"
        home.mkdir(parents=True)
        environment = {"HOME": str(home), "PATH": f"{BIN}:/usr/bin:/bin", "LANG": "C.UTF-8", "COLUMNS": "100"}
        machines[name] = Project(home.parent, environment)
    return Fleet(tmp_path, collections, machines)


def test_a_check_changes_nothing_a_play_does_and_another_one_has_nothing_to_do(fleet: Fleet) -> None:
    checked = fleet.play("--check", "--diff")
    assert (checked.code, checked.changed, fleet.files()) == (0, [*HOSTS], {})
    assert '"create Coder"' in checked.told
    assert "+    modelID: mlx-community/Qwen3-4B-4bit" in checked.told
    played = fleet.play()
    assert (played.code, played.changed) == (0, [*HOSTS]), played.told
    assert (fleet.names("studio"), fleet.names("mini-1")) == (["Chat", "Coder"], ["Chat"])
    called = fleet.machines["mini-1"].run("machine", "--json").json["machine"]
    assert (called["name"], called["from"]) == ("mini-1", "file")
    before = fleet.files()
    again = fleet.play()
    assert (again.code, again.changed, fleet.files()) == (0, [], before)
    assert '"nothing to do"' in again.told


def test_a_check_of_another_file_plans_that_file(fleet: Fleet) -> None:
    fleet.have("studio", profiles(CHAT, OTHER))
    before = fleet.files()
    new = profiles(CHAT | {"port": 9090})
    checked = fleet.play("--check", on="studio", text=new, mlxsm_prune=True, mlxsm_machine="")
    assert (checked.code, checked.changed) == (0, ["studio"]), checked.told
    assert {"update Chat", "delete Other"} <= {*re.findall(r'"(\w+ \w+)"', checked.told)}
    assert fleet.files() == before


def test_a_conflict_fails_with_its_ways_out_and_the_other_machine_goes_on(fleet: Fleet) -> None:
    machine = fleet.machines["mini-1"]
    machine.apply(profiles(CHAT | {"port": 9090}, collection="mine"))
    checked = fleet.play("--check", text=profiles(CHAT, CODER))
    assert (checked.failed, fleet.placed("mini-1").exists()) == (["mini-1"], False)
    played = fleet.play(text=profiles(CHAT, CODER))
    assert (played.code, played.failed, fleet.names("studio")) == (2, ["mini-1"], ["Chat", "Coder"])
    owners = {entry["profile"]["name"]: entry["owner"] for entry in machine.state["entries"]}
    assert owners == {"Chat": "mine", "Coder": "fleet"}, "what is in no conflict is applied"
    assert '\nChat: its name is taken by "Chat" (owner mine)\n' in played.told
    (remedy,) = re.findall(r"^  (mlxsm apply .*--rename .*)$", played.told, re.MULTILINE)
    assert machine.run(*shlex.split(remedy)[1:], "--yes").code == 0
    assert machine.run("plan", "-f", str(fleet.placed("mini-1")), "--detailed-exitcode").code == 0


def test_a_playbook_of_ones_own_with_answers(fleet: Fleet) -> None:
    (playbook,) = (block.text for block in PAGE if block.language == "yaml")
    (fleet.folder / "own.yml").write_text(playbook)
    fleet.machines["mini-1"].apply(profiles(CHAT | {"port": 9090}, collection="mine"))
    given = {"playbook": "own.yml", "on": "mini-1", "text": profiles(CHAT)}
    played = fleet.play(**given, mlxsm_answers=["--skip", "Chat"])
    assert (played.code, fleet.names("mini-1")) == (0, ["Chat"]), played.told


def test_where_it_is_strict_a_conflict_leaves_a_machine_as_it_is(fleet: Fleet) -> None:
    fleet.machines["mini-1"].apply(profiles(CHAT | {"port": 9090}, collection="mine"))
    played = fleet.play(on="mini-1", text=profiles(CHAT, CODER), mlxsm_strict=True)
    assert (played.code, played.failed) == (2, ["mini-1"])
    assert (fleet.names("mini-1"), fleet.placed("mini-1").exists()) == (["Chat"], False)


def test_a_broken_file_is_told_with_line_and_column_and_takes_the_place_of_none(fleet: Fleet) -> None:
    fleet.have("studio", profiles(CHAT))
    before = fleet.files()
    broken = "schemaVersion: 1\ncollection: fleet\nprofiles:\n- {name: Chat, modelID: m/chat, port: none}\n"
    played = fleet.play(on="studio", text=broken, mlxsm_machine="")
    assert (played.code, played.failed, fleet.files()) == (2, ["studio"], before)
    assert f"\n{fleet.placed('studio')}:4:39: port must be " in played.told, played.told


def test_what_the_file_no_longer_lists_goes_where_that_is_said(fleet: Fleet) -> None:
    fleet.have("studio", profiles(CHAT, CODER, OTHER))
    kept = fleet.play(on="studio", text=profiles(CHAT, CODER))
    assert '"Other is no longer listed; mlxsm_prune deletes it"' in kept.told
    assert fleet.names("studio") == ["Chat", "Coder", "Other"]
    pruned = fleet.play(on="studio", text=profiles(CHAT, CODER), mlxsm_prune=True)
    assert (pruned.changed, fleet.names("studio")) == (["studio"], ["Chat", "Coder"])
    # Everything at once needs another word, and nothing is deleted without it.
    refused = fleet.play(on="studio", text=profiles(), mlxsm_prune=True)
    assert (refused.failed, "add --force" in refused.told) == (["studio"], True)
    assert fleet.names("studio") == ["Chat", "Coder"]


def test_a_file_that_is_there_already_is_used_with_a_state_of_its_own(fleet: Fleet) -> None:
    machine = fleet.machines["studio"]
    home = Path(machine.environment["HOME"])
    machine.write(profiles(CHAT), "checkout.yaml")
    given = {"mlxsm_src": "", "mlxsm_dest": "~/../checkout.yaml", "mlxsm_state": str(home / "state.json")}
    played = fleet.play(on="studio", **given)
    assert (played.code, (home / "state.json").exists()) == (0, True), played.told
    assert not machine.state_path.exists()
    assert not fleet.placed("studio").exists()


def test_the_text_may_stand_in_the_inventory(fleet: Fleet) -> None:
    played = fleet.play(on="studio", mlxsm_src="", mlxsm_content=profiles(CHAT))
    assert played.code == 0, played.told
    assert fleet.placed("studio").read_text() == profiles(CHAT)


def test_what_each_machine_says_of_itself_comes_to_the_controller(fleet: Fleet) -> None:
    """Also from one on which something is left to decide."""
    fleet.machines["mini-1"].apply(profiles(CHAT | {"port": 9090}, collection="mine"))
    folder = fleet.folder / "status"
    played = fleet.play(text=profiles(CHAT), mlxsm_status_folder=str(folder))
    assert (played.code, played.failed) == (2, ["mini-1"]), played.told
    told = {path.name: json.loads(path.read_text()) for path in folder.iterdir()}
    assert {name: (one["machine"]["name"], one["plan"]["status"]) for name, one in told.items()} == {
        "mini-1.json": ("mini-1", "conflict"),
        "studio.json": ("studio", "in-step"),
    }
    assert told["studio.json"]["file"]["path"] == str(fleet.placed("studio"))
    again = fleet.play(on="studio", text=profiles(CHAT), mlxsm_status_folder=str(folder))
    assert (again.code, again.changed) == (0, []), "a status is no change"


# Installing


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree; without isolation, since the build backend is in the dev extra."""
    folder = tmp_path_factory.mktemp("wheel")
    words = ("build", "--no-isolation", "-w", "-o", folder, REPOSITORY)
    done = call(sys.executable, "-m", *words, folder=folder)
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.mark.parametrize("installer", ["uv", "pipx"])
def test_it_is_installed_once_with_either_tool(fleet: Fleet, wheel: Path, installer: str) -> None:
    tools = fleet.folder / "tools"
    tools.mkdir()
    (tools / installer).symlink_to(BIN / installer)
    version = wheel.name.split("-")[1]
    machine = fleet.machines["studio"]
    home = Path(machine.environment["HOME"])
    machine.environment |= {
        "PATH": f"{home}/.local/bin:{tools}:/usr/bin:/bin",
        "UV_PYTHON": sys.executable,
        "PIPX_DEFAULT_PYTHON": sys.executable,
    }
    given = {"mlxsm_install": True, "mlxsm_installer": installer, "mlxsm_source": str(wheel)}
    checked = fleet.play("--check", on="studio", **given)
    assert (checked.code, checked.changed, fleet.files()) == (0, ["studio"], {})
    assert f"{wheel} would be installed with {installer}; without it there is no plan" in checked.told
    played = fleet.play(on="studio", **given, mlxsm_version=version)
    assert played.code == 0, played.told
    assert (home / ".local/bin/mlxsm").exists()
    assert fleet.names("studio") == ["Chat", "Coder"]
    again = fleet.play(on="studio", **given, mlxsm_version=version)
    assert (again.code, again.changed) == (0, [])


def test_a_source_that_has_another_version_than_was_asked_for_fails(fleet: Fleet, wheel: Path) -> None:
    given = {"mlxsm_install": True, "mlxsm_source": str(wheel), "mlxsm_version": "9.9.9"}
    fleet.machines["studio"].environment["UV_PYTHON"] = sys.executable
    played = fleet.play(on="studio", **given)
    assert (played.code, played.failed, fleet.placed("studio").exists()) == (2, ["studio"], False)


# What it is made of


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    copy = folder / "ansible_collections/mlxsm/mlxsm"
    return call(
        *(BIN / "ansible-lint", "--offline", "--nocolor", "--project-dir", copy),
        folder=copy,
        ANSIBLE_COLLECTIONS_PATH=str(folder),
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with a copy of the collection, where Ansible looks for one."""
    shutil.copytree(COLLECTION, tmp_path / "ansible_collections/mlxsm/mlxsm")
    return tmp_path


def test_the_linter_has_nothing_to_say_under_its_strictest_profile(copied: Path) -> None:
    done = lint(copied)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Profile 'production' was required, and it passed" in done.stderr


def test_the_linter_finds_a_careless_task(copied: Path) -> None:
    tasks = copied / "ansible_collections/mlxsm/mlxsm/roles/profiles/tasks/apply.yml"
    tasks.write_text(f"{tasks.read_text()}\n- shell: mlxsm apply --yes\n")
    done = lint(copied)
    assert done.returncode != 0
    assert {"name[missing]", "no-changed-when", "fqcn[action-core]"} <= {
        *re.findall(r"^([\w-]+(?:\[[\w-]+\])?): ", done.stdout + done.stderr, re.MULTILINE)
    }


def test_every_variable_is_described_with_the_default_that_it_has(collections: Path, tmp_path: Path) -> None:
    words = ("-t", "role", "--json", "mlxsm.mlxsm.profiles")
    path = {"ANSIBLE_COLLECTIONS_PATH": str(collections)}
    done = call(BIN / "ansible-doc", *words, folder=tmp_path, **path)
    assert done.returncode == 0, done.stderr
    options = yaml.safe_load(done.stdout)["mlxsm.mlxsm.profiles"]["entry_points"]["main"]["options"]
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    assert {name: option["default"] for name, option in options.items()} == defaults
    table = re.findall(r"^\| `(mlxsm_\w+)`", (ROLE / "README.md").read_text(), re.MULTILINE)
    assert table == [*defaults]


def test_the_example_is_a_good_profile_file(fleet: Fleet) -> None:
    machine = fleet.machines["studio"]
    assert machine.run("validate", str(COLLECTION / "playbooks/files/profiles.yaml")).code == 0
    inventory = yaml.safe_load((COLLECTION / "playbooks/inventory/macs.yml").read_text())
    assert {*inventory["macs"]["hosts"]} == {*HOSTS}
