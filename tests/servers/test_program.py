"""The server program as it is found, and its release as it is read from what runs it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from mlxsm_sync.errors import ServerError
from mlxsm_sync.servers.program import examine, find_program, upgrade_of
from mlxsm_sync.values.server_options import NEWEST_KNOWN, known_to
from testing.fake_secrets.tokens import TOKENS

PATH: Mapping[str, str] = {"PATH": "/usr/bin:/bin"}


def program(folder: Path, first_line: str, name: str = "mlx_lm.server") -> Path:
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    path = folder / "bin" / name
    path.write_text(first_line + "\nprint()\n")
    path.chmod(0o755)
    return path


def wrapper(folder: Path, text: str, name: str = "wrapper") -> Path:
    path = program(folder, "", name)
    path.write_text(text)
    return path


def installed(folder: Path, version: str, source: str | None = None, python: str = "3.12") -> Path:
    """A release in a prefix, and the Python of that; where it is."""
    if not (folder / f"bin/python{python}").exists():
        program(folder, "", f"python{python}")
    (folder / "bin/python3").unlink(missing_ok=True)
    (folder / "bin/python3").symlink_to(f"python{python}")
    site = folder / f"lib/python{python}/site-packages"
    (site / f"mlx_lm-{version}.dist-info").mkdir(parents=True)
    (site / "mlx_lm").mkdir(exist_ok=True)
    if source is not None:
        (site / "mlx_lm/server.py").write_text(source)
    return site


@pytest.mark.parametrize(
    "first_line",
    [
        "#!{root}/bin/python3",
        "#!{root}/bin/python3 -E",
        "#!/bin/sh\n'''exec' {root}/bin/python3 \"$0\" \"$@\"\n' '''",
        "#!/bin/sh\n'''exec' \"{root}/bin/python3\" \"$0\" \"$@\"\n' '''",
        "#!/usr/bin/env python-of-test",
        "#!/usr/bin/env -S python-of-test -u",
    ],
)
def test_the_release_is_found_by_the_scripts_first_line(tmp_path: Path, first_line: str) -> None:
    root = tmp_path / "a venv" if '"{' in first_line else tmp_path / "venv"
    installed(root, "0.31.2")
    script = program(root, first_line.format(root=root))
    python = program(root, "#!/bin/sh", "python-of-test")
    found = find_program(str(script), {"PATH": f"{python.parent}:/usr/bin:/bin"})
    assert found == ((str(script),), "0.31.2", None)


def test_a_program_on_path_and_in_several_words(tmp_path: Path) -> None:
    installed(tmp_path, "0.30.7")
    python = tmp_path / "bin/python3"
    script = program(tmp_path, f"#!{python}")
    environment = {"PATH": f"{tmp_path}/bin"}
    assert find_program(None, environment).command == (str(script),)
    assert find_program(None, environment | {"MLXSM_SERVER": str(script)}).version == "0.30.7"
    umbrella = program(tmp_path, f"#!{python}", "mlx_lm")
    assert find_program(f"{umbrella} server", PATH) == ((str(umbrella), "server"), "0.30.7", None)
    assert find_program(f"{python} -m mlx_lm server", PATH).version == "0.30.7"
    assert find_program(f"{python} {script}", PATH).version == "0.30.7"
    relative = os.path.relpath(script)
    assert find_program(f"{os.path.relpath(python)} {relative}", PATH).command == (str(python), str(script))


def test_a_word_with_a_slash_is_a_path_as_in_every_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / ".venv", "0.30.7")
    script = program(tmp_path / ".venv", f"#!{tmp_path}/.venv/bin/python3")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    python = str(tmp_path / ".venv/bin/python3")
    for command, words in {
        ".venv/bin/mlx_lm.server": (str(script),),
        "./.venv/bin/mlx_lm.server": (str(script),),
        "~/.venv/bin/mlx_lm.server": (str(script),),
        ".venv/bin/python3 -m mlx_lm.server": (python, "-m", "mlx_lm.server"),
        ".venv/bin/python3 .venv/bin/mlx_lm.server": (python, str(script)),
        "nice -n 5 .venv/bin/mlx_lm.server": ("/usr/bin/nice", "-n", "5", str(script)),
        "env A=1 ~/.venv/bin/mlx_lm.server": ("/usr/bin/env", "A=1", str(script)),
    }.items():
        assert find_program(command, PATH) == (words, "0.30.7", None), command
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b/server").symlink_to(script)
    assert find_program("~/a b/server", PATH).command == (str(tmp_path / "a b/server"),)
    script.chmod(0o644)
    with pytest.raises(ServerError) as refused:
        find_program(".venv/bin/mlx_lm.server", PATH)
    assert refused.value.hint == "the file is not executable: chmod +x .venv/bin/mlx_lm.server"


def test_the_folder_of_a_project_is_written_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = program(tmp_path, "", "uv")
    monkeypatch.chdir(tmp_path)
    for typed, passed in {
        "--project .": ("--project", str(tmp_path)),
        "--project=.": (f"--project={tmp_path}",),
        "--project ./bin/..": ("--project", str(tmp_path)),
        "--with-editable=./bin": (f"--with-editable={tmp_path}/bin",),
        "--project bin": ("--project", "bin"),
        "--project ./none": ("--project", "./none"),
    }.items():
        found = find_program(f"{uv} run {typed} mlx_lm.server", PATH)
        assert found == ((str(uv), "run", *passed, "mlx_lm.server"), None, None)


def test_a_file_of_the_current_folder_is_never_taken_for_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder can be anybody's: what is in it must not become a program, a module or an option."""
    python = program(tmp_path / "x", "", "python3")
    for name in ("-m", "mlx_lm.server", "server", f"{python} -m mlx_lm.server"):
        (tmp_path / name.replace("/", "_")).write_text("")
    monkeypatch.chdir(tmp_path)
    for words in ("-m mlx_lm.server", "-m mlx_lm server", "mlx_lm.server"):
        assert find_program(f"{python} {words}", PATH).command == (str(python), *words.split())
    assert find_program(f"{python} ./server", PATH).command == (str(python), str(tmp_path / "server"))
    as_one = tmp_path / f"nice -n 5 {python}"
    as_one.parent.mkdir(parents=True)
    as_one.write_text("")
    as_one.chmod(0o755)
    assert find_program(f"nice -n 5 {python}", PATH).command[:2] == ("/usr/bin/nice", "-n")


