"""Pages that are kept up to date, bounded in number and memory."""

from __future__ import annotations

import pytest
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from bridge.web.streams import MOST, PATIENCE
from tests.paged import Paged, events
from tests.watched import World


@pytest.fixture
def paged() -> Paged:
    return Paged(World(servers=50))


def test_first_comes_all_there_is_and_then_what_has_changed(paged: Paged) -> None:
    client = paged.look()
    (first,) = events(client)
    assert first["whole"] and len(first["parts"]) > 50
    paged.turn(1.0)
    events(client)  # what servers said when they were asked
    paged.world.fronts["web"]["accepted"] = 9
    paged.turn(1.0)
    (second,) = events(client)
    assert not second["whole"]
    assert {"clock", "front/web"} <= second["parts"].keys()
    assert second["row"] is not None
    assert len(second["parts"]) < 10


def test_the_head_says_what_it_is(paged: Paged) -> None:
    client = paged.look()
    head = client.transport.value().partition(b"\r\n\r\n")[0]
    assert b"200 OK" in head and b"text/event-stream" in head
    assert b"Content-Security-Policy: default-src 'none'" in head
    assert b"no-store" in head


def test_one_that_does_not_read_is_given_nothing_and_then_all(paged: Paged) -> None:
    client = paged.look()
    events(client)
    client.channel.pauseProducing()
    for _ in range(5):
        paged.turn(1.0)
    assert events(client) == []
    client.channel.resumeProducing()
    paged.turn(1.0)
    (told,) = events(client)
    assert told["whole"] and len(told["parts"]) > 50


def test_one_that_never_reads_is_dropped(paged: Paged) -> None:
    client, other = paged.look(), paged.look()
    events(client)
    client.channel.pauseProducing()
    for _ in range(int(PATIENCE) + 2):
        paged.turn(1.0)
    assert client.transport.disconnected or client.transport.disconnecting
    assert events(client) == []
    assert not other.transport.disconnected and events(other)


def test_only_so_many_are_kept_and_the_next_may_ask_instead(paged: Paged) -> None:
    clients = [paged.look() for _ in range(MOST)]
    answer = paged.bench.get("/data/live")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert paged.get("/data/all").status == 200
    clients[0].channel.connectionLost(Failure(ConnectionLost()))
    client = paged.look()
    assert events(client)


def test_the_others_are_told_whatever_becomes_of_one(paged: Paged) -> None:
    one, two = paged.look(), paged.look()
    one.channel.connectionLost(Failure(ConnectionLost()))
    events(two)
    paged.turn(1.0)
    assert events(two)


def test_to_ask_for_its_head_is_no_stream(paged: Paged) -> None:
    answer = paged.bench.get("/data/live", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert len([paged.look() for _ in range(MOST)]) == MOST


def test_another_sites_page_gets_none(paged: Paged) -> None:
    answer = paged.bench.get("/data/live", "Sec-Fetch-Site: cross-site")
    assert answer.status == 403


def test_all_end_with_the_gateway(paged: Paged) -> None:
    client = paged.look()
    paged.page.close()
    assert client.transport.value().endswith(b"0\r\n\r\n")
    assert paged.bench.get("/data/live").status == 503


def test_all_are_ended_when_who_may_look_has_changed(paged: Paged) -> None:
    clients = [paged.look() for _ in range(3)]
    paged.page.ask_again()
    assert all(client.transport.disconnecting for client in clients)
    for client in clients:
        client.lose(lambda: Failure(ConnectionLost()))
    assert events(paged.look())[0]["whole"]
