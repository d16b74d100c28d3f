"""Names followed over time: when DNS is asked, and what is told of the answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from twisted.internet.task import Clock
from twisted.names import dns
from twisted.names.error import DNSServerError

from bridge.farm.asking import Resolver
from bridge.farm.dns_values import MOST, Changes, Sought
from bridge.farm.follow_names import JITTER, SLOWEST, Names, pause
from bridge.farm.lookup import Lookup
from bridge.net.address import Address
from tests.logged import Listening, logged
from tests.zones import Zone, a, aaaa, served, srv

WEB = Sought("web", 80)


class Following:
    """One name of a zone in memory, on a clock turned by hand, without jitter."""

    def __init__(self, zone: Zone, sought: Sought = WEB) -> None:
        self.clock = Clock()
        self.zone = zone
        self.told: list[tuple[list[str], list[str]]] = []
        self.names = Names(self.clock, Lookup(self.clock, zone), lambda: 0.0)
        self.followed = self.names.follow(sought, self._told)

    def _told(self, changes: Changes) -> None:
        added, removed = changes.added, changes.removed
        self.told.append(([str(f) for f in added], [str(f) for f in removed]))

    @property
    def servers(self) -> list[str]:
        return [str(found) for found in self.followed.servers]

    def asked(self) -> int:
        """How often addresses were asked for since this was last called."""
        count = sum(kind == dns.A for _, kind in self.zone.asked)
        self.zone.asked.clear()
        return count


def waits(following: Following, count: int) -> list[float]:
    """Seconds until each of the next *count* questions."""
    found = []
    for _ in range(count):
        (call,) = following.clock.getDelayedCalls()
        found.append(call.getTime() - following.clock.seconds())
        following.clock.advance(found[-1])
    return found


def ours(log: Listening, word: str) -> list[str]:
    return [line for line in log.lines if word in line]


def test_the_first_answer_is_told_as_servers_added() -> None:
    following = Following(Zone(web=[a("192.0.2.1"), a("192.0.2.2")]))
    assert following.told == [(["192.0.2.1:80", "192.0.2.2:80"], [])]


def test_a_name_is_asked_for_again_when_its_ttl_has_run_out() -> None:
    following = Following(Zone(web=[a("192.0.2.1", 20)]))
    assert following.asked() == 1
    following.clock.advance(19.9)
    assert following.asked() == 0
    following.clock.advance(0.1)
    assert following.asked() == 1


def test_a_change_is_told_once_and_no_change_not_at_all() -> None:
    zone = Zone(web=[a("192.0.2.1"), a("192.0.2.2")])
    following = Following(zone)
    zone.names["web"].reverse()
    following.clock.advance(60)
    zone.names["web"] = [a("192.0.2.2"), a("192.0.2.3")]
    following.clock.advance(60)
    following.clock.advance(60)
    assert following.told[1:] == [(["192.0.2.3:80"], ["192.0.2.1:80"])]
    assert following.asked() == 4


@pytest.mark.parametrize(("ttl", "wait"), [(0, 1), (1, 1), (30, 30), (86400, 300)])
def test_a_ttl_counts_from_a_second_to_five_minutes(ttl: int, wait: float) -> None:
    assert waits(Following(Zone(web=[a("192.0.2.1", ttl)])), 1) == [wait]


def test_an_answer_is_renewed_a_little_later_than_it_must_and_never_sooner() -> None:
    assert pause(60, 0, 0.0) == 60
    assert pause(60, 0, 0.5) == pytest.approx(60 * (1 + JITTER / 2))
    assert pause(60, 1, 0.5) == pytest.approx(1 + JITTER / 2)
    assert pause(60, 10**6, 0.0) == SLOWEST


def refuse(zone: Zone) -> None:
    zone.broken |= {dns.A: DNSServerError(), dns.AAAA: DNSServerError()}


def empty(zone: Zone) -> None:
    zone.names["web"] = []


def delete(zone: Zone) -> None:
    del zone.names["web"]


@pytest.mark.parametrize("lose", [refuse, empty, delete])
def test_without_a_good_answer_the_last_one_stays(
    lose: Callable[[Zone], None],
) -> None:
    zone = Zone(web=[a("192.0.2.1", 20)])
    following = Following(zone)
    lose(zone)
    following.clock.advance(20)
    assert waits(following, 7) == [1, 2, 4, 8, 16, 30, 30]
    assert following.servers == ["192.0.2.1:80"]
    assert len(following.told) == 1


def test_an_outage_is_logged_once_and_so_is_its_end() -> None:
    zone = Zone(web=[a("192.0.2.1", 20)])
    with logged() as log:
        following = Following(zone)
        refuse(zone)
        following.clock.advance(20)
        waits(following, 5)
        zone.broken.clear()
        waits(following, 2)
        refuse(zone)
        waits(following, 3)
    assert (
        ours(log, "asking again")
        == ["web:80: the DNS server failed; asking again, with 192.0.2.1:80"] * 2
    )
    assert ours(log, "answered again") == ["web:80 is answered again"]
    assert len(following.told) == 1


def test_a_name_that_cannot_be_resolved_at_the_start_is_asked_for_again() -> None:
    zone = Zone()
    with logged() as log:
        following = Following(zone)
        assert waits(following, 3) == [1, 2, 4]
        assert (following.servers, following.told) == ([], [])
        zone.names["web"] = [a("192.0.2.1", 20)]
        assert waits(following, 2) == [8, 20]
    assert following.told == [(["192.0.2.1:80"], [])]
    assert log.lines == [
        "web:80: no such name; asking again, with no server until then",
        "web:80 is answered again",
        "web:80 stands for 1 server; new: 192.0.2.1:80",
    ]


def test_when_one_family_fails_the_other_is_used_and_asked_for_soon() -> None:
    zone = Zone(web=[a("192.0.2.1"), aaaa("2001:db8::1")])
    following = Following(zone)
    zone.broken[dns.AAAA] = DNSServerError()
    zone.names["web"] = [a("192.0.2.2")]
    following.clock.advance(60)
    (found,) = following.followed.servers
    assert [each.host for each in found.addresses] == ["2001:db8::1", "192.0.2.2"]
    assert following.told[1:] == [([], [])], "the same server, with another partner"
    assert waits(following, 2) == [1, 2]
    zone.broken.clear()
    waits(following, 1)
    assert following.servers == ["192.0.2.2:80"]


def test_a_change_is_logged_with_what_is_new_and_gone() -> None:
    zone = Zone(web=[a(f"192.0.2.{n}") for n in range(1, 8)] + [aaaa("::1")])
    with logged() as log:
        following = Following(zone)
        zone.names["web"] = [a("192.0.2.7"), a("192.0.2.8")]
        following.clock.advance(60)
    assert log.lines == [
        "web:80 stands for 7 servers; new: [::1]:80 or 192.0.2.1:80, 192.0.2.2:80, "
        "192.0.2.3:80, 192.0.2.4:80, 192.0.2.5:80 and 2 more",
        "web:80 stands for 2 servers; new: 192.0.2.8:80; gone: [::1]:80 or "
        "192.0.2.1:80, 192.0.2.2:80, 192.0.2.3:80, 192.0.2.4:80, 192.0.2.5:80 and 1 "
        "more",
    ]


def test_more_servers_than_a_name_may_have_are_told_of_once() -> None:
    zone = Zone(web=[a(f"10.0.{n >> 8}.{n & 255}", 60) for n in range(MOST + 7)])
    with logged() as log:
        following = Following(zone)
        waits(following, 3)
        zone.names["web"] = [a("192.0.2.1")]
        waits(following, 1)
    assert ours(log, "left out") == [
        "web:80 has too many servers: 7 beyond 1000 are left out"
    ]


def test_a_service_is_followed_with_its_hosts() -> None:
    zone = Zone(a=[a("192.0.2.1", 10)], b=[a("192.0.2.2", 40)])
    zone.names["_x._tcp.web"] = [srv("a", 80, 5, 1), srv("b", 81, 5, 2)]
    following = Following(zone, Sought("_x._tcp.web"))
    assert following.servers == ["192.0.2.1:80", "192.0.2.2:81"]
    assert [found.backup for found in following.followed.servers] == [False, True]
    zone.names["a"] = [a("192.0.2.9", 10)]
    following.clock.advance(10)
    assert following.told[1:] == [(["192.0.2.9:80"], ["192.0.2.1:80"])]


def test_after_a_stop_nothing_is_asked_or_told() -> None:
    following = Following(Zone(web=[a("192.0.2.1")]))
    following.names.stop()
    assert following.clock.getDelayedCalls() == []
    following.names.stop()


def test_an_answer_on_its_way_is_not_waited_for() -> None:
    zone = Zone(web=[a("192.0.2.1")])
    zone.silent |= {dns.A, dns.AAAA}
    with logged() as log:
        following = Following(zone)
        following.names.stop()
    assert following.clock.getDelayedCalls() == []
    assert (following.told, log.lines, log.tracebacks) == ([], [], 0)


def test_who_is_told_may_stop() -> None:
    clock, zone = Clock(), Zone(web=[a("192.0.2.1", 20)])
    names = Names(clock, Lookup(clock, zone), lambda: 0.0)
    names.follow(WEB, lambda changes: names.stop())
    assert clock.getDelayedCalls() == []


def test_a_bug_of_ours_is_logged_and_the_name_is_followed_on() -> None:
    clock, zone = Clock(), Zone(web=[a("192.0.2.1", 20)])
    told: list[int] = []

    def fail(changes: Changes) -> None:
        told.append(len(changes.added))
        raise RuntimeError

    with logged() as log:
        Names(clock, Lookup(clock, zone), lambda: 0.0).follow(WEB, fail)
        zone.names["web"] = [a("192.0.2.2", 20)]
        clock.advance(20)
    assert (told, log.tracebacks) == ([1, 1], 2)


def test_a_real_dns_server_is_followed_through_a_rotation_and_its_death() -> None:
    zone, clock = Zone(web=[a("127.0.0.1", 20), a("127.0.0.2", 20)]), Clock()
    told: list[tuple[int, int]] = []
    with served(zone) as (run, port), logged() as log:
        resolver = Resolver(run.reactor, lambda: [Address("127.0.0.1", port)])
        names = Names(clock, Lookup(run.reactor, resolver), lambda: 0.0)
        followed = names.follow(
            WEB, lambda c: told.append((len(c.added), len(c.removed)))
        )
        run.until(lambda: followed.servers)
        zone.names["web"] = [a("127.0.0.3", 20), a("127.0.0.2", 20)]
        clock.advance(20)
        run.until(lambda: len(told) == 2)
        zone.names.clear()
        clock.advance(20)
        run.until(lambda: ours(log, "no such name"))
        names.stop()
    assert told == [(2, 0), (1, 1)]
    assert [str(found) for found in followed.servers] == [
        "127.0.0.2:80",
        "127.0.0.3:80",
    ]
