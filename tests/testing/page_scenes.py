"""What is there before the commands of a page are typed, by the scene that the page names."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from testing.models import put_into_cache
from testing.pages import Shell
from testing.paths import REPOSITORY

QWEN, CODER = "mlx-community/Qwen3-4B-4bit", "mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit"
THE_APP = REPOSITORY / "tests/stories/scenarios/the-mac-app"
SCENES: dict[str, Scene] = {}


@dataclass(frozen=True)
class Scene:
    """How a scene begins, and what of it differs from run to run."""

    begin: Callable[[Shell], None]
    ports: Sequence[str] = ()
    """Ports of the page that something listens on: others take their place."""

    @property
    def has_servers(self) -> bool:
        return bool(self.ports)


def scene(*ports: str) -> Callable[[Callable[[Shell], None]], Callable[[Shell], None]]:
    """Register a scene under its name, with hyphens."""

    def register(begin: Callable[[Shell], None]) -> Callable[[Shell], None]:
        SCENES[begin.__name__.replace("_", "-")] = Scene(begin, ports)
        return begin

    return register


def profile(name: str, port: int, model: str = QWEN, **more: Any) -> dict[str, Any]:
    return {"name": name, "modelID": model, "host": "127.0.0.1", "port": port} | more


def write(shell: Shell, name: str, *profiles: dict[str, Any], collection: str = "mine") -> None:
    """A profile file as people write it."""
    content = {"schemaVersion": 1, "collection": collection, "profiles": [*profiles]}
    text = yaml.safe_dump(content, sort_keys=False)
    shell.project.write(shell.here(text), name)


def apply(shell: Shell, name: str, *profiles: dict[str, Any], collection: str = "mine") -> None:
    write(shell, name, *profiles, collection=collection)
    done = shell.project.run("apply", "-f", name, "--yes")
    assert done.code == 0, done.err


def change(shell: Shell, name: str, **fields: Any) -> None:
    """Change a profile as another program on this machine does."""

    def edit(state: Any) -> None:
        for entry in state["entries"]:
            if entry["profile"]["name"] == name:
                entry["profile"] |= fields

    shell.project.edit_state(edit)


def git(shell: Shell, *words: str) -> None:
    subprocess.run(
        ["git", *words],
        cwd=shell.project.folder,
        env=shell.project.environment,
        check=True,
        capture_output=True,
    )


def with_git(shell: Shell) -> None:
    shell.project.environment |= {
        f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }


# docs/team.md


@scene()
def one_file(shell: Shell) -> None:
    """The page's own file is all."""


@scene()
def pull_request(shell: Shell) -> None:
    """A clone on a branch, of which the file differs from that of origin/main."""
    with_git(shell)
    path = shell.project.folder / "profiles.yaml"
    new = path.read_text()
    shell.project.write(new.replace("port: 8080", "port: 9080"))
    git(shell, "init", "-q", "-b", "main")
    git(shell, "add", "profiles.yaml")
    git(shell, "commit", "-q", "-m", "Begin")
    git(shell, "update-ref", "refs/remotes/origin/main", "HEAD")
    shell.project.write(new)


@scene()
def two_files(shell: Shell) -> None:
    (shell.project.folder / "team").mkdir()
    text = (shell.project.folder / "profiles.yaml").read_text()
    shell.project.write(text.replace("laptop:", '"*": {}'), "team/profiles.yaml")
    write(shell, "mine.yaml", profile("Mine", 9000, "mlx-community/x"))


def dotfiles(shell: Shell) -> None:
    with_git(shell)
    shell.project.environment["MLXSM_MACHINE"] = "studio"


@scene()
def stow(shell: Shell) -> None:
    dotfiles(shell)


@scene()
def bare(shell: Shell) -> None:
    dotfiles(shell)


# docs/conflicts.md


@scene()
def name_taken(shell: Shell) -> None:
    apply(shell, "mine.yaml", profile("Qwen3 4B", 8080))
    write(shell, "team.yaml", profile("Qwen3 4B", 9090), collection="team")


@scene()
def identity_taken(shell: Shell) -> None:
    apply(shell, "mine.yaml", profile("Qwen", 8080))
    write(shell, "team.yaml", profile("Chat", 8080), collection="team")


@scene()
def duplicates(shell: Shell) -> None:
    write(shell, "profiles.yaml", profile("Chat", 8080), profile("Chat", 9090, CODER))


@scene()
def twins(shell: Shell) -> None:
    write(shell, "profiles.yaml", profile("Chat", 8080), profile("Draft", 8080))


@scene()
def drift(shell: Shell) -> None:
    apply(shell, "profiles.yaml", profile("Chat", 8080), profile("Coder", 8081, CODER))
    change(shell, "Chat", port=8088)


@scene()
def other_file(shell: Shell) -> None:
    (shell.project.folder / "old").mkdir()
    apply(shell, "old/profiles.yaml", profile("Chat", 8080), collection="default")
    write(shell, "profiles.yaml", profile("Chat", 9090), collection="default")


@scene()
def several_in_the_way(shell: Shell) -> None:
    apply(shell, "mine.yaml", profile("Chat", 8080), profile("Coder", 8081, CODER))
    write(shell, "team.yaml", profile("Chat", 8081, CODER), collection="team")


@scene()
def two_for_one(shell: Shell) -> None:
    apply(shell, "mine.yaml", profile("Chat", 8080))
    write(shell, "team.yaml", profile("Chat", 9090), profile("Draft", 8080), collection="team")


