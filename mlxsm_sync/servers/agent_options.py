"""What the agent of a machine is told: the options of `mlxsm agent run` that its unit holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from mlxsm_sync.servers.service_units import option_words, read_options

_MODULE = ("-P", "-m", "mlxsm_sync", "agent", "run")
"""How an interpreter is told to run once; `-P` keeps the current folder from naming modules."""


@dataclass(frozen=True)
class AgentOptions:
    """The options of `mlxsm agent run`; what is not there is its default. Paths are whole ones."""

    repo: str = ""
    """The top of the checkout."""
    state: str = ""
    file: str | None = None
    machine: str | None = None
    prune: bool = False
    up: bool = False
    verify_commits: bool = False
    status_out: str | None = None
    fetch_timeout: float | None = None
    """In seconds."""


def command_line(interpreter: str, held: AgentOptions) -> tuple[str, ...]:
    """The command line of a unit; `interpreter` is the whole path of a Python that has mlxsm."""
    return (interpreter, *_MODULE, *option_words(held))


def held_by(argv: Sequence[str] | None) -> AgentOptions | None:
    """The options in the command line of a unit; None where it is none of ours."""
    if argv is None or tuple(argv[1 : len(_MODULE) + 1]) != _MODULE:
        return None
    try:
        return AgentOptions(**read_options(fields(AgentOptions), argv[len(_MODULE) + 1 :]))
    except ValueError:
        return None
