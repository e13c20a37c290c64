"""Entries of the state go into the profile file, and no other line of it changes."""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Project
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import HERE, rich_profiles

from mlxsm_sync import disk
from mlxsm_sync.characters import quotable, visible
from mlxsm_sync.choices import Choices
from mlxsm_sync.declarations import judge
from mlxsm_sync.desired import Desired, Input
from mlxsm_sync.errors import FileTrouble, MlxsmError, NotEditable, StalePlan, Usage
from mlxsm_sync.json_value import same
from mlxsm_sync.nodes import Node, Problems
from mlxsm_sync.plan import make_plan
from mlxsm_sync.profile import Profile
from mlxsm_sync.profile_edit import Unsafe, edited, patch, strays
from mlxsm_sync.pull_file import pull_into
from mlxsm_sync.pulling import Edit, intended, plan_pull
from mlxsm_sync.state import Entry, State
from mlxsm_sync.state_file import StateFile
from mlxsm_sync.yaml_text import read_yaml

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
    return str(folder / "profiles.yaml"), StateFile(folder / "state/state.json")


def pulled(project: Project, *arguments: str) -> list[str]:
    """The lines that a pull changed; afterwards nothing is left to do."""
    before = (project.folder / "profiles.yaml").read_text()
    path, store = twin(project)
    names = [name for name in arguments if name != "--all"]
    pull_into(path, store, names, 1, everything="--all" in arguments)
    result = project.run("pull", *arguments)
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
    assert newest["serial"] == serial


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
    change(applied, "Qwen", options={"rawExtraArgs": ["--kv-bits", "8", "a b"]})
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
    result = project.run("pull", "New")
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
        refused = applied.run("pull", name)
        assert (refused.code, reason in refused.err) == (64, True)
    theirs = applied.run("pull", "-f", "mine.yaml", "Flow")
    assert "this machine has no such entry" in theirs.err
    assert applied.run("pull", "--all", "Qwen").code == 64
    assert applied.run("pull", "-f", "-", stdin=FILE).code == 64
    foreign = "schemaVersion: 1\ncollection: other\nprofiles: []\n"
    applied.write(foreign, "other.yaml")
    refused = applied.run("pull", "-f", "other.yaml", "Qwen")
    assert 'error: "Qwen" cannot be pulled: it belongs to team' in refused.err
    assert (applied.folder / "other.yaml").read_text() == foreign
    assert applied.run("pull", "-f", "other.yaml", "--all").err == (
        "nothing to pull: no profile of this file was changed on this machine\n"
    )


def test_a_name_that_was_chosen_for_this_machine_stays_here(applied: Project) -> None:
    applied.write(FILE.replace("8080", "7070").replace("team", "me"), "mine.yaml")
    applied.run("apply", "-f", "mine.yaml", "--yes", "--rename", "Qwen", "--only", "Qwen")
    change(applied, "Qwen (Imported)", port=6060)
    result = applied.run("pull", "-f", "mine.yaml", "#1")
    assert result.code == 0, result.err
    assert "Imported" not in (applied.folder / "mine.yaml").read_text()
    assert "port: 6060   # here" in (applied.folder / "mine.yaml").read_text()


def test_what_the_file_no_longer_lists_comes_back_only_by_name(applied: Project) -> None:
    without = FILE.partition("    -   name: Last")[0]
    applied.write(without)
    change(applied, "Last", port=1)
    for arguments in ((), ("--all",)):
        assert applied.run("pull", *arguments).code == 0
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
    result = applied.run("pull", "Qwen")
    assert (result.out, "recorded as applied: 1" in result.err) == ("", True)
    assert (applied.folder / "profiles.yaml").read_text() == text
    assert applied.run("plan", "--detailed-exitcode").code == 0


def test_a_file_that_is_not_valid_is_not_touched(applied: Project) -> None:
    text = FILE + "oops: 1\n"
    applied.write(text)
    result = applied.run("pull")
    assert (result.code, "profiles.yaml:30:1" in result.err) == (1, True)
    assert (applied.folder / "profiles.yaml").read_text() == text


def test_a_pull_that_would_make_a_conflict_is_refused(applied: Project) -> None:
    change(applied, "Qwen", modelID="org/last", port=8083)
    applied.write(FILE.replace("8082", "8083"))
    path, store = twin(applied)
    with pytest.raises(MlxsmError, match="cannot be pulled: its model, host and port are also used by"):
        pull_into(path, store, ["Qwen"], 1, everything=False)
    result = applied.run("pull", "Qwen")
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
    entries.append(entries[3].copy(id="9" * 16, profile=entries[3].profile.copy(port=9)))
    state = State(lineage="x", entries=tuple(entries))
    told = {one.name: one.reason for one in plan_pull(desired, state, ["Flow", "Twice", "Theirs", "Qwen"], everything=False).stuck}  # fmt: skip
    assert told == {
        "Flow": "the file has several profiles of this name",
        "Twice": "this machine has several profiles of this name",
        "Theirs": "it belongs to me",
        "Qwen": "several entries of this machine could be it",
    }
    clear = State(lineage="x", entries=(entries[3],))
    (edit,) = plan_pull(desired, clear, ["Qwen"], everything=False).edits
    assert (edit.place, edit.fields["/modelID"]) == (1, "d")
    secret = entries[3].copy(profile=entries[3].profile.copy(notes="hf_" + "Ab1" * 12))
    stuck = plan_pull(desired, State(lineage="x", entries=(secret,)), (), everything=True).stuck
    assert [one.reason for one in stuck] == ["something in it looks like a secret"]


