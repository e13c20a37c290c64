"""The Mac app's own list as the state: read leniently, written so that everything else stays."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.mac_app.document_writer import unfit_for_a_document
from mlxsm_sync.mac_app.list_format import (
    HIDDEN,
    IMPORTED_NOTES,
    RULES,
    ListItem,
    read_list,
    unwritten,
    write_list,
)
from mlxsm_sync.mac_app.list_record import EntryRecord, ListRecord, joined, record_of, settled
from mlxsm_sync.planning.changes import between, not_to_be_held
from mlxsm_sync.planning.exportable import select
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.planning.pull import plan_pull
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.values.desired import Desired, DesiredProfile, Input
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import Profile, from_fields
from mlxsm_sync.values.pull import Scope
from mlxsm_sync.values.state import Entry, State
from testing.ledger import Tally
from testing.project import Project
from testing.strategies import rich_profiles

TOKEN = "hf_" + "Ab1" * 12

# As Apple's encoder lays it out, with keys that a later app may write, and values that are not ours.
LIST = """[
  {
    "displayName" : "Qwen",
    "enableThinking" : true,
    "family" : "Qwen3.6",
    "futureKey" : { "b":1.10, "a" : [ 1,2 ] },
    "host" : "127.0.0.1",
    "localName" : "a name of its own",
    "modelID" : "org\\/qwen",
    "notes" : "",
    "quantization" : "4-bit",
    "serverPort" : 8080
  },
  {
    "advancedLaunchOptions" : {
      "defaultTemperature" : "0.30",
      "futureOption" : 7,
      "logLevel" : "bogus",
      "rawExtraArgs" : "--kv-bits  4 'a b'"
    },
    "displayName" : "Other",
    "enableThinking" : false,
    "family" : "Custom",
    "host" : "127.0.0.1",
    "localName" : "other",
    "modelID" : "org\\/other",
    "notes" : "h\\u00ed",
    "quantization" : "User configured",
    "serverPort" : 8081
  }
]"""


def with_list(project: Project) -> Project:
    project.write(LIST, "models.json")
    project.environment["MLXSM_STATE"] = "app:models.json"
    return project


@pytest.fixture
def app(project: Project, no_app: None) -> Project:  # noqa: ARG001 - waits until none runs
    """A folder with the app's list, which is the state of every command."""
    return with_list(project)


def text(app: Project) -> str:
    return (app.folder / "models.json").read_text()


def listed(app: Project) -> list[dict[str, Any]]:
    return json.loads(text(app))


def edit(app: Project, before: str, after: str) -> None:
    """Change the list as the app would, by writing all of it."""
    assert before in text(app)
    app.write(text(app).replace(before, after), "models.json")


def file(*profiles: str) -> str:
    return "schemaVersion: 1\ncollection: team\nprofiles:\n" + "".join(f"  - {{{one}}}\n" for one in profiles)


NEW = "name: New, modelID: org/new, host: 127.0.0.1, port: 8082"
OTHER = "name: Other, modelID: org/other, host: 127.0.0.1, port: 8081"


def test_the_list_is_read_as_a_state(app: Project) -> None:
    entries = app.run("list", "--json").json["entries"]
    assert [(one["name"], one["modelID"], one["port"], one["owner"]) for one in entries] == [
        ("Qwen", "org/qwen", 8080, None),
        ("Other", "org/other", 8081, None),
    ]
    first, second = (one["profile"] for one in entries)
    assert (first["enableThinking"], first["notes"]) == (True, None)
    assert (second["enableThinking"], second["notes"]) == (False, "hí")
    assert second["advancedLaunchOptions"]["defaultTemperature"] == 0.3
    assert second["advancedLaunchOptions"]["logLevel"] is None
    assert second["advancedLaunchOptions"]["rawExtraArgs"] == ["--kv-bits", "4", "'a", "b'"]
    assert [one["id"] for one in app.run("list", "--json").json["entries"]] == [one["id"] for one in entries]


def test_a_new_entry_is_as_the_app_makes_one_and_the_rest_is_as_it_was(app: Project) -> None:
    app.apply(file(f"{NEW}, enableThinking: true, advancedLaunchOptions: {{defaultTopK: 40}}"))
    assert text(app) == (
        LIST.removesuffix("\n]")
        + """,
  {
    "advancedLaunchOptions" : {
      "defaultTopK" : "40"
    },
    "displayName" : "New",
    "enableThinking" : true,
    "family" : "Imported",
    "host" : "127.0.0.1",
    "localName" : "new",
    "modelID" : "org\\/new",
    "notes" : "Imported profile metadata. Review before starting a managed server.",
    "quantization" : "Imported profile metadata",
    "serverPort" : 8082
  }
]"""
    )
    assert app.run("plan", "--detailed-exitcode").code == 0
    app.apply(file(NEW))
    assert listed(app)[2]["enableThinking"] is False


def test_a_changed_entry_keeps_its_place_and_all_that_the_profile_does_not_say(app: Project) -> None:
    app.apply(file("name: Qwen, modelID: new/model, host: '::1', port: 9000"), "--replace", "Qwen")
    assert text(app) == (
        LIST.replace('"127.0.0.1"', '"::1"', 1)
        .replace("a name of its own", "model")
        .replace("org\\/qwen", "new\\/model")
        .replace("8080", "9000")
    )


