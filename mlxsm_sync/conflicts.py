"""What a conflict is told as: who is in the way, before and after, and the ways out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from mlxsm_sync.changes import Choice, Clash, Conflict, ConflictKind, Rival
from mlxsm_sync.choices import Choices, as_argument
from mlxsm_sync.diff import explain
from mlxsm_sync.judge import Case, Court, Verdict
from mlxsm_sync.profile import Profile, from_fields
from mlxsm_sync.state import Entry

REPLACEABLE: frozenset[ConflictKind] = frozenset({"name-taken", "identity-taken", "drift"})


def ways_out(verdict: Verdict, court: Court) -> tuple[Choice, ...]:
    """What a person may answer; skip is always the first."""
    choices: list[Choice] = ["skip"]
    if court.rename_helps(verdict):
        choices.append("rename")
    own_in_the_way = verdict.case.own is not None and verdict.ruling != "drift"
    if verdict.ruling in REPLACEABLE and not own_in_the_way and court.replaceable(verdict):
        choices.append("replace")
    return tuple(choices)


class Teller(NamedTuple):
    """What it takes to tell the conflicts of one judgement."""

    court: Court
    choices: Choices
    suggestions: Mapping[int, str | None]
    namesakes: Mapping[object, Sequence[int]]
    """The indexes of the profiles of each name, and of each runtime identity."""
    orphans: Collection[str]
    """The ids of our orphans."""
    command: str
    """The command line that a remedy continues."""

    def tell(self, verdict: Verdict, *, decided: bool) -> Conflict:
        """The conflict of a blocked verdict."""
        case, ways = verdict.case, ways_out(verdict, self.court)
        before, after = _before_and_after(verdict)
        return Conflict(
            kind=verdict.ruling,  # type: ignore[arg-type]  # a blocked verdict rules a conflict
            name=case.wanted.profile.name,
            index=case.number,
            rivals=tuple(self._rival(case, entry) for entry in verdict.rivals),
            choices=ways,
            suggested_name=self.suggestions[case.number] if "rename" in ways else None,
            target=verdict.target.name if verdict.target and "replace" in ways else None,
            before=before,
            after=after,
            fields=explain(verdict.comparison.before, after.fields) if before and verdict.comparison else (),
            decided=decided,
            message=self._message(verdict),
            remedies=tuple(self._remedies(verdict, ways)),
        )

    def selector(self, case: Case) -> str:
        """What names the profile on a command line: its name, or `#N` where that is not clear."""
        name = case.wanted.profile.name
        clear = len(self.namesakes[name]) == 1 and "=" not in name
        return name if clear else f"#{case.number}"

    def _message(self, verdict: Verdict) -> str:
        case = verdict.case
        called = f' (here "{case.name}")' if case.name != case.wanted.profile.name else ""
        match verdict.ruling:
            case "duplicate-name":
                if called:
                    return f"another profile of the file has its name{called}"
                return f"its name is also that of {self._others(case, case.wanted.profile.name)} of the file"
            case "duplicate-identity":
                others = self._others(case, self.court.rules.identity(case.wanted.profile))
                return self._about_identity(f"also used by {others} of the file")
            case "identity-taken":
                held = ", ".join(map(_describe, verdict.rivals))
                return self._about_identity(f"taken by {held}")
            case _:
                return _message(verdict, called)

    def _rival(self, case: Case, entry: Entry) -> Rival:
        matches: list[Clash] = []
        if entry.name in (case.name, case.wished):
            matches.append("name")
        if self.court.shares_identity(case, entry):
            matches.append("identity")
        profile = entry.profile
        return Rival(
            name=profile.name,
            owner=entry.owner,
            model_id=profile.model_id,
            host=profile.host,
            port=profile.port,
            matches=tuple(matches),
        )

    def _about_identity(self, clash: str) -> str:
        if self.court.rules.one_per_model:
            return f"its modelID is {clash}, and the app keeps one profile per model"
        return f"its model, host and port are {clash}"

    def _others(self, case: Case, key: object) -> str:
        indexes = self.namesakes[key]
        shown = [f"#{index}" for index in indexes[:4] if index != case.number][:3]
        return ", ".join(shown) + (", …" if len(indexes) > 4 else "")

    def _remedies(self, verdict: Verdict, ways: tuple[Choice, ...]) -> Iterator[str]:
        selector, index = self.selector(verdict.case), verdict.case.number
        if "rename" in ways:
            new = self.suggestions[verdict.case.number] or "NEW NAME"
            yield self.choices.command(self.command, "--rename", f"{selector}={new}", about=index)
        if "replace" in ways:
            yield self.choices.command(self.command, "--replace", selector, about=index)
        if verdict.ruling == "drift":
            yield f"{_pull(self.command)} {as_argument(selector)}"
        if any(rival.id in self.orphans for rival in verdict.rivals):
            yield self.choices.command(self.command, "--prune")


def _pull(command: str) -> str:
    """The command line of an apply, for a pull of the same file and state."""
    program, _, *options = command.split(" ", 2)
    return " ".join([program, "pull", *options])


def _before_and_after(verdict: Verdict) -> tuple[Profile | None, Profile]:
    if verdict.target is None or verdict.comparison is None:
        return None, verdict.case.wanted.profile
    return verdict.target.profile, from_fields(verdict.comparison.after)


def _message(verdict: Verdict, called: str) -> str:
    held = ", ".join(_describe(entry) for entry in verdict.rivals)
    match verdict.ruling:
        case "rename-collision":
            return str(verdict.case.collision)
        case "name-taken":
            return f"its name{called} is taken by {held}"
        case "ambiguous-replace":
            return f"it clashes with several entries: {held}"
        case "duplicate-replace":
            return f"another profile is to replace {held}, too"
        case _:
            drift = verdict.comparison.drift if verdict.comparison else ()
            changed = ", ".join(path.lstrip("/") for path in drift)
            return f"it{called} was changed on this machine since it was applied: {changed}"


def _describe(entry: Entry) -> str:
    owner = f"owner {entry.owner}" if entry.owner is not None else "owned by nobody"
    return f'"{entry.name}" ({owner})'
