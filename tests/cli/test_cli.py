"""The command line as scripts and people meet it: exit codes, JSON, colours, help, what is imported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

import mlxsm_sync
from testing.markdown import read
from testing.paths import BIN, MLXSM
from testing.project import Project

ONE = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, host: 127.0.0.1, port: 1}\n"
TWO = ONE + "- {name: B, modelID: m/b, host: 127.0.0.1, port: 2}\n"
COMMANDS = (
    "init",
    "validate",
    "plan",
    "apply",
    "remove",
    "list",
    "history",
    "restore",
    "rollback",
    "schema",
    "completion",
    "import",
    "export",
    "pull",
    "connect",
)


def modules_of(project: Project, *arguments: str, **environment: str) -> set[str]:
    """Everything that a command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(MLXSM), *arguments],
        cwd=project.folder,
        env=project.environment | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert len(lines) > 10
    return {line.rsplit("|", 1)[1].strip().partition(".")[0] for line in lines}


HEAVY = {"yaml_edit", "pydantic", "pydantic_core", "deepdiff", "jsonschema", "psutil", "yaml", "filelock"}


@pytest.mark.installed
@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], [], ["plan", "--help"], ["completion", "zsh"]]
)
def test_what_needs_no_library_loads_none(project: Project, arguments: list[str]) -> None:
    assert modules_of(project, *arguments) & HEAVY == set()


@pytest.mark.installed
def test_completing_names_loads_nothing_but_yaml(project: Project) -> None:
    project.write(TWO)
    complete = {"_MLXSM_COMPLETE": "zsh_complete", "COMP_WORDS": "mlxsm plan --skip ", "COMP_CWORD": "3"}
    assert modules_of(project, **complete) & HEAVY == {"yaml"}


@pytest.mark.installed
def test_what_touches_documents_and_lists_loads_what_it_uses(project: Project) -> None:
    project.apply(TWO)
    assert modules_of(project, "connect", "A") & HEAVY == {"pydantic_core"}
    assert modules_of(project, "export") & HEAVY == {"pydantic_core"}
    assert modules_of(project, "plan", "--state", "app:none.json") & HEAVY == {"pydantic_core", "yaml"}
    assert modules_of(project, "pull") & HEAVY == {"pydantic_core", "yaml"}


@pytest.mark.installed
def test_deepdiff_is_loaded_only_to_explain_what_is_nested(project: Project) -> None:
    nested = TWO.replace("port: 2}", "port: 2, advancedLaunchOptions: {rawExtraArgs: [--a]}}")
    project.apply(nested)
    assert modules_of(project, "plan") & HEAVY == {"pydantic_core", "yaml"}
    project.write(nested.replace("port: 2,", "port: 3,"))
    assert "deepdiff" not in modules_of(project, "plan")
    project.write(nested.replace("--a]", "--b, --c]"))
    assert "deepdiff" not in modules_of(project, "plan")
    project.apply(nested.replace("rawExtraArgs: [--a]", "chatTemplateArgs: {a: {b: 1}}"))
    project.write(nested.replace("rawExtraArgs: [--a]", "chatTemplateArgs: {a: {b: 2}}"))
    assert "deepdiff" in modules_of(project, "plan")


@pytest.mark.installed
def test_version(project: Project) -> None:
    for flag in ("--version", "-V"):
        assert project.run(flag).out == f"mlxsm {mlxsm_sync.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_examples(project: Project, command: str) -> None:
    told = [
        project.run(*arguments).out for arguments in ([command, "--help"], [command, "-h"], ["help", command])
    ]
    assert told[0] == told[1] == told[2]
    assert "Examples:" in told[0]
    assert f"mlxsm {command}" in told[0]
    assert all(len(line) <= 100 for line in told[0].splitlines())