SWITCH = (
    "#!x/bin/python3.9\n#!/bin/sh\nsite.addsitedir(p, k), ['{here}/x/lib/python3.9/site-packages']\n"
    'exec x/bin/python3.9 "$@"\n'
)


@pytest.mark.parametrize(
    "words",
    [
        "{python} -m mlx_lm.server",
        "{python} -m mlx_lm server",
        "{python} mlx_lm.server",
        "env A=1 {python} -m mlx_lm.server",
        "nice {python} -Im mlx_lm.server",
        "uvx --from mlx-lm mlx_lm.server",
        "uv run mlx_lm.server",
    ],
)
def test_nothing_of_the_current_folder_tells_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    installed(tmp_path / "v", "0.32.2")
    here = tmp_path / "here"
    installed(here / "x", "0.28.4", python="3.9")
    installed(here, "0.28.4")
    for name in ("uv", "uvx"):
        program(tmp_path, "", name)
    for name in ("mlx_lm.server", "mlx_lm", "server", "python3", "pyvenv.cfg"):
        (here / name).write_text(SWITCH.format(here=here))
        (here / name).chmod(0o755)
    monkeypatch.chdir(here)
    environment = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "HOME": str(tmp_path / "home")}
    found = find_program(words.format(python=tmp_path / "v/bin/python3"), environment)
    assert (found.version, found.known) == (None if words.startswith("uv") else "0.32.2", None)


def test_of_one_prefix_with_several_pythons_the_scripts_own(tmp_path: Path) -> None:
    releases = {"3.9": "0.20.6", "3.14": "0.33.1", "3.12": "0.32.2"}
    for python, version in releases.items():
        installed(tmp_path, version, python=python)
    for python, version in releases.items():
        script = program(tmp_path, f"#!{tmp_path}/bin/python{python}")
        assert find_program(str(script), PATH).version == version
    # As Homebrew has it: the Python is a link into a folder of its own.
    cellar = tmp_path / "Cellar/python@3.12/3.12.7"
    program(cellar, "", "python3.12")
    (tmp_path / "bin/python3.12").unlink()
    (tmp_path / "bin/python3.12").symlink_to(cellar / "bin/python3.12")
    script = program(tmp_path, f"#!{tmp_path}/bin/python3.12")
    assert find_program(str(script), PATH).version == "0.32.2"


