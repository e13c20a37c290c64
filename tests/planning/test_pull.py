"""Entries of the state go into the profile file, and no other line of it changes."""

from __future__ import annotations

import difflib
import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pexpect
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlxsm_sync.errors import FileError, MlxsmError, NotEditable, StalePlan, UsageError
from mlxsm_sync.files import atomic
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.planning.pull import intended, plan_pull, recorded
from mlxsm_sync.profile_file.editor import Unsafe, edited, patch, strays
from mlxsm_sync.profile_file.pull_file import Prepared, carry_out, prepare
from mlxsm_sync.state.state_file import StateFile
from mlxsm_sync.syntax.tree import Node, Problems
from mlxsm_sync.syntax.yaml import read_yaml
from mlxsm_sync.text.json_value import same
from mlxsm_sync.text.unicode import quotable, visible
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.profile import Profile, from_fields, nested
from mlxsm_sync.values.pull import Edit, Scope
from mlxsm_sync.values.state import Entry, State
from testing.profile_files import judge
from testing.project import Project
from testing.strategies import HERE, rich_profiles

# As people write it: every kind of comment, quote, gap and layout.
FILE = """\
# a head that stays
schemaVersion: 1
collection:  team   # who

defaults:
  host: 127.0.0.1
  advancedLaunchOptions: {logLevel: INFO}
profiles:
    # the daily one
    -   name:   "Qwen"   # quoted
        modelID: 'org/qwen'
        # about the port
        port: 8080   # here

        advancedLaunchOptions:
            defaultTemperature: 0.2   # cool
            rawExtraArgs:
            -   --kv-bits
            -   "4"
            # the end of Qwen

    -   {name: Flow, modelID: org/flow, port: 8081,   advancedLaunchOptions: {defaultTopP: 0.5}}   # one line
    -   name: Last
        modelID: org/last
        port: 8082
        notes: |
          two
          lines
    # after the last
"""


