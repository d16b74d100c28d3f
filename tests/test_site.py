"""HTTP as it is spoken with whoever watches."""

from __future__ import annotations

import pytest
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET, Request

from bridge.web import site as module
from bridge.web.plain import Plain
from bridge.web.site import BODY, SILENT
from tests.asking_web import Bench, Client


class Hello(Plain):
    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        return b"hello"

    def render_POST(self, request: Request) -> bytes:
        assert request.content is not None
        return b"%d bytes" % len(request.content.read())


class Slow(Plain):
    """Answers when the test has it do so."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Request] = []

    def render_GET(self, request: Request) -> int:
        self.asked.append(request)
        return NOT_DONE_YET


class Raises(Plain):
    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        raise ValueError("secret")


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def bench(slow: Slow) -> Bench:
    root = Plain()
    root.putChild(b"hello", Hello())
    root.putChild(b"slow", slow)
    root.putChild(b"raises", Raises())
    return Bench(root, "gateway.example")


def connected(bench: Bench) -> Client:
    client = bench.connect()
    assert client is not None
    return client


def test_all_answers_say_how_they_are_to_be_taken(bench: Bench) -> None:
    for answer in (bench.get("/hello"), bench.get("/nothing")):
        assert answer.headers["server"] == "bridge"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.status == 404


@pytest.mark.parametrize("host", ["127.0.0.1:9180", "localhost", "gateway.example:1"])
def test_who_asks_by_a_name_of_ours_is_answered(bench: Bench, host: str) -> None:
    assert bench.get("/hello", host=host).body == b"hello"


@pytest.mark.parametrize("path", ["/hello", "/nothing", "/"])
def test_who_asks_by_anothers_name_learns_nothing(bench: Bench, path: str) -> None:
    answer = bench.get(path, host="evil.example")
    assert answer.status == 421 and answer.headers["server"] == "bridge"
    assert "admin.names" in answer.text


def test_names_are_said_once(bench: Bench) -> None:
    assert bench.get("/hello", "Host: [::1]").status == 421
    client = connected(bench)
    client.send("GET /hello HTTP/1.1")
    assert client.answer().status in (400, 421)
    client = connected(bench)
    client.send("GET /hello HTTP/1.0")  # no browser of this century
    assert client.answer().body == b"hello"


def test_a_bug_is_not_told_to_who_asks(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    answer = bench.get("/raises")
    assert answer.status == 500 and b"secret" not in answer.body


def test_nothing_is_changed_by_asking(bench: Bench) -> None:
    for method in ("DELETE", "PUT", "OPTIONS", "_x"):
        answer = bench.get("/slow", method=method)
        assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD"
    head = bench.get("/hello", method="HEAD")
    assert (head.status, head.body) == (200, b"")


def test_what_is_sent_is_bounded(bench: Bench) -> None:
    client = connected(bench)
    client.send(
        "POST /hello HTTP/1.1", "Host: [::1]", "Content-Length: 5", body="12345"
    )
    assert client.answer().body == b"5 bytes"
    client.send("POST /hello HTTP/1.1", "Host: [::1]", "Transfer-Encoding: chunked")
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    for _ in range(BODY // 0x8000):
        client.channel.dataReceived(chunk)
    assert not client.transport.disconnecting
    client.channel.dataReceived(b"1\r\nx\r\n")
    assert client.transport.disconnected or client.transport.disconnecting
    client = connected(bench)
    client.send("GET /hello HTTP/1.1", "Host: [::1]", "X: " + "x" * (1 << 17))
    assert client.transport.disconnecting


def test_who_says_nothing_for_long_goes(bench: Bench) -> None:
    client = connected(bench)
    bench.clock.advance(SILENT - 1)
    client.send("GET /hello HTTP/1.1", "Host: [::1]")
    assert client.answer().body == b"hello"
    bench.clock.advance(SILENT - 1)
    assert not client.transport.disconnecting
    bench.clock.advance(1)
    assert client.transport.disconnecting


def test_who_does_not_even_read_the_end_is_cut_off(bench: Bench) -> None:
    """TLS waits for the other end to say that it ends, and TCP for a reader."""
    client = connected(bench)
    bench.clock.advance(SILENT)
    assert client.transport.disconnecting and not client.transport.disconnected
    aborted: list[bool] = []
    client.transport.abortConnection = lambda: aborted.append(True)  # type: ignore[method-assign]
    bench.clock.advance(SILENT - 1)
    assert aborted == []
    bench.clock.advance(1)
    assert aborted == [True]


def test_one_more_ends_who_has_asked_nothing_for_the_longest(
    bench: Bench, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    works, old, young = (connected(bench) for _ in range(3))
    works.send("GET /slow HTTP/1.1", "Host: [::1]")
    old.send("GET /hello HTTP/1.1", "Host: [::1]")  # and so is young again
    assert old.answer().status == 200
    assert bench.connect() is not None
    assert young.transport.disconnected and not old.transport.disconnected
    young.lose(lambda: Failure(ConnectionDone()))
    assert bench.site.count == 3
    slow.asked[0].finish()
    assert works.answer().status == 200
    assert list(bench.site.idle)[-1] is works.channel


def test_there_is_no_room_where_all_are_worked_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    works = connected(bench)
    works.send("GET /slow HTTP/1.1", "Host: [::1]")
    assert bench.connect() is None
    works.lose(lambda: Failure(ConnectionDone()))
    assert bench.site.count == 0 and bench.site.idle == {}
    assert bench.connect() is not None
