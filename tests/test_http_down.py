"""What a server sends: answers, each to its request, whole or cut visibly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.filters.http_settings import HeaderChanges
from tests.http_bytes import (
    CHUNKED,
    GET,
    OK,
    OK_CHUNKED,
    PLAIN,
    POST,
    UNTIL_CLOSE,
    Talk,
    refused_with,
    request,
    response,
)
from tests.test_http_head import BAD_RESPONSES


def asked(one: bytes = GET, talk: Talk | None = None) -> Talk:
    talk = talk or Talk()
    talk.up(one)
    return talk


@pytest.mark.parametrize("answer", [OK, OK_CHUNKED], ids=["length", "chunked"])
def test_an_answer_goes_on_as_it_came(answer: bytes) -> None:
    talk = asked()
    talk.down(answer)
    assert (talk.client, talk.ending, talk.statuses) == (answer, "", [200])
    assert talk.told[0].down == len(answer)


def test_an_answer_that_ends_with_its_connection_ends_the_clients() -> None:
    talk = asked()
    talk.down(UNTIL_CLOSE)
    talk.down(b", and more")
    assert talk.told == []
    talk.ended_down()
    head, _, body = talk.client.partition(b"\r\n\r\n")
    assert head == b"HTTP/1.1 200 OK\r\nConnection: close"
    assert body == b"all there is, and more"
    assert (talk.ending, talk.statuses) == ("done", [200])
    assert talk.told[0].down == len(talk.client)


def test_the_end_may_come_with_the_answer() -> None:
    talk = asked()
    talk.down(UNTIL_CLOSE, ended=True)
    assert talk.client.endswith(b"all there is")
    assert talk.ending == "done"


@pytest.mark.parametrize("answer", [OK, OK_CHUNKED], ids=["length", "chunked"])
def test_a_server_that_ends_behind_an_answer_leaves_the_client_open(
    answer: bytes,
) -> None:
    talk = asked()
    talk.down(answer, ended=True)
    assert (talk.client, talk.ending, talk.outcome.client_ended) == (answer, "", False)
    asked(GET, talk).down(OK)
    assert talk.client == answer + OK
    assert talk.servers == (GET, GET)


def test_a_server_that_will_end_is_not_asked_again() -> None:
    talk = asked()
    talk.down(response("HTTP/1.1 200 OK", "Content-Length: 2", "Connection: close")
              + b"hi")  # fmt: skip
    assert talk.client == OK
    asked(GET, talk).down(OK)
    assert talk.servers == (GET, GET)


def test_an_older_server_that_keeps_its_connection_is_asked_again() -> None:
    kept = response("HTTP/1.0 200 OK", "Content-Length: 2", "Connection: keep-alive")
    talk = asked()
    for _ in range(2):
        talk.down(kept + b"hi")
        talk.up(GET)
    assert talk.servers == (GET * 3,)
    assert talk.client == (kept + b"hi") * 2


def test_an_older_server_that_does_not_is_not_and_the_client_stays() -> None:
    talk = asked()
    talk.down(response("HTTP/1.0 200 OK", "Content-Length: 2") + b"hi")
    assert b"Connection: keep-alive" in talk.client
    talk.up(GET)
    assert talk.servers == (GET, GET)


@pytest.mark.parametrize(
    ("one", "closes"),
    [
        (request("GET / HTTP/1.1", "Connection: close"), True),
        (request("GET / HTTP/1.0"), True),
        (request("GET / HTTP/1.0", "Connection: keep-alive"), False),
    ],
)
def test_a_client_is_closed_if_it_said_so(one: bytes, closes: bool) -> None:
    talk = asked(one)
    assert talk.servers == (one,)
    talk.down(OK)
    assert talk.ending == ("done" if closes else "")
    told = b"Connection: close" if closes else b"Connection: keep-alive"
    assert told in talk.client


@pytest.mark.parametrize(
    ("one", "answer"),
    [
        (request("HEAD / HTTP/1.1"), response("HTTP/1.1 200 OK", "Content-Length: 99")),
        (
            request("HEAD / HTTP/1.1"),
            response("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"),
        ),
        (request("HEAD / HTTP/1.1"), response("HTTP/1.1 200 OK")),
        (GET, response("HTTP/1.1 204 No Content")),
        (GET, response("HTTP/1.1 304 Not Modified", "Content-Length: 99")),
        (GET, response("HTTP/1.1 200 OK", "Content-Length: 0")),
    ],
)
def test_an_answer_without_a_body_is_over_with_its_head(
    one: bytes, answer: bytes
) -> None:
    talk = asked(one)
    talk.down(answer)
    assert talk.client == answer
    asked(GET, talk).down(OK)
    assert talk.client == answer + OK
    assert talk.servers == (one + GET,)


def test_answers_before_the_final_one_go_on() -> None:
    talk = asked()
    hints = response("HTTP/1.1 103 Early Hints", "Link: </x>")
    talk.down(response("HTTP/1.1 100 Continue") + hints * 2 + OK)
    assert talk.client == response("HTTP/1.1 100 Continue") + hints * 2 + OK
    assert talk.statuses == [200]


def test_but_not_to_who_does_not_know_them() -> None:
    talk = asked(request("GET / HTTP/1.0", "Connection: keep-alive"))
    talk.down(response("HTTP/1.1 103 Early Hints") + OK)
    assert talk.client.count(b"HTTP/1.1") == 1


def test_an_answer_before_the_request_is_through_is_the_last() -> None:
    for begun, rest in (
        (request("PUT / HTTP/1.1", "Content-Length: 9") + b"x", b"12345678"),
        (CHUNKED[:60], CHUNKED[60:]),
    ):
        talk = asked(begun)
        talk.down(OK[:-1])
        assert b"\r\nConnection: close\r\n\r\nh" in talk.client
        talk.up(rest)  # who answers while it reads gets the rest
        assert talk.servers[0].endswith(rest)
        talk.down(b"i")
        assert talk.ending == "done"


@pytest.mark.parametrize("head", BAD_RESPONSES.values(), ids=BAD_RESPONSES.keys())
def test_nothing_goes_on_of_an_answer_with(head: bytes) -> None:
    talk = asked()
    talk.down(head)
    assert talk.ending == "bad_header"
    assert refused_with(talk) == 502
    assert talk.statuses == [502]
    assert talk.told[0].answered is None


@pytest.mark.parametrize("head", BAD_RESPONSES.values(), ids=BAD_RESPONSES.keys())
def test_nor_if_it_comes_byte_by_byte(head: bytes) -> None:
    talk = asked()
    for at in range(len(head)):
        if not talk.ending:
            talk.down(head[at : at + 1])
    assert (talk.ending, refused_with(talk)) == ("bad_header", 502)


@pytest.mark.parametrize(
    ("one", "answer"),
    [
        (GET, response("HTTP/1.1 101 Switching Protocols", "Upgrade: x")),
        (
            request("GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: h2c"),
            response(
                "HTTP/1.1 101 Switching", "Connection: Upgrade", "Upgrade: h2c"
            ),
        ),
        (request("GET / HTTP/1.0"), OK_CHUNKED),
        (GET, b"SSH-2.0-OpenSSH\r\n"),
        (GET, b"HTTP/1.1 200 OK\r\nX: " + b"x" * (1 << 20)),
        (GET, b"\0"),
    ],
)  # fmt: skip
def test_what_is_no_answer_to_the_request_does_not_go_on(
    one: bytes, answer: bytes
) -> None:
    talk = asked(one)
    talk.down(answer)
    assert (talk.ending, refused_with(talk)) == ("bad_header", 502)


@pytest.mark.parametrize(
    "cut",
    [
        OK[:-1],
        OK_CHUNKED[:-1],
        OK_CHUNKED[:-6],
        OK_CHUNKED[:-9],
        OK_CHUNKED[: OK_CHUNKED.index(b"2\r\n")],
        response("HTTP/1.1 200 OK", "Content-Length: 100000"),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_an_answer_that_is_cut_does_not_look_like_a_whole_one(
    cut: bytes, together: bool
) -> None:
    talk = asked()
    talk.down(cut, ended=together)
    if not together:
        talk.ended_down()
    assert talk.ending == "back_reset"
    assert not talk.outcome.client_ended
    assert talk.client.count(b"HTTP/1.1") == 1
    (told,) = talk.told
    assert (told.status, told.ending, told.down) == (
        200,
        "back_reset",
        len(talk.client),
    )


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200", response("HTTP/1.1 100 C")])
def test_a_server_that_ends_without_an_answer_is_a_bad_gateway(begun: bytes) -> None:
    for together in (True, False):
        talk = asked(POST)
        if begun:
            talk.down(begun, ended=together)
        if not together or not begun:
            talk.ended_down()
        assert (talk.ending, refused_with(talk)) == ("back_reset", 502)


def test_chunks_that_are_wrong_cut_the_answer() -> None:
    talk = asked()
    talk.down(OK_CHUNKED[:-5] + b"zz\r\n")
    assert (talk.ending, talk.statuses) == ("bad_header", [200])
    assert talk.client.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("unasked", [OK, b"x", OK + OK])
def test_what_nobody_asked_for_answers_no_later_request(unasked: bytes) -> None:
    talk = asked()
    talk.down(OK + unasked)
    assert talk.client == OK
    talk.up(GET)
    assert talk.servers == (GET, GET)
    talk.down(OK_CHUNKED)
    assert talk.client == OK + OK_CHUNKED


def test_what_stands_behind_an_answer_is_not_for_who_waits() -> None:
    for answer in (OK, OK_CHUNKED):
        talk = Talk()
        talk.up(GET + GET)
        talk.down(answer + OK)
        talk.down(OK_CHUNKED)
        assert talk.client == answer + OK_CHUNKED
        assert talk.servers == (GET, GET)


def test_fields_of_the_answer_are_changed() -> None:
    changes = HeaderChanges(set={"Server": "${front}"}, remove=["X-Powered-By"])
    talk = Talk(replace(PLAIN, response_headers=changes))
    talk.up(GET)
    talk.down(response("HTTP/1.1 200 OK", "server: x", "x-powered-by: y",
                       "Content-Length: 2") + b"hi")  # fmt: skip
    assert talk.client == (
        response("HTTP/1.1 200 OK", "Content-Length: 2", "Server: trial") + b"hi"
    )


# What is not HTTP any more

WEBSOCKET = request("GET / HTTP/1.1", "Upgrade: websocket", "Connection: upgrade")
SWITCHED = response("HTTP/1.1 101 S", "Upgrade: websocket", "Connection: upgrade")


def test_another_protocol_is_passed_both_ways() -> None:
    talk = asked(WEBSOCKET)
    assert talk.servers == (WEBSOCKET,)
    talk.down(SWITCHED + b"\x81\x01a")
    talk.up(b"\x81\x81GET / ")
    talk.down(b"\r\n\r\n")
    talk.ended_up()
    assert talk.client == SWITCHED + b"\x81\x01a\r\n\r\n"
    assert talk.servers == (WEBSOCKET + b"\x81\x81GET / ",)
    talk.ended_down()
    assert (talk.ending, talk.statuses) == ("done", [101])


def test_what_comes_before_it_is_agreed_waits() -> None:
    talk = asked(WEBSOCKET + b"frames")
    assert talk.servers == (WEBSOCKET,)
    talk.down(SWITCHED)
    assert talk.servers == (WEBSOCKET + b"frames",)


def test_a_server_that_does_not_want_it_goes_on_in_http() -> None:
    talk = asked(WEBSOCKET + GET)
    talk.down(OK)
    talk.down(OK)
    assert talk.client == OK + OK


def test_a_tunnel_is_passed_both_ways() -> None:
    connect = request("CONNECT b:443 HTTP/1.1", host="b:443")
    talk = asked(connect)
    assert (talk.servers, talk.outcome.dialed) == ((connect,), ("b",))
    talk.down(response("HTTP/1.1 200 OK", "Content-Length: 5"))
    talk.up(b"\x16\x03")
    talk.down(b"\x16\x03\x03")
    assert talk.client == response("HTTP/1.1 200 OK") + b"\x16\x03\x03"
    assert talk.servers == (connect + b"\x16\x03",)


def test_a_tunnel_that_is_refused_is_an_answer_as_any() -> None:
    talk = asked(request("CONNECT b:443 HTTP/1.1", host="b:443"))
    answer = response("HTTP/1.1 403 No", "Content-Length: 2") + b"no"
    talk.down(answer)
    talk.up(GET)
    assert talk.client == answer
