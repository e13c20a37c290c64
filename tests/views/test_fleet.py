"""The page of many machines: what is on it, and that no name gets out of its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.planning.fleet import Fleet, Told, join
from mlxsm_sync.text.times import in_utc
from mlxsm_sync.values.status_file import read_status
from mlxsm_sync.values.status_reports import FileFault
from mlxsm_sync.views.fleet import MOST_EVENTS, page_of
from mlxsm_sync.views.fleet_page import LONGEST, html
from mlxsm_sync.views.fleet_rows import Page
from testing import statuses
from testing.fake_secrets.tokens import TOKENS
from testing.unseen_characters import CHARACTERS, NASTY

GOLDEN = Path(__file__).parent / "golden/fleet.html"
CSS = Path(__file__).parents[2] / "mlxsm_sync/views/templates/fleet.css"
FAULT = FileFault(path="old/mini-9.json", message="is empty")


def page(*found: dict[str, Any], faults: tuple[FileFault, ...] = ()) -> Page:
    fleet = join([*(Told("a.json", read_status(json.dumps(one))) for one in found), *faults])
    return page_of(fleet, at=statuses.AT, version="0.5.0")


def text_of(*found: dict[str, Any], faults: tuple[FileFault, ...] = ()) -> str:
    return html(page(*found, faults=faults))


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the text that is read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(
            (tag, *(f"{name}={value}" if name != "datetime" else name for name, value in attrs))
        )

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}",))

    def handle_comment(self, data: str) -> None:
        self.elements.append(("!--", data))

    def handle_pi(self, data: str) -> None:
        self.elements.append(("?", data))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def shown(self) -> str:
        return " ".join(" ".join(self.words).split())


def replaced(data: Any, text: str) -> Any:
    """The same with a text in the place of every word that others choose."""
    ours = ("status", "at", "answeredAt", "id", "digest", "commit", "path", "lineage")
    if isinstance(data, dict):
        return {
            key: value if key in ours and isinstance(value, str) else replaced(value, text)
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [replaced(value, text) for value in data]
    return text if isinstance(data, str) else data


def test_the_page_is_as_it_was(request: pytest.FixtureRequest) -> None:
    text = text_of(*statuses.fleet(), faults=(FAULT,))
    if request.config.getoption("--update"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_it_loads_nothing_and_runs_nothing() -> None:
    text = text_of(*statuses.fleet(), faults=(FAULT,))
    found = Elements(text)
    tags = {one[0] for one in found.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}
    assert not re.search(r"url\(|@import|@font-face|https?:|//|javascript:", text)
    attributes = [attribute for _, *rest in found.elements for attribute in rest]
    assert not [one for one in attributes if one.startswith(("on", "src", "style="))]
    assert [one for one in attributes if one.startswith("href=")] == ["href=#files"]
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert ("meta", "http-equiv=Content-Security-Policy", f"content={policy}") in found.elements
    # The browser reads the policy before anything that it holds for.
    assert text.index("Content-Security-Policy") < text.index("<style>")


def test_every_element_that_opens_closes() -> None:
    open_: list[str] = []
    for tag, *_ in Elements(text_of(*statuses.fleet(), faults=(FAULT,))).elements:
        if tag.startswith("/"):
            assert open_.pop() == tag[1:]
        elif tag not in ("meta", "!--"):
            open_.append(tag)
    assert open_ == []


BREAKING = [
    "</style><script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "<!--",
    "-->",
    "]]>",
    "<![CDATA[",
    "<?php",
    "&lt;b&gt;",
    "&#60;script&#62;",
    "{{ 7 * 7 }}{% raw %}",
    "\x00<\x00script>",
    "＜script＞",
    "\u2028</td>\u202e",
]


def hostile(text: str) -> str:
    found = [replaced(one, text) for one in statuses.fleet()]
    fault = FileFault(path=text, message=text)
    # Each machine keeps a name of its own, or they would be one.
    for place, one in enumerate(found):
        one["machine"]["name"] = f"{place} {text}"
        one["state"]["lineage"] = str(place)
    return text_of(*found, faults=(fault,))


PLAIN = Elements(hostile("name")).elements


@pytest.mark.parametrize("text", [*BREAKING, *NASTY])
def test_no_name_that_is_made_for_it_gets_out_of_its_place(text: str) -> None:
    assert Elements(hostile(text)).elements == PLAIN


@given(
    st.text(min_size=1)
    | st.lists(st.sampled_from([*BREAKING, "<", ">", '"', "'", "&", "/", "x "])).map("".join).filter(bool)
)
def test_no_name_at_all_gets_out_of_its_place(text: str) -> None:
    assert Elements(hostile(text)).elements == PLAIN


def test_what_cannot_be_seen_is_made_visible() -> None:
    for char in CHARACTERS:
        if char != "\n":
            assert char not in hostile(f"a{char}b")
    assert "a\\u{202e}b" in hostile("a\u202eb")


@pytest.mark.parametrize("token", TOKENS.values())
def test_no_secret_of_a_file_is_on_the_page(token: str) -> None:
    for text in (
        token,
        f"x {token} y",
        f"token: {token}",
        f"\u200b{token}",
        f"{'y ' * (LONGEST // 2)}"[len(token) :] + token,
    ):
        shown = hostile(text)
        assert token not in shown
        assert token[-8:-1] not in shown


def test_no_text_takes_the_page_for_itself() -> None:
    long = "wide " * 100_000
    assert len(hostile(long)) < len(hostile("name")) + 200 * LONGEST
    assert "…" in hostile(long)


def test_ours_are_in_words_and_not_in_colour_alone() -> None:
    shown = Elements(text_of(*statuses.fleet(), faults=(FAULT,))).shown
    for words in (
        "6 machines",
        "= in step 2",
        "~ behind 1",
        "? drifted 1",
        "! in conflict 1",
        "✗ broken 1",
        "1 of 6 was looked at more than a day ago. 1 file was left out; why .",
        "91.0 of 96.0 GB",
        "profiles.yaml:3:5: an unknown key, modelId",
        "rank 0 of 2",
        "stale: its profile has changed, its profile is gone",
        "13 h ago, exit 3",
        "@office @big",
        "cannot be read",
        "sha256:abababab",
        "old/mini-9.json is empty",
    ):
        assert words in shown, words


def test_a_machine_that_says_little() -> None:
    found = page(
        statuses.status(
            "mini",
            plan={"status": "broken", "summary": None, "message": None},
            file={"path": None, "digest": None, "commit": None},
            lastApply={"at": "never", "exit": None},
            memory={"limitBytes": 0, "usedBytes": 5},
            servers=[statuses.server("A", rank=1, memoryBytes=None, answeredAt=None)],
            history=[
                statuses.event(3, "no time"),
                statuses.event(2, "2026-06-16T00:00:00Z"),
                statuses.event(1, "") | {"at": None},
            ],
        )
    )
    (row,) = found.machines
    assert (found.title, row.plan, row.file) == ("mini", "no plan can be made", "no profile file")
    assert row.applied is not None
    assert (row.applied.iso, row.applied.text, row.applied.age) == ("", "never", "")
    assert (row.memory.limited, row.memory.tone, row.servers[0].about) == (False, "bad", "rank 1")
    assert [[one.serial for one in events] for _, events in found.days] == [[2]]
    assert "never" in html(found)


def test_a_fleet_without_servers_and_history() -> None:
    shown = Elements(text_of(statuses.status("mini", servers=[], history=[], lastApply=None))).shown
    assert "No machine has a server." in shown
    assert "Nothing was ever applied." in shown


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        ({"unchanged": 3}, "nothing to do"),
        ({"create": 2, "rename": 1, "delete": 1}, "2 to create (1 renamed), 1 to delete"),
        ({"rename": 1}, "nothing to do"),
        ({"conflict": 2, "invalid": 1}, "2 conflicts, 1 invalid"),
    ],
)
def test_what_a_plan_would_do(summary: dict[str, int], words: str) -> None:
    plan = {"status": "behind", "summary": summary, "message": None}
    assert page(statuses.status("mini", plan=plan)).machines[0].plan == words


@pytest.mark.parametrize(
    ("used", "limit", "percent", "tone", "text"),
    [
        (0, 100, 0, "good", "0 of 0 MB"),
        (89, 100, 89, "good", "0 of 0 MB"),
        (90, 100, 90, "warn", "0 of 0 MB"),
        (101, 100, 100, "bad", "0 of 0 MB"),
        (-5, 10**12, 0, "good", "0.0 of 1000.0 GB"),
        (10**4000, 10**4000, 100, "warn", "1152921504.6 of 1152921504.6 GB"),
    ],
)
def test_memory_whatever_a_file_says_of_it(used: int, limit: int, percent: int, tone: str, text: str) -> None:
    found = page(statuses.status("mini", memory={"limitBytes": limit, "usedBytes": used})).machines[0].memory
    assert (found.percent, found.tone, found.text, found.limited) == (percent, tone, text, True)


@pytest.mark.parametrize(
    ("at", "age", "old"),
    [
        ("2026-06-16T12:00:00Z", "0 s ago", False),
        ("2026-06-16T12:01:30Z", "0 s ago", False),
        ("2026-06-16T12:05:00Z", "ahead of the clock of this page", False),
        ("2026-06-15T12:00:01Z", "23 h ago", False),
        ("2026-06-15T12:00:00Z", "24 h ago", True),
        ("0001-01-01T00:00:00Z", "739782 d ago", True),
        ("9999-12-31T23:59:59Z", "ahead of the clock of this page", False),
    ],
)
def test_how_old_a_status_is(at: str, age: str, old: bool) -> None:
    found = page(statuses.status("mini", at=at))
    assert (found.machines[0].looked.age, found.machines[0].looked.old, found.silent) == (age, old, int(old))
    assert age in html(found)


def histories(machines: int, events: int) -> Iterator[dict[str, Any]]:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(machines):
        times = [begin + timedelta(minutes=37 * (machines * n + number)) for n in range(events)]
        history = [statuses.event(n, at.isoformat()) for n, at in enumerate(times)]
        yield statuses.status(f"m{number}", history=history[::-1])


def test_the_timeline_is_that_of_all_machines_and_ends_somewhere() -> None:
    found = page(*histories(30, 12))
    events = [one for _, day in found.days for one in day]
    assert (len(events), found.earlier) == (MOST_EVENTS, 30 * 12 - MOST_EVENTS)
    times = [one.at for one in events]
    assert times == sorted(times, reverse=True)
    assert max(in_utc(event["at"]) for one in histories(30, 12) for event in one["history"]) == times[0]
    assert [day for day, _ in found.days] == sorted({at[:10] for at in times}, reverse=True)
    assert "160 earlier versions are not shown." in html(found)


def test_a_fleet_of_nobody_has_a_page_as_well() -> None:
    assert "0 machines" in html(page_of(Fleet((), (FAULT,)), at=statuses.AT, version="1"))


def colours(css: str, scheme: str) -> dict[str, str]:
    """The colours of one theme, by name."""
    start = {
        "light": css.index(":root"),
        "dark": css.index("prefers-color-scheme: dark"),
        "print": css.index("@media print"),
    }
    block = css[start[scheme] :]
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6});", block[: block.index("}")]))


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    digits = colour.lstrip("#")
    digits = "".join(2 * one for one in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_every_text_stands_out_from_the_paper(scheme: str) -> None:
    found = colours(CSS.read_text(), scheme)
    assert found.keys() >= {"paper", "ink", "quiet", "good", "wait", "warn", "bad", "line", "track"}
    for name in ("ink", "quiet", "good", "wait", "warn", "bad"):
        darker, lighter = sorted([luminance(found["paper"]), luminance(found[name])])
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (scheme, name)
