"""Documents as text for people: what came in, what goes out, and how an import ended."""

from __future__ import annotations

from collections.abc import Sequence

from mlxsm_sync.mac_app.document_format import VERSION
from mlxsm_sync.mac_app.document_reader import Judged
from mlxsm_sync.mac_app.document_writer import contents, sensitive
from mlxsm_sync.planning.exportable import Selection
from mlxsm_sync.text.json_value import JsonObject
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.plan import Outcome
from mlxsm_sync.views.plan import outcome_lines
from mlxsm_sync.views.style import NO_SERVER, Style

NOTHING_PRIVATE = "No secret and no executable path was imported."


def profiles_text(count: int) -> str:
    """`1 profile`, or `2 profiles`."""
    return f"{count} profile{'' if count == 1 else 's'}"


def document_text(judged: Judged, style: Style) -> str:
    """What a document says of itself, before what it would change."""
    desired, head = judged.desired, judged.head
    app = visible(head.app) if head.app is not None else "not named"
    exported = f"exported {visible(head.exported_at)}" if head.exported_at is not None else "no export date"
    counts = f"{profiles_text(head.total)}, {len(desired.profiles)} valid, {len(desired.invalid)} invalid"
    lines = [
        style.paint(f"Document {visible(desired.input.path)}", "bold"),
        f"  schema version {VERSION}, app {app}, {exported}",
        f"  {counts}",
        "  Shared profile JSON is metadata only. Review it before the import.",
    ]
    return "\n".join(lines) + "\n\n"


def imported_text(outcome: Outcome, style: Style) -> str:
    """How an import ended, in the app's counts, and what was not touched."""
    summary, done = outcome.summary, outcome.applied
    counts = {
        "imported": summary.create if done else 0,
        "renamed": summary.rename if done else 0,
        "replaced": summary.replace if done else 0,
        "skipped": sum(not one.reason.startswith("conflict") for one in outcome.skipped),
        "invalid": summary.invalid,
        "conflicts": len(outcome.undecided),
    }
    what = ", ".join(f"{name} {count}" for name, count in counts.items())
    lines = [style.paint(f"{what[:1].upper()}{what[1:]}.", "bold"), *outcome_lines(outcome)]
    if not done:
        lines.append("No profiles were imported or replaced.")
    return "\n".join(["", *lines, f"{NO_SERVER} {NOTHING_PRIVATE}"]) + "\n"


def privacy_lines(selection: Selection, written: Sequence[JsonObject]) -> list[str]:
    """What an export holds, what it never does, and what may be sensitive, of profiles as written."""
    lines = [
        f"This export includes profile metadata only: {profiles_text(len(written))}.",
        f"  in it: {', '.join(contents(written)) or 'nothing'}",
        "  never in it: API keys, tokens, model weights, caches, logs, executable paths, runtime state",
    ]
    profiles = [entry.profile for entry in selection.entries]
    lines += [f"  may be sensitive: {what}" for what in sensitive(profiles, written)]
    lines += [f'  left out: "{one.name}": {one.reason}' for one in selection.left_out]
    lines += [
        f'  left out of "{entry.name}": {path.rpartition("/")[2]}, which is none that a profile can have'
        for entry in selection.entries
        for path in entry.unreadable
    ]
    return lines