def test_only_the_options_that_change_are_written(app: Project) -> None:
    options = "advancedLaunchOptions: {defaultTemperature: 0.3, defaultTopP: 0.5, logLevel: INFO}"
    app.apply(file(f"{OTHER}, {options}"), "--replace", "Other")
    assert text(app) == LIST.replace(
        '"defaultTemperature" : "0.30",', '"defaultTemperature" : "0.30",\n      "defaultTopP" : "0.5",'
    ).replace("bogus", "INFO")
    app.apply(file(OTHER))
    assert listed(app)[1]["advancedLaunchOptions"] == {
        "futureOption": 7,
        "rawExtraArgs": "--kv-bits  4 'a b'",
    }


def test_the_last_option_takes_its_object_along(app: Project) -> None:
    app.apply(file(f"{NEW}, advancedLaunchOptions: {{logLevel: INFO}}"))
    app.apply(file(NEW))
    assert "advancedLaunchOptions" not in listed(app)[2]


def test_bookkeeping_does_not_touch_the_list(app: Project) -> None:
    path = app.folder / "models.json"
    path.write_text(LIST.replace("\n", "\r\n"))
    os.utime(path, (1, 1))
    claimed = app.apply(file(OTHER), "--json").json
    assert [change["action"] for change in claimed["changes"]] == ["claim"]
    assert (path.stat().st_mtime, claimed["serial"]) == (1, 1)
    assert app.run("list", "Other", "--json").json["entries"][0]["owner"] == "team"


def test_an_edit_in_the_app_is_drift(app: Project) -> None:
    app.apply(file(NEW, OTHER))
    edit(app, '"serverPort" : 8082', '"serverPort" : 9999')
    edit(app, '"notes" : "h\\u00ed"', '"notes" : "mine"')
    (conflict,) = app.run("plan", "--json").json["conflicts"]
    assert (conflict["kind"], conflict["name"]) == ("drift", "New")
    assert conflict["remedies"] == ["mlxsm apply --replace New", "mlxsm pull New"]
    app.apply(file(NEW, OTHER), "--replace", "New")
    assert listed(app)[2]["serverPort"] == 8082
    assert listed(app)[1]["notes"] == "mine"


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ('"displayName" : "New"', '"displayName" : "Renamed in the app"', "name"),
        ('"modelID" : "org\\/new"', '"modelID" : "org\\/newer"', "modelID"),
    ],
)
def test_a_name_or_a_model_that_was_changed_in_the_app_is_drift(
    app: Project, before: str, after: str, path: str
) -> None:
    app.apply(file(NEW))
    edit(app, before, after)
    (conflict,) = app.run("plan", "--json").json["conflicts"]
    assert conflict["kind"] == "drift"
    assert conflict["message"].endswith(f"since it was applied: {path}")
    app.apply(file(NEW), "--replace", "New")
    assert before in text(app)


def test_an_entry_deleted_in_the_app_is_created_again_and_told(app: Project) -> None:
    app.apply(file(NEW, OTHER))
    app.write(json.dumps(listed(app)[:2]), "models.json")
    plan = app.run("plan", "--json").json
    assert [(change["action"], change["name"]) for change in plan["changes"]] == [("create", "New")]
    assert [one["message"] for one in plan["warnings"] if one["name"] == "New"] == [
        "it was deleted in the app since it was applied: this would create it again"
    ]
    app.apply(file(NEW, OTHER))
    assert app.run("plan", "--json").json["warnings"] == []


def test_what_is_not_clear_is_told_and_left_alone(app: Project) -> None:
    app.apply(file(NEW))
    content = listed(app)
    doubles = [content[2] | {"serverPort": port, "modelID": f"org/new{port}"} for port in (1, 2)]
    app.write(json.dumps([*content[:2], *doubles]), "models.json")
    plan = app.run("plan", "--json").json
    told = {one["message"] for one in plan["warnings"] if one["name"] != "Other"}
    assert told == {"it was changed in the app so that several profiles could be it: it counts as nobody's"}
    assert [one["kind"] for one in plan["conflicts"]] == ["ambiguous-replace"]
    assert app.run("apply", "--yes").code == 3
    assert listed(app) == [*content[:2], *doubles]


def test_one_entry_per_model(app: Project) -> None:
    app.write(file("name: Second, modelID: org/qwen, host: 127.0.0.1, port: 9000"))
    (conflict,) = app.run("plan", "--json").json["conflicts"]
    assert (conflict["kind"], conflict["choices"]) == ("identity-taken", ["skip", "replace"])
    assert conflict["rivals"][0]["matches"] == ["identity"]
    assert conflict["message"] == (
        'its modelID is taken by "Qwen" (owned by nobody), and the app keeps one profile per model'
    )
    app.write(file(NEW, NEW.replace("New", "Newer").replace("8082", "9000")))
    conflicts = app.run("plan", "--json").json["conflicts"]
    assert [one["kind"] for one in conflicts] == ["duplicate-identity"] * 2
    assert conflicts[0]["message"] == (
        "its modelID is also used by #2 of the file, and the app keeps one profile per model"
    )
    document = [{"name": "Second", "modelID": "org/qwen", "host": "h", "port": 1}]
    app.write(json.dumps({"schemaVersion": 1, "profiles": document}), "doc.json")
    assert app.run("import", "doc.json", "--yes", "--json").json["conflicts"][0]["kind"] == "identity-taken"
    assert app.run("import", "doc.json", "--yes", "--replace", "Second").code == 0
    assert [(one["displayName"], one["serverPort"]) for one in listed(app)] == [
        ("Second", 1),
        ("Other", 8081),
    ]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("rawExtraArgs: [--x, 'a b']", "the app splits rawExtraArgs at white space"),
        ("rawExtraArgs: [--x, '']", "the app splits rawExtraArgs at white space"),
        ('rawExtraArgs: [--x, "a\\u00a0b"]', "the app splits rawExtraArgs at white space"),
        ("defaultTemperature: 1.5", "the app takes no defaultTemperature above 1"),
    ],
)
def test_what_the_app_would_read_otherwise_is_refused(app: Project, option: str, message: str) -> None:
    app.write(file(f"{NEW}, advancedLaunchOptions: {{{option}}}"))
    for arguments in (["plan"], ["apply", "--yes"]):
        refused = app.run(*arguments, "--json")
        assert (refused.code, refused.json["error"]["kind"]) == (1, "guard")
        assert message in refused.json["error"]["message"]
        assert len(refused.json["changes"]) == 1
    assert text(app) == LIST
    assert app.run("apply", "--yes", "--skip", "New").code == 0


