"""Clusters in a profile file: their ranks are its machines, and every fault is told at its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from testing.project import Project

FILE = """schemaVersion: 1
profiles:
- name: Big
  modelID: org/big
  port: 8080
  cluster:
    ranks:
    - {machine: Studio-1, address: 10.0.0.1, port: 32323}
    - {machine: studio-2, address: 10.0.0.2, port: 32323}
- {name: Small, modelID: org/small, port: 8081}
"""


def names(project: Project, machine: str) -> list[str]:
    plan = project.run("plan", "--json", "--machine", machine).json
    return [change["name"] for change in plan["changes"]]


def test_ranks_are_the_machines_of_a_file_that_has_none(project: Project) -> None:
    project.write(FILE)
    assert names(project, "studio-1") == names(project, "STUDIO-2") == ["Big", "Small"]
    unknown = project.run("plan", "--machine", "mini")
    assert unknown.code == 1
    assert "has no such machine: it has Studio-1, studio-2" in unknown.err


def test_ranks_say_on_which_machines_a_profile_is(project: Project) -> None:
    project.write(FILE.replace("profiles:", "machines: {studio-1: {}, studio-2: {}, mini: {}}\nprofiles:", 1))
    assert names(project, "studio-1") == ["Big", "Small"]
    assert names(project, "mini") == ["Small"]


def test_what_is_applied_comes_back(project: Project) -> None:
    project.write(FILE)
    assert project.run("apply", "--yes", "--machine", "studio-1").code == 0
    (big, _) = project.state["entries"]
    assert big["profile"]["cluster"]["ranks"][0]["machine"] == "Studio-1"
    assert project.run("plan", "--machine", "studio-1").out.startswith("Plan: nothing to do")
    project.write(FILE.replace("10.0.0.2", "10.0.0.3"))
    plan = project.run("plan", "--machine", "studio-1", "--json").json
    assert [field["path"] for field in plan["changes"][0]["fields"]] == ["/cluster/ranks/1/address"]
    project.write(
        FILE.replace("  cluster:\n", "  cluster: null\n")
        .replace("    ranks:\n", "")
        .replace("    - {m", "# - {m")
    )
    plan = project.run("plan", "--json").json
    assert [field["path"] for field in plan["changes"][0]["fields"]] == ["/cluster"]
    exported = project.run("export", "-o", "-")
    assert exported.code == 0
    assert "schema version 1 cannot carry cluster: lost for" in exported.err


JACCL = (
    FILE.replace("  cluster:\n", "  cluster:\n    backend: jaccl\n")
    .replace("10.0.0.1, port: 32323", "10.0.0.1, port: 32323, rdma: [null, rdma_en5]")
    .replace("10.0.0.2, port: 32323", "10.0.0.2, port: 32323, rdma: [rdma_en3, null]")
)


def test_what_there_is_to_know_of_a_cluster_is_told_as_a_warning(project: Project) -> None:
    def warned(text: str) -> list[str]:
        project.write(text)
        told = project.run("plan", "--json", "--machine", "studio-1").json["warnings"]
        return [one["message"] for one in told if one["name"] == "Big"]

    (ports,) = warned(FILE)
    assert "run what reaches their ports" in ports
    _, never, twice = warned(JACCL)
    assert "nobody has run jaccl with mlxsm yet" in never
    assert "set decodeConcurrency: 1" in twice
    options = "  advancedLaunchOptions: {decodeConcurrency: 1}\n"
    assert len(warned(JACCL.replace("  port: 8080\n", f"  port: 8080\n{options}"))) == 2


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        (("  port: 8080\n", "  port: 8080\n  'on': [studio-1]\n"), "6:3", "on is not needed"),
        (("    ranks:", "    rank:"), "7:5", 'the key "rank" is unknown: did you mean ranks?'),
        (("10.0.0.1", "studio.local"), "8:36", "must be an IPv4 address"),
        (("studio-2", "studio-1"), "9:17", "is that of ranks[0], too"),
        (("10.0.0.2, port: 32323", "10.0.0.2, port: 8080"), "9:52", "must not be 8080"),
        (
            ("port: 32323}\n    - {machine: studio-2", "ports: 1}\n    - {machine: studio-2"),
            "8:46",
            "did you mean port?",
        ),
        (
            ("  cluster:\n", "  advancedLaunchOptions: {rawExtraArgs: [--pipeline]}\n  cluster:\n"),
            "6:42",
            "write sharding",
        ),
        (
            ("  cluster:\n", "  advancedLaunchOptions: {rawExtraArgs: [--draft-model=a/b]}\n  cluster:\n"),
            "6:42",
            "takes no draft",
        ),
        (
            ("schemaVersion: 1\n", "schemaVersion: 1\nmachines: {studio-1: {}}\n"),
            "10:17",
            "names no machine of this file",
        ),
        (
            (
                "profiles:\n",
                "defaults: {advancedLaunchOptions: {rawExtraArgs: [--adapter-path=/a]}}\nprofiles:\n",
            ),
            "2:",
            "takes no adapter",
        ),
    ],
)
def test_every_fault_is_told_at_its_place(
    project: Project, change: tuple[str, str], place: str, message: str
) -> None:
    text = FILE.replace(*change, 1)
    assert text != FILE
    project.write(text)
    told = project.run("validate", "--json").json["files"][0]["problems"]
    found = [f"{one['line']}:{one['column']} {one['message']}" for one in told]
    assert any(one.startswith(place) and message in one for one in found), found


@pytest.mark.parametrize(
    "cluster", [[], {}, "ring", 1, {"ranks": {}}, {"ranks": ["a", {}, None]}, {"ranks": []}]
)
def test_what_is_no_cluster_is_refused_in_words(project: Project, cluster: Any) -> None:
    profile = {"name": "A", "modelID": "org/a", "port": 1, "cluster": cluster}
    project.write(json.dumps({"schemaVersion": 1, "profiles": [profile]}))
    told = project.run("validate", "--json")
    assert told.code == 1
    assert told.json["files"][0]["problems"]


def test_a_cluster_in_defaults_is_told_where_it_belongs(project: Project) -> None:
    project.write(FILE.replace("profiles:\n", "defaults: {cluster: {ranks: []}}\nprofiles:\n", 1))
    assert (
        'the key "cluster" belongs in each profile'
        in project.run("validate").err + project.run("validate").out
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FILE.replace("Studio-1", "studio 1"), "machine[0] must be the name of one machine"),
        (FILE.replace("{machine: Studio-1, ", "{"), "machine is required"),
        (FILE.replace("Studio-1", "[a]"), "machine[0] must be text"),
        (
            FILE.replace("  cluster:\n    ranks:", "  ranks:"),
            'the key "ranks" belongs under cluster, in a profile',
        ),
        (
            FILE.replace("    ranks:", "    notes: x\n    ranks:"),
            'the key "notes" belongs in the profile, not under',
        ),
    ],
)
def test_slips_in_a_cluster_are_told(project: Project, text: str, told: str) -> None:
    project.write(text)
    problems = project.run("validate", "--json").json["files"][0]["problems"]
    assert any(told in one["message"] for one in problems), problems


def test_other_arguments_go_with_a_cluster(project: Project) -> None:
    options = "  advancedLaunchOptions: {rawExtraArgs: [--kv-bits, '8']}\n"
    project.write(FILE.replace("  port: 8080\n", f"  port: 8080\n{options}"))
    assert project.run("validate").code == 0


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("address: 127.0.0.1", "did you mean host?"),
        ("machine: studio", "did you mean on?"),
        ("backend: ring", 'the key "backend" belongs under cluster, in a profile'),
    ],
)
def test_keys_of_a_cluster_mean_others_elsewhere_first(project: Project, key: str, told: str) -> None:
    project.write(f"schemaVersion: 1\nprofiles:\n- name: A\n  modelID: org/a\n  port: 1\n  {key}\n")
    problems = project.run("validate", "--json").json["files"][0]["problems"]
    assert [told in one["message"] for one in problems] == [True], problems
