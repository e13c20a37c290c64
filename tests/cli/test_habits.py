"""What habits are answered with: words and options of other tools, slips, and what click would say worse."""

from __future__ import annotations

import re
import shlex
from itertools import product

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.cli.group import COMMANDS, RASH, SECTIONS
from mlxsm_sync.cli.habits import WORDS, answer
from mlxsm_sync.cli.option_habits import OPTIONS, option_answer
from mlxsm_sync.cli.words import RASH_OPTIONS, behind_the_command
from mlxsm_sync.cli.wrong_usage import as_usage
from mlxsm_sync.text.suggest import slip_of
from testing.in_process import run
from testing.pasting import EVERY, command
from testing.project import Project

ONE = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, host: 127.0.0.1, port: 1}\n"

# The contract's own rows, and what people of other tools type: the answer must name this.
TYPED = {
    "stop": "mlxsm down stops the servers",
    "stop qwen": "mlxsm down qwen stops it",
    "stop a 'b c'": "mlxsm down a 'b c' stops them",
    "stop -t 5 qwen": "mlxsm down stops all servers of the profile file, with NAME one",
    "start": "mlxsm up",
    "start qwen": "mlxsm up qwen",
    "ls": "mlxsm list shows the profiles of this machine, mlxsm ps its servers",
    "rm": "mlxsm remove NAME",
    "rm qwen": "mlxsm remove qwen",
    "top": "mlxsm ps --watch",
    "stats": "mlxsm ps --watch",
    "diff": "mlxsm plan",
    "config": "mlxsm validate",
    "edit": "$EDITOR profiles.yaml, then mlxsm plan",
    "destroy": "mlxsm down stops the servers of the profile file, then mlxsm remove NAME",
    "show": "mlxsm list shows profiles, mlxsm connect NAME",
    "output": "mlxsm connect NAME prints what a client needs, mlxsm list --json",
    "fmt": "not needed: ",
    "refresh": "not needed: ",
    "kill qwen": "mlxsm down qwen asks it to end; --force",
    "state list": "mlxsm list",
    "state": "mlxsm list",
    "add": "write it into the profile file",
    "update": "mlxsm apply",
    "services start qwen": "mlxsm service",
    "info": "mlxsm list shows profiles, mlxsm ps servers",
    "upgrade": "with what installed it",
    "download qwen": "mlxsm up qwen starts",
    "get": "mlxsm list",
    "push": "git push",
    "rename": "--rename NAME=NEW",
    "rename qwen": "--rename qwen=NEW",
    "reset": "mlxsm history",
    "log qwen": "mlxsm logs qwen",
    "service install": "--all means every profile of the file",
    "service": "it has install, uninstall, status",
    "service instal A": "did you mean install?",
    "service start A": "it has install, uninstall, status",
    "switch qwen": "then mlxsm up qwen",
    "use qwen": "mlxsm up qwen",
    "serve qwen": "mlxsm run qwen",
    "login": "not needed: ",
    "sync": "mlxsm apply",
    "deploy": "mlxsm apply",
    "preview": "mlxsm plan",
    "taint qwen": "mlxsm restart qwen",
    "STOP": "mlxsm down",
    "help stop": "mlxsm down",
    "-f team.yaml stop qwen": "mlxsm down",
    # options
    "apply -auto-approve": "write it --yes",
    "apply --auto-approve": "write it --yes",
    "plan -target=q": "write it --only q",
    "plan -target q": "write it --only",
    "plan --target=q": "write it --only q",
    "plan -out=x": "write it --out x",
    "plan -out x": "write it --out",
    "plan -json": "write it --json",
    "plan -state=other.json": "write it --state other.json",
    "plan -detailed-exitcode": "write it --detailed-exitcode",
    "plan -refresh=false": "not needed: ",
    "plan --refresh-only": "write it --drift-only",
    "plan -var x=y": "no variables",
    "plan -no-color": "write it --no-color",
    "apply -input=false": "write it --yes",
    "up --no-input": "nothing is asked where there is no terminal",
    "apply --dry-run": "mlxsm plan shows",
    "remove A --dry-run": "mlxsm plan shows",
    "restart A --force-recreate": "mlxsm up --recreate",
    "up --force-recreate": "write it --recreate",
    "up --no-start": "write it --dry-run",
    "up --build": "nothing to build",
    "up --port 8080": "the port stands in the profile file",
    "down -t 5": "write it --grace",
    "down --timeout=5": "write it --grace 5",
    "down --remove-orphans": "mlxsm down --all stops every server that was started here, mlxsm apply --prune",
    "logs -t": "each line is shown as the server wrote it",
    "doctor --fix": "it says what to do",
    "up --only A": "name the profiles behind the command",
    "plan --plain": "--json is for scripts",
    "plan --detailed-exitc": "did you mean --detailed-exitcode?",
    "apply --expect-in x": "did you mean --expect-input?",
    "apply --while-app": "see mlxsm apply --help",  # only a slip of one letter leads to what is rash
    "logs A --since 5m": "mlxsm logs -n 200",
    "init --from-command mlx_lm.server --model org/name": "put the whole command in quotes: mlxsm init --from",
    "init --from-command python -m mlx_lm.server": "put the whole command in quotes: mlxsm init --from",
    "import x.json id": "see mlxsm import --help",
    "install": "a model is a profile: write it into the profile file",
    "list --format table": "write it --json",
    "list -o json": "write it --json",
    "export -out=x.json": "write it --output x.json",
    "plan -file=x.yaml": "write it --file x.yaml",
    "plan -force": "write it --force",
    "plan profiles.yaml": "mlxsm plan -f profiles.yaml",
    "plan qwen": "mlxsm plan --only qwen",
    "plan help": "see mlxsm plan --help",
    "-v": "as in mlxsm plan -v or mlxsm -v plan; mlxsm --version prints the version",
    "--recreate up": "options stand behind the command, as in mlxsm plan -v",
    "-f team.yaml": "options stand behind the command",
}


