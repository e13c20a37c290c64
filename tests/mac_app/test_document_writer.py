"""What leaves this machine, and that it comes back as it was."""

from __future__ import annotations

import json
import os
import stat
from typing import Any

import pexpect
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from mlxsm_sync.mac_app.document_reader import judge_document
from mlxsm_sync.mac_app.document_writer import (
    clashing,
    contents,
    document,
    document_profile,
    not_carried,
    profile_file,
    sensitive,
    unfit_for_a_document,
)
from mlxsm_sync.planning.exportable import select
from mlxsm_sync.planning.planner import apply_plan, make_plan
from mlxsm_sync.profile_file.writer import profile_file as profile_file_text
from mlxsm_sync.syntax.json import read_json
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.text.unicode import escaped, normal
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Input
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.state import Entry, State
from testing.paths import REPOSITORY
from testing.project import Project
from testing.strategies import rich_profiles

TIME = "2026-06-16T00:00:00Z"
SCHEMA = json.loads((REPOSITORY / "schemas/document.schema.json").read_text())

FILE = """schemaVersion: 1
collection: team
profiles:
  - name: Qwen
    modelID: org/qwen
    host: 127.0.0.1
    port: 8080
    enableThinking: false
    notes: mine
    advancedLaunchOptions:
      defaultTemperature: 0.3
      defaultTopP: 1
      defaultTopK: 40
      chatTemplateArgs: {b: [1, "zwei"], a: {}}
      allowedOrigins: http://localhost:3000
      logLevel: INFO
      rawExtraArgs: [--kv-bits, "4", --a, "a b", --b, "it's"]
  - {name: Über/Modell, modelID: org/b, host: 192.168.1.5, port: 8081}
"""


def entries(*listed: Profile) -> tuple[Entry, ...]:
    return tuple(Entry(id=f"{n:016d}", profile=one, owner=None) for n, one in enumerate(listed))


def test_a_document_is_schema_version_1_to_the_letter(project: Project) -> None:
    project.apply(FILE)
    result = project.run("export", "--exported-at", TIME)
    assert result.code == 0
    assert result.out == (
        """{
  "app": "MLXServerManager",
  "exportedAt": "2026-06-16T00:00:00Z",
  "profiles": [
    {
      "advancedLaunchOptions": {
        "allowedOrigins": "http://localhost:3000",
        "chatTemplateArgs": "{\\"a\\": {}, \\"b\\": [1, \\"zwei\\"]}",
        "defaultTemperature": "0.3",
        "defaultTopK": "40",
        "defaultTopP": "1",
        "logLevel": "INFO",
        "rawExtraArgs": "--kv-bits 4 --a 'a b' --b 'it'\\"'\\"'s'"
      },
      "host": "127.0.0.1",
      "modelID": "org/qwen",
      "name": "Qwen",
      "port": 8080
    },
    {
      "host": "192.168.1.5",
      "modelID": "org/b",
      "name": "Über/Modell",
      "port": 8081
    }
  ],
  "schemaVersion": 1
}
"""
    )
    assert [*Draft7Validator(SCHEMA).iter_errors(json.loads(result.out))] == []
    assert result.err.splitlines() == [
        "This export includes profile metadata only: 2 profiles.",
        "  in it: name, model ID, host, port, launch options",
        "  never in it: API keys, tokens, model weights, caches, logs, executable paths, runtime state",
        "  may be sensitive: model IDs, which may name private repositories",
        '  may be sensitive: hosts: "192.168.1.5"',
        '  may be sensitive: raw extra arguments of "Qwen"',
        'note: schema version 1 cannot carry enableThinking: lost for "Qwen"',
        'note: schema version 1 cannot carry notes: lost for "Qwen"',
        'note: the app splits rawExtraArgs at white space, whatever the quotes: "Qwen"',
    ]
    yaml = project.run("export", "--format", "yaml")
    assert "  in it: name, model ID, host, port, launch options, thinking, notes" in yaml.err.splitlines()
    alone = project.run("export", "Über/Modell", "--format", "yaml")
    assert "  in it: name, model ID, host, port" in alone.err.splitlines()
    assert '  may be sensitive: notes of "Qwen"' in yaml.err.splitlines()


