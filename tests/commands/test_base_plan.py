"""`mlxsm plan --base OLD`: two versions of a file, and nothing of this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from testing.fake_secrets.leaks import found_in
from testing.fake_secrets.tokens import TOKENS
from testing.project import Project
from testing.tracing import traced_files

TOKEN = next(iter(TOKENS.values()))