@pytest.mark.parametrize("typed", TYPED)
def test_each_habit_is_answered_in_one_line_and_nothing_is_done(project: Project, typed: str) -> None:
    project.write(ONE)
    result = run(project, *shlex.split(typed))
    assert (result.code, result.out) == (64, "")
    assert result.err.count("\n") == 2
    error, hint = result.err.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    assert TYPED[typed] in hint
    assert not project.state_path.exists()
    assert {path.name for path in project.folder.iterdir()} == {"profiles.yaml", "home"}


def test_the_answer_is_json_where_json_is_asked_for(project: Project) -> None:
    failure = run(project, "stop", "--json").json["error"]
    assert failure["kind"] == "usage"
    assert failure["hint"] == "mlxsm down stops all servers of the profile file, with NAME one"


# What `schema` prints is held against the meta-schema by the runner, so its failure is not among them.
@pytest.mark.parametrize("verb", [*(one for one in COMMANDS if one != "schema"), "stop", "nonsense"])
@pytest.mark.parametrize(
    "words",
    [
        ["--json", "--bogus"],
        ["--bogus", "--json"],
        ["--format", "json", "--bogus"],
        ["--format=json", "--bogus"],
        ["--bogus", "--json", "--format"],
    ],
    ids=" ".join,
)
def test_a_script_that_asks_for_json_gets_its_failure_so(
    project: Project, verb: str, words: list[str]
) -> None:
    """Whatever else is wrong, and also where the command has no such option."""
    result = run(project, verb, *words)
    assert (result.code, result.err, result.json["error"]["kind"]) == (64, "", "usage")
    told = run(project, verb, "--bogus", "--", *words)
    assert (told.code, told.out, told.err[:7]) == (64, "", "error: ")


def test_the_file_to_edit_is_the_one_that_is_used(project: Project) -> None:
    project.write(ONE, "a file.yaml")
    assert "$EDITOR 'a file.yaml', then" in run(project, "edit", MLXSM_FILE="a file.yaml").err


@pytest.mark.parametrize(
    "arguments", [["up", "-d"], ["up", "--detach"], ["up", "--wait"], ["up", "-d", "--wait", "--dry-run"]]
)
def test_what_means_what_it_says_is_accepted(project: Project, arguments: list[str]) -> None:
    project.write("schemaVersion: 1\nprofiles: []\n")
    result = run(project, *arguments)
    assert (result.code, result.err) == (
        0,
        "the profile file lists no profiles\n" * ("--dry-run" not in arguments),
    )


