"""The steps in which a server comes to its full weight."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from bridge.farm.server import Server
from bridge.farm.slow_start import SlowStart
from tests.servers import server


class Slow:
    """One server weighing 10, which takes ten seconds."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(100)
        self.weights: list[float] = []
        self.over = 0
        self.start = SlowStart(10.0, self.clock, self._reweigh, self._over)
        self.server = server("a", weight=10, since=100.0)

    def _reweigh(self, server: Server, weight: float) -> None:
        self.weights.append(weight)

    def _over(self, server: Server) -> None:
        self.over += 1

    def turn(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)


def test_the_weight_grows_in_ten_steps_and_then_it_is_over() -> None:
    slow = Slow()
    assert slow.start.begin(slow.server) == 1
    slow.turn(8)
    assert (slow.weights, slow.over) == ([2, 3, 4, 5, 6, 7, 8, 9], 0)
    assert slow.start.due(slow.server) == 109
    slow.turn(1)
    assert (slow.weights[-1], slow.over) == (10, 1)
    assert slow.start.due(slow.server) is None
    assert slow.start.lasts == 9


@pytest.mark.parametrize(("gone", "weight", "due"), [(0.5, 1, 101), (4.0, 5, 105)])
def test_what_has_begun_elsewhere_goes_on(
    gone: float, weight: float, due: float
) -> None:
    slow = Slow()
    slow.clock.advance(gone)
    assert slow.start.begin(slow.server) == weight
    assert slow.start.due(slow.server) == due


def test_what_is_stopped_has_no_timer() -> None:
    slow = Slow()
    slow.start.begin(slow.server)
    slow.start.stop(slow.server)
    slow.start.stop(slow.server)
    assert slow.clock.getDelayedCalls() == []
    slow.start.begin(slow.server)
    slow.start.close()
    assert slow.clock.getDelayedCalls() == []
