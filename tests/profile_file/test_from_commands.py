"""Command lines of mlx_lm.server as profiles, and back."""

from __future__ import annotations

import json
import plistlib
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.profile_file.from_commands import Made, of_a_command, of_a_file, of_a_process, profiles_of
from mlxsm_sync.profile_file.server_calls import arguments_at
from mlxsm_sync.servers.command_line import Consent, Program, launch
from mlxsm_sync.values.launch_options import launch_options
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.server_options import FLAGS
from testing.fake_secrets.tokens import TOKENS
from testing.paths import REPOSITORY
from testing.project import Project
from testing.strategies import rich_profiles

HOME = "/Users/me"
PROGRAM = Program(("mlx_lm.server",), "0.32.2")


def made(*commands: str) -> Made:
    return profiles_of([of_a_command(one, "-") for one in commands], HOME)


def one(command: str) -> Profile:
    (profile,) = made(command).profiles
    return profile


def refused(*commands: str) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        made(*commands)
    return [f"{one.line}:{one.column} {one.message}" for one in caught.value.problems]


START = "--model org/a --port 8081"


@pytest.mark.parametrize(
    "command",
    [
        f"mlx_lm.server {START}",
        f"python -m mlx_lm.server {START}",
        f"python3 -m mlx_lm server {START}",
        f"python3.12 -u -mmlx_lm.server {START}",
        f"mlx_lm server {START}",
        f"/opt/venv/bin/mlx_lm.server {START}",
        f"/opt/venv/bin/python /opt/venv/bin/mlx_lm.server {START}",
        f"python /src/mlx_lm/server.py {START}",
        f"uvx --from mlx-lm mlx_lm.server {START}",
        f"uv tool run --from mlx-lm mlx_lm.server {START}",
        f"uv run --with mlx-lm python -m mlx_lm.server {START}",
        f"poetry run mlx_lm.server {START}",
        f"conda run -n mlx mlx_lm.server {START}",
        f"pipx run --spec mlx-lm mlx_lm.server {START}",
        f"nohup mlx_lm.server {START} > log 2>&1 &",
        f"HF_HOME=/x HF_TOKEN=y mlx_lm.server {START}",
        f"env HF_HOME=/x nice -n 5 mlx_lm.server {START}",
        f"exec mlx_lm.server {START}",
        f"sudo mlx_lm.server {START}",
        f"sudo -u joe -E HF_HOME=/x mlx_lm.server {START}",
        f"env -i PATH=/bin nohup timeout -k 5 60 mlx_lm.server {START}",
        f"if ! time -p command exec -a x mlx_lm.server {START}; then echo; fi",
        f"op run -- mlx_lm.server {START}",
        f"eval mlx_lm.server {START}",
        f"su - joe -c 'mlx_lm.server {START}'",
        f"function serve {{ noglob mlx_lm.server {START}; }}",
        f'OPTS="{START}"; mlx_lm.server $OPTS',
        f"cat <<EOF > x\nmlx_lm.server --model org/b\nEOF\nmlx_lm.server {START}",
        f"$ mlx_lm.server {START}",
        f": 1700000000:0;mlx_lm.server {START}",
        f"screen -dmS mlx mlx_lm.server {START}",
        f"tmux new-session -d -s mlx 'mlx_lm.server {START}'",
        f"cd /x && source bin/activate && mlx_lm.server {START}",
        f"zsh -lc 'source bin/activate; exec mlx_lm.server {START}'",
        f"nohup bash -c 'mlx_lm.server {START}' &",
        f"bash -x -c 'mlx_lm.server {START}'",
        f"alias q='mlx_lm.server {START}'",
        f"serve() {{ mlx_lm.server {START}; }}",
        f"mlx_lm.server \\\n  {START.replace(' --port', chr(92) + chr(10) + ' --port')}  # one",
        "mlx_lm.server --model=org/a --port=8081",
        "mlx_lm.server --mod org/a --po 8081",
        "mlx_lm.server --model org/b --port 1 --model org/a --port 8081",
        'MODEL=org/a; PORT="8081"\nmlx_lm.server --model "$MODEL" --port ${PORT}',
    ],
)
def test_a_start_is_known_in_every_form(command: str) -> None:
    profile = one(command)
    assert (profile.name, profile.model_id, profile.host, profile.port) == ("a", "org/a", "127.0.0.1", 8081)
    assert profile.advanced_launch_options.model_dump(exclude_none=True) == {}


