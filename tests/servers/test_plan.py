"""What is done about a server: one line for each action, from what is observed and the policy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.servers import plan
from mlxsm_sync.servers.plan import (
    DesiredServer,
    Observation,
    ObservedState,
    PortHolders,
    ReplacePolicy,
    decide,
    ports_to_wait_for,
)
from mlxsm_sync.values.run import Status

DESIRED = DesiredServer("mine")
UP, RECREATE, RESTART = ReplacePolicy(), ReplacePolicy(recreate=True), ReplacePolicy(restart=True)
INSTEAD = ReplacePolicy(instead=True)
BOTH = ReplacePolicy(recreate=True, instead=True)
STOPS = ("recreate", "replace")
CHANGED = ("temp 0 -> 1", "port 1 -> 2")
MINE = PortHolders(frozenset({"mine"}), False, "port 80 is held by mine")
OTHER = PortHolders(frozenset({"mine", "other"}), False, "port 80 is held by other")
RIVAL = PortHolders(frozenset({"other"}), False, "port 80 is held by other", names=(("other", "Other"),))
RIVALS = RIVAL._replace(ours=frozenset({"other", "third"}), names=(("other", "Other"), ("third", "Third")))
DOUBTED = RIVAL._replace(doubt="Other: another boot")
STRANGER = PortHolders(frozenset(), True, "port 80 is held by nc", "choose another port")


def runs(
    status: Status | None = "ready",
    error: str | None = None,
    *,
    certain: bool = True,
    differences: tuple[str, ...] = (),
    missing_model: str | None = None,
    port: PortHolders | None = None,
) -> ObservedState:
    health = None if status is None else Observation(status, 7, error, certain=certain)
    return ObservedState(7, differences=differences, health=health, missing_model=missing_model, port=port)


STALE = runs(None, differences=CHANGED)
DEAD = runs("dead-thread", "its model cannot be used")


@pytest.mark.parametrize(
    ("observed", "policy", "line"),
    [
        (ObservedState(), UP, "start: no server runs"),
        (ObservedState(), RECREATE, "start: no server runs"),
        (ObservedState(), RESTART, "start: no server runs"),
        (ObservedState(port=STRANGER), UP, "blocked: port 80 is held by nc\nchoose another port"),
        (ObservedState(doubt="another user's process"), UP, "doubt: another user's process"),
        (ObservedState(doubt="another user's process"), RESTART, "doubt: another user's process"),
        (ObservedState(adopted="listening"), UP, "skip: a server that mlxsm did not start"),
        (ObservedState(adopted="listening"), RECREATE, "skip: a server that mlxsm did not start"),
        (ObservedState(adopted="listening"), RESTART, "refuse: a server that mlxsm did not start"),
        (ObservedState(adopted="silent"), UP, "refuse: nothing is listening where the adopted server was"),
        (ObservedState(), INSTEAD, "start: no server runs"),
        (ObservedState(port=RIVAL), UP, "blocked: port 80 is held by other"),
        (ObservedState(port=RIVAL), INSTEAD, 'switch: "Other" is stopped first'),
        (ObservedState(port=RIVALS), INSTEAD, 'switch: "Other" is stopped first; "Third" is stopped first'),
        (ObservedState(port=STRANGER), INSTEAD, "blocked: port 80 is held by nc\nchoose another port"),
        (ObservedState(port=RIVAL._replace(strangers=True)), INSTEAD, "blocked: port 80 is held by other"),
        (ObservedState(port=DOUBTED), INSTEAD, "blocked: port 80 is held by other\nOther: another boot"),
        (ObservedState(port=OTHER), INSTEAD, "blocked: port 80 is held by other"),
        (ObservedState(port=RIVAL, missing_model="not cached"), INSTEAD, "blocked: not cached"),
        (
            ObservedState(port=RIVAL),
            INSTEAD._replace(wanted=frozenset({"other"})),
            "blocked: port 80 is held by other",
        ),
        (
            ObservedState(adopted="silent", port=RIVAL),
            INSTEAD,
            "refuse: nothing is listening where the adopted server was",
        ),
        (runs(), INSTEAD, "keep: ready"),
        (STALE._replace(port=RIVAL), INSTEAD, "stale: temp 0 -> 1; port 1 -> 2"),
        (STALE._replace(port=RIVAL), BOTH, 'recreate: temp 0 -> 1; port 1 -> 2; "Other" is stopped first'),
        (STALE._replace(port=DOUBTED), BOTH, "blocked: port 80 is held by other\nOther: another boot"),
        (DEAD._replace(port=RIVAL), INSTEAD, 'replace: its model cannot be used; "Other" is stopped first'),
        (DEAD._replace(port=STRANGER), INSTEAD, "blocked: port 80 is held by nc\nchoose another port"),
        (runs(), UP, "keep: ready"),
        (runs(), RECREATE, "keep: ready"),
        (runs(None), RESTART, "recreate: restart"),
        (runs(None), UP, "keep: it runs"),
        (STALE, UP, "stale: temp 0 -> 1; port 1 -> 2"),
        (STALE, RECREATE, "recreate: temp 0 -> 1; port 1 -> 2"),
        (STALE, RESTART, "recreate: temp 0 -> 1; port 1 -> 2"),
        (STALE._replace(port=MINE), RECREATE, "recreate: temp 0 -> 1; port 1 -> 2"),
        (STALE._replace(port=OTHER), RECREATE, "blocked: port 80 is held by other"),
        (STALE._replace(port=STRANGER), RESTART, "blocked: port 80 is held by nc\nchoose another port"),
        (STALE._replace(missing_model="not cached", port=OTHER), RECREATE, "blocked: not cached"),
        (runs("loading"), UP, "wait: loading"),
        (runs("loading", "it does not answer", certain=False), UP, "wait: it does not answer"),
        (runs("crashed", "it cannot be read"), UP, "wait: it cannot be read"),
        (runs("dead-thread", "it is silent", certain=False), RECREATE, "leave: it is silent"),
        (DEAD, UP, "replace: its model cannot be used"),
        (DEAD._replace(port=OTHER), UP, "blocked: port 80 is held by other"),
        (runs("no-socket", "its port is taken", certain=False), UP, "replace: its port is taken"),
        (runs("no-socket"), UP, "replace: no-socket"),
    ],
)
def test_one_line_for_each_action(observed: ObservedState, policy: ReplacePolicy, line: str) -> None:
    assert str(decide(DESIRED, observed, policy)) == line


@pytest.mark.parametrize(
    ("observed", "policy", "unallowed", "line"),
    [
        (ObservedState(), UP, False, "fail: no program\nno model"),
        (ObservedState(port=STRANGER), RESTART, True, "refuse: no program\nno model"),
        (ObservedState(port=RIVAL), INSTEAD, False, "fail: no program\nno model"),
        (STALE._replace(port=RIVAL), BOTH, True, "blocked: no program\nno model"),
        (runs(), UP, True, "keep: ready"),
        (STALE, UP, True, "stale: temp 0 -> 1; port 1 -> 2"),
        (STALE, RECREATE, True, "blocked: no program\nno model"),
        (runs(None), RESTART, False, "blocked: no program\nno model"),
        (DEAD, UP, False, "blocked: no program\nno model"),
    ],
)
def test_a_server_that_could_not_be_started(
    observed: ObservedState, policy: ReplacePolicy, unallowed: bool, line: str
) -> None:
    desired = DesiredServer("mine", ("no program", "no model"), unallowed)
    assert str(decide(desired, observed, policy)) == line


@pytest.mark.parametrize(
    ("observed", "policy", "ports"),
    [
        (ObservedState(), RESTART, None),
        (runs(None), UP, None),
        (runs(None), RECREATE, None),
        (STALE, UP, None),
        (STALE, RECREATE, set()),
        (STALE._replace(port=MINE), RECREATE, set()),
        (STALE._replace(port=OTHER), RECREATE, {"other"}),
        (STALE._replace(port=STRANGER), RECREATE, None),
        (runs(None, port=OTHER), RESTART, {"other"}),
    ],
)
def test_whose_ports_are_waited_for(
    observed: ObservedState, policy: ReplacePolicy, ports: set[str] | None
) -> None:
    assert ports_to_wait_for(DESIRED, observed, policy) == ports
    assert ports_to_wait_for(DesiredServer("mine", ("no program",)), observed, policy) is None


def test_health_is_asked_only_where_the_decision_depends_on_it() -> None:
    asked = [plan.needs_health(runs(None), one) for one in (UP, RECREATE, RESTART)]
    assert asked == [True, True, False]
    assert not any(plan.needs_health(one, UP) for one in (ObservedState(), STALE))


words = st.sampled_from(["one", "two"])
entries = st.frozensets(st.sampled_from(["mine", "other", "third"]))
policies = st.builds(ReplacePolicy, st.booleans(), st.booleans(), st.booleans(), entries)
desired_servers = st.builds(
    DesiredServer, st.just("mine"), st.lists(words, max_size=2).map(tuple), st.booleans()
)
healths = st.builds(
    Observation,
    st.sampled_from(["stopped", "loading", "ready", "dead-thread", "no-socket", "crashed"]),
    st.just(7),
    st.none() | words,
    ending=st.none(),
    certain=st.booleans(),
)
holders = st.builds(
    PortHolders, entries, st.booleans(), words, st.none() | words, st.just(()), st.none() | words
)
states = st.builds(
    ObservedState,
    pid=st.none() | st.just(7),
    endpoint=st.none(),
    doubt=st.none() | words,
    adopted=st.none() | st.sampled_from(["listening", "silent"]),
    differences=st.lists(words, max_size=2).map(tuple),
    health=st.none() | healths,
    missing_model=st.none() | words,
    port=st.none() | holders,
)


@given(desired_servers, states)
def test_a_healthy_server_as_desired_is_never_touched(desired: DesiredServer, state: ObservedState) -> None:
    healthy = state._replace(pid=7, doubt=None, differences=(), health=Observation("ready", 7))
    assert decide(desired, healthy, UP).kind == decide(desired, healthy, RECREATE).kind == "keep"


@given(desired_servers, states, policies)
def test_in_doubt_nothing_is_stopped_or_started(
    desired: DesiredServer, state: ObservedState, policy: ReplacePolicy
) -> None:
    action = decide(desired, state._replace(doubt="unknown"), policy)
    assert (action.kind, plan.RESULTS[action.kind]) == ("doubt", "failed")


@given(desired_servers, states, policies)
def test_nothing_is_stopped_for_a_server_that_could_not_be_started(
    desired: DesiredServer, state: ObservedState, policy: ReplacePolicy
) -> None:
    action = decide(desired, state, policy)
    if desired.problems or (state.port is not None and state.port.strangers):
        assert action.kind not in (*STOPS, "start", "switch")
    if action.kind in STOPS:
        assert state.pid is not None
        assert not state.missing_model
    if action.kind in ("start", "switch"):
        assert state.pid is None


@given(desired_servers, states, policies)
def test_only_what_is_ours_beyond_doubt_makes_way_and_only_where_that_was_asked(
    desired: DesiredServer, state: ObservedState, policy: ReplacePolicy
) -> None:
    action = decide(desired, state, policy)
    assert bool(action.stops) or action.kind != "switch"
    if action.stops:
        port = state.port
        assert policy.instead
        assert port is not None
        assert (port.strangers, port.doubt, state.doubt, state.missing_model) == (False, None, None, None)
        assert action.stops == port.ours - {desired.id}
        assert not action.stops & policy.wanted
        assert not desired.problems
        assert action.kind in ("switch", *STOPS)


@given(desired_servers, states, policies)
def test_whoever_waits_for_ports_is_replaced_once_they_are_free(
    desired: DesiredServer, state: ObservedState, policy: ReplacePolicy
) -> None:
    sure = state._replace(doubt=None, missing_model=None)
    if ports_to_wait_for(desired, sure, policy) is not None:
        assert decide(desired, sure._replace(port=None), policy).kind == "recreate"
