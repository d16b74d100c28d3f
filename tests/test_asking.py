"""One question to real sockets: who is asked next, and what counts as an answer."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.names import dns

from bridge.farm.asking import CutOffError, Resolver
from bridge.farm.dns_values import (
    MOST,
    Addresses,
    Answer,
    Known,
    Reply,
    Service,
    Sought,
    learn,
)
from bridge.farm.lookup import Lookup
from bridge.farm.messages import POINTERS
from bridge.net.address import Address
from tests.zones import Iterated, Zone, a, listen_dns, srv

Said = Callable[[bytes], list[bytes]]
"""What a server makes of a question: the datagrams that it sends back."""

QUICK = (0.2, 0.4)


class Scripted(DatagramProtocol):
    """A DNS server that says what the test has it say."""

    def __init__(self, say: Said) -> None:
        self.say = say
        self.asked = 0

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self.asked += 1
        for each in self.say(datagram):
            assert self.transport is not None
            self.transport.write(each, addr)


@pytest.fixture
def run() -> Iterator[Iterated]:
    made = Iterated()
    yield made
    made.close()


def scripted(run: Iterated, say: Said) -> tuple[Scripted, Address]:
    server = Scripted(say)
    port = run.reactor.listenUDP(0, server, interface="127.0.0.1")
    return server, Address("127.0.0.1", port.getHost().port)


def answer(data: bytes, *hosts: str, code: int = dns.OK, cut: bool = False) -> bytes:
    """The answer to the question *data*."""
    question = dns.Message()
    question.fromStr(data)
    made = dns.Message(question.id, answer=1, rCode=code, trunc=cut)
    made.queries = question.queries
    name = question.queries[0].name.name
    made.answers = [dns.RRHeader(name, dns.A, ttl=9, payload=a(host)) for host in hosts]
    told: bytes = made.toStr()
    return told


def good(data: bytes) -> list[bytes]:
    return [answer(data, "192.0.2.1")]


def ask(run: Iterated, *servers: Address, rounds: tuple[float, ...] = QUICK) -> Any:
    """The addresses that come of it, or what went wrong."""
    found: list[Any] = []
    asked: Deferred[Any] = Resolver(run.reactor, lambda: servers)._lookup(
        b"web.test", dns.IN, dns.A, rounds
    )
    asked.addCallback(lambda told: [each.payload.dottedQuad() for each in told[0]])
    asked.addErrback(lambda failure: failure.value)
    asked.addCallback(found.append)
    run.until(lambda: found)
    assert run.reactor.getDelayedCalls() == []
    return found[0]


def test_an_answer_is_the_addresses(run: Iterated) -> None:
    _, server = scripted(run, good)
    assert ask(run, server) == ["192.0.2.1"]


def closed() -> Address:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return Address("127.0.0.1", sock.getsockname()[1])


FAILURES: dict[str, Said] = {
    "fails": lambda data: [answer(data, code=dns.ESERVER)],
    "refuses": lambda data: [answer(data, code=dns.EREFUSED)],
    "knows no such thing": lambda data: [answer(data, code=dns.ENOTIMP)],
    "cannot be read": lambda data: [data[:2] + b"\x80\x00" + b"\xc0\x0c" * 50],
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_server_that_will_not_do_is_followed_by_the_next_at_once(
    run: Iterated, failure: str
) -> None:
    bad, first = scripted(run, FAILURES[failure])
    _, second = scripted(run, good)
    began = time.monotonic()
    assert ask(run, first, second, rounds=(30.0,)) == ["192.0.2.1"]
    assert time.monotonic() - began < 15
    assert bad.asked == 1


@pytest.mark.parametrize(
    "unreachable",
    [
        closed(),
        Address("255.255.255.255", 53),
        Address("fe80::1", 53, "nowhere"),
        Address("fe80::1", 53),
    ],
)
def test_one_that_cannot_be_reached_is_followed_by_the_next_at_once(
    run: Iterated, unreachable: Address
) -> None:
    _, second = scripted(run, good)
    assert ask(run, unreachable, second, rounds=(30.0,)) == ["192.0.2.1"]


def test_one_that_is_silent_is_followed_by_the_next_and_asked_again(
    run: Iterated,
) -> None:
    silent, first = scripted(run, lambda data: [])
    assert str(ask(run, first)) == ""
    assert silent.asked == len(QUICK)
    _, second = scripted(run, good)
    assert ask(run, first, second) == ["192.0.2.1"]
    assert silent.asked == len(QUICK) + 1


def test_when_all_have_failed_the_failure_is_told_at_once(run: Iterated) -> None:
    bad, only = scripted(run, FAILURES["fails"])
    assert type(ask(run, only, rounds=(30.0, 30.0))).__name__ == "DNSServerError"
    assert bad.asked == 1


def test_no_such_name_is_an_answer_that_no_other_server_is_asked_about(
    run: Iterated,
) -> None:
    _, first = scripted(run, lambda data: [answer(data, code=dns.ENAME)])
    second, other = scripted(run, good)
    assert type(ask(run, first, other)).__name__ == "DNSNameError"
    assert second.asked == 0


def test_what_is_no_answer_to_this_question_is_not_heard(run: Iterated) -> None:
    def strange(data: bytes) -> list[bytes]:
        other = bytes([data[0] ^ 1]) + data[1:]
        renamed = data.replace(b"\3web", b"\3xyz")
        return [
            answer(other, "192.0.2.66"),
            answer(renamed, "192.0.2.66"),
            data,  # a question
            b"",
            b"\0",
            answer(data, "192.0.2.1"),
        ]

    _, server = scripted(run, strange)
    assert ask(run, server) == ["192.0.2.1"]


def test_one_broken_record_does_not_hide_the_others(run: Iterated) -> None:
    def broken(data: bytes) -> list[bytes]:
        whole = answer(data, "192.0.2.1", "192.0.2.2", "192.0.2.3")
        # The second A record has three bytes.
        return [whole.replace(b"\0\4\xc0\0\2\2", b"\0\3\xc0\0\2")]

    _, server = scripted(run, broken)
    assert ask(run, server)[::2] == ["192.0.2.1", "192.0.2.3"]


def test_a_message_of_nothing_but_pointers_costs_little(run: Iterated) -> None:
    name = b"\xc0\x0c" + struct.pack(">HHIH", dns.A, dns.IN, 1, 0)

    def bomb(data: bytes) -> list[bytes]:
        # Each owner's name is the question's, through a chain of pointers.
        chain = b"".join(struct.pack(">H", 0xC000 | 12 + 2 * n) for n in range(60))
        head = data[:2] + b"\x80\0\0\0" + struct.pack(">HHH", 5000, 0, 0)
        body = struct.pack(">H", 0xC000 | 12 + 118) + name[2:]
        return [head + b"\0" + chain + body * 4000]

    _, server = scripted(run, bomb)
    began = time.process_time()
    assert isinstance(ask(run, server), Exception)
    assert time.process_time() - began < 2
    assert POINTERS < 100_000


@pytest.mark.parametrize("count", [450, 900, 1500, 3000])
def test_as_many_addresses_as_an_answer_can_hold_are_read(
    run: Iterated, count: int
) -> None:
    hosts = {f"10.0.{n >> 8}.{n & 255}" for n in range(1, count + 1)}
    port = listen_dns(run.reactor, Zone(web=[a(host) for host in hosts]))
    resolver = Resolver(run.reactor, lambda: [Address("127.0.0.1", port)])
    replies: list[Any] = []
    lookup = Lookup(run.reactor, resolver)
    lookup.find(Sought("web", 80)).addCallback(replies.append)
    run.until(lambda: replies)
    assert set(replies[0].hosts["web"].four.records) == hosts
    assert len(learn(Known(), replies[0]).servers) == min(count, MOST)


def test_as_many_hosts_of_a_service_as_may_be_are_asked_for(run: Iterated) -> None:
    zone = Zone(**{f"h{n}": [a(f"10.0.{n >> 8}.{n & 255}")] for n in range(MOST + 50)})
    zone.names["_x._tcp.web"] = [srv(f"h{n}", 80) for n in range(MOST + 50)]
    port = listen_dns(run.reactor, zone)
    resolver = Resolver(run.reactor, lambda: [Address("127.0.0.1", port)])
    replies: list[Any] = []
    lookup = Lookup(run.reactor, resolver)
    lookup.find(Sought("_x._tcp.web")).addCallback(replies.append)
    run.until(lambda: replies)
    assert len(replies[0].services.records) == MOST + 50
    assert len(learn(Known(), replies[0]).servers) == MOST


def test_an_answer_that_is_cut_off_is_kept_when_tcp_brings_no_other(
    run: Iterated,
) -> None:
    _, server = scripted(
        run, lambda data: [answer(data, "192.0.2.1", "192.0.2.2", cut=True)]
    )
    error = ask(run, server)
    assert isinstance(error, CutOffError)
    assert len(error.records) == 2
    assert str(error) == (
        "the answer was cut off, and TCP brought no whole one: Connection refused"
    )


@pytest.mark.parametrize(("less", "left"), [(1, 1), (9, 1), (16, 1), (17, 0), (40, 0)])
def test_a_datagram_that_ends_too_soon_is_cut_off_too(
    run: Iterated, less: int, left: int
) -> None:
    _, server = scripted(
        run, lambda data: [answer(data, "192.0.2.1", "192.0.2.2")[:-less]]
    )
    error = ask(run, server)
    assert isinstance(error, CutOffError)
    assert len(error.records) == left


def test_of_two_servers_the_one_whose_tcp_works_gives_the_whole(run: Iterated) -> None:
    _, first = scripted(run, lambda data: [answer(data, "192.0.2.1", cut=True)])
    hosts = [f"10.0.0.{n}" for n in range(1, 200)]
    port = listen_dns(run.reactor, Zone(**{"web.test": [a(host) for host in hosts]}))
    assert len(ask(run, first, Address("127.0.0.1", port))) == 199


def test_a_cut_answer_adds_addresses_and_takes_none_away() -> None:
    some = Answer(("192.0.2.1", "192.0.2.2"))
    none: Answer[str] = Answer(why="no records")
    whole = learn(Known(), reply(Addresses(none, some)))
    cut = Answer(("192.0.2.2", "192.0.2.3"), why="cut off", whole=False)
    after = learn(whole, reply(Addresses(none, cut)))
    assert [str(found) for found in after.servers] == [
        "192.0.2.1:80",
        "192.0.2.2:80",
        "192.0.2.3:80",
    ]
    assert after.why == "cut off"
    again = learn(after, reply(Addresses(none, some)))
    assert (len(again.servers), again.why) == (2, "")


def reply(addresses: Addresses) -> Any:
    return Reply(Answer((Service("web", 80),)), {"web": addresses})


def test_a_question_that_is_cancelled_leaves_no_socket_and_no_timer(
    run: Iterated,
) -> None:
    _, server = scripted(run, lambda data: [])
    asked = Resolver(run.reactor, lambda: [server])._lookup(
        b"web.test", dns.IN, dns.A, (30.0,)
    )
    readers = len(run.reactor.getReaders())
    asked.addErrback(lambda _: None)
    asked.cancel()
    assert len(run.reactor.getReaders()) == readers - 1
    assert run.reactor.getDelayedCalls() == []