def test_names_select(project: Project) -> None:
    project.apply(FILE)
    named = json.loads(project.run("export", "Über/Modell").out)
    assert [one["name"] for one in named["profiles"]] == ["Über/Modell"]
    assert project.run("export", "Nobody").code == 64


def test_the_time_is_given_or_now(project: Project) -> None:
    project.apply(FILE)

    def time(*arguments: str, **environment: str) -> Any:
        return json.loads(project.run("export", *arguments, **environment).out)["exportedAt"]

    assert time("--exported-at", "2026-06-16T02:00:00+02:00") == TIME
    assert time("--exported-at", "2026-06-16", SOURCE_DATE_EPOCH="1") == TIME
    assert time(SOURCE_DATE_EPOCH="0") == "1970-01-01T00:00:00Z"
    assert time()[:3] == "202"
    for arguments, environment in (
        (["--exported-at", "soon"], {}),
        ([], {"SOURCE_DATE_EPOCH": "soon"}),
        ([], {"SOURCE_DATE_EPOCH": "9" * 30}),
    ):
        assert project.run("export", *arguments, **environment).code == 64


def test_a_file_is_written_whole_and_not_overwritten(project: Project) -> None:
    project.apply(FILE)
    written = project.run("export", "-o", "out.json", "--exported-at", TIME)
    assert (written.code, written.out) == (0, "")
    assert written.err.splitlines()[-1] == "Exported 2 profiles to out.json."
    path = project.folder / "out.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()
    assert path.read_text() == project.run("export", "--exported-at", TIME).out
    path.write_text("mine")
    refused = project.run("export", "-o", "out.json")
    assert (refused.code, path.read_text()) == (1, "mine")
    assert "--yes overwrites it" in refused.err
    path.chmod(0o640)
    assert project.run("export", "-o", "out.json", "-y").code == 0
    assert json.loads(path.read_text())["schemaVersion"] == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [one.name for one in project.folder.iterdir() if "tmp" in one.name] == []
    assert project.run("export", "-o", "no/where.json").code == 1


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_on_a_terminal_it_asks(project: Project) -> None:
    project.apply(FILE)
    for answer, code in (("no", 1), ("yes", 0)):
        child = project.on_terminal("export", "-o", "out.json")
        child.expect("This export includes profile metadata only")
        child.expect("Type yes to export: ")
        child.sendline(answer)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code
        assert (project.folder / "out.json").exists() == (code == 0)


def test_what_stays_here_is_named(project: Project) -> None:
    assert project.run("export").code == 1
    project.apply(
        """schemaVersion: 1
profiles:
  - {name: Path, modelID: /Users/me/m, host: 127.0.0.1, port: 1}
  - {name: Hot, modelID: org/h, host: 127.0.0.1, port: 2, advancedLaunchOptions: {defaultTemperature: 1.5}}
"""
    )
    nothing = project.run("export", "-o", "out.json")
    assert nothing.code == 1
    assert "No model profiles are available to export. No file was written." in nothing.err
    assert '  left out: "Path": its modelID is a local path' in nothing.err
    assert '  left out: "Hot": its defaultTemperature is above 1, which schema version 1' in nothing.err
    assert not (project.folder / "out.json").exists()
    both = project.run("export", "--format", "yaml", "--include-local-paths")
    assert both.code == 0
    assert json.loads(project.run("export", "--include-local-paths").out)["profiles"][0]["name"] == "Path"


def test_a_secret_does_not_leave(project: Project) -> None:
    project.apply(FILE)
    token = "hf_" + "Ab1" * 12
    project.edit_state(lambda state: state["entries"][0]["profile"].update(notes=token))
    for form in ("json", "yaml"):
        result = project.run("export", "--format", form)
        assert token not in result.out + result.err
        assert '  left out: "Qwen": something in it looks like a secret' in result.err


