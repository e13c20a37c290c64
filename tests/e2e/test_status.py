"""What a machine says of itself: with servers, in files for others, and as metrics."""

from __future__ import annotations

import json
import stat
import time
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_in

from testing.project import Project
from testing.servers import Servers

FILE = """schemaVersion: 1
collection: team
machines: {studio: {tags: [big]}}
defaults: {host: 127.0.0.1}
profiles:
- {name: A, modelID: org/a, port: 8001}
"""


def ask(port: int) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions", body, {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=60).read()


def test_it_says_what_ps_plan_and_history_say(servers: Servers) -> None:
    ports = servers.declare(A="quick", B="quick")
    servers.up("A")
    seen = servers.run("status", "--json").json
    assert [one["status"] for one in seen["servers"]] == ["ready", "stopped"]
    for one, also in zip(seen["servers"], servers.run("ps", "--json").json["servers"], strict=True):
        assert one.keys() == also.keys()
        assert (one["pid"], one["endpoint"], one["answeredAt"]) == (
            also["pid"],
            also["endpoint"],
            also["answeredAt"],
        )
    assert seen["servers"][0]["answeredAt"] is not None
    assert seen["servers"][1]["answeredAt"] is None
    assert seen["memory"]["usedBytes"] == seen["servers"][0]["memoryBytes"]
    assert seen["memory"]["limitBytes"] > 0
    state = servers.state
    assert seen["state"] == {"collection": "test", "serial": state["serial"], "lineage": state["lineage"]}
    assert [one["serial"] for one in seen["history"]] == [1, 0]
    assert seen["lastApply"]["at"] == seen["history"][0]["at"]
    assert seen["file"]["digest"].startswith("sha256:")
    told = servers.run("status").out
    assert "in step, 1 of 1 server ready" in told
    # A client's answer is the newest one.
    time.sleep(1.1)
    ask(ports["A"])
    assert servers.seen("A")["answeredAt"] > seen["servers"][0]["answeredAt"]


def test_what_it_writes_for_others(project: Project) -> None:
    project.apply(FILE, "--machine", "studio")
    out = project.folder / "studio.json"
    done = project.run("status", "--machine", "studio", "-o", str(out))
    assert (done.code, done.out, done.err) == (0, "", f"wrote {out}\n")
    seen = json.loads(out.read_text())
    assert seen["machine"] == {"name": "studio", "tags": ["big"]}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    metrics = project.folder / "textfile" / "mlxsm.prom"
    metrics.parent.mkdir()
    told = project.shell(
        f"umask 077; mlxsm status --machine studio --format openmetrics -o {metrics} -q; ls {metrics.parent}"
    )
    assert (told.out, told.err) == ("mlxsm.prom\n", "")
    assert stat.S_IMODE(metrics.stat().st_mode) == 0o644
    text = metrics.read_text()
    assert str(project.folder) not in text
    assert project.run("status", "--machine", "studio", "--format", "openmetrics", "-o", "-").out.endswith(
        "# EOF\n"
    )
    assert json.loads(project.run("status", "-o", "-").out)["machine"]["name"]
    families = {one.name: one for one in openmetrics_in(text)}
    assert families["mlxsm_plan_status"].samples[0].labels == {"machine": "studio", "status": "in-step"}
    assert families["mlxsm_plan_status"].samples[0].value == 1
    assert families["mlxsm_last_apply_timestamp_seconds"].unit == "seconds"


@pytest.mark.parametrize("name", ["{state}", "{folder}/history/x", "{file}", "{folder}/run/x.json"])
def test_it_never_takes_the_place_of_what_it_reads(project: Project, name: str) -> None:
    project.apply(FILE, "--machine", "studio")
    place = name.format(
        state=project.state_path, folder=project.state_path.parent, file=project.folder / "profiles.yaml"
    )
    before = Path(place).read_bytes() if Path(place).exists() else None
    done = project.run("status", "-o", place)
    assert done.code == 64
    assert (Path(place).read_bytes() if Path(place).exists() else None) == before


def test_json_and_a_pipe_at_once_are_refused(project: Project) -> None:
    done = project.run("status", "--json", "-o", "-")
    assert done.code == 64