@scene()
def new_name_taken(shell: Shell) -> None:
    apply(shell, "mine.yaml", profile("Chat", 8080), profile("Coder", 8081, CODER))
    write(shell, "team.yaml", profile("Chat", 9090), collection="team")


@scene()
def prune(shell: Shell) -> None:
    apply(shell, "profiles.yaml", profile("Chat", 8080), profile("Coder", 8081, CODER))
    write(shell, "profiles.yaml", profile("Chat", 8080))


@scene()
def many_deletions(shell: Shell) -> None:
    all_ = [profile(f"Chat {n}", 8080 + n) for n in range(12)]
    apply(shell, "profiles.yaml", *all_)
    write(shell, "profiles.yaml", *all_[:6])


@scene()
def new_collection(shell: Shell) -> None:
    apply(shell, "profiles.yaml", profile("Chat", 8080), collection="default")
    write(shell, "profiles.yaml", profile("Chat", 8080, enableThinking=False))


# docs/exit-codes.md


@scene()
def exit_codes(shell: Shell) -> None:
    write(shell, "profiles.yaml", profile("Chat", 8080))
    write(shell, "clash.yaml", profile("Chat", 9090), collection="team")


# docs/running-servers.md, docs/recipes.md, docs/faq.md


@scene("8080", "8081")
def servers(shell: Shell) -> None:
    """Two profiles that are applied, on ports of the page."""
    write(shell, "profiles.yaml", profile("Qwen", 8080), profile("Coder", 8081, CODER))


@scene("8080")
def one_in_the_place_of_another(shell: Shell) -> None:
    apply(shell, "profiles.yaml", profile("Qwen", 8080), profile("Coder", 8080, CODER))


@scene("8080", "8081", "8082")
def open_to_others(shell: Shell) -> None:
    def raw(*words: str) -> dict[str, list[str]]:
        return {"rawExtraArgs": [*words]}

    apply(
        shell,
        "profiles.yaml",
        profile("Open", 8080, host="0.0.0.0"),
        profile("Coder", 8081, CODER, advancedLaunchOptions=raw("--trust-remote-code")),
        profile("New", 8082, "mlx-community/new", advancedLaunchOptions=raw("--some-new-option")),
    )


@scene()
def big_models(shell: Shell) -> None:
    """The cache of the hub has models of these sizes, with nothing but a header in them."""
    gemma = "mlx-community/gemma-3-12b-it-4bit"
    coder = {"context": 65536, "advancedLaunchOptions": {"promptCacheBytes": 4_000_000_000}}
    apply(
        shell,
        "profiles.yaml",
        profile("Qwen3 4B", 8080),
        profile("Coder", 8081, CODER, **coder),
        profile("Gemma", 8082, gemma),
        profile("Not here", 8083, "mlx-community/not-here"),
    )
    put_into_cache(Path(shell.project.environment["HOME"]))


@scene()
def flags_as_keys(shell: Shell) -> None:
    """A file by somebody who knows the flags of the server."""
    more: dict[str, Any] = {"temp": 0.2, "max-tokens": 4096, "draft-model": "mlx-community/Qwen3-0.6B-4bit"}
    write(shell, "profiles.yaml", profile("Qwen", 8080, **more))


@scene()
def habits(shell: Shell) -> None:
    """Any folder."""


@scene()
def after_0_1(shell: Shell) -> None:
    """What version 0.1 has left of two profiles."""
    earlier, home = REPOSITORY / "tests/stories/version_0_1", Path(shell.project.environment["HOME"])
    for path in (earlier / "state.json", *earlier.glob("history/state*"), earlier / "profiles.yaml"):
        outside = path.suffix == ".yaml"
        target = (
            shell.project.folder
            if outside
            else home / ".local/state/mlxsm" / path.parent.relative_to(earlier)
        )
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = path.read_text().replace("@FOLDER@", str(shell.project.folder)).replace("@PORT@", "18461")
        (target / path.name).write_text(text)


@scene("8080", "8081")
def supervisor(shell: Shell) -> None:
    """The page's own files are all."""


# docs/documents.md, docs/mac-app.md, README.md


def _document(shell: Shell) -> None:
    with_git(shell)
    text = json.loads((THE_APP / "MLXServerManager-Profiles.json").read_text())
    text["profiles"] = text["profiles"][:2]  # the third has a model on somebody's disk
    shell.project.write(json.dumps(text), "MLXServerManager-Profiles.json")


def _list(shell: Shell) -> Path:
    with_git(shell)
    place = Path(shell.project.environment["HOME"]) / "Library/Application Support/MLX Server Manager"
    place.mkdir(parents=True)
    shutil.copy(THE_APP / "models.json", place)
    return place / "models.json"


@scene()
def from_the_app(shell: Shell) -> None:
    """A document of the app, in a repository."""
    _document(shell)
    git(shell, "init", "-q")


@scene()
def the_apps_list(shell: Shell) -> None:
    """The app's own list, and an empty folder."""
    _list(shell)


@scene()
def the_apps_list_as_state(shell: Shell) -> None:
    """The app's own list, a copy of it, and a profile file."""
    (shell.project.folder / "backup").mkdir()
    shutil.copy(_list(shell), shell.project.folder / "backup")
    write(shell, "profiles.yaml", profile("Tiny", 8090, "mlx-community/Qwen3-0.6B-4bit"))
