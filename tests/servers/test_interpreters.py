"""Which mlx-lm a program runs: what we read, against what the program itself says when it is run.

Each layout is built for real and run for real: the program prints the release that its own Python finds. Folders
that it does not use hold other releases, so a wrong folder is a wrong answer.
"""

from __future__ import annotations

import os
import random
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mlxsm_sync.servers.program import find_program

BODY = 'import importlib.metadata\nprint(importlib.metadata.version("mlx_lm"))\n'


def release_of(python: Path) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def _bases() -> dict[Path, str]:
    """Pythons of this machine that are none of an environment: our own, the system's, the oldest and the newest."""
    own = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    others = own.parent.parent.parent.glob("3.[0-9]*/bin/python3")
    known = {one: release_of(one) for one in dict.fromkeys(path.resolve() for path in others)}
    by_age = sorted(known, key=lambda one: int(known[one].partition(".")[2]))
    by_age = [one for one in by_age if int(known[one].partition(".")[2]) >= 9]
    chosen = [own, Path("/usr/bin/python3").resolve(), *by_age[:1], *by_age[-1:]]
    return {one: release_of(one) for one in dict.fromkeys(chosen) if one.exists()}


RELEASES = _bases()
BASES = [*RELEASES]


@dataclass
class Layout:
    """A home, a Python in it, and releases of mlx-lm all over the place."""

    root: Path
    base: Path
    environment: dict[str, str] = field(default_factory=dict)
    releases: int = 0

    def __post_init__(self) -> None:
        self.home = self.root / "home"
        self.home.mkdir(parents=True)
        self.environment = {"HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        self.release = RELEASES[self.base]

    def put(self, *folders: Path) -> None:
        """Install another release in each of these folders."""
        for folder in folders:
            self.releases += 1
            version = f"0.{30 + self.releases}.1"
            note = folder / f"mlx_lm-{version}.dist-info"
            note.mkdir(parents=True)
            (note / "METADATA").write_text(f"Metadata-Version: 2.1\nName: mlx-lm\nVersion: {version}\n")
            (folder / "mlx_lm").mkdir(exist_ok=True)
            (folder / "mlx_lm/__init__.py").write_text("")
            (folder / "mlx_lm/__main__.py").write_text(BODY)
            (folder / "mlx_lm/server.py").write_text(BODY)

    def user_site(self, release: str = "") -> Path:
        return self.home / f".local/lib/python{release or self.release}/site-packages"

    def venv(self, name: str = "venv", *, system: bool = False, copies: bool = False) -> Path:
        """A virtual environment with a release of its own; its Python."""
        folder = self.root / name
        if copies:
            options = ["--system-site-packages"] * system
            words = [self.base, "-m", "venv", "--without-pip", "--copies", *options, folder]
            subprocess.run(words, check=True, capture_output=True)
        else:  # as `venv` writes it, in a hundredth of the time
            (folder / "bin").mkdir(parents=True, exist_ok=True)
            for link in ("python", "python3", f"python{self.release}"):
                (folder / "bin" / link).symlink_to(self.base if link == "python" else "python")
            sees = str(system).lower()
            (folder / "pyvenv.cfg").write_text(
                f"home = {self.base.parent}\ninclude-system-site-packages = {sees}\nversion = {self.release}.1\n"
            )
        self.put(folder / f"lib/python{self.release}/site-packages")
        return folder / "bin/python"

    def script(self, python: Path | str, form: str = "#!{python}", name: str = "mlx_lm.server") -> Path:
        """A program with this beginning."""
        folder = Path(python).parent if "/" in str(python) else self.root / "bin"
        folder.mkdir(exist_ok=True)
        path = folder / name
        # A shell's own script ends with the command; the others are Python behind their first lines.
        body = "" if " -m mlx_lm" in form else BODY
        path.write_text(form.format(python=python, script=path) + "\n" + body)
        path.chmod(0o755)
        return path

    def decoys(self) -> None:
        """Releases where nothing of ours looks."""
        self.put(
            *(self.user_site(release) for release in ("3.1", "3.9", "3.99") if release != self.release),
            self.root / "venv/lib/python3.1/site-packages",
            self.root / "venv/lib/python3.99/site-packages",
            self.root / "venv/lib/python3/dist-packages",
            self.root / f"venv/lib/python{self.release}/dist-packages",
            self.home / f"Library/Python/{self.release}/lib/python/site-packages",
            self.home,
        )

    def told(self, command: str) -> str | None:
        """What we read."""
        return find_program(command, self.environment).version

    def said(self, command: str) -> str | None:
        """What the program says when it is run as a server is."""
        words = shlex.split(command)
        done = subprocess.run(
            [shutil.which(words[0], path=self.environment["PATH"]) or words[0], *words[1:]],
            cwd="/",
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip() or None


@pytest.fixture(params=BASES[:2], ids=[f"python{RELEASES[base]}" for base in BASES[:2]])
def layout(request: pytest.FixtureRequest, tmp_path: Path) -> Layout:
    return Layout(tmp_path / "a folder", request.param)


def agree(layout: Layout, command: str) -> str | None:
    """Both answers, which must be the same."""
    said = layout.said(command)
    assert layout.told(command) == said, command
    return said


FIRST_LINES = [
    "#!/bin/sh\n'''exec' {quoted} \"$0\" \"$@\"\n' '''",
    "#!/bin/sh\n'''exec' '{python}' \"$0\" \"$@\"\n' '''",
    "#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\" #'''\n' '''",
    "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python' \"$0\" \"$@\"\n' '''",
    "#!/bin/sh\n'''exec' '{python}' -I \"$0\" \"$@\"\n' '''",
]


@pytest.mark.parametrize("form", FIRST_LINES)
@pytest.mark.parametrize("system", [False, True])
def test_a_folder_with_a_space_in_its_name(layout: Layout, form: str, system: bool) -> None:
    """As pip and uv write their scripts where the kernel could not take the path; uv also where it may move."""
    python = layout.venv(system=system)
    layout.put(layout.user_site())
    layout.decoys()
    script = layout.script(python, form.replace("{quoted}", f'"{python}"'))
    assert agree(layout, shlex.quote(str(script))) == "0.31.1"
    link = layout.root / "a link"
    link.symlink_to(script)
    assert agree(layout, shlex.quote(str(link))) == "0.31.1"


def test_a_path_that_is_long(layout: Layout) -> None:
    layout.root = layout.root.parent / ("d" * 100) / ("e" * 100)
    layout.root.mkdir(parents=True)
    python = layout.venv()
    layout.decoys()
    for form in FIRST_LINES[:4]:
        assert agree(layout, str(layout.script(python, form.replace("{quoted}", str(python))))) == "0.31.1"


PLAIN = [
    "#!{python}",
    "#! {python} ",
    "#!{python} -s",
    "#!{python} -sE",
    "#!{python} -I",
    "#!/usr/bin/env python",
    "#!/usr/bin/env -S python -u",
    "#!/usr/bin/env -S -u FOO A=b python -s",
    "#!/usr/bin/env -S PYTHONNOUSERSITE=1 python",
    '#!/bin/bash\n# a comment\nset -euo pipefail\nexport A=\'b c\' D="$HOME"\nexec -a "$0" \'{python}\' -m mlx_lm "$@"',
    '#!/usr/bin/env bash\nP=\'{python}\'\nexec "$P" -m mlx_lm.server server "$@"',
    '#!/bin/sh\nhere=$(dirname "$0")\nexec "$here/python" -m mlx_lm.server "$@"',
    "#!/bin/bash\nPATH=${{PATH:+':'$PATH':'}}\nPATH=${{PATH#':'}}\nexport PATH\nexport PYTHONNOUSERSITE='true'\nexec -a \"$0\" \"{python}\"  -m mlx_lm \"$@\"",
    "#!/bin/sh\nnice -n 3 '{python}' -s -m mlx_lm \"$@\"",
]


KINDS = ["venv", "with system", "copies", "base", "over an old one", "link to its folder"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_script_says_and_what_we_read(tmp_path: Path, kind: str) -> None:
    for number, form in enumerate(PLAIN):
        layout = Layout(tmp_path / str(number), BASES[(number + KINDS.index(kind)) % len(BASES)])
        if kind == "base":
            python = layout.root / "bin/python"
            python.parent.mkdir()
            python.symlink_to(layout.base)
        else:
            if kind == "over an old one":
                layout.put(layout.root / "venv/lib/python3.2/site-packages")
            python = layout.venv(system=kind == "with system", copies=kind == "copies" and number < 3)
        layout.put(layout.user_site())
        layout.decoys()
        layout.environment["PATH"] = f"{python.parent}:/usr/bin:/bin"
        script = layout.script(python, form)
        if kind == "link to its folder":
            (layout.root / "other").symlink_to(layout.root / "venv")
            script = layout.root / "other/bin/mlx_lm.server"
        assert agree(layout, str(script)) is not None or kind == "base"


COMMANDS = [
    "{python} -m mlx_lm.server",
    "{python} -mmlx_lm server",
    "{python} -s -E -m mlx_lm",
    "{python} -Im mlx_lm",
    "{python} -X utf8 -W ignore -um mlx_lm",
    "{python} {script}",
    "{python} -I {script}",
    "python -m mlx_lm.server",
    "mlx_lm.server",
    "env A=1 {script}",
    "env -u A B=1 nice -n 5 {script}",
    "env PYTHONNOUSERSITE=1 {python} -m mlx_lm",
    "env PYTHONPATH={extra} {python} -m mlx_lm",
    "env PYTHONPATH={extra} {python} -E -m mlx_lm",
    "env PATH={bin}:/usr/bin mlx_lm.server",
    "env -S '{python} -m' mlx_lm",
    "nice -5 nohup {python} -m mlx_lm",
    "nice --adjustment=3 env -- {python} -m mlx_lm",
    "stdbuf -oL {script}",
    "setsid -w {script}",
]


@pytest.mark.parametrize("system", [False, True])
def test_the_words_of_a_command(tmp_path: Path, system: bool) -> None:
    for number, command in enumerate(COMMANDS):
        layout = Layout(tmp_path / str(number), BASES[(number + system) % len(BASES)])
        python = layout.venv(system=system)
        layout.put(layout.user_site(), layout.root / "extra")
        layout.decoys()
        layout.environment["PATH"] = f"{python.parent}:/usr/bin:/bin"
        places = {"python": python, "script": layout.script(python), "bin": python.parent}
        assert agree(layout, command.format(extra=layout.root / "extra", **places)) is not None


def test_an_environment_is_known_by_its_own_place(layout: Layout) -> None:
    """A link to an environment's Python is outside of it; one to its folder is inside."""
    python = layout.venv("venv")
    layout.put(layout.user_site())
    links = layout.root / "links"
    links.mkdir()
    (links / "python").symlink_to(python)
    (links / "bin").symlink_to(python.parent)
    for place in (links / "python", links / "bin/python"):
        agree(layout, f"'{place}' -m mlx_lm")
    beside = layout.root / "beside"
    beside.mkdir()
    (beside / "pyvenv.cfg").write_text(f"home = {layout.base.parent}\n")
    (beside / "python").symlink_to(layout.base)
    layout.put(layout.root / f"lib/python{layout.release}/site-packages")
    agree(layout, f"'{beside / 'python'}' -m mlx_lm")


def test_packages_that_are_edited_in_place(layout: Layout) -> None:
    python = layout.venv()
    site = layout.root / f"venv/lib/python{layout.release}/site-packages"
    shutil.rmtree(site / "mlx_lm-0.31.1.dist-info")
    shutil.rmtree(site / "mlx_lm")
    source = layout.root / "source"
    source.mkdir()
    (source / "mlx_lm.egg-info").mkdir()
    (source / "mlx_lm.egg-info/PKG-INFO").write_text("Metadata-Version: 2.1\nName: mlx-lm\nVersion: 0.40.1\n")
    (site / "easy-install.pth").write_text(f"import os\n# no\n\n{source}\n/nowhere\n")
    layout.put(layout.user_site())
    assert (
        agree(layout, f"'{python}' -c 1; true".replace(" -c 1; true", f" '{layout.script(python)}'"))
        == "0.40.1"
    )


def test_many_layouts_at_random(tmp_path: Path) -> None:
    """Any environment, with any first line, in any wrapper, among any folders that hold other releases."""
    chance = random.Random(11)
    wrappers = ("", "env A=1 ", "nice -n 1 ", "env -u A nohup ", "nice -n 2 env B=2 C=3 ")
    answers = set()
    for number in range(30):
        layout = Layout(tmp_path / str(number), chance.choice(BASES))
        layout.put(
            *(chance.sample([layout.user_site(), layout.user_site("3.3"), layout.home], chance.randint(0, 3)))
        )
        python = layout.venv(system=chance.random() < 0.5, copies=chance.random() < 0.2)
        site = layout.root / f"venv/lib/python{layout.release}/site-packages"
        if chance.random() < 0.3:
            shutil.rmtree(site / next(one for one in os.listdir(site) if one.endswith("info")))
        if chance.random() < 0.3:
            layout.put(layout.root / "venv/bin")
        if chance.random() < 0.3:
            layout.put(layout.root / "named")
            (site / "named.pth").write_text(f"{layout.root / 'named'}\n")
        layout.environment["PATH"] = f"{python.parent}:/usr/bin:/bin"
        script = layout.script(python, chance.choice([*PLAIN, *FIRST_LINES[1:]]))
        answers.add(agree(layout, chance.choice(wrappers) + str(script)))
    assert len(answers) > 3