@pytest.mark.installed
def test_help_shows_the_commands_and_what_to_do_first(project: Project) -> None:
    told = project.run().out
    assert told == project.run("--help").out == project.run("help").out
    for command in COMMANDS:
        assert f"  {command} " in told
    assert "Next: " in told


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["plan", "--nothing"],
        ["plan", "extra"],
        ["plan", "--format", "xml"],
        ["apply", "--lock-timeout", "-1"],
        ["rollback", "x"],
        ["remove"],
        ["schema", "nothing"],
        ["plan", "--state", "app:"],
        ["plan", "--skip", "Z"],
        ["plan", "--rename", "A=x", "--skip", "A"],
        ["plan", "--skip", "A=x"],
        ["list", "Z"],
        ["rollback", "--yes"],
    ],
)
def test_wrong_usage_is_64(project: Project, arguments: list[str]) -> None:
    project.write(ONE)
    result = project.run(*arguments)
    assert result.code == 64
    assert result.err.startswith("error: ")
    assert result.out == ""


def test_a_wrong_word_is_guessed(project: Project) -> None:
    project.write(ONE.replace("name: A", "name: Qwen3 Coder"))
    assert "hint: did you mean Qwen3 Coder?" in project.run("plan", "--skip", "Qwen Coder").err
    assert project.run("plna").err == "error: there is no command plna\nhint: did you mean plan?\n"


@pytest.mark.parametrize("flags", [["--json"], ["--format", "json"], ["--format=json"]])
def test_usage_errors_are_json_where_json_is_asked_for(project: Project, flags: list[str]) -> None:
    result = project.run("plan", *flags, "--nothing")
    assert (result.code, result.json["error"]["kind"], result.err) == (64, "usage", "")


def test_a_name_with_an_equals_sign_is_split_where_it_is_known(project: Project) -> None:
    project.write(
        "schemaVersion: 1\ncollection: team\nprofiles:\n"
        "- {name: a=b, modelID: m, host: h, port: 1}\n- {name: a=b, modelID: n, host: h, port: 2}\n"
        "- {name: c, modelID: n, host: h, port: 3}\n- {name: c=d, modelID: n, host: h, port: 4}\n"
    )
    assert project.run("plan", "--skip", "a=b").code == 0
    renamed = project.run("plan", "--rename", "#2=x=y", "--json").json
    assert [(c["name"], c["renamed"]) for c in renamed["changes"]][1] == ("x=y", True)
    ambiguous = project.run("plan", "--rename", "c=d=e")
    assert ambiguous.code == 64
    assert "can be split in several ways" in ambiguous.err


def test_detailed_exit_codes(project: Project) -> None:
    project.write(ONE)
    assert project.run("plan").code == 0
    assert project.run("plan", "--detailed-exitcode").code == 2
    project.apply(ONE)
    assert project.run("plan", "--detailed-exitcode").code == 0
    project.write(
        TWO.replace("schemaVersion: 1", "schemaVersion: 1\ncollection: other").replace("m/a", "m/z")
    )
    assert project.run("plan", "--detailed-exitcode").code == 3
    assert project.run("plan").code == 0


def test_plan_json_of_each_kind_has_every_key(project: Project) -> None:
    project.apply(ONE)
    project.write(
        TWO.replace("schemaVersion: 1", "schemaVersion: 1\ncollection: other").replace("m/a", "m/z")
    )
    plan = project.run("plan", "--json").json
    assert [*plan] == [
        "formatVersion", "lineage", "serial", "owner", "input", "machine", "elsewhere", "digest", "changes",
        "conflicts", "invalid", "orphans", "unchanged", "warnings", "summary",
    ]  # fmt: skip
    (change,) = plan["changes"]
    assert [*change] == [
        "action", "name", "source", "index", "target", "renamed", "ownerBefore", "ownerAfter", "before", "after", "fields",
    ]  # fmt: skip
    (conflict,) = plan["conflicts"]
    assert [*conflict] == [
        "kind", "name", "index", "rivals", "choices", "suggestedName", "target", "before", "after", "fields",
        "drift", "decided", "message", "remedies",
    ]  # fmt: skip
    assert conflict["kind"] == "name-taken"
    assert conflict["rivals"] == [
        {
            "name": "A",
            "owner": "default",
            "modelID": "m/a",
            "host": "127.0.0.1",
            "port": 1,
            "matches": ["name"],
        }
    ]
    assert conflict["choices"] == ["skip", "rename", "replace"]
    assert (conflict["suggestedName"], conflict["target"], conflict["decided"]) == (
        "A (Imported)",
        "A",
        False,
    )
    assert plan["input"]["path"] == "profiles.yaml"
    assert plan["summary"] == {
        "create": 1, "update": 0, "replace": 0, "rename": 0, "claim": 0, "delete": 0, "unchanged": 0,
        "conflict": 1, "invalid": 0, "orphan": 0, "elsewhere": 0,
    }  # fmt: skip