def changed_lines(before: str, after: str) -> list[str]:
    """The lines that went and came."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


@pytest.fixture
def applied(project: Project) -> Project:
    project.apply(FILE)
    return project


def change(project: Project, called: str, **fields: Any) -> None:
    """Change an entry as somebody on this machine would; None takes an option away."""

    def edit(state: Any) -> None:
        (entry,) = (one for one in state["entries"] if one["profile"]["name"] == called)
        options = entry["profile"].setdefault("advancedLaunchOptions", {})
        options |= fields.pop("options", {})
        entry["profile"] |= fields

    project.edit_state(edit)


def twin(project: Project) -> tuple[str, StateFile]:
    """The same file and state once more, to be pulled by a call instead of the command."""
    folder = Path(tempfile.mkdtemp(dir=project.folder))
    shutil.copy(project.folder / "profiles.yaml", folder)
    shutil.copytree(project.state_path.parent, folder / "state")
    kept = folder / "state/state.json"
    kept.write_text(kept.read_text().replace(f"{project.folder}/profiles.yaml", f"{folder}/profiles.yaml"))
    return str(folder / "profiles.yaml"), StateFile(folder / "state/state.json")


def pull_into(
    path: str, store: StateFile, names: list[str], timeout: float, *, everything: bool, **more: Any
) -> Prepared:
    """What the command does after its question was answered."""
    scope = Scope(names, everything, **more)
    ready = prepare(path, store.read(), scope)
    if ready.patch or ready.state is not None:
        carry_out(ready, store, scope, timeout)
    return ready


def pulled(project: Project, *arguments: str) -> list[str]:
    """The lines that a pull changed; afterwards nothing is left to do."""
    before = (project.folder / "profiles.yaml").read_text()
    path, store = twin(project)
    names = [name for name in arguments if not name.startswith("--")]
    pull_into(path, store, names, 1, everything="--all" in arguments, whole="--whole" in arguments)
    result = project.run("pull", "--yes", *arguments)
    assert result.code == 0, result.err
    after = (project.folder / "profiles.yaml").read_text()
    shown = [line for line in result.out.splitlines() if line[:1] in "+-"][2:]
    assert shown == [*map(visible, changed_lines(before, after))]
    assert Path(path).read_text() == after
    assert project.run("plan", "--detailed-exitcode").code == 0
    return changed_lines(before, after)


def test_a_scalar_is_changed_in_its_place(applied: Project) -> None:
    change(applied, "Qwen", port=9000)
    serial = applied.state["serial"]
    assert pulled(applied) == ["-        port: 8080   # here", "+        port: 9000   # here"]
    assert applied.state["serial"] == serial + 1
    assert applied.state["entries"][0]["applied"]["port"] == 9000
    newest = applied.run("history", "--json").json["entries"][0]
    assert newest["serial"] == serial + 1


@pytest.mark.parametrize(
    ("name", "fields", "lines"),
    [
        ("Qwen", {"modelID": "org/new"}, ["-        modelID: 'org/qwen'", "+        modelID: 'org/new'"]),
        (
            "Qwen",
            {"options": {"defaultTemperature": 0.75}},
            ["-            defaultTemperature: 0.2   # cool", "+            defaultTemperature: 0.75   # cool"],
        ),
        ("Qwen", {"options": {"logLevel": "DEBUG"}}, ["+            logLevel: DEBUG"]),
        ("Qwen", {"options": {"logLevel": None}}, ["+            logLevel: null"]),
        ("Qwen", {"host": "::1"}, ['+        host: "::1"']),
        (
            "Flow",
            {"options": {"defaultTopP": 0.25}},
            [
                "-    -   {name: Flow, modelID: org/flow, port: 8081,   advancedLaunchOptions: {defaultTopP: 0.5}}   # one line",
                "+    -   {name: Flow, modelID: org/flow, port: 8081,   advancedLaunchOptions: {defaultTopP: 0.25}}   # one line",
            ],
        ),
        ("Last", {"notes": "one"}, ["-        notes: |", "-          two", "-          lines", "+        notes: one"]),
        ("Last", {"port": 12, "name": "no"}, ["-    -   name: Last", '+    -   name: "no"', "-        port: 8082", "+        port: 12"]),
    ],
)  # fmt: skip
def test_only_what_changed_is_written(
    applied: Project, name: str, fields: dict[str, Any], lines: list[str]
) -> None:
    change(applied, name, **fields)
    assert sorted(pulled(applied)) == sorted(lines)


def test_what_was_unset_on_the_machine_goes(applied: Project) -> None:
    change(applied, "Qwen", options={"defaultTemperature": None})
    assert pulled(applied) == ["-            defaultTemperature: 0.2   # cool"]
    change(applied, "Flow", options={"defaultTopP": None})
    (gone, came) = pulled(applied)
    assert "advancedLaunchOptions" in gone
    assert "advancedLaunchOptions" not in came
    change(applied, "Last", notes=None)
    assert pulled(applied) == ["-        notes: |", "-          two", "-          lines"]


def test_a_list_and_a_mapping_are_written_whole(applied: Project) -> None:
    change(applied, "Qwen", options={"rawExtraArgs": ["--kv-bits", "8", "--x", "a b"]})
    pulled(applied)
    text = (applied.folder / "profiles.yaml").read_text()
    assert "# the end of Qwen" in text
    assert FILE.partition("    -   {name: Flow")[2] in text


def test_a_profile_that_the_file_does_not_list_comes_last(applied: Project) -> None:
    document = {
        "schemaVersion": 1,
        "profiles": [
            {
                "name": "New: one",
                "modelID": "org/new",
                "host": "127.0.0.1",
                "port": 9,
                "advancedLaunchOptions": {"logLevel": "INFO", "chatTemplateArgs": '{"a": ["no", {"b": 1}]}'},
            },
            {"name": "Other", "modelID": "org/other", "host": "127.0.0.1", "port": 10},
        ],
    }
    applied.write(json.dumps(document), "doc.json")
    applied.run("import", "doc.json", "--yes")
    lines = pulled(applied, "New: one")
    assert all(line.startswith("+") for line in lines)
    assert {entry["owner"] for entry in applied.state["entries"]} == {"team", None}
    assert pulled(applied, "--all")
    assert {entry["owner"] for entry in applied.state["entries"]} == {"team"}


@pytest.mark.parametrize(
    "text",
    [
        "schemaVersion: 1\nprofiles: []\n",
        "schemaVersion: 1\nprofiles: []   # none yet\n# the end\n",
        "profiles: []\nschemaVersion: 1",
        "{schemaVersion: 1, profiles: []}\n",
        '{"schemaVersion": 1,\n "profiles": []}\n',
        "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m, host: h, port: 1}",
        "profiles:\n  - name: A\n    modelID: m\n    host: h\n    port: 1\n\n# between\nschemaVersion: 1\n",
        "schemaVersion: 1\r\nprofiles:\r\n  - name: A\r\n    modelID: m\r\n    host: h\r\n    port: 1\r\n",
        "\ufeffschemaVersion: 1\nprofiles: []\n",
    ],
)
def test_any_layout_takes_a_new_profile(project: Project, text: str) -> None:
    document = {"schemaVersion": 1, "profiles": [{"name": "New", "modelID": "n", "host": "h", "port": 9}]}
    project.write(json.dumps(document), "doc.json")
    project.run("import", "doc.json", "--yes")
    path = project.folder / "profiles.yaml"
    path.write_bytes(text.encode())
    project.run("apply", "--yes")
    other, store = twin(project)
    pull_into(other, store, ["New"], 1, everything=False)
    result = project.run("pull", "--yes", "New")
    assert result.code == 0, result.err
    after = path.read_bytes()
    assert Path(other).read_bytes() == after
    assert after.startswith(b"\xef\xbb\xbf") == text.startswith("\ufeff")
    assert (b"\r\n" in after) == ("\r\n" in text)
    assert after.count(b"\n") == after.count(b"\r\n") or "\r\n" not in text
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_a_name_means_a_profile_of_the_file_first(applied: Project) -> None:
    applied.write(FILE.replace("collection:  team", "collection: me"), "mine.yaml")
    applied.run(
        "apply", "-f", "mine.yaml", "--yes", "--rename", "Qwen=Mine", "--skip", "Flow", "--skip", "Last"
    )
    for name, reason in (
        ("Nobody", "neither the file nor this machine has such a profile"),
        ("#9", "neither the file nor this machine has such a profile"),
    ):
        refused = applied.run("pull", "--yes", name)
        assert (refused.code, reason in refused.err) == (64, True)
    theirs = applied.run("pull", "--yes", "-f", "mine.yaml", "Flow")
    assert "this machine has no such entry" in theirs.err
    assert applied.run("pull", "--yes", "--all", "Qwen").code == 64
    assert applied.run("pull", "--yes", "-f", "-", stdin=FILE).code == 64
    foreign = "schemaVersion: 1\ncollection: other\nprofiles: []\n"
    applied.write(foreign, "other.yaml")
    refused = applied.run("pull", "--yes", "-f", "other.yaml", "Qwen")
    assert 'error: "Qwen" cannot be pulled: it belongs to team' in refused.err
    assert (applied.folder / "other.yaml").read_text() == foreign
    nothing = applied.run("pull", "--yes", "-f", "other.yaml", "--all").err.splitlines()
    assert nothing == [
        "nothing to pull: no profile of this file was changed on this machine",
        "pull writes what was changed here into other.yaml; it downloads no model, and fetches no file (git pull does)",
        "Plan: nothing to do",
    ]


def test_a_name_that_was_chosen_for_this_machine_stays_here(applied: Project) -> None:
    applied.write(FILE.replace("8080", "7070").replace("team", "me"), "mine.yaml")
    applied.run("apply", "-f", "mine.yaml", "--yes", "--rename", "Qwen", "--only", "Qwen")
    change(applied, "Qwen (Imported)", port=6060)
    result = applied.run("pull", "--yes", "-f", "mine.yaml", "#1")
    assert result.code == 0, result.err
    assert "Imported" not in (applied.folder / "mine.yaml").read_text()
    assert "port: 6060   # here" in (applied.folder / "mine.yaml").read_text()


def test_what_the_file_no_longer_lists_comes_back_only_by_name(applied: Project) -> None:
    without = FILE.partition("    -   name: Last")[0]
    applied.write(without)
    change(applied, "Last", port=1)
    for arguments in ((), ("--all",)):
        assert applied.run("pull", "--yes", *arguments).code == 0
        assert (applied.folder / "profiles.yaml").read_text() == without
    pulled(applied, "Last")
    assert "name: Last" in (applied.folder / "profiles.yaml").read_text()


def test_an_imported_profile_of_the_files_name_is_taken_over(project: Project) -> None:
    document = {"schemaVersion": 1, "profiles": [{"name": "A", "modelID": "m", "host": "h", "port": 9}]}
    project.write(json.dumps(document), "doc.json")
    project.run("import", "doc.json", "--yes")
    project.write("schemaVersion: 1\nprofiles:\n  - {name: A, modelID: m, host: h, port: 1}\n")
    assert project.run("plan", "--detailed-exitcode").code == 3
    assert pulled(project, "A")[1] == "+  - {name: A, modelID: m, host: h, port: 9}"
    assert project.state["entries"][0]["owner"] == "default"


def test_what_says_so_already_is_only_recorded(applied: Project) -> None:
    change(applied, "Qwen", port=9000)
    text = FILE.replace("8080", "9000")
    applied.write(text)
    result = applied.run("pull", "--yes", "Qwen")
    assert (result.out, "recorded as applied: 1" in result.err) == ("", True)
    assert (applied.folder / "profiles.yaml").read_text() == text
    assert applied.run("plan", "--detailed-exitcode").code == 0


def test_a_file_that_is_not_valid_is_not_touched(applied: Project) -> None:
    text = FILE + "oops: 1\n"
    applied.write(text)
    result = applied.run("pull", "--yes")
    assert (result.code, "profiles.yaml:30:1" in result.err) == (1, True)
    assert (applied.folder / "profiles.yaml").read_text() == text


def test_a_pull_that_would_make_a_conflict_is_refused(applied: Project) -> None:
    change(applied, "Qwen", modelID="org/last", port=8083)
    applied.write(FILE.replace("8082", "8083"))
    path, store = twin(applied)
    with pytest.raises(MlxsmError, match="cannot be pulled: its model, host and port are also used by"):
        pull_into(path, store, ["Qwen"], 1, everything=False)
    result = applied.run("pull", "--yes", "Qwen")
    assert result.code == 1
    assert '"Qwen" cannot be pulled: ' in result.err
    assert "nothing was written" in result.err
    assert (applied.folder / "profiles.yaml").read_text() == FILE.replace("8082", "8083")


def test_what_a_name_cannot_mean_is_told() -> None:
    desired = desired_of(FILE.replace("name: Last", "name: Flow"))
    entries = [
        Entry(id=f"{n:016d}", profile=Profile(name=name, model_id=model, host="h", port=n), owner=owner)
        for n, (name, model, owner) in enumerate(
            [("Twice", "a", None), ("Twice", "b", None), ("Theirs", "c", "me"), ("Qwen", "d", None)]
        )
    ]
    entries.append(entries[3].model_copy(id="9" * 16, profile=entries[3].profile.model_copy(port=9)))
    state = State(lineage="x", entries=tuple(entries))
    told = {one.name: one.reason for one in plan_pull(desired, state, Scope(["Flow", "Twice", "Theirs", "Qwen"])).stuck}  # fmt: skip
    assert told == {
        "Flow": "the file has several profiles of this name",
        "Twice": "this machine has several profiles of this name",
        "Theirs": "it belongs to me",
        "Qwen": "several entries of this machine could be it",
    }
    clear = State(lineage="x", entries=(entries[3],))
    (edit,) = plan_pull(desired, clear, Scope(["Qwen"])).edits
    assert (edit.place, edit.fields["/modelID"]) == (1, "d")
    secret = entries[3].model_copy(profile=entries[3].profile.model_copy(notes="hf_" + "Ab1" * 12))
    stuck = plan_pull(
        desired, State(lineage="x", entries=(secret,)), Scope(everything=True, whole=True)
    ).stuck
    assert [one.reason for one in stuck] == ["something in it looks like a secret"]


def test_a_file_that_changes_meanwhile_is_stale(applied: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlxsm_sync.profile_file import pull_file

    change(applied, "Qwen", port=9000)
    for moment, call in (("read_tree", 1), ("read_tree", 2), ("make_plan", 2)):
        path, store = twin(applied)
        done, calls = getattr(pull_file, moment), itertools.count(1)

        def and_somebody_writes(
            *given: Any,
            done: Any = done,
            path: str = path,
            calls: Any = calls,
            call: int = call,
            **named: Any,
        ) -> Any:
            found = done(*given, **named)
            if next(calls) == call:
                Path(path).write_text(FILE + "# mine\n")
            return found

        with monkeypatch.context() as patched:
            patched.setattr(pull_file, moment, and_somebody_writes)
            with pytest.raises(StalePlan, match="was changed meanwhile"):
                pull_into(path, store, ["Qwen"], 1, everything=False)
        assert Path(path).read_text() == FILE + "# mine\n"
        assert store.read().entries[0].applied == applied.state["entries"][0]["applied"]


def test_what_was_shown_is_what_is_written(applied: Project) -> None:
    change(applied, "Qwen", port=9000)
    scope, store = Scope(["Qwen"]), StateFile(applied.state_path)
    path = applied.folder / "profiles.yaml"
    ready = prepare(str(path), store.read(), scope)
    # An edit elsewhere, while the question is open, stays; the patch is the same.
    path.write_text(FILE + "# mine\n")
    carry_out(ready, store, scope, 1)
    assert path.read_text() == FILE.replace("8080", "9000") + "# mine\n"
    change(applied, "Qwen", port=9001)
    ready = prepare(str(path), store.read(), scope)
    change(applied, "Qwen", port=9002)
    with pytest.raises(StalePlan, match="was changed meanwhile"):
        carry_out(ready, store, scope, 1)
    assert "9000" in path.read_text()


def test_a_record_that_a_plan_would_not_take_for_applied_is_not_written(
    applied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlxsm_sync.profile_file import pull_file

    change(applied, "Qwen", port=9000)
    path, store = twin(applied)
    monkeypatch.setattr(pull_file, "recorded", lambda edit, *_: edit.entry)
    with pytest.raises(MlxsmError, match="the pulled profiles would not be as they are"):
        pull_into(path, store, ["Qwen"], 1, everything=False)
    with pytest.raises(UsageError):
        pull_into(path, store, ["Nobody"], 1, everything=False)
    assert Path(path).read_text() == FILE


JSON = """{"schemaVersion": 1,
 "defaults": {"advancedLaunchOptions": {"logLevel": "INFO"}, "enableThinking": true},
 "profiles": [
  {"name": "A", "modelID": "m", "host": "h", "port": 1}
 ]}
