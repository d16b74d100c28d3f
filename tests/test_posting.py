"""Messages in pieces: none is lost, cut or told twice, and little of them waits."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from bridge.service.posting import LONGEST, PIECE, Lines, Post


class Sending:
    """A post over what takes each piece when the test says so."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.pieces: list[bytes] = []
        self.taken: list[Deferred[object]] = []
        self.post = Post(self.clock, self._send)

    def _send(self, piece: bytes) -> Deferred[object]:
        self.pieces.append(piece)
        self.taken.append(Deferred())
        return self.taken[-1]

    def take(self) -> None:
        self.taken[-1].callback(None)
        self.clock.advance(0)

    def said(self) -> list[Any]:
        return list(Lines().feed(b"".join(self.pieces)))


def test_what_is_said_in_one_turn_goes_together() -> None:
    sending = Sending()
    sending.post.put({"n": 1})
    sending.post.put({"n": 2})
    assert sending.pieces == []
    sending.clock.advance(0)
    assert sending.pieces == [b'{"n":1}\n{"n":2}\n']


def test_the_next_piece_waits_until_the_last_was_taken() -> None:
    sending = Sending()
    for n in range(3):
        sending.post.put({"n": n})
        sending.clock.advance(0)
    assert len(sending.pieces) == 1
    sending.take()
    assert len(sending.pieces) == 2
    sending.take()
    assert len(sending.pieces) == 2, "there is nothing more"
    assert sending.said() == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_for_who_does_not_take_only_the_last_about_a_thing_waits() -> None:
    sending = Sending()
    sending.post.put({"first": True})
    sending.clock.advance(0)
    for n in range(10_000):
        sending.post.put({"n": n}, about=n % 3)
    assert len(sending.post) == 3
    sending.take()
    assert sending.said()[1:] == [{"n": 9999}, {"n": 9997}, {"n": 9998}]


def test_a_long_message_goes_in_pieces_that_can_be_carried() -> None:
    sending = Sending()
    message = {"text": "é" * PIECE}
    sending.post.put(message)
    sending.clock.advance(0)
    while sum(map(len, sending.pieces)) < len(json.dumps(message)):
        sending.take()
    assert len(sending.pieces) > 4
    assert max(map(len, sending.pieces)) <= PIECE
    assert sending.said() == [message]


def test_what_is_taken_at_once_does_not_recurse() -> None:
    clock, pieces = Clock(), list[bytes]()

    def send(piece: bytes) -> Deferred[object]:
        pieces.append(piece)
        return succeed(None)

    post = Post(clock, send)
    for n in range(3000):
        post.put({"n": n, "text": "x" * PIECE})
    for _ in range(4000):
        clock.advance(0)
    assert sum(1 for _ in Lines().feed(b"".join(pieces))) == 3000


def lost(piece: bytes) -> Deferred[object]:
    return fail(ConnectionError())


def raises(piece: bytes) -> Deferred[object]:
    raise ConnectionError


@pytest.mark.parametrize("send", [lost, raises])
def test_to_who_is_gone_nothing_is_said_any_more(
    send: Callable[[bytes], Deferred[object]],
) -> None:
    clock = Clock()
    post = Post(clock, send)
    post.put({})
    clock.advance(0)
    post.put({})
    assert (len(post), clock.getDelayedCalls()) == (0, [])


def test_after_a_stop_nothing_is_said() -> None:
    sending = Sending()
    sending.post.put({})
    sending.post.stop()
    sending.post.put({})
    assert sending.clock.getDelayedCalls() == []


@given(
    st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=9)), max_size=9),
    st.lists(st.integers(0, 200)),
)
def test_however_a_stream_is_cut_its_messages_are_the_same(
    messages: list[dict[str, str]], cuts: list[int]
) -> None:
    stream = b"".join(json.dumps(each).encode() + b"\n" for each in messages)
    places = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    lines = Lines()
    found: list[Any] = []
    for first, last in pairwise(places):
        found.extend(lines.feed(stream[first:last]))
    assert found == messages


@pytest.mark.parametrize("stream", [b"{\n", b"[]\n", b"\xff\n", b"\n"])
def test_what_is_no_message_is_an_error(stream: bytes) -> None:
    with pytest.raises(ValueError):
        list(Lines().feed(stream))


def test_a_line_that_does_not_end_is_not_kept() -> None:
    lines = Lines()
    with pytest.raises(ValueError, match="longer"):
        list(lines.feed(b"x" * (LONGEST + 1)))
    assert list(lines.feed(b"{}\n")) == [{}]


def test_what_waits_can_be_withdrawn_and_what_was_said_cannot() -> None:
    sending = Sending()
    sending.post.put({"n": 1}, about=1)
    sending.clock.advance(0)
    sending.post.put({"n": 2}, about=2)
    assert (sending.post.withdraw(1), sending.post.withdraw(2)) == (False, True)
    sending.take()
    assert sending.said() == [{"n": 1}]