def test_apply_json_is_the_plan_as_it_ended(project: Project) -> None:
    project.write(ONE)
    ended = project.run("apply", "--yes", "--json").json
    assert (ended["applied"], ended["serial"], ended["skipped"]) == (True, 1, [])
    again = project.run("apply", "--yes", "--json").json
    assert (again["applied"], again["serial"], again["changes"]) == (False, 1, [])
    other = TWO.replace("schemaVersion: 1", "schemaVersion: 1\ncollection: other").replace("m/a", "m/z")
    project.write(other)
    partly = project.run("apply", "--yes", "--json")
    assert partly.code == 3
    assert partly.json["skipped"] == [{"name": "A", "index": 1, "reason": "conflict: name-taken"}]
    strict = project.run("apply", "--yes", "--strict", "--json", "--skip", "B")
    assert (strict.code, strict.json["applied"]) == (3, False)
    decided = project.run("apply", "--yes", "--skip", "A", "--json")
    assert (decided.code, decided.json["conflicts"][0]["decided"]) == (0, True)


def test_without_a_terminal_nothing_is_written_unasked(project: Project) -> None:
    project.write(ONE)
    for arguments in (["apply"], ["apply", "--json"]):
        result = project.run(*arguments)
        assert result.code == 1
        assert "there is no terminal to ask on" in result.err + result.out
        assert not project.state_path.exists()
    told = project.run("apply", "--json").json
    assert (told["error"]["kind"], told["summary"]["create"]) == ("no-terminal", 1)
    project.apply(ONE)
    assert project.run("apply").code == 0
    assert project.run("remove", "A").code == 1
    assert len(project.state["entries"]) == 1


def test_the_digest_of_a_reviewed_plan_can_be_expected(project: Project) -> None:
    project.write(ONE)
    digest = project.run("plan", "--json").json["digest"]
    project.write("# a comment\n" + ONE.replace("{name: A, modelID: m/a", "{modelID: m/a, name: A"))
    assert project.run("plan", "--json").json["digest"] == digest
    other = project.run("apply", "--expect", "sha256:00", "--json")
    assert (other.code, other.json["error"]["kind"]) == (1, "stale-plan")
    assert project.run("apply", "--expect", digest).code == 0
    assert project.state["serial"] == 1


def test_a_plan_made_before_there_was_a_state_holds_for_the_state_that_came(project: Project) -> None:
    project.write(ONE)
    assert project.run("plan", "--out", "plan.json").code == 0
    assert os.stat(project.folder / "plan.json").st_mode & 0o077 == 0
    project.write(
        TWO.partition("- {name: A")[0].replace("1\np", "1\ncollection: other\np")
        + TWO.splitlines(keepends=True)[-1],
        "other.yaml",
    )
    assert project.run("apply", "-f", "other.yaml", "--yes").code == 0
    assert project.run("apply", "plan.json").code == 0
    assert [entry["profile"]["name"] for entry in project.state["entries"]] == ["B", "A"]


def test_a_plan_can_be_written_to_a_file_beside_the_text(project: Project) -> None:
    project.write(ONE)
    result = project.run("plan", "--json-out", "plan.json")
    assert result.out.startswith("Plan: 1 to create")
    assert json.loads((project.folder / "plan.json").read_text())["summary"]["create"] == 1
    assert project.run("plan", "--json-out", "no/where.json").code == 1


