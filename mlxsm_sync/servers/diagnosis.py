"""Everything that could keep servers from running, each point judged: pass, warn or fail, with the remedy."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.files.folders import folder_trouble, others_can_write
from mlxsm_sync.servers import model_files
from mlxsm_sync.servers.command_line import NEEDS_NEWER, Consent, Program, launch
from mlxsm_sync.servers.fitting import limit_text, overcommitted, sized
from mlxsm_sync.servers.model_cache import cache_folder, is_offline, missing_place
from mlxsm_sync.servers.observed_state import without_order
from mlxsm_sync.servers.option_files import OptionFiles, option_files
from mlxsm_sync.servers.plan import DesiredServer, ReplacePolicy, decide
from mlxsm_sync.servers.preflight import about_program
from mlxsm_sync.servers.program import find_program, upgrade_of
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.text.amounts import size
from mlxsm_sync.text.redaction import redacted, without_tokens
from mlxsm_sync.values.fit import MemoryLimit
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.server_reports import Diagnosis, Finding
from mlxsm_sync.values.state import Entry


def diagnosis(findings: Iterable[Finding]) -> Diagnosis:
    """All points, counted."""
    checks = tuple(_without_secrets(one) for one in findings)
    counts = {status: sum(one.status == status for one in checks) for status in ("pass", "warn", "fail")}
    return Diagnosis(checks=checks, passed=counts["pass"], warnings=counts["warn"], failures=counts["fail"])


def _without_secrets(finding: Finding) -> Finding:
    """A finding without secrets: paths and variables of the machine can hold anything."""
    # What is about a profile may name one, which may be called `Secret`.
    hide = redacted if finding.subject is None else without_tokens
    remedy = hide(finding.remedy) if finding.remedy else None
    return finding.model_copy(message=hide(finding.message), remedy=remedy)


def about_server(command: str | None, environment: Mapping[str, str]) -> tuple[Program | None, list[Finding]]:
    """The server program, and its release."""
    try:
        program = find_program(command, environment)
    except MlxsmError as error:
        return None, [Finding(topic="executable", status="fail", message=error.message, remedy=error.hint)]
    found = [Finding(topic="executable", status="pass", message=shlex.join(program.command))]
    warnings = about_program(program)
    for word in warnings:
        remedy = upgrade_of(program.command, environment) if "install " in word else None
        found.append(Finding(topic="version", status="warn", message=word, remedy=remedy))
    if not warnings:
        own = "" if program.known is None else ", whose own parser was read"
        found.append(Finding(topic="version", status="pass", message=f"mlx-lm {program.version}{own}"))
    return program, found


def about_cache(environment: Mapping[str, str]) -> Finding:
    """Where models are downloaded to."""
    folder = cache_folder(environment)
    about = Finding(topic="cache", status="pass", message=str(folder))
    if (missing := missing_place(environment)) is not None:
        message = f"models are to be kept in {folder}, and {missing} is not there"
        remedy = "connect its disk, or set HF_HOME to a folder that is there"
        return about.model_copy(status="warn", message=message, remedy=remedy)
    if (trouble := folder_trouble(folder, writing=False)) is not None:
        return about.model_copy(status="fail", message=trouble.message, remedy=trouble.remedy)
    if not folder.is_dir():
        message = f"there is no model cache at {folder} yet; the first download makes it"
        return about.model_copy(message=message)
    if (trouble := folder_trouble(folder, writing=True)) is not None:
        message = f"{trouble.message}: no model can be downloaded"
        return about.model_copy(status="warn", message=message, remedy=trouble.remedy)
    return about


def about_folders(files: RunFiles, state: Path) -> Iterator[Finding]:
    """Who can read and write what belongs to us, and whether what is not there yet can be made."""
    for folder in (state.parent, files.folder, files.logs):
        trouble = folder_trouble(folder, writing=True)
        if trouble is not None:
            yield Finding(topic="folders", status="fail", message=trouble.message, remedy=trouble.remedy)
            return  # what is in it has the same trouble
        if folder.is_dir():
            yield _folder(folder)


def _folder(folder: Path) -> Finding:
    about = Finding(topic="folders", status="pass", message=str(folder))
    if others_can_write(folder):
        remedy = f"chmod go-w {shlex.quote(str(folder))}"
        return about.model_copy(status="warn", message=f"others can write to {folder}", remedy=remedy)
    return about


def about_entry(
    entry: Entry,
    program: Program | None,
    files: RunFiles,
    environment: Mapping[str, str],
    command: Callable[[str], str],
    limit: MemoryLimit,
) -> Iterator[Finding]:
    """The options, the model and the port of one profile; `command` makes a command line of ours."""
    model = model_files.model_of(entry, environment)
    if program is not None:
        upgrade = upgrade_of(program.command, environment)
        yield from _flags(
            entry, model.argument, program, f"edit the profile, then {command('apply')}", upgrade
        )
    yield _model(entry, model, environment)
    for one in option_files(entry, environment):
        yield _named(entry, one, environment)
    yield _memory(entry, environment, limit)
    yield _port(entry, files)


def _flags(entry: Entry, model: str, program: Program, edit: str, upgrade: str) -> Iterator[Finding]:
    start = launch(entry.profile, model, program, Consent(), model_files.finder(entry))
    about = Finding(
        topic="flags", subject=entry.name, status="pass", message="the server knows all its options"
    )
    for problem in start.problems:
        remedy = f"{upgrade}; or {edit}" if NEEDS_NEWER in problem else edit
        yield about.model_copy(status="fail", message=problem, remedy=remedy)
    for word in start.unallowed:
        what, _, remedy = word.rpartition(": ")
        yield about.model_copy(status="warn", message=what, remedy=remedy)
    if not start.problems and not start.unallowed:
        yield about


def _model(entry: Entry, model: model_files.ModelFiles, environment: Mapping[str, str]) -> Finding:
    message = f"{model.argument} is complete on this disk"
    about = Finding(topic="model", subject=entry.name, status="pass", message=message)
    if model.problems:
        remedy = "bring the files back, or change the modelID"
        return about.model_copy(status="fail", message="; ".join(model.problems), remedy=remedy)
    if model.warning is None:
        return about
    if model.kind == "cached":
        return about.model_copy(status="warn", message=model.warning)
    return _to_come(about, model.warning, environment)


def _to_come(about: Finding, warning: str, environment: Mapping[str, str]) -> Finding:
    """That a model is still to be downloaded."""
    if is_offline(environment):
        remedy = "unset HF_HUB_OFFLINE for the first start"
        return about.model_copy(status="fail", message=warning, remedy=remedy)
    remedy = "let the server download it, or download it first"
    return about.model_copy(status="warn", message=warning, remedy=remedy)


def _named(entry: Entry, files: OptionFiles, environment: Mapping[str, str]) -> Finding:
    """What an option names beside the model."""
    message = f"{files.option}: {files.place} is complete on this disk"
    about = Finding(topic="model", subject=entry.name, status="pass", message=message)
    if files.problems:
        remedy = f"bring the files back, or change {files.option} in its rawExtraArgs, then apply"
        return about.model_copy(status="fail", message="; ".join(files.problems), remedy=remedy)
    if files.warning is None:
        return about
    if files.is_here:
        return about.model_copy(status="warn", message=files.warning)
    return _to_come(about, files.warning, environment)


def _memory(entry: Entry, environment: Mapping[str, str], limit: MemoryLimit) -> Finding:
    """Whether it fits alone."""
    found = sized(entry, environment)
    needs, total = found.needs, found.needs.total
    about = Finding(topic="memory", subject=entry.name, status="pass", message="")
    if found.problem is not None:
        remedy = "edit its rawExtraArgs, then apply"
        return about.model_copy(status="fail", message=found.problem, remedy=remedy)
    if (reason := overcommitted(found, limit, 0)) is not None:
        return about.model_copy(status="fail", message=reason, remedy="choose a smaller model")
    if total is None:
        message = f"not known how much it needs: {needs.message}"
        return about.model_copy(message=message)
    message = f"{size(total)} at {needs.context} tokens, of {limit_text(limit)}"
    if total > limit.nbytes:
        return about.model_copy(status="warn", message=message, remedy="choose a smaller model or context")
    return about.model_copy(message=message)


def _port(entry: Entry, files: RunFiles) -> Finding:
    host, port = entry.profile.host, entry.profile.port
    message = f"{endpoint(host, port)} is free"
    about = Finding(topic="port", subject=entry.name, status="pass", message=message)
    observed = without_order(entry, files)
    action = decide(DesiredServer(entry.id), observed, ReplacePolicy())
    match action.kind:
        case "doubt":
            return about.model_copy(status="fail", message=action.cause, remedy="remove it if no server runs")
        case "keep":
            return about.model_copy(message=f"its server runs at {observed.endpoint}")
        case "skip" | "refuse":
            return about.model_copy(message="an adopted server has it")
    if (held := observed.port) is None:
        return about
    if held.ours:
        return about.model_copy(
            status="warn", message=held.problem, remedy="only one profile of a port can be up"
        )
    return about.model_copy(status="fail", message=held.problem, remedy=held.advice or "choose another port")
