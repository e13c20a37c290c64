# What people who work on mlxsm do; `just` lists it.
# just is in the dev extra (as rust-just), and `brew install just` has it, too.

python := env("PYTHON", ".venv/bin/python")

[private]
default:
    @just --list

# Make .venv with what `fast` needs
setup:
    python3 -m venv .venv
    .venv/bin/pip install -q -e '.[dev]'

# The inner loop: style, types, and the tests that run in this process
fast *arguments:
    {{ python }} -m ruff check mlxsm_sync tests .github/action
    {{ python }} -m ruff format --check mlxsm_sync tests .github/action
    {{ python }} -m mypy
    {{ python }} -m pytest -q -n auto -m "not slow and not installed" {{ arguments }}

# The tests of the door: the installed command, its signals, terminals and stories
door *arguments:
    {{ python }} -m pytest -q -n auto -m "installed and not slow" {{ arguments }}

# Everything that CI runs; takes the real server along
test *arguments: with-server
    PYTHON={{ python }} tests/check {{ arguments }}

# The tests with running servers
e2e *arguments: with-server
    {{ python }} -m pytest -n 3 tests/e2e {{ arguments }}

# The same, as on macOS as far as that can be rehearsed; the faults of Linux's own system calls are left out
darwin *arguments: with-server
    {{ python }} -m pytest -n 3 tests/e2e --like-darwin --ignore tests/e2e/test_up_faults.py {{ arguments }}

# The long forms, for a night
night *arguments: with-server
    PYTHON={{ python }} tests/nightly {{ arguments }}

# Write what is made from the code: JSON Schemas, command line page, man page
write:
    {{ python }} -m mlxsm_sync.views.schemas
    {{ python }} -m mlxsm_sync.cli.reference

[private]
with-server:
    {{ python }} -m pip install -q -e '.[dev,e2e]'
