"""A plan as Markdown, for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlxsm_sync.changes import Change, Plan
from mlxsm_sync.characters import visible
from mlxsm_sync.render import CONFLICT_SIGN, SIGNS, Style, headline, plan_text

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")


def plan_markdown(plan: Plan) -> str:
    """A heading, a table of what changes, and the whole plan folded away."""
    lines = [f"### {_escaped(headline(plan))}", ""]
    rows = [*_rows(plan)]
    if rows:
        lines += ["| | Profile | What |", "| --- | --- | --- |", *rows, ""]
    fence = "```"
    text = plan_text(plan, Style())
    while fence in text:
        fence += "`"
    lines += [
        "<details><summary>Details</summary>",
        "",
        f"{fence}text",
        text.rstrip("\n"),
        fence,
        "",
        "</details>",
    ]
    return "\n".join([*lines, "", f"<!-- mlxsm plan {plan.digest} -->"]) + "\n"


def _rows(plan: Plan) -> Iterator[str]:
    for change in plan.changes:
        yield f"| `{SIGNS[change.action]}` | {_escaped(visible(change.name))} | {_what(change)} |"
    for conflict in plan.conflicts:
        name, message = _escaped(visible(conflict.name)), _escaped(visible(conflict.message))
        yield f"| `{CONFLICT_SIGN}` | {name} | {conflict.kind}: {message} |"


def _what(change: Change) -> str:
    fields = ", ".join(_escaped(visible(one.path)) for one in change.fields)
    return f"{change.action}: {fields}" if fields else change.action


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
