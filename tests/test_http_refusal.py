"""What a client is answered by the gateway itself."""

import pytest

from bridge.filters.http_refusal import WORDS, redirect, refusal
from bridge.wire.http_head import read_response


@pytest.mark.parametrize("status", WORDS)
def test_it_is_an_answer_that_ends_the_connection(status: int) -> None:
    head, _, body = refusal(status).partition(b"\r\n\r\n")
    read = read_response(head + b"\r\n\r\n", b"GET")
    assert (read.status, read.keeps, read.body) == (status, False, len(body))
    assert body == WORDS[status].encode() + b"\n"
    assert b"bridge" not in refusal(status).lower()


def test_what_may_be_tried_again_says_when() -> None:
    assert b"\r\nRetry-After: 5\r\n" in refusal(503)
    assert b"Retry-After" not in refusal(502)


def test_an_answer_to_head_has_no_body_but_its_length() -> None:
    full, bare = refusal(502), refusal(502, bodiless=True)
    assert full.startswith(bare)
    assert bare.endswith(b"\r\n\r\n")
    assert b"Content-Length: 12\r\n" in bare


def test_a_redirect_says_where_to() -> None:
    assert b"\r\nLocation: https://a/\r\n" in redirect(308, b"https://a/")
    assert redirect(301, b"https://a/").startswith(
        b"HTTP/1.1 301 Moved Permanently\r\n"
    )
