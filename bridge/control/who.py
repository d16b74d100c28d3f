"""
``bridgectl who ADDRESS``: whom a pseudonym stands for, and which one a client has.

Pure: from the pools' keys, and for the way back the sessions that an access log tells
of (``watch.seen``); or in the words of a running gateway.  Not here: the command line
and the log's file (``who_command``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bridge.control.orders import Answer
from bridge.control.tables import clean
from bridge.net.hosts import number
from bridge.net.prefixes import NOBODY
from bridge.net.pseudonym import Pseudonyms
from bridge.watch.seen import Told

MOST_PREFIXES = 1000
"""That are told of.  By chance it is one or two; a bound all the same."""

MOST_CLIENTS = 8
"""Addresses told of each prefix: its hosts change theirs daily (RFC 8981)."""


@dataclass(frozen=True)
class Pool:
    """The pseudonyms of one pool, and who uses them."""

    names: Pseudonyms
    farms: tuple[str, ...] = ()
    """Whose sessions have them; empty: not known, so all are looked at."""
    only_ipv6: bool = False
    """IPv4 clients have none: servers see those as they are (``source: client``)."""

    def names_client(self, client: str) -> bool:
        """Whether *client* has a pseudonym here."""
        return not (self.only_ipv6 and NOBODY < number(client) < 0)

    def __str__(self) -> str:
        if not self.farms:
            return f"pool {self.names.pool}"
        return f"{'farms' if len(self.farms) > 1 else 'farm'} {', '.join(self.farms)}"


@dataclass
class Seen:
    """Sessions of one prefix, whose clients all have one pseudonym on purpose."""

    prefix: str
    clients: list[str] = field(default_factory=list)
    """The first ones, in the order they came."""
    sessions: int = 0
    more: bool = False
    """Whether there were other clients than those."""

    def add(self, client: str) -> None:
        self.sessions += 1
        if client in self.clients:
            return
        if len(self.clients) < MOST_CLIENTS:
            self.clients.append(client)
        else:
            self.more = True

    def __str__(self) -> str:
        clients = ", ".join(self.clients) + (" and others" if self.more else "")
        sessions = "1 session" if self.sessions == 1 else f"{self.sessions} sessions"
        return f"{self.prefix}: {clients}; {sessions}"


class Behind:
    """
    Whom *pseudonym* stands for, of the sessions it is shown.  In bounded memory.

    A line that tells its source is believed.  For one that does not the key is asked,
    so a log from before the key was changed tells of others.
    """

    def __init__(self, pool: Pool, pseudonym: str) -> None:
        self.pool = pool
        self.pseudonym = pseudonym
        self._seen: dict[str, Seen] = {}

    @property
    def seen(self) -> tuple[Seen, ...]:
        return tuple(self._seen.values())

    def add(self, told: Told) -> None:
        if not self._stood_for(told):
            return
        prefix = self.pool.names.prefix_of(told.client)
        if prefix in self._seen or len(self._seen) < MOST_PREFIXES:
            self._seen.setdefault(prefix, Seen(prefix)).add(told.client)

    def _stood_for(self, told: Told) -> bool:
        if self.pool.farms and told.farm not in self.pool.farms:
            return False
        if told.source is not None:
            return told.source == self.pseudonym
        return (
            self.pool.names_client(told.client)
            and self.pool.names.pseudonym(told.client) == self.pseudonym
        )

    def lines(self) -> Iterator[str]:
        for each in self._seen.values():
            yield f"{self.pseudonym} is {each}"
        if not self._seen:
            yield f"{self.pseudonym}: no session of a client that it would stand for"


def with_pseudonym(pools: Iterable[Pool], address: str) -> tuple[Pool, ...]:
    """
    Those of *pools* that *address* could be a pseudonym of.

    It is taken for one although behind carrier-grade NAT a client might have it.
    """
    return tuple(pool for pool in pools if address in pool.names)


def answer(
    pools: Sequence[Pool], address: str, sessions: Iterable[Told] = ()
) -> Iterator[str]:
    """
    What ``who`` prints, in lines; of several pools each says whose answer it is.

    Raises NoPseudonymError where a pool has none to give.
    """
    asked = with_pseudonym(pools, address)
    if not asked:
        for pool in pools:
            yield _labelled(pool, pools) + _seen_as(pool, address)
        return
    all_behind = [Behind(pool, address) for pool in asked]
    for told in sessions:
        for behind in all_behind:
            behind.add(told)
    for behind in all_behind:
        for line in behind.lines():
            yield _labelled(behind.pool, pools) + line


def _labelled(pool: Pool, pools: Sequence[Pool]) -> str:
    return f"{pool}: " if len(pools) > 1 else ""


def _seen_as(pool: Pool, client: str) -> str:
    if not pool.names_client(client):
        return f"{client} is seen as it is"
    names = pool.names
    return _like(client, names.pseudonym(client), names.prefix_of(client))


def _like(client: str, pseudonym: str, prefix: str) -> str:
    bare = prefix.removesuffix("/32").removesuffix("/128")
    of = "" if bare == client else f", like all of {prefix}"
    return f"{client} is seen as {pseudonym}{of}"


def now(answer: Answer) -> Iterator[str]:
    """What ``who`` prints of a running gateway's *answer*."""
    address, pools = answer["address"], answer["pools"]
    for pool in pools:
        label = f"{pool['pool']}: " if len(pools) > 1 else ""
        for line in _of_pool(address, pool):
            yield clean(label + line)


def _of_pool(address: str, pool: Answer) -> Iterator[str]:
    if "stands_for" not in pool:
        if pool["seen_as"] is None:
            yield f"{address} is seen as it is"
        else:
            yield _like(address, pool["seen_as"], pool["prefix"])
        return
    for each in pool["stands_for"]:
        yield f"{address} is {Seen(**each)}"
    if not pool["stands_for"]:
        yield f"{address}: no session that runs; --config and --log tell whose it was"
