"""The published JSON Schemas: each made from its model, written and checked by this module.

`python -m mlxsm_sync.views.schemas` writes them to `schemas/`, `--check` says whether they are fresh.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from mlxsm_sync.clients.connection import ClientList, Connection
from mlxsm_sync.mac_app.document_format import Document
from mlxsm_sync.profile_file.schema_rules import for_editor, refine
from mlxsm_sync.state.saved_plan import SavedPlan
from mlxsm_sync.values.agent import (
    AgentInstallReport,
    AgentPrintReport,
    AgentReport,
    AgentRun,
    AgentUninstallReport,
)
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.desired import ProfileFile
from mlxsm_sync.values.file_reports import ExportReport, InitReport, MachineReport
from mlxsm_sync.values.fit import FitReport
from mlxsm_sync.values.json_schema import Schema, made_from, whole
from mlxsm_sync.values.plan import MachinePlans, Outcome
from mlxsm_sync.values.run import DownReport, DryRun, UpReport
from mlxsm_sync.values.server_reports import AdoptReport, Diagnosis, ForgetReport, SeenReport
from mlxsm_sync.values.services import InstallReport, PrintReport, ServiceReport, UninstallReport
from mlxsm_sync.values.state import State
from mlxsm_sync.values.status import MachineStatus
from mlxsm_sync.values.status_reports import FleetReport
from mlxsm_sync.views.published import SCHEMAS
from mlxsm_sync.views.pull_report import PullReport
from mlxsm_sync.views.reports import ErrorReport, HistoryReport, ListReport, RestoreReport, ValidateReport

FOLDER = Path(__file__).parent.parent.parent / "schemas"
_READ: dict[str, type[Value]] = {
    "profiles": ProfileFile,
    "document": Document,
    "state": State,
    "saved-plan": SavedPlan,
}
_PRINTED: dict[str, type[Value]] = {
    "plan": Outcome,
    "machine-plans": MachinePlans,
    "error": ErrorReport,
    "list": ListReport,
    "history": HistoryReport,
    "restore": RestoreReport,
    "validate": ValidateReport,
    "machine": MachineReport,
    "init": InitReport,
    "export": ExportReport,
    "pull": PullReport,
    "connect": Connection,
    "clients": ClientList,
    "ps": SeenReport,
    "up": UpReport,
    "dry-run": DryRun,
    "down": DownReport,
    "adopt": AdoptReport,
    "forget": ForgetReport,
    "status": MachineStatus,
    "report": FleetReport,
    "service": ServiceReport,
    "service-install": InstallReport,
    "service-print": PrintReport,
    "service-uninstall": UninstallReport,
    "fit": FitReport,
    "agent": AgentReport,
    "agent-run": AgentRun,
    "agent-install": AgentInstallReport,
    "agent-print": AgentPrintReport,
    "agent-uninstall": AgentUninstallReport,
    "doctor": Diagnosis,
}
EDITOR = "profiles-editor"
"""The schema of a profile file with words that only editors read."""
_ONLY_AFTER_APPLY = ("applied", "skipped")


def published(name: str) -> Schema:
    """The schema of this name in `published.SCHEMAS`."""
    if name == EDITOR:
        return for_editor(published("profiles"))
    read = name in _READ
    schema, definitions = made_from((_READ | _PRINTED)[name], "validation" if read else "serialization")
    if name == "profiles":
        refine(schema, definitions)
    if name == "plan":
        schema["required"] = [key for key in schema["required"] if key not in _ONLY_AFTER_APPLY]
        schema["properties"]["error"] = published("error")["definitions"]["Failure"]
        definitions["Problem"] = published("error")["definitions"]["Problem"]
    return whole(name, schema, definitions)


def main(arguments: Sequence[str]) -> int:
    """Write `schemas/`; with `--check`, name the schemas that are stale."""
    stale = []
    for name in SCHEMAS:
        path = FOLDER / f"{name}.schema.json"
        fresh = published(name)
        # As data: another release of pydantic may order the keys in another way.
        if not path.exists() or json.loads(path.read_text(encoding="utf-8")) != fresh:
            stale.append(path.name)
            if "--check" not in arguments:
                text = json.dumps(fresh, indent=2, ensure_ascii=False) + "\n"
                path.write_text(text, encoding="utf-8")
    verb = "stale" if "--check" in arguments else "written"
    sys.stdout.write(f"schemas {verb}: {', '.join(stale) or 'none'}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