@pytest.mark.parametrize(
    "command",
    [
        "",
        "# mlx_lm.server --model x",
        "ls",
        "pip install mlx-lm",
        "pkill -f mlx_lm.server",
        "ssh studio 'mlx_lm.server --model x'",
        "tmux rename-window 'my server'",
        "echo mlx_lm.server --model x",
        "ps aux | grep mlx_lm.server",
        "python -m mlx_lm.generate --model x",
        "python -m mlx_lm generate",
        "python -m",
        "python",
        "python -c 'import mlx_lm.server'",
        "python serve.py mlx_lm.server",
        "mlx_lm generate",
        "mlx_vlm.server --model x",
        "uv pip install mlx_lm.server",
        "uv run",
        "uvx ruff",
        "sudo -u me ls",
        "env -S 'mlx_lm.server --model x'",
        "sudo --what mlx_lm.server --model x",
        "command -v mlx_lm.server",
        "eval",
        "ExecStart=/opt/bin/mlx_lm.server --model x",
        "timeout 60",
        "cat <<EOF\nmlx_lm.server --model x\nEOF",
        "docker run -it x mlx_lm.server --model x",
        "bash -c",
        "bash start.sh",
        "alias q",
        "nohup",
        "X=1",
        'bash -c "bash -c \'bash -c \\"bash -c \\\\\\"bash -c mlx_lm.server\\\\\\"\\"\'"',
    ],
)
def test_what_starts_no_server_says_so(command: str) -> None:
    (problem,) = refused(command)
    assert problem.startswith("1:1 this starts no mlx_lm.server")


EVERY_KEY = """\
mlx_lm.server --model org/a --host 0.0.0.0 --port 9000 --temp 0.5 --top-p 0.9 --top-k 40 --min-p 0.05 \
--max-tokens 4096 --chat-template-args '{"enable_thinking": false, "style": "x"}' --allowed-origins '*' \
--log-level DEBUG --decode-concurrency 4 --prompt-concurrency 2 --prefill-step-size 512 \
--prompt-cache-size 5 --prompt-cache-bytes 1.5GB --kv-bits 8 --trust-remote-code --draft-model org/d \
--num-draft-tokens 4 --adapter-path adapters --chat-template '{{ messages }}' --of-a-fork=x
"""


def test_every_option_has_its_key_or_is_kept() -> None:
    profile = one(EVERY_KEY)
    assert profile.sparse == {
        "name": "a",
        "modelID": "org/a",
        "host": "0.0.0.0",
        "port": 9000,
        "enableThinking": False,
        "advancedLaunchOptions": {
            "defaultTemperature": 0.5,
            "defaultTopP": 0.9,
            "defaultTopK": 40,
            "defaultMinP": 0.05,
            "defaultMaxTokens": 4096,
            "chatTemplateArgs": {"style": "x"},
            "allowedOrigins": "*",
            "logLevel": "DEBUG",
            "decodeConcurrency": 4,
            "promptConcurrency": 2,
            "prefillStepSize": 512,
            "promptCacheSize": 5,
            "promptCacheBytes": 1_500_000_000,
            "rawExtraArgs": [
                *(
                    "--kv-bits",
                    "8",
                    "--trust-remote-code",
                    "--draft-model",
                    "org/d",
                    "--num-draft-tokens",
                    "4",
                ),
                *("--adapter-path", "./adapters", "--chat-template", "{{ messages }}", "--of-a-fork", "x"),
            ],
        },
    }
    notes = made(EVERY_KEY).notes
    assert notes == ['"a": mlx_lm.server has no --of-a-fork; it is kept in rawExtraArgs']


