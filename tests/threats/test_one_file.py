"""One file is one file, however it is called: every output of every command, against all that must stay."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from mlxsm_sync.cli import cli
from mlxsm_sync.cli.file_names import FileName
from mlxsm_sync.cli.group import COMMANDS
from mlxsm_sync.files.file_identity import fold_of
from testing import in_process
from testing.ledger import Tally
from testing.programs import like_darwin
from testing.project import Project
from testing.tracing import needed

ONE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: %d}]\n"
WORDS: dict[str, tuple[str, ...]] = {
    "plan": (),
    "apply": ("--yes",),
    "import": ("document.json", "--yes"),
    "export": ("--yes",),
    "validate": ("profiles.yaml", "document.json"),
    "connect": ("A",),
    "adopt": ("A",),
    "forget": ("A",),
    "remove": ("A", "--yes"),
    "rollback": ("--yes",),
    "restore": ("--yes",),
    "pull": ("--all", "--yes"),
    "init": ("-f", "new.yaml"),
    "run": ("A",),
    "up": ("--dry-run",),
}
"""What a command needs to do its work; the others need nothing."""
READS_NO_FILE = {"export"}
"""May make a profile file anew."""


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command is not None}


def outputs() -> Iterator[tuple[str, str]]:
    """Every option of every command that names a file to write."""
    for name, command in commands().items():
        for parameter in command.params:
            if isinstance(parameter.type, FileName) and parameter.type.use in ("write", "export"):
                for option in parameter.opts:
                    yield name, option


OUTPUTS = [*outputs()]


def test_every_file_on_a_command_line_is_looked_at() -> None:
    """A file that is named in another way could be anything."""
    for name, command in commands().items():
        for parameter in command.params:
            told = f"{name}: {parameter.opts} is no FileName"
            is_path = parameter.metavar is not None and parameter.metavar.strip("[].") in (
                "PATH",
                "FILE",
                "PLAN",
                "DIR",
            )
            assert not is_path or isinstance(parameter.type, FileName), told
            assert type(parameter.type) is not click.Path, told
            assert not isinstance(parameter.type, click.File), told


@pytest.fixture
def full(project: Project) -> Project:
    """A project with everything that no output may take the place of."""
    for number in (1, 2):
        project.write(ONE % number)
        assert in_process.run(project, "apply", "--yes").code == 0
        assert in_process.run(project, "apply", "--yes", "--state", "own/named.json").code == 0
    project.write(ONE % 3)
    imported = {"name": "B", "modelID": "m/b", "host": "127.0.0.1", "port": 9}
    project.write(json.dumps({"schemaVersion": 1, "app": "x", "profiles": [imported]}), "document.json")
    assert in_process.run(project, "plan", "--out", "saved.plan").code == 0
    (project.folder / "models.json").write_text("[]")
    folder = project.state_path.parent
    for name in ("run/0123456789abcdef.json", "logs/0123456789abcdef.log"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("{}")
    config = project.folder / "home/.config/mlxsm/profiles.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(ONE % 4)
    return project


def protected(project: Project, command: str) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """What must stay, there already or not, and the words that make it something of this command."""
    folder, here = project.state_path.parent, project.folder
    yield project.state_path, ()
    for name in (
        "state.json.lock",
        "history/state.json.00000001.json",
        "history/new",
        "run/0123456789abcdef.json",
    ):
        yield folder / name, ()
    for name in (
        "logs/0123456789abcdef.log",
        "run/ffffffffffffffff.json",
        "app-0123456789ab.json",
        "anything",
    ):
        yield folder / name, ()
    yield here / "home/Library/Application Support/MLX Server Manager/models.json", ()
    takes = {option for one in commands()[command].params for option in one.opts}
    if "--state" in takes:
        for name in (
            "named.json",
            "named.json.lock",
            "history/named.json.00000000.json",
            "run-named/x.json",
            "logs-named/x",
        ):
            yield here / "own" / name, ("--state", "own/named.json")
        for name in ("new.json", "new.json.lock", "history/x", "run-new/x.json"):
            yield here / "other" / name, ("--state", "other/new.json")
        yield here / "models.json", ("--state", "app:models.json")
        yield here / "apps/new.json", ("--state", "app:apps/new.json")
    if command not in READS_NO_FILE:
        yield here / "profiles.yaml", ()
        yield here / "mlxsm.yaml", ()  # not there yet, and would be used from then on
        yield here / "home/.config/mlxsm/profiles.yaml", ()
        if "--file" in takes:
            yield here / "document.json", ("-f", "document.json")
            yield here / "absent.yaml", ("-f", "absent.yaml")
    if command in ("import", "validate"):
        yield here / "document.json", ()
    if command == "apply":
        yield here / "saved.plan", ("saved.plan",)


def spellings(project: Project, path: Path) -> Iterator[str]:
    """Other ways to say a path, made where they need something."""
    here, links = project.folder, project.folder / "links"
    links.mkdir(exist_ok=True)
    relative = os.path.relpath(path, here)
    yield str(path)
    yield relative
    yield f"./{relative}"
    yield f"//{here}//{relative}"
    yield f"links/../{relative}"
    yield f"/proc/self/cwd/{relative}"
    yield f"/proc/{os.getpid()}/root{path}"
    if path.is_relative_to(here / "home"):
        yield f"~/{path.relative_to(here / 'home')}"
    link = links / "file"
    link.unlink(missing_ok=True)
    link.symlink_to(path)
    yield "links/file"
    link.unlink()
    link.symlink_to(os.path.relpath(path, links))
    yield "links/file"
    folder = links / "folder"
    folder.unlink(missing_ok=True)
    folder.symlink_to(path.parent.parent)
    yield f"links/folder/{path.parent.name}/{path.name}"
    if path.exists():
        hard = links / "hard"
        hard.unlink(missing_ok=True)
        hard.hardlink_to(path)
        yield "links/hard"
        with path.open("rb") as file:
            yield f"/dev/fd/{file.fileno()}"
            yield f"/proc/self/fd/{file.fileno()}"


def tree(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything in a folder but the links that are only ways to it."""
    return {
        str(path): (about.st_ino, about.st_mode, path.read_bytes() if stat.S_ISREG(about.st_mode) else b"")
        for path in folder.rglob("*")
        if "links" not in path.parts
        for about in (path.lstat(),)
    }


