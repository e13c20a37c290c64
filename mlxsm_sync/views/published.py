"""Which JSON Schemas are published, and which one holds for what a command prints with `--json`."""

from __future__ import annotations

from collections.abc import Collection

SCHEMAS: dict[str, str] = {
    "profiles": "a profile file",
    "profiles-editor": "a profile file, with words that only editors read",
    "document": "a document of the Mac app",
    "state": "the state",
    "saved-plan": "what plan --out writes and apply PLAN reads",
    "plan": "a plan, and how it ended",
    "machine-plans": "a plan for each machine of a file",
    "error": "why a command failed",
    "list": "the profiles of this machine",
    "history": "the current state and the earlier ones",
    "restore": "which kept state was put back",
    "validate": "what is wrong in files",
    "machine": "what this machine is called, and what is for it",
    "init": "a starter profile file",
    "export": "what was exported",
    "pull": "what was taken into a profile file",
    "connect": "the settings of a client",
    "clients": "the clients whose settings are known",
    "ps": "how the servers are",
    "up": "what was started",
    "dry-run": "what would be started",
    "down": "what was stopped",
    "adopt": "what was adopted",
    "forget": "what is adopted no longer",
    "service": "how the services are",
    "service-install": "which services were installed",
    "service-print": "which services would be installed",
    "service-uninstall": "which services were taken away",
    "fit": "how much memory profiles need",
    "status": "what a machine says of itself",
    "report": "which machines a page shows, and which files it does not",
    "agent": "the agent, and what its last run did",
    "agent-run": "what a run of the agent did",
    "agent-install": "what the agent was installed with",
    "agent-print": "which files the agent would have",
    "agent-uninstall": "that the agent was taken away",
    "doctor": "what could keep servers from running",
}
"""By the name that `mlxsm schema` takes."""

_PRINTS = {"apply": "plan", "import": "plan", "remove": "plan", "rollback": "plan", "restart": "up"}


_PRINTS_WITH = {
    ("agent", "--print"): "agent-print",
    ("agent", "install"): "agent-install",
    ("agent", "run"): "agent-run",
    ("agent", "uninstall"): "agent-uninstall",
    ("service", "--print"): "service-print",
    ("service", "install"): "service-install",
    ("service", "uninstall"): "service-uninstall",
    ("up", "--dry-run"): "dry-run",
    ("connect", "--list"): "clients",
    ("plan", "--each-machine"): "machine-plans",
}


def schema_of(command: str, options: Collection[str] = ()) -> str:
    """The schema for what a command prints with `--json` where it does not fail."""
    others = (name for (of, option), name in _PRINTS_WITH.items() if of == command and option in options)
    return next(others, _PRINTS.get(command, command))
