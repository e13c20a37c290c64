"""Warnings of a plan: one line for each thing that is said, of profiles that change."""

from __future__ import annotations

import json

from testing.project import Project

LOCAL = "its modelID is a local path: it will not exist on another machine"
RAW = "it includes raw extra server arguments (rawExtraArgs): review them before a start"


def file(count: int, *, port: int = 8000) -> str:
    profiles = [
        {
            "name": f"P{number}",
            "modelID": f"/models/{number}",
            "port": (port if number == 0 else 8000) + number,
            "advancedLaunchOptions": {"rawExtraArgs": ["--kv-bits", "4"]},
        }
        for number in range(count)
    ]
    return json.dumps({"schemaVersion": 1, "profiles": profiles}, indent=1)


def test_many_profiles_are_one_line_for_each_warning(project: Project) -> None:
    project.write(file(8))
    for words in (["plan"], ["apply", "--yes"]):
        told = project.run(*words).out
        names = "P0, P1, P2, P3, P4 and 3 more"
        assert f"\nWarnings\n  {names}: {RAW}\n  {names}: {LOCAL}\n" in told, words
        assert (told.count(LOCAL), told.count(RAW)) == (1, 1)


def test_what_does_not_change_is_counted_and_shown_with_verbose(project: Project) -> None:
    project.apply(file(8))
    rest = "16 warnings about profiles that do not change: -v shows all\n"
    for words in (["plan"], ["apply", "--yes"]):
        told = project.run(*words).out
        assert (rest in told, "Warnings" in told, LOCAL in told) == (True, False, False), words
    verbose = project.run("plan", "-v").out
    assert (rest in verbose, verbose.count(LOCAL)) == (False, 8)
    assert len(project.run("plan", "--json").json["warnings"]) == 16
    assert project.run("validate").err.count(LOCAL) == 8


def test_of_a_profile_that_changes_all_is_told(project: Project) -> None:
    project.apply(file(3))
    project.write(file(3, port=9000))
    told = project.run("plan").out
    assert [line.partition(": P")[2] for line in told.splitlines() if "profiles.yaml:" in line] == [
        f"0: {RAW}",
        f"0: {LOCAL}",
    ]
    assert "4 warnings about profiles that do not change: -v shows all\n" in told