def test_the_page_has_every_option_that_has_a_key() -> None:
    page = (REPOSITORY / "docs/from-commands.md").read_text()
    rows = [f"| `{option.flag}` | `{option.key}` |" for option in launch_options() if option.flag is not None]
    assert [row for row in rows if f"\n{row}\n" not in page] == []


def test_what_no_key_can_say_is_kept_as_it_is() -> None:
    profile = one(f"mlx_lm.server {START} --top-k 0 --prompt-cache-size 0 --tmp 1 --kv-bits 4 --kv-bits 8")
    raw = ("--top-k", "0", "--prompt-cache-size", "0", "--tmp", "1", "--kv-bits", "8")
    assert profile.advanced_launch_options.raw_extra_args == raw
    assert "did you mean --temp?" in made(f"mlx_lm.server {START} --tmp 1").notes[0]
    only = one(f"""mlx_lm.server {START} --chat-template-args '{{"enable_thinking": true}}'""")
    assert (only.enable_thinking, only.advanced_launch_options.chat_template_args) == (True, None)


def test_secrets_the_program_and_the_environment_are_left_out_and_named() -> None:
    token = "hf_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f"
    command = (
        f"HF_TOKEN={token} HF_HOME=/x /opt/bin/python -m mlx_lm.server {START} --api-key abc --hf-token={token} "
        f"--server-path /opt/x --note {token} --{token} > log"
    )
    found = made(command)
    (profile,) = found.profiles
    assert profile.advanced_launch_options.raw_extra_args is None
    assert found.notes == [
        '"a": --api-key was left out: it looks like a secret',
        '"a": --hf-token was left out: it looks like a secret',
        '"a": --server-path was left out: it names a place on one machine',
        '"a": --note was left out: its value looks like a secret',
        '"a": an option was left out: it looks like a secret',
        '"a": HF_TOKEN was left out: set it where mlxsm up runs',
        '"a": HF_HOME was left out: set it where mlxsm up runs',
        "the program was left out: mlxsm up finds mlx_lm.server on PATH, or takes --server-command",
        "where the output goes was left out: mlxsm logs shows it",
        found.notes[-1],
    ]
    assert 'allowedOrigins: "*" keeps it as it was' in found.notes[-1]
    assert token not in json.dumps([found.notes, profile.sparse])


