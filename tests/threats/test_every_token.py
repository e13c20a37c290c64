"""A token of every listed format, at every door: profile file, document, the app's list, words, environment."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from testing.fake_secrets.arguments import WITH_A_SECRET
from testing.fake_secrets.innocent import ARGUMENTS, MODELS, NOTES, PATHS
from testing.fake_secrets.leaks import assert_nothing_shown, found_below, found_in
from testing.fake_secrets.places import IN_A_PROFILE, file_of, profile_with
from testing.fake_secrets.tokens import EVERY_TOKEN
from testing.in_process import run
from testing.project import Project

TOKENS = [*EVERY_TOKEN.values()]
LISTED = {
    **dict.fromkeys(("family", "localName", "quantization"), "x"),
    "displayName": "A",
    "enableThinking": False,
    "host": "127.0.0.1",
    "modelID": "org/a",
    "notes": "",
    "serverPort": 1,
}


@pytest.mark.parametrize("place", [place for place in IN_A_PROFILE if "far inside" not in place])
def test_it_is_refused_at_every_place_of_a_profile_file_and_of_a_document(
    project: Project, place: str
) -> None:
    profiles = [profile_with(IN_A_PROFILE[place], token, n) for n, token in enumerate(TOKENS)]
    project.write(file_of(profiles), "file.json")
    result = run(project, "validate", "file.json", "--json")
    (judged,) = result.json["files"]
    told = {one["line"] for one in judged["problems"] if "looks like" in one["message"]}
    assert told == {*range(2, len(TOKENS) + 2)}
    assert_nothing_shown(result, TOKENS)
    project.write(file_of(profiles, app="x"), "doc.json")
    result = run(project, "import", "doc.json", "--yes", "--json", "-v")
    assert_nothing_shown(result, TOKENS)
    assert not found_below(project.folder / "home", TOKENS)
    if place.startswith(("name", "modelID", "host", "port")):
        assert len(result.json["invalid"]) == len(TOKENS)


@pytest.mark.parametrize(
    "place", ["displayName", "modelID", "host", "notes", "rawExtraArgs", "chatTemplateArgs", "allowedOrigins"]
)
def test_it_stays_in_the_apps_list(project: Project, place: str) -> None:
    listed: list[dict[str, Any]] = []
    for number, token in enumerate(TOKENS):
        entry = LISTED | {
            "displayName": f"P{number}",
            "modelID": f"org/m{number}",
            "serverPort": 2000 + number,
        }
        if place in entry:
            entry[place] = token
        else:
            value = json.dumps({"a": [token]}) if place == "chatTemplateArgs" else f"--x '{token}'"
            entry["advancedLaunchOptions"] = {place: value}
        listed.append(entry)
    path = project.write(json.dumps(listed), "models.json")
    before = path.read_bytes()
    for command in ("list", "list --json", "export", "export --format yaml", "rollback"):
        result = run(project, *shlex.split(command), "--state", "app:models.json")
        assert_nothing_shown(result, TOKENS)
    assert path.read_bytes() == before


def test_it_stops_a_command_line_and_is_no_environment(project: Project) -> None:
    for number, token in enumerate(TOKENS):
        line = WITH_A_SECRET[number % len(WITH_A_SECRET)]
        words = [word.replace("T", token) if "T" in word else word for word in shlex.split(line)]
        result = run(project, *words)
        assert result.code == 64, (words, result)
        assert_nothing_shown(result, [token])
        if "\n" not in token and "\0" not in token:
            variable = ("MLXSM_FILE", "MLXSM_STATE", "MLXSM_SERVER")[number % 3]
            command = ("plan", "list", "doctor")[number % 3]
            result = run(
                project, command, **{variable: f"x{token}" if number % 2 else f"/nonexistent/{token}"}
            )
            assert not found_in(result.out + result.err, [token]) or number % 2
    assert not found_below(project.folder, TOKENS)


def test_what_only_seems_to_be_a_secret_goes_all_the_way(project: Project) -> None:
    """Into the state, into a document, through an import, and into the app's list."""
    models = [model for model in MODELS if "/" in model and model.count("/") == 1 and model[0] not in "-."]
    profiles = []
    for number, model in enumerate(models):
        argument = shlex.split(ARGUMENTS[number % len(ARGUMENTS)].replace("{", "'{").replace("}", "}'"))
        words = [word for word in argument if not word.startswith("--chat-template-args")]
        profiles.append(
            {
                "name": f"{NOTES[number % len(NOTES)][:60]} {number}",
                "modelID": model,
                "host": "127.0.0.1",
                "port": 2000 + number,
                "notes": NOTES[(number * 7) % len(NOTES)],
                "advancedLaunchOptions": {
                    "rawExtraArgs": [*words, f"--adapter-path={PATHS[number % len(PATHS)]}"],
                    "chatTemplateArgs": {"max_tokens": 1, "token_limit": 2, "tokenizer": "x", "author": "y"},
                },
            }
        )
    project.write(file_of(profiles))
    (judged,) = run(project, "validate", "--json", MLXSM_FILE="profiles.yaml").json["files"]
    assert not [one for one in judged["problems"] if "looks like" in one["message"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--draft-model", "secret/llm"],
        ["--draft-model=my-password/x"],
        ["--adapter-path", "/data/my-secret"],
        ["--adapter-path", "/m/api_key/x"],
    ],
)
def test_a_harmless_argument_is_none_in_a_document_and_in_the_apps_list(
    project: Project,
    arguments: list[str],
    no_app: None,  # noqa: ARG001 - waits until none runs
) -> None:
    options = {"rawExtraArgs": arguments}
    profile = {
        "name": "A",
        "modelID": "org/a",
        "host": "127.0.0.1",
        "port": 1,
        "advancedLaunchOptions": options,
    }
    project.write(json.dumps({"schemaVersion": 1, "profiles": [profile]}), "file.json")
    project.write(json.dumps([LISTED | {"displayName": "B", "modelID": "org/b"}]), "models.json")
    applied = run(project, "apply", "-f", "file.json", "--state", "app:models.json", "--yes", "--json")
    assert (applied.code, applied.json["applied"]) == (0, True), applied.err
    (entry,) = run(project, "list", "A", "--json", "--state", "app:models.json").json["entries"]
    assert entry["profile"]["advancedLaunchOptions"]["rawExtraArgs"] == arguments
    assert run(project, "export", "A", "-o", "doc.json", "--state", "app:models.json").code == 0
    imported = run(project, "import", "doc.json", "--yes", "--json")
    assert (imported.code, imported.json["summary"]["create"]) == (0, 1)
    (entry,) = run(project, "list", "--json").json["entries"]
    assert entry["profile"]["advancedLaunchOptions"]["rawExtraArgs"] == arguments
