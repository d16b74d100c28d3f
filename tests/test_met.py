"""A farm for one data connection."""

from twisted.internet.task import Clock

from bridge.farm.farm import Farm, Policy
from bridge.farm.met import MetFarm
from bridge.farm.rules import Rules
from tests.servers import server


def test_it_is_named_like_the_farm_and_has_the_one_server_at_once() -> None:
    clock = Clock()
    farm = Farm("legacy", Policy(), Rules(), clock)
    farm.add(server("other", "192.0.2.9"))
    one = server("a", "192.0.2.10")
    met = MetFarm(farm, one, clock, "x-7")
    assert (met.name, met.control, farm.control) == ("legacy", "x-7", "")
    assert met.choose() is one
    assert met.origin is farm.origin
    assert (met.retries, met.queue_length) == (0, 0)
    assert clock.getDelayedCalls() == []
