"""Documents of the Mac app, case by case as its rules say, through the installed command."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pexpect
import pytest
from jsonschema import Draft7Validator

from mlxsm_sync.errors import InvalidDocument, InvalidFile
from mlxsm_sync.mac_app.document_file import read_document
from mlxsm_sync.mac_app.document_reader import judge_document
from mlxsm_sync.mac_app.options import OPTION_NAMES, label, read_option
from mlxsm_sync.profile_file.file import read_profile_file
from mlxsm_sync.syntax.json import read_json
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.values.desired import Input
from mlxsm_sync.values.fields import aliases
from mlxsm_sync.values.launch_options import LaunchOptions
from testing.paths import REPOSITORY
from testing.project import Project

TOKEN = "hf_" + "Ab1" * 12


def one(**changes: Any) -> dict[str, Any]:
    """A profile as the app exports it; a change to `...` leaves the key out."""
    profile = {"name": "Qwen", "modelID": "org/qwen", "host": "127.0.0.1", "port": 8080} | changes
    return {key: value for key, value in profile.items() if value is not ...}


def document(*profiles: Any, **changes: Any) -> dict[str, Any]:
    content = {
        "app": "MLXServerManager",
        "exportedAt": "2026-06-16T00:00:00Z",
        "profiles": [*profiles],
        "schemaVersion": 1,
    } | changes
    return {key: value for key, value in content.items() if value is not ...}


def imported(project: Project, content: Any, *arguments: str) -> Any:
    """What `import --json` says of a document; the rules say the same when they are asked directly."""
    path = project.write(content if isinstance(content, str) else json.dumps(content), "doc.json")
    result = project.run("import", "doc.json", "--yes", "--json", *arguments)
    assert result.code in (0, 1, 3), result.err
    answer = result.json
    local_paths = "--allow-local-paths" in arguments
    if "error" in answer:
        with pytest.raises(InvalidDocument) as caught:
            read_document(str(path), allow_local_paths=local_paths)
        assert [one.message for one in caught.value.problems] == problems(answer)
    else:
        judged = read_document(str(path), allow_local_paths=local_paths)
        assert [one.model_dump() for one in judged.desired.invalid] == answer["invalid"]
        assert judged.head.total == len(judged.desired.profiles) + len(judged.desired.invalid)
    return answer


def problems(answer: Any) -> list[str]:
    assert answer["error"]["kind"] == "invalid-document"
    return [one["message"] for one in answer["error"]["problems"]]


def invalid(answer: Any) -> list[str]:
    """The messages of the one invalid profile."""
    assert answer["changes"] == []
    return answer["invalid"][0]["messages"]


def warnings(answer: Any) -> list[str]:
    return [one["message"] for one in answer["warnings"]]


def options(**written: Any) -> dict[str, Any]:
    return one(advancedLaunchOptions=written)


def after(answer: Any) -> Any:
    return answer["changes"][0]["after"]


# Rules of the document as a whole: each blocks all of it.


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", (1, 1)),
        ('{"schemaVersion": 1,', (1, 21)),
        ("schemaVersion: 1\nprofiles: []\n", (1, 1)),
        ('{"schemaVersion": 1, "schemaVersion": 1, "profiles": []}', (1, 22)),
        ('{"schemaVersion": NaN, "profiles": []}', (1, 19)),
        ('{"a": "\\ud800", "schemaVersion": 1, "profiles": []}', (1, 7)),
        ('{"a": ' + "[" * 40 + "]" * 40 + "}", (1, 22)),
        ('{"a": 1e999}', (1, 7)),
        ('{"a": 12345678901234567890}', (1, 7)),
    ],
)
def test_what_is_no_strict_json_is_one_line(project: Project, content: str, place: tuple[int, int]) -> None:
    answer = imported(project, content)
    assert "Import file is not valid JSON. No profiles were imported." in answer["error"]["message"]
    (problem,) = answer["error"]["problems"]
    assert (problem["line"], problem["column"]) == place
    text = project.run("import", "doc.json", "--yes")
    assert (text.code, text.out) == (1, "")
    assert text.err.startswith(f"doc.json:{place[0]}:{place[1]}: ")


@pytest.mark.parametrize("content", [[], "text", 5, None, True])
def test_a_document_is_an_object(project: Project, content: Any) -> None:
    assert problems(imported(project, json.dumps(content))) == ["Import file must be a JSON object."]


@pytest.mark.parametrize("version", [..., None, "1", "one", True, [], {}])
def test_the_schema_version_is_required(project: Project, version: Any) -> None:
    answer = imported(project, document(one(), schemaVersion=version))
    assert problems(answer) == ["schemaVersion is required. No profiles were imported."]
    assert not project.state_path.exists()


@pytest.mark.parametrize("version", [0, 2, 1.5, -1])
def test_another_schema_version_blocks_everything(project: Project, version: Any) -> None:
    (problem,) = problems(imported(project, document(one(), schemaVersion=version)))
    assert problem.startswith(f"This file uses schemaVersion {version}, but this version of mlxsm supports")


def test_a_whole_number_is_a_whole_number_however_it_is_written(project: Project) -> None:
    assert len(imported(project, document(one(port=8080.0), schemaVersion=1.0))["changes"]) == 1


@pytest.mark.parametrize("listed", [..., None, {}, "x", 1])
def test_profiles_are_an_array(project: Project, listed: Any) -> None:
    answer = imported(project, document(profiles=listed))
    assert problems(answer) == ["The import file must contain a profiles array."]


def test_all_that_blocks_a_document_is_told_at_once(project: Project) -> None:
    assert problems(imported(project, {})) == [
        "schemaVersion is required. No profiles were imported.",
        "The import file must contain a profiles array.",
    ]
    told = problems(imported(project, document(one(port=0), schemaVersion=3)))
    assert [message.partition(":")[0] for message in told[:1]] == ["Qwen"]
    assert len(told) == 2


def test_an_empty_document_is_no_error_and_nothing(project: Project) -> None:
    answer = imported(project, document())
    assert (answer["applied"], answer["changes"], answer["invalid"]) == (False, [], [])


def test_the_app_is_only_worth_a_look(project: Project) -> None:
    assert warnings(imported(project, document(one(), app=...))) == []
    (told,) = warnings(imported(project, document(one(name="B", port=1), app="Another")))
    assert told.startswith("The app field is Another. Expected MLXServerManager.")
    (told,) = warnings(imported(project, document(one(name="C", port=2), app=5)))
    assert (
        told == "app is not as it should be: `MLXServerManager`; another name is worth a look. It is ignored."
    )
    (told,) = warnings(imported(project, document(one(name="D", port=3), app=TOKEN)))
    assert "The app field is (looks like a secret)." in told


@pytest.mark.parametrize("time", ["yesterday", "2026-06-16T00:00:00.123Z", ...])
def test_a_time_that_is_none_is_not_looked_at(project: Project, time: Any) -> None:
    answer = imported(project, document(one(), exportedAt=time))
    assert (answer["applied"], warnings(answer)) == (True, [])


# Rules of a profile: each blocks only the profile.


@pytest.mark.parametrize("entry", [5, "x", [], None, True])
def test_a_profile_is_an_object(project: Project, entry: Any) -> None:
    answer = imported(project, document(entry, one()))
    assert answer["invalid"] == [
        {"name": "Profile 1", "index": 1, "messages": ["Profile entry must be a JSON object."]}
    ]
    assert answer["summary"]["create"] == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ...}, "name: Profile name is required."),
        ({"name": " \n"}, "name: Profile name is required."),
        ({"name": None}, "name: Profile name is required."),
        ({"name": 5}, "name: Profile name is required."),
        ({"name": "#3"}, "name: Profile name is invalid. It must not be # with digits only: that selects a profile by position."),
        ({"name": "a\u202eb"}, "name: Profile name is invalid. It must not contain the invisible character U+202E; remove it."),
        ({"modelID": ...}, "modelID: Model ID is required."),
        ({"modelID": "  "}, "modelID: Model ID is required."),
        ({"modelID": "-x"}, "modelID: Model ID is invalid. It must not start with '-': the server would take it for an option."),
        ({"host": ...}, "host: Host is required."),
        ({"host": ""}, "host: Host is required."),
        ({"host": "a b"}, "host: Host is invalid. It must not contain white space."),
        ({"host": "http://a"}, "host: Host is invalid. It must be a host name or address only, without a scheme or a path."),
        ({"host": "127.0.0.1:8080"}, "host: Host is invalid. It must not contain a port: declare it as port."),
        *(
            ({"port": port}, "port: Port must be between 1 and 65535.")
            for port in (..., None, 0, -1, 65536, 8080.5, True, "", "80.0", "eighty", "0", "99999", "8_0", "٨", [])
        ),
        ({"advancedLaunchOptions": 5}, "advancedLaunchOptions: Advanced Launch Options must be a JSON object when present."),
        ({"advancedLaunchOptions": []}, "advancedLaunchOptions: Advanced Launch Options must be a JSON object when present."),
        ({"advancedLaunchOptions": "x"}, "advancedLaunchOptions: Advanced Launch Options must be a JSON object when present."),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be_used_says_why(project: Project, changes: Any, message: str) -> None:
    assert invalid(imported(project, document(one(**changes)))) == [message]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        *(
            (option, value, f"{called} must be between 0 and 1.")
            for option, called in (
                ("defaultTemperature", "Default Temperature"),
                ("defaultTopP", "Default Top P"),
                ("defaultMinP", "Default Min P"),
            )
            for value in ("1.5", 1.01, "-0.1", "hot", "nan", "inf", "0,5", True, [], {}, "1_0", "٠")
        ),
        *(
            (option, value, f"{called} must be a positive integer.")
            for option, called in (
                ("defaultTopK", "Default Top K"),
                ("defaultMaxTokens", "Default Max Tokens"),
                ("decodeConcurrency", "Decode Concurrency"),
                ("promptConcurrency", "Prompt Concurrency"),
                ("prefillStepSize", "Prefill Step Size"),
                ("promptCacheSize", "Prompt Cache Size"),
                ("promptCacheBytes", "Prompt Cache Bytes"),
            )
            for value in ("0", 0, "-1", "1.5", 1.5, "many", True, [], "1_0", "٣", "10GB")
        ),
        ("chatTemplateArgs", "{", "Chat Template Args must be valid JSON."),
        ("chatTemplateArgs", '{"a": 1, "a": 2}', "Chat Template Args must be valid JSON."),
        ("chatTemplateArgs", '{"a": NaN}', "Chat Template Args must be valid JSON."),
        ("chatTemplateArgs", "[1]", "Chat Template Args must be valid JSON. The server takes an object only."),
        ("chatTemplateArgs", "true", "Chat Template Args must be valid JSON. The server takes an object only."),
        ("chatTemplateArgs", 5, "Chat Template Args must be valid JSON. The server takes an object only."),
        ("rawExtraArgs", "--a 'b", "Raw Extra Args cannot be split as a shell would: No closing quotation."),
        ("rawExtraArgs", ["--a"], "Raw Extra Args must be one text, split as a shell would."),
        ("rawExtraArgs", "--port 9", "Raw Extra Args must not set or abbreviate --port: declare it as a field of the profile."),
        ("rawExtraArgs", "--ho=0.0.0.0", "Raw Extra Args must not set or abbreviate --host: declare it as a field of the profile."),
        ("logLevel", "loud", "Log Level must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL."),
        ("allowedOrigins", 5, "Allowed Origins must be text."),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_used_says_why(
    project: Project, option: str, value: Any, message: str
) -> None:
    assert invalid(imported(project, document(options(**{option: value})))) == [f"{option}: {message}"]


def test_every_problem_of_a_profile_is_told(project: Project) -> None:
    bad = {
        "name": "",
        "host": "a/b",
        "port": 0,
        "advancedLaunchOptions": {"defaultTopK": "x", "defaultTopP": 2},
    }
    answer = imported(project, document(bad, one()))
    assert [message.partition(":")[0] for message in answer["invalid"][0]["messages"]] == [
        "name",
        "modelID",
        "host",
        "port",
        "defaultTopP",
        "defaultTopK",
    ]
    assert answer["applied"]


def test_values_become_typed(project: Project) -> None:
    answer = imported(
        project,
        document(
            one(
                name="  Qwen ",
                modelID=" org/qwen",
                host=" 127.0.0.1\n",
                port=" 8080",
                advancedLaunchOptions={
                    "defaultTemperature": "0.3",
                    "defaultTopP": 1,
                    "defaultTopK": "+40",
                    "defaultMinP": ".5",
                    "defaultMaxTokens": 4096.0,
                    "chatTemplateArgs": '{"enable_thinking": false}',
                    "allowedOrigins": " http://localhost:3000 ",
                    "logLevel": "info",
                    "decodeConcurrency": "",
                    "promptConcurrency": None,
                    "prefillStepSize": "  ",
                    "rawExtraArgs": "--kv-bits 4 --x='a b'",
                },
            )
        ),
    )
    assert after(answer) == {
        "name": "Qwen",
        "modelID": "org/qwen",
        "host": "127.0.0.1",
        "port": 8080,
        "enableThinking": None,
        "notes": None,
        "context": None,
        "cluster": None,
        "advancedLaunchOptions": dict.fromkeys(OPTION_NAMES)
        | {
            "defaultTemperature": 0.3,
            "defaultTopP": 1.0,
            "defaultTopK": 40,
            "defaultMinP": 0.5,
            "defaultMaxTokens": 4096,
            "chatTemplateArgs": {"enable_thinking": False},
            "allowedOrigins": "http://localhost:3000",
            "logLevel": "INFO",
            "rawExtraArgs": ["--kv-bits", "4", "--x=a b"],
        },
    }
    assert warnings(answer) == [
        "port: normalised from text to the number 8080",
        "logLevel: normalised to INFO",
        "it includes raw extra server arguments (rawExtraArgs): review them before a start",
    ]


@pytest.mark.parametrize("empty", [None, {}, {"defaultTopP": " "}])
def test_options_without_a_value_are_unset(project: Project, empty: Any) -> None:
    answer = imported(project, document(one(advancedLaunchOptions=empty)))
    assert set(after(answer)["advancedLaunchOptions"].values()) == {None}


def test_the_app_and_the_profile_file_have_the_same_options() -> None:
    assert set(OPTION_NAMES) == {*aliases(LaunchOptions).values()}
    assert label("defaultTopP") == "Default Top P"


# Keys that are not imported.


def test_what_is_not_imported_is_named(project: Project) -> None:
    profile = one(
        apiKey="abc",
        hf_token="x",
        modelPath="/m",
        tokenFilePath="/t",
        colour="red",
        notes="n",
        enableThinking=True,
        advancedLaunchOptions={"defaultMaxTokens": "10", "maxTokens": "5", "speed": 1},
    )
    answer = imported(project, document(profile, password="p", cachePath="/c", generator="x"))
    assert answer["applied"]
    assert after(answer)["advancedLaunchOptions"]["defaultMaxTokens"] == 10
    assert (after(answer)["notes"], after(answer)["enableThinking"]) == (None, None)
    assert [(one["name"], one["message"]) for one in answer["warnings"]] == [
        ("Document", "Document contains secret-looking field(s): password. They are ignored and will not be imported."),
        ("Document", "Document contains local path or executable path field(s): cachePath. They are ignored and will not be imported."),
        ("Document", "Document contains unknown field(s): generator. They are treated as data only and ignored."),
        ("Qwen", "Profile contains secret-looking field(s): apiKey, hf_token, tokenFilePath. They are ignored and will not be imported."),
        ("Qwen", "Profile contains local path or executable path field(s): modelPath, tokenFilePath. They are ignored and will not be imported."),
        ("Qwen", "Profile contains unknown field(s): colour. They are treated as data only and ignored."),
        ("Qwen", "Profile contains field(s) that are each machine's own: notes, enableThinking. They are not imported."),
        ("Qwen", "Advanced Launch Options contain secret-looking field(s): maxTokens. They are ignored and will not be imported."),
        ("Qwen", "Advanced Launch Options contain unknown field(s): speed. They are treated as data only and ignored."),
    ]  # fmt: skip


def test_keys_are_shown_only_as_far_as_they_can_be(project: Project) -> None:
    profile = one(**{"k" * 100: 1, "a\u202eb": 1})
    told = warnings(imported(project, document(profile, **{f"key{n}": n for n in range(30)})))
    assert "key19, …." in told[0]
    assert f"{'k' * 60}…, (has invisible characters)" in told[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": TOKEN},
        {"modelID": f"org/{TOKEN}"},
        {"host": TOKEN},
        {"port": TOKEN},
        {"colour": TOKEN},
        {"colour": {"deep": [TOKEN]}},
        {TOKEN: 1},
        {"advancedLaunchOptions": {"rawExtraArgs": f"--api-key {TOKEN}"}},
        {"advancedLaunchOptions": {"rawExtraArgs": "--api-key short"}},
        {"advancedLaunchOptions": {"allowedOrigins": TOKEN}},
        {"advancedLaunchOptions": {"chatTemplateArgs": json.dumps({"a": [TOKEN]})}},
        {"advancedLaunchOptions": {"chatTemplateArgs": '{"a": "\\u0068' + TOKEN[1:] + '"}'}},
        {"advancedLaunchOptions": {"chatTemplateArgs": {"a": {"api_key": "short"}}}},
        {"advancedLaunchOptions": {"chatTemplateArgs": {TOKEN: 1}}},
        {"advancedLaunchOptions": {"speed": TOKEN}},
    ],
)
def test_a_profile_that_carries_a_secret_is_invalid_and_shows_none_of_it(
    project: Project, changes: Any
) -> None:
    content = document(one(**changes), one(name="B", port=1))
    imported(project, content)
    for arguments in (["--json"], [], ["-v"]):
        result = project.run("import", "doc.json", "--yes", *arguments)
        assert result.code == 3
        assert TOKEN not in result.out + result.err
    answer = project.run("import", "doc.json", "--yes", "--json").json
    assert any("looks like" in message for message in answer["invalid"][0]["messages"])
    for path in project.folder.rglob("home/**/*"):
        assert path.is_dir() or TOKEN not in path.read_text()


def test_a_secret_in_what_is_dropped_is_dropped_with_it(project: Project) -> None:
    answer = imported(project, document(one(apiKey=TOKEN), apiToken=TOKEN))
    assert answer["applied"]
    assert TOKEN not in json.dumps(answer)


def test_a_local_path_needs_a_word(project: Project) -> None:
    content = document(one(modelID="/Users/me/models/qwen"))
    (message,) = invalid(imported(project, content))
    assert message.startswith("modelID: Model ID is a local path")
    answer = imported(project, content, "--allow-local-paths")
    assert answer["applied"]
    assert warnings(answer) == ["its modelID is a local path: it will not exist on another machine"]


def test_an_invalid_profile_that_is_left_out_is_decided(project: Project) -> None:
    content = document(one(), one(name="Folder", modelID="/Users/me/m", port=2), one(port=0, name="Bad"))
    project.write(json.dumps(content), "doc.json")
    assert project.run("import", "doc.json", "--yes", "--strict", "--skip", "Folder").code == 3
    decided = project.run(
        "import", "doc.json", "--yes", "--strict", "--skip", "Folder", "--skip", "#3", "--json"
    )
    assert (decided.code, decided.json["applied"], decided.json["invalid"]) == (0, True, [])
    assert [(s["name"], s["index"], s["reason"]) for s in decided.json["skipped"]] == [
        ("Folder", 2, "skipped by choice"),
        ("Bad", 3, "skipped by choice"),
    ]
    only = project.run("import", "doc.json", "--yes", "--only", "Qwen", "--json")
    assert (only.code, only.json["summary"]["invalid"], len(only.json["skipped"])) == (0, 0, 2)


# Conflicts and choices.


def test_importing_twice_changes_nothing(project: Project) -> None:
    typed = {"defaultTopP": "0.5", "rawExtraArgs": "--a 'b c'"}
    content = document(one(), one(name="B", port=2, advancedLaunchOptions=typed), one(name="C", port=3))
    assert imported(project, content)["summary"]["create"] == 3
    before = project.state_path.read_bytes()
    again = imported(project, content)
    assert (again["applied"], again["summary"]["unchanged"], again["changes"]) == (False, 3, [])
    assert project.state_path.read_bytes() == before


def test_a_conflict_is_skipped_until_somebody_decides(project: Project) -> None:
    imported(project, document(one()))
    content = document(one(port=9090))
    project.write(json.dumps(content), "doc.json")
    skipped = project.run("import", "doc.json", "--yes", "--json")
    assert skipped.code == 3
    (conflict,) = skipped.json["conflicts"]
    assert (conflict["kind"], conflict["choices"]) == ("name-taken", ["skip", "rename", "replace"])
    assert conflict["remedies"] == [
        "mlxsm import doc.json --rename 'Qwen=Qwen (Imported)'",
        "mlxsm import doc.json --replace Qwen",
    ]
    assert project.run("import", "doc.json", "--yes", "--strict").code == 3
    assert project.run("import", "doc.json", "--yes", "--skip", "Qwen").code == 0
    strict = project.run("import", "doc.json", "--yes", "--strict")
    assert "note: --strict: nothing is written, since 1 profile is undecided or invalid" in strict.err
    renamed = project.run("import", "doc.json", "--yes", "--rename", "Qwen").out
    assert "Imported 1, renamed 1, replaced 0, skipped 0, invalid 0, conflicts 0." in renamed
    replaced = imported(project, document(one(port=7070)), "--replace", "Qwen")
    assert [change["action"] for change in replaced["changes"]] == ["replace"]
    assert sorted((e["name"], e["port"]) for e in project.run("list", "--json").json["entries"]) == [
        ("Qwen", 7070),
        ("Qwen (Imported)", 9090),
    ]


@pytest.mark.parametrize("rename", ["Qwen", "Qwen=Mine"])
def test_a_rename_said_again_changes_nothing(project: Project, rename: str) -> None:
    imported(project, document(one()))
    content = document(one(port=9090))
    assert imported(project, content, "--rename", rename)["summary"]["rename"] == 1
    before = project.state_path.read_bytes()
    again = project.run("import", "doc.json", "--yes", "--rename", rename, "--json")
    assert (again.code, again.json["unchanged"], again.json["conflicts"]) == (0, ["Qwen"], [])
    called = "Qwen (Imported)" if rename == "Qwen" else "Mine"
    assert f'note: --rename "Qwen": it is called "{called}" here already' in again.err
    assert project.state_path.read_bytes() == before
    # What differs from what the name was given to is another profile.
    other = project.run("import", "doc.json", "--yes", "--rename", "Qwen=Qwen", "--json")
    assert [conflict["kind"] for conflict in other.json["conflicts"]] == ["ambiguous-replace"]
    changed = document(one(port=9090, advancedLaunchOptions={"defaultTopK": "3"}))
    kind = "ambiguous-replace" if rename == "Qwen" else "rename-collision"
    (conflict,) = imported(project, changed, "--rename", rename)["conflicts"]
    assert (conflict["kind"], conflict["remedies"][-1]) == (kind, f"mlxsm remove {shlex.quote(called)}")


def test_a_replace_clears_options_and_keeps_what_a_document_cannot_say(project: Project) -> None:
    project.apply(
        """schemaVersion: 1