def test_installs_that_the_program_does_not_see(tmp_path: Path) -> None:
    """Of the user, of the base of its environment, of a shim's folder: none of them is what runs."""
    home = tmp_path / "home"
    environment = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "HOME": str(home)}
    installed(home / ".local", "0.28.4", python="3.9")
    installed(home / ".local", "0.28.5")
    installed(tmp_path / "base", "0.29.1")
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin/python"
    python.symlink_to(tmp_path / "base/bin/python3.12")
    (venv / "pyvenv.cfg").write_text(f"home = {tmp_path}/base/bin\nversion = 3.12.1\n")
    script = program(venv, f"#!{python}")
    assert find_program(str(script), environment).version is None
    text = '#!/usr/bin/env bash\nset -e\nexec "/x/libexec/pyenv" exec "${0##*/}" "$@"\n'
    shim = wrapper(home / ".pyenv", text, "mlx_lm.server")
    for name in ("uvx", "pipx", "conda"):
        program(tmp_path, "", name)
    for command in (
        "uvx --from mlx-lm mlx_lm.server",
        str(shim),
        "pipx run x",
        "conda run -n x mlx_lm.server",
    ):
        assert find_program(command, environment).version is None
    shim = wrapper(home / ".pyenv", text, "python3.12")
    assert find_program(f"{shim} -m mlx_lm.server", environment).version is None
    (venv / "pyvenv.cfg").write_text(f"home = {tmp_path}/base/bin\ninclude-system-site-packages = true\n")
    assert find_program(str(script), environment).version == "0.28.5"
    assert find_program(f"{python} -s {script}", environment).version == "0.29.1"


def test_the_users_own_packages_on_macos(tmp_path: Path) -> None:
    home, base = tmp_path / "home", tmp_path / "Library/Frameworks/Python.framework/Versions/3.13"
    for release, version in (("3.9", "0.22.1"), ("3.13", "0.31.3")):
        site = home / f"Library/Python/{release}/lib/python/site-packages"
        (site / f"mlx_lm-{version}.dist-info").mkdir(parents=True)
    for python in (program(base, "", "python3.13"), program(tmp_path / "elsewhere", "", "python3.13")):
        script = program(home / "Library/Python/3.13", f"#!{python}")
        assert find_program(str(script), {**PATH, "HOME": str(home)}).version == "0.31.3"


@pytest.mark.parametrize(
    ("python", "settings", "version"),
    [
        ("python3", "version = 3.12.4", "0.31.2"),
        ("python3", "version_info = 3.12.4.final.0", "0.31.2"),
        ("python3.12", "version = 3.9.1", "0.31.2"),
        ("python3.9", "version = 3.12.1", "0.20.6"),
        ("python3", "", None),
    ],
)
def test_which_python_an_environment_has(tmp_path: Path, python: str, settings: str, version: str) -> None:
    """The name of the Python says it before what was noted when the environment was made."""
    for release, found in (("3.12", "0.31.2"), ("3.9", "0.20.6")):
        (tmp_path / f"lib/python{release}/site-packages/mlx_lm-{found}.dist-info").mkdir(parents=True)
    (tmp_path / "pyvenv.cfg").write_text(f"home = /nowhere/bin\n{settings}\n")
    script = program(tmp_path, f"#!{program(tmp_path, '', python)}")
    assert find_program(str(script), PATH).version == version