def test_markdown_for_a_pull_request(project: Project) -> None:
    project.apply(TWO.replace("name: B", "name: Old"))
    project.write(
        TWO.replace("port: 1", "port: 9").replace(
            "name: B, modelID: m/b", "name: 'B|*x* ```', modelID: '/m/|`c'"
        )
    )
    told = project.run("plan", "--format", "markdown").out
    assert told.startswith("### Plan: 1 to create, 1 to update, 1 orphan\n")
    assert "| `~` | `A` | update: `port 1 -> 9` |" in told
    assert r"| `+` | ` B\|*x* ``` ` | create: ``/m/\|`c`` at `127.0.0.1:2` |" in told
    assert "| `?` | `Old` | no longer in the file: stays, unless pruned |" in told
    meaning = project.run("plan", "--json").json["input"]["meaning"]
    assert f"`--expect-input {meaning}`" in told
    assert "````text\nPlan: " in told
    assert told.rstrip().endswith("-->")


@pytest.mark.parametrize("name", ["@jane", "a@b.c", "see #12", "https://x.y", "[x](y)", "<b>&amp;", "a`b|c"])
def test_text_of_others_is_only_text_in_markdown(project: Project, name: str) -> None:
    project.write(ONE.replace("name: A", f"name: '{name}'"))
    (table,) = read(project.run("plan", "--format", "markdown").out).tables
    assert table[1] == ["+", name, "create: m/a at 127.0.0.1:1"]


def test_colours_follow_the_option_then_the_environment_then_the_terminal(project: Project) -> None:
    project.write(ONE)
    assert "\x1b[" not in project.run("plan").out
    assert "\x1b[38;5;64m+\x1b[0m" in project.run("plan", "--color", "always").out
    assert "\x1b[" in project.run("plan", FORCE_COLOR="1").out
    assert "\x1b[" not in project.run("plan", "--color", "never", FORCE_COLOR="1").out
    assert "\x1b[" not in project.run("plan", NO_COLOR="1").out


def test_quiet_and_verbose(project: Project) -> None:
    project.write(ONE)
    assert project.run("plan", "-q").out == "Plan: 1 to create\n"
    assert project.run("plan", "-q").err == ""
    project.apply(ONE)
    assert project.run("apply", "-q").out == "Plan: nothing to do (1 unchanged)\n"
    assert "  A\n" in project.run("plan", "-v").out


def test_what_nobody_can_see_is_shown(project: Project) -> None:
    # A name can hold none of it; other fields can, and so can what is said about them.
    evil = "\\e]8;;http://x\\a \\u202e\\u200b\\u3164 \\x9b31m [red] %s {0}"
    project.apply(
        f'schemaVersion: 1\nprofiles:\n- {{name: A, modelID: m, host: h, port: 1, notes: "{evil}"}}\n'
    )
    hidden = json.loads(
        f'"{evil}"'.replace("\\e", "\\u001b").replace("\\a", "\\u0007").replace("\\x9b", "\\u009b")
    )
    project.edit_state(lambda state: state["entries"][0]["profile"].update(modelID=f"m{hidden}"))
    for arguments in (["plan"], ["plan", "-v"], ["list"], ["plan", "--json"], ["list", "--json"]):
        result = project.run(*arguments)
        told = result.out + result.err
        assert all(char == "\n" or char.isprintable() for char in told)
        assert "\u3164" not in told
    project.write(ONE)
    told = project.run("plan", "--prune", "--force").out
    assert "\\u{1b}]8;;http://x" in told or "m\\u{1b}" in project.run("list").out


def test_init_writes_a_starter_that_plans(project: Project) -> None:
    assert project.run("init").code == 0
    text = (project.folder / "profiles.yaml").read_text()
    assert text.startswith("## yaml-language-server: $schema=")
    assert project.run("validate").code == 0
    assert project.run("plan", "--json").json["summary"]["create"] == 1
    again = project.run("init")
    assert again.code == 1
    assert "exists already" in again.err
    assert (project.folder / "profiles.yaml").read_text() == text
    assert project.run("init", "-f", "no/where.yaml").code == 1
    assert project.run("init", "-f", "-").out == text


