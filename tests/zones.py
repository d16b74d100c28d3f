"""A DNS zone in memory: asked as a resolver, or served by a DNS server of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.names import dns
from twisted.names.common import ResolverBase
from twisted.names.error import DNSNameError
from twisted.names.server import DNSServerFactory
from twisted.python.failure import Failure

from tests.pumping import PATIENCE


def a(address: str, ttl: int = 60) -> dns.Record_A:
    return dns.Record_A(address, ttl)


def aaaa(address: str, ttl: int = 60) -> dns.Record_AAAA:
    return dns.Record_AAAA(address, ttl)


def srv(host: str, port: int, weight: int = 0, priority: int = 0) -> dns.Record_SRV:
    return dns.Record_SRV(priority, weight, port, host.encode(), 60)


class Zone(ResolverBase):
    """What each name has; ``broken`` are the record types it fails to answer for."""

    def __init__(self, **names: list[Any]) -> None:
        super().__init__()
        self.names: dict[str, list[Any]] = dict(names)
        self.broken: dict[int, Exception] = {}
        self.silent: set[int] = set()
        self.asked: list[tuple[str, int]] = []
        self.waiting: list[Deferred[Any]] = []
        self._late: list[tuple[bytes, int]] = []

    def _lookup(self, name: bytes, cls: int, kind: int, timeout: Any) -> Deferred[Any]:
        text = name.decode().lower()
        self.asked.append((text, kind))
        if kind in self.silent:
            self.waiting.append(Deferred())
            self._late.append((name, kind))
            return self.waiting[-1]
        if kind in self.broken:
            return fail(self.broken[kind])
        if text not in self.names:
            return fail(DNSNameError(text))
        return succeed((self._answers(name, kind), [], []))

    def speak(self) -> None:
        """Answer all that it was silent to, and be silent no more."""
        self.silent.clear()
        while self.waiting:
            name, kind = self._late.pop(0)
            self._lookup(name, dns.IN, kind, None).chainDeferred(self.waiting.pop(0))

    def _answers(self, name: bytes, kind: int) -> list[dns.RRHeader]:
        return [
            dns.RRHeader(name, record.TYPE, dns.IN, record.ttl, record)
            for record in self.names[name.decode().lower()]
            if record.TYPE in (kind, dns.CNAME)
        ]


class Iterated:
    """A reactor of a test's own, never the global one, run until something is so."""

    def __init__(self) -> None:
        self.reactor = EPollReactor()

    def until(self, reached: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < deadline, "it hangs"
            self.reactor.iterate(0.005)

    def close(self) -> None:
        """Let go of every descriptor; what is done "later" is done first."""
        self.reactor.iterate(0)
        for reader in self.reactor.removeAll():
            reader.connectionLost(Failure(ConnectionDone()))
        for call in self.reactor.getDelayedCalls():
            call.cancel()
        self.reactor._poller.close()


@contextmanager
def served(zone: Zone) -> Iterator[tuple[Iterated, int]]:
    """*zone* behind a real DNS server on loopback, UDP and TCP; and its port."""
    run = Iterated()
    try:
        yield run, listen_dns(run.reactor, zone)
    finally:
        run.close()


def listen_dns(reactor: Any, zone: Zone) -> int:
    """A port that is free for both, which takes luck."""
    factory = DNSServerFactory(clients=[zone])
    factory.noisy = False
    while True:
        protocol = dns.DNSDatagramProtocol(factory, reactor=reactor)
        udp = reactor.listenUDP(0, protocol, interface="127.0.0.1")
        port: int = udp.getHost().port
        try:
            reactor.listenTCP(port, factory, interface="127.0.0.1")
        except CannotListenError:
            udp.stopListening()
        else:
            return port
