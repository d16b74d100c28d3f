"""Names looked up once: who asks, who waits, and what is remembered."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.names import dns

from bridge.farm.dns_values import Reply, Sought
from bridge.farm.follow_names import Finding
from bridge.farm.lookup import Lookup
from bridge.service import name_hub
from bridge.service.name_hub import NameHub
from tests.logged import logged
from tests.zones import Zone, a

WEB = Sought("web", 80)


class Asking:
    """A hub over a zone, on a clock turned by hand."""

    def __init__(self, zone: Zone) -> None:
        self.clock = Clock()
        self.zone = zone
        self.made = 0
        self.hub = NameHub(self.clock, self._make)

    def _make(self) -> Finding:
        self.made += 1
        return Lookup(self.clock, self.zone)

    def find(self, sought: Sought = WEB) -> list[Reply]:
        told: list[Reply] = []
        self.hub.find(sought, told.append)
        return told

    def asked(self) -> int:
        return sum(kind == dns.A for _, kind in self.zone.asked)


def ttl(replies: list[Reply]) -> float:
    (reply,) = replies
    return reply.hosts["web"].four.ttl


def test_a_name_is_looked_up_once_while_its_answer_counts() -> None:
    asking = Asking(Zone(web=[a("192.0.2.1", 60)]))
    assert ttl(asking.find()) == 60
    asking.clock.advance(20)
    assert ttl(asking.find()) == 40, "the time that is left"
    assert asking.asked() == 1
    asking.clock.advance(40)
    assert ttl(asking.find()) == 60
    assert (asking.asked(), asking.made) == (2, 1)


def test_who_asks_meanwhile_waits_for_the_same_answer() -> None:
    asking = Asking(Zone(web=[a("192.0.2.1", 60)]))
    asking.zone.silent |= {dns.A, dns.AAAA}
    first, second = asking.find(), asking.find()
    assert (first, second, asking.asked()) == ([], [], 1)
    asking.zone.speak()
    assert ttl(first) == ttl(second) == 60


def test_a_failure_counts_for_a_second() -> None:
    asking = Asking(Zone())
    (reply,) = asking.find()
    assert reply.hosts["web"].four.why == "no such name"
    asking.clock.advance(0.9)
    asking.find()
    assert asking.asked() == 1
    asking.clock.advance(0.1)
    asking.find()
    assert asking.asked() == 2


def test_names_are_told_apart() -> None:
    asking = Asking(Zone(web=[a("192.0.2.1")], mail=[a("192.0.2.2")]))
    asking.find()
    asking.find(Sought("mail", 80))
    asking.find(Sought("web", 81))
    assert asking.asked() == 3


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_hub, "MOST_NAMES", 2)
    asking = Asking(Zone(web=[a("192.0.2.1")]))
    for port in (1, 2, 3, 1):
        asking.find(Sought("web", port))
    assert asking.asked() == 4
    asking.find(Sought("web", 3))
    assert asking.asked() == 4


@pytest.mark.parametrize(
    ("error", "tracebacks"), [(OSError("no file"), 0), (TypeError("bug"), 1)]
)
def test_a_lookup_that_fails_is_an_answer(error: Exception, tracebacks: int) -> None:
    class Failing:
        def find(self, sought: Sought) -> Deferred[Reply]:
            return fail(error)

    told: list[Reply] = []
    with logged() as log:
        NameHub(Clock(), Failing).find(WEB, told.append)
    assert log.tracebacks == tracebacks
    (reply,) = told
    assert reply.services.why == f"the name cannot be looked up: {error}"
    assert not reply.services.said


def test_a_host_that_says_not_whom_to_ask_is_an_error_before_and_an_answer_later() -> (
    None
):
    def refuse() -> Any:
        raise OSError("no resolv.conf")

    hub = NameHub(Clock(), refuse)
    with pytest.raises(OSError, match="resolv"):
        hub.prepare([WEB])
    told: list[Reply] = []
    hub.find(WEB, told.append)
    assert "no resolv.conf" in told[0].services.why


def test_after_a_stop_nobody_is_told_and_nothing_is_asked() -> None:
    asking = Asking(Zone(web=[a("192.0.2.1")]))
    asking.zone.silent |= {dns.A, dns.AAAA}
    told = asking.find()
    with logged() as log:
        asking.hub.stop()
    assert (told, log.tracebacks, asking.clock.getDelayedCalls()) == ([], 0, [])


def test_a_generation_begins_when_all_its_names_have_an_answer() -> None:
    asking = Asking(Zone(web=[a("192.0.2.1")]))
    asking.zone.silent |= {dns.A, dns.AAAA}
    began: list[None] = []
    asking.hub.prepare([WEB, Sought("none", 80)]).addCallback(began.append)
    assert began == []
    asking.zone.speak()
    assert began == [None]
    assert asking.clock.getDelayedCalls() == []
    asked = asking.asked()
    asking.hub.prepare([WEB]).addCallback(began.append)
    asking.hub.prepare([]).addCallback(began.append)
    assert (began, asking.asked()) == ([None] * 3, asked)


def test_it_does_not_wait_long_for_who_does_not_answer() -> None:
    asking = Asking(Zone(web=[a("192.0.2.1")]))
    asking.zone.silent |= {dns.A, dns.AAAA}
    began: list[None] = []
    asking.hub.prepare([WEB]).addCallback(began.append)
    asking.clock.advance(name_hub.PATIENCE)
    assert began == [None]
    asking.zone.speak()
    assert len(list(asking.hub.known())) == 1


def test_the_last_answers_are_known_with_the_time_that_is_left() -> None:
    asking = Asking(Zone(web=[a("192.0.2.1", 60)]))
    asking.find()
    for seconds, left in ((20, 40), (50, 0), (280, 0)):
        asking.clock.advance(seconds)
        ((sought, reply),) = asking.hub.known()
        assert (sought, ttl([reply])) == (WEB, left)
    asking.clock.advance(20)
    assert list(asking.hub.known()) == [], "nobody has asked for it for long"