def test_a_python_without_a_number_is_that_of_its_library(tmp_path: Path) -> None:
    site = tmp_path / "lib/python3.11/site-packages"
    (site / "mlx_lm-0.31.2.dist-info").mkdir(parents=True)
    (tmp_path / "lib/python3.9/site-packages/mlx_lm-0.20.6.dist-info").mkdir(parents=True)
    script = program(tmp_path, f"#!{program(tmp_path, '', 'python3')}")
    assert find_program(str(script), PATH).version is None
    (site.parent / "os.py").write_text("")
    assert find_program(str(script), PATH).version == "0.31.2"
    (tmp_path / "lib/python3.9/os.py").write_text("")
    assert find_program(str(script), PATH).version is None


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("mlx_lm-0.31.1.dist-info", "0.31.1"),
        ("mlx-lm-0.31.1.dist-info", "0.31.1"),
        ("MLX_LM-0.31.1.dist-info", "0.31.1"),
        ("mlx_lm-0.31.1-py3.12.egg-info", "0.31.1"),
        ("mlx_lm-0.31.1.dev3+g12ab.dist-info", "0.31.1.dev3+g12ab"),
        ("mlx_lm_extra-9.dist-info", None),
        ("~lx_lm-0.31.1.dist-info", None),
        ("mlx_lmx-0.31.1.dist-info", None),
    ],
)
@pytest.mark.parametrize("library", ["lib", "lib64"])
def test_how_an_install_is_spelled(tmp_path: Path, library: str, name: str, version: str | None) -> None:
    (tmp_path / f"{library}/python3.12/site-packages" / name).mkdir(parents=True)
    python = program(tmp_path, "", "python3.12")
    assert find_program(str(program(tmp_path, f"#!{python}")), PATH).version == version


def test_an_egg_and_a_note_that_is_a_file(tmp_path: Path) -> None:
    python = program(tmp_path, "", "python3.12")
    script = program(tmp_path, f"#!{python}")
    site = tmp_path / "lib/python3.12/site-packages"
    egg = site / "mlx_lm-0.20.6-py3.12.egg"
    egg.mkdir(parents=True)
    (site / "easy-install.pth").write_text(f"./{egg.name}\n")
    assert find_program(str(script), PATH).version == "0.20.6"
    (site / "mlx_lm.egg-info").write_text("Name: mlx-lm\nVersion: 0.25.0\n\nVersion: 9\n")
    assert find_program(str(script), PATH).version == "0.25.0"


PARSER = "".join(f'p.add_argument("--{name}")\n' for name in ("model", "host", "port", "turbo-kv-bits"))
TURBO = {"--model", "--host", "--port", "--turbo-kv-bits"}


def test_what_is_edited_in_place_is_read_where_it_is_edited(tmp_path: Path) -> None:
    site = installed(tmp_path, "0.32.2")
    script = program(tmp_path, f"#!{tmp_path}/bin/python3")
    note = site / "mlx_lm-0.32.2.dist-info"
    source = tmp_path / "my clone"
    (source / "mlx_lm").mkdir(parents=True)
    (source / "mlx_lm/server.py").write_text(PARSER)
    address = f"file://{tmp_path}/my%20clone"
    (note / "direct_url.json").write_text(json.dumps({"url": address, "dir_info": {"editable": True}}))
    assert find_program(str(script), PATH) == ((str(script),), "0.32.2", TURBO)
    (source / "mlx_lm/_version.py").write_text("__version__ = '0.33.0.dev1'\n")
    assert find_program(str(script), PATH).version == "0.33.0.dev1"
    for broken in ("[1]", '{"dir_info": 1}', '{"dir_info": {"editable": true}}', "{"):
        (note / "direct_url.json").write_text(broken)
        assert find_program(str(script), PATH) == ((str(script),), "0.32.2", None)
    finder = site / "__editable___mlx_lm_0_32_2_finder.py"
    finder.write_text(f"MAPPING: dict[str, str] = {{'mlx_lm': {str(source / 'mlx_lm')!r}}}\n")
    assert find_program(str(script), PATH).known == TURBO
    for broken in ("MAPPING = 1", "MAPPING = x", "MAPPING = {'mlx_lm': 1}", "def (", "MAPPING: int", "x = 1"):
        finder.write_text(broken)
        assert find_program(str(script), PATH).known is None
    (site / "__editable__.mlx_lm.pth").write_text(f"{source}\n")
    assert find_program(str(script), PATH).known == TURBO


