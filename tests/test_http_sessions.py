"""Mode http in sessions on real sockets: what takes a driver to go wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from bridge.filters.about import About
from bridge.filters.http import HttpFilter
from bridge.net.relay import Clear
from bridge.net.tcpinfo import tcp_info
from tests.filtered import Filtered
from tests.http_bytes import OK, PLAIN, request, response

GET = request(host="one")
CLOSING = request("GET / HTTP/1.1", "Connection: close", host="one")
LAST = response("HTTP/1.1 200 OK", "Content-Length: 2", "Connection: close") + b"hi"


@pytest.fixture
def talk() -> Iterator[Filtered]:
    one = Filtered(Http)
    yield one
    one.close()


class Http(HttpFilter):
    def __init__(self, about: About) -> None:
        super().__init__(about, PLAIN)


def test_a_server_that_ends_while_another_is_asked_for_is_not_the_other(
    talk: Filtered,
) -> None:
    """Its end, which comes with its last answer, is none for the request after it."""
    talk.up(GET * 4)
    talk.servers[-1].sendall(LAST)
    talk.servers[-1].shutdown(socket.SHUT_WR)
    talk.until(lambda: len(talk.servers) > 1)
    assert talk.to_servers == [GET, GET]
    for _ in range(3):
        talk.down(OK)
    assert talk.to_servers == [GET, GET * 3]
    assert talk.to_client == OK * 4
    assert [each.status for each in talk.told] == [200] * 4


def test_one_that_ends_between_two_requests_leaves_the_client_open(
    talk: Filtered,
) -> None:
    talk.up(GET)
    talk.down(OK)
    talk.ended_down()
    assert not talk.ends[0]
    talk.up(GET)
    talk.until(lambda: len(talk.servers) > 1)
    talk.down(OK)
    assert talk.to_servers == [GET, GET]
    assert talk.to_client == OK * 2


def test_one_that_is_reset_meanwhile_is_dialed_anew_and_asked_again(
    talk: Filtered,
) -> None:
    talk.up(GET)
    talk.down(OK)
    talk.up(GET)
    talk.lost()
    talk.until(lambda: len(talk.to_servers) > 1 and talk.to_servers[1])
    talk.down(OK)
    assert talk.to_servers == [GET + GET, GET]
    assert talk.to_client == OK * 2


def test_one_that_ends_meanwhile_too(talk: Filtered) -> None:
    talk.up(GET)
    talk.down(OK)
    talk.up(GET)
    talk.ended_down()
    talk.until(lambda: len(talk.to_servers) > 1 and talk.to_servers[1])
    talk.down(OK)
    assert talk.to_servers == [GET + GET, GET]
    assert talk.to_client == OK * 2


def test_a_large_answer_passes_before_the_next_request_goes_on(talk: Filtered) -> None:
    size = 1 << 20
    head = response("HTTP/1.1 200 OK", f"Content-Length: {size}")
    talk.up(GET + GET)
    talk.down(head + b"x" * 1000)
    assert talk.to_servers == [GET]
    left = b"x" * (size - 1000)
    while left:
        left = left[talk.servers[-1].send(left[: 1 << 15]) :]
        talk.turn()
    talk.until(lambda: talk.to_servers == [GET + GET])
    assert len(talk.to_client) == len(head) + size


def test_an_answer_that_is_cut_is_a_reset(talk: Filtered) -> None:
    talk.up(GET)
    talk.down(OK[:-1])
    talk.ended_down()
    talk.until(lambda: talk.ending)
    assert (talk.ending, talk.reset[0]) == ("back_reset", True)
    assert talk.to_client == OK[:-1]


def test_what_cannot_be_read_is_answered_and_ended(talk: Filtered) -> None:
    talk.up(b"GET / HTTP/1.1\r\nHost : one\r\n\r\n")
    talk.until(lambda: talk.ending)
    assert talk.to_client.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (talk.ending, talk.ends[0], talk.servers) == ("bad_header", True, [])


def test_a_host_without_a_farm_is_misdirected(talk: Filtered) -> None:
    talk.up(request(host="nowhere"))
    talk.until(lambda: talk.ending)
    assert talk.to_client.startswith(b"HTTP/1.1 421 Misdirected Request\r\n")
    assert (talk.ending, talk.ends[0]) == ("no_server", True)


def test_a_server_that_cannot_be_reached_is_a_bad_gateway() -> None:
    talk = Filtered(Http, unreachable=("one",))
    talk.up(GET)
    talk.until(lambda: talk.ending)
    assert talk.to_client.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert talk.ending == "dial_failed"
    talk.close()


def test_another_host_has_another_server(talk: Filtered) -> None:
    other = request(host="two")
    talk.up(GET + other)
    talk.down(OK)
    talk.until(lambda: len(talk.servers) > 1 and talk.to_servers[1])
    talk.down(OK)
    assert talk.to_servers == [GET, other]
    assert talk.to_client == OK * 2


def test_drain_ends_it_behind_the_answer_under_way(talk: Filtered) -> None:
    talk.up(GET)
    talk.drain()
    talk.down(OK)
    talk.until(lambda: talk.ending)
    assert b"\r\nConnection: close\r\n" in talk.to_client
    assert (talk.ending, talk.ends[0]) == ("done", True)


@pytest.mark.parametrize("size", [1000, 1_000_000], ids=["memory", "splice"])
@pytest.mark.parametrize("how", ["lost", "ended_down"])
def test_one_that_goes_within_a_request_is_a_bad_gateway(
    talk: Filtered, how: str, size: int
) -> None:
    talk.up(request("PUT / HTTP/1.1", f"Content-Length: {size}", host="one") + b"x")
    talk.up(b"y" * 100)
    getattr(talk, how)()
    talk.until(lambda: talk.ending)
    assert talk.to_client.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert (talk.ending, talk.ends[0]) == ("back_reset", True)


def test_the_last_answer_and_the_end_are_one_segment(talk: Filtered) -> None:
    talk.up(request("GET / HTTP/1.1", "Connection: close", host="one"))
    before = tcp_info(talk.client).segs_in
    talk.servers[-1].sendall(LAST)
    talk.until(lambda: talk.ends[0])
    assert talk.to_client.endswith(b"hi")
    assert tcp_info(talk.client).segs_in == before + 1


@pytest.mark.parametrize("asked", [GET, CLOSING])
def test_no_socket_is_read_that_is_known_to_be_empty(
    talk: Filtered, monkeypatch: pytest.MonkeyPatch, asked: bytes
) -> None:
    got: list[int] = []
    pull = Clear.pull

    def noted(end: Clear, most: int) -> int:
        got.append(pull(end, most))
        return got[-1]

    monkeypatch.setattr(Clear, "pull", noted)
    talk.up(asked)
    talk.down(OK)
    assert talk.to_client.endswith(OK[-2:])
    assert got == [len(asked), len(OK)]