@pytest.mark.parametrize(
    "command",
    [
        "X=T mlx_lm.server --model org/a --port 1",
        "T=x mlx_lm.server --model org/a --port 1",
        "mlx_lm.server --model T",
        "mlx_lm.server --model /models/T",
        "mlx_lm.server --model org/a --port T",
        "mlx_lm.server --model org/a --host T",
        "mlx_lm.server --model org/a --adapter-path T --draft-model T --chat-template T",
        "mlx_lm.server --model org/a --of-a-fork T T",
        "mlx_lm.server --model org/a --of-a-fork=T --T --T=x --te=T",
        "mlx_lm.server --model org/a --log-level T --temp T --chat-template-args T",
        """mlx_lm.server --model org/a --chat-template-args '{"T": "T"}'""",
        "T mlx_lm.server --model org/a",
        "mlx_lm.server --model org/a > T",
        "bash -c 'mlx_lm.server --model org/a --x T'",
        "mlx_lm.server --model org/a --x 'T",
    ],
)
def test_no_token_goes_through(command: str) -> None:
    for token in TOKENS.values():
        words = shlex.quote(token) if " " in token or "\n" in token else token
        try:
            found = made(command.replace("T", words))
            told = json.dumps([*found.notes, *(profile.sparse for profile in found.profiles)])
        except InvalidFile as error:
            told = json.dumps([one.message for one in error.problems])
        # Some begin with a name, such as HF_TOKEN=, and that is what is told of them.
        assert token[-12:] not in told


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("mlx_lm.server", ["1:1 --model is missing: a profile is for one model"]),
        ("mlx_lm.server --model", ["1:15 --model needs a value"]),
        ("mlx_lm.server --model org/a --port x", ["1:29 --port must be a whole number, 1 to 65535"]),
        (
            "mlx_lm.server --model org/a --port $PORT",
            ["1:29 --port needs $PORT, which these lines do not say: write it out"],
        ),
        (
            "mlx_lm.server --model org/a $X",
            ["1:29 an argument is $X, which these lines do not say: write it out"],
        ),
        (
            "mlx_lm.server --model org/a --h b",
            ["1:29 --h is short for --help or --host: write the whole name"],
        ),
        (
            "mlx_lm.server --model org/a --t 1",
            [
                "1:29 --t is short for --temp or --top-k or --top-p or --trust-remote-code: write the whole name"
            ],
        ),
        ("mlx_lm.server --model org/a --help", ["1:29 --help starts no server: leave it out"]),
        ("mlx_lm.server --model org/a -h", ["1:29 -h starts no server: leave it out"]),
        (
            "mlx_lm.server org/a --model org/a",
            ["1:15 this belongs to no option of mlx_lm.server: drop it, or put quotes around a value"],
        ),
        ("mlx_lm.server --model org/a --pipeline=x", ["1:29 --pipeline takes no value"]),
        ("mlx_lm.server --model 'org/a b'", ["1:1 modelID must not contain white space, such as org/name"]),
        ("mlx_lm.server --model org/a --host a/b", ["1:1 host must be a host name or address only"]),
        (
            "mlx_lm.server --model org/a\nmlx_lm.server --model org/b --temp hot --port 0",
            ["2:29 --temp must be a number", "2:40 --port must be a whole number"],
        ),
        ("mlx_lm.server --model org/a 'x", ["1:29 a quote is not closed: close it"]),
        (
            'mlx_lm.server --model "$MODEL"',
            ["1:15 --model needs $MODEL, which these lines do not say: write it out"],
        ),
        (
            "mlx_lm.server \u2013model org/a -port 1 --top\u2014p 1",
            [
                "1:15 \u2013 (U+2013) is no hyphen, and so this is no option: write --model",
                "1:28 an option of mlx_lm.server begins with two hyphens: write --port",
                "1:36 \u2014 (U+2014) is no hyphen, and so this is no option: write --top-p",
            ],
        ),
        (
            "mlx_lm.server --model https://huggingface.co/org/a/tree/main",
            ["1:1 modelID must be the name that the Hub has, not an address: write org/a"],
        ),
        (
            "mlx_lm.server --model hf.co/org/a",
            ["1:1 modelID must be the name that the Hub has, not an address: write org/a"],
        ),
        (
            "mlx_lm.server --model https://joe:pw@huggingface.co/org/a",
            ["1:15 the value of --model looks like a secret: write the name that the Hub has"],
        ),
        (
            "A=(--port 1); mlx_lm.server --model org/a $A",
            ["1:43 an argument is $A, which these lines do not say: write it out"],
        ),
    ],
)
def test_every_problem_is_told_with_its_place(command: str, told: list[str]) -> None:
    found = refused(command)
    assert len(found) == len(told)
    assert [start for start, whole in zip(told, found, strict=True) if not whole.startswith(start)] == []


@pytest.mark.parametrize(
    ("command", "model"),
    [
        ("bash -c 'cd /srv && mlx_lm.server --model ./m'", "/srv/m"),
        ("cd /srv; bash -c 'cd models; mlx_lm.server --model ./m'", "/srv/models/m"),
        ("cd /srv && bash -c 'mlx_lm.server --model ../m'", "/srv/../m"),
        ("cd /srv/a && cd ../b && mlx_lm.server --model ./m", "/srv/b/m"),
        ("cd ~ && cd .. && mlx_lm.server --model ./m", "~/../m"),
        ("cd -P -- /srv || exit; mlx_lm.server --model ./m", "/srv/m"),
        ("cd; mlx_lm.server --model ./m", "~/m"),
        ("pushd /srv; mlx_lm.server --model ./m", "/srv/m"),
        ("cd /srv; cd -; mlx_lm.server --model ./m", "./m"),
        ('cd /srv; cd "$X"; mlx_lm.server --model ./m', "./m"),
        ("env -C /srv mlx_lm.server --model ./m", "/srv/m"),
        ("cd /srv; sudo --chdir=a mlx_lm.server --model ./m", "/srv/a/m"),
        ("sudo --preserve-env=X -D /srv mlx_lm.server --model ./m", "/srv/m"),
    ],
)
def test_a_relative_model_is_where_its_command_runs(command: str, model: str) -> None:
    assert one(command).model_id == model


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("export HF_HOME=/x HF_TOKEN=hf_secret; mlx_lm.server --model org/a", ["HF_HOME", "HF_TOKEN"]),
        ("export A=1\nB=2 bash -c 'export C=3; mlx_lm.server --model org/a'", ["A", "B", "C"]),
        ("export A=1; env -i B=2 mlx_lm.server --model org/a", ["B"]),
        ("A=1; mlx_lm.server --model org/a", []),
    ],
)
def test_variables_that_the_server_would_see_are_named(command: str, names: list[str]) -> None:
    told = [note for note in made(command).notes if note.endswith(": set it where mlxsm up runs")]
    assert told == [f'"a": {name} was left out: set it where mlxsm up runs' for name in names]


