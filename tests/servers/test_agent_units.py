"""The agent's unit: when and what, as both managers' files say it, there and back."""

from __future__ import annotations

import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.errors import ServerError
from mlxsm_sync.servers import agent_schedule, agent_units, launchd_plist, systemd_unit
from mlxsm_sync.servers.agent_options import AgentOptions, command_line, held_by
from mlxsm_sync.servers.agent_units import AgentUnit
from mlxsm_sync.servers.agents import key_of

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
PRINTED = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\0\ufffe\uffff"), max_size=20
)


def options(text: st.SearchStrategy[str]) -> st.SearchStrategy[AgentOptions]:
    some = text.filter(bool)
    return st.builds(
        AgentOptions,
        repo=text,
        state=text,
        file=st.none() | some,
        machine=st.none() | some,
        prune=st.booleans(),
        up=st.booleans(),
        verify_commits=st.booleans(),
        status_out=st.none() | some,
        fetch_timeout=st.none() | st.integers(1, 10**6).map(float),
    )


MINUTES = st.sampled_from(agent_schedule.SPANS)


def unit(held: AgentOptions, minutes: int = 30, offset: int = 0, **environment: str) -> AgentUnit:
    return AgentUnit(
        "agent", command_line("/bin/python", held), environment, minutes, held.up, offset, "/logs/a.log"
    )


@given(options(TEXT))
def test_what_it_holds_is_read_from_its_command_line(held: AgentOptions) -> None:
    assert held_by(command_line("/bin/python", held)) == held


@pytest.mark.parametrize(
    "words",
    [
        None,
        [],
        ["/bin/python", "-P", "-m", "mlxsm_sync", "run", "x"],
        ["/bin/python", "-P", "-m", "mlxsm_sync", "agent", "run", "word"],
        ["/bin/python", "-P", "-m", "mlxsm_sync", "agent", "run", "--bogus"],
        ["/bin/python", "-P", "-m", "mlxsm_sync", "agent", "run", "--prune=1"],
        ["/bin/python", "-P", "-m", "mlxsm_sync", "agent", "run", "--fetch-timeout=soon"],
    ],
)
def test_a_command_line_that_is_none_of_ours(words: list[str] | None) -> None:
    assert held_by(words) is None


@given(options(TEXT), MINUTES)
def test_the_units_of_systemd_say_all_of_it(held: AgentOptions, minutes: int) -> None:
    made = unit(held, minutes, HF_X="a b")
    assert agent_units.read_timer(agent_units.timer(made)) == minutes
    assert held_by(systemd_unit.read(agent_units.service(made))) == held


@given(options(PRINTED), MINUTES, st.integers(0, 2**32))
def test_the_property_list_says_all_of_it(held: AgentOptions, minutes: int, offset: int) -> None:
    made = agent_units.plist(unit(held, minutes, offset))
    assert made == agent_units.plist(unit(held, minutes, offset))
    assert agent_units.read_plist(made) == minutes
    assert held_by(launchd_plist.read(made)) == held


def test_a_property_list_that_could_not_be_read_is_not_written() -> None:
    with pytest.raises(ServerError, match="a property list cannot hold"):
        agent_units.plist(unit(AgentOptions(repo="/a\x01")))


@given(MINUTES, st.integers(0, 2**32))
def test_a_calendar_of_launchd_has_each_moment_once_and_as_far_apart(minutes: int, offset: int) -> None:
    entries = agent_schedule.for_launchd(minutes, offset)
    hours = range(24) if "Hour" not in entries[0] else None
    moments = sorted(hour * 60 + one["Minute"] for one in entries for hour in hours or [one["Hour"]])
    assert moments == [*range(moments[0], 24 * 60, minutes)]
    assert 0 <= moments[0] < minutes


@given(
    st.binary(max_size=200) | st.lists(TEXT.map(lambda text: f"OnCalendar={text}\n".encode())).map(b"".join)
)
def test_any_file_is_read_or_is_none_of_ours(data: bytes) -> None:
    assert agent_units.read_timer(data) is None
    assert agent_units.read_plist(data) is None


