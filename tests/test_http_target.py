"""Whom a request is for."""

from __future__ import annotations

import pytest

from bridge.wire.http_head import HeadError, Target, read_request
from bridge.wire.http_target import read_target
from tests.http_bytes import request


def target_of(first: str, host: str | None = "a") -> Target:
    fields = () if host is None else (f"Host: {host}",)
    return read_target(read_request(request(first, *fields, host="")))


@pytest.mark.parametrize(
    ("first", "host", "path", "authority", "name"),
    [
        ("GET /x?y HTTP/1.1", "a", b"/x?y", b"a", "a"),
        ("GET / HTTP/1.1", "WWW.Example.org:8080", b"/", b"WWW.Example.org:8080",
         "www.example.org"),
        ("GET / HTTP/1.1", "a.:80", b"/", b"a.:80", "a"),
        ("GET / HTTP/1.1", "a_b-c", b"/", b"a_b-c", "a_b-c"),
        ("GET / HTTP/1.1", "192.0.2.1", b"/", b"192.0.2.1", "192.0.2.1"),
        ("GET / HTTP/1.1", "[2001:DB8::1]:80", b"/", b"[2001:DB8::1]:80",
         "2001:db8::1"),
        ("GET / HTTP/1.1", "a:", b"/", b"a:", "a"),
        ("GET / HTTP/1.0", None, b"/", b"", ""),
        ("GET //x HTTP/1.1", "a", b"//x", b"a", "a"),
        ("OPTIONS * HTTP/1.1", "a", b"*", b"a", "a"),
        ("GET http://B/x HTTP/1.1", "a", b"/x", b"B", "b"),
        ("GET HTTPS://b:8/x?y HTTP/1.1", "a", b"/x?y", b"b:8", "b"),
        ("GET http://b HTTP/1.1", "a", b"/", b"b", "b"),
        ("GET http://b?y HTTP/1.1", "a", b"/?y", b"b", "b"),
        ("OPTIONS http://b HTTP/1.1", "a", b"*", b"b", "b"),
        ("GET http://[::1]:8/ HTTP/1.0", None, b"/", b"[::1]:8", "::1"),
        ("CONNECT b:443 HTTP/1.1", "a", b"b:443", b"b:443", "b"),
        ("CONNECT [::1]:443 HTTP/1.1", "a", b"[::1]:443", b"[::1]:443", "::1"),
    ],
)  # fmt: skip
def test_its_target_wins_over_host_and_goes_on_without_an_authority(
    first: str, host: str | None, path: bytes, authority: bytes, name: str
) -> None:
    assert target_of(first, host) == (path, authority, name)


@pytest.mark.parametrize(
    "host",
    ["", "a b", "a/b", "u@a", "a,b", "a;b", "a?b", "a:b", "a:80:80", ":80", "a:65536",
     "a:999999", "a:-1", "a: 80", "[::1", "::1", "[::1]x", "[fe80::1%25eth0]", "a%2eb",
     "a\xe4", "a\\b", "[]", "a" * 256, '"a"', "a'b", "$a"],
)  # fmt: skip
def test_a_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(HeadError, match="Host"):
        target_of("GET / HTTP/1.1", host)


@pytest.mark.parametrize(
    "first",
    [
        "GET * HTTP/1.1",
        "GET /#x HTTP/1.1",
        "GET http:///x HTTP/1.1",
        "GET http://u@b/ HTTP/1.1",
        "GET http://b,c/ HTTP/1.1",
        "GET http://b#x HTTP/1.1",
        "GET ftp://b/ HTTP/1.1",
        "GET ws://b/ HTTP/1.1",
        "CONNECT b HTTP/1.1",
        "CONNECT b: HTTP/1.1",
        "CONNECT :443 HTTP/1.1",
        "CONNECT / HTTP/1.1",
        "CONNECT u@b:443 HTTP/1.1",
    ],
)
def test_a_target_that_is_none_is_refused(first: str) -> None:
    with pytest.raises(HeadError):
        target_of(first)


def test_a_host_is_needed_from_http_1_1_on() -> None:
    with pytest.raises(HeadError, match="no Host"):
        target_of("GET / HTTP/1.1", None)
    with pytest.raises(HeadError, match="no Host"):
        target_of("GET http://b/ HTTP/1.1", None)


def test_a_bad_host_is_refused_even_where_the_target_wins() -> None:
    with pytest.raises(HeadError, match="Host"):
        target_of("GET http://b/ HTTP/1.1", "a b")
