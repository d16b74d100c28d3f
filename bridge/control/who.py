"""
``bridgectl who ADDRESS``: whom a pseudonym stands for, and which one a client has.

Pure: from a pool's key, and for the way back the clients that an access log tells of
(``watch.seen``).  Not here: the log's file, and the asking of a running gateway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bridge.net.pseudonym import Pseudonyms

MOST_PREFIXES = 1000
"""That are told of.  By chance it is one or two; a bound all the same."""

MOST_CLIENTS = 8
"""Addresses told of each prefix: its hosts change theirs daily (RFC 8981)."""


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


def behind(
    pseudonyms: Pseudonyms, pseudonym: str, clients: Iterable[str]
) -> tuple[Seen, ...]:
    """
    Whom of *clients*, one for each session, *pseudonym* stands for.

    By the key that *pseudonyms* has: a log from before it was changed tells of others.
    In bounded memory, however long the log is.
    """
    seen: dict[str, Seen] = {}
    for client in pseudonyms.behind(pseudonym, clients):
        prefix = pseudonyms.prefix_of(client)
        if prefix in seen or len(seen) < MOST_PREFIXES:
            seen.setdefault(prefix, Seen(prefix)).add(client)
    return tuple(seen.values())


def answer(
    pseudonyms: Pseudonyms, address: str, clients: Iterable[str] = ()
) -> Iterator[str]:
    """
    What ``who`` prints, in lines.

    An address of the pool is taken for a pseudonym, although behind carrier-grade NAT a
    client might have it.  Raises NoPseudonymError where the pool has none to give.
    """
    if address not in pseudonyms:
        prefix = pseudonyms.prefix_of(address)
        of = "" if prefix == address else f", like all of {prefix}"
        yield f"{address} is seen as {pseudonyms.pseudonym(address)}{of}"
        return
    found = behind(pseudonyms, address, clients)
    for each in found:
        listed = ", ".join(each.clients) + (" and others" if each.more else "")
        sessions = "1 session" if each.sessions == 1 else f"{each.sessions} sessions"
        yield f"{address} is {each.prefix}: {listed}; {sessions}"
    if not found:
        yield f"{address}: no session of a client that it would stand for"
