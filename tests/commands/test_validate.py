"""`mlxsm validate --format`: what other programs are told, by the real command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from testing.fake_secrets.leaks import assert_nothing_shown, found_in, hidden
from testing.fake_secrets.places import IN_A_PROFILE, IN_THE_HEAD, file_of, profile_with
from testing.fake_secrets.tokens import TOKENS
from testing.in_process import Result, run
from testing.project import Project
from testing.sarif_schema import faults
from testing.unseen_characters import IN_NAMES, NASTY, assert_clean
from testing.workflow_commands import obeyed

GOOD = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, host: 127.0.0.1, port: 1}\n"
OPEN = GOOD.replace("127.0.0.1", "0.0.0.0")
BAD = GOOD.replace("port: 1", "port: 1, colour: red")
HOSTILE = "]( ::error::x\n::set-env name=A::b\n##[add-path]/x %0A {0} | ``` <b> @me\r\u202e\u2028"

EXPECTED = """\
::warning file=my files/open.yaml,line=3,col=3,title=Worth a look::open.yaml:3:3: A: its host is not a loopback address: the server has no authentication
::error file=my files/bad.yaml,line=3,col=53,title=Invalid profile file or document::bad.yaml:3:53: the key "colour" is unknown; known keys: name, modelID, host, port, enableThinking, notes, context, cluster, advancedLaunchOptions, on
::error file=my files/gone.yaml,title=Unusable profile file or document::gone.yaml: cannot read gone.yaml: No such file or directory
"""


@pytest.fixture
def repository(project: Project) -> Project:
    """A repository, with four files in a folder of it, which is the current one."""
    (project.folder / ".git").mkdir()
    project.folder /= "my files"
    project.folder.mkdir()
    for name, text in {"good": GOOD, "open": OPEN, "bad": BAD}.items():
        project.write(text, f"{name}.yaml")
    return project


def sarif(result: Result) -> list[dict[str, object]]:
    """The results of a log, which the official schema allows."""
    assert result.out.isascii()
    assert faults(result.json) == []
    found: list[dict[str, object]] = result.json["runs"][0]["results"]
    return found


def test_github_gets_a_line_for_each_problem_and_warning_and_nothing_else(repository: Project) -> None:
    result = repository.run(
        "validate", "good.yaml", "open.yaml", "bad.yaml", "gone.yaml", "--format", "github"
    )
    assert (result.code, result.err) == (1, "")
    assert result.out == EXPECTED


def test_the_exit_code_is_that_of_the_text(repository: Project) -> None:
    for form in ("text", "json", "github", "sarif"):
        for names, code in ((["good.yaml"], 0), (["open.yaml"], 0), (["good.yaml", "bad.yaml"], 1)):
            assert repository.run("validate", *names, "--format", form).code == code, (form, names)
    assert repository.run("validate", "good.yaml", "--format", "github") == Result(0, "", "")
    assert repository.run("validate", "good.yaml", "--format", "xml").code == 64


def test_quiet_leaves_the_warnings_out_for_github(repository: Project) -> None:
    result = repository.run("validate", "-q", "open.yaml", "bad.yaml", "--format", "github")
    assert result.out.count("::error ") == result.out.count("\n") == 1
    assert len(sarif(repository.run("validate", "-q", "open.yaml", "bad.yaml", "--format", "sarif"))) == 2


def test_sarif_has_the_same_findings(repository: Project) -> None:
    result = repository.run(
        "validate", "good.yaml", "open.yaml", "bad.yaml", "/gone.yaml", "--format", "sarif"
    )
    assert (result.code, result.err) == (1, "")
    places = [one["locations"][0]["physicalLocation"] for one in sarif(result)]  # type: ignore[index] - JSON
    assert places == [
        {
            "artifactLocation": {"uri": "my%20files/open.yaml", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 3, "startColumn": 3},
        },
        {
            "artifactLocation": {"uri": "my%20files/bad.yaml", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 3, "startColumn": 53},
        },
        {"artifactLocation": {"uri": "file:///gone.yaml"}},
    ]


@pytest.mark.parametrize("form", ["github", "sarif"])
def test_our_own_json_can_come_with_it_or_in_its_place(repository: Project, form: str) -> None:
    alone = repository.run("validate", "bad.yaml", "--format", form)
    both = repository.run("validate", "bad.yaml", "--format", form, "--json-out", "out.json")
    assert both == alone
    ours = repository.run("validate", "bad.yaml", "--json")
    assert json.loads((repository.folder / "out.json").read_text()) == ours.json
    assert ours == repository.run("validate", "bad.yaml", "--format", "json")
    assert ours == repository.run("validate", "bad.yaml", "--format", form, "--json")


def test_standard_input_has_no_file(repository: Project) -> None:
    result = repository.run("validate", "-", "--format", "github", stdin=BAD)
    assert result.code == 1
    assert result.out.startswith("::error title=Invalid profile file or document::-:3:53: the key")
    (only,) = sarif(repository.run("validate", "-", "--format", "sarif", stdin=BAD))
    assert "locations" not in only


def test_the_profile_file_that_is_found_is_named_from_the_top(repository: Project) -> None:
    repository.write(BAD)
    assert "file=my files/profiles.yaml,line=3," in repository.run("validate", "--format", "github").out


@pytest.mark.parametrize("text", [HOSTILE, *IN_NAMES[::9]])
def test_names_of_files_and_profiles_are_shown_and_never_obeyed(repository: Project, text: str) -> None:
    folder = repository.folder / text.replace("/", "∕")
    folder.mkdir()
    (folder / "bad.yaml").write_text(f"{json.dumps(text)}: 1\n{BAD}")
    profile = {"name": "A", "modelID": "m/a", "host": "0.0.0.0", "port": 1, "notes": text}
    (folder / "open.yaml").write_text(file_of([profile]))
    for words in (["bad.yaml", "open.yaml"], [f"../{folder.name}/bad.yaml", f"{folder}/gone.yaml"]):
        result = run(repository, "validate", *words, "--format", "github", folder=folder)
        assert_clean(result)
        assert result.code == 1
        commands = obeyed(result.out)
        assert len(commands) >= 2
        assert {command and command.name for command in commands} <= {"error", "warning"}
        log = run(repository, "validate", *words, "--format", "sarif", folder=folder)
        assert_clean(log)
        assert len(sarif(log)) == len(commands)


@pytest.mark.parametrize("text", [HOSTILE, *NASTY[::9]])
def test_what_a_document_says_is_shown_and_never_obeyed(repository: Project, text: str) -> None:
    profiles = [{"name": f"A{text}B", "modelID": "m/a", "host": "h:1", "port": "x", f"k{text}": text}]
    document = {"app": text, "schemaVersion": 1, "exportedAt": text, "profiles": profiles * 2}
    repository.write(json.dumps(document), "document.json")
    result = repository.run("validate", "document.json", "--format", "github")
    assert_clean(result)
    assert result.code == 1
    commands = obeyed(result.out)
    assert {command and command.name for command in commands} <= {"error", "warning"}
    log = repository.run("validate", "document.json", "--format", "sarif")
    assert_clean(log)
    assert len(sarif(log)) == len(commands) > 0


def shows_nothing(result: Result, token: str) -> None:
    """Neither as it stands there, nor once the escapes of the format are taken back."""
    assert_nothing_shown(result, [token])
    assert found_in(unquote(result.out), [token]) == []


def below(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    (made / "bad.yaml").write_text(BAD)
    return made


FOLDERS: list[Callable[[str], str]] = [str, "my {} files".format, "a,{}:b".format]


@pytest.mark.parametrize("form", ["github", "sarif"])
def test_a_token_in_the_name_of_a_folder_above_never_gets_out(repository: Project, form: str) -> None:
    """A command line names such a folder nowhere, so only these formats tell of it."""
    tried = 0
    for token in (token for token in TOKENS.values() if "/" not in token and "\n" not in token):
        for spelling in (one for one in hidden(token) if len(one.encode()) < 240):
            folder = below(repository.folder, FOLDERS[tried % len(FOLDERS)](spelling))
            result = run(repository, "validate", "bad.yaml", "--format", form, folder=folder)
            assert result.code == 1
            shows_nothing(result, token)
            assert "looks like a secret" in unquote(result.out)
            tried += 1
    assert tried > 60


@pytest.mark.parametrize("form", ["github", "sarif"])
def test_a_token_in_the_name_of_a_file_is_refused(repository: Project, form: str) -> None:
    for token in TOKENS.values():
        result = run(repository, "validate", f"{token}.yaml", "bad.yaml", "--format", form)
        assert (result.code, result.out) == (64, "")
        shows_nothing(result, token)


@pytest.mark.parametrize("form", ["github", "sarif"])
def test_a_token_in_a_key_or_value_never_gets_out(repository: Project, form: str) -> None:
    for token in TOKENS.values():
        repository.write(
            file_of(profile_with(place, token, n) for n, place in enumerate(IN_A_PROFILE.values()))
        )
        result = repository.run("validate", "profiles.yaml", "--format", form)
        assert result.code == 1
        assert "looks like a secret" in result.out
        shows_nothing(result, token)
        repository.write(
            json.dumps({"schemaVersion": 1, "profiles": []} | IN_THE_HEAD["key"] | {token: token})
        )
        result = repository.run("validate", "profiles.yaml", "--format", form)
        assert result.code == 1
        shows_nothing(result, token)


def test_a_file_that_is_not_there_is_named_once(project: Project) -> None:
    told = project.run("validate", "nothere.yaml")
    assert (told.code, told.out) == (1, "nothere.yaml: cannot be read: No such file or directory\n")


@pytest.mark.parametrize(
    ("name", "content", "is_hinted"),
    [
        ("start.sh", "mlx_lm.server --model org/x\n", True),
        ("start", "#!/bin/sh\nexec x --model 'a\n", True),
        ("a.plist", "<?xml version='1.0'?><plist><dict/></plist>", True),
        ("notes.txt", "hello\n", False),
        ("team.yaml", "# mlx_lm\nhello\n", False),
    ],
)
@pytest.mark.parametrize("command", ["plan", "up"])
def test_a_file_of_commands_is_answered_with_how_it_becomes_a_profile_file(
    project: Project, command: str, name: str, content: str, is_hinted: bool
) -> None:
    project.write(content, name)
    told = project.run(command, "-f", name)
    hint = f"hint: to make a profile file of commands: mlxsm init --from-file {name}\n"
    assert (told.code, hint in told.err) == (1, is_hinted)


def test_only_apply_and_import_say_that_nothing_was_applied(project: Project) -> None:
    project.write("profiles: [", "bad.yaml")
    project.write("{}", "bad.json")
    for words, says in (
        (("apply", "-f", "bad.yaml"), True),
        (("apply", "-f", "bad.yaml", "--json"), True),
        (("apply", "bad.json"), True),
        (("import", "bad.json"), True),
        (("plan", "-f", "bad.yaml"), False),
        (("up", "-f", "bad.yaml"), False),
        (("pull", "-f", "bad.yaml"), False),
    ):
        told = project.run(*words)
        assert (words, told.code, "; nothing was applied" in told.err + told.out) == (words, 1, says)
