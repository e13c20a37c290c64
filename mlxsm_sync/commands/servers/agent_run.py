"""`mlxsm agent run`: move the checkout forward, apply what it holds, write how the machine is."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from mlxsm_sync.commands.apply import apply
from mlxsm_sync.commands.output import report_failure
from mlxsm_sync.commands.plan import DECISIONS
from mlxsm_sync.commands.servers.agent_output import LoggedOutput
from mlxsm_sync.commands.servers.bring_up import SIGNALLED
from mlxsm_sync.commands.servers.keeping import state_name
from mlxsm_sync.commands.servers.status import look
from mlxsm_sync.commands.servers.up import up
from mlxsm_sync.commands.session import DEFAULT_START_TIMEOUT, Session
from mlxsm_sync.errors import FileError, MlxsmError, UsageError
from mlxsm_sync.files.atomic import write_whole
from mlxsm_sync.files.paths import PROFILE_FILES
from mlxsm_sync.planning.digest import done
from mlxsm_sync.servers.agent_files import AgentFiles
from mlxsm_sync.servers.agent_options import AgentOptions
from mlxsm_sync.servers.agents import Agents
from mlxsm_sync.servers.checkout import FETCH_SECONDS, Checkout
from mlxsm_sync.text.times import now
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.agent import AgentRun
from mlxsm_sync.values.plan import Outcome


class Wish(NamedTuple):
    """What the options of a command line ask for."""

    repo: str | None
    verify_commits: bool
    prune: bool
    up: bool
    status_out: str | None
    fetch_timeout: float | None


def run(session: Session, /, **given: Any) -> int:
    """Bring the checkout, then this machine, up to date once."""
    wish = Wish(**given)
    # One session for all steps: what is to be said of the place of the state is said once.
    output = LoggedOutput.like(session.output)
    inner = replace(session, output=output, no_input=True)
    files = AgentFiles(inner.store.folder, inner.store.label)
    agents = Agents(os.environ, state_name(session))
    held = agents.held_here()
    with files.alone(session.lock_timeout):
        files.prepare()
        output.log = files.write_log
        try:
            folder = wish.repo or (held.repo if held is not None else os.curdir)
            checkout = Checkout(folder, os.environ)
            same = held is not None and os.path.realpath(held.repo) == os.path.realpath(checkout.top)
            options = _options(session, wish, checkout, held if held is not None and same else AgentOptions())
        except MlxsmError as error:
            files.write_log(f"error: {error.message}")
            if held is not None and folder == held.repo:
                failed = AgentRun(at=now(), exit=1, repository=folder, error=error.message, hint=error.hint)
                files.note(failed)
            raise
        done_run = _Run(inner, checkout, files, options).finish()
    session.output.data(done_run)
    return done_run.exit


def _options(session: Session, wish: Wish, checkout: Checkout, held: AgentOptions) -> AgentOptions:
    """What is typed, and what the unit for the same checkout holds: both ask for the same run."""
    named = session.file if session.file is not None else held.file
    return AgentOptions(
        repo=checkout.top,
        file=file_in(checkout.top, named),
        machine=session.machine or held.machine,
        prune=wish.prune or held.prune,
        up=wish.up or held.up,
        verify_commits=wish.verify_commits or held.verify_commits,
        status_out=wish.status_out or held.status_out,
        fetch_timeout=wish.fetch_timeout or held.fetch_timeout,
    )


def file_in(top: str, named: str | None) -> str | None:
    """The whole path of a profile file that is named, from here or from the top; None where none is.

    UsageError where it is not in the checkout.
    """
    if named is None:
        return None
    for path in (os.path.abspath(named), os.path.join(top, named)):
        folder = os.path.realpath(os.path.dirname(path))
        is_inside = os.path.commonpath([folder, os.path.realpath(top)]) == os.path.realpath(top)
        if is_inside and (os.path.lexists(path) or os.path.isabs(named) or path.startswith(f"{top}/")):
            return path
    raise UsageError(f"{named} is not in {top}", "-f names a profile file of the checkout")


class _Run:
    """One run, with the lock held."""

    def __init__(
        self, session: Session, checkout: Checkout, files: AgentFiles, options: AgentOptions
    ) -> None:
        self._session, self._checkout, self._files, self._options = session, checkout, files, options
        self._output = session.output
        self._run = AgentRun(at=now(), exit=0, repository=checkout.top)
        self._codes: list[int] = []
        session.machine = options.machine

    def finish(self) -> AgentRun:
        """All of it; what it did."""
        self._files.write_log(f"run begins for {self._checkout.top}")
        self._move()
        self._session.file = self._options.file or self._found()
        self._try(self._apply)
        if self._options.up and self._codes[-1] in (0, DECISIONS):
            self._try(self._up)
        self._files.note(self._run.model_copy(exit=_worst(self._codes)))  # which the status tells
        self._try(self._status)
        finished = self._run.model_copy(exit=_worst(self._codes))
        self._files.note(finished)
        self._files.write_log(f"run ends with exit code {finished.exit}")
        return finished

    def _move(self) -> None:
        """Move the checkout forward, or say why it stays."""
        seconds = self._options.fetch_timeout or FETCH_SECONDS
        before, hint, stuck = self._checkout.commit(), None, False
        try:
            message = self._checkout.forward(seconds, verify=self._options.verify_commits)
            self._output.print(f"{visible(self._checkout.top)}: {visible(message)}\n", wrap=True)
        except MlxsmError as error:
            message, hint, stuck = error.message, error.hint, True
            self._output.note(f"error: not moved forward: {message}", always=True)
            if hint is not None:
                self._output.note(f"hint: {hint}", always=True)
            self._output.note("what is checked out is applied all the same", always=True)
        after = self._checkout.commit()
        self._codes.append(int(stuck))
        self._run = self._run.model_copy(
            before=before, after=after, moved=before != after, message=message, stuck=stuck, hint=hint
        )

    def _found(self) -> str:
        """The profile file at the top; the first place for one where there is none."""
        paths = [os.path.join(self._checkout.top, name) for name in PROFILE_FILES]
        return next(filter(os.path.isfile, paths), paths[0])

    def _try(self, step: Callable[[], int]) -> None:
        """Do a step; one that fails is told, and does not keep the next one from being done."""
        try:
            self._codes.append(step())
        except MlxsmError as error:
            self._files.write_log("".join(f"{one}\n" for one in error.problems) + f"error: {error.message}")
            self._codes.append(report_failure(error))
            self._run = self._run.model_copy(error=error.message, hint=self._run.hint or error.hint)

    def _apply(self) -> int:
        if not os.path.lexists(self._session.path):
            raise FileError(
                f"there is no profile file at the top of {self._checkout.top}: "
                f"neither {' nor '.join(PROFILE_FILES)}",
                "-f FILE names another one in it",
            )
        code = apply(
            self._session,
            saved=None,
            expect=None,
            expect_input=None,
            yes=True,
            strict=False,
            prune=self._options.prune,
        )
        if isinstance(self._output, LoggedOutput) and self._output.outcome is not None:
            words = _in_words(self._output.outcome)
            self._run = self._run.model_copy(applied=words, applied_at=now(), apply_exit=code)
        return code

    def _up(self) -> int:
        return up(
            self._session,
            names=(),
            dry_run=False,
            timeout=float(DEFAULT_START_TIMEOUT),
            no_probe=False,
            server_command=os.environ.get("MLXSM_SERVER"),
            allow_host=(),
            allow_arg=(),
        )

    def _status(self) -> int:
        text = f"{self._output.redaction.json(look(self._session).model_dump())}\n"
        if self._options.status_out is not None:
            write_whole(self._options.status_out, text)
        else:
            self._files.write_status(text)
        self._run = self._run.model_copy(status=self._options.status_out or str(self._files.status))
        return 0


def _in_words(outcome: Outcome) -> str:
    """What came of an apply, in one line."""
    what = done(outcome.summary) if outcome.applied and outcome.counted else "nothing to do"
    left = len(outcome.undecided) + len(outcome.invalid)
    return f"{what}, {left} left to decide" if left else what


def _worst(codes: list[int]) -> int:
    """One exit code for all: a signal, then an error, then what is left to decide."""
    if (most := max(codes)) >= SIGNALLED:
        return most
    return 1 if {*codes} - {0, DECISIONS} else most