def test_init_from_the_state_plans_to_nothing(project: Project) -> None:
    project.apply(
        'schemaVersion: 1\nprofiles:\n- {name: "no", modelID: "./m: #x", host: "::1", port: 1, notes: "a\\u2028\\U000e0041\\x85\\U0001f600 \\"q\\"\\n",'
        ' enableThinking: false, advancedLaunchOptions: {chatTemplateArgs: {"on": [1.5, null]}, rawExtraArgs: ["--x=-a b"]}}\n'
    )
    project.edit_state(lambda state: state["entries"][0].update(owner=None, applied=None, **{"from": None}))
    assert project.run("init", "--from-state", "-f", "mine.yaml").code == 0
    plan = project.run("plan", "-f", "mine.yaml", "--json").json
    assert [change["action"] for change in plan["changes"]] == ["claim"]
    assert project.run("apply", "-f", "mine.yaml", "--yes").code == 0
    assert project.run("plan", "-f", "mine.yaml", "--json").json["changes"] == []


def test_validate_judges_many_files(project: Project) -> None:
    project.write(ONE, "good.yaml")
    project.write(ONE.replace("127.0.0.1", "0.0.0.0"), "open.yaml")
    project.write("profiles: 5", "bad.yaml")
    result = project.run("validate", "good.yaml", "open.yaml", "bad.yaml", "gone.yaml", "--json")
    assert result.code == 1
    files = result.json["files"]
    assert [one["valid"] for one in files] == [True, True, False, False]
    assert files[1]["warnings"][0]["line"] == 3
    assert [one["line"] for one in files[2]["problems"]] == [1, 1]
    assert files[3]["problems"][0]["line"] is None
    assert project.run("validate", "good.yaml").out == "good.yaml: valid\n"
    assert project.run("validate", "-q", "good.yaml").out == ""
    assert "open.yaml:3:3: warning: A: its host is not" in project.run("validate", "open.yaml").err
    assert project.run("validate", "bad.yaml").out.startswith("bad.yaml:1:1: ")


def test_validate_judges_documents_of_the_app_by_the_published_schema(project: Project) -> None:
    good = {
        "app": "MLXServerManager",
        "exportedAt": "2026-06-16T00:00:00Z",
        "profiles": [{"name": "A", "modelID": "m", "host": "h", "port": "8080", "unknown": 1}],
        "schemaVersion": 1,
    }
    project.write(json.dumps(good), "good.json")
    assert project.run("validate", "good.json").out == "good.json: valid\n"
    token = "hf_" + "Ab1" * 12
    bad = good | {"schemaVersion": 2, "profiles": [{"name": token, "modelID": 5, "port": 0}], "other": token}
    project.write(json.dumps(bad, indent=1), "bad.json")
    result = project.run("validate", "bad.json", "--json")
    assert result.code == 1
    assert token not in result.out
    assert [(one["line"], one["message"].split(":")[0]) for one in result.json["files"][0]["problems"]] == [
        (5, "Profile 1"),
        (5, "Profile 1"),
        (5, "Profile 1"),
        (5, "Profile 1"),
        (
            11,
            "This file uses schemaVersion 2, but this version of mlxsm supports schemaVersion 1 only. No profiles were imported.",
        ),
    ]
    good["other"] = token
    project.write(json.dumps(good, indent=1), "leaking.json")
    result = project.run("validate", "leaking.json")
    assert (result.code, token in result.out) == (1, False)
    assert result.out.startswith("leaking.json:14:11: this value looks like a Hugging Face token")


