"""A plan as text for people: the summary first, then every change and conflict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from mlxsm_sync.planning.digest import done
from mlxsm_sync.planning.drift_only import drifted_profiles
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.desired import ProfileWarning
from mlxsm_sync.values.field_names import called
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.plan import (
    Action,
    Change,
    Conflict,
    FieldChange,
    Orphan,
    OrphanReason,
    Outcome,
    Plan,
)
from mlxsm_sync.values.profile import NAME, Profile
from mlxsm_sync.views.counts import todo_of
from mlxsm_sync.views.machines import called_so
from mlxsm_sync.views.style import NO_SERVER, Style, plural, value

SIGNS: dict[Action, str] = {"create": "+", "update": "~", "replace": "±", "claim": "=", "delete": "-"}
CONFLICT_SIGN, INVALID_SIGN, ORPHAN_SIGN = "!", "✗", "?"

ORPHANED: dict[OrphanReason, str] = {
    "not-listed": "no longer in the file",
    "other-machines": "for other machines",
}
"""Why nothing wants an orphan."""

_MOST_NAMED = 5
"""How many profiles a warning that is about many names."""
_IN_WORDS = {
    "name-taken": "its name is taken",
    "identity-taken": "its model, host and port are taken",
    "duplicate-name": "the file has its name twice",
    "duplicate-identity": "the file has its model, host and port twice",
    "ambiguous-replace": "several entries are in its way",
    "duplicate-replace": "another profile is to replace the same entry",
    "rename-collision": "its new name is not free",
    "drift": "it was changed on this machine",
    "other-file": "it came from another file",
}


def plan_text(plan: Plan, style: Style, file: str | None = None, head: str | None = None) -> str:
    """The whole plan below its title."""
    blocks = [title(plan, style, file, head)]
    blocks += [_block(_change_lines(change, style)) for change in plan.counted]
    blocks += [_block(conflict_lines(conflict, style)) for conflict in plan.conflicts]
    blocks += [_block(_invalid_lines(plan, style))] if plan.invalid else []
    blocks += [_block(_orphan_lines(plan.orphans, style))] if plan.orphans else []
    quiet = [_skipped_lines(plan, style), _moved_lines(plan, style), _unchanged_lines(plan, style)]
    quiet += [_warning_lines(plan, style)]
    blocks += filter(None, map(_block, quiet))
    return "\n\n".join(blocks) + "\n"


def title(plan: Plan, style: Style, file: str | None = None, head: str | None = None) -> str:
    """The counts, or a head in their place; `file` is the profile file, where the command line names none."""
    lines = [style.paint(head or headline(plan), "bold")]
    lines += [f"machine {called_so(plan.machine)}"] if plan.machine is not None else []
    lines += [f"Profile file: {visible(file)}"] if file is not None else []
    return "\n".join(lines)


def answered_text(first: Plan, plan: Plan, style: Style) -> str:
    """The plan after the answers: what they made of it, without what was shown before."""
    blocks = [style.paint(headline(plan), "bold")]
    blocks += [_block(_change_lines(one, style)) for one in plan.counted if one not in first.changes]
    known = {(one.index, one.kind, one.message) for one in first.conflicts}
    new = [one for one in plan.undecided if (one.index, one.kind, one.message) not in known]
    blocks += [_block(conflict_lines(conflict, style)) for conflict in new]
    blocks += filter(None, [_block(_skipped_lines(plan, style))])
    return "\n".join(["", *"\n\n".join(blocks).split("\n"), ""])


def headline(plan: Plan) -> str:
    """`Plan: 2 to create, 1 to update, 1 conflict`, or that there is nothing to do."""
    summary, moved = plan.summary, len(plan.changes) - len(plan.counted)
    summary = summary.model_copy(claim=summary.claim - moved, unchanged=summary.unchanged + moved)
    todo = todo_of(summary)
    rest = [f"{summary.unchanged} unchanged"] if summary.unchanged else []
    rest += [plural(summary.orphan, "orphan")] if summary.orphan else []
    rest += [f"{summary.elsewhere} for other machines"] if summary.elsewhere else []
    if not todo:
        return "Plan: nothing to do" + (f" ({', '.join(rest)})" if rest else "")
    return f"Plan: {', '.join([*todo, *rest])}"


def drift_headline(plan: Plan) -> str:
    """`Drift: 2 profiles were changed on this machine`, or that nothing was."""
    count = drifted_profiles(plan)
    who = f"{plural(count, 'profile')} {'was' if count == 1 else 'were'}" if count else "nothing was"
    return f"Drift: {who} changed on this machine"


def outcome_text(outcome: Outcome, style: Style) -> str:
    """What was done, what was passed over, and what was not touched."""
    what = f"Applied: {done(outcome.summary)}" if outcome.applied else "Nothing was written"
    if outcome.applied and not outcome.counted:
        what = "Nothing to apply; the new path of the file is recorded"
    if outcome.skipped:
        what += f"; {len(outcome.skipped)} skipped"
    return "\n".join(["", style.paint(f"{what}.", "bold"), *outcome_lines(outcome), NO_SERVER]) + "\n"


def outcome_lines(outcome: Outcome) -> list[str]:
    """What was passed over, and why."""
    return [f"  {visible(one.name)}: {in_words(one.reason)}" for one in outcome.skipped]


def in_words(reason: str) -> str:
    """Why a profile was passed over, or the kind of its conflict, in words."""
    return _IN_WORDS.get(reason.removeprefix("conflict: "), reason)


def _block(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _change_lines(change: Change, style: Style) -> Iterator[str]:
    sign = SIGNS[change.action]
    name = style.paint(visible(change.name), "bold")
    yield f"  {style.paint(sign, sign)} {name}{_details(change)}"
    if change.action == "create" and change.after is not None:
        yield from _profile_lines(change.after)
    yield from field_lines(change.fields)


def _details(change: Change) -> str:
    """What the name alone does not say."""
    owner = f"owner {visible(change.owner_before)}" if change.owner_before else "owned by nobody"
    match change.action:
        case "create" if change.renamed:
            return f': "{visible(change.source or "")}" under a new name'
        case "replace":
            return f' replaces "{visible(change.target or "")}" ({owner})'
        case "claim":
            return f"{_in_file(change)}: {_claimed(change)}; nothing else changes"
        case "delete":
            return f" ({owner})"
        case "update" if change.owner_before != change.owner_after:
            after = visible(change.owner_after) if change.owner_after else "nobody"
            return f"{_in_file(change)}: {owner} -> {after}"
        case _:
            return _in_file(change)


def _claimed(change: Change) -> str:
    if change.owner_before == change.owner_after:
        return "what was applied is recorded"
    return f'now owned by "{visible(change.owner_after)}"' if change.owner_after else "now owned by nobody"


def _in_file(change: Change) -> str:
    """Its name in the file, where that is another one."""
    differs = change.source is not None and change.source != change.name
    return f' ("{visible(change.source or "")}" in the file)' if differs else ""


def _profile_lines(profile: Profile) -> Iterator[str]:
    yield from _aligned((path, value(setting)) for path, setting in profile.fields.items() if path != NAME)


def field_lines(fields: Iterable[FieldChange]) -> Iterator[str]:
    """Each field before and after, and which of them somebody changed on this machine."""
    yield from _aligned((one.path, changed(one)) for one in fields)


def changed(one: FieldChange) -> str:
    """A field before and after."""
    mark = " (changed on this machine)" if one.drifted else ""
    return f"{value(one.before)} -> {value(one.after)}{mark}"


def _aligned(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    shown = [(visible(called(path)), text) for path, text in rows]
    width = max((len(path) for path, _ in shown), default=0)
    for path, text in shown:
        yield f"      {path:<{width}}  {text}"


def conflict_lines(conflict: Conflict, style: Style) -> Iterator[str]:
    """What clashes with whom, and the numbered ways out."""
    sign = style.paint(CONFLICT_SIGN, CONFLICT_SIGN)
    numbered = conflict.kind.startswith("duplicate") or any("#" in one for one in conflict.remedies)
    place = f" (#{conflict.index})" if numbered else ""
    yield f"  {sign} {style.paint(visible(conflict.name), 'bold')}{place}: {visible(conflict.message)}"
    yield from _facts(conflict)
    if conflict.decided:
        yield "      skipped, as you chose"
        return
    yield "      1. skip it (default)"
    for number, way in enumerate(conflict.ways, start=2):
        yield f"      {number}. {visible(way.what)}: {visible(way.told)}"


def clash_lines(conflict: Conflict) -> Iterator[str]:
    """What clashes with whom, for the question that follows."""
    place = f" (#{conflict.index})" if conflict.index is not None else ""
    yield f"{visible(conflict.name)}{place}: {visible(conflict.message)}"
    yield from _facts(conflict)


def _facts(conflict: Conflict) -> Iterator[str]:
    """Who is in the way, and what differs."""
    for rival in conflict.rivals:
        where = endpoint(rival.host, rival.port)
        yield f"      {visible(rival.name)}: {visible(f'{rival.model_id} at {where}')}"
    if conflict.rivals and conflict.own and conflict.fields and conflict.before is not None:
        yield f'      its own entry, "{visible(conflict.before.name)}", would change:'
    yield from field_lines(conflict.fields)


def _invalid_lines(plan: Plan, style: Style) -> Iterator[str]:
    for one in plan.invalid:
        yield f"  {style.paint(INVALID_SIGN, INVALID_SIGN)} {visible(one.name)} (#{one.index})"
        yield from (f"      {visible(message)}" for message in one.messages)


def _orphan_lines(orphans: Sequence[Orphan], style: Style) -> Iterator[str]:
    for reason, what in ORPHANED.items():
        some = [one for one in orphans if one.reason == reason]
        them = "those from this file, --prune-foreign all" if any(one.foreign for one in some) else "them"
        if some:
            yield f"Orphans: {what}; --prune deletes {them}"
            yield from _each_orphan(some, style)


def _each_orphan(orphans: Sequence[Orphan], style: Style) -> Iterator[str]:
    for orphan in orphans:
        drifted = ", changed on this machine" if orphan.drifted else ""
        name, came = visible(orphan.name), visible(orphan.came)
        yield f"  {style.paint(ORPHAN_SIGN, ORPHAN_SIGN)} {name} (from {came}{drifted})"


def _skipped_lines(plan: Plan, style: Style) -> Iterator[str]:
    """What was left out by choice; conflicts have told their own."""
    for reason in ("skipped by choice", "not selected"):
        names = [visible(one.name) for one in plan.skipped if one.reason == reason]
        if names:
            yield style.paint(f"{reason.capitalize()}: {', '.join(names)}", "dim")


def _moved_lines(plan: Plan, style: Style) -> Iterator[str]:
    """Profiles of which only the path of their file is renewed."""
    moved: defaultdict[str, int] = defaultdict(int)
    for change in plan.changes:
        if change.moved_from is not None:
            moved[change.moved_from] += 1
    for path, count in moved.items():
        message = (
            f"{plural(count, 'profile')} came from {visible(path)}; an apply records where the file is now"
        )
        yield style.paint(message, "dim")


def _unchanged_lines(plan: Plan, style: Style) -> Iterator[str]:
    if style.verbose:
        yield from (f"  {style.paint(name, 'dim')}" for name in map(visible, plan.unchanged))
        yield from (
            f"  {style.paint(f'{name} (for other machines)', 'dim')}" for name in map(visible, plan.elsewhere)
        )


def _warning_lines(plan: Plan, style: Style) -> Iterator[str]:
    """All warnings, or those of profiles that change, by what they say."""
    shown = plan.warnings if style.verbose else [one for one in plan.warnings if not one.standing]
    if shown:
        yield "Warnings"
    groups: defaultdict[str, list[ProfileWarning]] = defaultdict(list)
    for one in shown:
        groups[f"{one.line}:{one.message}" if style.verbose else one.message].append(one)
    path = plan.input.path if plan.input else None
    for group in groups.values():
        first = group[0]
        place = f"{visible(path)}:{first.line}:{first.column}: " if path and first.line else ""
        place = style.paint(place, "dim") if len(group) == 1 else ""
        yield f"  {place}{_names(group)}: {visible(first.message)}"
    if left := len(plan.warnings) - len(shown):
        yield style.paint(f"{plural(left, 'warning')} about profiles that do not change: -v shows all", "dim")


def _names(group: Sequence[ProfileWarning]) -> str:
    names = [visible(one.name) for one in group]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
