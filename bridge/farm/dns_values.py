"""
What DNS says of a name, as values: the servers that it stands for.

Pure.  How it is asked is ``lookup``'s, when it is asked again ``follow_names``'s.

A name stands for as many servers as it has addresses of the family it has more of.
When both families are there, a server is an IPv6 address *and* an IPv4 address, which
race when it is dialed; so a dual-stack host is one server with one weight, and not two.
Which two belong together DNS does not say: they are paired in the order of their
numbers, the way hosts usually are numbered, and a pair stays while both its addresses
do.  A wrong pair does no harm but that it is called by one host and may reach another.

SRV records (RFC 2782) name hosts, each with a port and a weight; every host stands for
servers as above, each with the weight of the record.  The records of the lowest
priority are the servers, all others their backups.

Nothing that DNS says leaves a farm without servers.  Where it says nothing, or no such
name, or no address, what it said before goes on to count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from itertools import chain, zip_longest
from typing import Generic, TypeVar

from bridge.net.address import Address

SHORTEST, LONGEST = 1.0, 300.0
"""
Seconds that an answer counts at least and at most, whatever its TTL.  Less than a
second would be a load on the DNS server; after more than five minutes nobody expects
a host that was taken out of a name to be still in use.
"""

MOST = 1000
"""Servers that one name may stand for; the rest are left out, for DNS is a network."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sought:
    """A name whose servers are wanted."""

    name: str
    """Whole, in lower case, without a dot at its end."""
    port: int | None = None
    """The port of them all; None: the name is a service's, and its records say."""

    def __str__(self) -> str:
        return f"srv:{self.name}" if self.port is None else f"{self.name}:{self.port}"


@dataclass(frozen=True, slots=True)
class Found:
    """
    One server that a name stands for, and what is said of it.

    It is the same server as one before, if they have an address and port in common:
    weight, rank and partner are what is said of it, see ``difference``.
    """

    addresses: tuple[Address, ...]
    """One, or an IPv6 and an IPv4 address that race, in this order."""
    weight: int = 1
    """Of an SRV record: from 1 to 65535.  1 for a host."""
    backup: bool = False
    """It is in an SRV record that has not the lowest priority."""

    def __str__(self) -> str:
        """Its first address, which no other server of the name has."""
        return str(self.addresses[0])