@pytest.mark.parametrize(("command", "option"), OUTPUTS)
def test_no_output_takes_the_place_of_what_must_stay(
    full: Project, command: str, option: str, tally: Tally
) -> None:
    before = tree(full.folder)
    for path, words in protected(full, command):
        for out in spellings(full, path):
            needs = () if words[:1] == ("saved.plan",) else WORDS.get(command, ())
            done = in_process.call([command, *needs, option, out, *words], full.folder, full.environment)
            where = f"{command} {option} {out} {words}: {done}"
            assert done.code == 64, where
            assert "is what this command reads, or belongs to it" in done.err, where
            tally.add(outputs=1)
        assert tree(full.folder) == before, (command, option, path, words)


@contextmanager
def apfs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Names are found whatever their case and form, as `like_darwin` does it for a command."""
    with monkeypatch.context() as patch:
        for name in like_darwin.ONE_PATH:
            patch.setattr(os, name, like_darwin.spelled(getattr(os, name)))
        for name in like_darwin.TWO_PATHS:
            patch.setattr(os, name, like_darwin.spelled(getattr(os, name), 2))
        patch.setattr("builtins.open", like_darwin.spelled(open))
        patch.setattr("io.open", like_darwin.spelled(open))
        fold_of.cache_clear()  # a folder is asked once in a process
        yield
    fold_of.cache_clear()


@pytest.mark.parametrize(("command", "option"), OUTPUTS)
def test_case_and_form_of_a_name_make_no_other_file_where_the_disk_says_so(
    full: Project, command: str, option: str, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    full.write(ONE % 1, "préfixé.yaml")
    before = tree(full.folder)
    for path, words in protected(full, command):
        swapped = full.folder / str(path.relative_to(full.folder)).swapcase()
        for out in (path.with_name(path.name.upper()), swapped):
            needs = () if words[:1] == ("saved.plan",) else WORDS.get(command, ())
            with apfs(monkeypatch):
                done = in_process.call(
                    [command, *needs, option, str(out), *words], full.folder, full.environment
                )
            assert done.code == 64, f"{command} {option} {out} {words}: {done}"
            tally.add(outputs=1)
        assert tree(full.folder) == before
    if "--file" in {one for parameter in commands()[command].params for one in parameter.opts}:
        for name in ("préfixé.yaml", "PRÉFIXÉ.yaml", "absent-é.yaml"):
            out = unicodedata.normalize("NFD", name)
            with apfs(monkeypatch):
                words = [command, *WORDS.get(command, ()), option, out, "-f", name.lower()]
                done = in_process.call(words, full.folder, full.environment)
            assert done.code == 64, f"{words}: {done}"


def test_two_spellings_are_two_files_where_the_disk_says_so(full: Project) -> None:
    """On a file system that tells case, as on Linux, there is no reason to refuse."""
    for words in (
        ("plan", "--out", "PROFILES.YAML"),
        ("plan", "--json-out", "Profiles.yaml"),
        ("import", "document.json", "--yes", "--json-out", "DOCUMENT.JSON"),
        ("plan", "--state", "own/named.json", "--out", "own/Named.json"),
    ):
        done = in_process.run(full, *words)
        assert done.code == 0, done
        assert (full.folder / words[-1]).is_file()
    assert (full.folder / "profiles.yaml").read_text() == ONE % 3


@pytest.mark.parametrize("first", ["x", "./x", "links/file", "/dev/fd/../../self/cwd/x"])
def test_two_outputs_of_one_command_are_two_files(full: Project, first: str) -> None:
    (full.folder / "links").mkdir()
    (full.folder / "links/file").symlink_to("../x")
    for order in (("--out", first, "--json-out", "x"), ("--json-out", "x", "--out", first)):
        done = in_process.run(full, "plan", *order)
        assert done.code == 64
        assert "name one file" in done.err
        assert not (full.folder / "x").exists()
    assert in_process.run(full, "plan", "--out", "/dev/null", "--json-out", "/dev/null").code == 0


def test_what_comes_by_standard_input_is_no_output(full: Project) -> None:
    for line in (
        "mlxsm plan -f - --out document.json < document.json",
        "mlxsm plan -f - --json-out ./profiles.yaml < profiles.yaml",
        "mlxsm import - --yes --json-out document.json < document.json",
        "mlxsm plan -f /dev/stdin --out document.json < document.json",
    ):
        before = tree(full.folder)
        done = full.shell(line)
        assert done.code == 64, done
        assert tree(full.folder) == before


def test_a_new_profile_file_takes_the_place_of_no_state(project: Project) -> None:
    for path in ("~/.local/state/mlxsm/state.json", "~/.local/state/mlxsm/run/x.json"):
        assert in_process.run(project, "init", "-f", path).code == 64
    assert in_process.run(project, "init", "-f", "s.json", "--state", "s.json").code == 64
    assert [path.name for path in project.folder.iterdir()] == ["home"]
    assert [*(project.folder / "home").iterdir()] == []


@pytest.mark.linux("a mount of its own for one command")
def test_a_second_mount_of_a_folder_is_the_same_folder(full: Project, tally: Tally) -> None:
    script = """
    mkdir -p second file && mount --bind . second && touch file/one && mount --bind profiles.yaml file/one || exit 90
    mount --bind "$HOME/.local/state/mlxsm/history/state.json.00000001.json" second/file/one || exit 91
    for out in second/profiles.yaml second/home/.local/state/mlxsm/state.json second/home/.local/state/mlxsm/new \\
        second/own/named.json file/one second/mlxsm.yaml; do
        mlxsm plan --out "$out" --state own/named.json > log 2>&1; echo "$? $out"
        mlxsm list --json-out "$out" --state own/named.json > log 2>&1; echo "$? $out"
    done
    """
    kept = {path: path.read_bytes() for path in full.folder.rglob("*") if path.is_file()}
    done = subprocess.run(
        [needed("unshare", "util-linux"), "-rm", "sh", "-c", script],
        cwd=full.folder,
        env=full.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    codes = [line.split()[0] for line in done.stdout.splitlines()]
    assert codes == ["64"] * 12, done.stdout
    assert {path: path.read_bytes() for path in kept} == kept
    tally.add(outputs=12)