def test_the_list_is_never_emptied(app: Project) -> None:
    refused = app.run("remove", "Qwen", "Other", "-y")
    assert (refused.code, text(app)) == (1, LIST)
    assert "the app would put a profile of its own there" in refused.err
    assert app.run("remove", "Qwen", "-y").code == 0
    assert [one["displayName"] for one in listed(app)] == ["Other"]


BROKEN: dict[str, Any] = {
    "no JSON": "[",
    "empty": "",
    "an object": "{}",
    "a number in it": "[5]",
    "a key twice": LIST.replace('"notes" : ""', '"notes" : "", "notes" : ""'),
    "not UTF-8": LIST.encode().replace(b"Other", b"\xff"),
    "no name": LIST.replace("displayName", "name"),
    "a port as text": LIST.replace("8080", '"8080"'),
    "half a port": LIST.replace("8080", "8080.5"),
    "thinking as text": LIST.replace("true", '"true"'),
    "no family": LIST.replace('"family" : "Custom",', ""),
    "options that are a list": LIST.replace('"notes" : "",', '"notes" : "", "advancedLaunchOptions": [],'),
    "an option that is a number": LIST.replace('"0.30"', "0.3"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_list_that_the_app_could_not_read_is_never_overwritten(app: Project, what: str) -> None:
    data = BROKEN[what] if isinstance(BROKEN[what], bytes) else BROKEN[what].encode()
    if isinstance(BROKEN[what], str):
        with pytest.raises(InvalidFile):
            read(BROKEN[what])
    path = app.folder / "models.json"
    path.write_bytes(data)
    app.write(file(NEW))
    for command in (
        ["plan"],
        ["apply", "--yes"],
        ["list"],
        ["remove", "Qwen", "-y"],
        ["pull", "--all", "--yes"],
    ):
        result = app.run(*command)
        assert result.code == 1
        assert "it was not touched" in result.err
        assert path.read_bytes() == data
    assert app.run("plan", "--json").json["error"]["kind"] == "unreadable-state"


def test_options_that_are_null_are_none(app: Project) -> None:
    null = LIST.replace('"notes" : "",', '"notes" : "", "advancedLaunchOptions": {"logLevel": null},')
    assert read(null)[0].profile == read(LIST)[0].profile
    app.write(LIST.replace('"notes" : "",', '"notes" : "", "advancedLaunchOptions": null,'), "models.json")
    app.apply(file("name: Qwen, modelID: org/qwen, host: 127.0.0.1, port: 1"), "--replace", "Qwen")
    assert listed(app)[0]["advancedLaunchOptions"] is None
    app.apply(
        file(
            "name: Qwen, modelID: org/qwen, host: 127.0.0.1, port: 1, advancedLaunchOptions: {defaultTopK: 1}"
        )
    )
    assert listed(app)[0]["advancedLaunchOptions"] == {"defaultTopK": "1"}


@pytest.mark.usefixtures("no_app")
def test_a_list_that_is_not_there_yet_is_made_where_the_app_is(project: Project) -> None:
    project.write(file(NEW))
    for state in ("app", "app:no/models.json"):
        missing = project.run("apply", "--yes", "--state", state)
        assert missing.code == 1
        assert "start MLX Server Manager once" in missing.err
    folder = project.folder / "home/Library/Application Support/MLX Server Manager"
    folder.mkdir(parents=True)
    assert project.run("apply", "--yes", "--state", "app").code == 0
    assert json.loads((folder / "models.json").read_text())[0]["displayName"] == "New"
    assert project.run("plan", "--state", f"app:{folder}/models.json", "--detailed-exitcode").code == 0
    assert project.run("plan", "--state", "app:~/Library/../Library/Application Support/MLX Server Manager/models.json", "--detailed-exitcode").code == 0  # fmt: skip
    assert not project.state_path.exists()


def test_the_mode_of_the_list_stays_and_the_record_is_private(app: Project) -> None:
    (app.folder / "models.json").chmod(0o640)
    app.apply(file(NEW))
    assert (app.folder / "models.json").stat().st_mode & 0o777 == 0o640
    kept = [path for path in (app.folder / "home").rglob("app-*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def test_every_version_that_was_replaced_is_kept_and_can_come_back(app: Project) -> None:
    app.apply(file(NEW))
    app.apply(file(NEW.replace("8082", "9000")))
    assert [one["serial"] for one in app.run("history", "--json").json["entries"]] == [2, 1, 0]
    kept = [*(app.folder / "home").rglob("history/*")]
    assert json.loads(min(kept).read_text())["listText"] == LIST
    app.run("remove", "Qwen", "New", "-y")
    back = app.run("rollback", "1", "--yes")
    assert back.code == 0, back.err
    assert listed(app)[0] == json.loads(LIST)[0]
    assert [one["serverPort"] for one in listed(app)] == [8080, 8081, 8082]
    assert app.run("rollback", "0", "--yes").code == 0
    assert json.loads(text(app)) == json.loads(LIST)


def test_what_the_app_changed_since_stays_through_a_rollback(app: Project) -> None:
    app.apply(file(NEW))
    app.apply(file(NEW.replace("8082", "9000")))
    edit(app, "Qwen3.6", "Qwen4")
    app.run("rollback", "--yes")
    assert (listed(app)[0]["family"], listed(app)[2]["serverPort"]) == ("Qwen4", 8082)


@pytest.mark.threat(21)
def test_bytes_that_changed_since_they_were_planned_are_stale(app: Project, tally: Tally) -> None:
    app.write(file(NEW))
    assert app.run("plan", "--out", "plan.json").code == 0
    edit(app, "Custom", "Own")
    stale = app.run("apply", "plan.json", "--json")
    assert (stale.code, stale.json["error"]["kind"]) == (1, "stale-plan")
    assert len(listed(app)) == 2
    app.run("plan", "--out", "plan.json")
    assert app.run("apply", "plan.json").code == 0
    tally.add(stale_plans=1)


def test_a_record_that_cannot_be_read_stops_everything(app: Project) -> None:
    app.apply(file(NEW))
    (record,) = (app.folder / "home/.local/state/mlxsm").glob("app-*.json")
    record.write_text("half")
    result = app.run("apply", "--yes", "--json")
    assert (result.json["error"]["kind"], record.read_text()) == ("unreadable-state", "half")


@pytest.fixture
def running_app(tmp_path: Path, only_app: None) -> Iterator[subprocess.Popen[bytes]]:  # noqa: ARG001 - waits until none runs
    """A real process of the app's name."""
    path = tmp_path / "MLXServerManager"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", path)
    process = subprocess.Popen([path, "60"])
    time.sleep(0.1)
    yield process
    process.kill()
    process.wait()


def test_while_the_app_runs_its_list_is_not_written(
    project: Project, running_app: subprocess.Popen[bytes]
) -> None:
    app = with_list(project)
    app.write(file(NEW, OTHER))
    refused = app.run("apply", "--yes", "--json")
    assert (refused.code, refused.json["error"]["kind"]) == (1, "guard")
    assert "quit the app and try again, or add --while-app-runs" in refused.json["error"]["hint"]
    assert app.run("plan").code == 0
    for command in (["remove", "Qwen", "-y"], ["import", "doc.json", "--yes"]):
        document = {"schemaVersion": 1, "profiles": [{"name": "N", "modelID": "n", "host": "h", "port": 1}]}
        app.write(json.dumps(document), "doc.json")
        assert "MLX Server Manager is running" in app.run(*command).err
    assert text(app) == LIST
    assert app.run("apply", "--yes", "--only", "Other").code == 0, "a claim writes nothing that is the app's"
    assert app.run("pull", "--yes", "Qwen").code == 0
    assert app.run("apply", "--yes", "--while-app-runs").code == 0
    assert len(listed(app)) == 3
    assert running_app.poll() is None, "the app was not touched"


def test_a_secret_in_the_list_stays_there_and_is_shown_nowhere(app: Project) -> None:
    edit(app, '"Other"', f'"{TOKEN}"')
    edit(app, '"notes" : ""', f'"notes" : "{TOKEN}"')
    edit(app, "--kv-bits  4 'a b'", f"--api-key {TOKEN}")
    app.write(file(NEW))
    for command in (
        ["list"],
        ["list", "--json"],
        ["plan", "-v"],
        ["apply", "--yes", "--json"],
        ["export", "--include-local-paths"],
        ["export", "--format", "yaml"],
        ["pull", "--all", "--yes"],
        ["history", "--json"],
        ["init", "--from-state", "-f", "new.yaml"],
        ["connect", HIDDEN],
    ):
        result = app.run(*command)
        assert TOKEN not in result.out + result.err, command
    assert text(app).count(TOKEN) == 3
    assert HIDDEN not in (app.folder / "new.yaml").read_text()
    assert TOKEN not in (app.folder / "profiles.yaml").read_text() + (app.folder / "new.yaml").read_text()


def test_a_profile_that_breaks_our_rules_is_shown_and_kept(app: Project) -> None:
    edit(app, '"host" : "127.0.0.1"', '"host" : "127.0.0.1:8080"')
    edit(app, '"displayName" : "Qwen"', '"displayName" : "  "')
    app.write(file(NEW))
    assert app.run("list", "--json").json["entries"][0]["name"] == "org/qwen"
    assert app.run("apply", "--yes").code == 0
    assert listed(app)[0]["host"] == "127.0.0.1:8080"
    refused = app.run("pull", "--yes", "org/qwen")
    assert "it breaks the rules of a profile" in refused.err


def test_names_of_the_list_are_completed(app: Project) -> None:
    environment = {"_MLXSM_COMPLETE": "bash_complete", "COMP_WORDS": "mlxsm remove ", "COMP_CWORD": "2"}
    assert app.run(**environment).out.split() == ["plain,Qwen", "plain,Other"]


# The pure rules.


def read(source: str) -> list[ListItem]:
    return read_list(source, Problems("models.json"))


@given(st.lists(rich_profiles(), max_size=4), st.lists(rich_profiles(), max_size=4))
def test_what_is_written_is_read_back(old: list[Profile], new: list[Profile]) -> None:
    """New entries, and entries that become any other profile, whatever they were."""

    def held(profile: Profile) -> Profile:
        arguments = profile.advanced_launch_options.raw_extra_args
        split = tuple(word for one in arguments or () for word in one.split()) or None
        fields = profile.fields | {"/advancedLaunchOptions/rawExtraArgs": [*split] if split else None}
        # Blank notes are refused before anything is written.
        return from_fields(fields | {"/notes": ((profile.notes or "").strip() and profile.notes) or None})

    first = [Entry(id=f"{n:016d}", profile=held(one), owner=None) for n, one in enumerate(old)]
    source = write_list(first, None)
    assert [*unwritten(first, source)] == []
    again = [
        one.model_copy(profile=found.profile, verbatim=found.verbatim)
        for one, found in zip(first, read(source), strict=True)
    ]
    assert write_list(again, source) == source
    second = [
        Entry(id=f"{n:016d}", profile=held(one), owner=None, verbatim=found.verbatim if found else None)
        for n, (one, found) in enumerate(zip(new, [*read(source), *[None] * 4], strict=False))
    ]
    after = write_list(second, source)
    assert [*unwritten(second, after)] == []
    for entry, found in zip(second, json.loads(after), strict=True):
        assert (found["displayName"], found["serverPort"]) == (entry.name, entry.profile.port)
        assert found["notes"] == (entry.profile.notes or (IMPORTED_NOTES if entry.verbatim is None else ""))


@given(st.text(max_size=200))
def test_any_text_is_a_list_or_is_refused(source: str) -> None:
    with suppress(InvalidFile):
        read(source)


def test_a_value_that_looks_like_a_secret_is_not_taken() -> None:
    (_, other) = read(LIST.replace("4 'a b'", f"4 {TOKEN}").replace('"Other"', f'"{TOKEN}"'))
    assert (other.profile.name, other.profile.advanced_launch_options.raw_extra_args) == (HIDDEN, None)


def test_what_is_not_read_back_is_named() -> None:
    (entry,) = (Entry(id="0" * 16, profile=one.profile, owner=None) for one in read(LIST)[:1])
    other = write_list([entry.model_copy(profile=entry.profile.model_copy(port=1))], None)
    assert [*unwritten([entry], other)] == ["Qwen"]


def kept(number: int, name: str, model: str, port: int = 1) -> EntryRecord:
    return EntryRecord(
        id=f"{number:016d}",
        name=name,
        model_id=model,
        host="h",
        port=port,
        owner="team",
        applied={"name": name},
    )


def found(name: str, model: str, port: int = 1) -> ListItem:
    return ListItem(Profile(name=name, model_id=model, host="h", port=port), "{}")


def test_what_a_list_lost_is_told_in_a_plan() -> None:
    wanted = DesiredProfile(index=1, profile=read(LIST)[0].profile, declared=read(LIST)[0].profile.fields)
    desired = Desired(owner="team", input=Input(path="p", digest=""), profiles=(wanted,))
    gone = kept(1, "Qwen", "org/qwen").as_written()
    plan = make_plan(
        desired, State(lineage="x", lost=(gone,), unclear=(kept(2, "Other", "org/other").as_written(),))
    )
    assert [(one.name, one.message.partition(":")[0]) for one in plan.warnings] == [
        ("Qwen", "it was deleted in the app since it was applied"),
        ("Other", "it was changed in the app so that several profiles could be it"),
    ]


def test_list_and_record_are_joined_by_what_is_clear() -> None:
    record = ListRecord(
        entries=(kept(1, "A", "m/a"), kept(2, "B", "m/b"), kept(3, "C", "m/c"), kept(4, "D", "m/d"))
    )
    state = joined([found("B", "m/b"), found("A", "m/a2"), found("C2", "m/c"), found("E", "m/e")], record)
    assert [(one.name, one.owner) for one in state.entries] == [
        ("B", "team"),
        ("A", "team"),
        ("C2", "team"),
        ("E", None),
    ]
    assert [one.name for one in state.lost] == ["D"]
    doubled = joined([found("A", "m/1"), found("A", "m/2")], ListRecord(entries=(kept(1, "A", "m/a"),)))
    assert (
        [one.owner for one in doubled.entries],
        tuple(one.name for one in doubled.unclear),
        doubled.lost,
    ) == (
        [None, None],
        ("A",),
        (),
    )
    assert len({one.id for one in joined([found("A", "m/1")] * 3, ListRecord()).entries}) == 3


def test_a_record_that_was_being_written_is_settled_by_the_list() -> None:
    before = ListRecord(serial=1, list_digest="old", entries=(kept(1, "A", "m/a"),))
    after = ListRecord(serial=2, list_digest="new", entries=(kept(1, "A", "m/a"), kept(2, "B", "m/b")))
    both = before.model_copy(pending=after)
    assert settled(before, "whatever", []) == before
    assert settled(both, "old", []) == before
    assert settled(both, "new", []) == after
    # The app has written the list since: what is found in it tells.
    assert settled(both, "other", [found("A", "m/a"), found("B", "m/b")]) == after
    assert settled(both, "other", [found("A", "m/a")]) == before


def test_a_record_holds_what_the_list_cannot() -> None:
    with pytest.raises(ValueError, match="1 issues"):
        ListRecord.model_validate_json(
            '{"entries": [{"id": "'
            + "a" * 16
            + '", "name": "A", "modelID": "m", "host": "h", "port": 1, "owner": "x"}]}'
        )
    entry = Entry(
        id="a" * 16, profile=read(LIST)[0].profile, owner="team", applied={"name": "Qwen"}, from_="/f"
    )
    state = State(lineage="x", serial=3, entries=(entry,))
    record = record_of(state, "digest")
    assert joined(read(LIST)[:1], record).entries[0].model_copy(verbatim=None) == entry


def test_the_rules_of_the_list_are_the_states() -> None:
    one = Entry(id="a" * 16, profile=read(LIST)[0].profile, owner=None)
    full = State(lineage="x", entries=(one,), rules=RULES)
    emptied = between(full, full.next(()))
    assert emptied.guard is not None
    assert not_to_be_held((), full) is None
    assert between(State(lineage="x", entries=(one,)), State(lineage="x")).guard is None
    options = {
        "/advancedLaunchOptions/rawExtraArgs": ["a b"],
        "/advancedLaunchOptions/defaultTemperature": 1.5,
    }
    bad = one.model_copy(profile=from_fields(one.profile.fields | options))
    refusal = between(full, full.next((bad,))).guard
    assert refusal is not None
    assert refusal.message == (
        '"Qwen": the app takes no defaultTemperature above 1; "Qwen": the app splits rawExtraArgs at white '
        "space, so none of them may be empty or contain any"
    )
    assert full.next(()).rules == RULES


# What a hostile reader found.


def with_entry(app: Project, **fields: Any) -> dict[str, Any]:
    """Add an entry in the app."""
    entry = {
        **dict.fromkeys(("family", "localName", "notes", "quantization"), ""),
        "displayName": "New",
        "enableThinking": False,
        "host": "127.0.0.1",
        "modelID": "org/new",
        "serverPort": 8082,
    } | fields
    app.write(json.dumps([*listed(app), entry]), "models.json")
    return entry


def test_an_entry_made_where_another_one_was_is_another_one(app: Project) -> None:
    with_entry(app)
    app.apply(file(NEW))
    app.apply(file(NEW.replace("org/new", "org/newer")))
    stranger = with_entry(app, notes="typed in the app")
    ids = [one["id"] for one in app.run("list", "--json").json["entries"]]
    assert len(set(ids)) == len(ids) == 4
    app.write(file(NEW.replace("org/new", "org/newer").replace("8082", "9999")))
    app.run("apply", "--yes")
    assert listed(app)[3] == stranger


def test_an_option_that_cannot_be_read_is_not_taken_for_unset(app: Project) -> None:
    hot = f"{NEW}, advancedLaunchOptions: {{defaultTemperature: 0.5}}"
    app.apply(file(hot))
    edit(app, '"defaultTemperature" : "0.5"', '"defaultTemperature" : "1.5"')
    (conflict,) = app.run("plan", "--json").json["conflicts"]
    assert conflict["kind"] == "drift"
    assert conflict["fields"] == [
        {"path": "/advancedLaunchOptions/defaultTemperature", "before": "(unreadable)", "after": 0.5}
    ]
    refused = app.run("pull", "--yes", "New")
    assert (refused.code, "defaultTemperature is none that a profile can have" in refused.err) == (1, True)
    assert "defaultTemperature: 0.5" in (app.folder / "profiles.yaml").read_text()
    assert app.run("list", "New", "--json").json["entries"][0]["drifted"]
    for form in ("json", "yaml"):
        told = app.run("export", "New", "--format", form).err
        assert '  left out of "New": defaultTemperature, which is none that a profile can have' in told
    app.apply(file(NEW), "--replace", "New")
    assert "advancedLaunchOptions" not in listed(app)[2]


def test_what_cannot_be_read_is_not_overwritten_unasked(app: Project) -> None:
    with_entry(app, advancedLaunchOptions={"rawExtraArgs": "--port 9 --foo", "logLevel": "loud"})
    app.apply(file(NEW))
    app.write(file(f"{NEW}, advancedLaunchOptions: {{rawExtraArgs: [--a]}}"))
    assert app.run("plan", "--json").json["conflicts"][0]["kind"] == "drift"
    app.run("apply", "--yes", "--replace", "New")
    assert listed(app)[2]["advancedLaunchOptions"] == {"rawExtraArgs": "--a", "logLevel": "loud"}
    app.run("rollback", "--yes")
    assert listed(app)[2]["advancedLaunchOptions"] == {"logLevel": "loud"}
    assert app.run("connect", "New").code == 0
    stranger = with_entry(app, displayName="S", modelID="s", advancedLaunchOptions={"defaultTopP": "2"})
    assert "S" in app.run("pull", "--yes", "S").err
    assert listed(app)[3] == stranger
    document = {
        "schemaVersion": 1,
        "profiles": [{"name": "S", "modelID": "s", "host": "127.0.0.1", "port": 8082}],
    }
    app.write(json.dumps(document), "doc.json")
    assert app.run("import", "doc.json", "--yes").code == 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ('notes: ""', "the app has no empty notes: leave them out"),
        ('notes: "  "', "the app has no empty notes: leave them out"),
        ("advancedLaunchOptions: {rawExtraArgs: []}", "the app has no empty rawExtraArgs: leave them out"),
        (
            f"advancedLaunchOptions: {{rawExtraArgs: [{', '.join(f'--abc{n}' for n in range(3000))}]}}",
            "the app's list holds no text over 16 KiB",
        ),
    ],
)
def test_what_the_list_cannot_hold_is_refused(app: Project, fields: str, message: str) -> None:
    app.write(file(f"{NEW}, {fields}"))
    refused = app.run("apply", "--yes", "--json")
    assert (refused.code, refused.json["error"]["kind"]) == (1, "guard")
    assert message in refused.json["error"]["message"]
    assert text(app) == LIST


def test_blanks_around_origins_and_very_large_numbers(app: Project) -> None:
    app.apply(file(f'{NEW}, advancedLaunchOptions: {{allowedOrigins: " http://x "}}'))
    assert app.run("plan", "--detailed-exitcode").code == 0
    app.write(file(f"{NEW}, advancedLaunchOptions: {{defaultTopK: 1e20}}"))
    assert "defaultTopK must be" in app.run("plan").err


def test_a_blank_name_is_written_before_the_model_takes_its_place(app: Project) -> None:
    with_entry(app, displayName=" ")
    app.apply(file("name: org/new, modelID: org/new, host: 127.0.0.1, port: 8082"))
    app.apply(file("name: org/new, modelID: org/newer, host: 127.0.0.1, port: 8082"))
    assert (listed(app)[2]["displayName"], listed(app)[2]["modelID"]) == ("org/new", "org/newer")


def test_a_chosen_name_that_became_none_in_the_app_is_drift(app: Project) -> None:
    app.write(file(OTHER.replace("8081", "9"), NEW.replace("New", "Qwen")))
    app.run("apply", "--yes", "--rename", "Qwen=Mine", "--skip", "Other")
    edit(app, '"Mine"', '"#1"')
    (conflict,) = [one for one in app.run("plan", "--json").json["conflicts"] if one["name"] == "Qwen"]
    assert conflict["kind"] in ("drift", "name-taken")


def test_what_contradicts_itself_in_the_app_goes_out_as_it_works(app: Project) -> None:
    with_entry(app, advancedLaunchOptions={"chatTemplateArgs": '{"enable_thinking": true}'})
    app.run("export", "New", "--format", "yaml", "-o", "out.yaml")
    assert "enableThinking:" not in (app.folder / "out.yaml").read_text()
    assert app.run("plan", "-f", "out.yaml").code == 0
    app.write(file(OTHER))
    app.apply(file(OTHER))
    assert app.run("pull", "--yes", "New").code == 0
    assert app.run("plan", "--detailed-exitcode").code == 0
    thinks = "enableThinking: true, advancedLaunchOptions: {chatTemplateArgs: {enable_thinking: true}}"
    app.apply(file(f"{NEW}, {thinks}"), "--replace", "New")
    content = listed(app)
    content[2]["enableThinking"] = False
    app.write(json.dumps(content), "models.json")
    assert "its enableThinking contradicts its chatTemplateArgs" in app.run("pull", "--yes", "New").err


def test_what_the_app_deleted_is_remembered_until_it_is_decided(app: Project) -> None:
    app.apply(file(NEW, OTHER))
    app.write(json.dumps(listed(app)[:2]), "models.json")
    app.write(file(NEW, OTHER.replace("8081", "9")))
    for _ in range(2):
        assert app.run("apply", "--yes", "--skip", "New").code == 0
        warned = [
            one["message"] for one in app.run("plan", "--json").json["warnings"] if one["name"] == "New"
        ]
        assert warned == ["it was deleted in the app since it was applied: this would create it again"]
    app.run("apply", "--yes")
    assert app.run("plan", "--json").json["warnings"] == []


def test_a_token_in_a_comment_is_not_shown_by_a_pull(app: Project) -> None:
    app.apply(
        f"schemaVersion: 1\nprofiles:\n  - name: New\n    modelID: org/new\n    host: h\n    port: 8082  # was {TOKEN}\n"
    )
    edit(app, '"serverPort" : 8082', '"serverPort" : 9')
    result = app.run("pull", "--yes", "New")
    assert (result.code, TOKEN in result.out) == (0, False)
    assert f"port: 9  # was {TOKEN}" in (app.folder / "profiles.yaml").read_text()


def test_a_plan_shows_only_what_it_decides(app: Project) -> None:
    with_entry(app, advancedLaunchOptions={"defaultTemperature": "hot", "defaultTopK": "many"})
    app.write(file(f"{NEW}, advancedLaunchOptions: {{defaultTemperature: 0.5}}"))
    path = "/advancedLaunchOptions/defaultTemperature"
    (conflict,) = app.run("plan", "--json").json["conflicts"]
    (change,) = app.run("apply", "--yes", "--replace", "New", "--json").json["changes"]
    for shown in (conflict, change):
        assert shown["fields"] == [{"path": path, "before": "(unreadable)", "after": 0.5}]
    assert listed(app)[2]["advancedLaunchOptions"] == {"defaultTemperature": "0.5", "defaultTopK": "many"}


@pytest.mark.parametrize(
    "fields",
    [
        {"notes": TOKEN},
        {"advancedLaunchOptions": {"rawExtraArgs": f"--hf-token {TOKEN}"}},
        {"advancedLaunchOptions": {"rawExtraArgs": "--api-key short"}},
        {"futureKey": [TOKEN]},
    ],
)
def test_a_secret_keeps_its_whole_profile_here(app: Project, fields: dict[str, Any]) -> None:
    with_entry(app, **fields)
    for form in ("json", "yaml"):
        result = app.run("export", "--format", form)
        assert '  left out: "New": something in it looks like a secret' in result.err
        assert ("org/new" in result.out, TOKEN in result.out + result.err) == (False, False)
    app.write(file(OTHER))
    refused = app.run("pull", "--yes", "New")
    assert (refused.code, "something in it looks like a secret" in refused.err) == (1, True)
    entry = Entry(
        id="a" * 16, profile=read(text(app))[2].profile, owner=None, verbatim=read(text(app))[2].verbatim
    )
    assert len(select([entry], local_paths=True).left_out) == 1


def test_namesakes_are_not_guessed_between(app: Project) -> None:
    with_entry(app, displayName="Same")
    with_entry(app, displayName="Same", modelID="org/other")
    before = text(app)
    refused = app.run("remove", "Same", "--yes")
    assert (refused.code, '"Same" is the name of 2 profiles; nothing was removed' in refused.err) == (
        64,
        True,
    )
    assert text(app) == before
    written = app.run("export", "--format", "yaml")
    assert 'note: several profiles are called "Same": give them different names' in written.err


def test_the_history_is_there_when_the_list_cannot_be_read(app: Project) -> None:
    app.write(file(NEW))
    assert app.run("apply", "--yes").code == 0
    kept = [one["serial"] for one in app.run("history", "--json").json["entries"]]
    app.write("[{", "models.json")
    assert kept == [1, 0]
    shown = app.run("history")
    assert (shown.code, [line.split()[0] for line in shown.out.splitlines()]) == (1, ["SERIAL", "0"])
    refused = app.run("rollback", "--yes")
    assert refused.code == 1
    assert "to put back what is kept: mlxsm restore --state app:" in refused.err
    assert text(app) == "[{"
    assert app.run("restore", "--yes").code == 0
    assert text(app) == LIST


def test_the_state_itself_is_not_exported_over(app: Project) -> None:
    assert app.run("export", "-o", "models.json", "-y").code == 64
    assert text(app) == LIST


def test_rules_of_texts_are_told_together() -> None:
    one = read(LIST)[0].profile
    blank = one.model_copy(notes=" ", advanced_launch_options=LaunchOptions(raw_extra_args=()))
    long = one.model_copy(notes="x" * 20_000)
    full = State(lineage="x", entries=(Entry(id="a" * 16, profile=one, owner=None),), rules=RULES)
    told = []
    for profile in (blank, long):
        refusal = between(full, full.next((Entry(id="a" * 16, profile=profile, owner=None),))).guard
        assert refusal is not None
        told.append(refusal.message)
    assert told == [
        (
            '"Qwen": the app has no empty rawExtraArgs: leave them out; '
            '"Qwen": the app has no empty notes: leave them out'
        ),
        '"Qwen": the app\'s list holds no text over 16 KiB',
    ]
    selection = select(
        [Entry(id="a" * 16, profile=long, owner=None)], local_paths=True, form=unfit_for_a_document
    )
    assert selection.left_out[0].reason == "a text in it is over 16 KiB, too long for a document"


def test_no_two_entries_get_one_id() -> None:
    place = found("A", "m/a")
    (made,) = joined([place], ListRecord()).entries
    record = ListRecord(entries=(kept(1, "B", "m/b").model_copy(id=made.id),))
    ids = {one.id for one in joined([place, found("B", "m/b")], record).entries}
    assert len(ids) == 2
    twice = record.model_copy(entries=record.entries * 2)
    with pytest.raises(ValueError, match="1 issues"):
        ListRecord.model_validate_json(json.dumps(twice.model_dump()))


def test_what_cannot_be_read_is_a_value_of_its_own() -> None:
    (_, other) = read(LIST)
    assert other.unreadable == ("/advancedLaunchOptions/logLevel",)
    entry = Entry(
        id="a" * 16, profile=other.profile, owner=None, verbatim=other.verbatim, unreadable=other.unreadable
    )
    assert entry.current["/advancedLaunchOptions/logLevel"] == "(unreadable)"
    assert json.loads(write_list([entry.model_copy(unreadable=())], LIST))[0][
        "advancedLaunchOptions"
    ].keys() == {
        "defaultTemperature",
        "futureOption",
        "rawExtraArgs",
    }
    renamed = read(LIST.replace('"Other"', '" "'))[1]
    moved = Entry(
        id="a" * 16,
        profile=renamed.profile.model_copy(model_id="m/new"),
        owner=None,
        verbatim=renamed.verbatim,
        unreadable=renamed.unreadable,
    )
    assert json.loads(write_list([moved], LIST))[0]["displayName"] == "org/other"


def test_what_a_file_cannot_say_is_stuck() -> None:
    (qwen, other) = read(LIST)
    nothing = Desired(owner="team", input=Input(path="p", digest=""), profiles=())
    plain = {path: value for path, value in other.profile.fields.items() if "rawExtraArgs" not in path}
    strange = Entry(id="b" * 16, profile=from_fields(plain), owner=None, unreadable=other.unreadable)
    thinks = from_fields(
        qwen.profile.fields | {"/advancedLaunchOptions/chatTemplateArgs": {"enable_thinking": True}}
    )
    contrary = Entry(id="a" * 16, profile=thinks.model_copy(enable_thinking=False), owner=None)
    wanted = DesiredProfile(index=1, profile=thinks, declared=thinks.fields)
    state = State(lineage="x", entries=(contrary, strange))
    pull = plan_pull(nothing.model_copy(profiles=(wanted,)), state, Scope(everything=True, whole=True))
    assert [one.reason for one in pull.stuck] == [
        "its enableThinking contradicts its chatTemplateArgs",
        "logLevel is none that a profile can have",
    ]
    (edit,) = plan_pull(nothing, State(lineage="x", entries=(contrary,)), Scope(everything=True)).edits
    assert "/enableThinking" not in edit.fields