def test_a_fork_is_known_by_its_own_parser(tmp_path: Path) -> None:
    """Of a known number, of another name, and without a note of any installer."""
    site = installed(tmp_path, "0.32.2", PARSER)
    script = program(tmp_path, f"#!{tmp_path}/bin/python3")
    assert find_program(str(script), PATH) == ((str(script),), "0.32.2", TURBO)
    (site / "mlx_lm-0.32.2.dist-info").rename(site / "mlx_lm_turbo-1.0.dist-info")
    assert find_program(str(script), PATH) == ((str(script),), None, TURBO)
    (site / "mlx_lm/_version.py").write_text('__version__ = "0.32.9"\n')
    assert find_program(str(script), PATH) == ((str(script),), "0.32.9", TURBO)


def test_a_package_of_nixpkgs(tmp_path: Path) -> None:
    store = tmp_path / "nix/store"
    python = program(store / "abc-python3", "", "python3.12")
    site = store / "def-mlx-lm/lib/python3.12/site-packages"
    (site / "mlx_lm-0.31.2.dist-info").mkdir(parents=True)
    wrapped = wrapper(
        store / "def-mlx-lm",
        f"#!{python}\nimport sys;import site;import functools;sys.argv[0] = 'x';"
        f"functools.reduce(lambda k, p: site.addsitedir(p, k), ['{site}','relative'], site._init_pathinfo());\n",
        ".mlx_lm.server-wrapped",
    )
    script = wrapper(
        store / "def-mlx-lm",
        "#! /bin/bash -e\nPATH=${PATH:+':'$PATH':'}\nPATH=${PATH/':''/x/bin'':'/':'}\nPATH='/x/bin'$PATH\n"
        f'PATH=${{PATH#\':\'}}\nexport PATH\nexec -a "$0" "{wrapped}"  "$@"\n',
        "mlx_lm.server",
    )
    assert find_program(str(script), PATH).version == "0.31.2"
    text = f'#!/bin/bash\nexport NIX_PYTHONPATH=\'{site}\'\nexec "{python}" "$@"\n'
    assert find_program(f"{wrapper(store / 'env', text, 'python3')} -m mlx_lm", PATH).version == "0.31.2"


def test_a_script_that_is_not_understood_tells_nothing(tmp_path: Path) -> None:
    installed(tmp_path, "0.31.2")
    python = tmp_path / "bin/python3"
    assert find_program(str(wrapper(tmp_path, f'#!/bin/sh\nexec {python} -m mlx_lm "$@"\n')), PATH).version
    for text in (
        f'#!/bin/sh\nif true; then\nexec {python} -m mlx_lm "$@"\nfi',
        f'#!/bin/sh\n. ./env\nexec {python} -m mlx_lm "$@"',
        f'#!/bin/sh\nexport PYTHONPATH=$(pwd)\nexec {python} -m mlx_lm "$@"',
        f'#!/bin/sh\nexport PYTHONPATH=${{A:-b}}\nexec {python} -m mlx_lm "$@"',
        f'#!/bin/sh\nexport PYTHONHOME=/x\nexec {python} -m mlx_lm "$@"',
        f'#!/bin/sh\nexport PATH=${{A:-b}}\nexec env {python.name} -m mlx_lm "$@"',
        f'#!/bin/sh\n{python} -m mlx_lm "$@" || exit 1',
        f'#!/bin/sh\n{python} -m mlx_lm "$@"\nexit 1',
        f"#!/bin/sh\n{python} -m mlx_lm",
        f'#!/bin/sh\ncd /x\nexec {python} -m mlx_lm "$@"',
        f'#!/bin/sh\nexec -c {python} -m mlx_lm "$@"',
        f'#!/bin/sh\nexec {python} -c "import x" "$@"',
        f'#!/bin/sh\nexec {python} -m mlx_lm "$@" >log',
        f'#!/bin/sh\nexec "{python}`true`" -m mlx_lm "$@"',
        f'#!/bin/sh\nexec $A {python} -m mlx_lm "$@"',
        "#!/bin/sh\necho nothing",
        "#!/bin/sh\nexec",
        "#!/usr/bin/perl\nexec x",
        "#!/usr/bin/env -i python3",
        f"#!{python}\nPK\x03\x04",
        "#!",
        "",
    ):
        assert find_program(str(wrapper(tmp_path, text)), PATH).version is None, text
    circle = program(tmp_path, f"#!{tmp_path}/bin/circle", "circle")
    assert find_program(str(circle), PATH).version is None


