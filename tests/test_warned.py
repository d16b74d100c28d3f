"""Warnings that follow the host."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock

from bridge.doctor import Host
from bridge.service.warned import SELDOM, SOON, Found, Warned
from tests.logged import Listening, logged

HOST = Host(interfaces={"eth0": 9000})


class World:
    """*host* is this host; what is odd is how it differs from HOST, and the oath."""

    def __init__(self) -> None:
        self.clock, self.host = Clock(), HOST
        self.warned: Sequence[str] = ("as root: something else", "always so")
        self.looks = 0
        self.made = Warned(self.clock, self.away, self, self.read, self.warnings)
        self.made.start()

    def away(self, work: Callable[[], Found]) -> Deferred[Found]:
        self.looks += 1
        done: Deferred[Found] = execute(work)
        return done

    def read(self) -> Host:
        return self.host

    def warnings(self, host: Host) -> Sequence[str]:
        mtu = (host.interfaces or {})["eth0"]
        assert mtu, "a bug"
        return ["always so", *([f"MTU {mtu}"] if mtu != 9000 else [])]

    def change(self, mtu: int) -> None:
        self.host = replace(HOST, interfaces={"eth0": mtu})
        self.made.host_changed()


@pytest.fixture
def log() -> Iterator[Listening]:
    with logged() as listening:
        yield listening


def test_what_is_odd_since_a_change_is_added_and_told(log: Listening) -> None:
    world = World()
    world.change(1500)
    world.clock.advance(SOON)
    assert log.lines == ["MTU 1500"]
    assert list(world.warned) == ["as root: something else", "always so", "MTU 1500"]


def test_what_is_odd_no_more_goes(log: Listening) -> None:
    world = World()
    world.change(1500)
    world.clock.advance(SOON)
    world.change(9000)
    world.clock.advance(SELDOM)
    assert log.lines == ["MTU 1500", "no longer so: MTU 1500"]
    assert list(world.warned) == ["as root: something else", "always so"]


def test_a_host_that_changes_all_the_time_is_looked_at_seldom(log: Listening) -> None:
    world = World()
    for n in range(1000):
        world.change(1000 + n)
        world.clock.advance(0.1)
    assert world.looks <= 100 / SELDOM + 1
    world.clock.advance(SELDOM)
    assert list(world.warned)[2:] == ["MTU 1999"]


def test_a_change_that_matters_to_nothing_costs_no_thread() -> None:
    world = World()
    world.made.host_changed()
    world.clock.advance(SOON)
    assert world.looks == 0


def test_a_bug_is_told_and_the_next_look_is_taken(log: Listening) -> None:
    world = World()
    world.change(0)
    world.clock.advance(SOON)
    assert log.tracebacks == 1
    world.host = HOST
    world.made.host_changed()
    world.clock.advance(SELDOM)
    assert world.looks == 2


def test_after_the_end_nothing_is_looked_at() -> None:
    world = World()
    world.change(1500)
    world.made.stop()
    world.made.host_changed()
    assert world.clock.getDelayedCalls() == []