def test_the_profile_file_is_found_named_or_read_from_standard_input(project: Project) -> None:
    project.write(ONE, "mlxsm.yaml")
    assert project.run("plan", "--json").json["input"]["path"] == "mlxsm.yaml"
    project.write(TWO)
    assert project.run("plan", "--json").json["input"]["path"] == "profiles.yaml"
    assert project.run("plan", "--json", MLXSM_FILE="mlxsm.yaml").json["summary"]["create"] == 1
    assert project.run("plan", "--json", "-f", "-", stdin=TWO).json["input"]["path"] == "-"
    assert "mlxsm apply -f mlxsm.yaml" in project.run("plan", "-f", "mlxsm.yaml").err
    config = project.folder / "home/.config/mlxsm"
    config.mkdir(parents=True)
    (project.folder / "mlxsm.yaml").rename(config / "mlxsm.yaml")
    (project.folder / "profiles.yaml").unlink()
    assert project.run("plan", "--json").json["input"]["path"] == str(config / "mlxsm.yaml")


def test_the_state_is_where_it_is_said_to_be(project: Project) -> None:
    project.write(ONE)
    for arguments, environment, place in (
        (["--state", "here.json"], {}, "here.json"),
        ([], {"MLXSM_STATE": "there.json"}, "there.json"),
        ([], {"XDG_STATE_HOME": str(project.folder / "xdg")}, "xdg/mlxsm/state.json"),
    ):
        assert project.run("apply", "--yes", *arguments, **environment).code == 0
        assert (project.folder / place).exists()
    assert not project.state_path.exists()
    conflicted = project.write(TWO.replace("1\np", "1\ncollection: c\np").replace("m/a", "m/z"))
    assert conflicted.exists()
    told = project.run("plan", "--state", "here.json", "--prune").out
    assert "mlxsm apply --state here.json --prune --replace A" in told


def test_list_and_history_of_a_new_machine(project: Project) -> None:
    assert "no profiles on this machine yet" in project.run("list").err
    assert project.run("list", "--json").json == {
        "formatVersion": 1,
        "lineage": None,
        "serial": 0,
        "entries": [],
    }
    assert "no earlier states yet" in project.run("history").err
    project.apply(ONE)
    listed = project.run("list", "A", "--json").json["entries"][0]
    assert (listed["name"], listed["owner"], listed["drifted"], listed["profile"]["notes"]) == (
        "A",
        "default",
        False,
        None,
    )
    assert [one["serial"] for one in project.run("history", "--json").json["entries"]] == [1, 0]


def test_a_rollback_is_a_new_write(project: Project) -> None:
    project.apply(ONE)
    project.apply(TWO)
    first_id = project.state["entries"][0]["id"]
    assert project.run("remove", "A", "--yes").code == 0
    assert project.run("rollback", "--yes").code == 0
    assert project.state["serial"] == 4
    assert [entry["profile"]["name"] for entry in project.state["entries"]] == ["A", "B"]
    assert project.state["entries"][0]["id"] == first_id
    assert project.run("rollback", "99", "--yes").code == 64
    assert project.run("rollback", "0", "--yes").code == 0
    assert project.state["entries"] == []
    assert project.state["written"]["command"] == "rollback"


def test_removing_says_what_is_not_there(project: Project) -> None:
    project.apply(ONE.replace("name: A", "name: Qwen3"))
    result = project.run("remove", "Qwen", "-y")
    assert (result.code, result.err) == (
        64,
        'error: there is no profile "Qwen" on this machine\nhint: did you mean Qwen3?\n',
    )


@pytest.mark.installed
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(project: Project, shell: str) -> None:
    script = project.run("completion", shell).out
    assert "_MLXSM_COMPLETE" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def complete(project: Project, words: str) -> list[str]:
    told = project.run(
        _MLXSM_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(words.count(" "))
    ).out
    return [line.partition(",")[2] for line in told.splitlines() if line]