def test_an_interpreter_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone/bin/python3.12"
    for text, told in {
        f"#!{gone}": f"is run by {gone}, which is not there",
        f"#!/bin/sh\n'''exec' '{gone}' \"$0\" \"$@\"\n' '''": f"is run by {gone}, which is not there",
        "#!relative/python3": "is run by /relative/python3, which is not there",
        "#!/usr/bin/python3\r": "is run by /usr/bin/python3\r, which is not there",
        "#!/usr/bin/env no-such-python": "is run by no-such-python, which is not on PATH",
    }.items():
        script = program(tmp_path, text)
        with pytest.raises(ServerError) as refused:
            find_program(str(script), PATH)
        assert refused.value.message == f"{script} {told}"
        assert "install mlx-lm again" in str(refused.value.hint)
    # What runs already is asked for its release, and never refused.
    assert examine((str(script),), PATH) == ((str(script),), None, None)
    link = tmp_path / "bin/python3"
    link.symlink_to(gone)
    with pytest.raises(ServerError, match=f"{link}, which leads to {gone}: that is not there"):
        find_program(str(program(tmp_path, f"#!{link}")), PATH)


def test_the_newest_of_several_and_a_program_that_tells_nothing(tmp_path: Path) -> None:
    installed(tmp_path, "0.9.1")
    installed(tmp_path / "x", "0.1")
    (tmp_path / "lib/python3.12/site-packages/mlx_lm-0.31.10.dist-info").mkdir()
    (tmp_path / "lib/python3.12/site-packages/mlx_lm_extra-9.dist-info").mkdir()
    assert find_program(str(program(tmp_path, f"#!{tmp_path}/bin/python3")), PATH).version == "0.31.10"
    for number, first_line in enumerate(["", "#!", "\x7fELF"]):
        script = program(tmp_path / f"s{number}" / "deep", first_line, "server")
        found = find_program(str(script), PATH)
        assert (found.version, found.known, found.flags) == (None, None, known_to(NEWEST_KNOWN))


def test_a_parser_is_read_as_text(tmp_path: Path) -> None:
    basic = 'p.add_argument("--model")\np.add_argument("--host")\np.add_argument("--port")\n'
    more = 'p.add_argument("-x", "--new", help="--no")\nadd_argument("--not")\nf("--no")\n'
    installed(tmp_path, "9.0", basic + more)
    server = tmp_path / "lib/python3.12/site-packages/mlx_lm/server.py"
    script = program(tmp_path, f"#!{tmp_path}/bin/python3")
    assert find_program(str(script), PATH).known == {"--model", "--host", "--port", "--new"}
    # A reading without these is none: the options come from somewhere else.
    for broken in ("def (", "", "x = 1", more, basic.replace("--host", "--hostname"), "\0", "(" * 10_000):
        server.write_text(broken)
        assert find_program(str(script), PATH) == ((str(script),), "9.0", None)
        assert find_program(str(script), PATH).flags == known_to((9, 0))
    # One that is not whole adds to what the release is known to have.
    for part in (
        "p = argparse.ArgumentParser()\nadd_more(p)\n",
        "p = ArgumentParser(parents=[q])\n",
        "p = argparse.ArgumentParser(**more)\n",
        "for name in names:\n    p.add_argument(name)\n",
        "p = argparse.ArgumentParser()\nadd_more(parser=p)\n",
    ):
        server.write_text(basic + more + part)
        assert find_program(str(script), PATH).known == known_to((9, 0)) | {"--new"}, part
    server.write_text(basic + "p = 1\nf(p)\nq, r = 1, 2\ng(r)\n(lambda: 1)()\n")
    assert find_program(str(script), PATH).known == {"--model", "--host", "--port"}


@pytest.mark.parametrize("command", ["/nowhere/x", "no-such-program", "'", "   "])
def test_a_program_that_is_not_there(command: str) -> None:
    with pytest.raises(ServerError):
        find_program(command, PATH)


def test_a_program_that_is_a_secret_is_not_used(tmp_path: Path) -> None:
    hidden = program(tmp_path / TOKENS["hf"], "#!/bin/sh").parent
    token = TOKENS["hf"]
    for command, folder in ((f"/x/{token}", "/bin"), (f"env --x={token}", "/bin"), (None, hidden)):
        with pytest.raises(ServerError) as refused:
            find_program(command, {"PATH": str(folder)})
        assert refused.value.message == "the server command looks like a secret; it was not used"


