"""What a client sends: requests, in order, whole or refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.filters.http_settings import HttpSettings
from bridge.wire.http_head import MAX_FIELDS
from tests.http_bytes import (
    CHUNKED,
    GET,
    OK,
    PLAIN,
    POST,
    Talk,
    refused_with,
    request,
)
from tests.test_http_head import BAD_REQUESTS

FITS_NOT = {"an empty line before it", "nothing", "two heads in one"}
"""Those are well in a stream of requests."""
STREAMS = {name: head for name, head in BAD_REQUESTS.items() if name not in FITS_NOT}


@pytest.mark.parametrize("one", [GET, POST, CHUNKED], ids=["GET", "POST", "chunked"])
def test_a_request_goes_on_to_the_server_of_its_host(one: bytes) -> None:
    talk = Talk()
    talk.up(one)
    assert (talk.servers, talk.outcome.dialed) == ((one,), ("a",))
    talk.down(OK)
    assert (talk.client, talk.statuses, talk.ending) == (OK, [200], "")


def test_many_requests_take_one_connection() -> None:
    talk = Talk()
    for one in (GET, POST, CHUNKED, GET):
        talk.up(one)
        talk.down(OK)
    assert talk.servers == (GET + POST + CHUNKED + GET,)
    assert [each.reused for each in talk.told] == [0, 1, 2, 3]
    assert talk.outcome.dialed == ("a",)


def test_pipelined_requests_are_served_one_after_the_other() -> None:
    talk = Talk()
    talk.up(GET + CHUNKED + POST)
    assert talk.servers == (GET,)
    talk.down(OK)
    assert talk.servers == (GET + CHUNKED,)
    talk.down(OK)
    assert talk.servers == (GET + CHUNKED + POST,)
    talk.down(OK)
    assert talk.client == OK * 3


def test_each_host_has_a_server_of_its_own() -> None:
    talk = Talk()
    other = request(host="B:80")
    talk.up(GET + other + GET)
    for _ in range(3):
        talk.down(OK)
    assert talk.outcome.dialed == ("a", "b", "a")
    assert talk.servers == (GET, other, GET)


def test_who_names_no_host_gets_the_default() -> None:
    talk = Talk()
    talk.up(request("GET / HTTP/1.0", host=""))
    assert talk.outcome.dialed == (None,)


def test_nothing_is_dialed_before_the_head_is_whole() -> None:
    talk = Talk()
    talk.up(GET[:-1])
    assert talk.outcome.dialed == ()
    talk.up(GET[-1:])
    assert talk.servers == (GET,)


def test_empty_lines_before_a_request_are_no_part_of_it() -> None:
    talk = Talk()
    talk.up(b"\r\n\r\n" + GET)
    talk.down(OK)
    talk.up(b"\r\n")
    talk.up(GET)
    assert talk.servers == (GET + GET,)


def test_the_body_of_a_large_request_passes_as_it_comes() -> None:
    talk = Talk()
    talk.up(request("PUT / HTTP/1.1", "Content-Length: 100000") + b"x" * 99_999)
    assert len(talk.servers[0]) > 99_999
    talk.up(b"y" + GET)
    talk.down(OK)
    assert talk.servers[0].endswith(b"xy" + GET)
    assert talk.told[0].up == len(request("PUT / HTTP/1.1", "Content-Length: 1"
                                          "00000")) + 100_000  # fmt: skip


def test_who_expects_to_be_told_to_continue_is_told_by_the_server() -> None:
    talk = Talk()
    head = request("PUT / HTTP/1.1", "Content-Length: 3", "Expect: 100-continue")
    talk.up(head)
    assert talk.servers == (head,)
    talk.down(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert talk.client == b"HTTP/1.1 100 Continue\r\n\r\n"
    talk.up(b"abc")
    talk.down(OK)
    assert talk.servers == (head + b"abc",)
    assert talk.statuses == [200]


def test_a_clients_end_waits_for_the_answers() -> None:
    talk = Talk()
    talk.up(GET + POST, ended=True)
    talk.down(OK)
    assert talk.ending == ""
    talk.down(OK)
    assert (talk.client, talk.ending) == (OK + OK, "done")
    assert not talk.outcome.server_ended


def test_a_clients_end_within_a_body_is_passed_on() -> None:
    for begun in (POST[:-1], CHUNKED[:-1], CHUNKED[:-8], CHUNKED[:70]):
        talk = Talk()
        talk.up(begun)
        talk.ended_up()
        assert talk.outcome.server_ended
        assert begun.startswith(talk.servers[0])


def test_a_clients_end_within_a_head_is_refused() -> None:
    talk = Talk()
    talk.up(GET[:9], ended=True)
    assert (refused_with(talk), talk.ending) == (400, "bad_header")


def test_a_client_that_says_nothing_and_ends_is_done() -> None:
    talk = Talk()
    talk.ended_up()
    assert (talk.client, talk.ending, talk.told) == (b"", "done", [])
    talk = Talk()
    talk.up(b"\r\n", ended=True)
    assert (talk.client, talk.ending, talk.told) == (b"", "done", [])


# Refused


@pytest.mark.parametrize("head", STREAMS.values(), ids=STREAMS.keys())
@pytest.mark.parametrize("before", [b"", GET], ids=["first", "second"])
def test_nothing_goes_on_of_a_request_with(head: bytes, before: bytes) -> None:
    talk = Talk()
    if before:
        talk.up(before)
        talk.down(OK)
    talk.up(head)
    assert talk.ending == "bad_header"
    assert refused_with(talk) in (400, 501)
    assert b"".join(talk.servers) == before
    assert talk.told[-1].ending == "bad_header"


@pytest.mark.parametrize("head", STREAMS.values(), ids=STREAMS.keys())
def test_nor_if_it_comes_byte_by_byte(head: bytes) -> None:
    talk = Talk()
    for at in range(len(head)):
        if not talk.ending:
            talk.up(head[at : at + 1])
    assert talk.ending == "bad_header"
    assert talk.servers == ()


BAD_CHUNKS = {
    "no hexadecimal": b"x\r\n",
    "a space": b"5 \r\nhello\r\n0\r\n\r\n",
    "bare LF": b"5\nhello\r\n0\r\n\r\n",
    "an extension too long": b"5;" + b"x" * 300 + b"\r\nhello\r\n0\r\n\r\n",
    "an extension of a megabyte": b"5;" + b"x" * (1 << 20),
    "too much data": b"5\r\nhello!\r\n0\r\n\r\n",
    "trailers too long": b"0\r\nX: " + b"x" * 10_000,
    "a folded trailer": b"0\r\nX: y\r\n z\r\n\r\n",
}


@pytest.mark.parametrize("chunks", BAD_CHUNKS.values(), ids=BAD_CHUNKS.keys())
def test_a_chunked_request_is_refused_for(chunks: bytes) -> None:
    head = request("POST / HTTP/1.1", "Transfer-Encoding: chunked")
    talk = Talk()
    talk.up(head)
    talk.up(chunks)
    assert (talk.ending, refused_with(talk)) == ("bad_header", 400)
    assert (head + chunks).startswith(talk.servers[0])
    assert len(talk.servers[0]) <= len(head) + 10


def test_a_chunk_that_is_wrong_behind_an_answer_gets_no_second_one() -> None:
    talk = Talk()
    talk.up(request("POST / HTTP/1.1", "Transfer-Encoding: chunked"))
    talk.down(OK[:-1])
    talk.up(b"x\r\n")
    assert talk.ending == "bad_header"
    assert talk.client.count(b"HTTP/1.1") == 1


def test_a_trailer_that_a_server_may_merge_stays_behind() -> None:
    talk = Talk(HttpSettings(x_forwarded="append"))
    talk.up(
        request("POST / HTTP/1.1", "Transfer-Encoding: chunked")
        + b"0\r\nX-Forwarded-For: 6.6.6.6\r\nX-Sum: 1\r\n\r\n"
    )
    assert talk.servers[0].endswith(b"\r\n\r\n0\r\nX-Sum: 1\r\n\r\n")


LARGE = {
    "one line of a megabyte": (b"GET / HTTP/1.1\r\nX: " + b"x" * (1 << 20), 431),
    "a target of a megabyte": (b"GET /" + b"x" * (1 << 20), 414),
    "a head that is a byte too long": (
        request("GET / HTTP/1.1", "X: " + "x" * (65536 - 31)), 431,
    ),
    "10,000 fields": (request("GET / HTTP/1.1", *["a:"] * 10_000), 431),
    "a field more than there may be": (
        request("GET / HTTP/1.1", *["a:"] * MAX_FIELDS), 431,
    ),
    "empty lines for ever": (b"\r\n" * 20_000 + b"G" + b"x" * 65536, 414),
}  # fmt: skip


@pytest.mark.parametrize(("stream", "status"), LARGE.values(), ids=LARGE.keys())
@pytest.mark.parametrize("step", [1 << 21, 4096, 1000])
def test_a_head_is_bounded(stream: bytes, status: int, step: int) -> None:
    talk = Talk()
    for at in range(0, len(stream), step):
        talk.up(stream[at : at + step])
        if talk.ending:
            break
    assert (talk.ending, refused_with(talk)) == ("bad_header", status)
    assert talk.servers == ()


def test_the_longest_head_that_may_be_is_read() -> None:
    head = request("GET / HTTP/1.1", "X: " + "x" * (65536 - 32))
    assert len(head) == 65536
    talk = Talk()
    talk.up(head)
    assert talk.servers == (head,)


def test_no_more_than_a_head_is_asked_to_be_kept() -> None:
    talk = Talk(replace(PLAIN, head=1000))
    talk.up(b"GET / HTTP/1.1\r\nX: " + b"x" * 900)
    assert talk.ending == ""
    talk.up(b"x" * 100)
    assert refused_with(talk) == 431


# Redirects


@pytest.mark.parametrize(
    ("one", "status", "location"),
    [
        (request("GET /x?y HTTP/1.1", host="A:8080"), 308, "https://a/x?y"),
        (request("GET / HTTP/1.0"), 301, "https://a/"),
        (
            request("HEAD / HTTP/1.1", host="[2001:DB8::1]"),
            308,
            "https://[2001:db8::1]/",
        ),
        (POST, 308, "https://a/"),
        (request("OPTIONS * HTTP/1.1"), 308, "https://a/"),
        (request("GET http://b/x HTTP/1.1"), 308, "https://b/x"),
    ],
)
def test_what_comes_in_the_clear_is_sent_to_https(
    one: bytes, status: int, location: str
) -> None:
    talk = Talk(replace(PLAIN, redirect_to_https=True))
    talk.up(one)
    assert refused_with(talk) == status
    assert f"\r\nLocation: {location}\r\n".encode() in talk.client
    assert (talk.ending, talk.servers, talk.statuses) == ("done", (), [status])
    assert not talk.told[0].dials


def test_what_cannot_be_asked_for_there_is_refused() -> None:
    for one in (request(host=""), request("CONNECT a:1 HTTP/1.1")):
        talk = Talk(replace(PLAIN, redirect_to_https=True))
        talk.up(one)
        assert refused_with(talk) == 400


def test_what_comes_in_tls_is_served() -> None:
    talk = Talk(replace(PLAIN, redirect_to_https=True), secure=True)
    talk.up(GET)
    assert talk.servers == (GET,)
