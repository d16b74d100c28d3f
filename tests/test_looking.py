"""What is done for whoever looks, and only while somebody does."""

from __future__ import annotations

import json
from typing import Any

from bridge.web.looking import POLLED, SELDOM
from tests.logged import logged
from tests.paged import Paged, events
from tests.watched import World


def commands(world: World) -> list[str]:
    return [command for command, _ in world.said]


def test_while_nobody_looks_nobody_is_asked_and_numbers_are_read_seldom() -> None:
    paged = Paged()
    before = paged.world.numbers_asked
    for _ in range(10):
        paged.turn(SELDOM)
    assert paged.world.numbers_asked == before + 10
    assert paged.world.said == []
    rows = json.loads(paged.bench.get("/data/history?span=live").body)["rows"]
    assert len(rows) == 10


def test_while_somebody_looks_it_is_done_each_second() -> None:
    paged = Paged()
    paged.look()
    before = paged.world.numbers_asked
    for _ in range(10):
        paged.turn(1.0)
    assert paged.world.numbers_asked == before + 10
    assert {"servers", "endings", "sessions", "path"} == set(commands(paged.world))


def test_who_asks_all_is_answered_at_once_and_looks_for_a_while() -> None:
    paged = Paged()
    answer = paged.get("/data/all")
    assert json.loads(answer.body)["whole"]
    before = paged.world.numbers_asked
    for _ in range(int(POLLED)):
        paged.turn(1.0)
    assert paged.world.numbers_asked - before >= POLLED - 1
    for _ in range(int(3 * SELDOM)):
        paged.turn(1.0)
    assert paged.world.numbers_asked - before <= POLLED + 5


def test_a_worker_that_does_not_answer_holds_nobody_up() -> None:
    paged = Paged()
    client = paged.look()
    paged.turn(1.0)
    paged.world.hangs = True
    paged.turn(1.0)
    asked = len(paged.world.said)
    events(client)
    for _ in range(5):
        paged.turn(1.0)
    assert len(events(client)) == 5
    assert len(paged.world.said) == asked  # and nobody asks it again meanwhile


def test_a_bug_is_told_once_and_the_next_turn_comes() -> None:
    paged = Paged()
    client = paged.look()
    fronts: Any = paged.world.fronts
    paged.world.fronts = {"web": {}}
    with logged() as log:
        paged.turn(1.0)
    (line,) = log.lines
    assert "the page is not up to date" in line
    paged.world.fronts = fronts
    events(client)
    paged.turn(1.0)
    assert events(client)


def test_it_stops() -> None:
    paged = Paged()
    paged.look()
    paged.page.close()
    before = paged.world.numbers_asked
    paged.turn(60.0)
    assert paged.world.numbers_asked == before