def test_a_value_that_no_key_can_have_is_named() -> None:
    note = '"a": --temp is kept in rawExtraArgs: defaultTemperature cannot have its value'
    assert note in made("mlx_lm.server --model org/a --temp 3").notes


def test_the_problems_of_all_sources_are_told_at_once() -> None:
    assert len(refused("mlx_lm.server --temp 1", "ls", "mlx_lm.server --model a --port x --temp y")) == 4
    with pytest.raises(InvalidFile, match="there is a problem in the commands; nothing was written"):
        made("ls")


def test_names_are_short_and_each_is_there_once() -> None:
    commands = [
        *(
            "--model org/A --port 1",
            "--model other/a --port 2",
            "--model org/A --port 3",
            "--model ~/x/y --port 4",
        ),
        "--model /c/hub/models--org--Q-4bit/snapshots/0a1b --port 5",
        f"--model {HOME}/m/z --port 6",
        "--model models/deep/one --port 7",
    ]
    found = made(*(f"mlx_lm.server {one} --allowed-origins x://y" for one in commands))
    assert [profile.name for profile in found.profiles] == ["A", "a 2", "A 3", "y", "Q-4bit", "z", "one"]
    assert [profile.model_id for profile in found.profiles[5:]] == ["~/m/z", "./models/deep/one"]
    assert found.notes == ['"one": its model is looked for from the folder of the profile file']


def test_a_model_without_a_name_to_take_is_called_model() -> None:
    assert one("mlx_lm.server --model './#12'").name == "Model"
    assert refused("mlx_lm.server --model /") != []


def test_two_on_one_port_and_the_same_one_twice_are_told() -> None:
    start = "mlx_lm.server --allowed-origins x://y --model"
    found = made(
        f"{start} org/a", f"{start} org/b", f"{start} org/a --temp 1", f"{start} org/c --host 127.0.0.2"
    )
    assert [profile.name for profile in found.profiles] == ["a", "b", "c"]
    assert found.notes == [
        'another start of "a" was left out: model, host and port are the same',
        '"a" and "b" use the same port, 8080: one of them runs at a time',
    ]


SCRIPT = """\
#!/bin/zsh
# the models of this machine
set -e
MODEL=org/coder
source ~/venv/bin/activate
mlx_lm.server --model $MODEL --port 8081 > /tmp/1.log 2>&1 &
nohup python3 -m mlx_lm.server \\
  --model org/chat \\
  --port 8082 &
cd ~/team
mlx_lm.server --model ./mine --port 8083
"""


def test_a_script_gives_its_servers() -> None:
    found = profiles_of([of_a_file(SCRIPT.encode(), "start.sh")], HOME)
    assert [(one.model_id, one.port) for one in found.profiles] == [
        ("org/coder", 8081),
        ("org/chat", 8082),
        ("~/team/mine", 8083),
    ]
    assert "3 other commands were left out: only the starts of mlx_lm.server become profiles" in found.notes


ELSEWHERE = """\
ssh studio mlx_lm.server --model org/a
cat > start.sh <<EOF
# all of this is data
mlx_lm.server --model org/b
EOF
docker run x mlx_lm server
# mlx_lm.server --model org/c
ExecStart=/opt/bin/mlx_lm.server --model org/d
"""


