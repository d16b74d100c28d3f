"""
Asking for a name: the hosts file first, then DNS.

Here: which questions a name needs, and what comes back of them as values.  Not here:
how a question reaches a DNS server (``asking``), what the values mean
(``dns_values``), and when to ask again (``follow_names``).

Names are asked for as they are: a search list (resolv.conf(5)) would make them mean
something else on every host.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from twisted.internet import defer
from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults, succeed
from twisted.internet.interfaces import IReactorTime, IResolver
from twisted.names import dns
from twisted.names.error import DNSNameError, DNSQueryRefusedError, DNSServerError
from twisted.names.hosts import searchFileForAll
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath

from bridge.farm.asking import CutOffError, Resolver, words
from bridge.farm.dns_values import (
    LONGEST,
    MOST,
    Addresses,
    Answer,
    Reply,
    Service,
    Sought,
    usable,
)
from bridge.farm.nameservers import ResolvConf
from bridge.net.names import RECORDED, read_name

RESOLV_CONF = "/etc/resolv.conf"
HOSTS = "/etc/hosts"

TIMEOUTS = (1, 2, 4)
"""
Seconds that each DNS server in turn has to answer, in three rounds: no longer, since
addresses of one family wait for those of the other.
"""

DEADLINE = 30.0
"""
Seconds for one question in all, however many DNS servers there are, and over TCP for
an answer that was truncated.
"""

AT_ONCE = 16
"""Questions on their way at a time: each has a descriptor, and SRV records may name
many hosts."""

HOSTS_TTL = 30.0
"""Seconds until the hosts file is looked into again."""

_WHY: tuple[tuple[type[Exception], str], ...] = (
    (DNSNameError, "no such name"),
    (defer.TimeoutError, "no DNS server answers"),
    (DNSServerError, "the DNS server failed"),
    (DNSQueryRefusedError, "the DNS server refused"),
)

T = TypeVar("T")
_Answers = tuple[list[dns.RRHeader], list[dns.RRHeader], list[dns.RRHeader]]
_Ask = Callable[[str, tuple[int, ...]], "Deferred[_Answers]"]


class Lookup:
    """Asks *resolver*, and *hosts* for the addresses that the hosts file has."""

    def __init__(
        self,
        clock: IReactorTime,
        resolver: IResolver,
        hosts: Callable[[str], list[str]] = lambda name: [],
    ) -> None:
        self._clock = clock
        self._resolver: Any = (
            resolver  # IResolver lacks a method, and its types are off
        )
        self._hosts = hosts
        self._tokens = DeferredSemaphore(AT_ONCE)

    def find(self, sought: Sought) -> Deferred[Reply]:
        """All there is to know of one name.  A failure is an answer, too."""
        if sought.port is not None:
            return self._with_hosts(Answer((Service(sought.name, sought.port),)))
        services = self._ask(self._resolver.lookupService, sought.name, _service)
        return services.addCallback(self._with_hosts).addCallback(_naming_hosts)

    def _with_hosts(self, services: Answer[Service]) -> Deferred[Reply]:
        ranked = sorted(services.records, key=lambda s: (s.priority, s.host))
        names = list(dict.fromkeys(service.host for service in ranked))[:MOST]
        hosts = gatherResults([self._addresses(name) for name in names])
        return hosts.addCallback(
            lambda found: Reply(services, dict(zip(names, found, strict=True)))
        )

    def _addresses(self, name: str) -> Deferred[Addresses]:
        """Of both families.  The hosts file is the whole answer where it has one."""
        known = [host for host in map(usable, self._hosts(name)) if host]
        if known:
            return succeed(
                Addresses(
                    Answer(tuple(host for host in known if ":" in host), HOSTS_TTL),
                    Answer(tuple(host for host in known if ":" not in host), HOSTS_TTL),
                )
            )
        six = self._ask(self._resolver.lookupIPV6Address, name, _six)
        four = self._ask(self._resolver.lookupAddress, name, _four)
        both: Deferred[list[Answer[str]]] = gatherResults([six, four])
        return both.addCallback(lambda answers: Addresses(*answers))

    def _ask(
        self, ask: _Ask, name: str, read: Callable[[dns.RRHeader], T | None]
    ) -> Deferred[Answer[T]]:
        def go() -> Deferred[_Answers]:
            # The deadline begins here and not in the queue before.
            return ask(name, TIMEOUTS).addTimeout(DEADLINE, self._clock)

        answers: Deferred[_Answers] = self._tokens.run(go)
        return answers.addCallbacks(
            lambda found: _answer(found[0], read),
            lambda failure: _failure(failure, read),
        )


def _naming_hosts(reply: Reply) -> Reply:
    """A service's name may well exist where its hosts' do not: say whose is meant."""

    def named(host: str, answer: Answer[str]) -> Answer[str]:
        return replace(answer, why=f"{host}: {answer.why}") if answer.why else answer

    hosts = {
        host: Addresses(named(host, found.six), named(host, found.four))
        for host, found in reply.hosts.items()
    }
    return Reply(reply.services, hosts)


def system_lookup(reactor: Any) -> Lookup:
    """
    Asks as this host is set up to: /etc/hosts, then the servers of /etc/resolv.conf.

    Either is read again when it has changed.
    *reactor* provides IReactorTime, IReactorFDSet and IReactorTCP.  Raises OSError for
    a file that cannot be read.
    """
    return Lookup(
        reactor, Resolver(reactor, ResolvConf(RESOLV_CONF)), hosts_file(HOSTS)
    )


def hosts_file(path: str) -> Callable[[str], list[str]]:
    """The addresses that the hosts(5) file at *path* has for a name; none if none."""
    file = FilePath(path)
    return lambda name: searchFileForAll(file, name.encode())


def _answer(
    records: Iterable[dns.RRHeader], read: Callable[[dns.RRHeader], T | None]
) -> Answer[T]:
    """
    What *read* makes of the answer section.

    A DNS server that resolves for others has put in what aliases stand for (RFC 1034,
    section 5.2.2), and an alias counts no longer than its own TTL.
    """
    records = list(records)
    found = tuple(value for value in map(read, records) if value)
    if not found:
        return Answer(why="no records")
    return Answer(found, min([LONGEST, *(float(record.ttl) for record in records)]))


def _failure(failure: Failure, read: Callable[[dns.RRHeader], T | None]) -> Answer[T]:
    error = failure.value
    if isinstance(error, CutOffError):
        some = _answer(error.records, read)
        if some.records:
            return replace(some, why=words(error), whole=False)
    name = type(error).__name__
    if isinstance(error, OSError):
        name = f"no DNS server can be reached: {words(error)}"
    elif isinstance(error, ValueError | CutOffError):
        name = words(error)
    why = next((why for kind, why in _WHY if isinstance(error, kind)), name)
    # That there is no such name has been said; all else means that nobody knows.
    return Answer(why=why, said=isinstance(error, DNSNameError))


def _six(record: dns.RRHeader) -> str | None:
    if record.type != dns.AAAA:
        return None
    payload: Any = record.payload
    return usable(socket.inet_ntop(socket.AF_INET6, payload.address))


def _four(record: dns.RRHeader) -> str | None:
    if record.type != dns.A:
        return None
    payload: Any = record.payload
    return usable(payload.dottedQuad())


def _service(record: dns.RRHeader) -> Service | None:
    """A target of one dot says that there is no such service (RFC 2782)."""
    if record.type != dns.SRV:
        return None
    payload: Any = record.payload
    host = read_name(payload.target.name.decode("ascii", "replace"), RECORDED)
    if not payload.port or host is None:
        return None
    return Service(host, payload.port, payload.weight, payload.priority)
