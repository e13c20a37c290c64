"""The agent as text for people."""

from __future__ import annotations

from mlxsm_sync.values.agent import (
    AgentFile,
    AgentInstallReport,
    AgentOfUnit,
    AgentPrintReport,
    AgentReport,
    AgentRun,
    AgentUninstallReport,
)
from mlxsm_sync.views.agent import install_text, printed_text, status_text, uninstall_text
from mlxsm_sync.views.style import Style

PLAIN = Style()
OPTIONS = AgentOfUnit(repository="/srv/fleet", every_minutes=30, state="/s.json")
RUN = AgentRun(at="2026-11-27T12:00:00Z", exit=1, repository="/srv/fleet", after="a" * 40)


def test_what_was_installed() -> None:
    report = AgentInstallReport(
        result="installed", unit="systemd:mlxsm-agent.timer", paths=(), options=OPTIONS, started=True
    )
    assert install_text(report, PLAIN) == (
        "  + installed as systemd:mlxsm-agent.timer; it runs now\n"
        "      every 30 min it follows and applies /srv/fleet\n"
    )
    options = OPTIONS.model_copy(
        every_minutes=120, file="/srv/fleet/a.yaml", verify_commits=True, prune=True, up=True
    )
    later = report.model_copy(result="updated", started=False, options=options)
    assert install_text(later, PLAIN) == (
        "  ~ updated as systemd:mlxsm-agent.timer; it runs from the next login on\n"
        "      every 2 h it follows and applies /srv/fleet/a.yaml, verifies commits, prunes, starts servers\n"
    )


def test_files_that_would_be_written() -> None:
    one, two = AgentFile(path="/a", text="A\n"), AgentFile(path="/b", text="B\n")
    assert printed_text(AgentPrintReport(files=(one,))) == "A\n"
    assert printed_text(AgentPrintReport(files=(one, two))) == "# /a\nA\n\n# /b\nB\n"


def test_what_was_taken_away() -> None:
    gone = AgentUninstallReport(result="uninstalled", unit="launchd:com.mlxsm.agent")
    assert uninstall_text(gone, PLAIN) == "  - launchd:com.mlxsm.agent uninstalled\n"
    told = gone.model_copy(message="no manager")
    assert uninstall_text(told, PLAIN) == "  - launchd:com.mlxsm.agent uninstalled: no manager\n"
    absent = gone.model_copy(result="absent")
    assert uninstall_text(absent, PLAIN) == "  = launchd:com.mlxsm.agent was not installed\n"


def test_how_it_is_and_what_the_last_run_did() -> None:
    run = RUN.model_copy(message="no network", stuck=True, applied="1 created", error="x\x1b[1m", hint="try")
    report = AgentReport(
        installed=True,
        unit="systemd:mlxsm-agent.timer",
        options=OPTIONS,
        is_set=True,
        state="running",
        next_at="2026-11-27T12:30:00Z",
        last_run=run,
        log="/log",
        message="note",
    )
    lines = status_text(report, PLAIN).splitlines()
    assert lines[0] == "unit      systemd:mlxsm-agent.timer (set, runs now)"
    assert lines[2].startswith("next run  2026-11-27 ")
    assert lines[3] == "note      note"
    assert lines[4].endswith(": ✗ exit code 1")
    assert lines[5:] == [
        "checkout  /srv/fleet at aaaaaaaaaa",
        "git       not moved forward: no network",
        "applied   1 created",
        "failed    x\\u{1b}[1m",
        "hint      try",
    ]
    unset = report.model_copy(is_set=False, state="stopped")
    assert "(not set)" in status_text(unset, PLAIN)
    assert "(" not in status_text(report.model_copy(is_set=None), PLAIN).splitlines()[0]


def test_how_it_is_without_a_unit_or_a_run() -> None:
    assert status_text(AgentReport(installed=False, log="/log"), PLAIN) == ""
    fine = AgentReport(installed=False, log="/log", last_run=RUN.model_copy(exit=0, after=None))
    assert status_text(fine, PLAIN).splitlines()[1] == "checkout  /srv/fleet"


def test_plain_records() -> None:
    plain = Style(plain=True)
    report = AgentReport(installed=True, unit="u", log="/log", last_run=RUN.model_copy(message="m"))
    assert status_text(report, plain) == "u\t-\t-\t1\tm\n"
    assert status_text(AgentReport(installed=False, log="/log"), plain) == "-\t-\t-\t-\t-\n"
