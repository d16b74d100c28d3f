"""Servers behind a map: known while they are used, and for a while after that."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.farm import mapped
from bridge.farm.farm import Farm, Policy
from bridge.farm.mapped import KEPT, Kind, Mapped
from bridge.farm.origin import Origin
from bridge.farm.rules import Rules
from bridge.farm.sources import Sources
from bridge.farm.state import State
from bridge.net.mapping import Map, Refusal
from tests.servers import server

PREFIX = IPv6Network("2001:db8:64::/96")


class Checking:
    """A check that says what it is told to."""

    said = ""
    sure = True

    def __init__(self, of: Any, verdict: Any) -> None:
        self.up, self.running, self.verdict = True, False, verdict
        self.name = of.name

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False


class Running:
    def __init__(self, most: int | None = None, **policy: Any) -> None:
        self.clock = Clock()
        self.checks: list[Checking] = []
        self.made: list[str] = []
        self.most = most
        rules = Rules(check=self._check, lazily=True)
        kind = Kind(
            "legacy", Policy(**policy), rules, self.clock, Origin(Sources(9)),
            self._server,
        )  # fmt: skip
        to = [IPv4Network("192.0.2.0/24"), IPv4Network("198.18.0.0/16")]
        self.mapped = Mapped(Map(PREFIX, (), to), kind)

    def _server(self, where: tuple[str, int]) -> Any:
        self.made.append(where[0])
        return server(where[0], where[0], most=self.most)

    def _check(self, of: Any, verdict: Any) -> Checking:
        self.checks.append(Checking(of, verdict))
        return self.checks[-1]

    def come(self, low: str, port: int = 80) -> Farm:
        """A session for 192.0.2.LOW."""
        found = self.mapped.find(f"2001:db8:64::c000:2{low}", port)
        assert isinstance(found, Farm)
        found.arrive()
        return found


def test_an_address_and_port_is_a_server_while_it_is_used() -> None:
    running = Running()
    assert len(running.mapped) == 0
    first, same = running.come("01"), running.come("01")
    assert first is same and running.made == ["192.0.2.1"]
    other = running.come("01", 443)
    assert other is not first and len(running.mapped) == 2
    assert {each.name for each in running.mapped} == {"legacy"}
    chosen = first.choose()
    assert chosen is not None and chosen.name == "192.0.2.1"


def test_what_leads_nowhere_makes_nothing_and_is_counted() -> None:
    running = Running()
    assert running.mapped.find("2001:db8:64::7f00:1", 80) is Refusal.LOOPBACK
    assert running.mapped.find("2001:db8:65::c000:201", 80) is Refusal.UNMAPPED
    assert running.mapped.find("unix", 0) is Refusal.UNMAPPED
    assert running.mapped.find("2001:db8:64::c633:6401", 80) is Refusal.NOT_ALLOWED
    assert dict(running.mapped.refused) == {
        Refusal.LOOPBACK: 1, Refusal.UNMAPPED: 2, Refusal.NOT_ALLOWED: 1,
    }  # fmt: skip
    assert len(running.mapped) == 0 and not running.clock.getDelayedCalls()


def test_a_server_is_known_for_a_while_after_its_last_session() -> None:
    running = Running()
    farm = running.come("01")
    running.clock.advance(KEPT * 2)
    assert len(running.mapped) == 1
    farm.depart()
    running.clock.advance(KEPT - 1)
    assert running.come("01") is farm
    running.clock.advance(KEPT)
    assert len(running.mapped) == 1
    farm.depart()
    running.clock.advance(KEPT)
    assert len(running.mapped) == 0
    assert running.come("01") is not farm
    running.mapped.close()


def test_of_those_without_a_session_the_oldest_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mapped, "MOST_IDLE", 3)
    running = Running()
    busy = running.come("ff")
    for low in range(1, 200):
        running.come(f"{low:02x}").depart()
        running.clock.advance(0.01)
        assert len(running.mapped) <= 4
    names = [each.servers[0].name for each in running.mapped]
    assert names == ["192.0.2.255", "192.0.2.197", "192.0.2.198", "192.0.2.199"]
    busy.depart()
    running.mapped.close()
    assert not running.clock.getDelayedCalls()


def test_a_server_is_checked_from_the_first_answered_dial_on() -> None:
    running = Running()
    farm = running.come("01")
    (only,) = farm.servers
    farm.dial_failed(only, "refused")
    assert only.watched and not running.checks, "whom nobody answers for is not asked"
    farm.dialed(only)
    (check,) = running.checks
    assert check.running and not only.watched
    farm.dial_failed(only, "refused")
    farm.dialed(only)
    assert running.checks == [check]
    farm.depart()
    assert check.running
    running.clock.advance(KEPT)
    assert not check.running


@pytest.mark.parametrize("try_all", [True, False])
def test_one_that_is_down_is_tried_or_refused(try_all: bool) -> None:
    running = Running(try_all=try_all)
    farm = running.come("01")
    farm.dialed(farm.servers[0])
    running.checks[0].verdict(False, "refused")
    assert farm.servers[0].state is State.DOWN
    assert farm.available is try_all
    assert (farm.choose() is not None) is try_all
    farm.depart()
    running.mapped.close()


def test_a_server_has_a_limit_and_a_queue_of_its_own() -> None:
    class Client:
        key = 0
        told = ""

        def served(self, server: Any) -> None:
            self.told = server.name

        def stranded(self) -> None:
            self.told = "stranded"

        waited_long = stranded

    running = Running(most=1, queue_length=1)
    full, other = running.come("01"), running.come("02")
    taken = full.choose()
    assert taken is not None and full.choose() is None
    client = Client()
    assert full.wait(client)
    assert other.choose() is not None
    full.release(taken)
    assert client.told == "192.0.2.1"
    running.mapped.close()