def test_lines_that_name_the_server_without_starting_it_are_named() -> None:
    start = "mlx_lm.server --model org/a\n"
    notes = profiles_of([of_a_file((start + ELSEWHERE).encode(), "x.sh")], HOME).notes
    rest = "mlx_lm.server without starting it on this machine, and became no profile"
    assert f"x.sh: lines 2, 5, 7 and 9 name {rest}" in notes
    many = start + "grep mlx_lm.server x\n" * 12
    notes = profiles_of([of_a_file(many.encode(), "x.sh")], HOME).notes
    assert f"x.sh: lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more name {rest}" in notes
    assert "line 1 names" in "".join(made("pgrep mlx_lm.server || mlx_lm.server --model org/a").notes)


def plist(*words: str, **more: Any) -> bytes:
    return plistlib.dumps({"Label": "local.mlx", "ProgramArguments": [*words], "KeepAlive": True, **more})


def test_a_property_list_of_launchd_gives_its_server() -> None:
    start = ("/opt/homebrew/bin/mlx_lm.server", "--model", f"{HOME}/models/Q", "--port", "8085")
    lists = [
        plist(*start),
        plist(
            "/usr/bin/env",
            "HF_HUB_OFFLINE=1",
            "python3",
            "-m",
            "mlx_lm.server",
            "--model",
            "org/a b",
            "--port",
            "8086",
        ),
        plist("/bin/zsh", "-lc", 'source ~/v/bin/activate; exec mlx_lm.server --model "it\'s" --port 8087'),
        plist("mlx_lm.server", "--model", "./m", "--port", "8088", WorkingDirectory=f"{HOME}/w"),
        plist(*start[:-1], "8089", EnvironmentVariables={"HF_HOME": "/x"}, StandardErrorPath="/tmp/x"),
    ]
    with pytest.raises(InvalidFile) as caught:
        profiles_of([of_a_file(data, f"{at}.plist") for at, data in enumerate(lists)], HOME)
    assert [(one.path, one.line) for one in caught.value.problems] == [("1.plist", 1), ("2.plist", 1)]
    good = [of_a_file(data, "x") for data in (lists[0], *lists[3:])]
    found = profiles_of(good, HOME)
    assert [(one.model_id, one.port) for one in found.profiles] == [
        ("~/models/Q", 8085),
        ("~/w/m", 8088),
        ("~/models/Q", 8089),
    ]
    assert '"Q 2": HF_HOME was left out: set it where mlxsm up runs' in found.notes


def test_a_problem_in_a_property_list_is_told_where_its_argument_stands() -> None:
    data = plist("mlx_lm.server", "--model", "org/a", "--port", "x")
    with pytest.raises(InvalidFile) as caught:
        profiles_of([of_a_file(data, "x.plist")], None)
    (problem,) = caught.value.problems
    line = data.decode().splitlines().index("\t\t<string>--port</string>") + 1
    assert (problem.line, problem.column) == (line, len("\t\t<string>") + 1)


