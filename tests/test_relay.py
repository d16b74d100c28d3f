"""One direction through memory: every byte, every stop, in each mix of TLS and not."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from ssl import TLSVersion
from typing import Any

import pytest

from bridge.net.relay import CHUNKS
from bridge.net.seal import SIZE
from bridge.net.tcpinfo import tcp_info
from tests.between import Between
from tests.secured import TLS_1_2, TLS_1_3
from tests.sessions import reset

MIXES = ("TLS to plain", "plain to TLS", "TLS to TLS")


@pytest.fixture(params=MIXES)
def between(request: pytest.FixtureRequest) -> Iterator[Between]:
    made = Between(request.param)
    yield made
    made.close()


@pytest.fixture
def decrypting() -> Iterator[Between]:
    made = Between("TLS to plain")
    yield made
    made.close()


@pytest.mark.parametrize("size", [1, 16384, SIZE, SIZE + 1, 3_000_000])
def test_all_bytes_arrive_in_order(between: Between, size: int) -> None:
    data = random.Random(size).randbytes(size)
    between.writer.send(data)
    between.until(lambda: len(between.reader.received) == size)
    assert between.reader.received == data
    assert between.up.bytes == size
    assert between.up.held == 0


def test_both_directions_move_at_once(between: Between) -> None:
    up, down = (random.Random(n).randbytes(2_000_000) for n in (1, 2))
    between.writer.send(up)
    between.reader.send(down)
    between.until(
        lambda: (
            len(between.reader.received) == len(up)
            and len(between.writer.received) == len(down)
        )
    )
    assert (between.reader.received, between.writer.received) == (up, down)


def test_the_end_follows_all_that_came_before_it(between: Between) -> None:
    between.writer.send(b"last words")
    between.writer.notify()
    between.until(lambda: between.owner.told)
    assert between.owner.told == ["finished"]
    between.until(lambda: between.reader.received == b"last words")
    between.up.move()
    between.settle()
    assert between.owner.told == ["finished"], "told once"


def test_the_other_direction_goes_on_after_one_has_ended(between: Between) -> None:
    between.writer.notify()
    between.until(lambda: between.owner.told == ["finished"])
    between.sink.end()
    between.until(lambda: between.reader.seen)
    between.reader.send(b"a late answer")
    between.until(lambda: between.writer.received == b"a late answer")
    assert between.owner_down.told == []


def test_back_pressure_is_exact(between: Between) -> None:
    """A source whose sink is full is not read; one chunk is held and no more."""
    between.stall()
    before = between.up.bytes
    assert 0 < between.up.held <= SIZE + 5 * 256
    between.settle()
    assert between.writer.unsent
    assert between.up.bytes == before


def test_what_was_held_arrives_when_the_sink_has_room(between: Between) -> None:
    sent = between.stall()
    between.reader.paused = False
    between.until(lambda: len(between.reader.received) == sent)
    assert between.up.held == 0
    piece = random.Random(1).randbytes(1 << 18)
    assert between.reader.received == piece * (sent // len(piece))


def test_stalled_directions_cost_no_turn(between: Between) -> None:
    """No busy loop: nothing is ready, and nothing asks to be run again."""
    between.stall()
    between.turner.settle()
    assert not between.turner.pump._again
    assert between.turner.reactor.getDelayedCalls() == []


def test_a_direction_moves_while_the_other_is_stalled(between: Between) -> None:
    """Reading does not wait for room to write, nor the other way round."""
    between.stall()
    between.reader.send(b"down")
    between.reader.paused = True
    between.until(lambda: between.writer.received == b"down")


def test_a_reset_source_is_told_after_its_last_bytes(between: Between) -> None:
    between.writer.send(b"then gone")
    between.writer.turn()
    reset(between.writer.raw)
    between.turner.until(lambda: "source" in between.owner.told)
    between.up.move()
    assert between.up.over
    between.turner.until(
        lambda: between.reader.turn() or between.reader.received == b"then gone"
    )


def test_a_reset_sink_is_told(between: Between) -> None:
    between.settle()
    reset(between.reader.raw)
    between.turner.until(lambda: between.owner_down.told)
    assert set(between.owner_down.told) == {"source"}
    between.writer.send(b"for nobody")
    between.turner.until(
        lambda: between.writer.turn() or between.owner.told == ["sink"]
    )
    assert between.up.held, "received, and not delivered"


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_a_stream_cut_off_is_broken_and_not_finished(version: TLSVersion) -> None:
    between = Between("TLS to plain", version)
    between.writer.send(b"half of")
    between.writer.fin()
    between.until(lambda: between.owner.told)
    assert between.owner.told == ["source"]
    between.until(lambda: between.reader.received == b"half of")
    assert between.reader.seen == []
    between.close()


def test_a_late_write_after_close_notify_of_tls_1_2_is_a_broken_sink() -> None:
    """Like writing to a socket whose other end has closed."""
    between = Between("TLS to plain", TLS_1_2)
    between.writer.notify()
    between.until(lambda: between.owner.told == ["finished"])
    between.reader.send(b"too late")
    between.until(lambda: between.owner_down.told)
    assert between.owner_down.told == ["sink"]
    between.close()


def test_an_idle_direction_owns_no_buffer(between: Between) -> None:
    between.writer.send(b"x" * 1_000_000)
    between.until(lambda: len(between.reader.received) == 1_000_000)
    between.settle()
    up: Any = between.up
    for end in (up._from, up._to):
        assert not end._rest


def test_a_bulk_flow_gives_way_after_some_chunks(
    decrypting: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Much more is ready; one move takes its chunks and asks to be run again."""

    class Endless:
        drained = False

        def pull(self, most: int) -> int:
            return SIZE

        def push(self, size: int, flags: int = 0) -> int:
            return 0

        def flush(self) -> int:
            return 0

    again: list[object] = []
    monkeypatch.setattr(decrypting.turner.pump, "again", again.append)
    up: Any = decrypting.up
    up._from = up._to = Endless()
    up.move()
    assert up.bytes == CHUNKS * SIZE
    assert again == [up]


@pytest.mark.parametrize("mix", ["plain to plain", "plain to TLS"])
def test_the_last_bytes_and_the_end_are_one_segment(mix: str) -> None:
    between = Between(mix)
    raw = between.reader.raw
    between.settle()
    before = tcp_info(raw).segs_in
    between.writer.send(b"the last")
    between.writer.fin()
    between.turner.until(lambda: between.owner.told)
    between.sink.end()
    between.settle()
    assert between.reader.received == b"the last"
    assert between.reader.seen[0] in {"fin", "close_notify"}
    assert tcp_info(raw).segs_in == before + 1
    between.close()


def test_urgent_data_does_not_stop_the_stream() -> None:
    """recv(2) stops at the mark, with more behind it that no edge will tell of."""
    between = Between("plain to TLS")
    raw = between.writer.raw
    raw.sendall(b"before")
    raw.send(b"!", socket.MSG_OOB)
    raw.sendall(b"after")
    between.until(lambda: between.reader.received == b"before!after")
    between.close()


def test_the_shared_buffer_is_nobodys_between_two_moves(between: Between) -> None:
    between.stall()
    text = between.turner.pump.channel.text
    text[:] = bytes(len(text))
    between.reader.paused = False
    between.until(lambda: not between.up.held and not between.writer.unsent)
    between.settle()
    assert b"\0" * 64 not in between.reader.received
