"""What runs now and then: the timers of systemd, and the calendars of launchd."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from mlxsm_sync.system.launchd import Launchd
from mlxsm_sync.system.service_states import UnitState
from mlxsm_sync.system.systemd import Systemd
from mlxsm_sync.text.times import from_seconds

_TIME = "%a %Y-%m-%d %H:%M:%S UTC"


class TimerState(NamedTuple):
    """What a manager says of something that it runs now and then."""

    unit: UnitState
    """How the run is that goes on, or was last; `absent` where the manager knows of none."""
    is_set: bool
    """Whether the manager is going to run it."""
    next_at: str | None = None
    """When it runs next, ISO 8601, UTC; None where the manager does not tell."""
    last_at: str | None = None
    """When it was due last, the same."""


class TimerManager(Protocol):
    """What is asked of a manager; `key` is what the names of units are made of."""

    kind: str

    def folder(self) -> Path: ...
    def timer_name(self, key: str) -> str: ...
    def file_names(self, key: str) -> tuple[str, ...]: ...
    def trouble(self) -> str | None: ...
    def set_timer(self, key: str, *, anew: bool, begin: bool) -> None: ...
    def stop_timer(self, key: str) -> None: ...
    def forget_timer(self, key: str, paths: Sequence[Path]) -> None: ...
    def stop(self, entry_id: str) -> bool: ...
    def timer_state(self, key: str) -> TimerState: ...


class SystemdTimers(Systemd):
    """The user manager of systemd, asked for timers."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(environment)
        self._environment |= {"TZ": "UTC", "LC_ALL": "C"}  # so that times can be read

    def timer_name(self, key: str) -> str:
        """What it calls the timer."""
        return f"mlxsm-{key}.timer"

    def file_names(self, key: str) -> tuple[str, ...]:
        """The files that it reads, that of the timer first."""
        return self.timer_name(key), self.unit(key)

    def set_timer(self, key: str, *, anew: bool, begin: bool) -> None:
        """Take over files that are new, or were written `anew`, and let them count at a login; ServerError.

        To `begin` is to let the timer count now, and to run a new one at once, as launchd does.
        """
        timer = self.timer_name(key)
        self._need("daemon-reload")
        self._need("enable", "--quiet", timer)
        if begin:
            is_new = not self.timer_state(key).is_set
            self._need("restart" if anew else "start", timer)
            if anew or is_new:
                self._need("start", "--no-block", self.unit(key))

    def stop_timer(self, key: str) -> None:
        """Let nothing begin any more; ServerError. What runs goes on."""
        self._ask("stop", self.timer_name(key))

    def forget_timer(self, key: str, paths: Sequence[Path]) -> None:
        """Forget a timer that was stopped, and remove its files; ServerError, OSError."""
        timer = self.timer_name(key)
        self._ask("clean", "--what=state", timer)  # when it ran last
        self._need("disable", "--quiet", timer)
        for path in paths:
            path.unlink(missing_ok=True)
        self._need("daemon-reload")
        self._ask("reset-failed", self.unit(key), timer)

    def timer_state(self, key: str) -> TimerState:
        """How it is."""
        names = "LoadState,ActiveState,NextElapseUSecRealtime,LastTriggerUSec"
        answer = self._ask("show", self.timer_name(key), f"--property={names}")
        values = dict(line.partition("=")[::2] for line in answer.out.splitlines())
        if answer.code != 0 or values.get("LoadState") != "loaded":
            return TimerState(UnitState("absent"), False)
        is_set = values.get("ActiveState") == "active"
        at = [_moment(values.get(name, "")) for name in names.split(",")[2:]]
        return TimerState(self.state(key), is_set, at[0] if is_set else None, at[1])


def _moment(text: str) -> str | None:
    with suppress(ValueError):
        return from_seconds(datetime.strptime(text, _TIME).replace(tzinfo=UTC).timestamp())
    return None


class LaunchdTimers(Launchd):
    """launchd, asked for what runs by a calendar. It does not tell when that is next."""

    def timer_name(self, key: str) -> str:
        """What it calls it: its label."""
        return self.unit(key)

    def file_names(self, key: str) -> tuple[str, ...]:
        """The one file that it reads."""
        return (self.file_name(key),)

    def set_timer(self, key: str, *, anew: bool, begin: bool) -> None:
        """Load a file that is new, or was written `anew`, which also runs it at once; ServerError.

        Without `begin` it is loaded at the next login.
        """
        if anew and self._is_loaded(key):
            self._bootout(key)
        if begin and not self._is_loaded(key):
            self._bootstrap(key, self.folder() / self.file_name(key))

    def stop_timer(self, key: str) -> None:
        """Nothing: what runs and what is due are one job of launchd, and both end with `stop`."""

    def forget_timer(self, key: str, paths: Sequence[Path]) -> None:
        """Forget it, and remove its file; ServerError, OSError."""
        self.release(key)
        for path in paths:
            path.unlink(missing_ok=True)

    def timer_state(self, key: str) -> TimerState:
        """How it is."""
        unit = self.state(key)
        return TimerState(unit, unit.state != "absent")


_KINDS: Mapping[str, Callable[[Mapping[str, str]], TimerManager]] = {"darwin": LaunchdTimers}


def timer_manager(environment: Mapping[str, str]) -> TimerManager:
    """The manager of this system, whether it can be asked or not."""
    return _KINDS.get(sys.platform, SystemdTimers)(environment)