def test_what_breaks_our_rules_does_not_leave() -> None:
    bad = Profile(name="A", model_id="org/a", host="127.0.0.1:80", port=1)
    good = bad.model_copy(host="h")
    hot = good.model_copy(advanced_launch_options=LaunchOptions(default_temperature=1.5))
    path, secret = good.model_copy(model_id="/m"), good.model_copy(notes="hf_" + "Ab1" * 12)
    selection = select(entries(bad, hot, path, secret, good), local_paths=False, form=unfit_for_a_document)
    assert [one.reason.partition(";")[0] for one in selection.left_out] == [
        "it breaks the rules of a profile",
        "its defaultTemperature is above 1, which schema version 1 cannot hold",
        "its modelID is a local path",
        "something in it looks like a secret",
    ]
    assert [entry.profile for entry in selection.entries] == [good]


def test_what_may_be_sensitive_is_named() -> None:
    options = LaunchOptions(raw_extra_args=("a",))
    listed = [
        Profile(
            name=f"P{n}", model_id="m", host="0.0.0.0", port=n, notes="n", advanced_launch_options=options
        )
        for n in range(1, 8)
    ]
    assert [*sensitive(listed, [one.sparse for one in listed])] == [
        "model IDs, which may name private repositories",
        'hosts: "0.0.0.0"',
        'raw extra arguments of "P1", "P2", "P3", "P4", "P5" and 2 more',
        'notes of "P1", "P2", "P3", "P4", "P5" and 2 more',
    ]
    assert len([*sensitive(listed[:1], [document_profile(listed[0])])]) == 3
    profile = Profile(name="A", model_id="m", host="127.0.0.1", port=1)
    plain = profile.sparse
    assert [*contents([plain])] == ["name", "model ID", "host", "port"]
    assert [*clashing([plain, plain, listed[0].sparse])] == ["A"]
    assert [*sensitive([profile], [plain])] == ["model IDs, which may name private repositories"]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"raw_extra_args": ("--adapter-path", "/Users/jane/lora")}, ["rawExtraArgs"]),
        ({"raw_extra_args": ("--adapter-path=~/lora",)}, ["rawExtraArgs"]),
        ({"raw_extra_args": ("--adapter-path", "lora")}, ["rawExtraArgs"]),
        ({"raw_extra_args": ("--adapter-path=lora",)}, ["rawExtraArgs"]),
        ({"raw_extra_args": ("--draft-model", "./draft")}, ["rawExtraArgs"]),
        ({"raw_extra_args": ("--x", "file:///m")}, ["rawExtraArgs"]),
        ({"raw_extra_args": ("--x", "C:\\models")}, ["rawExtraArgs"]),
        ({"raw_extra_args": ("--draft-model", "org/draft", "--kv-bits", "4")}, []),
        ({"raw_extra_args": ()}, []),
        ({"raw_extra_args": ("--adapter-path",)}, []),
        ({"chat_template_args": {"f": "/Users/jane/x"}}, ["chatTemplateArgs"]),
        ({"chat_template_args": {"a": [{"b": "see ~/x"}]}}, ["chatTemplateArgs"]),
        ({"chat_template_args": {"/home/jane/x": 1}}, ["chatTemplateArgs"]),
        ({"chat_template_args": {"f": "../x/y"}}, ["chatTemplateArgs"]),
        ({"chat_template_args": {"mode": "/no_think", "n": 1, "of": "1/2", "model": "org/m"}}, []),
        ({"notes": "the weights are in /Volumes/SSD/m"}, ["notes"]),
        ({"notes": "(~/models/x)"}, ["notes"]),
        ({"notes": "GET /v1/models and/or 1/2, see https://example.org/home/x"}, []),
        ({"allowed_origins": "file:///Users/jane"}, ["allowedOrigins"]),
        ({"allowed_origins": "http://localhost:3000"}, []),
        ({"name": "/Users/jane/m"}, ["name"]),
        ({"model_id": "/Users/jane/m", "name": "A"}, ["modelID"]),
    ],
)
def test_a_path_of_this_machine_is_named_wherever_it_stands(changes: Any, fields: list[str]) -> None:
    own = {key: changes[key] for key in ("notes", "name", "model_id") if key in changes}
    options = LaunchOptions(**{key: value for key, value in changes.items() if key not in own})
    base = {"name": "A", "model_id": "org/a", "host": "127.0.0.1", "port": 1}
    profile = Profile(**(base | own), advanced_launch_options=options)
    told = [line for line in sensitive([profile], [profile.sparse]) if line.startswith("local paths")]
    assert told == [f'local paths in {field} of "{profile.name}"' for field in fields]
    in_document = [*sensitive([profile], [document_profile(profile)])]
    assert ("notes" in " ".join(in_document)) is False


