"""What a conflict is told as: who is in the way, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mlxsm_sync.planning.candidate import Case, Verdict
from mlxsm_sync.planning.compare import Comparison
from mlxsm_sync.planning.decide import Court
from mlxsm_sync.planning.explain import explain
from mlxsm_sync.planning.remedies import Remedies, ways_out
from mlxsm_sync.values.field_names import listed
from mlxsm_sync.values.file_origins import Origins
from mlxsm_sync.values.plan import Clash, Conflict, FieldChange, Rival
from mlxsm_sync.values.profile import Profile, from_fields
from mlxsm_sync.values.state import Entry


class Teller(NamedTuple):
    """What it takes to tell the conflicts of one judgement."""

    court: Court
    suggestions: Mapping[int, str | None]
    origins: Origins
    remedies: Remedies

    def tell(self, verdict: Verdict, *, decided: bool) -> Conflict:
        """The conflict of a blocked verdict."""
        case, choices = verdict.case, ways_out(verdict, self.court)
        before, after = _before_and_after(verdict)
        ways = tuple(self.remedies.ways(verdict, choices))
        return Conflict(
            kind=verdict.ruling,  # type: ignore[arg-type]  # a blocked verdict rules a conflict
            name=case.file_name,
            index=case.number,
            rivals=tuple(self._rival(case, entry) for entry in verdict.rivals),
            choices=choices,
            suggested_name=self.suggestions[case.number] if "rename" in choices else None,
            target=verdict.target.name if verdict.target and "replace" in choices else None,
            before=before,
            after=after,
            fields=_fields(verdict.comparison, after) if before else (),
            drift=verdict.comparison.drift if verdict.comparison else (),
            decided=decided,
            message=self._message(verdict),
            remedies=tuple(way.command for way in ways),
            ways=ways,
            own=verdict.target is not None and verdict.target == case.own,
        )

    def _message(self, verdict: Verdict) -> str:
        case = verdict.case
        called = f' (here "{case.name}")' if case.name != case.file_name else ""
        match verdict.ruling:
            case "duplicate-name":
                return f"same name as {_places(self.court.namesakes(case))} of the file{called}"
            case "duplicate-identity":
                return self._about_identity(f"also used by {_places(self.court.twins(case))} of the file")
            case "identity-taken":
                return self._about_identity(f"taken by {_held(verdict)}") + _drift_too(verdict.comparison)
            case "name-taken":
                return f"its name{called} is taken by {_held(verdict)}{_drift_too(verdict.comparison)}"
            case "other-file":
                came = self.origins.told(case.own.from_ if case.own is not None else None)
                return (
                    f"it{called} came from another file, {came}, and this file would change it: "
                    "give one of them a collection of its own"
                )
            case "rename-collision":
                return str(case.collision)
            case "ambiguous-replace":
                return f"it clashes with several entries: {_held(verdict)}"
            case "duplicate-replace":
                return f"another profile is to replace {_held(verdict)}, too"
            case _:
                changed = listed(verdict.comparison.drift if verdict.comparison else ())
                return f"it{called} was changed on this machine since it was applied: {changed}"

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


def _places(indexes: Sequence[int]) -> str:
    """The first few of some profiles of the file."""
    return ", ".join(f"#{index}" for index in indexes[:3]) + (", …" if len(indexes) > 3 else "")


def _before_and_after(verdict: Verdict) -> tuple[Profile | None, Profile]:
    if verdict.target is None or verdict.comparison is None:
        return None, verdict.case.wanted.profile
    return verdict.target.profile, from_fields(verdict.comparison.after)


def _fields(comparison: Comparison | None, after: Profile) -> tuple[FieldChange, ...]:
    assert comparison is not None  # where there is a target, it was compared
    return explain(comparison.before, after.fields, comparison.drift)


def _drift_too(comparison: Comparison | None) -> str:
    """The words for an own entry that is in nobody's way and was changed here, too."""
    if comparison is None or not comparison.drift:
        return ""
    return f"; it was also changed on this machine: {listed(comparison.drift)}"


def _held(verdict: Verdict) -> str:
    return ", ".join(map(_describe, verdict.rivals))


def _describe(entry: Entry) -> str:
    owner = f"owner {entry.owner}" if entry.owner is not None else "owned by nobody"
    return f'"{entry.name}" ({owner})'
