"""`mlxsm fit`: what profiles need, from small files, and whether that fits."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from testing.models import A_TOKEN, PLAIN, model_folder
from testing.project import Project

HUGE = 4 * 10**12
"""More than a machine has; the file is one hole."""
KV = 4096 * A_TOKEN


def profiles(project: Project, **models: Path | str) -> None:
    lines = ["schemaVersion: 1", "defaults: {context: 4096}", "profiles:"]
    for place, (name, model) in enumerate(models.items()):
        lines.append(f"- {{name: {name}, modelID: '{model}', host: 127.0.0.1, port: {place + 5201}}}")
    project.apply("\n".join(lines) + "\n")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return model_folder(tmp_path / "models/small", 3_000_000)


def fitted(project: Project, *words: str, code: int = 0) -> dict[str, Any]:
    result = project.run("fit", *words, "--json")
    assert result.code == code, result.err
    return dict(result.json)


def test_everything_of_the_contract_is_in_the_json(project: Project, small: Path) -> None:
    profiles(project, A=small, B="m/not-here")
    told = fitted(project, "--memory", "100MB")
    assert told["limit"] == {"bytes": 100_000_000, "from": "asked"}
    assert (told["running"], told["sumBytes"], told["fits"]) == (0, 3_000_000 + KV, None)
    known, unknown = told["profiles"]
    assert known | {"id": ""} == {
        "id": "",
        "name": "A",
        "weightsBytes": 3_000_000,
        "kvBytes": KV,
        "promptCacheBytes": None,
        "sumBytes": 3_000_000 + KV,
        "context": 4096,
        "certainty": "exact",
        "fits": True,
        "message": "up to 10 conversations more: +21 MB; set promptCacheBytes",
    }
    assert [unknown[key] for key in ("weightsBytes", "kvBytes", "sumBytes", "fits")] == [None] * 4
    assert (unknown["certainty"], unknown["message"]) == ("unknown", "its model is not on this disk")


def test_a_line_for_each_and_a_bar_for_all(project: Project, small: Path) -> None:
    profiles(project, A=small)
    told = project.run("fit", "--memory", "10MB").out
    assert told.splitlines() == [
        "NAME  WEIGHTS  KV    TOKENS  PROMPT CACHE  SUM   CERTAINTY",
        "A     3 MB     2 MB  4096    -             5 MB  exact",
        "",
        "A: up to 10 conversations more: +21 MB; set promptCacheBytes",
        "#####..... 5 of 10 MB (as asked for): fits",
    ]


def test_a_terminal_has_blocks_and_a_plain_one_has_not(project: Project, small: Path) -> None:
    profiles(project, A=small)
    for kind, sign in (("xterm", "█"), ("dumb", "#")):
        terminal = project.on_terminal("fit", "--memory", "10MB", env=project.environment | {"TERM": kind})
        terminal.expect(re.escape(sign * 5))
        terminal.wait()


def test_what_does_not_fit_is_told_and_checked(project: Project, small: Path) -> None:
    profiles(project, A=small)
    assert fitted(project, "--memory", "5MB")["fits"] is False
    assert fitted(project, "--memory", "5MB", "--check", code=1)["profiles"][0]["fits"] is False
    assert fitted(project, "--memory", "6MB", "--check")["fits"] is True
    assert fitted(project, "--memory", "5MB", "--context", "256", "--check")["fits"] is True
    assert fitted(project, "--memory", "6MB", "--conversations", "2", "--check", code=1)["fits"] is False


def test_what_is_not_known_never_passes_a_check(project: Project) -> None:
    profiles(project, A="m/not-here")
    assert fitted(project)["fits"] is None
    assert fitted(project, "--check", code=1)["sumBytes"] == 0


def test_names_choose_and_a_file_leaves_out_what_it_does_not_list(project: Project, small: Path) -> None:
    profiles(project, A=small, B=small.parent / "none")
    assert [one["name"] for one in fitted(project, "B")["profiles"]] == ["B"]
    only = f"- {{name: B, modelID: '{small.parent}/none', host: 127.0.0.1, port: 5202, context: 4096}}\n"
    project.apply(f"schemaVersion: 1\nprofiles:\n{only}")
    assert [one["name"] for one in fitted(project)["profiles"]] == ["B"]
    (project.folder / "profiles.yaml").unlink()
    assert [one["name"] for one in fitted(project)["profiles"]] == ["A", "B"]
    assert project.run("fit", "C").code == 64


def test_a_folder_whose_files_are_broken_is_unknown(project: Project, small: Path) -> None:
    (small / "model.safetensors").write_bytes(b"\xff" * 100)
    profiles(project, A=small)
    (told,) = fitted(project)["profiles"]
    assert (told["weightsBytes"], told["certainty"]) == (None, "unknown")
    assert told["message"] == "the files of its model do not tell: its header is too long"


@pytest.mark.parametrize(
    ("size", "told"),
    [("48", "48GB, or 48GiB"), (" 1.5 ", "1.5GB, or 1.5GiB"), ("64000000000", "96GB, or 96GiB")],
)
def test_a_size_without_its_unit_is_refused_with_one(project: Project, size: str, told: str) -> None:
    ended = project.run("fit", "--memory", size)
    assert (ended.code, f"error: --memory must have a unit: write {told}\n" in ended.err) == (64, True)


@pytest.mark.parametrize("size", ["0", "-1", "many", "1e9", "12XB", ""])
def test_a_size_that_is_none_is_refused(project: Project, size: str) -> None:
    assert project.run("fit", "--memory", size).code == 64


def test_up_refuses_weights_over_the_limit_and_says_what_would_fit(project: Project, tmp_path: Path) -> None:
    profiles(project, A=model_folder(tmp_path / "models/huge", HUGE))
    told = project.run("up", "--dry-run", "--server-command", "/bin/echo")
    assert told.code == 1
    assert "A: refused: its weights are 4000.0 GB, and the limit is" in told.err
    assert "would fit; --allow-overcommit starts it all the same" in told.err
    allowed = project.run("up", "--dry-run", "--server-command", "/bin/echo", "--allow-overcommit")
    assert allowed.code == 0
    assert "warning: memory: 4000.0 GB would be asked for, and the limit is" in allowed.err


def test_up_and_run_start_nothing_that_has_no_room(project: Project, tmp_path: Path) -> None:
    profiles(project, A=model_folder(tmp_path / "models/huge", HUGE))
    refused = project.run("up", "--server-command", "/bin/echo", "--json")
    (server,) = refused.json["servers"]
    assert (refused.code, server["result"], server["pid"]) == (1, "refused", None)
    told = project.run("run", "A", "--server-command", "/bin/echo")
    assert told.code == 78
    assert "its weights are 4000.0 GB, and the limit is" in told.out
    assert project.run("run", "A", "--server-command", "/bin/echo", "--give-up-with-zero").code == 0


def test_up_warns_once_of_prompt_caches_and_of_what_is_not_known(project: Project, small: Path) -> None:
    profiles(project, A=small, B=small, C="m/not-here")
    told = project.run("up", "--dry-run", "--server-command", "/bin/echo").err
    assert "warning: memory: prompt caches of A, B may grow by 42 MB; promptCacheBytes limits them" in told
    assert "warning: memory: not known, and not counted, is what C needs" in told


def test_a_window_that_cannot_be_quantized_is_a_problem_before_the_start(
    project: Project, tmp_path: Path
) -> None:
    config = {**PLAIN, "model_type": "gpt_oss", "sliding_window": 128}
    folder = model_folder(tmp_path / "models/window", config=config)
    project.apply(
        "schemaVersion: 1\nprofiles:\n"
        f"- {{name: A, modelID: '{folder}', port: 5201, advancedLaunchOptions: "
        '{rawExtraArgs: [--kv-bits, "4"]}}\n'
    )
    told = project.run("up", "--dry-run", "--server-command", "/bin/echo")
    assert (told.code, "which the server cannot quantize: take --kv-bits out" in told.err) == (1, True)


def test_doctor_tells_what_fits(project: Project, small: Path, tmp_path: Path) -> None:
    profiles(project, A=small, B=model_folder(tmp_path / "models/huge", HUGE), C="m/not-here")
    report = json.loads(project.run("doctor", "--json").out)
    told = {one["subject"]: one for one in report["checks"] if one["check"] == "memory"}
    assert [told[name]["status"] for name in "ABC"] == ["pass", "fail", "pass"]
    assert told["A"]["message"].startswith("5 MB at 4096 tokens, of ")
    assert told["C"]["message"] == "not known how much it needs: its model is not on this disk"


def test_a_draft_model_is_counted_with_the_other(project: Project, small: Path) -> None:
    for draft, total in ((small, 2 * (3_000_000 + KV)), ("m/none", None)):
        project.apply(
            "schemaVersion: 1\nprofiles:\n"
            f"- {{name: A, modelID: '{small}', port: 5201, context: 4096, advancedLaunchOptions: "
            f"{{rawExtraArgs: [--draft-model, '{draft}']}}}}\n"
        )
        (told,) = fitted(project)["profiles"]
        assert (told["sumBytes"], told["certainty"]) == (total, "exact" if total else "unknown")
    assert told["message"].startswith("its draft model is not on this disk")


def test_what_is_not_applied_is_said_to_be_left_out(project: Project, small: Path) -> None:
    profiles(project, A=small)
    project.write((project.folder / "profiles.yaml").read_text() + "- {name: B, modelID: m/b, port: 5300}\n")
    told = project.run("fit")
    assert "1 profile of the file not applied, and not counted: mlxsm apply" in told.err
