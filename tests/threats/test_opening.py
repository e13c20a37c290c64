"""What opens a server to others or lets it run foreign code needs a word on the command line of `up`."""

from __future__ import annotations

import json
import shlex
import socket
from typing import Any

import pytest

from testing.ledger import Tally
from testing.ports import new_port
from testing.processes import processes_of
from testing.project import Project
from testing.servers import Servers
from testing.tracing import trace


def own_address() -> str:
    """An address of this machine that others may reach it by; a name of it where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


HOSTS = [
    *("0.0.0.0", "::", "::0", "0::0", "0:0:0:0:0:0:0:0"),
    *(
        "::ffff:0.0.0.0",
        "::ffff:127.0.0.1",
        "::%lo",
        "::1%lo",
        "localhost.localdomain",
        "ip6-localhost",
        "mac.local",
    ),
    *("1.1.1.1", "192.168.1.1", "169.254.1.1", "224.0.0.1", "255.255.255.255", "example.org"),
    "fe80::1",
    own_address(),
]
"""Other ways to write this machine alone are refused, too: what a text means depends on who reads it."""

NO_HOSTS = [
    *("0", "00", "0x0", "0.0", "0.0.0.0.", "000.000.000.000", "*", "127.0.0.1%lo"),
    *("0x7f.1", "0x7f000001", "127.1", "127.0.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "localhost."),
    *("０.０.０.０", "１２７.０.０.１", "127。0。0。1", "ｌocalhost", "lоcalhost", "::١"),
    *("[::]", "[::1]", "0.0.0.0:80", "http://0.0.0.0", "0.0.0.0/0", "127.0.0.1 0.0.0.0", "127.0.0.1\n", ""),
]
"""Refused in the profile file already."""

OPENING = [
    (["--trust-remote-code"], "lets models run their own code: --allow-arg --trust-remote-code lets it"),
    (["--trust-remote"], "--trust-remote is short for --trust-remote-code"),
    (["--tr"], "--tr is short for --trust-remote-code"),
    (["--temp=0", "--trust-remote-code"], "--allow-arg --trust-remote-code lets it"),
    (["--dr", "evil/m"], "--dr is short for --draft-model"),
    (["--ad=/etc"], "--ad is short for --adapter-path"),
    (["--allowed-o", "*"], "--allowed-o is short for --allowed-origins"),
    (["--prompt-cache-file", "/etc/x"], "has no --prompt-cache-file"),
    (["--log-file=/etc/x"], "has no --log-file"),
    (["--unsafe"], "has no --unsafe"),
]

NO_ARGUMENTS = [
    ["--trust-remote-code=1"],
    ["--trust-remote-code="],
    ["--trust-remote-code", "true"],
    ["--trust-remote-code true"],
    ["--draft-model="],
    ["--adapter-path", "evil"],
    ["--prompt-cache-bytes", "-1"],
    ["--chat-template-args", '{"tools": [1]}'],
]
"""Refused in the profile file already."""

NOT_CONSENT = {
    **{f"MLXSM_{one}ALLOW_HOST": "0.0.0.0" for one in ("", "UP_", "CLI_UP_")},
    **{f"MLXSM_{one}ALLOW_ARG": "--trust-remote-code" for one in ("", "UP_", "CLI_UP_")},
    **{f"UP_ALLOW_{one}": "0.0.0.0 --trust-remote-code" for one in ("HOST", "ARG")},
    **dict.fromkeys(("MLXSM_UP", "MLXSM_OPTIONS"), "--allow-host 0.0.0.0"),
    "MLXSM_HOST": "0.0.0.0",
}


def write_all(servers: Servers) -> dict[str, str]:
    """Profiles that open something, applied; what `up` must say of each."""
    expected = {f"host {host}": f"--allow-host {shlex.quote(host)} lets it" for host in HOSTS}
    profiles: dict[str, dict[str, Any]] = {
        name: {"modelID": f"test/h{number}", "port": new_port(), "host": host}
        for number, (name, host) in enumerate(zip(expected, HOSTS, strict=True))
    }
    for number, (words, told) in enumerate(OPENING):
        options = {"rawExtraArgs": words}
        profiles[f"raw {number}"] = {
            "modelID": f"test/r{number}",
            "port": new_port(),
            "advancedLaunchOptions": options,
        }
        expected[f"raw {number}"] = told
    servers.write_profiles(profiles)
    return expected


@pytest.mark.threat(30)
@pytest.mark.linux("traces by strace")
def test_no_profile_alone_opens_a_server(servers: Servers, tally: Tally) -> None:
    """Whatever the environment says; and no process is started for any of them."""
    expected = write_all(servers)
    done = trace(
        servers.command("up", "--json"),
        servers.folder,
        servers.environment | NOT_CONSENT,
        "-e",
        "trace=execve,vfork,fork,bind,listen",
    )
    told = {one["name"]: one for one in json.loads(done.out)["servers"]}
    assert {*told} == {*expected}
    for name, words in expected.items():
        assert told[name]["result"] in ("refused", "failed")
        assert words in told[name]["message"]
        assert told[name]["pid"] is None
    assert done.code == 1
    assert [call.name for call in done.calls()] == ["execve"]  # the one that starts the command
    assert processes_of(servers.environment["HOME"]) == []
    assert [*servers.state_path.parent.glob("logs/*")] == []
    tally.add(hosts=len(HOSTS), argument_lists=len(OPENING))


@pytest.mark.threat(30)
def test_consent_is_for_what_it_names_only(servers: Servers, tally: Tally) -> None:
    write_all(servers)
    near = ["*", "0.0.0.0/0", "127.0.0.1", "localhost", "0.0.0.0 ", "0.0.0.0,::"]
    words = [word for host in near for word in ("--allow-host", host)]
    words += ["--allow-arg", "--trust-remote", "--allow-arg", "trust-remote-code", "--allow-arg", "--"]
    planned = servers.run("up", "--dry-run", "--json", *words).json
    assert planned["servers"] == []
    exact = ["--allow-host", "0.0.0.0", "--allow-arg", "--trust-remote-code"]
    planned = servers.run("up", "--dry-run", "--json", *exact).json
    assert [one["name"] for one in planned["servers"]] == ["host 0.0.0.0", "raw 0", "raw 3"]
    assert len(planned["refused"]) == len(HOSTS) + len(OPENING) - 3
    tally.add(hosts=len(near) + 1, flags=4)


@pytest.mark.threat(30)
@pytest.mark.parametrize("place", ["profile", "defaults", "file", "options"])
def test_a_profile_file_has_no_words_for_consent(project: Project, place: str, tally: Tally) -> None:
    for key in ("allowHost", "allowArg", "allow-host", "consent", "trustRemoteCode", "allow_host"):
        profile: dict[str, Any] = {"name": "A", "modelID": "m/a", "port": 1, "host": "0.0.0.0"}
        file: dict[str, Any] = {"schemaVersion": 1, "defaults": {}, "profiles": [profile]}
        where = {"profile": profile, "defaults": file["defaults"], "file": file}
        where["options"] = profile.setdefault("advancedLaunchOptions", {})
        where[place][key] = ["0.0.0.0", "--trust-remote-code"]
        project.write(json.dumps(file))
        result = project.run("validate", "--json")
        (told,) = result.json["files"]
        assert (result.code, told["valid"], len(told["problems"])) == (1, False, 1)
        assert key in told["problems"][0]["message"]
        tally.add(keys=1)


@pytest.mark.threat(30)
def test_some_hosts_are_refused_in_the_file(project: Project, tally: Tally) -> None:
    profiles = [
        {"name": f"P{number}", "modelID": "m/a", "port": number + 1, "host": host}
        for number, host in enumerate(NO_HOSTS)
    ]
    profiles += [
        {
            "name": f"R{number}",
            "modelID": "m/a",
            "port": 1000 + number,
            "advancedLaunchOptions": {"rawExtraArgs": words},
        }
        for number, words in enumerate(NO_ARGUMENTS)
    ]
    project.write(json.dumps({"schemaVersion": 1, "profiles": profiles}))
    (told,) = project.run("validate", "--json").json["files"]
    assert len(told["problems"]) == len(NO_HOSTS) + len(NO_ARGUMENTS)
    tally.add(hosts=len(NO_HOSTS), argument_lists=len(NO_ARGUMENTS))


@pytest.mark.threat(30)
def test_neither_a_document_nor_the_apps_list_consents(
    servers: Servers,
    no_app: None,  # noqa: ARG001 - waits until none runs
    tally: Tally,
) -> None:
    """What they brought is put into the profile file by a pull, and still opens nothing."""
    servers.write_profiles({"A": {"modelID": "test/a", "port": new_port(), "host": "0.0.0.0"}})
    assert servers.run("export", "-o", "document.json", "--yes").code == 0
    document = json.loads((servers.folder / "document.json").read_text())
    document |= {"allowHost": ["0.0.0.0"]}
    document["profiles"][0] |= {"allowHost": ["0.0.0.0"], "name": "B", "modelID": "test/b"}
    document["profiles"][0]["port"] = new_port()
    document["profiles"][0]["advancedLaunchOptions"] = {"rawExtraArgs": "--trust-remote-code"}
    servers.write(json.dumps(document), "document.json")
    for state in ("", "app:models.json"):
        servers.environment |= {"MLXSM_STATE": state} if state else {}
        servers.write(json.dumps({"schemaVersion": 1, "collection": "test", "profiles": []}))
        imported = servers.run("import", "document.json", "--yes")
        assert imported.code == 0, imported.err
        pulled = servers.run("pull", "--yes", "--all", "--yes")
        assert pulled.code == 0, pulled.err
        result = servers.run("up", "B", "--json")
        (told,) = result.json["servers"]
        assert (result.code, told["result"]) == (1, "refused")
        assert "--allow-host 0.0.0.0 lets it" in told["message"]
        assert "--allow-arg --trust-remote-code lets it" in told["message"]
        tally.add(ways_in=1)
    assert processes_of(servers.environment["HOME"]) == []
