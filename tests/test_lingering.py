"""Streams that are closed and have something left to send: counted, and bounded."""

from __future__ import annotations

from twisted.internet.task import Clock

from bridge.net.lingering import Lingering
from bridge.net.seal import SIZE
from tests.secured import Maker, Pair


class Stream:
    def __init__(self) -> None:
        self.aborted = False
        self.looked = 0

    def abort(self) -> None:
        self.aborted = True

    def look(self) -> None:
        self.looked += 1


def test_the_oldest_goes_when_there_are_too_many() -> None:
    all_of_them = Lingering(Clock(), most=2)
    streams = [Stream() for _ in range(4)]
    for stream in streams:
        all_of_them.add(stream)
    assert [stream.aborted for stream in streams] == [True, True, False, False]
    assert len(all_of_them) == 2
    all_of_them.discard(streams[2])
    all_of_them.discard(streams[0])
    assert len(all_of_them) == 1


def test_those_who_look_as_often_share_a_timer() -> None:
    clock = Clock()
    all_of_them, streams = Lingering(clock), [Stream() for _ in range(3)]
    looks = all_of_them.looks(0.25)
    assert all_of_them.looks(0.25) is looks
    for stream in streams:
        looks[stream] = clock.seconds() + looks.seconds
    looks.arm()
    looks.pop(streams[1])
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(0.25)
    assert [stream.looked for stream in streams] == [1, 0, 1]
    looks.arm()
    all_of_them.close()
    assert clock.getDelayedCalls() == []


def stalled(make: Maker) -> Pair:
    """Closed, with records that the kernel does not take."""
    pair = make.shaken()
    pair.far.paused = True
    while not pair.stream.push(SIZE):
        pass
    pair.stream.close()
    return pair


def test_a_drain_can_wait_for_what_lingers(make: Maker) -> None:
    pair = stalled(make)
    assert len(make.turner.pump.lingering) == 1
    pair.far.paused = False
    pair.until(lambda: "fin" in pair.far.seen)
    assert pair.far.seen == ["close_notify", "fin"]
    assert len(make.turner.pump.lingering) == 0


def test_what_lingers_when_the_time_is_over_is_reset(make: Maker) -> None:
    pair = stalled(make)
    make.turner.pump.lingering.abort_all()
    assert pair.stream.fd == -1
    assert len(make.turner.pump.lingering) == 0
    assert make.turner.reactor.getDelayedCalls() == []
    pair.far.paused = False
    pair.until(lambda: "reset" in pair.far.seen)
