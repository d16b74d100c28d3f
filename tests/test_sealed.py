"""Bytes as records, once a handshake is through, against Python's ssl."""

from __future__ import annotations

import random

import pytest

from bridge.net.seal import SIZE
from tests.secured import Maker, Pair, pull


@pytest.mark.parametrize("size", [1, 16383, 16384, 16385, SIZE, SIZE + 1, 300_000])
def test_bytes_pass_whole_both_ways(make: Maker, size: int) -> None:
    pair = make.shaken()
    data = random.Random(size).randbytes(size)
    got = b""
    pair.far.send(data)
    while len(got) < size:
        got += pull(pair)
    assert got == data
    sent = 0
    while sent < size:
        piece = data[sent : sent + SIZE]
        pair.text[: len(piece)] = piece
        kept = pair.stream.push(len(piece))
        pair.until(lambda: not pair.stream.flush())
        sent += len(piece)
        assert kept >= 0
    pair.until(lambda: len(pair.far.received) == size)
    assert pair.far.received == data


def test_an_incomplete_record_gives_nothing_and_is_not_asked_for_again(
    make: Maker,
) -> None:
    """No busy loop: "would block" is said, and the pump has nothing to run."""
    pair = make.shaken()
    pair.settle()
    pair.stream.pull()
    pair.far.at_once = 3000
    pair.far.send(b"x" * 5000)
    make.turner.settle()
    assert pair.stream.pull() == -1
    assert pair.stream.drained
    assert pull(pair) == b"x" * 5000


def test_what_the_kernel_does_not_take_is_kept_and_bounded(make: Maker) -> None:
    pair = make.shaken()
    pair.far.paused = True
    pair.text[:SIZE] = bytes(SIZE)
    while not (kept := pair.stream.push(SIZE)):
        pass
    assert kept <= SIZE + 4 * 256
    pair.far.paused = False
    pair.until(lambda: not pair.stream.flush())
    pair.settle()
    assert len(pair.far.received) % SIZE == 0


def test_a_forged_record_ends_it_like_a_reset(make: Maker) -> None:
    pair = make.shaken()
    pair.far.send(b"genuine")
    pair.far.raw.send(b"\x17\x03\x03\x00\x20" + bytes(32))
    assert pull(pair) == b"genuine"
    with pytest.raises(ConnectionResetError, match="bad record mac"):
        pull(pair)
    assert "bad record mac" in told_by(pair)


def told_by(pair: Pair) -> str:
    """The error that the far end hears of."""
    pair.until(lambda: pair.far.error)
    return pair.far.error.lower().replace("_", " ")