def test_logs_takes_tail(project: Project) -> None:
    project.apply(ONE)
    assert run(project, "logs", "A", "--tail", "3").code == 1  # there is no log yet
    assert run(project, "logs", "A", "--tail", "x").code == 64


def test_version_is_a_word_too(project: Project) -> None:
    assert run(project, "version").out == run(project, "--version").out


def test_common_options_may_stand_before_the_command(project: Project) -> None:
    project.write(ONE, "team.yaml")
    behind = run(project, "plan", "-f", "team.yaml", "--state", "s.json", "--json")
    for before in (
        ["-f", "team.yaml", "--state", "s.json", "--json", "plan"],
        ["--json", "--file=team.yaml", "--state=s.json", "plan"],
        ["-f", "team.yaml", "plan", "--json", "--state", "s.json"],
    ):
        assert run(project, *before).out == behind.out
    # `-f` is not the `-f` of `logs`, which would follow for ever.
    assert "mlxsm logs has no option --file" in run(project, "-f", "team.yaml", "logs", "A").err
    assert behind_the_command(["--yes", "plan"]) == ["--yes", "plan"]
    assert behind_the_command(["-f"]) == ["-f"]
    assert behind_the_command(["plan", "-f", "x"]) == ["plan", "-f", "x"]


# Every answer names what exists.


def options_of(command: click.Command) -> set[str]:
    return {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"-h", "--help"}


ALL_OPTIONS = {option for one in EVERY.values() for option in options_of(one)} | {"--version"}


def assert_it_exists(told: str) -> None:
    """Each `mlxsm COMMAND --option` of a sentence can be typed."""
    for words in told.split("mlxsm ")[1:]:
        typed = re.split("[,;:]", words)[0].split()
        if typed[0].startswith("-"):
            assert typed[0] in {"--help", "--version"}, told
            continue
        assert {typed[0], " ".join(typed[:2])} & {*EVERY}, told
        unknown = {word for word in typed if word.startswith("-")} - options_of(command(typed)[1])
        assert not unknown, told
    assert {*re.findall(r"(?<![\w-])--[a-z-]+", told)} <= ALL_OPTIONS, told


@pytest.mark.parametrize("word", WORDS)
def test_every_answer_to_a_word_names_what_exists(word: str) -> None:
    assert word not in COMMANDS
    for rest in ([], ["qwen"], ["a", "b c"], ["-x"], ["\u202e"]):
        told = answer(word, rest, file="profiles.yaml")
        assert told is not None
        assert_it_exists(told)
        assert "{" not in told
        assert len(told) <= 125
    assert answer(word.upper(), [], file="f") == answer(word, [], file="f")


def test_a_word_that_nobody_knows_has_no_answer() -> None:
    assert answer("qqqq", [], file="f") is None


@pytest.mark.parametrize("name", EVERY)
def test_every_answer_to_an_option_names_what_exists(name: str) -> None:
    has = dict.fromkeys(options_of(EVERY[name]), True)
    for option, value in product(OPTIONS, (None, "a b")):
        told = option_answer(f"-{option}", value, has)
        assert told == option_answer(f"--{option}", value, has)
        assert told is not None
        assert_it_exists(told)
        if (found := re.fullmatch("write it (--[a-z-]+)( 'a b')?", told)) is not None:
            assert found[1] in has
    assert option_answer("--qqqq", None, has) is None
    assert option_answer("-y", None, has) == option_answer("--yes", None, has)


# No guess that hurts.


@given(st.text("abcdefghijklmnopqrstuvwxyz-", max_size=12))
def test_nothing_that_stops_or_deletes_is_offered_for_more_than_one_slip(word: str) -> None:
    told = slip_of(word, COMMANDS, rash=RASH)
    if told is not None and (offered := told.removeprefix("did you mean ").rstrip("?")) in RASH:
        assert word in one_slip(offered)


