"""A name's servers while DNS shrinks, grows and changes its weights."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from twisted.internet.task import Clock

from bridge.farm.check import Verdict
from bridge.farm.dns_values import MOST, Found, difference
from bridge.farm.farm import Farm, Policy
from bridge.farm.named import REMEMBERED, Named
from bridge.farm.rules import Rules
from bridge.farm.server import Server
from bridge.farm.state import Event, State
from bridge.net.address import Address
from bridge.net.dial import Target
from bridge.net.sockaddr import sockaddr
from tests.logged import logged


class Scripted:
    """A check that remembers for which addresses it was made."""

    said = ""
    sure = True

    def __init__(self, server: Server, verdict: Verdict) -> None:
        self.addresses = server.addresses
        self.verdict = verdict
        self.up = True
        self.runs = False

    def start(self) -> None:
        self.up = self.runs = True

    def stop(self) -> None:
        self.runs = False


class Ward:
    """A farm of one name, whose answers the test gives."""

    def __init__(
        self, *found: Found, balance: str = "round_robin", most: int | None = 2
    ) -> None:
        self.most = most
        self.clock = Clock()
        self.clock.advance(1)
        self.checks: list[Scripted] = []
        rules = Rules(self._check, failures=2, ejected=30.0)
        policy = Policy(balance=balance, queue_length=5, queue_timeout=99.0)
        self.web = Farm("web", policy, rules, self.clock)
        self._named = Named(self.web, self._make, self.clock)
        self._before: tuple[Found, ...] = ()
        self.says(*found)

    def _check(self, server: Server, verdict: Verdict) -> Scripted:
        self.checks.append(Scripted(server, verdict))
        return self.checks[-1]

    def _make(self, found: Found) -> Server:
        targets = [
            Target(
                socket.AF_INET if each.family == 4 else socket.AF_INET6,
                sockaddr(each),
                (),
            )
            for each in found.addresses
        ]
        race = tuple(targets) if len(targets) > 1 else ()
        made = Server(str(found), targets[0], most=self.most, race=race)
        made.weight, made.backup = found.weight, found.backup
        return made

    def says(self, *found: Found) -> Ward:
        before, self._before = self._before, found
        self._named.changed(difference(before, found))
        return self

    @property
    def servers(self) -> dict[str, Server]:
        return {server.name: server for server in self.web.servers}

    def chosen(self, count: int) -> str:
        chosen = [self.web.choose() for _ in range(count)]
        return " ".join(each.name[:-3] if each else "-" for each in chosen)


def of(*hosts: str, **said: Any) -> Found:
    return Found(tuple(Address(host, 80) for host in hosts), **said)


ONE, TWO = of("192.0.2.1"), of("192.0.2.2")


def test_a_server_that_dns_gives_again_is_the_one_it_was() -> None:
    ward = Ward(ONE, TWO)
    server = ward.servers["192.0.2.1:80"]
    assert ward.chosen(4).count("192.0.2.1") == 2
    ward.says(TWO).says(ONE, TWO)
    assert ward.servers["192.0.2.1:80"] is server
    assert server.active == 2
    assert ward.chosen(1) == "-", "its limit holds"
    ward.web.release(server)
    assert ward.chosen(1) == "192.0.2.1"


@pytest.mark.parametrize(
    ("order", "state"), [("drain", State.DRAINING), ("disable", State.DISABLED)]
)
def test_what_an_operator_has_ordered_stands(order: str, state: State) -> None:
    ward = Ward(ONE, TWO)
    getattr(ward.web, order)("192.0.2.1:80")
    ward.says(TWO)
    with logged() as log:
        ward.says(ONE, TWO)
    assert ward.servers["192.0.2.1:80"].state is state
    assert ward.chosen(2) == "192.0.2.2 192.0.2.2"
    told = "farm web: server 192.0.2.1:80 is draining, as it was before; 1 of 2 "
    assert log.lines == ([told + "servers get sessions"] if order == "drain" else [])
    ward.web.ready("192.0.2.1:80")
    assert ward.chosen(1) == "192.0.2.1"


def test_what_checks_found_stands_until_the_first_one_passes() -> None:
    ward = Ward(ONE, TWO)
    server = ward.servers["192.0.2.1:80"]
    ward.web.health.tell(server, Event.FAILED, "status 503")
    ward.says(TWO).says(ONE, TWO)
    assert server.state is State.DOWN
    check = ward.checks[-1]
    assert (check.runs, check.up) == (True, False), "so that the first pass is news"
    check.verdict(True, "status 200")
    assert ward.servers["192.0.2.1:80"].state is State.UP


def test_an_ejection_goes_on_for_as_long_as_it_would_have() -> None:
    ward = Ward(ONE, TWO)
    server = ward.servers["192.0.2.1:80"]
    for _ in range(2):
        ward.web.dial_failed(server, "Connection refused")
    ward.clock.advance(10)
    ward.says(TWO).says(ONE, TWO)
    ward.clock.advance(19)
    assert server.state is State.EJECTED
    ward.clock.advance(1)
    assert server.state is not State.EJECTED
    ward.web.dial_failed(server, "Connection refused")
    assert server.until - ward.clock.seconds() == 60, "twice, as the second in a row"


def test_an_ejection_that_ended_meanwhile_is_over() -> None:
    ward = Ward(ONE, TWO)
    server = ward.servers["192.0.2.1:80"]
    for _ in range(2):
        ward.web.dial_failed(server, "Connection refused")
    ward.says(TWO)
    ward.clock.advance(100)
    assert ward.web.standing() == (1, 1)
    ward.says(ONE, TWO)
    ward.clock.advance(0)
    assert server.state is State.UP


def test_dials_of_a_server_that_is_gone_change_nothing() -> None:
    ward = Ward(ONE, TWO)
    server = ward.servers["192.0.2.1:80"]
    ward.says(TWO)
    for _ in range(5):
        ward.web.dial_failed(server, "Connection refused")
    assert server.state is State.UP
    assert ward.web.standing() == (1, 1)


def test_another_weight_is_another_share_of_the_same_server() -> None:
    ward = Ward(ONE, TWO, most=None)
    before = ward.web.servers[:]
    ward.says(of("192.0.2.1", weight=3), TWO)
    assert ward.web.servers == before
    assert ward.chosen(8).count("192.0.2.1") == 6
    assert len(ward.checks) == 2, "and its check runs on"


def test_another_rank_makes_a_backup_of_it_and_back() -> None:
    ward = Ward(ONE, TWO)
    server = ward.servers["192.0.2.1:80"]
    ward.says(of("192.0.2.1", backup=True), TWO)
    assert ward.chosen(3) == "192.0.2.2 192.0.2.2 192.0.2.1"
    ward.says(ONE, of("192.0.2.2", backup=True))
    assert ward.chosen(2) == "192.0.2.1 -"
    assert server.active == 2


@pytest.mark.parametrize(
    "after",
    [
        of("2001:db8::1"),
        of("192.0.2.1"),
        of("2001:db8::1", "192.0.2.9"),
        of("2001:db8::9", "192.0.2.1"),
    ],
    ids=str,
)
def test_a_server_that_keeps_one_address_is_the_same_and_is_checked_anew(
    after: Found,
) -> None:
    ward = Ward(of("2001:db8::1", "192.0.2.1"))
    (server,) = ward.web.servers
    assert ward.chosen(1) == "[2001:db8::1]"
    ward.web.health.tell(server, Event.FAILED, "status 503")
    ward.says(after)
    assert ward.web.servers == [server]
    assert server.addresses == tuple(sockaddr(each) for each in after.addresses)
    assert (server.name, server.active) == (str(after), 1)
    old, new = ward.checks
    assert (old.runs, new.runs, new.up) == (False, True, False)
    assert new.addresses == server.addresses
    assert server.plain is (len(after.addresses) == 1)
    assert server.various


def test_a_partner_that_comes_and_goes_leaves_one_server() -> None:
    ward = Ward(ONE)
    (server,) = ward.web.servers
    for _ in range(3):
        ward.says(of("2001:db8::1", "192.0.2.1")).says(ONE)
    assert ward.web.servers == [server]


def test_of_a_server_that_is_gone_for_long_nothing_is_remembered() -> None:
    ward = Ward(ONE, TWO)
    server = ward.servers["192.0.2.1:80"]
    ward.web.drain("192.0.2.1:80")
    ward.says(TWO)
    ward.clock.advance(REMEMBERED + 1)
    ward.says(ONE, TWO)
    assert ward.servers["192.0.2.1:80"] is not server


def test_one_that_still_has_sessions_is_remembered_for_as_long() -> None:
    ward = Ward(ONE)
    (server,) = ward.web.servers
    ward.chosen(1)
    ward.says(TWO)
    ward.clock.advance(10 * REMEMBERED)
    ward.says(of("192.0.2.3"))
    ward.says(ONE)
    assert ward.web.servers == [server]


def test_only_so_many_are_remembered() -> None:
    ward = Ward(ONE)
    (server,) = ward.web.servers
    many = [of(f"10.0.{n >> 8}.{n & 255}") for n in range(MOST)]
    ward.says(*many)
    ward.says(TWO)
    assert len(ward._named._gone) == MOST
    ward.says(ONE)
    assert ward.web.servers != [server], "the longest gone was forgotten"


def test_a_backup_that_changes_in_a_panic_stays_in_it() -> None:
    ward = Ward(ONE, TWO)
    for server in ward.web.servers:
        ward.web.health.tell(server, Event.FAILED, "status 503")
    ward.says(of("192.0.2.1", backup=True), of("192.0.2.2", weight=7))
    assert ward.chosen(3) == "192.0.2.2 192.0.2.2 192.0.2.1"
    ward.says(ONE)
    assert ward.chosen(2) == "192.0.2.1 -"


def test_with_source_hash_a_change_keeps_clients_on_their_servers() -> None:
    many = [of(f"192.0.2.{n}") for n in range(1, 9)]
    ward = Ward(*many, balance="source_hash", most=None)
    homes = [ward.web.choose(key) for key in range(0, 2**64, 2**60)]
    ward.says(*many[1:]).says(*many)
    assert [ward.web.choose(key) for key in range(0, 2**64, 2**60)] == homes
