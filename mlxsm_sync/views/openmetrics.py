"""What a machine says of itself, as metrics.

The text is valid OpenMetrics 1.0. It is also valid in the older text format of Prometheus, in which
node_exporter reads its folder of text files: that knows gauges, and takes `# UNIT` and `# EOF` for comments.
https://prometheus.io/docs/specs/om/open_metrics_spec/

No path is in it: whoever may read that folder may read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, get_args

from mlxsm_sync.text.times import to_seconds
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.run import Status
from mlxsm_sync.values.status import STANDINGS, MachineStatus

Sample = tuple[dict[str, str], float]
"""Labels, and a value."""


class Family(NamedTuple):
    """One metric, with its samples."""

    name: str
    help: str
    samples: Iterable[Sample]
    unit: str = ""


def openmetrics(seen: MachineStatus) -> str:
    """The status as text of OpenMetrics, a gauge each; what is not known has no sample."""
    lines = [line for family in _families(seen) for line in _lines(family, seen.machine.name)]
    return "".join(f"{line}\n" for line in [*lines, "# EOF"])


def _families(seen: MachineStatus) -> Iterator[Family]:
    yield Family("mlxsm_machine_info", "What is installed.", [(_about(seen), 1)])
    yield Family("mlxsm_status_timestamp_seconds", "When this was looked at.", _at(seen.at), "seconds")
    yield Family("mlxsm_state_serial", "The serial of the state.", [({}, seen.state.serial)])
    standings: list[Sample] = [({"status": one}, float(one == seen.plan.status)) for one in STANDINGS]
    yield Family("mlxsm_plan_status", "How the machine stands to its profile file.", standings)
    summary = seen.plan.summary
    counts: list[Sample] = (
        [({"kind": name}, count) for name, count in vars(summary).items()] if summary else []
    )
    yield Family("mlxsm_plan_profiles", "What an apply would do.", counts)
    last = seen.last_apply
    applied = _at(last.at if last is not None else None)
    yield Family("mlxsm_last_apply_timestamp_seconds", "When it was last applied.", applied, "seconds")
    code = last.exit if last is not None else None
    yield Family("mlxsm_last_apply_exit_code", "How that ended.", [({}, code)] if code is not None else [])
    memory = seen.memory
    together = "What models may take together."
    yield Family("mlxsm_memory_limit_bytes", together, [({}, memory.limit_bytes)], "bytes")
    yield Family("mlxsm_memory_used_bytes", "What servers of ours use.", [({}, memory.used_bytes)], "bytes")
    yield from _of_servers(seen)


def _of_servers(seen: MachineStatus) -> Iterator[Family]:
    named = [({"server": one.name, "id": one.id}, one) for one in seen.servers]
    states = [
        (labels | {"status": status}, float(one.status == status))
        for labels, one in named
        for status in get_args(Status)
    ]
    yield Family("mlxsm_server_status", "How a server is.", states)
    stale = [(labels, float(one.stale)) for labels, one in named]
    yield Family("mlxsm_server_stale", "Whether a restart would change its options.", stale)
    used = [(labels, float(one.memory_bytes)) for labels, one in named if one.memory_bytes is not None]
    yield Family("mlxsm_server_memory_bytes", "What a server uses.", used, "bytes")
    up = [(labels, one.uptime_seconds) for labels, one in named if one.uptime_seconds is not None]
    yield Family("mlxsm_server_uptime_seconds", "How long a server runs.", up, "seconds")
    answered = [(labels, to_seconds(one.answered_at)) for labels, one in named if one.answered_at is not None]
    name = "mlxsm_server_answered_timestamp_seconds"
    yield Family(name, "When a completion was last answered.", answered, "seconds")


def _about(seen: MachineStatus) -> dict[str, str]:
    versions = seen.versions
    known = {
        "mlxsm": versions.mlxsm,
        "mlx_lm": versions.mlx_lm,
        "mlx": versions.mlx,
        "system": versions.system,
    }
    about = {name: release for name, release in known.items() if release is not None}
    return about | {"tags": ",".join(seen.machine.tags), "commit": seen.file.commit or ""}


def _at(moment: str | None) -> list[Sample]:
    return [({}, to_seconds(moment))] if moment is not None else []


def _lines(family: Family, machine: str) -> Iterator[str]:
    samples = [*family.samples]
    if not samples:
        return
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} gauge"
    if family.unit:
        yield f"# UNIT {family.name} {family.unit}"
    for labels, value in samples:
        inside = ",".join(
            f'{name}="{_escaped(text)}"' for name, text in ({"machine": machine} | labels).items()
        )
        yield (
            f"{family.name}{{{inside}}} {value:g}"
            if value < 10**6
            else f"{family.name}{{{inside}}} {value:.0f}"
        )


def _escaped(text: str) -> str:
    return visible(text).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