def test_paths_are_named_before_an_export_and_again_at_an_import(project: Project) -> None:
    project.apply(
        """schemaVersion: 1
profiles:
  - name: A
    modelID: org/a
    host: 127.0.0.1
    port: 1
    notes: in ~/notes
    advancedLaunchOptions:
      rawExtraArgs: [--adapter-path, /Users/jane/lora]
      chatTemplateArgs: {f: /Users/jane/x}
"""
    )
    told = project.run("export", "-o", "doc.json").err
    assert '  may be sensitive: local paths in rawExtraArgs of "A"\n' in told
    assert '  may be sensitive: local paths in chatTemplateArgs of "A"\n' in told
    assert "local paths in notes" not in told
    assert 'local paths in notes of "A"' in project.run("export", "--format", "yaml").err
    state = str(project.folder / "other.json")
    imported = project.run("import", "doc.json", "--yes", "--json", "--state", state).json
    assert [one["message"] for one in imported["warnings"] if "local path" in one["message"]] == [
        "rawExtraArgs: this names a local path, which may not exist on this machine",
        "chatTemplateArgs: this names a local path, which may not exist on this machine",
    ]
    allowed = project.run(
        "import", "doc.json", "--yes", "--json", "--state", state, "--allow-local-paths"
    ).json
    assert not [one for one in allowed["warnings"] if "local path" in one["message"]]


def test_an_empty_list_of_arguments_is_told_to_be_lost(project: Project) -> None:
    project.apply(
        "schemaVersion: 1\nprofiles: [{name: A, modelID: org/a, host: h, port: 1, "
        "advancedLaunchOptions: {rawExtraArgs: []}}]\n"
    )
    told = project.run("export", "-o", "doc.json").err
    assert 'note: schema version 1 cannot carry an empty rawExtraArgs: lost for "A"' in told
    # On its own machine that is no difference, and a replace for another reason keeps it.
    before = project.state
    again = project.run("import", "doc.json", "--yes")
    assert (again.code, "Plan: nothing to do (1 unchanged)" in again.out) == (0, True)
    assert project.state == before
    text = (project.folder / "doc.json").read_text()
    project.write(text.replace('"port": 1', '"port": 2'), "doc.json")
    replaced = project.run("import", "doc.json", "--yes", "--replace", "A", "--json")
    assert [one["path"] for one in replaced.json["changes"][0]["fields"]] == ["/port"]
    assert project.state["entries"][0]["profile"]["advancedLaunchOptions"] == {"rawExtraArgs": []}


def test_whoever_is_asked_is_shown_what_about(project: Project) -> None:
    project.apply(FILE)
    child = project.on_terminal("export", "-q", "-o", "out.json")
    child.expect("This export includes profile metadata only: 2 profiles.")
    child.expect("may be sensitive: model IDs")
    child.expect("Type yes to export: ")
    child.sendline("yes")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert project.run("export", "-q", "-o", "second.json").err == ""