"""


def test_a_profile_file_may_be_json(project: Project) -> None:
    project.apply(JSON)
    options = {"defaultTopK": 4, "rawExtraArgs": ["--a", "b c"], "chatTemplateArgs": {"a": ["x"]}}
    project.edit_state(
        lambda state: state["entries"][0].update(applied=state["entries"][0]["applied"] | {"advancedLaunchOptions": options | {"logLevel": "INFO"}})
    )  # fmt: skip
    change(project, "A", host="localhost", options=options)
    pulled(project, "A", "--whole")
    text = (project.folder / "profiles.yaml").read_text()
    (profile,) = json.loads(text)["profiles"]
    assert profile["advancedLaunchOptions"] == options
    assert profile["host"] == "localhost"
    assert text.startswith(JSON.partition("  {")[0])
    change(project, "A", port=7, options={"rawExtraArgs": ["--c"], "logLevel": "DEBUG"})
    pulled(project, "A")
    document = {"schemaVersion": 1, "profiles": [{"name": "B", "modelID": "n", "host": "h", "port": 2}]}
    project.write(json.dumps(document), "doc.json")
    project.run("import", "doc.json", "--yes")
    pulled(project, "B")
    added = json.loads((project.folder / "profiles.yaml").read_text())["profiles"][1]
    assert (added["enableThinking"], added["advancedLaunchOptions"]) == (None, {"logLevel": None})


def test_a_pull_of_what_is_as_it_was_does_nothing(applied: Project) -> None:
    serial = applied.state["serial"]
    assert pulled(applied, "Qwen") == []
    assert applied.state["serial"] == serial


def test_what_clashes_elsewhere_is_no_matter(applied: Project) -> None:
    change(applied, "Qwen", port=9000)
    applied.write(FILE.replace("name: Last", "name: Flow"))
    path, store = twin(applied)
    assert "9000" in pull_into(path, store, ["Qwen"], 1, everything=False).patch
    assert applied.run("pull", "--yes", "Qwen").code == 0


def test_an_option_that_was_unset_where_the_file_has_none_is_nothing_to_write(applied: Project) -> None:
    change(applied, "Last", options={"logLevel": "DEBUG"})
    assert pulled(applied, "Last") == [
        "+        advancedLaunchOptions:",
        "+          logLevel: DEBUG",
    ]


def test_a_link_and_its_mode_stay(applied: Project) -> None:
    real = applied.folder / "dotfiles.yaml"
    path = applied.folder / "profiles.yaml"
    path.rename(real)
    real.chmod(0o644)
    path.symlink_to(real)
    change(applied, "Qwen", port=9000)
    pulled(applied)
    assert path.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o644


# The edit itself.


def tree(text: str) -> Node:
    problems = Problems("p.yaml")
    root = read_yaml(text, problems)
    problems.raise_any()
    return root


def desired_of(text: str) -> Desired:
    problems = Problems("p.yaml")
    return judge(read_yaml(text, problems), problems, HERE)


NOBODY = Entry(id="0" * 16, profile=Profile(name="N", model_id="m", host="h", port=1), owner=None)


def test_a_text_that_is_not_what_it_seems_is_not_edited() -> None:
    root = tree("schemaVersion: 1\nprofiles: [{name: A}]\n")
    with pytest.raises(Unsafe):
        edited("schemaVersion: 1\nprofiles: {}\n", root, [Edit(NOBODY, 1, {"/port": 2})])
    with pytest.raises(Unsafe):
        edited("schemaVersion: 1\nprofiles: [", root, [Edit(NOBODY, 1, {"/port": 2})])


def test_what_is_not_there_is_not_taken_away() -> None:
    text = "schemaVersion: 1\nprofiles:\n  - {name: A}\n"
    nothing = {"/notes": None, "/advancedLaunchOptions/logLevel": None}
    assert edited(text, tree(text), [Edit(NOBODY, 1, nothing)]) == text


def test_a_change_outside_of_what_was_meant_is_seen() -> None:
    root = tree(FILE)
    inside = [Edit(NOBODY, 1, {"/port": 1})]
    assert not strays(FILE, FILE.replace("8080", "1"), root, inside)
    assert strays(FILE, FILE.replace("8081", "1"), root, inside)
    assert strays(FILE, FILE.replace("a head", "another head"), root, inside)
    assert strays(FILE, f"# one more\n{FILE}", root, inside)
    assert strays(FILE, FILE.replace("# after the last", "#"), root, inside)
    appended = [Edit(NOBODY, None, {})]
    assert not strays(FILE, FILE + "    - name: N\n", root, appended)
    assert strays(FILE, FILE.replace("8081", "1"), root, appended)
    assert patch("a", "b", "f").count("No newline at end of file") == 2


def test_where_the_file_cannot_be_edited_the_patch_is_told(
    applied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlxsm_sync.profile_file import pull_file

    change(applied, "Qwen", port=9000)
    path = str(applied.folder / "profiles.yaml")
    store = StateFile(applied.state_path)
    monkeypatch.setattr(
        pull_file, "edited", lambda text, *_: text.replace("8080", "9000").replace("# who", "# what")
    )
    with pytest.raises(NotEditable, match="without touching other lines; nothing was written") as caught:
        pull_into(path, store, ["Qwen"], 1, everything=False)
    assert "+        port: 9000   # here" in caught.value.patch

    def unsafe(*_: object) -> str:
        raise Unsafe("no")

    monkeypatch.setattr(pull_file, "edited", unsafe)
    with pytest.raises(NotEditable) as caught:
        pull_into(path, store, ["Qwen"], 1, everything=False)
    assert "profile #1: port = 9000" in caught.value.patch
    assert (applied.folder / "profiles.yaml").read_text() == FILE


def laid_out(profiles: list[Profile], styles: list[int]) -> str:
    """The same profiles in one of several layouts each, with a comment after every line."""
    lines = ["schemaVersion: 1  # one", "collection: team", "profiles:"]
    for number, (one, style) in enumerate(zip(profiles, styles, strict=True)):
        data = one.sparse
        if style == 0:
            lines.append(f"  - {quotable(json.dumps(data, ensure_ascii=False))}  # flow {number}")
            continue
        begin = "  - "
        for key, value in data.items():
            if style == 1 and isinstance(value, dict) and value:
                lines.append(f"    {key}:  # options {number}")
                lines += [
                    f"      {inner}: {quotable(json.dumps(setting, ensure_ascii=False))}  # {inner}"
                    for inner, setting in value.items()
                ]
            else:
                lines.append(f"{begin}{key}: {quotable(json.dumps(value, ensure_ascii=False))}  # {key}")
            begin = "    "
        lines.append(f"    # the end of {number}")
    return "\n".join([*lines, "# the end", ""])


@given(st.data())
@settings(max_examples=150)
def test_a_pull_makes_the_file_what_the_machine_is_and_touches_nothing_else(data: st.DataObject) -> None:
    """Whatever was applied and however it is laid out, whatever the machine made of it."""
    unique = (lambda one: one.name, lambda one: one.identity)
    before = data.draw(st.lists(rich_profiles(), min_size=1, max_size=3, unique_by=unique))
    now = data.draw(
        st.lists(rich_profiles(), min_size=len(before), max_size=len(before) + 1, unique_by=unique)
    )
    text = laid_out(before, [data.draw(st.integers(0, 2)) for _ in before])
    desired = desired_of(text)
    state = State(
        lineage="x",
        entries=tuple(
            Entry(
                id=f"{number:016d}",
                profile=one,
                owner="team" if number < len(before) else None,
                applied=before[number].sparse if number < len(before) else None,
                from_=HERE,
            )
            for number, one in enumerate(now)
        ),
    )
    pull = plan_pull(desired, state, Scope(everything=True, whole=True))
    assert pull.stuck == ()
    edits = [edit for edit in pull.edits if edit.fields]
    root = tree(text)
    after = edited(text, root, edits)
    following = desired_of(after)
    for one, fields in zip(following.profiles, intended(desired, edits), strict=True):
        assert same(dict(one.declared), dict(fields))
    assert not strays(text, after, root, edits)
    plan = make_plan(following, state, Choices())
    assert {change.action for change in plan.changes} <= {"claim"}


@pytest.mark.parametrize("key", ["2024-01-01", "=", "12:30", "no", "a: b", "é", "#", "<<"])
def test_keys_inside_a_free_value_are_quoted_where_they_need_it(applied: Project, key: str) -> None:
    change(applied, "Qwen", options={"rawExtraArgs": None})
    applied.run("pull", "--yes")
    applied.edit_state(
        lambda state: state["entries"][0]["applied"]["advancedLaunchOptions"].update(
            chatTemplateArgs={"a": 1}
        )
    )
    change(applied, "Qwen", options={"chatTemplateArgs": {key: {"b": [key]}}})
    pulled(applied, "Qwen", "--whole")


@pytest.mark.parametrize("note", ["bell \x07", "two\nlines", "it's", 'a "quote"', "tab\there", "\u202e"])
def test_any_note_can_be_pulled(applied: Project, note: str) -> None:
    for number in range(2):
        change(applied, "Last", notes=f"{note}{number}")
        pulled(applied, "Last")


def test_a_local_path_that_comes_into_the_file_is_told(applied: Project) -> None:
    change(applied, "Flow", modelID="/models/mine")
    told = applied.run("pull", "--yes", "Flow").err
    assert "warning: Flow: its modelID is a local path: it will not exist on another machine" in told


lines = st.lists(st.sampled_from(["a\n", "b\n", "c\n"]), max_size=25)


@given(lines, lines, lines, lines)
def test_a_diff_leads_from_the_one_text_to_the_other(
    begin: list[str], old: list[str], new: list[str], end: list[str]
) -> None:
    before, after = begin + old + end, begin + new + end
    made, at = [], 0
    for line in patch("".join(before), "".join(after), "f").splitlines(True)[2:]:
        if found := re.match("@@ -([0-9]+)(,0)?", line):
            start = int(found[1]) - (0 if found[2] else 1)
            made += before[at:start]
            at = start
        elif line[0] == "+":
            made.append(line[1:])
        else:
            assert before[at] == line[1:]
            made += [line[1:]] if line[0] == " " else []
            at += 1
    assert made + before[at:] == after


def test_what_was_written_is_told_where_it_cannot_be_recorded(
    applied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> State:
        raise MlxsmError("the disk is full")

    change(applied, "Qwen", port=9)
    monkeypatch.setattr(StateFile, "replace", refuse)
    path, store = str(applied.folder / "profiles.yaml"), StateFile(applied.state_path)
    with pytest.raises(MlxsmError) as caught:
        pull_into(path, store, ["Qwen"], 1, everything=False)
    assert caught.value.message == f"{path} was written, but not recorded as applied: the disk is full"
    # The file says so already; now only the record is left to do.
    with pytest.raises(MlxsmError) as caught:
        pull_into(path, store, ["Qwen"], 1, everything=False)
    assert caught.value.message == "the disk is full"


def test_an_edit_at_the_last_moment_stops_a_pull(applied: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def edit(place: Path, _path: str, _text: str, unchanged: Callable[[], None], **_: object) -> None:
        place.write_text("mine")
        unchanged()

    change(applied, "Qwen", port=9)
    monkeypatch.setattr(atomic, "write_at", edit)
    path = applied.folder / "profiles.yaml"
    with pytest.raises(StalePlan, match="was changed meanwhile"):
        pull_into(str(path), StateFile(applied.state_path), ["Qwen"], 1, everything=False)
    assert path.read_text() == "mine"


def test_a_pipe_cannot_be_pulled_into(applied: Project) -> None:
    os.mkfifo(applied.folder / "pipe")
    with pytest.raises(FileError, match="not a regular file"):
        pull_into(str(applied.folder / "pipe"), StateFile(applied.state_path), [], 1, everything=True)


EDITED = FILE.replace("8080", "8090").replace("defaultTemperature: 0.2", "defaultTemperature: 0.5")
"""The file of before, with two edits that were not applied yet."""


@pytest.fixture
def at_odds(applied: Project) -> Project:
    """The model and the temperature were changed here; the port and the temperature in the file."""
    change(applied, "Qwen", modelID="org/new", options={"defaultTemperature": 0.9})
    applied.write(EDITED)
    return applied


def test_only_what_was_changed_here_is_taken_and_edits_stay(applied: Project) -> None:
    change(applied, "Qwen", modelID="org/new", options={"defaultTemperature": 0.9})
    text = FILE.replace("8080", "8090").replace("    -   name: Last", "    -   name: Last   # mine")
    applied.write(text)
    result = applied.run("pull", "--yes")
    assert result.code == 0, result.err
    after = (applied.folder / "profiles.yaml").read_text()
    assert changed_lines(text, after) == [
        "-        modelID: 'org/qwen'",
        "+        modelID: 'org/new'",
        "-            defaultTemperature: 0.2   # cool",
        "+            defaultTemperature: 0.9   # cool",
    ]
    (left,) = applied.run("plan", "--json").json["changes"]
    assert [(one["path"], one["before"], one["after"]) for one in left["fields"]] == [("/port", 8080, 8090)]
    assert left["action"] == "update"


def test_what_the_file_never_declared_is_taken_where_it_is_asked_for(applied: Project) -> None:
    change(applied, "Qwen", options={"defaultTopK": 7})
    assert applied.run("pull", "--dry-run").err.startswith("nothing to pull: ")
    result = applied.run("pull", "Qwen", "--field", "defaultTopK", "--yes")
    assert result.code == 0, result.err
    after = (applied.folder / "profiles.yaml").read_text()
    assert changed_lines(FILE, after) == ["+            defaultTopK: 7"]
    assert applied.run("plan", "--detailed-exitcode").code == 0


def test_an_edit_of_the_file_is_no_drift(applied: Project) -> None:
    applied.write(EDITED)
    for arguments in ((), ("Qwen",), ("--all",)):
        told = applied.run("pull", *arguments)
        assert told.code == 0
        assert told.err.startswith("nothing to pull: ")
        assert told.err.endswith("Plan: 1 to update, 2 unchanged\n")
        assert (applied.folder / "profiles.yaml").read_text() == EDITED


def test_a_field_that_both_sides_changed_is_left_and_told(at_odds: Project) -> None:
    result = at_odds.run("pull", "--yes")
    assert result.code == 3
    assert (at_odds.folder / "profiles.yaml").read_text() == EDITED.replace("org/qwen", "org/new")
    told = [line.split() for line in result.err.splitlines()]
    assert ["this", "machine", "0.9"] in told
    assert ["the", "file", "0.5"] in told
    assert ["applied", "0.2"] in told
    assert "take this machine's: mlxsm pull --field defaultTemperature Qwen" in result.err
    (conflict,) = at_odds.run("plan", "--json").json["conflicts"]
    assert conflict["drift"] == ["/advancedLaunchOptions/defaultTemperature"]
    # The command that the plan names leads out.
    (pull,) = (one for one in conflict["remedies"] if " pull " in one)
    assert at_odds.shell(f"{pull} --yes").code == 0
    assert [one["action"] for one in at_odds.run("plan", "--json").json["changes"]] == ["update"]


@pytest.mark.parametrize(
    "name",
    [
        "defaultTemperature",
        "advancedLaunchOptions.defaultTemperature",
        "/advancedLaunchOptions/defaultTemperature",
    ],
)
def test_a_field_can_be_named_in_several_ways(at_odds: Project, name: str) -> None:
    result = at_odds.run("pull", "Qwen", "--field", name, "--yes")
    assert result.code == 0, result.err
    assert (at_odds.folder / "profiles.yaml").read_text() == EDITED.replace(
        "Temperature: 0.5", "Temperature: 0.9"
    )
    (conflict,) = at_odds.run("plan", "--json").json["conflicts"]
    assert conflict["drift"] == ["/modelID"]


def test_several_fields_can_be_named_and_none_that_does_not_exist(at_odds: Project) -> None:
    unknown = at_odds.run("pull", "--field", "prot")
    assert (unknown.code, unknown.err) == (
        64,
        'error: there is no field "prot"\nhint: did you mean port?\n',
    )
    assert "hint: known fields: name, modelID, " in at_odds.run("pull", "--field", "\x1b[31m").err
    assert at_odds.run("pull", "--field", "port", "--whole").code == 64
    # The port was not changed here, so its edit stays.
    assert at_odds.run("pull", "--field", "port", "--field", "modelID", "--yes").code == 0
    assert (at_odds.folder / "profiles.yaml").read_text() == EDITED.replace("org/qwen", "org/new")


def test_a_whole_profile_is_taken_and_told_as_such(at_odds: Project) -> None:
    change(at_odds, "Qwen", notes="mine")
    result = at_odds.run("pull", "Qwen", "--whole", "--yes")
    assert result.code == 0
    assert result.err.startswith("Qwen: taken whole, as it is on this machine\n")
    text = (at_odds.folder / "profiles.yaml").read_text()
    assert "port: 8080   # here" in text
    assert "notes: mine" in text
    assert at_odds.run("plan", "--detailed-exitcode").code == 0


def test_a_dry_run_prints_the_patch_alone_and_writes_nothing(at_odds: Project) -> None:
    state = at_odds.state_path.read_bytes()
    result = at_odds.run("pull", "--dry-run")
    assert result.code == 0
    assert (at_odds.folder / "profiles.yaml").read_text() == EDITED
    assert at_odds.state_path.read_bytes() == state
    at_odds.write(result.out, "change.patch")
    assert at_odds.shell("patch -p1 < change.patch").code == 0
    assert (at_odds.folder / "profiles.yaml").read_text() == EDITED.replace("org/qwen", "org/new")


def test_nobody_is_there_to_be_asked(at_odds: Project) -> None:
    refused = at_odds.run("pull", "--json")
    assert (refused.code, refused.json["error"]["kind"]) == (1, "no-terminal")
    assert (at_odds.folder / "profiles.yaml").read_text() == EDITED


def test_a_pull_is_asked_about_and_shows_its_patch(at_odds: Project) -> None:
    for flags in ([], ["--quiet"], ["--json"]):
        declined = at_odds.on_terminal("pull", *flags)
        declined.expect(r"\+        modelID: 'org/new'")
        declined.expect("Type yes to write profiles.yaml: ")
        declined.sendline("no")
        declined.expect("nothing was written")
        declined.expect(pexpect.EOF)
        declined.close()
        assert declined.exitstatus == 1
    assert (at_odds.folder / "profiles.yaml").read_text() == EDITED
    accepted = at_odds.on_terminal("pull")
    accepted.expect("Type yes to write profiles.yaml: ")
    accepted.sendline("yes")
    accepted.expect("wrote profiles.yaml")
    accepted.expect("Next: mlxsm plan")
    accepted.expect(pexpect.EOF)
    accepted.close()
    assert accepted.exitstatus == 3
    assert "org/new" in (at_odds.folder / "profiles.yaml").read_text()


def test_the_report_says_what_is_taken_and_what_is_left(at_odds: Project) -> None:
    dry = at_odds.run("pull", "--dry-run", "--json").json
    assert (dry["written"], dry["recorded"]) == (False, 0)
    done = at_odds.run("pull", "--yes", "--json").json
    assert done | {"written": False, "recorded": 0} == dry
    assert (done["path"], done["written"], done["recorded"]) == ("profiles.yaml", True, 1)
    assert done["profiles"] == [
        {
            "name": "Qwen",
            "index": 1,
            "whole": False,
            "fields": [{"path": "/modelID", "before": "org/qwen", "after": "org/new"}],
        }
    ]
    assert done["conflicts"] == [
        {
            "name": "Qwen",
            "index": 1,
            "path": "/advancedLaunchOptions/defaultTemperature",
            "applied": 0.2,
            "machine": 0.9,
            "file": 0.5,
        }
    ]
    assert "+        modelID: 'org/new'" in done["patch"]


def test_the_line_ends_of_windows_are_not_shown(applied: Project) -> None:
    path = applied.folder / "profiles.yaml"
    path.write_bytes(FILE.replace("\n", "\r\n").encode())
    change(applied, "Qwen", port=9000)
    shown = applied.run("pull", "--yes").out
    assert "+        port: 9000   # here\n" in shown
    assert "\\u{d}" not in shown
    assert path.read_bytes() == FILE.replace("8080", "9000").replace("\n", "\r\n").encode()


def test_what_is_nobodys_and_like_a_profile_of_the_file_comes_only_by_name(project: Project) -> None:
    document = {"schemaVersion": 1, "profiles": [{"name": "A", "modelID": "m", "host": "h", "port": 9}]}
    project.write(json.dumps(document), "doc.json")
    project.run("import", "doc.json", "--yes")
    text = "schemaVersion: 1\nprofiles:\n  - {name: A, modelID: m, host: h, port: 1}\n"
    project.write(text)
    left = project.run("pull", "--all", "--yes")
    assert 'note: "A" was left: nobody applied it, and the file wants "A" otherwise; name it' in left.err
    assert (project.folder / "profiles.yaml").read_text() == text
    assert project.run("pull", "New", "--field", "port", "--yes").code == 64
    pulled(project, "--all", "--whole")


def test_a_new_profile_has_no_single_fields(project: Project) -> None:
    document = {"schemaVersion": 1, "profiles": [{"name": "New", "modelID": "m", "host": "h", "port": 9}]}
    project.write(json.dumps(document), "doc.json")
    project.run("import", "doc.json", "--yes")
    project.write("schemaVersion: 1\nprofiles: []\n")
    refused = project.run("pull", "New", "--field", "port", "--yes")
    assert (refused.code, "so it comes whole" in refused.err) == (64, True)


def test_values_that_would_contradict_an_edit_of_the_file_are_refused(project: Project) -> None:
    text = "schemaVersion: 1\nprofiles:\n  - {name: A, modelID: m, host: h, port: 1}\n"
    project.apply(text)
    change(project, "A", enableThinking=True)
    project.edit_state(lambda state: state["entries"][0]["applied"].update(enableThinking=False))
    project.edit_state(lambda state: state["entries"][0]["profile"].update(enableThinking=True))
    edited_file = text.replace(
        "port: 1}",
        "port: 1, enableThinking: false, advancedLaunchOptions: {chatTemplateArgs: {enable_thinking: false}}}",
    )
    project.write(edited_file)
    refused = project.run("pull", "A", "--yes")
    assert (refused.code, "its enableThinking contradicts its chatTemplateArgs" in refused.err) == (1, True)
    assert (project.folder / "profiles.yaml").read_text() == edited_file


def test_a_pull_makes_the_file_the_one_that_the_entry_is_from(applied: Project) -> None:
    """Else the other file would undo without a word what was taken here."""
    (applied.folder / "other").mkdir()
    applied.write(FILE, "other/profiles.yaml")
    change(applied, "Qwen", port=9000)
    assert applied.run("pull", "-f", "other/profiles.yaml", "--yes").code == 0
    assert applied.state["entries"][0]["from"] == f"{applied.folder}/other/profiles.yaml"
    (conflict,) = applied.run("plan", "--json").json["conflicts"]
    assert conflict["kind"] == "other-file"


def test_a_link_that_turns_between_look_and_write_leads_nowhere_else(
    applied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = applied.folder / "ours.yaml", applied.folder / "theirs.yaml"
    link = applied.folder / "profiles.yaml"
    link.rename(ours)
    link.symlink_to(ours)
    theirs.write_text("precious")
    change(applied, "Qwen", port=9000)
    for name in ("sweep", "mark", "write_at", "write_beside", "put_in_place"):
        ours.write_text(FILE)
        change(applied, "Qwen", port=9000)
        store = StateFile(applied.state_path)
        done = getattr(atomic, name)

        def turn(*given: Any, done: Any = done, **named: Any) -> Any:
            link.unlink()
            link.symlink_to(theirs)
            return done(*given, **named)

        with monkeypatch.context() as patched:
            patched.setattr(atomic, name, turn)
            with suppress(StalePlan):
                pull_into(str(link), store, ["Qwen"], 1, everything=False)
        assert theirs.read_text() == "precious", name
        assert ours.read_text() in (FILE, FILE.replace("8080", "9000"))
        link.unlink()
        link.symlink_to(ours)
        applied.write(FILE, "ours.yaml")
        assert applied.run("apply", "--replace", "Qwen", "--yes").code == 0


paths = st.sampled_from(
    [
        "/port",
        "/notes",
        "/modelID",
        *(f"/advancedLaunchOptions/{name}" for name in ("defaultTopP", "defaultTopK")),
    ]
)
values = {
    "/port": st.integers(1, 9),
    "/notes": st.sampled_from([None, "x", "y", "z"]),
    "/modelID": st.sampled_from(["m/1", "m/2", "m/3"]),
    "/advancedLaunchOptions/defaultTopP": st.sampled_from([None, 0, 0.5, 1]),
    "/advancedLaunchOptions/defaultTopK": st.sampled_from([None, 1, 2, 3]),
}


@st.composite
def sides(draw: Callable[..., Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What was applied, and what became of it on the machine and in the file."""
    applied_fields = {"/name": "A", "/host": "h"} | {path: draw(values[path]) for path in values}
    machine, file = dict(applied_fields), dict(applied_fields)
    for side in (machine, file):
        for path in draw(st.sets(paths, max_size=3)):
            side[path] = draw(values[path])
    return applied_fields, machine, file


