"""Asking for names: a zone in memory, the hosts file, and a real DNS server."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.names import dns
from twisted.names.error import DNSQueryRefusedError, DNSServerError

from bridge.farm.asking import Resolver
from bridge.farm.dns_values import LONGEST, Addresses, Answer, Reply, Service, Sought
from bridge.farm.lookup import (
    AT_ONCE,
    DEADLINE,
    HOSTS_TTL,
    Lookup,
    hosts_file,
    system_lookup,
)
from bridge.net.address import Address
from tests.zones import Zone, a, aaaa, served, srv

NONE: Answer[str] = Answer(why="no records")


def result(reply: Deferred[Reply]) -> Reply:
    """What it has fired with."""
    found: list[Reply] = []
    reply.addCallback(found.append)
    (only,) = found
    return only


def find(zone: Zone, name: str, port: int | None = 80) -> Reply:
    return result(Lookup(Clock(), zone).find(Sought(name, port)))


def test_a_host_is_asked_for_in_both_families() -> None:
    zone = Zone(web=[a("192.0.2.1", 30), a("192.0.2.2", 20), aaaa("2001:db8::1", 90)])
    assert find(zone, "web") == Reply(
        Answer((Service("web", 80),)),
        {
            "web": Addresses(
                Answer(("2001:db8::1",), 90.0), Answer(("192.0.2.1", "192.0.2.2"), 20.0)
            )
        },
    )
    assert sorted(zone.asked) == [("web", dns.A), ("web", dns.AAAA)]


def test_a_family_without_records_is_no_failure() -> None:
    assert find(Zone(web=[a("192.0.2.1")]), "web").hosts["web"].six == NONE


def test_an_alias_counts_no_longer_than_its_own_ttl() -> None:
    zone = Zone(web=[dns.Record_CNAME("other", 5), a("192.0.2.1", 60)])
    assert find(zone, "web").hosts["web"].four == Answer(("192.0.2.1",), 5.0)


def test_a_ttl_of_a_day_is_cut() -> None:
    zone = Zone(web=[a("192.0.2.1", 86400)])
    assert find(zone, "web").hosts["web"].four.ttl == LONGEST


def test_addresses_that_no_server_can_have_are_no_records() -> None:
    assert find(Zone(web=[a("0.0.0.0")]), "web").hosts["web"].four == NONE


def test_no_such_name_is_an_answer() -> None:
    answer = find(Zone(), "web").hosts["web"].four
    assert (answer.why, answer.said) == ("no such name", True)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (DNSServerError(), "the DNS server failed"),
        (DNSQueryRefusedError(), "the DNS server refused"),
        (
            OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH)),
            "no DNS server can be reached: Network is unreachable",
        ),
        (LookupError(), "LookupError"),
    ],
)
def test_a_failure_is_no_answer_and_says_why(error: Exception, why: str) -> None:
    zone = Zone(web=[a("192.0.2.1")])
    zone.broken[dns.AAAA] = error
    found = find(zone, "web").hosts["web"]
    assert found.six == Answer(why=why, said=False)
    assert found.four.records == ("192.0.2.1",)


def test_an_answer_that_never_comes_is_given_up() -> None:
    clock, zone = Clock(), Zone(web=[a("192.0.2.1")])
    zone.silent.add(dns.AAAA)
    reply = Lookup(clock, zone).find(Sought("web", 80))
    clock.advance(DEADLINE - 1)
    assert not reply.called
    clock.advance(1)
    assert result(reply).hosts["web"].six == Answer(
        why="no DNS server answers", said=False
    )


def test_a_service_is_asked_for_and_then_its_hosts() -> None:
    zone = Zone(
        **{"_x._tcp.web": [srv("A.web.", 81, 7, 3), srv("b.web", 82), srv("b.web", 83)]}
    )
    zone.names |= {"a.web": [a("192.0.2.1")], "b.web": [aaaa("::1")]}
    reply = find(zone, "_x._tcp.web", None)
    assert reply.services == Answer(
        (Service("a.web", 81, 7, 3), Service("b.web", 82), Service("b.web", 83)), 60.0
    )
    assert set(reply.hosts) == {"a.web", "b.web"}
    assert reply.hosts["b.web"].four.why == "b.web: no records"
    assert reply.hosts["b.web"].six.records == ("::1",)
    assert len(zone.asked) == 5


@pytest.mark.parametrize(
    "record", [srv(".", 80), srv("a.web", 0), srv("\x1b[31m", 80), srv("a..web", 80)]
)
def test_a_record_that_names_no_host_or_port_is_left_out(record: Any) -> None:
    reply = find(Zone(**{"_x._tcp.web": [record]}), "_x._tcp.web", None)
    assert reply == Reply(Answer(why="no records"), {})


def test_only_so_many_questions_are_on_their_way_at_once() -> None:
    clock, zone = Clock(), Zone()
    zone.silent |= {dns.A, dns.AAAA}
    zone.names["_x._tcp.web"] = [srv(f"h{n}.web", 80) for n in range(50)]
    reply = Lookup(clock, zone).find(Sought("_x._tcp.web"))
    assert len(zone.asked) == 1 + AT_ONCE
    answered = 0
    while answered < 100:
        waiting, zone.waiting = zone.waiting, []
        assert 0 < len(waiting) <= AT_ONCE
        answered += len(waiting)
        for question in waiting:
            question.callback(([], [], []))
    assert len(result(reply).hosts) == 50


def test_the_hosts_file_is_the_whole_answer_where_it_has_one(tmp_path: Path) -> None:
    file, zone = tmp_path / "hosts", Zone(web=[aaaa("::1")], other=[aaaa("::2")])
    file.write_text("192.0.2.1 WEB web.internal # not other\n")
    lookup = Lookup(Clock(), zone, hosts_file(str(file)))
    found = result(lookup.find(Sought("web", 80))).hosts["web"]
    assert found.four == Answer(("192.0.2.1",), HOSTS_TTL)
    assert found.six.records == () and found.six.said
    assert zone.asked == []
    found = result(lookup.find(Sought("other", 80))).hosts["other"]
    assert found.six.records == ("::2",)


def test_without_a_hosts_file_there_is_dns(tmp_path: Path) -> None:
    assert hosts_file(str(tmp_path / "none"))("web") == []


def test_the_set_up_of_this_host_is_used() -> None:
    """Whatever that is elsewhere: every host knows itself from its hosts file."""
    found = result(system_lookup(Clock()).find(Sought("localhost", 80)))
    both = found.hosts["localhost"]
    assert {*both.six.records, *both.four.records} & {"::1", "127.0.0.1"}


def asked_for_real(zone: Zone, sought: Sought) -> Reply:
    """What a real DNS server on loopback says."""
    replies: list[Reply] = []
    with served(zone) as (run, port):
        resolver = Resolver(run.reactor, lambda: [Address("127.0.0.1", port)])
        Lookup(run.reactor, resolver).find(sought).addCallback(replies.append)
        run.until(lambda: replies)
    return replies[0]


def test_a_real_dns_server_is_asked_over_udp() -> None:
    zone = Zone(**{"_x._tcp.web": [srv("a.web", 8080, 7, 3)]})
    zone.names["a.web"] = [a("192.0.2.1", 5), aaaa("2001:db8::1", 5)]
    found = asked_for_real(zone, Sought("_x._tcp.web"))
    assert found.services.records == (Service("a.web", 8080, 7, 3),)
    assert found.hosts["a.web"] == Addresses(
        Answer(("2001:db8::1",), 5.0), Answer(("192.0.2.1",), 5.0)
    )


def test_an_answer_too_long_for_udp_comes_over_tcp() -> None:
    hosts = [f"10.0.0.{n}" for n in range(1, 200)]
    found = asked_for_real(Zone(web=[a(host) for host in hosts]), Sought("web", 80))
    assert set(found.hosts["web"].four.records) == set(hosts)


def test_a_real_dns_server_says_that_there_is_no_such_name() -> None:
    answer = asked_for_real(Zone(), Sought("web", 80)).hosts["web"].four
    assert (answer.why, answer.said) == ("no such name", True)