def test_a_property_list_tells_where_a_shell_in_it_runs_and_what_is_wrong_there() -> None:
    script = "cd models && exec mlx_lm.server --model ./m"
    listed = plist("/bin/zsh", "-lc", script, WorkingDirectory="/srv")
    (profile,) = profiles_of([of_a_file(listed, "x.plist")], None).profiles
    assert profile.model_id == "/srv/models/m"
    inside = plist("/usr/bin/env", "-C", "models", "mlx_lm.server", "--model", "./m", WorkingDirectory="/srv")
    assert profiles_of([of_a_file(inside, "x.plist")], None).profiles[0].model_id == "/srv/models/m"
    broken = plist("/bin/zsh", "-lc", f"{script} --port x")
    with pytest.raises(InvalidFile) as caught:
        profiles_of([of_a_file(broken, "x.plist")], None)
    (problem,) = caught.value.problems
    lines = broken.decode().splitlines()
    assert "--port x" in lines[(problem.line or 0) - 1]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"ls\ncd x\n", "no line of it starts mlx_lm.server"),
        (b"ls\nssh x mlx_lm.server\n", "no line of it starts mlx_lm.server here, though line 2 names it"),
        (b"", "no line of it starts mlx_lm.server"),
        (plist("/bin/ls"), "its ProgramArguments start no mlx_lm.server"),
        (plist(), "ProgramArguments is missing"),
        (b"<?xml version='1.0'?><plist>", "its XML is broken"),
        (b"bplist00garbage", "no property list that can be read"),
    ],
)
def test_a_file_without_a_server_says_so(data: bytes, told: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        profiles_of([of_a_file(data, "x")], None)
    (problem,) = caught.value.problems
    assert told in problem.message


def test_a_process_is_read_by_its_words() -> None:
    words = ["/usr/bin/python3.11", "/opt/bin/mlx_lm.server", "--model", "./q", "--port", "8081"]
    assert profiles_of([of_a_process(words, "process 1", "/w/x")], None).profiles[0].model_id == "/w/x/q"
    assert of_a_process(["/usr/bin/python3.11", "x.py"], "process 1", "/").calls == []


def as_meant(words: tuple[str, ...]) -> dict[str, object]:
    """A command line by what the server makes of it."""
    meaning: dict[str, object] = {}
    for word in words:
        name, has_value, value = word.partition("=")
        meaning[name] = value if has_value else None
        if name == "--chat-template-args":
            meaning[name] = json.loads(value)
    return meaning


@given(rich_profiles())
def test_the_command_line_of_a_profile_gives_the_profile_back(profile: Profile) -> None:
    program = PROGRAM._replace(known=None)
    words = launch(profile, profile.model_id, program, Consent()).arguments
    command = shlex.join(["mlx_lm.server", *words])
    again = one(command)
    assert as_meant(launch(again, again.model_id, program).arguments) == as_meant(words)


_values: dict[str, st.SearchStrategy[str]] = {
    "--temp": st.floats(0, 2).map(str),
    "--top-p": st.floats(0, 1).map(str),
    "--min-p": st.sampled_from(["0", "0.0", "1", "1e-05", ".5"]),
    "--top-k": st.integers(0, 100).map(str),
    "--max-tokens": st.integers(1, 10**6).map(str),
    "--kv-bits": st.sampled_from(["2", "4", "8"]),
    "--log-level": st.sampled_from(["DEBUG", "INFO"]),
    "--chat-template-args": st.dictionaries(st.sampled_from(["enable_thinking", "a"]), st.booleans()).map(
        json.dumps
    ),
    "--prompt-cache-size": st.integers(0, 20).map(str),
    "--num-draft-tokens": st.integers(0, 9).map(str),
}


def sent(words: tuple[str, ...]) -> dict[str, object]:
    """The same by number, since 1 and 1.0 are one to the server, and so is an empty template argument."""
    meaning = as_meant(words)
    for name in ("--temp", "--top-p", "--min-p"):
        if isinstance(text := meaning.get(name), str):
            meaning[name] = float(text)
    return meaning


@given(
    st.fixed_dictionaries({}, optional=_values),
    st.booleans(),
    st.sampled_from(["org/a", "/models/x", "~/y", "name"]),
    st.sampled_from(["mlx_lm.server", "python3 -m mlx_lm.server", "nohup uvx --from mlx-lm mlx_lm.server"]),
)
def test_a_command_means_the_same_when_it_comes_back(
    options: dict[str, str], joined: bool, model: str, program: str
) -> None:
    given_words = ("--model", model, *(word for pair in options.items() for word in pair))
    words = tuple(f"{name}={value}" for name, value in zip(given_words[::2], given_words[1::2], strict=True))
    profile = one(f"{program} {shlex.join(words if joined else given_words)} > log &")
    made_of = launch(profile, profile.model_id, PROGRAM)
    assert made_of.problems == ()
    own = {"--host": "127.0.0.1", "--port": "8080"}
    got = {name: value for name, value in sent(made_of.arguments).items() if name != "--allowed-origins"}
    assert got == own | sent(words)


@given(
    st.lists(
        st.sampled_from([*FLAGS, "x", "--", "-h", "=", "$X", "'", "org/a", "1", "--of-a-fork"]), max_size=8
    )
)
def test_any_words_become_a_valid_profile_or_problems(words: list[str]) -> None:
    source = of_a_command(" ".join(["mlx_lm.server", *words]), "-")._replace(runs=True)
    found = profiles_of([source], None)
    assert len(found.profiles) == (0 if source.problems else 1)
    assert any("- was left out: " in note for note in found.notes) == bool(source.problems)


def test_there_is_a_limit_that_nobody_meets() -> None:
    with pytest.raises(InvalidFile, match="there are 1001 starts of servers, and 1000 is the most"):
        made("mlx_lm.server --model org/a\n" * 1001)


@pytest.mark.parametrize(
    "text", ["x " * 200_000, "'" * 10**6, "mlx_lm.server" + " --x" * 200_000, "$(" * 10**5, "$X" * 10**5]
)
def test_a_long_line_takes_no_time_by_its_square(text: str) -> None:
    """It would take minutes, which is more than a test of these has."""
    assert of_a_command(text, "-") is not None


def test_where_the_arguments_begin_is_none_for_nothing() -> None:
    assert arguments_at([]) is None
    assert arguments_at(["sudo"]) is None


def test_a_file_is_written_that_validate_takes(project: Project) -> None:
    project.write(SCRIPT, "start.sh")
    (project.folder / "a.plist").write_bytes(
        plist("mlx_lm.server", "--model", "org/launchd", "--port", "8090")
    )
    words = [
        "--from-file",
        "start.sh",
        "--from-file",
        "a.plist",
        "--from-command",
        "mlx_lm.server --model org/x",
    ]
    done = project.run("init", *words, "--json")
    assert (done.code, done.json["path"]) == (0, "profiles.yaml")
    assert (
        "3 other commands were left out: only the starts of mlx_lm.server become profiles"
        in done.json["notes"]
    )
    assert "note: 3 other commands were left out" in done.err
    assert project.run("validate").code == 0
    planned = project.run("plan", "--json").json["changes"]
    assert [one["after"]["modelID"] for one in planned] == [
        *("org/x", "org/coder", "org/chat", "~/team/mine", "org/launchd"),
    ]
    before = (project.folder / "profiles.yaml").read_bytes()
    assert project.run("init", *words).code == 1
    assert (project.folder / "profiles.yaml").read_bytes() == before


def test_nothing_is_written_where_there_is_a_problem(project: Project) -> None:
    project.write("mlx_lm.server --model org/a --port x\n\nmlx_lm.server --temp 1\n", "start.sh")
    done = project.run(
        "init", "--from-file", "start.sh", "--from-command", "ls", "--from-command", "true", "--json"
    )
    assert [(one["path"], one["line"]) for one in done.json["error"]["problems"]] == [
        ("--from-command[1]", 1),
        ("--from-command[2]", 1),
        ("start.sh", 1),
        ("start.sh", 3),
    ]
    assert (done.code, [*project.folder.glob("*.yaml")]) == (1, [])
    mixed = project.run("init", "--from-state", "--from-command", "mlx_lm.server --model org/a")
    assert (mixed.code, "give one of --from-state, --from-running, and commands" in mixed.err) == (64, True)


def test_a_token_in_a_command_is_neither_shown_nor_kept(project: Project) -> None:
    token = "hf_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f"
    command = f"HF_TOKEN={token} mlx_lm.server --model org/a --password: {token} --api-key={token}"
    for words in (["--from-command", command], [f"--from-command={command}"]):
        done = project.run("init", *words, "-f", "-")
        assert (done.code, "org/a" in done.out) == (0, True)
        assert token not in done.out + done.err
        bad = project.run(
            "init", words[0].replace("org/a", token), *(one.replace("org/a", token) for one in words[1:])
        )
        assert (bad.code, token in bad.out + bad.err) == (1, False)
    other = project.run("plan", "--from-command", command)
    assert (other.code, token in other.out + other.err) == (64, False)
    assert project.run("init", "--from-file", "-", "-f", "-", stdin=command).code == 0