def written(fields: dict[str, Any], style: int) -> str:
    return laid_out([from_fields(fields)], [style])


@given(sides(), st.integers(0, 2))
@settings(max_examples=200)
def test_a_pull_takes_what_the_machine_changed_and_keeps_what_the_file_changed(
    world: tuple[dict[str, Any], dict[str, Any], dict[str, Any]], style: int
) -> None:
    was, here, there = world
    entry = Entry(
        id="0" * 16,
        profile=from_fields(here),
        owner="team",
        applied=nested({path: value for path, value in was.items() if value is not None}),
        from_=HERE,
    )
    state, text = State(lineage="x", entries=(entry,)), written(there, style)
    desired = desired_of(text)
    pull = plan_pull(desired, state, Scope())
    # What neither side declares is the machine's own.
    changed_here = {
        path for path in values if here[path] != was[path] and not was[path] is there[path] is None
    }
    both = {path for path in changed_here if there[path] not in (was[path], here[path])}
    assert {clash.path for clash in pull.clashes} == both
    after = edited(text, tree(text), [edit for edit in pull.edits if edit.fields])
    following = desired_of(after)
    (one,) = following.profiles
    # What only the machine changed is taken; everything else says what the file said.
    drift = changed_here - both
    meant = {path: here[path] if path in drift else there[path] for path in values}
    assert {path: one.declared.get(path) for path in values} == meant
    entries = tuple(recorded(edit, one, following) for edit in pull.edits) or (entry,)
    plan = make_plan(following, state.model_copy(entries=entries))
    if both:
        return
    # What is left to apply is what the file had changed, and nothing else.
    left = {path for path in values if there[path] != was[path] and here[path] == was[path]}
    told = [field.path for change in plan.changes for field in change.fields]
    assert (plan.conflicts, {*told}) == ((), left)
    assert {change.action for change in plan.changes} <= {"update"}


def test_a_pull_of_nothing_writes_nothing(project: Project) -> None:
    text = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: 1}]\n"
    project.apply(text)
    store = StateFile(project.state_path)
    path, before = str(project.folder / "profiles.yaml"), project.state_path.read_bytes()
    nothing = prepare(path, store.read(), Scope())
    assert not carry_out(nothing, store, Scope(), 1)
    assert project.state_path.read_bytes() == before
    assert (project.folder / "profiles.yaml").read_text() == text
