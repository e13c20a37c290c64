"""What a profile file is refused for, a document and the Mac app's list may hold: it is told, and kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from testing.project import Project

CANNOT = "a profile file cannot hold it: "
TOLD = [
    ({"modelID": "https://huggingface.co/org/name"}, "modelID must be the name that the Hub has, not an address: write org/name"),
    ({"modelID": "org/name/"}, "modelID must have no / but the one between org and name: write org/name"),
    ({"modelID": "${MODELS}/a"}, "modelID must be written out, since variables are not expanded, such as ~/models/name"),
    ({"modelID": "org/a@main"}, "modelID must not name a revision, since the server loads the main branch: write org/a"),
    ({"modelID": "org/a b"}, "modelID must not contain white space, such as org/name"),
    ({"modelID": "org/a:4bit"}, "modelID must not name a tag, since names of the Hub have none: write org/a"),
    ({"host": "${HOST}"}, "host must be written out, since variables are not expanded, such as 127.0.0.1"),
    ({"advancedLaunchOptions": {"allowedOrigins": "localhost:3000"}}, 'allowedOrigins must have a scheme in front of each origin: write "http://localhost:3000"'),
    ({"advancedLaunchOptions": {"rawExtraArgs": "--kv-bits 7"}}, "rawExtraArgs[1] must be one of 1, 2, 3, 4, 5, 6, 8 for --kv-bits"),
    ({"advancedLaunchOptions": {"rawExtraArgs": "stray"}}, "rawExtraArgs[0] must follow an option that takes a value: this belongs to none"),
]  # fmt: skip
FILE = "schemaVersion: 1\nprofiles:\n- {name: Own, modelID: m/own, port: 9000}\n"


def document(profile: dict[str, Any]) -> str:
    whole = {"name": "A", "modelID": "org/a", "host": "127.0.0.1", "port": 8080} | profile
    return json.dumps({"app": "MLXServerManager", "schemaVersion": 1, "profiles": [whole]})


def app_list(profile: dict[str, Any]) -> str:
    entry = {
        "displayName": "A",
        "enableThinking": False,
        "family": "Custom",
        "host": "127.0.0.1",
        "localName": "a",
        "modelID": "org/a",
        "notes": "",
        "quantization": "User configured",
        "serverPort": 8080,
    }
    return json.dumps([entry | profile])


def about_a(warnings: list[dict[str, Any]]) -> list[str]:
    return [one["message"] for one in warnings if one["name"] == "A" and CANNOT in one["message"]]


@pytest.mark.parametrize(("profile", "fault"), TOLD, ids=lambda value: str(value)[:40])
def test_a_document_may_hold_it(project: Project, profile: dict[str, Any], fault: str) -> None:
    project.write(document(profile), "doc.json")
    (judged,) = project.run("validate", "doc.json", "--json").json["files"]
    assert (judged["valid"], about_a(judged["warnings"])) == (True, [CANNOT + fault])
    imported = project.run("import", "doc.json", "--yes", "--json").json
    assert (imported["applied"], about_a(imported["warnings"])) == (True, [CANNOT + fault])
    # From now on it stands on this machine, and is told with what does not change.
    project.write(FILE)
    plan = project.run("plan")
    assert (CANNOT not in plan.out, "1 warning about" in plan.out) == (True, True)
    assert f"  A: {CANNOT}{fault}\n" in project.run("plan", "-v").out


@pytest.mark.usefixtures("no_app")
@pytest.mark.parametrize(("profile", "fault"), TOLD, ids=lambda value: str(value)[:40])
def test_the_apps_list_may_hold_it(project: Project, profile: dict[str, Any], fault: str) -> None:
    path = project.write(app_list(profile), "models.json")
    before = path.read_bytes()
    project.write(FILE)
    plan = project.run("plan", "--state", "app:models.json", "--json").json
    assert about_a(plan["warnings"]) == [CANNOT + fault]
    assert path.read_bytes() == before


def test_what_a_file_lists_is_judged_there(project: Project) -> None:
    project.write(document({"modelID": "org/a:4bit"}), "doc.json")
    project.run("import", "doc.json", "--yes")
    project.write(FILE.replace("m/own", "org/a").replace("9000", "8080").replace("Own", "A"))
    assert about_a(project.run("plan", "--replace", "A", "--json").json["warnings"]) == []
    assert project.run("apply", "--replace", "A", "--yes").code == 0
    assert project.run("plan", "--json").json["warnings"] == []
