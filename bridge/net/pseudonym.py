"""
Pseudonyms: a stable IPv4 source address for each client, out of a pool.

Servers that know nothing of PROXY headers can tell clients apart by them, log, limit
and ban them.  A pseudonym follows from the client's address and a key, and from nothing
else: there is no table to fill, to share among gateways or to lose, and ``bridgectl
who`` needs no running gateway.

What two gateways with one pool, key and ``per`` agree on: every client's pseudonym, but
for clients whose hash falls on an address that one of them does not use because it is
its own.  Only they get another there, the next of their hashes; nobody else is moved.
Give all gateways the same list of what to leave out and they agree on all.

Not here: the pool's route (``control.setup``), and the socket that is bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Network

from bridge.net.hosts import dotted, number, text6
from bridge.net.prefixes import IPV4, NOBODY

DEFAULT_KEY = b"bridge"
"""
Where none is given, the same on every gateway, and known to everybody.

Whoever knows the key can compute all pseudonyms.  With prefixes enough to choose from
(a /40 has 16 million /64s) he finds one of his own that shares a given client's, and
can get it banned.  With a secret key he can only try one after the other, blindly.
"""

LONGEST_KEY = 64
"""Bytes: BLAKE2b's limit, RFC 7693 section 2.1."""

CACHED = 4096
"""Clients of whom all is kept: one that comes again costs a tenth.  Some 1.5 MB."""

TRIES = 32
"""Hashes tried before the pool is walked: only in one that is nearly all left out."""

_LINK_LOCAL = 0xFE80 >> 6  # fe80::/10, RFC 4291 section 2.5.6


class NoPseudonymError(LookupError):
    """Every address of the pool is left out."""


def nothing_left_out(ipv4: int) -> bool:
    """The ``left_out`` of a pool that is used whole."""
    return False


