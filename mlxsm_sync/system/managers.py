"""The manager of services that this system has: launchd on macOS, systemd elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from mlxsm_sync.system.launchd import Launchd, is_service_of_this_process
from mlxsm_sync.system.service_states import UnitState
from mlxsm_sync.system.systemd import Systemd, is_unit_of_this_process


class ServiceManager(Protocol):
    """What is asked of a manager. Entries are named by their ids, files by their whole paths."""

    kind: str

    def folder(self) -> Path: ...
    def unit(self, entry_id: str) -> str: ...
    def file_name(self, entry_id: str) -> str: ...
    def trouble(self) -> str | None: ...
    def put(self, entry_id: str, path: Path, *, anew: bool) -> None: ...
    def start(self, entry_id: str, path: Path) -> None: ...
    def stop(self, entry_id: str) -> bool: ...
    def stop_command(self, entry_id: str) -> str: ...
    def check(self, path: Path) -> None: ...
    def release(self, entry_id: str) -> None: ...
    def forget(self, entry_id: str) -> None: ...
    def state(self, entry_id: str) -> UnitState: ...


_KINDS: Mapping[str, Callable[[Mapping[str, str]], ServiceManager]] = {"darwin": Launchd}


def service_manager(environment: Mapping[str, str]) -> ServiceManager:
    """The manager of this system, whether it can be asked or not."""
    return _KINDS.get(sys.platform, Systemd)(environment)


def full_name(manager: ServiceManager, entry_id: str) -> str:
    """What the service of an entry is called in records and reports: the manager, and its own name for it."""
    return f"{manager.kind}:{manager.unit(entry_id)}"


def manager_of_this_process(entry_id: str, environment: Mapping[str, str]) -> str | None:
    """The service of an entry that this process is; None where no manager started it as that."""
    manager = service_manager(environment)
    unit = manager.unit(entry_id)
    if manager.kind == "launchd":
        is_it = is_service_of_this_process(unit, environment)
    else:
        is_it = is_unit_of_this_process(unit)
    return full_name(manager, entry_id) if is_it else None


def stop_service(noted: str | None, entry_id: str, environment: Mapping[str, str]) -> bool:
    """Let the manager end a service that a record names; False where it cannot.

    A record is only a hint: no other unit than that of its own entry is ever asked to end.
    """
    manager = service_manager(environment)
    if noted is None or noted != full_name(manager, entry_id):
        return False
    # A `run` that ends what an earlier one has left is not to end itself.
    return manager_of_this_process(entry_id, environment) is None and manager.stop(entry_id)