def one_slip(word: str) -> set[str]:
    """Every word that one slip makes of this one."""
    letters = "abcdefghijklmnopqrstuvwxyz-"
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return {
        word,
        *(a + b[1:] for a, b in cuts if b),
        *(a + letter + b for a, b in cuts for letter in letters),
        *(a + letter + b[1:] for a, b in cuts if b for letter in letters),
        *(a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1),
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_one_slip_is_told_unless_another_command_is_as_near(name: str) -> None:
    for word in one_slip(name) - COMMANDS.keys():
        told = slip_of(word, COMMANDS, rash=RASH)
        assert told is not None
        offered = told.removeprefix("did you mean ").rstrip("?")
        assert offered == name or word in one_slip(offered)


ENGLISH = [
    "state",
    "stats",
    "reset",
    "download",
    "rename",
    "get",
    "push",
    "tail",
    "revert",
    "wipe",
    "drop",
    "erase",
    "trash",
    "cut",
    "delete",
    "stop",
    "halt",
    "end",
    "shutdown",
    "poweroff",
    "reboot",
    "rest",
    "store",
    "restock",
    "restate",
    "remote",
    "renew",
    "removed",
    "forgot",
    "forge",
    "format",
    "ball",
    "dawn",
    "town",
    "doom",
    "roll",
    "back",
    "rollout",
    "rollup",
    "restyle",
    "resize",
    "recover",
    "recall",
    "reload",
    "remake",
    "remark",
    "resume",
    "unset",
    "cancel",
    "abort",
    "exit",
    "close",
]


@pytest.mark.parametrize("word", ENGLISH)
def test_a_real_word_is_never_taken_for_one_that_stops_or_deletes(project: Project, word: str) -> None:
    told = run(project, word).err
    slips = [one for one in RASH if word in one_slip(one)]
    assert [one for one in RASH if f"did you mean {one}?" in told] == slips[:1]


def test_an_option_that_deletes_is_not_offered_for_another_one(project: Project) -> None:
    project.write(ONE)
    for typed in ("--pruen", "--forse"):
        assert "did you mean" in run(project, "plan", typed).err
    for typed in ("--prone-foreing", "--fore-all", "--fourty", "--tall", "--yell", "--tail"):
        told = run(project, "plan", typed).err
        assert not any(f"did you mean {option}?" in told for option in RASH_OPTIONS), told
    assert slip_of("x" * 1000, COMMANDS) is None


# click's own words never come through.

_CLICKS = re.compile(
    r"Invalid value|is not (?:a valid|in the range|one of)|Missing|No such|unexpected extra|requires an|does not take"
)


@pytest.mark.parametrize("name", EVERY)
def test_no_wrong_value_is_told_in_words_of_click(project: Project, name: str) -> None:
    project.write(ONE)
    found = EVERY[name]
    lines = [["--qqqq"], ["-Q"], *([[*"abcdefgh"]] if name in ("plan", "apply", "history") else [])]
    for one in found.params:
        if isinstance(one, click.Option):
            option = one.opts[0]
            lines.append([f"{one.opts[-1]}=1"] if one.is_flag else [option])
            lines += (
                []
                if isinstance(one.type, (type(click.STRING), click.Path)) or one.is_flag
                else [[option, "\u00e9"]]
            )
        elif one.required:
            lines.append([])
    for words in lines:
        result = run(project, *name.split(), *words)
        assert result.code == 64, (words, result)
        assert_ours(result.err)
        error = result.err.splitlines()[0]
        if words and words[0].startswith("--"):
            assert words[0].partition("=")[0] in error


def assert_ours(told: str) -> None:
    error, hint = told.splitlines()
    assert re.match(r"error: (?:[a-z]|-|[A-Z]+ (?:is missing|must be)|mlxsm )", error)
    for line in (error, hint):
        assert not line.endswith(".")
        assert not _CLICKS.search(line)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["up", "--timeout", "0"], "--timeout must be a number above 0 and at most 604800"),
        (["up", "--timeout", "nan"], "--timeout must be a number above 0 and at most 604800"),
        (["up", "--timeout", "abc"], "--timeout must be a number above 0 and at most 604800"),
        (["down", "--grace", "-1"], "--grace must be a number of at least 0 and at most 604800"),
        (["plan", "--format", "xml"], "--format must be text, json or markdown"),
        (["plan", "--format=xml"], "--format must be text, json or markdown"),
        (["logs", "A", "-n", "x"], "-n must be a whole number of at least 0"),
        (["logs", "A", "--tail=-1"], "--tail must be a whole number of at least 0"),
        (["logs", "A", "-n", "1.5"], "-n must be a whole number of at least 0"),
        (["logs", "A", "-n"], "-n needs a value"),
        (["logs", "A", "-fn"], "-n needs a value"),
        (["rollback", "x"], "SERIAL must be a whole number of at least 0"),
        (["remove"], "NAME is missing"),
        (["import"], "FILE is missing"),
        (["plan", "--state"], "--state needs a value"),
        (["plan", "--state="], "--state must not be empty"),
        (["plan", "--json=yes"], "--json takes no value"),
        (["history", "extra"], "unexpected argument extra"),
        (["plan", "--", "-x"], "unexpected argument -x"),
    ],
)
def test_what_is_wrong_is_said_in_our_words(project: Project, words: list[str], told: str) -> None:
    project.write(ONE)
    assert run(project, *words).err.splitlines()[0] == f"error: {told}"


