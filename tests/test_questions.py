"""What the page asks for besides its stream."""

from __future__ import annotations

import json

import pytest
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from bridge.web.history import SERIES, SPANS
from bridge.web.questions import MOST, SESSIONS
from tests.paged import Paged


@pytest.fixture
def paged() -> Paged:
    return Paged()


def test_sessions_are_those_that_the_gateway_lists(paged: Paged) -> None:
    paged.world.sessions = [{"session": "a"}, {"session": "b"}]
    answer = paged.bench.get("/data/sessions?front=web&client=&sort=rate&limit=1")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body)["sessions"] == [{"session": "a"}]
    assert paged.world.said[-1] == (
        *("sessions", {"front": "web", "sort": "rate", "limit": 1}),
    )


def test_no_answer_lists_more_than_a_page_can_show(paged: Paged) -> None:
    paged.bench.get("/data/sessions?limit=10000")
    assert paged.world.said[-1] == ("sessions", {"limit": SESSIONS})


@pytest.mark.parametrize(
    "query",
    [
        *[
            "limit=0",
            "limit=-1",
            "limit=1e9",
            "limit=%C2%B2",
            "sort=speed",
            "colour=red",
        ],
        "client=" + "x" * 300,
        "client=%00",
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(
    paged: Paged, query: str
) -> None:
    answer = paged.bench.get(f"/data/sessions?{query}")
    assert answer.status == 200
    assert json.loads(answer.body)["error"].startswith("sessions")
    assert paged.world.said == []


def test_one_that_is_over_is_not_found(paged: Paged) -> None:
    answer = paged.bench.get("/data/session?session=x")
    assert "there is no session x" in json.loads(answer.body)["error"]
    assert "needs" in paged.bench.get("/data/session").text


@pytest.mark.parametrize("span", SPANS)
def test_the_history_has_its_spans(paged: Paged, span: str) -> None:
    for _ in range(30):
        paged.turn(5.0)
    told = json.loads(paged.bench.get(f"/data/history?span={span}").body)
    assert told["series"] == list(SERIES)
    assert 2 <= len(told["rows"]) <= 30
    assert {len(row) for row in told["rows"]} == {len(SERIES)}


def test_a_span_that_is_none_is_refused(paged: Paged) -> None:
    assert "span is one of" in paged.bench.get("/data/history?span=year").text


@pytest.mark.parametrize("path", ["all", "history", "sessions", "session", "token"])
def test_another_sites_page_is_told_nothing(paged: Paged, path: str) -> None:
    answer = paged.bench.get(f"/data/{path}", "Sec-Fetch-Site: cross-site")
    assert answer.status == 403 and paged.world.said == []


@pytest.mark.parametrize("path", ["all", "history", "sessions", "live", "token"])
def test_nothing_is_asked_by_post(paged: Paged, path: str) -> None:
    assert paged.bench.get(f"/data/{path}", method="POST").status == 405


def test_only_so_much_is_waited_for_at_a_time(paged: Paged) -> None:
    paged.world.hangs = True
    clients = []
    for _ in range(MOST):
        client = paged.bench.connect()
        assert client is not None
        client.send("GET /data/sessions HTTP/1.1", "Host: [::1]")
        clients.append(client)
    assert paged.bench.get("/data/sessions").status == 503
    for client in clients:  # who goes is not waited for
        client.channel.connectionLost(Failure(ConnectionLost()))
    paged.world.hangs = False
    assert paged.bench.get("/data/sessions").status == 200
