"""Room for sessions: who waits for it, and when they are told."""

from __future__ import annotations

from twisted.internet.task import Clock

from bridge.net.room import RETRY, Postponed, Room


class Port:
    """Waits, and counts how often it may try again."""

    resumed = 0

    def resume(self) -> None:
        self.resumed += 1


def test_it_is_full_at_its_limit_and_says_why() -> None:
    room = Room(2)
    room.take()
    assert room.full == ""
    room.take()
    assert room.full == "2 sessions is all limits.connections allows"
    assert Room(0, "cannot accept").full == "cannot accept"


def test_who_waits_is_told_once_when_somebody_leaves() -> None:
    room, port = Room(1), Port()
    room.take()
    room.wait(port)
    room.wait(port)
    room.give()
    room.take()
    room.give()
    assert port.resumed == 1


def test_nobody_comes_in_before_a_dial_that_waits() -> None:
    room, port, clock, dialed = Room(5), Port(), Clock(), list[int]()
    room.take()
    Postponed(room, "memory is short", clock, lambda: dialed.append(1))
    room.wait(port)
    assert "memory is short" in room.full
    room.give()
    assert port.resumed == 0
    clock.advance(RETRY)
    assert (port.resumed, dialed, room.full) == (1, [1], "")


def test_a_dial_that_is_given_up_is_waited_for_no_longer() -> None:
    room, port, clock = Room(5), Port(), Clock()
    postponed = Postponed(room, "", clock, lambda: None)
    room.wait(port)
    postponed.disconnect()
    postponed.disconnect()
    assert (port.resumed, room.postponed, clock.getDelayedCalls()) == (1, 0, [])


def test_a_port_accepts_as_it_would_and_nobody_waits_at_the_end() -> None:
    room, port = Room(1), Port()
    accept = object
    assert room.accepts(accept) is accept
    room.wait(port)
    room.close()
    room.resume()
    assert port.resumed == 0