def test_a_wrong_value_of_the_environment_names_the_variable(project: Project) -> None:
    project.write(ONE)
    token = "hf_" + "Ab1" * 12
    assert run(project, "plan", MLXSM_STATE=token).err.startswith("error: MLXSM_STATE looks like a secret")


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (click.INT, "x", "--x must be a whole number"),
        (click.FLOAT, "x", "--x must be a number"),
        (click.IntRange(1, 5), "9", "--x must be a whole number from 1 to 5"),
        (click.IntRange(1, 5, min_open=True), "1", "--x must be a whole number above 1 and at most 5"),
        (click.IntRange(1, 5, max_open=True), "5", "--x must be a whole number of at least 1 and below 5"),
        (click.IntRange(min=1), "0", "--x must be a whole number of 1 or more"),
        (click.IntRange(min=1, min_open=True), "1", "--x must be a whole number above 1"),
        (click.FloatRange(max=1), "2", "--x must be a number of at most 1"),
        (click.FloatRange(max=1, max_open=True), "2", "--x must be a number below 1"),
        (click.Choice(["only"]), "x", "--x must be only"),
        (click.Path(exists=True), "gone", "--x path gone does not exist"),
        (click.UUID, "x", "--x x is not a valid UUID"),
    ],
)
def test_each_type_of_click_has_its_sentence(kind: click.ParamType, value: str, told: str) -> None:
    """Also those that no option has yet."""

    @click.command()
    @click.option("-y", "--x", type=kind)
    def own(x: object) -> None:
        raise AssertionError(x)

    with pytest.raises(click.UsageError) as caught:
        own.main(args=["--x", value], standalone_mode=False)
    assert as_usage(caught.value, ["--x", value]).message == told


def test_errors_of_click_that_we_never_met_are_told_all_the_same() -> None:
    assert as_usage(click.UsageError("Something's\n odd."), []).message == "somethings odd"
    assert as_usage(click.BadParameter("Odd."), []).message == "invalid value: Odd"


# Help.


@pytest.mark.parametrize("columns", ["80", "60", "200"])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_the_terminal_and_is_cut_nowhere(project: Project, name: str, columns: str) -> None:
    words = name.split()
    told = run(project, *words, "--help", COLUMNS=columns)
    assert (told.code, told.err) == (0, "")
    assert "..." not in re.sub(r"[\]A-Z]\.\.\.", "", told.out)
    assert not re.search(r"<=?x|x<=?", told.out)
    lines = told.out.splitlines()
    assert max(map(len, lines)) <= (80 if columns == "60" else min(int(columns), 100))
    assert "  Examples:" in lines
    assert lines.index("  Examples:") < lines.index("Options:")
    for same in (["help", *words], [*words, "-h"]):
        assert run(project, *same, COLUMNS=columns).out == told.out


def test_the_help_of_a_value_is_no_help(project: Project) -> None:
    project.write(ONE)
    assert run(project, "plan", "--skip", "--help").code == 64
    assert run(project, "list", "--", "--help").code == 64


def test_every_command_has_a_line_that_no_terminal_cuts(project: Project) -> None:
    told = run(project, "--help", COLUMNS="80").out.splitlines()
    for title, section in SECTIONS.items():
        assert f"{title}:" in told
        for name, summary in section.summaries.items():
            assert len(summary) <= 64
            assert any(line.split(maxsplit=1) == [name, summary] for line in told)
