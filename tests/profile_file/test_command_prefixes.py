"""What people write in front of a command, with its options."""

from __future__ import annotations

import shlex

import pytest

from mlxsm_sync.profile_file.command_prefixes import behind_prefixes


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "sudo",
        "sudo -u joe",
        "sudo -ujoe -n -E",
        "sudo -nEu joe",
        "sudo --user joe --group=wheel --preserve-env=A,B A=1 B=2",
        "/usr/bin/sudo -i --",
        "doas -u joe -n",
        "env",
        "env -i A=1 B=",
        "env - PATH=/bin",
        "env -u A --unset B --unset=C",
        "env -iuA",
        "timeout 60",
        "timeout -k 5 -s INT 60",
        "timeout --kill-after=5 --signal TERM --foreground 1h",
        "gtimeout 60",
        "nice -n 5",
        "nice -5",
        "gnice --adjustment=5",
        "caffeinate -dis -t 5",
        "nohup",
        "nohup --",
        "arch -arm64",
        "arch -arch arm64",
        "command",
        "command -p",
        "exec -a name -cl",
        "builtin exec",
        "time -p",
        "time -f %e -o x",
        "if ! time",
        "while nohup",
        "systemd-run --user --scope -p MemoryMax=1G",
        "systemd-inhibit --what=sleep",
        "script -q /dev/null",
        "numactl --cpunodebind=0",
        "ionice -c2",
        "unbuffer -p",
        "sudo -u joe nohup env A=1 nice",
    ],
)
def test_what_stands_behind_is_found(prefix: str) -> None:
    words = [*shlex.split(prefix), "server", "--x"]
    found = behind_prefixes(words)
    assert found is not None
    assert words[found.place :] == ["server", "--x"]


@pytest.mark.parametrize(
    "line",
    [
        *("", "sudo", "timeout 60", "sudo -u", "sudo --user", "sudo --what x", "command -v x", "env -S x"),
        "nice -nx",
    ],
)
def test_what_is_not_known_has_nothing_behind_it(line: str) -> None:
    assert behind_prefixes(shlex.split(line)) is None


@pytest.mark.parametrize(
    ("line", "folder", "is_cleared"),
    [
        ("env -C /x a", "/x", False),
        ("env -i --chdir=/x a", "/x", True),
        ("sudo -D /x env - a", "/x", True),
        ("sudo -i a", None, False),
        ("systemd-run --working-directory /x a", "/x", False),
        ("env --ignore-environment a", None, True),
    ],
)
def test_where_it_runs_and_whether_it_sees_the_environment_is_told(
    line: str, folder: str | None, is_cleared: bool
) -> None:
    found = behind_prefixes(shlex.split(line))
    assert found is not None
    assert (found.folder, found.is_cleared) == (folder, is_cleared)
