"""What a machine says of itself, as text for people."""

from __future__ import annotations

from collections.abc import Iterator

from mlxsm_sync.text.amounts import ago, part
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.status import MachineStatus, Standing
from mlxsm_sync.views.style import Style, plural, table

SIGNS: dict[Standing, str] = {"in-step": "=", "behind": "~", "drift": "?", "conflict": "!", "broken": "✗"}
IN_WORDS: dict[Standing, str] = {
    "in-step": "in step",
    "behind": "behind",
    "drift": "changed on this machine",
    "conflict": "waits for a decision",
    "broken": "cannot be used",
}
_HEAD = ("NAME", "STATUS", "ENDPOINT", "ANSWERED", "MODEL")
_SHORT = 12
"""Digits of a commit, as git shows them in a large repository."""


def headline_of(seen: MachineStatus) -> str:
    """`studio: in step, 2 of 3 servers ready`."""
    started = [one for one in seen.servers if one.status != "stopped"]
    ready = sum(one.status == "ready" for one in started)
    servers = f"{ready} of {plural(len(started), 'server')} ready" if started else "no server runs"
    return f"{visible(seen.machine.name)}: {IN_WORDS[seen.plan.status]}, {servers}"


def status_text(seen: MachineStatus, style: Style) -> str:
    """The facts one below the other, then the servers as a table."""
    facts = [*_facts(seen, style)]
    width = max(len(name) for name, _ in facts)
    lines = [style.paint(headline_of(seen), "bold"), *(f"  {name:<{width}}  {text}" for name, text in facts)]
    text = "".join(f"{line}\n" for line in lines)
    if not seen.servers:
        return text
    rows = [
        (one.name, one.status, one.endpoint, ago(one.answered_at) or "-", one.model_id or "-")
        for one in seen.servers
    ]
    servers = table(_HEAD, rows, style, yielding=("MODEL", "NAME"), dropping=("MODEL", "ANSWERED"))
    return f"{text}\n{servers}"


def _facts(seen: MachineStatus, style: Style) -> Iterator[tuple[str, str]]:
    file, state, plan = seen.file, seen.state, seen.plan
    commit = f" at {file.commit[:_SHORT]}" if file.commit else ""
    yield "file", f"{visible(file.path)}{commit}" if file.path else "none"
    sign = SIGNS[plan.status]
    why = f": {visible(plan.message)}" if plan.message else ""
    yield "plan", f"{style.paint(sign, sign)} {IN_WORDS[plan.status]}{why}"
    serial = f"serial {state.serial}" if state.lineage else "none yet"
    yield "state", f"{serial}, collection {visible(state.collection)}" if state.collection else serial
    if (last := seen.last_apply) is not None:
        code = f", exit code {last.exit}" if last.exit is not None else ""
        yield "applied", f"{ago(last.at)}{code}"
    yield "memory", part(seen.memory.used_bytes, seen.memory.limit_bytes)
    versions = seen.versions
    known = {"mlxsm": versions.mlxsm, "mlx-lm": versions.mlx_lm, "mlx": versions.mlx}
    yield (
        "versions",
        ", ".join([*(f"{name} {release}" for name, release in known.items() if release), versions.system]),
    )
    if seen.machine.tags:
        yield "tags", " ".join(f"@{visible(tag)}" for tag in seen.machine.tags)
