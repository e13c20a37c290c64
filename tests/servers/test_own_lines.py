"""What a server logs about our own questions, as mlx-lm 0.32.2 logs it, and what clients make it log."""

from __future__ import annotations

import pytest

from mlxsm_sync.servers.own_lines import OwnLines, without_own

T = "2026-11-26 03:35:27,093 - "
LOOK = '127.0.0.1 - - [26/Nov/2026 03:35:27] "GET /health HTTP/1.0" 200 -'
QUESTION = '127.0.0.1 - - [26/Nov/2026 03:35:27] "POST /v1/chat/completions HTTP/1.0" 200 -'
CLIENTS = QUESTION.replace("1.0", "1.1")
BEGUN = f"{T}INFO - Starting httpd at 127.0.0.1 on port 21910..."


def body(content: str = "hi", most: int = 1) -> list[str]:
    text = f'{{\n\t"messages": [\n\t\t{{\n\t\t\t"role": "user",\n\t\t\t"content": "{content}"\n\t\t}}\n\t],\n\t"max_tokens": {most}\n}}'
    first, *more = text.splitlines()
    return [f"{T}DEBUG - Incoming Request Body: {first}", *more]


def answer(tokens: int = 1) -> list[str]:
    text = f'{{\n\t"id": "x",\n\t"usage": {{\n\t\t"completion_tokens": {tokens},\n\t\t"total_tokens": 20\n\t}}\n}}'
    first, *more = text.splitlines()
    return [f"{T}DEBUG - Outgoing Response: {first}", *more]


CACHE = [
    f"{T}INFO - Prompt Cache: 0 sequences, 0.00 GB",
    *(f"{T}INFO - - {role}: 0 sequences, 0.00 GB" for role in ("assistant", "user", "system")),
]
PROGRESS = [f"{T}INFO - Prompt processing progress: {done}/19" for done in (18, 19)]
TOKEN = [f"{T}DEBUG - \ufffd"]
STARTING = [f"{T}DEBUG - Starting completion:"]

AT_DEBUG = [LOOK, *body(), *CACHE, QUESTION, *STARTING, *PROGRESS, *TOKEN, *answer(), LOOK]
AT_INFO = [LOOK, *CACHE, QUESTION, *PROGRESS, LOOK]
OF_A_CLIENT = [*body("hello", 9), *CACHE, CLIENTS, *STARTING, *PROGRESS, *TOKEN, *answer(9)]


@pytest.mark.parametrize("ours", [[LOOK], [LOOK, QUESTION], AT_INFO, AT_DEBUG, [*AT_INFO, *AT_INFO]])
def test_our_own_lines_are_left_out_whatever_the_level(ours: list[str]) -> None:
    assert without_own([BEGUN, *ours, "end"]) == [BEGUN, "end"]
    assert without_own([*ours, *ours]) == []


@pytest.mark.parametrize(
    ("ours", "theirs"), [(AT_INFO, [*CACHE, CLIENTS, *PROGRESS]), (AT_DEBUG, OF_A_CLIENT)]
)
def test_lines_of_clients_stay(ours: list[str], theirs: list[str]) -> None:
    assert without_own(theirs) == theirs
    assert without_own([*theirs, *ours, *theirs]) == [*theirs, *theirs]
    assert without_own([BEGUN, *body("hello", 9), *ours]) == [BEGUN, *body("hello", 9)]


def test_whatever_stands_between_is_shown_in_its_order() -> None:
    mixed = [*body(), "one", *CACHE, "two", QUESTION, "three", *PROGRESS, *TOKEN, *answer(), "four"]
    assert without_own(mixed) == ["one", "two", "three", "four"]
    traceback = ["Traceback (most recent call last):", "  File x", "ValueError: bad"]
    assert without_own([*AT_INFO, *traceback]) == traceback
    assert without_own([QUESTION, *TOKEN, *answer(9)]) == [*TOKEN, *answer(9)]
    assert without_own([QUESTION, *answer()]) == []
    assert without_own([QUESTION, *(["x"] * 60), *PROGRESS]) == [*(["x"] * 60), *PROGRESS]


@pytest.mark.parametrize("lines", [AT_DEBUG, AT_INFO, OF_A_CLIENT, [*OF_A_CLIENT, *AT_DEBUG, *OF_A_CLIENT]])
def test_pieces_make_no_difference(lines: list[str]) -> None:
    for size in range(1, len(lines) + 1):
        own = OwnLines()
        shown = [one for at in range(0, len(lines), size) for one in own.seen(lines[at : at + size])]
        assert [*shown, *own.rest()] == without_own(lines)


def test_what_may_be_ours_is_shown_when_nothing_more_comes() -> None:
    own = OwnLines()
    assert own.seen(body()[:3]) == []
    assert own.rest() == body()[:3]
    assert own.seen([*CACHE, "x"]) == []
    assert own.rest() == [*CACHE, "x"]
    assert own.rest() == []


def test_nothing_is_held_back_without_end() -> None:
    own = OwnLines()
    lines = [*CACHE, *map(str, range(200))]
    assert len(own.seen(lines)) > 190
    endless = [body()[0], *("\t" for _ in range(1000))]
    assert [*own.rest(), *own.seen(endless), *own.rest()][-len(endless) :] == endless
