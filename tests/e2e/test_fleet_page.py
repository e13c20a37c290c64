"""The page of many machines in a real browser: wide and narrow, light and dark, and with the worst of names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from testing import statuses
from testing.browser import Browser
from testing.project import Project

pytestmark = pytest.mark.linux("Chromium as Debian has it")

WIDTHS = (320, 360, 672, 1024, 1057, 1366, 2560)
PAPER = {"light": (253, 252, 250), "dark": (22, 23, 26)}
TOO_WIDE = """
[...document.body.querySelectorAll("*")]
  .filter(one => one.getClientRects().length && !one.closest("thead"))
  .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map(one => one.outerHTML.slice(0, 80))
"""
FAINT = """
(() => {
  const light = colour => {
    const [red, green, blue] = colour.match(/[0-9.]+/g).slice(0, 3).map(one => one / 255)
      .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const paper = light(getComputedStyle(document.documentElement).backgroundColor);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  let texts = 0;
  while (walker.nextNode()) {
    if (!walker.currentNode.data.trim()) continue;
    texts += 1;
    const colour = getComputedStyle(walker.currentNode.parentElement).color;
    const [dark, bright] = [light(colour), paper].sort((a, b) => a - b);
    if ((bright + 0.05) / (dark + 0.05) < 4.5) found.push([colour, walker.currentNode.data]);
  }
  return [texts, found];
})()
"""
LONG = "a-name-that-nobody-would-give-" * 4 + "W" * 300


@pytest.fixture
def page(project: Project) -> Path:
    """The page of a fleet, one file of which cannot be used."""
    names = statuses.write(project.folder, statuses.fleet())
    project.write("", "empty.json")
    assert project.run("report", *names, "empty.json", "-o", "fleet.html").code == 3
    return project.folder / "fleet.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_every_window_in_both_themes(browser: Browser, page: Path, width: int, scheme: str) -> None:
    browser.open(page, width=width, scheme=scheme)
    assert browser.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert browser.evaluate(TOO_WIDE) == []
    assert browser.first_pixel() == PAPER[scheme]
    texts, faint = browser.evaluate(FAINT)
    assert (texts > 100, faint) == (True, [])


def test_a_row_is_a_row_where_there_is_room_and_else_a_block(browser: Browser, page: Path) -> None:
    display = "getComputedStyle(document.querySelector('tbody tr')).display"
    label = "getComputedStyle(document.querySelector('td[data-label]'), '::before').content"
    browser.open(page, width=1440)
    assert (browser.evaluate(display), browser.evaluate(label)) == ("table-row", "none")
    browser.open(page, width=360)
    assert (browser.evaluate(display), browser.evaluate(label)) == ("block", '"Standing"')


def test_it_is_printed_in_dark_on_white_whatever_the_theme(browser: Browser, page: Path) -> None:
    browser.open(page, scheme="dark", media="print")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    assert browser.evaluate(paper) == "rgb(255, 255, 255)"
    assert browser.evaluate(FAINT)[1] == []
    # A4 lying and Letter standing, in pixels of 1/96 inch without margins: a table stays one.
    for width in (1017, 710):
        browser.open(page, width=width, media="print")
        assert browser.evaluate("getComputedStyle(document.querySelector('tbody tr')).display") == "table-row"
        assert browser.evaluate(TOO_WIDE) == []
    printed = browser.call("Page.printToPDF", preferCSSPageSize=True)["data"]
    assert len(printed) > 10_000


def test_a_bar_is_as_long_as_the_memory_is_used(browser: Browser, page: Path) -> None:
    browser.open(page)
    lengths = browser.evaluate(
        "[...document.querySelectorAll('td .share')].map(one => "
        "one.lastElementChild.getBoundingClientRect().width / one.getBoundingClientRect().width)"
    )
    assert [round(one, 2) for one in lengths] == [1.0, 0.25, 0.95, 0.43, 0.43]


def test_what_can_be_read_aloud_keeps_its_order(browser: Browser, page: Path) -> None:
    """A table that is shown as blocks is still one for those who listen to it."""
    browser.open(page, width=360)
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = [one["role"]["value"] for one in nodes if not one.get("ignored")]
    assert roles.count("table") == 3
    assert roles.count("columnheader") == 7 + 5 + 5
    assert roles.count("row") > 20
    levels = browser.evaluate("[...document.querySelectorAll('h1, h2')].map(one => one.tagName).join()")
    assert levels == "H1,H2,H2,H2,H2"


def test_the_worst_names_load_nothing_run_nothing_and_fit(browser: Browser, project: Project) -> None:
    evil = (
        "</style></title></bdi><script>document.title = 'owned'</script>"
        "<img src=http://127.0.0.1:9/x onerror=\"document.title='owned'\"><style>body{display:none}</style>"
        "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'><base href=http://127.0.0.1:9/>"
    )
    for place, name in enumerate((evil, LONG, "\u202eright\u202c שלום to left", "名" * 200)):
        one = statuses.status(
            name,
            "broken",
            machine={"name": name, "tags": [name, name]},
            plan={"status": "broken", "summary": None, "message": name},
            state={"collection": name, "serial": 1, "lineage": str(place)},
            file={"path": name, "digest": name, "commit": name if place == 1 else None},
            servers=[statuses.server(name, modelID=name, endpoint=name, lastError=name)],
            versions=dict.fromkeys(("mlxsm", "mlxLm", "mlx", "system", "python"), name),
            lastApply={"at": name, "exit": 10**300},
            history=[statuses.event(10**300, "2026-06-16T00:00:00Z", command=name, summary=name)],
        )
        project.write(json.dumps(one), f"{place}.json")
    project.write("", f"{evil.replace('/', '_')[:200]}.json")
    names = [path.name for path in project.folder.glob("*.json")]
    assert project.run("report", *names, "-o", "fleet.html").code == 3
    for width in (320, 1440):
        browser.open(project.folder / "fleet.html", width=width)
        assert browser.evaluate("document.title") == "4 machines – mlxsm"
        assert (
            browser.evaluate("document.querySelectorAll('script, img, base, iframe, link, form').length") == 0
        )
        assert [one["request"]["url"] for one in browser.told("Network.requestWillBeSent")] == [
            (project.folder / "fleet.html").as_uri()
        ]
        assert browser.told("Log.entryAdded") == []
        assert browser.told("Runtime.consoleAPICalled") == []
        assert browser.evaluate(TOO_WIDE) == []
        assert browser.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )


def test_the_policy_stops_a_script_that_somebody_puts_in(browser: Browser, page: Path) -> None:
    """The escaping is one wall, this one stands behind it."""
    text = page.read_text().replace(
        "</main>", "<script>document.title = 'owned'</script><img src=x.png></main>"
    )
    page.write_text(text)
    browser.open(page)
    assert browser.evaluate("document.title") == "6 machines – mlxsm"
    assert len(browser.told("Log.entryAdded")) == 2


def test_a_thousand_machines_can_be_looked_at(browser: Browser, project: Project) -> None:
    found = [statuses.status(f"machine-{number}") for number in range(1000)]
    names = statuses.write(project.folder, found)
    assert project.run("report", *names, "-o", "fleet.html").code == 0
    browser.open(project.folder / "fleet.html", width=1024)
    assert browser.evaluate("document.querySelectorAll('#machines ~ table tbody tr').length") == 1000
    assert browser.evaluate(TOO_WIDE) == []
