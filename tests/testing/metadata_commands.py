"""Every metadata command in one story, with its errors: the exit code, then the words."""

from __future__ import annotations

import json
import shlex
from typing import NamedTuple

from testing import statuses
from testing.project import Project

FILE = """\
schemaVersion: 1
profiles:
- {name: A, modelID: m/a, host: 127.0.0.1, port: 1999}
- {name: B, modelID: m/b, host: 127.0.0.1, port: 1998, notes: a note}
"""
_STORY = """
0 --help
0 --version
64 nothing
0 help plan
1 init
0 init -f starter.yaml
0 validate
0 validate profiles.yaml document.json --json
1 validate bad.yaml
1 validate missing.yaml --json
2 plan --detailed-exitcode
0 plan --json
0 plan -v --format markdown --out saved.plan
1 plan -f missing.yaml
64 plan --skip Nobody
1 apply
0 apply saved.plan
1 apply saved.plan
0 apply --yes --json
0 apply --yes --expect sha256:0
0 list
0 list A --json
64 list Nobody
0 connect A --json
64 connect Nobody
0 import document.json --yes --json
3 import clash.json --yes
1 import bad.yaml --yes
0 export
0 export -o out.json --yes
0 export --format yaml
0 history --json
0 pull --yes
0 pull --all --yes
0 remove C --yes
64 remove Nobody --yes
0 rollback --yes
64 rollback 99 --yes
0 schema plan
0 completion bash
0 completion zsh
0 completion fish
0 plan --state app:models.json
0 apply --yes --state app:models.json --while-app-runs
0 list --state app:models.json --json
1 list --state bad.yaml
0 report status.json -o fleet.html --json
3 report status.json bad.yaml -o fleet.html
3 report bad.yaml -o fleet.html
"""
COMPLETIONS = ("mlxsm plan --skip ", "mlxsm connect ", "mlxsm import document.json --only ", "mlxsm ")


class Step(NamedTuple):
    """One command, and how it is to end."""

    code: int
    words: list[str]


STORY = [Step(int(line.split()[0]), shlex.split(line)[1:]) for line in _STORY.strip().splitlines()]


def prepare(project: Project) -> None:
    """The files that the story begins with."""
    imported = {"name": "C", "modelID": "m/c", "host": "h", "port": 3}
    project.write(FILE)
    project.write(json.dumps({"app": "x", "schemaVersion": 1, "profiles": [imported]}), "document.json")
    clash = imported | {"modelID": "m/other"}
    project.write(json.dumps({"app": "x", "schemaVersion": 1, "profiles": [clash]}), "clash.json")
    project.write("schemaVersion: [\n", "bad.yaml")
    project.write(json.dumps(statuses.status("studio")), "status.json")