@pytest.mark.parametrize(
    ("folder", "settings", "command"),
    [
        ("share/uv/tools/mlx-lm", "uv = 0.13", "uv tool upgrade mlx-lm"),
        ("pipx/venvs/mlx-lm", "", "pipx upgrade mlx-lm"),
        ("Cellar/mlx-lm/0.31.0/libexec", "", "brew upgrade mlx-lm"),
        ("a venv", "uv = 0.13", "uv pip install --python '{root}/a venv/bin/python3' --upgrade mlx-lm"),
        ("venv", "version = 3.12", "{root}/venv/bin/python3 -m pip install --upgrade mlx-lm"),
        ("venv", None, "{root}/venv/bin/python3 -m pip install --upgrade mlx-lm"),
    ],
)
def test_how_an_install_is_upgraded(tmp_path: Path, folder: str, settings: str | None, command: str) -> None:
    root = tmp_path / folder
    installed(root, "0.31.0")
    if settings is not None:
        (root / "pyvenv.cfg").write_text(f"home = /x\n{settings}\n")
    python = root / "bin/python3"
    script = wrapper(root, f"#!/bin/sh\n'''exec' '{python}' \"$0\" \"$@\"\n' '''\n", "mlx_lm.server")
    assert upgrade_of((str(script),), PATH) == command.format(root=tmp_path)
    assert upgrade_of(("/usr/bin/true",), PATH) == "pip install --upgrade mlx-lm"


def test_the_program_beside_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are often in one environment that is not activated; PATH comes first, the current folder never."""
    installed(tmp_path / "ours", "0.32.1")
    installed(tmp_path / "on path", "0.31.2")
    installed(tmp_path / "here", "0.28.4")
    ours = program(tmp_path / "ours", f"#!{tmp_path}/ours/bin/python3")
    umbrella = program(tmp_path / "ours", f"#!{tmp_path}/ours/bin/python3", "mlx_lm")
    program(tmp_path / "here", "#!x").rename(tmp_path / "here/mlx_lm.server")
    on_path = program(tmp_path / "on path", "#!/usr/bin/env python3.12")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("sys.executable", str(tmp_path / "ours/bin/python3"))
    for typed in ("-c", "", "mlxsm", "./mlxsm", "/x/mlxsm"):
        monkeypatch.setattr("sys.argv", [typed])
        assert find_program(None, PATH) == ((str(ours),), "0.32.1", None)
    assert find_program("mlx_lm server", PATH).command == (str(umbrella), "server")
    assert find_program(None, {"PATH": str(on_path.parent)}).command == (str(on_path),)
    for executable in ("", "python3"):
        monkeypatch.setattr("sys.executable", executable)
        with pytest.raises(ServerError, match=r"there is no server program mlx_lm\.server"):
            find_program(None, PATH)
    # As pip installs for a user, and pipx links: the command that was typed leads there.
    (tmp_path / "links").mkdir()
    (tmp_path / "links/mlxsm").symlink_to(tmp_path / "ours/bin/mlxsm")
    monkeypatch.setattr("sys.argv", [str(tmp_path / "links/mlxsm")])
    assert find_program(None, PATH).command == (str(ours),)
    with pytest.raises(ServerError):
        find_program("another-server", PATH)


def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    site = installed(tmp_path, "0.32.2")
    script = program(tmp_path, f"#!{tmp_path}/bin/python3")
    note = site / "mlx_lm-0.32.2.dist-info"
    for path in (note / "METADATA", note / "direct_url.json", tmp_path / "pyvenv.cfg", site / "a.pth"):
        os.mkfifo(path)
    os.mkfifo(tmp_path / "bin/pipe", 0o755)
    assert find_program(str(script), PATH) == ((str(script),), "0.32.2", None)
    assert find_program(str(tmp_path / "bin/pipe"), PATH).version is None
    (tmp_path / "bin/python3.12").unlink()
    os.mkfifo(tmp_path / "bin/python3.12", 0o755)
    assert find_program(str(script), PATH).version == "0.32.2"
