"""Chunked bodies are walked, not taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.wire.http_body import MAX_LINE, MAX_TRAILERS, Chunks
from bridge.wire.http_head import HeadError

BODY = b'5\r\nhello\r\n00a;x="y"\r\n0123456789\r\n0\r\nX-Y: z\r\n\r\n'


def walked(chunks: Chunks, stream: bytes, step: int) -> int:
    """How many bytes of *stream*, which comes in steps, are the body's."""
    at, there = 0, 0
    while not chunks.done:
        assert there < len(stream), "more is wanted than there is"
        there = min(len(stream), max(there, at) + step)
        if at >= there:  # still passing what was told before
            continue
        shown = stream[at:there]
        if not chunks.trailers:
            at += chunks.walk(shown)
            shown = stream[at:there]
        if chunks.trailers:
            end = chunks.end(shown)
            assert end is not None or len(shown) < chunks.most
            at += end or 0
    return at


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 11, 100])
def test_a_body_ends_in_the_same_place_however_it_comes(step: int) -> None:
    assert walked(Chunks(), BODY + b"GET / HTTP/1.1\r\n", step) == len(BODY)


chunk = st.builds(
    lambda data, extension: b"%x%b\r\n%b\r\n" % (len(data), extension, data),
    st.binary(min_size=1, max_size=40),
    st.sampled_from([b"", b";a", b";a=b", b';a="b;c"', b";\t "]),
)
trailer = st.sampled_from([b"A: b\r\n", b"x-y:\r\n"])


@given(
    st.lists(chunk, max_size=6), st.lists(trailer, max_size=2), st.integers(1, 50),
    st.binary(max_size=20),
)  # fmt: skip
def test_any_body_in_any_steps(
    chunks: list[bytes], trailers: list[bytes], step: int, behind: bytes
) -> None:
    body = b"".join([*chunks, b"0\r\n", *trailers, b"\r\n"])
    assert walked(Chunks(), body + behind, step) == len(body)


def test_data_that_has_not_come_is_told_of_at_once() -> None:
    chunks = Chunks()
    assert chunks.walk(b"100000\r\nabc") == 8 + 0x100000
    assert chunks.walk(b"\r\n0\r\n") == 5
    assert chunks.trailers
    assert not chunks.done


def test_what_ends_a_chunk_goes_on_with_it() -> None:
    """Or who reads to there would not have it before the next one comes."""
    chunks = Chunks()
    assert chunks.walk(b"3\r\nabc\r\n") == 8
    assert chunks.walk(b"3") == 0
    assert chunks.walk(b"3\r\nabc\r") == 6
    assert chunks.walk(b"\r\n0") == 2
    with pytest.raises(HeadError):
        chunks.walk(b"\r\n")


def test_what_is_not_complete_is_left() -> None:
    chunks = Chunks()
    assert chunks.walk(b"1\r\na\r") == 4
    assert chunks.walk(b"\r") == 0
    assert chunks.walk(b"\r\n5;x\r") == 2
    assert chunks.walk(b"5;x\r\nhello\r\n0\r\n") == len(b"5;x\r\nhello\r\n0\r\n")


BAD = {
    "no size": b"\r\n",
    "not hexadecimal": b"g\r\n",
    "a sign": b"+5\r\nhello\r\n",
    "a minus": b"-5\r\nhello\r\n",
    "0x": b"0x5\r\nhello\r\n",
    "an underscore": b"1_0\r\n",
    "a space before it": b" 5\r\nhello\r\n",
    "a space behind it": b"5 \r\nhello\r\n",
    "a space before the extension": b"5 ;x\r\nhello\r\n",
    "a tab behind it": b"5\t\r\nhello\r\n",
    "sixteen digits": b"0000000000000005\r\nhello\r\n",
    "2**64": b"10000000000000005\r\nhello\r\n",
    "bare LF behind the size": b"5\nhello\r\n",
    "bare CR behind the size": b"5\rhello\r\n",
    "LF in an extension": b"5;x\n\r\nhello\r\n",
    "CR in an extension": b"5;x\ry\r\nhello\r\n",
    "NUL in an extension": b"5;\0\r\nhello\r\n",
    "no semicolon": b"5x\r\nhello\r\n",
    "a long extension": b"5;" + b"x" * MAX_LINE + b"\r\nhello\r\n",
    "a longer one that does not end": b"5;" + b"x" * 100_000,
    "data that is too long": b"5\r\nhello!\r\n0\r\n\r\n",
    "data that is too short": b"5\r\nhell\r\n0\r\n\r\n",
    "bare LF behind the data": b"5\r\nhello\n0\r\n\r\n",
    "one more line behind the data": b"5\r\nhello\r\n\r\n0\r\n\r\n",
    "other digits": "\u0665\r\n".encode(),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_a_chunk_is_refused_for(body: bytes) -> None:
    with pytest.raises(HeadError):
        Chunks().walk(body)
    with pytest.raises(HeadError):
        walked(Chunks(), body + b"0\r\n\r\n", 1)


BAD_TRAILERS = {
    "a folded line": b"X: a\r\n b\r\n\r\n",
    "no colon": b"X\r\n\r\n",
    "a space before the colon": b"X : a\r\n\r\n",
    "bare LF": b"X: a\n\r\n",
    "bare LF at once": b"\n",
    "a bare CR": b"X: a\rb\r\n\r\n",
    "NUL": b"X: \0\r\n\r\n",
    "no name": b": a\r\n\r\n",
    "too many bytes": b"X: " + b"a" * MAX_TRAILERS + b"\r\n\r\n",
    "no end": b"X: " + b"a" * MAX_TRAILERS,
}


@pytest.mark.parametrize("trailers", BAD_TRAILERS.values(), ids=BAD_TRAILERS.keys())
def test_trailers_are_refused_for(trailers: bytes) -> None:
    with pytest.raises(HeadError):
        Chunks().end(trailers)
    with pytest.raises(HeadError):
        walked(Chunks(), b"0\r\n" + trailers, 1)


@given(st.binary(max_size=100))
def test_any_bytes_are_walked_or_refused(data: bytes) -> None:
    chunks = Chunks()
    try:
        at = chunks.walk(b"1\r\na" + data)
        if chunks.trailers:
            chunks.end(data, at - 4)
    except HeadError:
        return
    assert at >= 4