@dataclass(frozen=True, slots=True)
class Changes:
    """From one answer to the next."""

    added: tuple[Found, ...] = ()
    changed: tuple[tuple[Found, Found], ...] = ()
    """As it was and as it is: the same server."""
    removed: tuple[Found, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came of one question."""

    records: tuple[T, ...] = ()
    ttl: float = LONGEST
    """Seconds: the smallest of its records'."""
    why: str = ""
    """Why there are no records."""
    said: bool = True
    """False: nobody has answered, so there may well be records."""
    whole: bool = True
    """False: there are more records than these, and *why* says why they are missing."""


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record (RFC 2782), or a host with its port in the form of one."""

    host: str
    port: int
    weight: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Addresses:
    """What came of the two questions for one host's addresses, as literals."""

    six: Answer[str]
    four: Answer[str]


@dataclass(frozen=True, slots=True)
class Reply:
    """All that came of asking for one name once."""

    services: Answer[Service]
    hosts: Mapping[str, Addresses]
    """The addresses of each host that *services* name."""


Pairs = tuple[tuple[str, ...], ...]
"""The addresses of one host, those together that are one server's."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a name: the last good of everything."""

    servers: tuple[Found, ...] = ()
    hosts: Mapping[str, Pairs] = field(default_factory=dict)
    ttl: float = LONGEST
    """Seconds until the name must be asked for again."""
    why: str = ""
    """What the last reply lacked, if it lacked anything: then some of this is older."""
    left_out: int = 0
    """Servers beyond MOST, as far as they are known."""


def learn(known: Known, reply: Reply) -> Known:
    """What is known once *reply* has come."""
    services = reply.services
    if not services.records or (known.servers and not services.whole):
        return replace(known, why=services.why)
    hosts = {
        name: pair(a, known.hosts.get(name, ())) for name, a in reply.hosts.items()
    }
    servers = _servers(services.records, hosts)
    why = next(filter(None, [services.why, *map(_lack, reply.hosts.values())]), "")
    if not servers:
        return replace(known, why=why)
    answers = [answer for a in reply.hosts.values() for answer in (a.six, a.four)]
    ttls = [answer.ttl for answer in answers if answer.records]
    unasked = sum(service.host not in hosts for service in services.records)
    left_out = max(0, len(servers) + unasked - MOST)
    ttl = min([services.ttl, *ttls])
    return Known(servers[:MOST], hosts, ttl, why, left_out)


def pair(addresses: Addresses, before: Pairs = ()) -> Pairs:
    """
    The addresses that make one server each; *before* is what they were.

    *before* as it is when there is none, or for a family nobody answered for.
    """
    if not addresses.six.records and not addresses.four.records:
        return before
    old = list(chain(*before))
    sixes = _family(addresses.six, (host for host in old if ":" in host))
    fours = _family(addresses.four, (host for host in old if ":" not in host))
    # A pair of one address is made anew: it may be time for its partner.
    now = {*sixes, *fours}
    kept = [two for two in before if len(two) == 2 and now.issuperset(two)]
    taken = set(chain(*kept))
    free = ([host for host in some if host not in taken] for some in (sixes, fours))
    made = (tuple(filter(None, two)) for two in zip_longest(*free))
    return tuple(sorted([*kept, *made], key=lambda hosts: _number(hosts[0])))


def usable(text: str) -> str:
    """
    The one way to write the address *text*, or nothing if no server can have it.

    "Any address" is what some DNS servers say instead of "no"; the kernel would take
    it for this host.  A link-local one needs a zone, which DNS cannot give.
    """
    try:
        ip = ip_address(text)
    except ValueError:  # a hosts file may have 010.0.0.1, which is two addresses
        return ""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.is_unspecified or ip.is_multicast or str(ip) == "255.255.255.255":
        return ""
    return "" if ip.version == 6 and ip.is_link_local else str(ip)


def difference(before: Iterable[Found], after: Iterable[Found]) -> Changes:
    """
    What has become of *before*.

    Who has the first address of a server before is that server; then, who has any.
    """
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    gone = dict.fromkeys(found for found in old if found not in new)
    added = dict.fromkeys(found for found in new if found not in old)
    changed = []
    for firsts in (True, False):
        places = {
            address: found
            for found in reversed(gone)
            for address in (found.addresses[:1] if firsts else found.addresses)
        }
        for found in tuple(added):
            was = (places.get(address) for address in found.addresses)
            same = next((each for each in was if each in gone), None)
            if same is not None:
                changed.append((same, found))
                del gone[same], added[found]
    return Changes(tuple(added), tuple(changed), tuple(gone))


def _servers(
    services: Iterable[Service], hosts: Mapping[str, Pairs]
) -> tuple[Found, ...]:
    """Each once: records may name the same, the most wanted of them counts."""
    # DNS servers turn the records round: by name, so that MOST are always the same.
    ranked = sorted(services, key=lambda s: (s.priority, s.host, s.port))
    servers: dict[Address, Found] = {}
    for service in ranked:
        backup = service.priority > ranked[0].priority
        weight = max(1, service.weight)  # 0: "a very small chance", or all are equal
        for one in hosts.get(service.host, ()):
            addresses = tuple(Address(host, service.port) for host in one)
            servers.setdefault(addresses[0], Found(addresses, weight, backup))
    return tuple(servers.values())


def _family(answer: Answer[str], before: Iterable[str]) -> list[str]:
    """
    The addresses of one family that count, each once, in order.

    An answer that was cut off has others each time: it adds to those there were.
    """
    hosts = set(answer.records) if answer.said else set(before)
    if not answer.whole:
        hosts.update(before)
    return sorted(hosts, key=_number)


def _lack(addresses: Addresses) -> str:
    """What is missing of a host's addresses; not that it has none of one family."""
    both = (addresses.four, addresses.six)
    lacking = [answer.why for answer in both if not (answer.said and answer.whole)]
    if lacking:
        return lacking[0]
    return "" if any(answer.records for answer in both) else addresses.four.why


@lru_cache(4 * MOST)  # the same again with every answer
def _number(host: str) -> tuple[int, int]:
    """IPv6 first, each family in the order of its numbers."""
    ip = ip_address(host)
    return -ip.version, int(ip)