@pytest.mark.parametrize(
    "entries", [[], [{}], [{"Minute": "0"}], ["x"], {"Minute": 0}, [{"Minute": 0}, {"Minute": 7}]]
)
def test_a_calendar_of_somebody_else(entries: object) -> None:
    assert agent_units.read_plist(plistlib.dumps({"StartCalendarInterval": entries})) is None


def test_a_timer_of_somebody_else() -> None:
    made = agent_units.timer(unit(AgentOptions()))
    assert agent_units.read_timer(made.replace(b"mlxsm agent run", b"other")) is None
    assert agent_units.read_timer(made.replace(b"00/30", b"00/31")) is None


def test_the_units_as_they_are() -> None:
    made = unit(AgentOptions(repo="/srv/a fleet", state="/s.json", up=True), 30, PATH="/bin")
    assert agent_units.timer(made).decode().splitlines() == [
        "[Unit]",
        "Description=mlxsm agent run, by the clock (agent)",
        "",
        "[Timer]",
        "OnCalendar=*-*-* *:00/30:00",
        "Persistent=true",
        "RandomizedDelaySec=180",
        "Unit=mlxsm-agent.service",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    assert agent_units.service(made).decode().splitlines()[3:] == [
        "[Service]",
        "Type=oneshot",
        'ExecStart=/bin/python -P -m mlxsm_sync agent run "--repo=/srv/a fleet" --state=/s.json --up',
        "Environment=PATH=/bin",
        "WorkingDirectory=/",
        "KillMode=process",
        "TimeoutStopSec=60",
    ]
    plist = plistlib.loads(agent_units.plist(made._replace(offset=127)))
    assert plist["StartCalendarInterval"] == [{"Minute": 7}, {"Minute": 37}]
    assert (plist["RunAtLoad"], plist["AbandonProcessGroup"]) == (True, True)
    assert plist["ProcessType"] == "Interactive"
    quiet = plistlib.loads(agent_units.plist(made._replace(leaves_servers=False)))
    assert quiet["ProcessType"] == "Background"
    assert "AbandonProcessGroup" not in quiet
    assert "KeepAlive" not in plist
    assert "StartInterval" not in plist


@pytest.mark.parametrize(
    ("minutes", "values"),
    [
        (5, ["*-*-* *:00/5:00"]),
        (60, ["*-*-* 00/1:00:00"]),
        (360, ["*-*-* 00/6:00:00"]),
        (1440, ["*-*-* 00:00:00"]),
        (480, ["*-*-* 00/8:00:00"]),
        (720, ["*-*-* 00/12:00:00"]),
    ],
)
def test_calendars_of_systemd(minutes: int, values: list[str]) -> None:
    assert agent_schedule.for_systemd(minutes) == values


def test_a_calendar_of_systemd_across_hours() -> None:
    values = agent_schedule.for_systemd(90)
    assert values[:3] == ["*-*-* 00:00:00", "*-*-* 01:30:00", "*-*-* 03:00:00"]
    assert len(values) == 16


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(300, 5), (600, 10), (900, 15), (1200, 20), (1800, 30), (2700, 45)]
    + [(hours * 3600, hours * 60) for hours in (1, 2, 3, 4, 6, 8, 12, 24)],
)
def test_spans_that_divide_a_day(seconds: float, minutes: int) -> None:
    assert agent_schedule.minutes_of(seconds) == minutes


@pytest.mark.parametrize(
    ("seconds", "near"),
    [
        (30, "1m"),
        (90, "1m or 2m"),
        (7 * 60, "6m or 10m"),
        (50 * 60, "30m or 1h"),
        (5 * 3600, "4h or 6h"),
        (7 * 3600, "6h or 8h"),
        (25 * 3600, "24h"),
    ],
)
def test_spans_that_do_not(seconds: float, near: str) -> None:
    assert agent_schedule.minutes_of(seconds) is None
    assert agent_schedule.nearest(seconds) == near


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 6), (30, 180), (1440, 900)])
def test_how_long_a_run_is_put_off(minutes: int, seconds: int) -> None:
    assert agent_schedule.delay_seconds(minutes) == seconds


def test_two_states_share_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/a")
    keys = [key_of(one) for one in ("/home/a/.local/state/mlxsm/state.json", "/x.json", "/y.json", "app")]
    assert keys[0] == "agent"
    assert len({*keys}) == 4
    assert all(len(one) == len("agent-12345678") for one in keys[1:])
