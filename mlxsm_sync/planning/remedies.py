"""The ways out of a conflict, and the command for each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from mlxsm_sync.planning.candidate import Candidate, Decision
from mlxsm_sync.planning.compare import drifted
from mlxsm_sync.planning.decide import Decisions
from mlxsm_sync.planning.matched import Matched
from mlxsm_sync.text.json_value import same
from mlxsm_sync.values.field_names import called
from mlxsm_sync.values.plan import Choice, ConflictKind, Way
from mlxsm_sync.values.state import Entry

REPLACEABLE: frozenset[ConflictKind] = frozenset({"name-taken", "identity-taken", "drift", "other-file"})
_ABOUT_OWN = ("drift", "other-file")
_MOST_ALIKE = 4
"""Of more profiles alike, nobody is told which ones to skip."""


def ways_out(decision: Decision, decisions: Decisions) -> tuple[Choice, ...]:
    """What a person may answer; skip is always the first."""
    choices: list[Choice] = ["skip"]
    if decisions.rename_helps(decision):
        choices.append("rename")
    own_in_the_way = decision.candidate.own is not None and decision.outcome not in _ABOUT_OWN
    if decision.outcome in REPLACEABLE and not own_in_the_way and decisions.replaceable(decision):
        choices.append("replace")
    return tuple(choices)


class Remedies(NamedTuple):
    """Knows the ways out of the conflicts of a plan."""

    matched: Matched
    decisions: Decisions
    names: Mapping[str, int]
    """How many profiles of the file have each name."""
    orphans: Collection[str]
    """The ids of the orphans that stay."""

    def ways(self, decision: Decision, choices: Collection[Choice]) -> Iterator[Way]:
        """What leads out, but skip."""
        selector, index = self.selector(decision.candidate), decision.candidate.number
        if "rename" in choices:
            suggested = self.matched.suggested[index]
            what = f'rename it to "{suggested or "another name"}"'
            yield self._answer(what, "--rename", f"{selector}={suggested or 'NEW NAME'}", about=index)
        if "replace" in choices:
            yield self._answer(_replacing(decision), "--replace", selector, about=index)
        invocation = self.matched.request.invocation
        if decision.outcome == "drift" and not invocation.piped:
            command = invocation.pull(selector, *_fields_at_odds(decision))
            yield Way("take this machine's values into the file", command, command)
        yield from self._keeping(decision)
        if "replace" not in choices:
            yield from self._clearing(decision)

    def selector(self, candidate: Candidate) -> str:
        """What names the profile on a command line: its name, or `#N` where that is not clear."""
        name = candidate.file_name
        clear = self.names[name] == 1 and "=" not in name
        return name if clear else f"#{candidate.number}"

    def _answer(self, what: str, *answer: str, about: int | None = None) -> Way:
        invocation, choices = self.matched.request.invocation, self.matched.request.choices
        command = invocation.again(choices, *answer, about=about)
        return Way(what, command, invocation.told_again(choices, *answer, about=about))

    def _keeping(self, decision: Decision) -> Iterator[Way]:
        """Of profiles that cannot all be there, the others can be skipped; a name need not be given."""
        candidate, decisions = decision.candidate, self.decisions
        if candidate.has_twin:
            others = sorted({*candidate.namesakes, *candidate.twins} - {candidate.number})
            if len(others) < _MOST_ALIKE and not decisions.if_alone(candidate).blocked:
                answer = [word for other in others for word in ("--skip", f"#{other}")]
                yield self._answer("keep this one and skip the rest", *answer)
        elif candidate.wished is not None:
            unrenamed = decisions.if_unrenamed(candidate)
            if unrenamed is not None and not unrenamed.blocked:
                yield self._answer("keep its name", about=candidate.number)

    def _clearing(self, decision: Decision) -> Iterator[Way]:
        """What is in the way can be taken out of it, where it is nobody's or ours."""
        request = self.matched.request
        for rival in decision.rivals:
            if self._is_only_to_be_pruned(rival):
                flag = "--prune" if request.origins.is_this(rival.from_) else "--prune-foreign"
                yield self._answer(f'delete "{rival.name}", which the file no longer lists', flag)
            elif rival.owner in (None, request.desired.owner):
                command = request.invocation.remove(rival.name)
                yield Way(f'take "{rival.name}" out of the way', command, command)

    def _is_only_to_be_pruned(self, rival: Entry) -> bool:
        """Whether a prune deletes it without another word: no answer keeps it, and nobody changed it."""
        choices = self.matched.request.choices
        kept = choices.only is not None or rival.name in choices.orphans_skip
        return rival.id in self.orphans and not kept and not drifted(rival)


def _fields_at_odds(decision: Decision) -> Iterator[str]:
    """Where the file was edited in what was changed here, too, a pull takes only fields that are named."""
    own, comparison, declared = decision.candidate.own, decision.comparison, decision.candidate.declared
    assert own is not None  # or it is no drift
    assert comparison is not None  # the same
    applied = own.applied_fields or {}
    if any(not same(applied.get(path), declared.get(path)) for path in comparison.drift):
        for path in comparison.drift:
            yield from ("--field", called(path))


def _replacing(decision: Decision) -> str:
    match decision.outcome:
        case "drift":
            return "take the file's values"
        case "other-file":
            return "take it over from that file"
        case _:
            return f'replace "{decision.target.name if decision.target else ""}"'
