"""A search under way: its waits, and what comes twice or late."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from bridge.doctor.asking_path import MOST, REST, UNKNOWN_LONG, Asking
from bridge.doctor.size_search import Answer, Reached, Search, TooBig


class Scripted:
    """A probe that answers nothing by itself."""

    name = "made"

    def __init__(self, at_once: Answer = None) -> None:
        self.sizes: list[int] = []
        self.coming: list[Answer] = []
        self.at_once = at_once

    @property
    def socket(self) -> socket.socket:
        raise AssertionError("nobody needs it")

    def send(self, size: int) -> Answer:
        self.sizes.append(size)
        return self.at_once

    def hear(self) -> Iterator[Answer]:
        while self.coming:
            yield self.coming.pop(0)

    def close(self) -> None:
        pass


def asking(probe: Scripted, rtt: float = 0.0) -> Asking:
    return Asking(probe, Search(9000), rtt, 0.0)


def test_an_answer_ends_it() -> None:
    probe = Scripted()
    one = asking(probe)
    assert (probe.sizes, one.until, one.over) == ([9000], UNKNOWN_LONG, False)
    probe.coming = [Reached(9000)]
    one.heard(0.1)
    assert one.over
    assert one.search.settled
    assert one.sent == 1


def test_silence_is_waited_for_as_long_as_the_path_is() -> None:
    probe = Scripted()
    one = asking(probe, rtt=0.05)
    assert one.until == 0.25
    one.late(0.1)
    assert probe.sizes == [9000]
    one.late(0.25)
    assert probe.sizes == [9000, 9000]


def test_what_this_host_refuses_is_not_waited_for() -> None:
    class Small(Scripted):
        def send(self, size: int) -> Answer:
            super().send(size)
            return TooBig(size, "", 1500) if size > 1500 else None

    probe = Small()
    one = asking(probe)
    assert probe.sizes == [9000, 1500]
    probe.coming = [Reached(1500)]
    one.heard(0.0)
    assert one.over


def test_a_second_answer_to_what_was_asked_twice_is_no_news() -> None:
    probe = Scripted()
    one = asking(probe)
    one.late(UNKNOWN_LONG)  # asked again
    probe.coming = [TooBig(9000, "r", 1400), TooBig(9000, "r", 1400)]
    one.heard(0.4)
    assert probe.sizes == [9000, 9000, 1400]
    assert not one.over
    probe.coming = [Reached(1400), Reached(1400)]
    one.heard(0.5)
    assert one.over
    assert one.search.passes == 1400
    assert not one.search.silent


def test_a_tired_server_is_left_in_peace() -> None:
    """It answers one probe, and only then has to rest."""
    probe = Scripted()
    one = asking(probe, rtt=0.001)
    now = 0.0
    while len(probe.sizes) < 4:  # the goal three times, then the least
        now = one.until
        one.late(now)
    probe.coming = [Reached(576)]
    one.heard(now)
    while one.until - now < REST and not one.over:
        now = one.until
        one.late(now)
    sent = len(probe.sizes)
    assert one.until == now + REST
    one.late(now + REST / 2)
    assert len(probe.sizes) == sent
    one.late(now + REST)
    assert len(probe.sizes) == sent + 1


def test_a_router_that_takes_a_byte_away_each_time_is_left() -> None:
    class Nibbling(Scripted):
        def send(self, size: int) -> Answer:
            super().send(size)
            return TooBig(size, "liar", size - 1)

    probe = Nibbling()
    one = asking(probe)
    assert one.over
    assert len(probe.sizes) == MOST
    assert not one.search.settled
