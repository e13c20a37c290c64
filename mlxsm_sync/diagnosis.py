"""Everything that could keep servers from running, each point judged: pass, warn or fail, with the remedy."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from mlxsm_sync import model_files
from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.installed import find_program
from mlxsm_sync.launch import Consent, Program, launch
from mlxsm_sync.model import Model, field
from mlxsm_sync.preflight import about_program, port_problem
from mlxsm_sync.processes import identify
from mlxsm_sync.profile import endpoint
from mlxsm_sync.run_files import Damaged, RunFiles
from mlxsm_sync.secret_scan import redacted
from mlxsm_sync.server import Record
from mlxsm_sync.state import Entry

Verdict = Literal["pass", "warn", "fail"]


class Finding(Model):
    """One point that was looked at."""

    topic: str = field(wire="check")
    """What was looked at."""
    subject: str | None = None
    """The profile that it is about, null for the whole machine."""
    status: Verdict
    """How it stands."""
    message: str
    """What is."""
    remedy: str | None = None
    """What to do."""


class Diagnosis(Model):
    """`mlxsm doctor --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    checks: tuple[Finding, ...]
    """In the order in which they matter."""
    passed: int
    """How many are in order."""
    warnings: int
    """How many are worth a look."""
    failures: int
    """How many keep something from working."""


def diagnosis(findings: Iterable[Finding]) -> Diagnosis:
    """All points, counted."""
    checks = tuple(_told(one) for one in findings)
    counts = {status: sum(one.status == status for one in checks) for status in ("pass", "warn", "fail")}
    return Diagnosis(checks=checks, passed=counts["pass"], warnings=counts["warn"], failures=counts["fail"])


def _told(finding: Finding) -> Finding:
    """A finding without secrets: paths and variables of the machine can hold anything."""
    remedy = redacted(finding.remedy) if finding.remedy else None
    return finding.copy(message=redacted(finding.message), remedy=remedy)


def about_server(command: str | None, environment: Mapping[str, str]) -> tuple[Program | None, list[Finding]]:
    """The server program, and its release."""
    try:
        program = find_program(command, environment)
    except MlxsmError as error:
        return None, [Finding(topic="executable", status="fail", message=error.message, remedy=error.hint)]
    found = [Finding(topic="executable", status="pass", message=program.command[0])]
    warnings = about_program(program)
    if warnings:
        remedy = "pip install --upgrade mlx-lm"
        found += [Finding(topic="version", status="warn", message=word, remedy=remedy) for word in warnings]
    else:
        found.append(Finding(topic="version", status="pass", message=f"mlx-lm {program.version}"))
    return program, found


def about_cache(environment: Mapping[str, str]) -> Finding:
    """Where models are downloaded to."""
    folder = model_files.cache_folder(environment)
    if not folder.is_dir():
        message = f"there is no model cache at {folder} yet"
        return Finding(topic="cache", status="pass", message=f"{message}; the first download makes it")
    if not os.access(folder, os.R_OK | os.X_OK):
        return Finding(
            topic="cache", status="fail", message=f"{folder} cannot be read", remedy="chmod u+rx it"
        )
    return Finding(topic="cache", status="pass", message=str(folder))


def about_folders(files: RunFiles, state: Path) -> Iterator[Finding]:
    """Who can read and write what belongs to us."""
    for folder in (state.parent, files.folder, files.logs):
        if folder.exists():
            yield _folder(folder)


def _folder(folder: Path) -> Finding:
    mode = folder.stat().st_mode
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        message = f"others can write to {folder}"
        return Finding(topic="folders", status="warn", message=message, remedy=f"chmod go-w {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(
            topic="folders",
            status="fail",
            message=f"{folder} cannot be written to",
            remedy=f"chmod u+wx {folder}",
        )
    return Finding(topic="folders", status="pass", message=str(folder))


def about_entry(
    entry: Entry, program: Program | None, files: RunFiles, environment: Mapping[str, str]
) -> Iterator[Finding]:
    """The options, the model and the port of one profile."""
    model = model_files.look_at(entry.profile.model_id, environment)
    if program is not None:
        yield from _flags(entry, model.argument, program)
    yield _model(entry, model, environment)
    yield _port(entry, files)


def _flags(entry: Entry, model: str, program: Program) -> Iterator[Finding]:
    start = launch(entry.profile, model, program, Consent())
    about = Finding(
        topic="flags", subject=entry.name, status="pass", message="the server knows all its options"
    )
    for problem in start.problems:
        yield about.copy(status="fail", message=problem, remedy="edit the profile, then mlxsm apply")
    for word in start.unallowed:
        what, _, remedy = word.rpartition(": ")
        yield about.copy(status="warn", message=what, remedy=remedy)
    if not start.problems and not start.unallowed:
        yield about


def _model(entry: Entry, model: model_files.ModelFiles, environment: Mapping[str, str]) -> Finding:
    message = f"{model.argument} is complete on this disk"
    about = Finding(topic="model", subject=entry.name, status="pass", message=message)
    if model.problems:
        remedy = "bring the files back, or change the modelID"
        return about.copy(status="fail", message="; ".join(model.problems), remedy=remedy)
    if model.warning is not None and model_files.is_offline(environment):
        return about.copy(
            status="fail", message=model.warning, remedy="unset HF_HUB_OFFLINE for the first start"
        )
    if model.warning is not None:
        remedy = "let it, or bring the model into the cache before"
        return about.copy(status="warn", message=model.warning, remedy=remedy)
    return about


def _port(entry: Entry, files: RunFiles) -> Finding:
    host, port = entry.profile.host, entry.profile.port
    message = f"{endpoint(host, port)} is free"
    about = Finding(topic="port", subject=entry.name, status="pass", message=message)
    record = files.record(entry.id)
    if isinstance(record, Damaged):
        return about.copy(status="fail", message=record.reason, remedy="remove it if no server runs")
    if isinstance(record, Record) and (handle := identify(record).handle) is not None:
        handle.close()
        return about.copy(message=f"its server runs at {endpoint(record.host, record.port)}")
    if files.adopted(entry.id) is not None:
        return about.copy(message="an adopted server has it")
    ours = [one for one in files.records().values() if isinstance(one, Record)]
    if (problem := port_problem(host, port, ours)) is not None and "mlxsm down frees it" in problem:
        return about.copy(status="warn", message=problem, remedy="only one profile of a port can be up")
    if problem is not None:
        remedy = "stop what holds it, mlxsm adopt it, or choose another port"
        return about.copy(status="fail", message=problem, remedy=remedy)
    return about