def test_a_file_that_changes_meanwhile_is_stale(applied: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlxsm_sync import pull_file

    change(applied, "Qwen", port=9000)
    for moment in ("read_tree", "make_plan"):
        path, store = twin(applied)
        done = getattr(pull_file, moment)

        def and_somebody_writes(*given: Any, done: Any = done, path: str = path, **named: Any) -> Any:
            found = done(*given, **named)
            Path(path).write_text(FILE + "# mine\n")
            return found

        with monkeypatch.context() as patched:
            patched.setattr(pull_file, moment, and_somebody_writes)
            with pytest.raises(StalePlan, match="was changed meanwhile"):
                pull_into(path, store, ["Qwen"], 1, everything=False)
        assert Path(path).read_text() == FILE + "# mine\n"
        assert store.read().entries[0].applied == applied.state["entries"][0]["applied"]


def test_a_plan_that_would_change_more_than_the_record_is_not_carried_out(
    applied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlxsm_sync import pull_file

    change(applied, "Qwen", port=9000)
    path, store = twin(applied)
    monkeypatch.setattr(
        pull_file, "_judged", lambda *_: desired_of(FILE.replace("8080", "9000").replace("8081", "1"))
    )
    monkeypatch.setattr(pull_file, "_edited", lambda *_: FILE)
    monkeypatch.setattr(pull_file, "frozenset", lambda _: frozenset({1, 2}), raising=False)
    with pytest.raises(MlxsmError, match="the pulled profiles would not be as they are"):
        pull_into(path, store, ["Qwen"], 1, everything=False)
    with pytest.raises(Usage):
        pull_into(path, store, ["Nobody"], 1, everything=False)


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
    pulled(project, "A")
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
    assert applied.run("pull", "Qwen").code == 0


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
    return judge(read_yaml(text, problems), problems, Input(path="p.yaml", digest=""), HERE)


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
    from mlxsm_sync import pull_file

    change(applied, "Qwen", port=9000)
    path = str(applied.folder / "profiles.yaml")
    store = StateFile(applied.state_path)
    monkeypatch.setattr(
        pull_file, "edited", lambda text, *_: text.replace("8080", "9000").replace("# who", "# what")
    )
    with pytest.raises(NotEditable, match="without touching other lines; nothing was written") as caught:
        pull_file.pull_into(path, store, ["Qwen"], 1, everything=False)
    assert "+        port: 9000   # here" in caught.value.patch

    def unsafe(*_: object) -> str:
        raise Unsafe("no")

    monkeypatch.setattr(pull_file, "edited", unsafe)
    with pytest.raises(NotEditable) as caught:
        pull_file.pull_into(path, store, ["Qwen"], 1, everything=False)
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
    pull = plan_pull(desired, state, (), everything=True)
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
    applied.run("pull")
    applied.edit_state(
        lambda state: state["entries"][0]["applied"]["advancedLaunchOptions"].update(
            chatTemplateArgs={"a": 1}
        )
    )
    change(applied, "Qwen", options={"chatTemplateArgs": {key: {"b": [key]}}})
    pulled(applied, "Qwen")


@pytest.mark.parametrize("note", ["bell \x07", "two\nlines", "it's", 'a "quote"', "tab\there", "\u202e"])
def test_any_note_can_be_pulled(applied: Project, note: str) -> None:
    for number in range(2):
        change(applied, "Last", notes=f"{note}{number}")
        pulled(applied, "Last")


def test_a_local_path_that_comes_into_the_file_is_told(applied: Project) -> None:
    change(applied, "Flow", modelID="/models/mine")
    told = applied.run("pull", "Flow").err
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
    def edit(path: str, _text: str, unchanged: Callable[[], None], **_: object) -> None:
        Path(path).write_text("mine")
        unchanged()

    change(applied, "Qwen", port=9)
    monkeypatch.setattr(disk, "write_whole", edit)
    path = applied.folder / "profiles.yaml"
    with pytest.raises(StalePlan, match="was changed meanwhile"):
        pull_into(str(path), StateFile(applied.state_path), ["Qwen"], 1, everything=False)
    assert path.read_text() == "mine"


def test_a_pipe_cannot_be_pulled_into(applied: Project) -> None:
    os.mkfifo(applied.folder / "pipe")
    with pytest.raises(FileTrouble, match="not a regular file"):
        pull_into(str(applied.folder / "pipe"), StateFile(applied.state_path), [], 1, everything=True)