@given(st.lists(rich_profiles(), max_size=4, unique_by=(lambda one: one.name, lambda one: one.identity)))
def test_an_export_comes_back_as_it_was(listed: list[Profile]) -> None:
    """Export, import into an empty state, export: the same, and what is lost was told."""
    going = [
        one.profile for one in select(entries(*listed), local_paths=True, form=unfit_for_a_document).entries
    ]
    first = document(map(document_profile, going), TIME)
    problems = Problems("doc.json")
    judged = judge_document(
        read_json(first, problems), problems, (), Input(path="doc.json", digest=""), allow_local_paths=True
    )
    assert judged.desired.invalid == ()
    empty = State(lineage=None)
    plan = make_plan(judged.desired, empty)
    assert plan.conflicts == ()
    after = apply_plan(plan, empty, (f"{n:016d}" for n in range(10)))
    back = [entry.profile for entry in after.entries]
    assert document(map(document_profile, back), TIME) == first
    told = " ".join(not_carried(going))
    for before, one in zip(going, back, strict=True):
        for field, lost in (("enableThinking", before.enable_thinking), ("notes", before.notes)):
            assert (lost is None) or field in told
        assert one == before.model_copy(
            enable_thinking=None, notes=None, advanced_launch_options=_as_carried(before)
        )


def _as_carried(profile: Profile) -> Any:
    """Options as texts are trimmed, and an empty list of arguments is none."""
    options = profile.advanced_launch_options
    origins = options.allowed_origins
    return options.model_copy(
        raw_extra_args=options.raw_extra_args or None, allowed_origins=origins.strip() if origins else None
    )


@given(st.data())
def test_a_profile_file_plans_to_nothing_where_it_came_from(data: st.DataObject) -> None:
    """No field of any entry changes; where all have one owner, nothing at all."""
    owners = data.draw(st.sampled_from([("team",), ("team", None), ("team", "me", None), (None,)]))
    listed = data.draw(
        st.lists(
            rich_profiles(),
            min_size=1,
            max_size=4,
            unique_by=(lambda one: one.name, lambda one: one.identity),
        )
    )
    state = State(
        lineage="x",
        entries=tuple(
            _entry(number, one, data.draw(st.sampled_from(owners)), data) for number, one in enumerate(listed)
        ),
    )
    going = select(state.entries, local_paths=True).entries
    content = profile_file(going, {entry.owner for entry in going if entry.owner is not None})
    text = profile_file_text(content.collection, content.profiles)
    desired = _read(text)
    plan = make_plan(desired, state, Choices())
    assert plan.conflicts == ()
    assert {change.action for change in plan.changes} <= {"claim"}
    if {entry.owner for entry in going} == {"team"}:
        assert plan.changes == ()


def _entry(number: int, profile: Profile, owner: str | None, data: st.DataObject) -> Entry:
    """An entry that was applied as it is, but for notes and thinking, which may be the machine's own."""
    if owner is None:
        return Entry(id=f"{number:016d}", profile=profile, owner=None)
    source = f"{profile.name[:100]} in the file" if data.draw(st.booleans()) else None
    declared = profile.model_copy(notes=None) if data.draw(st.booleans()) else profile
    return Entry(
        id=f"{number:016d}", profile=profile, owner=owner, source=source, applied=declared.sparse, from_="/f"
    )


def _read(text: str) -> Any:
    from mlxsm_sync.syntax.yaml import read_yaml
    from testing.profile_files import judge

    problems = Problems("p.yaml")
    return judge(read_yaml(text, problems), problems, "/f")


def test_profiles_of_several_files_go_out_under_a_name_of_their_own(project: Project) -> None:
    project.apply(FILE)
    project.write(
        FILE.replace("team", "me").replace("Qwen", "Mine").replace("8080", "7070").split("  - {")[0],
        "me.yaml",
    )
    assert project.run("apply", "-f", "me.yaml", "--yes").code == 0
    project.run("export", "--format", "yaml", "-o", "all.yaml")
    assert 'collection: "default"' in (project.folder / "all.yaml").read_text()
    assert project.run("plan", "-f", "all.yaml", "--detailed-exitcode").code == 0
    project.run("export", "--format", "yaml", "Qwen", "-o", "team.yaml")
    assert 'collection: "team"' in (project.folder / "team.yaml").read_text()


