"""The agent as text for people: what was installed and taken away, how it is, and what its last run did."""

from __future__ import annotations

from collections.abc import Iterator

from mlxsm_sync.text.times import local
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.agent import (
    AgentInstallReport,
    AgentOfUnit,
    AgentPrintReport,
    AgentReport,
    AgentRun,
    AgentUninstallReport,
)
from mlxsm_sync.views.style import Style, records

_INSTALL_SIGNS = {"installed": "+", "updated": "~", "unchanged": "="}
_UNINSTALL_SIGNS = {"uninstalled": "-", "absent": "="}
_SHORT = 10


def install_text(report: AgentInstallReport, style: Style) -> str:
    """What came of it, and what it holds."""
    sign = _INSTALL_SIGNS[report.result]
    begin = "it runs now" if report.started else "it runs from the next login on"
    first = f"  {style.paint(sign, sign)} {report.result} as {visible(report.unit)}; {begin}"
    return f"{first}\n      {visible(_holds(report.options))}\n"


def _holds(options: AgentOfUnit) -> str:
    """What a unit does, as a sentence."""
    minutes = options.every_minutes
    every = f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
    extras = [
        "verifies commits" if options.verify_commits else "",
        "prunes" if options.prune else "",
        "starts servers" if options.up else "",
    ]
    also = "".join(f", {one}" for one in extras if one)
    return f"every {every} it follows and applies {options.file or options.repository}{also}"


def printed_text(report: AgentPrintReport) -> str:
    """The files; where there are several, each behind its path."""
    if len(report.files) == 1:
        return report.files[0].text
    return "\n".join(f"# {visible(one.path)}\n{one.text}" for one in report.files)


def uninstall_text(report: AgentUninstallReport, style: Style) -> str:
    """What came of it."""
    sign = _UNINSTALL_SIGNS[report.result]
    what = "uninstalled" if report.result == "uninstalled" else "was not installed"
    message = f": {visible(report.message)}" if report.message else ""
    return f"  {style.paint(sign, sign)} {visible(report.unit)} {what}{message}\n"


def status_text(report: AgentReport, style: Style) -> str:
    """The unit, then the last run. Plain: unit, state, next, last exit, last message."""
    last = report.last_run
    if style.plain:
        code, message = (last.exit, last.message) if last is not None else (None, None)
        return records([(report.unit, report.state, report.next_at, code, message)])
    lines = [*_unit_lines(report), *(_run_lines(last, style) if last is not None else ())]
    return "".join(f"{line}\n" for line in lines)


def _unit_lines(report: AgentReport) -> Iterator[str]:
    if report.unit is not None:
        known = "" if report.is_set is None else "set" if report.is_set else "not set"
        now = ", runs now" if report.state in ("running", "starting") else ""
        yield f"unit      {visible(report.unit)}" + (f" ({known}{now})" if known else "")
    if report.options is not None:
        yield f"options   {visible(_holds(report.options))}"
    if report.next_at is not None:
        yield f"next run  {local(report.next_at)}"
    for message in (report.trouble, report.message):
        if message is not None:
            yield f"note      {visible(message)}"


def _run_lines(run: AgentRun, style: Style) -> Iterator[str]:
    sign = "+" if run.exit == 0 else "✗"
    yield f"last run  {local(run.at)}: {style.paint(sign, sign)} exit code {run.exit}"
    yield f"checkout  {visible(run.repository)}" + (f" at {run.after[:_SHORT]}" if run.after else "")
    if run.message is not None:
        yield f"git       {'not moved forward: ' if run.stuck else ''}{visible(run.message)}"
    for what, text in (("applied", run.applied), ("failed", run.error), ("hint", run.hint)):
        if text is not None:
            yield f"{what:<9} {visible(text)}"