profiles:
  - {name: Qwen, modelID: org/qwen, host: 127.0.0.1, port: 8080, notes: mine, enableThinking: true,
     advancedLaunchOptions: {defaultTopP: 0.5, logLevel: INFO}}
"""
    )
    answer = imported(project, document(options(logLevel="DEBUG")), "--replace", "Qwen")
    change = answer["changes"][0]
    assert (change["action"], change["ownerBefore"], change["ownerAfter"]) == (
        "replace",
        "default",
        "default",
    )
    assert (change["after"]["notes"], change["after"]["enableThinking"]) == ("mine", True)
    assert {one["path"]: one["after"] for one in change["fields"]} == {
        "/advancedLaunchOptions/defaultTopP": None,
        "/advancedLaunchOptions/logLevel": "DEBUG",
    }
    assert project.run("list", "--json").json["entries"][0]["drifted"]


def test_one_model_on_two_endpoints_is_no_conflict(project: Project) -> None:
    assert imported(project, document(one(), one(name="B", port=2)))["summary"]["create"] == 2


def test_duplicates_conflict_on_every_member(project: Project) -> None:
    answer = imported(project, document(one(), one(port=2), one(name="B", port=3), one(name="C", port=3)))
    assert [(one["kind"], one["index"]) for one in answer["conflicts"]] == [
        ("duplicate-name", 1),
        ("duplicate-name", 2),
        ("duplicate-identity", 3),
        ("duplicate-identity", 4),
    ]
    only = imported(project, document(one(), one(name="B", port=3)), "--only", "B")
    assert [change["name"] for change in only["changes"]] == ["B"]


def test_the_preview_and_the_end_say_what_a_person_needs(project: Project) -> None:
    content = document(one(), 5, exportedAt="2026-06-16T00:00:00Z")
    project.write(json.dumps(content), "doc.json")
    refused = project.run("import", "doc.json")
    assert (refused.code, "there is no terminal" in refused.err) == (1, True)
    assert refused.out.startswith(
        "Document doc.json\n"
        "  schema version 1, app MLXServerManager, exported 2026-06-16T00:00:00Z\n"
        "  2 profiles, 1 valid, 1 invalid\n"
        "  Shared profile JSON is metadata only. Review it before the import.\n"
    )
    shown = project.run("import", "doc.json", "--json").json
    assert (shown["error"]["kind"], [one["action"] for one in shown["changes"]]) == (
        "no-terminal",
        ["create"],
    )
    done = project.run("import", "doc.json", "--yes")
    assert done.out.endswith(
        "Imported 1, renamed 0, replaced 0, skipped 0, invalid 1, conflicts 0.\n"
        "No server was started or changed. No secret and no executable path was imported.\n"
    )
    assert project.run("history").out.splitlines()[2].split()[3] == "none"
    nothing = project.run("import", "doc.json", "--yes").out
    assert "No profiles were imported or replaced." in nothing
    assert "Document" not in project.run("import", "doc.json", "--yes", "-q").out


def test_a_document_comes_from_standard_input_too(project: Project) -> None:
    result = project.run("import", "-", "--yes", stdin=json.dumps(document(one())))
    assert result.code == 0
    assert project.state["entries"][0]["owner"] is None


def test_a_document_is_not_taken_for_a_profile_file(project: Project) -> None:
    path = project.write(json.dumps(document(one())), "doc.json")
    with pytest.raises(InvalidFile):
        read_profile_file(str(path))
    result = project.run("plan", "-f", "doc.json")
    assert (
        "doc.json:1:1: a document of the Mac app is no profile file: mlxsm import doc.json reads it"
        in result.err
    )


def test_a_file_that_is_not_there(project: Project) -> None:
    result = project.run("import", "none.json", "--json")
    assert (result.code, result.json["error"]["kind"]) == (1, "io")
    assert project.run("import").code == 64


def test_what_the_schema_says_is_said_by_the_rules(project: Project) -> None:
    """Whatever one of the two refuses, the other does not let through."""
    schema = json.loads((REPOSITORY / "schemas/document.schema.json").read_text())
    validator = Draft7Validator(schema)
    for content in (
        document(one()),
        document(one(port="8080")),
        document(options(defaultTopP="0.5", rawExtraArgs="--a 1", defaultTopK=4)),
    ):
        assert [*validator.iter_errors(content)] == []
        assert imported(project, content)["invalid"] == []
    for entry in (one(name=5), one(port="x"), one(host=None), options(logLevel=[]), options(defaultTopP=[])):
        assert [*validator.iter_errors(document(entry))] != []
        assert imported(project, document(entry))["invalid"] != []


def test_what_only_the_schema_knows_is_said_too() -> None:
    problems = Problems("doc.json")
    root = read_json(json.dumps(document(one())), problems)
    faults = [
        (["profiles", 0, "colour"], "colour is not as it should be"),
        (["exportedAt"], "exportedAt is odd"),
    ]
    judged = judge_document(root, problems, faults, Input(path="doc.json", digest=""))
    assert judged.desired.invalid[0].messages == ("colour: Colour is not as it should be.",)
    assert [one.message for one in judged.desired.warnings] == ["exportedAt is odd. It is ignored."]


# What clashes, kind by kind, and every answer to it.

HERE = (one(name="A", modelID="m/a", port=1), one(name="B", modelID="m/b", port=2))


@pytest.mark.parametrize(
    ("profiles", "told"),
    [
        # the app: existingName
        ([one(name="A", modelID="m/c", port=3)], [("name-taken", ["skip", "rename", "replace"], "A")]),
        # existingEndpoint
        ([one(name="C", modelID="m/a", port=1)], [("identity-taken", ["skip", "replace"], "A")]),
        # existingModelID: no conflict here, where one model may be served twice
        ([one(name="C", modelID="m/a", port=3)], []),
        # importedNameDuplicate
        (
            [one(name="C", modelID="m/c", port=3), one(name="C", modelID="m/d", port=4)],
            [("duplicate-name", ["skip", "rename"], None)] * 2,
        ),
        # importedModelIDDuplicate: the same
        ([one(name="C", modelID="m/c", port=3), one(name="D", modelID="m/c", port=4)], []),
        # importedEndpointDuplicate
        (
            [one(name="C", modelID="m/c", port=3), one(name="D", modelID="m/c", port=3)],
            [("duplicate-identity", ["skip"], None)] * 2,
        ),
        # names and models are compared exactly, hosts without their case
        ([one(name="a", modelID="M/a", port=1)], []),
        ([one(name="C", modelID="m/c", port=3, host="LocalHost"), one(name="D", modelID="m/c", port=3, host="localhost")], [("duplicate-identity", ["skip"], None)] * 2),
        ([one(name="C", modelID="m/a", port=1, host="localhost")], []),
        # two targets: replace is ambiguous
        ([one(name="A", modelID="m/b", port=2)], [("ambiguous-replace", ["skip"], None)]),
        # one is both: replace has one target
        ([one(name="A", modelID="m/a", port=1, advancedLaunchOptions={"logLevel": "INFO"})], [("identity-taken", ["skip", "replace"], "A")]),
        # an invalid profile clashes with nobody
        ([one(name="C", modelID="m/c", port=3), one(name="C", modelID="m/c", port=0)], []),
        # the profiles of this machine, under each other's names: judged on the whole, but nobody owns them
        ([one(name="B", modelID="m/c", port=3), one(name="C", modelID="m/b", port=2)], [("name-taken", ["skip", "rename", "replace"], "B"), ("identity-taken", ["skip", "replace"], "B")]),
    ],
)  # fmt: skip
def test_what_clashes_is_told_by_its_kind(project: Project, profiles: Any, told: Any) -> None:
    imported(project, document(*HERE))
    answer = imported(project, document(*profiles))
    assert [(c["kind"], c["choices"], c["target"]) for c in answer["conflicts"]] == told
    assert len(answer["changes"]) == len(profiles) - len(told) - len(answer["invalid"])


def test_suggested_names_avoid_everything_that_has_a_name(project: Project) -> None:
    imported(project, document(*HERE, one(name="A (Imported)", modelID="m/x", port=9)))
    taken = [
        one(name="A", modelID="m/c", port=3),
        one(name="B", modelID="m/d", port=4),
        one(name="A (Imported 2)", modelID="m/e", port=5),
    ]
    answer = imported(project, document(*taken))
    assert [one["suggestedName"] for one in answer["conflicts"]] == ["A (Imported 3)", "B (Imported)"]


@pytest.mark.parametrize(
    ("rename", "reason"),
    [
        ("A=", "the new name must not be blank"),
        ("A=B", 'the new name "B" is taken by an entry of this machine'),
        ("A=C", 'the new name "C" is taken by a profile of the file'),
        ("A=#7", "the new name must not be # with digits only: that selects a profile by position"),
    ],
)
def test_a_new_name_that_is_not_to_be_had(project: Project, rename: str, reason: str) -> None:
    imported(project, document(*HERE))
    profiles = [one(name="A", modelID="m/c", port=3), one(name="C", modelID="m/d", port=4)]
    answer = imported(project, document(*profiles), "--rename", rename)
    assert [(c["kind"], c["message"]) for c in answer["conflicts"]] == [("rename-collision", reason)]


def test_two_that_want_one_name_or_one_target(project: Project) -> None:
    imported(project, document(*HERE))
    profiles = [one(name="A", modelID="m/c", port=3), one(name="C", modelID="m/a", port=1)]
    both = imported(project, document(*profiles), "--replace", "A", "--replace", "C")
    assert [c["kind"] for c in both["conflicts"]] == ["duplicate-replace"] * 2
    names = [one(name="A", modelID="m/c", port=3), one(name="B", modelID="m/d", port=4)]
    same = imported(project, document(*names), "--rename", "A=X", "--rename", "B=X")
    assert [c["kind"] for c in same["conflicts"]] == ["rename-collision"] * 2


def test_a_replace_follows_the_entry_and_not_its_place(project: Project) -> None:
    imported(project, document(*HERE))
    project.edit_state(lambda state: state["entries"].reverse())
    imported(project, document(one(name="A", modelID="m/c", port=3)), "--replace", "A")
    listed = project.run("list", "--json").json["entries"]
    assert [(entry["name"], entry["modelID"]) for entry in listed] == [("B", "m/b"), ("A", "m/c")]
    pinned = imported(project, document(one(name="A", modelID="m/b", port=2)), "--replace", "A=B")
    assert [c["kind"] for c in pinned["conflicts"]] == ["ambiguous-replace"]
    assert pinned["conflicts"][0]["remedies"] == ["mlxsm remove A", "mlxsm remove B"]


def test_on_a_terminal_each_conflict_is_asked_for(project: Project) -> None:
    imported(project, document(*HERE))
    content = document(one(name="A", modelID="m/c", port=3), one(name="C", modelID="m/b", port=2))
    project.write(json.dumps(content), "doc.json")
    child = project.on_terminal("import", "doc.json")
    child.expect("2 profiles, 2 valid, 0 invalid")
    child.expect("1 skip, 2 rename, 3 replace")
    child.sendline("rename")
    child.expect(r"New name \[A \(Imported\)\]")
    child.sendline("")
    child.expect("1 skip, 2 replace")
    child.sendline("replace")
    child.expect("before  B | m/b")
    child.expect("Type yes to import: ")
    child.sendline("yes")
    child.expect("Imported 1, renamed 1, replaced 1, skipped 0, invalid 0, conflicts 0.")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert [e["name"] for e in project.run("list", "--json").json["entries"]] == ["A", "C", "A (Imported)"]


# What an import would say, said by `validate`, and files that are no documents.


def test_what_a_document_has_twice_is_a_warning_of_validate(project: Project) -> None:
    content = document(one(), one(port=2), one(name="B"), one(name="C", port=9))
    project.write(json.dumps(content), "doc.json")
    (judged,) = project.run("validate", "doc.json", "--json").json["files"]
    assert (judged["valid"], judged["problems"]) == (True, [])
    planned = project.run("import", "doc.json", "--yes", "--json").json
    conflicts = {(conflict["name"], conflict["message"]) for conflict in planned["conflicts"]}
    assert len(conflicts) == 3
    assert {(warning["name"], warning["message"]) for warning in judged["warnings"]} == conflicts
    assert all(warning["line"] == 1 for warning in judged["warnings"])
    assert "warning: Qwen: " in project.run("validate", "doc.json").err


def test_validate_and_import_word_the_same_thing_alike(project: Project) -> None:
    bad = document(one(port=0, name=""), one(modelID="-x"), schemaVersion=2, app=5, profiles=...)
    for content in (bad, document(5, one(port="x")), document(schemaVersion="1")):
        project.write(json.dumps(content), "doc.json")
        (judged,) = project.run("validate", "doc.json", "--json").json["files"]
        answer = project.run("import", "doc.json", "--yes", "--json").json
        said = {problem["message"] for problem in judged["problems"]}
        if "error" in answer:
            assert said == {*problems(answer)}
        else:
            assert said == {f"{i['name']}: {message}" for i in answer["invalid"] for message in i["messages"]}


LISTED = {
    **dict.fromkeys(("family", "localName", "notes", "quantization"), ""),
    "displayName": "A",
    "enableThinking": False,
    "host": "127.0.0.1",
    "modelID": "org/a",
    "serverPort": 1,
}


@pytest.mark.parametrize("listed", [[LISTED], [LISTED, LISTED | {"serverPort": 2}], [{"displayName": "A"}]])
def test_the_apps_own_list_is_known_for_what_it_is(project: Project, listed: Any) -> None:
    project.write(json.dumps(listed), "my models.json")
    refused = project.run("import", "my models.json", "--yes")
    assert (refused.code, refused.out) == (1, "")
    assert "this is the Mac app's own list: mlxsm list --state 'app:my models.json' reads it" in refused.err
    assert "not a document. No profiles were imported." in refused.err
    assert "mlxsm export --state 'app:my models.json' makes a document of it" in refused.err
    judged = project.run("validate", "my models.json")
    assert (judged.code, "mlxsm list --state 'app:my models.json' reads it" in judged.out) == (1, True)
    if len(listed) > 1:
        assert project.shell("mlxsm list --state 'app:my models.json'").code == 0
    piped = project.run("import", "-", "--yes", stdin=json.dumps(listed))
    assert "--state app:FILE" in piped.err


@pytest.mark.parametrize("content", [[], [1], [[]], [one()]])
def test_another_array_is_no_list_of_the_app(project: Project, content: Any) -> None:
    assert problems(imported(project, json.dumps(content))) == ["Import file must be a JSON object."]


def test_a_document_says_when_it_was_exported(project: Project) -> None:
    project.write(json.dumps(document(one(), exportedAt=...)), "doc.json")
    assert "schema version 1, app MLXServerManager, no export date\n" in project.run("import", "doc.json").out
    project.write(json.dumps(document(one())), "doc.json")
    told = project.run("import", "doc.json").out
    assert "app MLXServerManager, exported 2026-06-16T00:00:00Z\n  1 profile, 1 valid, 0 invalid\n" in told


def test_what_the_schema_refuses_is_refused_whether_or_not_we_have_words_for_it(project: Project) -> None:
    assert invalid(imported(project, document(one(name="\u001cA")))) == [
        "name: Profile name is invalid. It must be visible text only."
    ]
    found = Problems("doc.json")
    root = read_json(json.dumps(document(options(logLevel="INFO"))), found)
    faults = [(["profiles", 0, "advancedLaunchOptions", "logLevel"], "logLevel is odd")]
    (told,) = judge_document(root, found, faults, Input(path="doc.json", digest="")).desired.invalid
    assert told.messages == ("logLevel: Log Level is not as it should be.",)
    assert read_option("defaultTopK", 40.0) == 40


def test_without_the_schema_the_engine_still_keeps_out_what_no_profile_can_be() -> None:
    """jsonschema judges first; what would get past it is invalid all the same, never a crash."""
    for changes in (
        {"port": 99999},
        {"host": ""},
        {"name": 5},
        {"port": "x"},
        options(defaultTopP=5),
        {"port": 1.5},
    ):
        found = Problems("doc.json")
        root = read_json(json.dumps(document(one(**changes))), found)
        judged = judge_document(root, found, (), Input(path="doc.json", digest=""))
        assert judged.head.total == len(judged.desired.profiles) + len(judged.desired.invalid)
    root = read_json(json.dumps(document(options(defaultTopP=5))), found)
    (told,) = judge_document(root, found, (), Input(path="doc.json", digest="")).desired.invalid
    assert told.messages == ("defaultTopP: This cannot be part of a profile.",)
