"""Heads of HTTP/1 are read, or refused by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.wire.http_head import (
    CHUNKED,
    MAX_FIELDS,
    SHORT,
    UNTIL_CLOSE,
    HeadError,
    listed,
    plain,
    read_request,
    read_response,
    wrong_end,
)
from tests.http_bytes import request, response


def test_a_request_is_read_and_its_lines_stay_as_they_came() -> None:
    head = request("GET /a?b HTTP/1.1", "X-One:  1 ", "x-two:", host="a:80")
    read = read_request(head)
    assert (read.method, read.target, read.minor, read.body) == (b"GET", b"/a?b", 1, 0)
    assert read.lines == [b"Host: a:80", b"X-One:  1 ", b"x-two:"]
    assert read.names == [b"host", b"x-one", b"x-two"]
    assert read.all_of(b"x-one") == [b"1"]
    assert read.known == {b"host": b"a:80"}


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ((), 0),
        (("Content-Length: 0",), 0),
        (("Content-Length:5",), 5),
        (("content-length: \t5 ",), 5),
        (("Content-Length: 007",), 7),
        (("Content-Length: 1152921504606846976",), 1 << 60),
        (("Transfer-Encoding: chunked",), CHUNKED),
        (("Transfer-Encoding:  ChunKed ",), CHUNKED),
    ],
)
def test_the_length_of_a_requests_body(fields: tuple[str, ...], body: int) -> None:
    assert read_request(request("POST / HTTP/1.1", *fields)).body == body


@pytest.mark.parametrize(
    ("first", "fields", "keeps"),
    [
        ("GET / HTTP/1.1", (), True),
        ("GET / HTTP/1.1", ("Connection: close",), False),
        ("GET / HTTP/1.1", ("Connection: keep-alive, Close",), False),
        ("GET / HTTP/1.1", ("Connection: x", "connection: CLOSE"), False),
        ("GET / HTTP/1.0", (), False),
        ("GET / HTTP/1.0", ("Connection: Keep-Alive",), True),
        ("GET / HTTP/1.0", ("Connection: close, keep-alive",), False),
    ],
)
def test_who_wants_to_send_more_requests(
    first: str, fields: tuple[str, ...], keeps: bool
) -> None:
    assert read_request(request(first, *fields)).keeps is keeps


BAD_REQUESTS = {
    "a folded line": request("GET / HTTP/1.1", "X: a", " b"),
    "a line folded with a tab": request("GET / HTTP/1.1", "X: a", "\tb"),
    "a fold before the first field": request("GET / HTTP/1.1\r\n X: a"),
    "bare LF for all ends": b"GET / HTTP/1.1\nHost: a\n\r\n\r\n",
    "bare LF for one end": b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "bare LF behind the first line": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    "bare LF for the empty line": b"GET / HTTP/1.1\r\nHost: a\r\n\nX: b\r\n\r\n",
    "bare CR in a value": request("GET / HTTP/1.1", "X: a\rb"),
    "bare CR in a name": request("GET / HTTP/1.1", "X\r: a"),
    "CR before CR LF": request("GET / HTTP/1.1", "X: a\r"),
    "a space before the colon": request("POST / HTTP/1.1", "Content-Length : 3"),
    "a space before any colon": request("GET / HTTP/1.1", "X : a"),
    "a tab before the colon": request("GET / HTTP/1.1", "X\t: a"),
    "no colon": request("GET / HTTP/1.1", "X"),
    "no name": request("GET / HTTP/1.1", ": a"),
    "a space in a name": request("GET / HTTP/1.1", "X Y: a"),
    "brackets in a name": request("GET / HTTP/1.1", "X[0]: a"),
    "a name of eight bits": request("GET / HTTP/1.1", "\xc4: a"),
    "NUL in a value": request("GET / HTTP/1.1", "X: a\0b"),
    "NUL in a name": request("GET / HTTP/1.1", "X\0: a"),
    "a control in a value": request("GET / HTTP/1.1", "X: a\x01b"),
    "DEL in a value": request("GET / HTTP/1.1", "X: a\x7fb"),
    "both lengths": request(
        "POST / HTTP/1.1", "Content-Length: 3", "Transfer-Encoding: chunked"
    ),
    "both lengths the other way round": request(
        "POST / HTTP/1.1", "Transfer-Encoding: chunked", "Content-Length: 3"
    ),
    "two different lengths": request(
        "POST / HTTP/1.1", "Content-Length: 3", "Content-Length: 4"
    ),
    "one length twice": request(
        "POST / HTTP/1.1", "Content-Length: 3", "Content-Length: 3"
    ),
    "a list of one length": request("POST / HTTP/1.1", "Content-Length: 3, 3"),
    "a length with a sign": request("POST / HTTP/1.1", "Content-Length: +1"),
    "a negative length": request("POST / HTTP/1.1", "Content-Length: -1"),
    "a length in hexadecimal": request("POST / HTTP/1.1", "Content-Length: 0x1"),
    "a length with an underscore": request("POST / HTTP/1.1", "Content-Length: 1_0"),
    "two numbers for a length": request("POST / HTTP/1.1", "Content-Length: 1 1"),
    "a length with a parameter": request("POST / HTTP/1.1", "Content-Length: 3;"),
    "no length": request("POST / HTTP/1.1", "Content-Length:"),
    "a length of 2**63": request("POST / HTTP/1.1", f"Content-Length: {1 << 63}"),
    "one of 2**60 + 1": request("POST / HTTP/1.1", f"Content-Length: {(1 << 60) + 1}"),
    "a length of 2**64": request("POST / HTTP/1.1", f"Content-Length: {1 << 64}"),
    "a length of many digits": request(
        "POST / HTTP/1.1", "Content-Length: " + "9" * 99
    ),
    "a length behind a vertical tab": request("POST / HTTP/1.1", "Content-Length: \v3"),
    "a length of other digits": request("POST / HTTP/1.1", "Content-Length: \xb2"),
    "an underscore for the hyphen of a length": request(
        "POST / HTTP/1.1", "Content_Length: 3"
    ),
    "an underscore for the hyphen of a coding": request(
        "POST / HTTP/1.1", "Transfer_Encoding: chunked"
    ),
    "a dot for the hyphen of a coding": request(
        "POST / HTTP/1.1", "Transfer.Encoding: chunked"
    ),
    "a coding twice": request(
        "POST / HTTP/1.1", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"
    ),
    "a coding behind chunked": request(
        "POST / HTTP/1.1", "Transfer-Encoding: chunked, gzip"
    ),
    "a coding listed twice": request(
        "POST / HTTP/1.1", "Transfer-Encoding: chunked, chunked"
    ),
    "a coding other than chunked": request(
        "POST / HTTP/1.1", "Transfer-Encoding: identity"
    ),
    "a coding that looks like chunked": request(
        "POST / HTTP/1.1", "Transfer-Encoding: xchunked"
    ),
    "a coding with a parameter": request(
        "POST / HTTP/1.1", "Transfer-Encoding: chunked;q=1"
    ),
    "a quoted coding": request("POST / HTTP/1.1", 'Transfer-Encoding: "chunked"'),
    "an empty coding": request("POST / HTTP/1.1", "Transfer-Encoding:"),
    "a coding behind a vertical tab": request(
        "POST / HTTP/1.1", "Transfer-Encoding: \vchunked"
    ),
    "a coding behind a tab": request("POST / HTTP/1.1", "Transfer-Encoding:\tchunked"),
    "a tab behind a coding": request("POST / HTTP/1.1", "Transfer-Encoding: chunked\t"),
    "a coding behind NUL": request("POST / HTTP/1.1", "Transfer-Encoding: \0chunked"),
    "a coding in HTTP/1.0": request("POST / HTTP/1.0", "Transfer-Encoding: chunked"),
    "two hosts": request("GET / HTTP/1.1", "Host: b"),
    "one host twice": request("GET / HTTP/1.1", "Host: a"),
    "a version of two digits": request("GET / HTTP/1.10"),
    "a leading zero in the version": request("GET / HTTP/01.1"),
    "a version in lower case": request("GET / http/1.1"),
    "a comma in the version": request("GET / HTTP/1,1"),
    "no version": b"GET /\r\n\r\n",
    "no version, but fields": request("GET /"),
    "another protocol": request("DESCRIBE / RTSP/1.0"),
    "a third protocol": request("SOURCE / ICE/1.0"),
    "two spaces": request("GET  / HTTP/1.1"),
    "a space at the end": request("GET / HTTP/1.1 "),
    "a tab for a space": request("GET\t/\tHTTP/1.1"),
    "a form feed for a space": request("GET /\fHTTP/1.1"),
    "a space before the method": b" " + request(),
    "an empty line before it": b"\r\n" + request(),
    "a space in the target": request("GET /a b HTTP/1.1"),
    "NUL in the target": request("GET /\0 HTTP/1.1"),
    "a control in the target": request("GET /\x01 HTTP/1.1"),
    "DEL in the target": request("GET /\x7f HTTP/1.1"),
    "eight bits in the target": request("GET /\xff HTTP/1.1"),
    "no slash before the target": request("GET a HTTP/1.1"),
    "a backslash before the target": request("GET \\a HTTP/1.1"),
    "CONNECT with a body": request("CONNECT a:1 HTTP/1.1", "Content-Length: 1"),
    "CONNECT with chunks": request(
        "CONNECT a:1 HTTP/1.1", "Transfer-Encoding: chunked"
    ),
    "TLS": b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
    "nothing": b"\r\n\r\n",
    "two heads in one": request() + request(),
}


@pytest.mark.parametrize("head", BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_a_request_is_refused_for(head: bytes) -> None:
    with pytest.raises(HeadError) as caught:
        read_request(head)
    assert caught.value.status in (400, 501)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (request("POST / HTTP/1.1", "Transfer-Encoding: gzip, chunked"), 501),
        (request("POST / HTTP/1.1", "Transfer-Encoding: ,chunked"), 501),
        (request("BREW / HTTP/1.1"), 501),
        (request("get / HTTP/1.1"), 501),
        (request("G@T / HTTP/1.1"), 400),
        (request("GET / HTTP/1.2"), 505),
        (request("GET / HTTP/0.9"), 505),
        (request("GET / HTTP/2.0"), 505),
        (request("GET / HTTP/3.0"), 505),
        (b"PRI * HTTP/2.0\r\n\r\n", 505),
        (request("GET / HTTP/1.1", *["a:"] * MAX_FIELDS), 431),
        (request("GET / HTTP/1.1", *["a:"] * 10_000), 431),
    ],
)
def test_what_is_answered_to_it(head: bytes, status: int) -> None:
    with pytest.raises(HeadError) as caught:
        read_request(head)
    assert caught.value.status == status


def test_as_many_fields_as_there_may_be_are_read() -> None:
    head = request("GET / HTTP/1.1", *["a:"] * (MAX_FIELDS - 1))
    assert len(read_request(head).lines) == MAX_FIELDS


@pytest.mark.parametrize(
    ("head", "method", "body"),
    [
        (response("HTTP/1.1 200 OK", "Content-Length: 3"), b"GET", 3),
        (response("HTTP/1.1 200 OK", "Content-Length: 3"), b"HEAD", 0),
        (response("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"), b"GET", CHUNKED),
        (response("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"), b"HEAD", 0),
        (response("HTTP/1.1 200 OK"), b"GET", UNTIL_CLOSE),
        (response("HTTP/1.0 200"), b"GET", UNTIL_CLOSE),
        (response("HTTP/1.1 200 \xe9"), b"HEAD", 0),
        (response("HTTP/1.1 204 No Content", "Content-Length: 3"), b"GET", 0),
        (response("HTTP/1.1 304 Not Modified", "Content-Length: 3"), b"GET", 0),
        (response("HTTP/1.1 100 Continue"), b"POST", 0),
        (response("HTTP/1.1 101 Switching Protocols", "Upgrade: x"), b"GET", 0),
        (response("HTTP/1.1 101 Switching Protocols"), b"GET", 0),
        (response("HTTP/1.1 200 OK", "Content-Length: 3"), b"CONNECT", 0),
        (response("HTTP/1.1 407 No", "Content-Length: 3"), b"CONNECT", 3),
    ],
)
def test_the_length_of_an_answers_body(head: bytes, method: bytes, body: int) -> None:
    assert read_response(head, method).body == body


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (response("HTTP/1.1 200 OK", "Content-Length: 3"), True),
        (response("HTTP/1.1 200 OK"), False),
        (response("HTTP/1.1 200 OK", "Content-Length: 3", "Connection: close"), False),
        (response("HTTP/1.0 200 OK", "Content-Length: 3"), False),
        (
            response("HTTP/1.0 200 OK", "Content-Length: 3", "Connection: keep-alive"),
            True,
        ),
    ],
)
def test_which_server_takes_more_requests(head: bytes, keeps: bool) -> None:
    assert read_response(head, b"GET").keeps is keeps


BAD_RESPONSES = {
    "two digits": response("HTTP/1.1 20 OK"),
    "four digits": response("HTTP/1.1 2000 OK"),
    "a status below 100": response("HTTP/1.1 099 OK"),
    "a status above 599": response("HTTP/1.1 999 OK"),
    "two spaces": response("HTTP/1.1  200 OK"),
    "HTTP/2.0": response("HTTP/2.0 200 OK"),
    "HTTP/0.9": response("HTTP/0.9 200 OK"),
    "another protocol": response("ICY 200 OK"),
    "lower case": response("http/1.1 200 OK"),
    "an empty line before it": b"\r\n" + response(),
    "a control in the words": response("HTTP/1.1 200 \x01"),
    "NUL in the words": response("HTTP/1.1 200 \0"),
    "a bare CR in the words": response("HTTP/1.1 200 a\rb"),
    "a tab": response("HTTP/1.1 200\tOK"),
    "both lengths": response(
        "HTTP/1.1 200 OK", "Content-Length: 3", "Transfer-Encoding: chunked"
    ),
    "two lengths": response(
        "HTTP/1.1 200 OK", "Content-Length: 3", "Content-Length: 4"
    ),
    "a coding that is not chunked": response(
        "HTTP/1.1 200 OK", "Transfer-Encoding: gzip"
    ),
    "a coding behind chunked": response(
        "HTTP/1.1 200 OK", "Transfer-Encoding: chunked, gzip"
    ),
    "a coding twice": response(
        "HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"
    ),
    "a coding in HTTP/1.0": response("HTTP/1.0 200 OK", "Transfer-Encoding: chunked"),
    "a folded line": response("HTTP/1.1 200 OK", "X: a", " b"),
    "bare LF": b"HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n",
    "bare LF behind the status line": b"HTTP/1.1 200 OK\nX: a\r\n\r\n",
    "a space before the colon": response("HTTP/1.1 200 OK", "X : a"),
    "too many fields": response("HTTP/1.1 200 OK", *["a:"] * (MAX_FIELDS + 1)),
}


@pytest.mark.parametrize("head", BAD_RESPONSES.values(), ids=BAD_RESPONSES.keys())
def test_an_answer_is_refused_for(head: bytes) -> None:
    with pytest.raises(HeadError):
        read_response(head, b"GET")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_refused(tail: bytes) -> None:
    for begun in (b"", b"GET / HTTP/1.1\r\nHost: a\r\n"):
        try:
            read = read_request(begun + tail + b"\r\n\r\n")
        except HeadError:
            continue
        assert len(read.names) == len(read.lines)
    for begun in (b"", b"HTTP/1.1 200 OK\r\n"):
        try:
            read_response(begun + tail + b"\r\n\r\n", b"GET")
        except HeadError:
            continue


def test_a_list_is_taken_apart_in_lower_case() -> None:
    assert listed(b"Close , X-y,,\tz ") == {b"close", b"x-y", b"", b"z"}


def test_what_servers_take_for_a_hyphen_is_one() -> None:
    assert plain(b"x_forwarded.for") == b"x-forwarded-for"


def test_a_line_without_cr_is_seen_at_once() -> None:
    assert wrong_end(b"GET / HTTP/1.1\n")
    assert not wrong_end(b"GET / HTTP/1.1\r\nX: y\r")


def test_it_is_seen_in_what_has_come_since() -> None:
    lines = b"G\nA\r\nB\n"
    assert [wrong_end(lines, since) for since in range(10)] == [True] * 7 + [False] * 3
    assert not any(wrong_end(b"A\r\nB\r\n", since) for since in range(7))


def test_a_head_that_comes_again_is_not_read_again() -> None:
    head = request("GET /again HTTP/1.1")
    assert read_request(head) is read_request(bytes(bytearray(head)))
    assert read_response(response(), b"GET") is read_response(response(), b"GET")
    assert read_response(response(), b"GET") is not read_response(response(), b"HEAD")


def test_only_short_ones_are_remembered() -> None:
    head = request("GET /again HTTP/1.1", "X: " + "x" * SHORT)
    assert read_request(head) is not read_request(head)
    head = response("HTTP/1.1 200 OK", "X: " + "x" * SHORT)
    assert read_response(head, b"GET") is not read_response(head, b"GET")


def test_what_is_refused_is_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(HeadError):
            read_request(request("GET / HTTP/1.1", "X : y"))