@pytest.mark.installed
def test_completion_of_names(project: Project) -> None:
    assert complete(project, "mlxsm plan --skip ") == []
    project.apply(TWO)
    assert complete(project, "mlxsm plan --skip ") == ["A", "B"]
    assert complete(project, "mlxsm remove B") == ["B"]
    project.write('{"profiles": [{"name": "In a document"}]}', "doc.json")
    assert complete(project, "mlxsm import doc.json --only ") == ["'In a document'"]
    assert complete(project, "mlxsm pl") == ["plan"]
    known = [one["name"] for one in project.run("connect", "--list", "--json").json["clients"]]
    assert complete(project, "mlxsm connect A --client ") == known
    assert complete(project, f"mlxsm connect A --client {known[0][:3]}") == [
        one for one in known if one.startswith(known[0][:3])
    ]
    project.write("a: [")
    assert complete(project, "mlxsm plan --skip ") == []
    project.state_path.write_text("{}")
    assert complete(project, "mlxsm list ") == []


@pytest.mark.installed
def test_a_termination_ends_with_143_and_an_interrupt_with_130(project: Project) -> None:
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        with subprocess.Popen(
            project.command("plan", "-f", "-"),
            cwd=project.folder,
            env=project.environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            _wait_until_it_waits(running.pid)
            running.send_signal(number)
            _, told = running.communicate(timeout=120)
        assert running.returncode == code
        assert "Traceback" not in told


def _wait_until_it_waits(pid: int) -> None:
    """Until the process has slept for a while: it waits for its input."""
    asleep = 0
    for _ in range(5000):
        asleep = asleep + 1 if psutil.Process(pid).status() == psutil.STATUS_SLEEPING else 0
        if asleep == 15:
            return
        time.sleep(0.02)
    raise AssertionError("the command never waited")


@pytest.mark.installed
def test_python_dash_m_is_the_command(project: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mlxsm_sync", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == project.run("--version").out


def test_a_failure_is_written_where_the_json_was_wanted(project: Project) -> None:
    for arguments in (["--json-out", "o.json"], ["--json-out=o.json"]):
        project.write(ONE)
        assert project.run("plan", *arguments).code == 0
        assert "summary" in json.loads((project.folder / "o.json").read_text())
        project.write("profiles: 5")
        assert project.run("plan", *arguments).code == 1
        assert json.loads((project.folder / "o.json").read_text())["error"]["kind"] == "invalid-file"


def test_init_does_not_shadow_another_profile_file(project: Project) -> None:
    project.write(ONE, "mlxsm.yaml")
    result = project.run("init")
    assert (result.code, "mlxsm.yaml exists already" in result.err) == (1, True)
    assert not (project.folder / "profiles.yaml").exists()


def test_what_is_left_out_is_told(project: Project) -> None:
    project.write(TWO)
    assert "Skipped by choice: A\n" in project.run("plan", "--skip", "A").out
    assert "Not selected: A\n" in project.run("plan", "--only", "B").out


def test_an_ownership_that_a_rollback_gives_back_is_told(project: Project) -> None:
    project.apply(ONE)
    project.edit_state(lambda state: state["entries"][0].update(owner=None, applied=None, **{"from": None}))
    assert '= A: now owned by "default"; nothing else changes' in project.run("plan").out
    assert project.run("apply", "--yes").code == 0
    assert "= A: now owned by nobody; nothing else changes" in project.run("rollback", "--yes").out


def test_a_file_name_reaches_the_terminal_escaped(project: Project) -> None:
    name = "e\x1b[31m\u202e\r.yaml"
    project.write(ONE, name)
    for arguments in (
        ["plan", "-f", name],
        ["plan", "-f", name, "--take-from", "\x1b[31mX\r"],
        ["init", "-f", name],
    ):
        result = project.run(*arguments)
        assert all(char == "\n" or char.isprintable() for char in result.out + result.err), result
    assert "\\u{1b}" in project.run("plan", "-f", name).err


def test_empty_and_impossible_values_are_wrong_usage(project: Project) -> None:
    project.write(ONE)
    for arguments in (["--state", ""], ["-f", ""], ["--json-out", ""]):
        assert project.run("plan", *arguments).code == 64
    assert project.run("apply", "--yes", "--lock-timeout", "nan").code == 64


@pytest.mark.installed
def test_what_the_system_refuses_is_no_failure_of_the_output(project: Project) -> None:
    """An error of the system without the name of a file can come from anywhere."""
    project.apply(ONE)
    refused = (
        "import os, mlxsm_sync.state.state_file as state_file\n"
        "from mlxsm_sync.cli import main\n"
        "def read(self): raise OSError(1, os.strerror(1))\n"
        "state_file.StateFile.read = read\n"
        "main(['list'])\n"
    )
    settings = {"cwd": project.folder, "env": project.environment, "text": True}
    done = subprocess.run([sys.executable, "-c", refused], capture_output=True, check=False, **settings)
    assert (done.returncode, done.stderr) == (1, "error: the system refused: Operation not permitted\n")
    for words in (["list"], ["plan", "--json"]):
        with open("/dev/full", "w") as full:
            command = project.command(*words)
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, **settings)
        told = "error: cannot write the output: No space left on device\n"
        assert (done.returncode, done.stderr.endswith(told)) == (1, True)


@pytest.mark.installed
def test_a_home_that_is_not_there_is_one_line(project: Project) -> None:
    project.write(ONE)
    environment = {key: value for key, value in project.environment.items() if key != "HOME"}
    done = subprocess.run(
        ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", str(MLXSM), "list"]
        if os.geteuid() == 0
        else [str(MLXSM), "list"],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert project.run("list", XDG_STATE_HOME="relative").code == 0


@pytest.mark.installed
def test_an_output_that_cannot_say_a_character_says_its_escape(project: Project) -> None:
    project.write(ONE.replace("name: A", "name: ✗"))
    result = project.run("plan", PYTHONIOENCODING="latin-1:strict")
    assert (result.code, "\\u2717" in result.out) == (0, True)


def test_a_folder_that_cannot_be_used_is_told_in_json_too(project: Project) -> None:
    project.apply(ONE)
    project.state_path.write_text("{}")
    history = project.state_path.parent / "history"
    for path in history.iterdir():
        path.unlink()
    history.rmdir()
    history.write_text("no folder")
    result = project.run("list", "--json")
    assert result.json["error"]["kind"] == "unreadable-state"


@pytest.mark.parametrize("change", ["declared", "secret", "index", "owner"])
def test_a_saved_plan_that_was_changed_is_refused(project: Project, change: str) -> None:
    project.write(TWO)
    assert project.run("plan", "--out", "p.json").code == 0
    path = project.folder / "p.json"
    saved = json.loads(path.read_text())
    token = "hf_" + "Ab1" * 12
    one = saved["desired"]["profiles"][0]
    if change == "declared":
        one["declared"] = {"/port": "x"}
    elif change == "secret":
        one["profile"]["notes"] = one["declared"]["/notes"] = token
    elif change == "index":
        one["index"] = 2
    else:
        saved["desired"]["owner"] = "\x1b[31m"
    path.write_text(json.dumps(saved))
    result = project.run("apply", "p.json", "--json")
    assert (result.code, result.json["error"]["kind"]) == (1, "invalid-file")
    assert token not in result.out
    assert not project.state_path.exists()


@pytest.mark.installed
def test_the_next_command_after_a_saved_plan_works_as_it_stands(project: Project) -> None:
    project.write(ONE, "a file.yaml")
    told = project.run("plan", "-f", "a file.yaml", "--state", "s.json", "--out", "the plan.json").err
    assert told == "Next: mlxsm apply 'the plan.json' --state s.json\n"
    assert project.shell(told.removeprefix("Next: ")).code == 0
    assert (project.folder / "s.json").exists()


@pytest.mark.installed
def test_the_script_for_a_shell_is_printed_without_starting_one(project: Project) -> None:
    """Click's own way would run the shell to ask for its version."""
    for shell in ("bash", "zsh", "fish"):
        asked = project.run("list", _MLXSM_COMPLETE=f"{shell}_source", PATH=str(BIN))
        assert asked.out == project.run("completion", shell).out
