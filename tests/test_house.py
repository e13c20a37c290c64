"""What CONTRIBUTING.md and the justfile promise: every path that is named is there, and every recipe can be run."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

import pytest
from grimp import build_graph

from mlxsm_sync.cli import reference
from mlxsm_sync.cli.group import COMMANDS
from testing import mutants
from testing.paths import REPOSITORY

PACKAGE = REPOSITORY / "mlxsm_sync"
ACTION = REPOSITORY / ".github/action"
PAGES = ["CONTRIBUTING.md", "docs/architecture.md", "docs/reliability.md", "docs/where.md"]
_PATH = re.compile(
    r"`((?:[a-z0-9_]+/)+(?:[a-z0-9_]+\.(?:py|md|toml))?|[a-z0-9_]+(?:/[a-z0-9_]+)*\.(?:py|md|toml))`"
)


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_is_there(page: str) -> None:
    named = _PATH.findall((REPOSITORY / page).read_text())
    assert len(named) > 10
    assert [one for one in named if not (PACKAGE / one).exists() and not (REPOSITORY / one).exists()] == []


def test_every_folder_says_in_one_line_what_it_is_for() -> None:
    told = (REPOSITORY / "docs/architecture.md").read_text()
    for folder in (path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE):
        (line,) = (folder / "__init__.py").read_text().splitlines()[:1]
        assert line.startswith('"""'), folder
        assert f"`{folder.relative_to(PACKAGE)}/`" in told, folder


def test_the_tests_are_laid_out_as_the_package_is() -> None:
    tests = REPOSITORY / "tests"
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    folders |= {"action", "benchmarks", "e2e", "stories", "testing", "threats"}
    assert {path.parent.name for path in tests.glob("*/*.py")} <= folders
    beside = [path.name for path in tests.glob("*.py") if not path.name.startswith("test_")]
    assert beside == ["conftest.py"], "what tests share is in tests/testing"
    helpers = [path for path in tests.glob("*/*.py") if path.parent.name not in ("testing", "benchmarks")]
    assert [path for path in helpers if not path.name.startswith("test_")] == []


def test_no_file_function_or_class_is_too_long() -> None:
    limits = {ast.FunctionDef: 45, ast.AsyncFunctionDef: 45, ast.ClassDef: 200}
    for path in (*PACKAGE.rglob("*.py"), *ACTION.rglob("*.py")):
        text = path.read_text()
        assert len(text.splitlines()) <= 300, path
        for node in ast.walk(ast.parse(text)):
            most = limits.get(type(node), 0)
            if most:
                body = node.body  # type: ignore[attr-defined] - of a function or a class
                length = (body[-1].end_lineno or 0) - node.lineno + 1  # type: ignore[attr-defined] - the same
                assert length <= most, (path, node.lineno)


@pytest.mark.parametrize("recipe", ["setup", "fast", "door", "test", "e2e", "darwin", "night", "write"])
def test_every_recipe_can_be_run(recipe: str) -> None:
    just = shutil.which("just", path=str(Path(sys.executable).parent)) or shutil.which("just")
    assert just is not None, "just is in the dev extra"
    done = subprocess.run(
        [just, "--dry-run", recipe], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert (done.returncode, bool(done.stderr)) == (0, True), done.stderr


def test_the_pages_that_are_written_from_the_commands_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert reference.main(["--check"]) == 0, capsys.readouterr().out


def test_what_is_not_fresh_is_named_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reference, "DOCS", tmp_path)
    assert reference.main(["--check"]) == 1
    assert [*tmp_path.iterdir()] == []
    assert reference.main([]) == 0
    scripts = "completions/mlxsm.bash, completions/_mlxsm, completions/mlxsm.fish"
    written = f"cli.md, mlxsm.1, profiles.md, {scripts}"
    assert capsys.readouterr().out == f"pages stale: {written}\npages written: {written}\n"
    assert reference.main(["--check"]) == 0


def test_the_man_page_has_every_command_and_no_stray_request() -> None:
    page = reference.man()
    for name in COMMANDS:
        assert f".SS mlxsm {name} " in page
    requests = {line.split()[0] for line in page.splitlines() if line.startswith(".")}
    assert requests == {".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".I", ".nf", ".fi"}


def test_every_planted_bug_has_a_place_in_the_code() -> None:
    """What takes the place of a text of ours would else plant nothing, and be noticed by nobody."""
    for name, bug in mutants.BUGS.items():
        assert (PACKAGE / f"{bug.module}.py").read_text().count(bug.text) == 1, name


def functions() -> Iterator[ast.FunctionDef]:
    for path in PACKAGE.rglob("*.py"):
        for one in ast.walk(ast.parse(path.read_text())):
            if isinstance(one, ast.FunctionDef):
                yield one


def test_half_of_the_functions_are_short() -> None:
    assert median(one.end_lineno - one.body[0].lineno + 1 for one in functions()) <= 7


def test_imports_inside_functions_are_few() -> None:
    """Each costs a reader a question; they are for what only some calls need."""
    inside = [
        inner
        for one in functions()
        for inner in ast.walk(one)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert len(inside) <= 80


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = build_graph("mlxsm_sync", exclude_type_checking_imports=True, cache_dir=None)
    modules = {one: graph.find_modules_directly_imported_by(one) for one in graph.modules}
    assert len([*TopologicalSorter(modules).static_order()]) == len(modules) > 150
