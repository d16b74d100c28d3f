"""
What changes of this host's interfaces while the gateway runs.

Here: what was known of them, and in words what of it has become another.  Pure.  Not
here: the kernel's messages (``net.rtnetlink``), who hears them, and how often such
words reach the log (``service.interfaces``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bridge.net.names import escaped
from bridge.net.rtnetlink import Link, LinkAddress

MOST_LINKS, MOST_ADDRESSES = 4096, 16384
"""How many are kept in mind; a host has more of neither that a gateway would listen or
dial on, and what is beyond them is not told of."""

ALL = "interfaces"
"""The subject where interfaces come and go, as those of containers do by the minute."""


class Change(NamedTuple):
    """One, as ``Repeated`` tells it."""

    subject: str
    what: str
    detail: str


class Links:
    """
    All interfaces and their addresses, as far as they are known.

    What the first round over them brings is no change.
    """

    def __init__(self) -> None:
        self.links: dict[int, Link] = {}
        self._addresses: dict[LinkAddress, None] = {}
        self._met: set[Link | LinkAddress | int] = set()
        """What this round has come to."""
        self._begun = False
        """A round is over: what is new now was not there before."""

    def begin_round(self) -> None:
        """The kernel is asked for all there is: what it does not name is gone."""
        self._met = set()

    def end_round(self) -> Iterator[Change]:
        """It has named all."""
        for link in [each for at, each in self.links.items() if at not in self._met]:
            yield from self.remove(link)
        for address in [each for each in self._addresses if each not in self._met]:
            yield from self.remove(address)
        self._met = set()
        self._begun = True

    def meet(self, about: Link | LinkAddress) -> Iterator[Change]:
        """It is there, so."""
        if isinstance(about, Link):
            self._met.add(about.number)
            before = self.links.get(about.number)
            if before is None and len(self.links) >= MOST_LINKS:
                return
            self.links[about.number] = about
            if self._begun:
                yield from _became(before, about)
        else:
            self._met.add(about)
            if about in self._addresses or len(self._addresses) >= MOST_ADDRESSES:
                return
            self._addresses[about] = None
            if self._begun:
                yield Change(self._name(about), "address", f"{about.text} is there")

    def remove(self, about: Link | LinkAddress) -> Iterator[Change]:
        """It is gone."""
        if isinstance(about, Link):
            gone = self.links.pop(about.number, None)
            if gone is None:
                return
            for address in [a for a in self._addresses if a.number == about.number]:
                del self._addresses[address]  # the interface's end says it all
            yield Change(ALL, "gone", _named(gone))
        elif about in self._addresses:
            del self._addresses[about]
            yield Change(self._name(about), "address", f"{about.text} is gone")

    def _name(self, address: LinkAddress) -> str:
        link = self.links.get(address.number)
        return f"interface {address.number}" if link is None else _named(link)


def _became(before: Link | None, now: Link) -> Iterator[Change]:
    if before is None:
        yield Change(ALL, "new", f"{_named(now)}, MTU {now.mtu}, {_state(now)}")
        return
    if before.name != now.name:
        yield Change(_named(before), "name", f"now {_named(now)}")
    if before.mtu != now.mtu:
        yield Change(_named(now), "MTU", f"{before.mtu} -> {now.mtu}")
    if _state(before) != _state(now):
        yield Change(_named(now), "state", f"{_state(before)} -> {_state(now)}")


def _named(link: Link) -> str:
    return f"interface {escaped(link.name)}"


def _state(link: Link) -> str:
    if not link.up:
        return "down"
    return "up" if link.running else "no carrier"
