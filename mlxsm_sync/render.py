"""Finished values as text for people: signs carry the meaning, colour only helps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlxsm_sync.changes import Action, Change, Choice, Conflict, FieldChange, Orphan, Outcome, Plan
from mlxsm_sync.characters import visible
from mlxsm_sync.digest import done
from mlxsm_sync.json_value import Json
from mlxsm_sync.profile import OPTIONS, Profile, endpoint

if TYPE_CHECKING:
    from mlxsm_sync.connect import Connection
    from mlxsm_sync.reports import HistoryReport, ListReport

SIGNS: dict[Action, str] = {"create": "+", "update": "~", "replace": "±", "claim": "=", "delete": "-"}
CONFLICT_SIGN, INVALID_SIGN, ORPHAN_SIGN = "!", "✗", "?"
NO_SERVER = "No server was started or changed."

_COLOURS = {"+": 32, "~": 33, "±": 35, "=": 36, "-": 31, "!": 31, "✗": 31, "?": 33, "bold": 1, "dim": 2}
_VALUE_LENGTH = 200


class Style(NamedTuple):
    """How text is dressed for one stream."""

    colour: bool = False
    verbose: bool = False

    def paint(self, text: str, what: str) -> str:
        """`text` in the colour of a sign, or bold or dim, where the stream has colours."""
        return f"\x1b[{_COLOURS[what]}m{text}\x1b[0m" if self.colour else text


def plan_text(plan: Plan, style: Style) -> str:
    """The summary first, then every change and conflict."""
    blocks = [style.paint(headline(plan), "bold")]
    blocks += [_block(_change_lines(change, style)) for change in plan.changes]
    blocks += [_block(conflict_lines(conflict, style)) for conflict in plan.conflicts]
    blocks += [_block(_invalid_lines(plan, style))] if plan.invalid else []
    blocks += [_block(_orphan_lines(plan.orphans, style))] if plan.orphans else []
    if left_out := _block(_skipped_lines(plan, style)):
        blocks.append(left_out)
    if style.verbose and plan.unchanged:
        blocks.append(_block(f"  {style.paint(name, 'dim')}" for name in map(visible, plan.unchanged)))
    if plan.warnings:
        blocks.append(_block(_warning_lines(plan, style)))
    return "\n\n".join(blocks) + "\n"


def headline(plan: Plan) -> str:
    """`Plan: 2 to create, 1 to update, 1 conflict`, or that there is nothing to do."""
    summary = plan.summary
    todo = [f"{getattr(summary, action)} to {action}" for action in SIGNS if getattr(summary, action)]
    if summary.rename:
        todo[0] += f" ({summary.rename} renamed)"
    todo += [_plural(summary.conflict, "conflict")] if summary.conflict else []
    todo += [f"{summary.invalid} invalid"] if summary.invalid else []
    rest = [f"{summary.unchanged} unchanged"] if summary.unchanged else []
    rest += [_plural(summary.orphan, "orphan")] if summary.orphan else []
    if not todo:
        return "Plan: nothing to do" + (f" ({', '.join(rest)})" if rest else "")
    return f"Plan: {', '.join([*todo, *rest])}"


def outcome_text(outcome: Outcome, style: Style) -> str:
    """What was done, what was passed over, and what was not touched."""
    what = f"Applied: {done(outcome.summary)}" if outcome.applied else "Nothing was written"
    if outcome.skipped:
        what += f"; {len(outcome.skipped)} skipped"
    return "\n".join(["", style.paint(f"{what}.", "bold"), *outcome_lines(outcome), NO_SERVER]) + "\n"


def outcome_lines(outcome: Outcome) -> list[str]:
    """What was passed over, and why."""
    return [f"  {visible(one.name)}: {one.reason}" for one in outcome.skipped]


def _block(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _change_lines(change: Change, style: Style) -> Iterator[str]:
    sign = SIGNS[change.action]
    name = style.paint(visible(change.name), "bold")
    yield f"  {style.paint(sign, sign)} {name}{_told(change)}"
    if change.action == "create" and change.after is not None:
        yield from _profile_lines(change.after)
    yield from field_lines(change.fields)


def _told(change: Change) -> str:
    """What the name alone does not say."""
    owner = f"owner {visible(change.owner_before)}" if change.owner_before else "owned by nobody"
    match change.action:
        case "create" if change.renamed:
            return f': "{visible(change.source or "")}" under a new name'
        case "replace":
            return f' replaces "{visible(change.target or "")}" ({owner})'
        case "claim":
            recorded = f"recorded for {visible(change.owner_after)}" if change.owner_after else "released"
            return f"{_in_file(change)}: {recorded}, no field changes ({owner})"
        case "delete":
            return f" ({owner})"
        case _ if change.renamed:
            return f': "{visible(change.source or "")}" under a new name'
        case "update" if change.owner_before != change.owner_after:
            after = visible(change.owner_after) if change.owner_after else "nobody"
            return f"{_in_file(change)}: {owner} -> {after}"
        case _:
            return _in_file(change)


def _in_file(change: Change) -> str:
    """Its name in the file, where that is another one."""
    differs = change.source is not None and change.source != change.name
    return f' ("{visible(change.source or "")}" in the file)' if differs else ""


def _profile_lines(profile: Profile) -> Iterator[str]:
    yield from _aligned((path, value(setting)) for path, setting in profile.fields.items() if path != "/name")


def field_lines(fields: Iterable[FieldChange]) -> Iterator[str]:
    yield from _aligned((one.path, f"{value(one.before)} -> {value(one.after)}") for one in fields)


def _aligned(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    shown = [(visible(path.removeprefix(f"/{OPTIONS}").removeprefix("/")), text) for path, text in rows]
    width = max((len(path) for path, _ in shown), default=0)
    for path, text in shown:
        yield f"      {path:<{width}}  {text}"


def value(data: Json) -> str:
    """A value as it is written in a profile file, on one visible line."""
    if data is None:
        return "(unset)"
    text = data if isinstance(data, str) and data else json.dumps(data, ensure_ascii=False)
    shown = visible(text)
    return shown if len(shown) <= _VALUE_LENGTH else f"{shown[:_VALUE_LENGTH]}… ({len(shown)} characters)"


def one_line(profile: Profile) -> str:
    """A profile in short."""
    return visible(f"{profile.name} | {profile.model_id} | {endpoint(profile.host, profile.port)}")


def conflict_lines(conflict: Conflict, style: Style) -> Iterator[str]:
    """What clashes with whom, and the numbered ways out."""
    sign = style.paint(CONFLICT_SIGN, CONFLICT_SIGN)
    numbered = conflict.kind.startswith("duplicate") or any("#" in one for one in conflict.remedies)
    place = f" (#{conflict.index})" if numbered else ""
    yield f"  {sign} {style.paint(visible(conflict.name), 'bold')}{place}: {visible(conflict.message)}"
    for rival in conflict.rivals:
        where = endpoint(rival.host, rival.port)
        yield f"      {visible(rival.name)}: {visible(f'{rival.model_id} at {where}')}"
    yield from field_lines(conflict.fields)
    if conflict.decided:
        yield "      skipped, as you chose"
        return
    yield "      1. skip it; this is what happens if you do nothing"
    ways = dict(zip((way for way in conflict.choices if way != "skip"), conflict.remedies, strict=False))
    for number, (way, remedy) in enumerate(ways.items(), start=2):
        yield f"      {number}. {_way(conflict, way)}: {visible(remedy)}"
    for number, remedy in enumerate(conflict.remedies[len(ways) :], start=len(ways) + 2):
        what = "take this machine's values" if conflict.kind == "drift" else "or"
        yield f"      {number}. {what}: {visible(remedy)}"


def _way(conflict: Conflict, way: Choice) -> str:
    if way == "rename":
        return f'rename it to "{visible(conflict.suggested_name or "another name")}"'
    if conflict.kind == "drift":
        return "delete it all the same" if conflict.index is None else "take the file's values"
    return f'replace "{visible(conflict.target or "")}"'


def _invalid_lines(plan: Plan, style: Style) -> Iterator[str]:
    for one in plan.invalid:
        yield f"  {style.paint(INVALID_SIGN, INVALID_SIGN)} {visible(one.name)} (#{one.index})"
        yield from (f"      {visible(message)}" for message in one.messages)


def _orphan_lines(orphans: Sequence[Orphan], style: Style) -> Iterator[str]:
    yield "Orphans: no longer in the file; --prune deletes those from this file, --prune-foreign all"
    for orphan in orphans:
        changed = ", changed on this machine" if orphan.drifted else ""
        came = visible(orphan.from_) if orphan.from_ else "standard input"
        yield f"  {style.paint(ORPHAN_SIGN, ORPHAN_SIGN)} {visible(orphan.name)} (from {came}{changed})"


def _skipped_lines(plan: Plan, style: Style) -> Iterator[str]:
    """What was left out by choice; conflicts have told their own."""
    for reason in ("skipped by choice", "not selected"):
        names = [visible(one.name) for one in plan.skipped if one.reason == reason]
        if names:
            yield style.paint(f"{reason.capitalize()}: {', '.join(names)}", "dim")


def _warning_lines(plan: Plan, style: Style) -> Iterator[str]:
    yield "Warnings"
    path = plan.input.path if plan.input else None
    for warning in plan.warnings:
        place = f"{visible(path)}:{warning.line}:{warning.column}: " if path and warning.line else ""
        yield f"  {style.paint(place, 'dim')}{visible(warning.name)}: {visible(warning.message)}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], style: Style) -> str:
    """Columns as wide as their widest cell."""
    cells = [list(head), *([visible(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    lines[0] = style.paint(lines[0].rstrip(), "dim")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def list_text(report: ListReport, style: Style) -> str:
    """The entries as a table."""
    rows = (
        (
            one.name,
            one.model_id,
            endpoint(one.host, one.port),
            one.owner or "-",
            "yes" if one.drifted else "no",
            one.source or "-",
        )
        for one in report.entries
    )
    return table(("NAME", "MODEL", "ENDPOINT", "OWNER", "DRIFTED", "IN FILE AS"), rows, style)


def history_text(report: HistoryReport, style: Style) -> str:
    """The earlier states as a table."""
    rows = (
        (str(one.serial), one.written_at or "-", one.command or "-", one.owner or "-", one.summary or "-")
        for one in report.entries
    )
    return table(("SERIAL", "WRITTEN", "COMMAND", "OWNER", "SUMMARY"), rows, style)


def connection_text(settings: Connection, style: Style) -> str:
    """Where a server is and what to send to it, to read and to copy."""
    rows = (("base URL", settings.base_url), ("model", settings.model), ("API key", settings.api_key))
    lines = [style.paint(f"{visible(settings.name)}: clients talk to the server directly", "bold")]
    lines += [f"  {label:<8}  {visible(text)}" for label, text in rows]
    return "\n".join([*lines, "", settings.text, settings.curl]) + "\n"