def test_what_no_file_declares_is_left_and_told(project: Project) -> None:
    project.apply(FILE)
    project.edit_state(lambda state: state["entries"][1]["profile"].update(notes="of this machine"))
    result = project.run("export", "--format", "yaml", "-o", "out.yaml")
    assert 'note: "Über/Modell" has fields that no file declares' in result.err
    assert "of this machine" not in (project.folder / "out.yaml").read_text()
    assert project.run("plan", "-f", "out.yaml", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("name", ["Qwen", 'O\'Neil "x"', "a\\b", "é", "no", "12:30"])
def test_names_survive_both_forms(project: Project, name: str) -> None:
    project.write(
        json.dumps(
            {"schemaVersion": 1, "profiles": [{"name": name, "modelID": "m", "host": "h", "port": 1}]}
        ),
        "p.json",
    )
    assert project.run("apply", "-f", "p.json", "--yes").code == 0
    assert json.loads(project.run("export").out)["profiles"][0]["name"] == normal(name)
    project.run("export", "--format", "yaml", "-o", "out.yaml")
    assert project.run("plan", "-f", "out.yaml", "--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (
            {"modelID": "https://hf.co/o/m"},
            "modelID must be the name that the Hub has, not an address: write o/m",
        ),
        (
            {"host": "127.1"},
            "host must have four numbers from 0 to 255 as an IPv4 address, such as 127.0.0.1",
        ),
        (
            {"advancedLaunchOptions": {"rawExtraArgs": ["--kv-bits 8"]}},
            'rawExtraArgs[0] must be one item for each argument: write --kv-bits, "8"',
        ),
        (
            {"advancedLaunchOptions": {"allowedOrigins": "http://a/"}},
            'allowedOrigins must have no user and no path in an origin, as browsers name it: write "http://a"',
        ),
    ],
)
def test_what_a_profile_file_would_refuse_stays_out_of_one(
    project: Project, fields: dict[str, Any], why: str
) -> None:
    """What is made in the app or came in a document may be looser; a file of ours is never written invalid."""
    project.apply(FILE)
    project.edit_state(lambda state: state["entries"][1]["profile"].update(fields))
    for words in (
        ["export", "--format", "yaml", "-o", "out.yaml", "--yes"],
        ["init", "--from-state", "-f", "init.yaml"],
    ):
        done = project.run(*words)
        assert done.code == 0, done.err
        assert f"a profile file cannot hold it: {why}\n" in done.err
    for name in ("out.yaml", "init.yaml"):
        assert project.run("validate", name).code == 0
        assert "Qwen" in (project.folder / name).read_text()
    document = project.run("export", "Über/Modell", "--include-local-paths")
    assert document.code == 0, document.err


def test_what_nobody_sees_is_an_escape_of_json() -> None:
    assert escaped('"a\u202eb"\n"\U000e0041"') == '"a\\u202eb"\n"\\udb40\\udc41"'


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("-o", "out.yaml"),
            "out.yaml will hold JSON, a document of the Mac app: --format yaml writes a profile file",
        ),
        (("-o", "out.YML"), "out.YML will hold JSON"),
        (
            ("-o", "o.json", "--format", "yaml"),
            "o.json will hold YAML, and a file of that name is read as JSON",
        ),
        (("-o", "out.json"), None),
        (("-o", "out.yaml", "--format", "yaml"), None),
        (("-o", "-"), None),
    ],
)
def test_a_name_that_promises_another_format_is_told(
    project: Project, words: tuple[str, ...], told: str | None
) -> None:
    project.apply("schemaVersion: 1\nprofiles:\n- {name: A, modelID: org/a, port: 1}\n")
    ended = project.run("export", "--yes", *words)
    assert (ended.code, "will hold" in ended.err) == (0, told is not None)
    assert told is None or told in ended.err
