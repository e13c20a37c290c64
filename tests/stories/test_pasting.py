"""Every command that we print works when it is pasted into a shell, where we printed it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
import pytest

from mlxsm_sync.cli.group import COMMANDS
from mlxsm_sync.cli.words import asks_for_help, behind_the_command, refuse_unknown
from mlxsm_sync.errors import UsageError
from testing.pasting import EVERY, Scene, argv, command, commands_in, documented
from testing.paths import REPOSITORY, STAND_IN
from testing.processes import processes_of
from testing.project import Project

NAMES = [
    "Qwen3 Coder",
    'it\'s "quoted"',
    "$(touch pwned) `touch pwned`",
    "-y",
    "--all",
    "模型 é",
    "a=b",
    "A;B|C&D",
    "*",
    "back\\slash!",
]
Story = Callable[[Scene], None]
STORIES: dict[str, Story] = {}


def story(function: Story) -> Story:
    STORIES[function.__name__] = function
    return function


def profile(name: str, port: int, model: str = "m/a", **more: object) -> dict[str, object]:
    return {"name": name, "modelID": model, "host": "127.0.0.1", "port": port} | more


def text(*profiles: dict[str, object], collection: str = "team") -> str:
    return json.dumps({"schemaVersion": 1, "collection": collection, "profiles": profiles})


def many(*, collection: str = "team", shift: int = 0) -> str:
    return text(
        *(profile(name, 8000 + at + shift, f"m/{at}") for at, name in enumerate(NAMES)), collection=collection
    )


@story
def every_kind_of_name(scene: Scene) -> None:
    scene.write(many())
    scene.run("plan")
    scene.run("apply", "--yes")
    scene.run("list")


@story
def names_taken(scene: Scene) -> None:
    scene.write(many(collection="other"))
    scene.quietly("apply", "--yes")
    scene.write(many(shift=100))
    scene.run("plan")
    scene.run("plan", "--json")
    scene.run("plan", "--format", "markdown")
    scene.run("apply", "--yes")


@story
def identities_taken(scene: Scene) -> None:
    scene.write(
        text(*(profile(f"old {at}", 8000 + at, f"m/{at}") for at in range(len(NAMES))), collection="other")
    )
    scene.quietly("apply", "--yes")
    scene.write(many())
    scene.run("plan")


@story
def duplicates_in_the_file(scene: Scene) -> None:
    scene.write(text(profile("A", 1), profile("A", 2), profile("B", 3), profile("C", 3), profile("-y", 3)))
    scene.run("plan")
    scene.run("plan", "--skip", "#1")


@story
def several_in_the_way(scene: Scene) -> None:
    scene.write(text(profile("A b", 1), profile("-y", 2, "m/b"), collection="other"))
    scene.quietly("apply", "--yes")
    scene.write(text(profile("A b", 2, "m/b")))
    scene.run("plan")
    scene.run("plan", "--replace", "A b")


@story
def two_replaces_of_one(scene: Scene) -> None:
    scene.write(text(profile("A b", 1), collection="other"))
    scene.quietly("apply", "--yes")
    scene.write(text(profile("A b", 2, "m/b"), profile("C", 1)))
    scene.run("plan", "--replace", "A b", "--replace", "C")


@story
def a_new_name_that_is_taken(scene: Scene) -> None:
    scene.write(text(profile("A b", 1), profile("C", 2), collection="other"))
    scene.quietly("apply", "--yes")
    scene.write(text(profile("A b", 3), profile("D", 4)))
    scene.run("plan", "--rename", "A b=C")
    scene.run("plan", "--rename", "A b=D", "--rename", "D=D")


def drifted(scene: Scene, *, gone: bool) -> None:
    scene.write(many())
    scene.quietly("apply", "--yes")
    state = state_of(scene)
    data = json.loads(state.read_text())
    for entry in data["entries"]:
        entry["profile"]["port"] += 500
    state.write_text(json.dumps(data))
    scene.write(text(profile("New", 1)) if gone else many())


def state_of(scene: Scene) -> Path:
    options = dict(zip(scene.options[::2], scene.options[1::2], strict=True))
    named = options.get("--state") or scene.environment.get("MLXSM_STATE")
    return scene.project.folder / named if named else scene.project.state_path


@story
def drift(scene: Scene) -> None:
    drifted(scene, gone=False)
    scene.run("plan")
    scene.run("plan", "--json")
    scene.run("apply", "--yes")
    scene.run("list")
    scene.run("up", "--dry-run")
    scene.run("pull", "Qwen3 Coder", "--dry-run")


@story
def drifted_orphans(scene: Scene) -> None:
    drifted(scene, gone=True)
    scene.run("plan", "--prune")
    scene.run("plan", "--prune", "--force")


@story
def orphans(scene: Scene) -> None:
    scene.write(many())
    scene.quietly("apply", "--yes")
    scene.write(text(profile("Qwen3 Coder", 8000, "m/0")))
    scene.run("plan")
    scene.run("plan", "--prune")
    scene.run("apply", "--yes", "--prune")
    scene.run("plan", "--rename", "-y=X")
    scene.run("plan", "--only", "a=b")


@story
def another_file(scene: Scene) -> None:
    scene.write(text(profile("A b", 1), profile("C", 2)), "first file.yaml")
    scene.project.run(
        "apply", "-f", "first file.yaml", "--yes", *without(scene.options, "-f"), **scene.environment
    )
    scene.write(text(profile("A b", 3)))
    scene.run("plan")
    scene.run("plan", "--prune")


def without(options: tuple[str, ...], name: str) -> list[str]:
    pairs = zip(options[::2], options[1::2], strict=True)
    return [word for pair in pairs if pair[0] != name for word in pair]


@story
def a_renamed_collection(scene: Scene) -> None:
    scene.write(many(collection="the old one"))
    scene.quietly("apply", "--yes")
    scene.write(many(collection="the new one"))
    scene.run("plan")
    scene.write(many(collection="the new one", shift=300))
    scene.run("plan")
    scene.run("plan", "--take-from", "the old one")


@story
def a_saved_plan(scene: Scene) -> None:
    scene.write(text(profile("A b", 1), collection="other"))
    scene.quietly("apply", "--yes")
    scene.write(text(profile("A b", 2), profile("New", 3)))
    scene.run("plan", "--out", "the plan.json")
    saved = without(scene.options, "-f")
    scene.paste(["apply"], scene.project.run("apply", "the plan.json", *saved, **scene.environment))
    scene.write(text(profile("A b", 2), profile("Other", 4)))
    scene.quietly("apply", "--yes", "--skip", "A b")
    scene.paste(["apply"], scene.project.run("apply", "the plan.json", *saved, **scene.environment))


@story
def what_is_no_saved_plan(scene: Scene) -> None:
    scene.write(many())
    saved = without(scene.options, "-f")
    for name, content in (("no plan.json", "{"), ("p.json", "{}"), ("team file.yaml", many())):
        scene.write(content, name)
        scene.paste(["apply"], scene.project.run("apply", name, *saved, **scene.environment))
    scene.paste(["apply"], scene.project.run("apply", "gone.json", *saved, **scene.environment))
    scene.run("apply", "--expect", "sha256:00")


@story
def no_file(scene: Scene) -> None:
    if scene.file != "profiles.yaml":  # else the file is named, and is not there
        return
    for words in (["plan"], ["apply"], ["validate"], ["up"], ["pull"], ["doctor"]):
        scene.run(*words)


@story
def a_broken_file(scene: Scene) -> None:
    scene.write("schemaVersion: 1\nprofiles:\n- {name: A, modelId: m, port: x}\n")
    for words in (["plan"], ["apply"], ["validate"], ["up"], ["pull"], ["doctor"], ["down"]):
        scene.run(*words)
    scene.write("a: b: c")
    for words in (["plan"], ["validate"], ["doctor"]):
        scene.run(*words)


@story
def nothing_yet(scene: Scene) -> None:
    scene.write(many())
    for words in (
        ["list"], ["history"], ["rollback"], ["rollback", "3"], ["export"], ["pull"], ["ps"], ["logs"], ["down"],
        ["remove", "X"], ["connect", "X"], ["connect"], ["logs", "X"], ["down", "X"], ["restart", "X"], ["adopt", "X"],
        ["forget", "X"], ["up", "X"], ["pull", "X"], ["list", "X"], ["ps", "X"], ["restore"], ["up"], ["restart"],
    ):  # fmt: skip
        if words[0] in COMMANDS:
            scene.run(*words)


@story
def what_is_there(scene: Scene) -> None:
    scene.write(many())
    scene.quietly("apply", "--yes")
    for name in NAMES:
        scene.run("connect", "--", name)
        scene.run("forget", "--", name)
        scene.run("remove", "--", name)
    for words in (
        ["connect", "A", "--client", "x"], ["rollback"], ["rollback", "9"], ["pull"], ["pull", "--all"], ["ps"],
        ["down"], ["remove", "Qwen"], ["plan", "--skip", "Qwen"], ["apply"], ["remove", "*", "--yes"], ["history"],
        ["rollback", "--yes"], ["schema", "x"], ["init"], ["init", "-f", "new.yaml"], ["doctor"], ["logs", "*"],
        ["export", "-o", "o.json", "--yes"], ["export", "-o", "o.json"], ["ps", "--watch", "--json"],
        ["down", "*", "--all"], ["pull", "*", "--all"], ["up", "--dry-run"], ["restart", "*", "--server-command", "no"],
    ):  # fmt: skip
        scene.run(*words)


@story
def documents(scene: Scene) -> None:
    rows = [profile(name, 9000 + at, f"m/{at}") for at, name in enumerate(NAMES)]
    scene.write(many(collection="mine"))
    scene.quietly("apply", "--yes")
    document = {"app": "MLXServerManager", "exportedAt": "2026-06-16T00:00:00Z", "schemaVersion": 1}
    scene.write(
        json.dumps(document | {"profiles": [*rows, profile("bad", 0), profile("local", 3, "/m")]}),
        "the doc.json",
    )
    scene.run("import", "the doc.json", "--yes")
    scene.run("import", "the doc.json")
    scene.write(json.dumps(document | {"schemaVersion": 2, "profiles": []}), "new.json")
    scene.write("{", "cut.json")
    scene.write(many(), "a profile file.yaml")
    for name in ("new.json", "cut.json", "a profile file.yaml", "gone.json"):
        scene.run("import", name)
        scene.run("validate", name)
    scene.write(json.dumps(document | {"profiles": rows}), "doc.json")
    scene.run("plan", "-f", "doc.json")


@story
def unreadable_states(scene: Scene) -> None:
    scene.write(many())
    scene.quietly("apply", "--yes")
    scene.quietly("apply", "--yes")
    state = state_of(scene)
    whole = state.read_text()
    for content in ("{", "", whole[:100], json.dumps(json.loads(whole) | {"formatVersion": 99}), "[]"):
        state.write_text(content)
        for words in (
            ["list"],
            ["plan"],
            ["apply", "--yes"],
            ["history"],
            ["rollback"],
            ["ps"],
            ["down"],
            ["doctor"],
            ["logs", "*"],
        ):
            scene.run(*words)
    state.unlink()
    for words in (["list"], ["plan"], ["history"], ["rollback"], ["down"]):
        scene.run(*words)


@story
def servers_that_cannot_start(scene: Scene) -> None:
    raw = {"rawExtraArgs": ["--trust-remote-code", "--kv-bits 8", "--no-such-$(touch pwned)"]}
    scene.write(
        text(
            profile("Open", 1, host="0.0.0.0"),
            profile("it's raw", 2, advancedLaunchOptions=raw),
            profile("$(touch pwned)", 3, "/no/model"),
            profile("one", 5),
            profile("two", 5, "m/b"),
            profile("-y", 7, host="a b" if False else "example.invalid"),
        )
    )
    scene.run("plan")
    scene.quietly("apply", "--yes")
    scene.run("up")
    for name in ("Open", "it's raw", "$(touch pwned)", "one", "two", "-y"):
        scene.run("up", "--", name)
        scene.run("up", "--server-command", "/no/server", "--", name)
        scene.run("restart", "--server-command", "/no/server", "--", name)
        scene.run("adopt", "--", name)
    scene.run("doctor")


VARIANTS: dict[str, dict[str, object]] = {
    "plain": {},
    "named": {"file": "a $file's.yaml", "options": ("-f", "a $file's.yaml", "--state", "the $state's.json")},
    "environment": {
        "file": "my file.yaml",
        "environment": {"MLXSM_FILE": "my file.yaml", "MLXSM_STATE": "my state.json"},
    },
}


@pytest.mark.slow
@pytest.mark.usefixtures("no_app")
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", STORIES)
def test_what_is_printed_can_be_pasted(project: Project, name: str, variant: str) -> None:
    project.environment["MLXSM_SERVER"] = str(STAND_IN)
    project.folder = project.folder / "place"
    project.folder.mkdir()
    (project.folder / "home").mkdir()
    project.environment["HOME"] = str(project.folder / "home")
    scene = Scene(
        project,
        names=[*NAMES, "A b", "New", "Open", "it's raw", "$(touch pwned)", "one", "two"],
        **VARIANTS[variant],
    )
    try:
        STORIES[name](scene)
    finally:
        for pid in processes_of(project.environment["HOME"]):  # of an `up` that was pasted
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert not scene.failures, "\n".join(
        [f"{len(scene.failures)} of {scene.pasted} cannot be pasted:", *scene.failures]
    )


# What is written down.

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_documented_can_be_typed(page: Path) -> None:
    wrong = [f"mlxsm {line}: {why}" for line in documented(page) if (why := _wrong(line)) is not None]
    assert not wrong, "\n".join(wrong)


def _wrong(line: str) -> str | None:
    line = re.sub(r"\[[^\]]*\]|…|\.\.\.|/--?\w[\w-]*", "", line)  # what is optional, or one of several
    try:
        words = behind_the_command(shlex.split(line))
    except ValueError as error:
        return str(error)
    if not words or words[0] in ("--version", "--help", "help", "version", "COMMAND", "X"):
        return None
    if words[0] not in COMMANDS:
        return f"there is no command {words[0]}"
    if words[0] not in EVERY and (len(words) == 1 or words[1] == "--help"):
        return None  # a command that has commands, as a whole
    if " ".join(words[:2]) not in EVERY and words[0] not in EVERY:
        return f"there is no command {' '.join(words[:2])}"
    name, found = command(words)
    try:
        refuse_unknown(found, name, words[len(name.split()) :])
    except UsageError as error:
        return error.message
    return None


@pytest.mark.parametrize("name", EVERY)
def test_the_examples_of_help_can_be_typed(name: str) -> None:
    help_ = EVERY[name].epilog or ""
    lines = [line.strip() for line in help_.splitlines() if line.startswith("  mlxsm ")]
    assert lines
    for line in lines:
        for part in re.split(r" && | > ", re.split(r"\s{2,}", line)[0]):
            if part.startswith("mlxsm "):
                assert _wrong(part.removeprefix("mlxsm ")) is None, line


def test_commands_are_found_in_sentences() -> None:
    told = (
        "hint: mlxsm list shows the names\n"
        "      2. rename it to \"x\": mlxsm apply -f 'a b' --rename 'A=B (Imported)'\n"
        "it was adopted: mlxsm forget drops that, then mlxsm up --only A b\n"
        "no such thing as /bin/mlxsm plan here, mlxsm --help shows the commands"
    )
    assert [*commands_in(told, ["A"], [])] == [
        "mlxsm list",
        "mlxsm apply -f 'a b' --rename 'A=B (Imported)'",
        "mlxsm forget",
        "mlxsm up --only A",
        "mlxsm --help",
    ]


def test_the_words_are_those_of_bash(project: Project) -> None:
    assert argv(project, "mlxsm down 'a b' \"$HOME\" -- -y") == [
        "mlxsm",
        "down",
        "a b",
        project.environment["HOME"],
        "--",
        "-y",
    ]
    assert asks_for_help(click.Command("x"), ["--help"])
