"""A plan as Markdown, for a pull request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from mlxsm_sync.text.markdown import code, comment
from mlxsm_sync.text.markdown_page import Page, fitted
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.desired import Invalid
from mlxsm_sync.values.field_names import called
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.plan import Change, Conflict, FieldChange, Orphan, Plan
from mlxsm_sync.values.profile import HOST, MODEL_ID, NAME, PORT, Profile
from mlxsm_sync.views.plan import (
    CONFLICT_SIGN,
    INVALID_SIGN,
    ORPHAN_SIGN,
    ORPHANED,
    SIGNS,
    headline,
    in_words,
    plan_text,
)
from mlxsm_sync.views.style import MOST_BYTES, Style, value
from mlxsm_sync.views.summary import summary_lines

_TABLE_HEAD = ("| | Profile | What |", "| --- | --- | --- |")
_TOLD_APART = {NAME, MODEL_ID, HOST, PORT}


def plan_markdown(
    plan: Plan,
    *,
    most: int = MOST_BYTES,
    head: str | None = None,
    brief: bool = False,
    shown: Callable[[str], str] = str,
) -> str:
    """A heading, a table with a row for each profile, the plan's text folded away, and a hidden marker.

    It takes at most `most` bytes. `head` is said in place of the counts of all changes; then nothing is to
    be applied. `brief` leaves out fields and details. `shown` is the gate for secrets: a text of others
    passes it before it is dressed as Markdown, in which a secret would not be known again.
    """
    cells = _Cells(shown)
    rows = cells.in_short(plan) if brief else cells.in_full(plan)
    note = None
    if head is None and plan.input is not None and plan.input.meaning is not None:
        note = f"To apply only what this file says now: `--expect-input {plan.input.meaning}`"
    details = [] if brief else shown(plan_text(plan, Style(), head=head)).rstrip("\n").split("\n")
    return fitted(
        Page(
            heading=f"### {head or headline(plan)}{_where(plan)}",
            table_head=_TABLE_HEAD,
            rows=[f"| `{sign}` | {name} | {what} |" for sign, name, what in rows],
            note=note,
            details=details,
            marker=_marker(plan),
        ),
        most,
        shown,
    )


def _where(plan: Plan) -> str:
    return f", on {code(plan.machine.name)}" if plan.machine is not None else ""


def _marker(plan: Plan) -> str:
    """By this a program finds the comment that it wrote before, and whether the plan is another one now."""
    machine = plan.machine.name if plan.machine is not None else None
    return comment("mlxsm plan", {"collection": plan.owner, "machine": machine, "digest": plan.digest})


class _Cells(NamedTuple):
    """The cells of the table: words of ours, and everything of others as code."""

    shown: Callable[[str], str]

    def in_short(self, plan: Plan) -> Iterator[tuple[str, str, str]]:
        """Sign, name, and a few words."""
        for sign, name, what in summary_lines(plan):
            yield sign, self._code(name), what

    def in_full(self, plan: Plan) -> Iterator[tuple[str, str, str]]:
        """Sign, name, and what happens with every field, in the order of the plan's text."""
        for change in plan.counted:
            yield SIGNS[change.action], self._code(change.name), self._change(change)
        for conflict in plan.conflicts:
            yield CONFLICT_SIGN, self._code(conflict.name), self._conflict(conflict)
        for one in plan.invalid:
            yield INVALID_SIGN, self._code(one.name), self._invalid(one)
        for orphan in plan.orphans:
            yield ORPHAN_SIGN, self._code(orphan.name), _orphan(orphan)

    def _code(self, text: str) -> str:
        return code(self.shown(visible(text)))

    def _listed(self, texts: Iterable[str]) -> str:
        return ", ".join(map(self._code, texts))

    def _owner(self, owner: str | None) -> str:
        return f"owner {self._code(owner)}" if owner is not None else "owned by nobody"

    def _change(self, change: Change) -> str:
        what: str = change.action
        if change.action == "replace" and change.target is not None:
            what += f" {self._code(change.target)}"
        if change.action in ("replace", "delete"):
            what += f" ({self._owner(change.owner_before)})"
        if change.source not in (None, change.name):
            what += f" ({self._code(change.source or '')} in the file)"
        facts = ", ".join(filter(None, [self._owners(change), self._told_fields(change)]))
        return f"{what}: {facts}" if facts else what

    def _told_fields(self, change: Change) -> str:
        if change.action == "create" and change.after is not None:
            return self._created(change.after)
        return self._changed(change.fields)

    def _owners(self, change: Change) -> str:
        """What becomes of the owner, where that is not plain."""
        same = change.owner_before == change.owner_after
        match change.action:
            case "claim" if same:
                return "what was applied is recorded"
            case "claim":
                return f"now {self._owner(change.owner_after)}"
            case "update" if not same:
                after = self._code(change.owner_after) if change.owner_after is not None else "nobody"
                return f"{self._owner(change.owner_before)} -> {after}"
            case _:
                return ""

    def _created(self, profile: Profile) -> str:
        where = self._code(endpoint(profile.host, profile.port))
        others = (
            f"{called(path)} {value(setting)}"
            for path, setting in profile.fields.items()
            if path not in _TOLD_APART
        )
        return ", ".join([f"{self._code(value(profile.model_id))} at {where}", *map(self._code, others)])

    def _changed(self, fields: Iterable[FieldChange]) -> str:
        """`port 21361 -> 21362` of each field, in the words of the file."""
        return ", ".join(
            self._code(f"{called(one.path)} {value(one.before)} -> {value(one.after)}")
            + (" (changed on this machine)" if one.drifted else "")
            for one in fields
        )

    def _conflict(self, conflict: Conflict) -> str:
        parts = [f"conflict: {in_words(conflict.kind)}"]
        if conflict.kind.startswith("duplicate") and conflict.index is not None:
            parts[0] += f" (profile {self._code(f'#{conflict.index}')})"
        if conflict.rivals:
            rivals = (f"{self._code(one.name)} ({self._owner(one.owner)})" for one in conflict.rivals)
            parts.append(f"in its way: {', '.join(rivals)}")
        if conflict.fields and conflict.own:
            parts.append(f"its own entry would change: {self._changed(conflict.fields)}")
        elif conflict.fields and conflict.before is not None:
            entry = self._code(conflict.before.name)
            parts.append(f"a replace of {entry} would change: {self._changed(conflict.fields)}")
        elif conflict.drift:
            parts.append(f"changed here: {self._listed(map(called, conflict.drift))}")
        parts += ["skipped, as you chose"] if conflict.decided else []
        return "; ".join(parts)

    def _invalid(self, one: Invalid) -> str:
        return f"invalid: {'; '.join(map(self._code, one.messages))}"


def _orphan(orphan: Orphan) -> str:
    stays = "stays, it came from another file" if orphan.foreign else "stays, unless pruned"
    drifted = ", changed on this machine" if orphan.drifted else ""
    return f"{ORPHANED[orphan.reason]}: {stays}{drifted}"