class Pseudonyms:
    """
    The pseudonyms that one pool gives.

    >>> names = Pseudonyms(IPv4Network("100.64.0.0/10"), b"secret")
    >>> names.pseudonym("2001:db8::1") == names.pseudonym("2001:db8::ffff")
    True
    """

    def __init__(
        self,
        pool: IPv4Network,
        key: bytes = DEFAULT_KEY,
        per: int = 64,
        left_out: Callable[[int], bool] = nothing_left_out,
    ) -> None:
        """
        *per* is how much of an IPv6 client's address counts, in bits; of an IPv4
        client's all does.  *left_out* tells addresses not to use, as numbers, at this
        moment: the gateway's own.  The pool's network and broadcast addresses are never
        used.

        Raises ValueError for a key or a *per* that cannot be.
        """
        if not 0 < len(key) <= LONGEST_KEY:
            raise ValueError(f"a key has 1 to {LONGEST_KEY} bytes")
        if not 1 <= per <= 128:
            raise ValueError(f"{per} bits of an address: write 1 to 128, usually 64")
        self.pool = pool
        self.per = per
        self._key = key
        self._left_out = left_out
        # /31 and /32 have no such two addresses: RFC 3021.
        edge = 1 if pool.prefixlen < 31 else 0
        self._first = int(pool.network_address) + edge
        self.size = pool.num_addresses - 2 * edge
        """Addresses that can be pseudonyms, those left out included."""
        self._drawn = lru_cache(CACHED)(self._draw_first)

    def pseudonym(self, client: str) -> str:
        """
        The one of the client at *client*, however that is spelt.

        What is no address (a UNIX peer's name) is taken as it stands.  Raises
        NoPseudonymError.
        """
        return self.seen_as(client)[0]

    def seen_as(self, client: str) -> tuple[str, str]:
        """
        Its ``pseudonym``, and whom that is meant for (``prefix_of``).

        Raises NoPseudonymError.
        """
        address, text, whose = self._drawn(client)
        if self._left_out(address):
            text = self._another(client)
        return text, whose

    def prefix_of(self, client: str) -> str:
        """
        Whom else *client*'s pseudonym is meant for: ``2001:db8:1:2::/64``.

        That is no network for a link-local client: everybody's prefix is the same, so
        there the whole address counts.  The scope id does not, which is another on
        every gateway (RFC 4007).
        """
        value = number(client)
        if value == NOBODY:
            return client
        if value < 0:
            return f"{dotted(value + IPV4)}/32"
        length = self._length(value)
        shift = 128 - length
        return f"{text6(value >> shift << shift)}/{length}"

    def __contains__(self, host: str) -> bool:
        """Whether *host* could be a pseudonym: an address of the pool."""
        value = number(host)
        ipv4 = value + IPV4
        return NOBODY < value < 0 and 0 <= ipv4 - self._first < self.size

    def _length(self, ipv6: int) -> int:
        return 128 if ipv6 >> 118 == _LINK_LOCAL else self.per

    def _draw_first(self, client: str) -> tuple[int, str, str]:
        address = self._draw(self._subject(client), 0)
        return address, dotted(address), self.prefix_of(client)

    def _subject(self, client: str) -> bytes:
        """What is hashed.  The first byte keeps the three kinds apart."""
        value = number(client)
        if value == NOBODY:
            return b"n" + client.encode("utf-8", "surrogateescape")
        if value < 0:
            return b"4" + (value + IPV4).to_bytes(4, "big")
        length = self._length(value)
        return b"6" + (value >> (128 - length)).to_bytes(16, "big") + bytes((length,))

    def _draw(self, subject: bytes, turn: int) -> int:
        """64 bits of hash for at most 32 of address favour no part of the pool."""
        digest = blake2b(
            subject,
            digest_size=8,
            key=self._key,
            salt=bytes((turn,)),
            person=b"bridge src",
        )
        return self._first + int.from_bytes(digest.digest(), "big") % self.size

    def _another(self, client: str) -> str:
        """The first of its further hashes that is not left out."""
        subject = self._subject(client)
        address = self._first
        for turn in range(1, TRIES):
            address = self._draw(subject, turn)
            if not self._left_out(address):
                return dotted(address)
        for step in range(self.size):
            there = self._first + (address - self._first + step) % self.size
            if not self._left_out(there):
                return dotted(there)
        raise NoPseudonymError(f"every address of {self.pool} is left out")


class Sharing:
    """
    Which pseudonyms stand for several prefixes now, and how often that happened.

    Only of sessions there are: a pseudonym that nobody uses takes no memory.
    """

    def __init__(self) -> None:
        self.collisions = 0
        """How often a prefix came to a pseudonym that others were using."""
        self.shared = 0
        """Pseudonyms that stand for more than one prefix now."""
        self._used: dict[str, dict[str, int]] = {}

    def took(self, pseudonym: str, prefix: str) -> None:
        """A session begins from *pseudonym*, for a client in *prefix*."""
        users = self._used.setdefault(pseudonym, {})
        count = users.get(prefix, 0)
        users[prefix] = count + 1
        if not count and len(users) > 1:
            self.collisions += 1
            self.shared += len(users) == 2

    def gave_back(self, pseudonym: str, prefix: str) -> None:
        """One of them is over.  Raises KeyError if there was none."""
        users = self._used[pseudonym]
        users[prefix] -= 1
        if not users[prefix]:
            del users[prefix]
            self.shared -= len(users) == 1
            if not users:
                del self._used[pseudonym]

    def prefixes(self, pseudonym: str) -> tuple[str, ...]:
        """Whom it stands for now, in the order they came."""
        return tuple(self._used.get(pseudonym, ()))

    def __len__(self) -> int:
        """Pseudonyms in use."""
        return len(self._used)

    def __iter__(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every pseudonym that is shared now, with its prefixes."""
        for pseudonym, users in self._used.items():
            if len(users) > 1:
                yield pseudonym, tuple(users)
