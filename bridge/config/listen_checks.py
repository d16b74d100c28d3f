"""
Whether every listener of the configuration can have its address beside the others.

Like ``references``, this reads the plain values and passes over what is of the wrong
type.
What the kernel refuses is said in ``inet_rcv_saddr_equal`` and ``ipv6_rcv_saddr_equal``
(net/ipv4/inet_connection_sock.c): a wildcard takes every address of its port, and two
sockets may share one only where they are bound to different interfaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Any, NamedTuple

from bridge.config import profile_checks
from bridge.config.problems import Flaw, Path, Place, place_of
from bridge.config.scalars import switch, whole
from bridge.net.address import (
    WILDCARDS,
    Address,
    Listen,
    SystemdName,
    UnixPath,
    parse_listen,
    ports_of,
)
from bridge.net.prefix_listen import TPROXY_PORT, PrefixListen

MOST = 65_536
"""Listeners of one configuration, each of which is a descriptor for good."""


def too_many(fronts: Mapping[str, Any], places: Mapping[Path, Place]) -> Flaw | None:
    """The entry with which there are too many; it is counted before any are made."""
    count = 0
    for name, front in fronts.items():
        for path, item in items(name, front):
            count += ports_of(item)
            if count > MOST:
                what = f"with it there are more than {MOST} listeners"
                right = "let a firewall redirect such ranges to one port"
                return Flaw(place_of(places, path).value, path, f"{what}: {right}")
    return None


def flaws(
    fronts: Mapping[str, Any],
    profiles: Mapping[str, Any],
    places: Mapping[Path, Place],
) -> Iterator[Flaw]:
    """Two entries that would take the same address; the later one is at fault."""
    taken: dict[object, _Taken] = {}
    for entry in _entries(fronts, profile_checks.interfaces(profiles)):
        clash: tuple[_Place, _Place] | None = None
        for claim in _claims(entry):
            port = taken.setdefault(claim.port, _Taken())
            other = port.clash(claim)
            shared = other is not None and claim.shared_with(other)
            if other is not None and clash is None and not shared:
                clash = claim, other
            port.add(claim)
        if clash is not None:
            at = place_of(places, clash[1].entry.path).value
            message = _message(*clash, str(at))
            yield Flaw(place_of(places, entry.path).value, entry.path, message)


def listens(name: str, front: Any) -> Iterator[tuple[Path, Listen]]:
    """What each entry of the front *name* stands for: of a range of ports the first."""
    for path, item in items(name, front):
        try:
            yield path, parse_listen(item)[0]
        except ValueError:
            continue  # the model reports it


def takes_every_port(listen: Listen) -> bool:
    """Whether it is all ports of a prefix, which are diverted to us."""
    return isinstance(listen, PrefixListen) and listen.port is None


_PREFIX = "/"
"""The host of a socket for prefixes."""


class _Entry(NamedTuple):
    """One entry of a ``listen``: the addresses of a range share it."""

    path: Path
    listens: tuple[Listen, ...]
    dual_stack: bool
    interface: str | None
    tproxy_port: int


class _Place(NamedTuple):
    """What one address of an entry occupies."""

    port: object
    """Within which it may meet others: a family and a port, or all of a path."""
    host: str
    """Empty: every one."""
    interface: str | None
    listen: Listen
    entry: _Entry

    @property
    def asked(self) -> Listen:
        """What was written, of a range the first."""
        return self.entry.listens[0]

    def shared_with(self, other: _Place) -> bool:
        """Whether both are prefixes of one front, which has one socket for all."""
        prefixes = all(isinstance(each.asked, PrefixListen) for each in (self, other))
        return prefixes and self.entry.path[:2] == other.entry.path[:2]


@dataclass(slots=True)
class _Taken:
    """Who is at one port of one family, by interface: the first at each."""

    hosts: dict[str, dict[str | None, _Place]] = field(default_factory=dict)
    every: dict[str | None, _Place] = field(default_factory=dict)
    """Whatever the host."""

    def add(self, place: _Place) -> None:
        self.hosts.setdefault(place.host, {}).setdefault(place.interface, place)
        self.every.setdefault(place.interface, place)

    def clash(self, place: _Place) -> _Place | None:
        """Who is in the way of *place*."""
        if not place.host:
            return _sharing(self.every, place.interface)
        same = self.hosts.get(place.host, {}), self.hosts.get("", {})
        found = (_sharing(there, place.interface) for there in same)
        return next(filter(None, found), None)


def _sharing(
    there: Mapping[str | None, _Place], interface: str | None
) -> _Place | None:
    """Whoever is bound to no interface (SO_BINDTODEVICE) is in everybody's way."""
    if interface is None:
        return next(iter(there.values()), None)
    return there.get(interface) or there.get(None)


def _message(mine: _Place, other: _Place, at: str) -> str:
    if takes_every_port(mine.asked):
        right = "give this front another tproxy_port"
        return f"{mine.listen}, to which it is diverted, is taken, at {at}: {right}"
    if mine.host == other.host == _PREFIX:
        what = f"one port of prefixes is for one front, and {other.listen} is at {at}"
        return f"{what}: choose another port, or have both in one front"
    if mine.host == other.host:
        return f"{mine.listen} is taken already, at {at}: choose another"
    wide = mine if not mine.host else other
    what = f"{wide.listen} takes every address of its port"
    if wide is mine:
        right = f"and {other.listen} is there already, at {at}"
    else:
        right = f"and stands already at {at}, so {mine.listen} cannot be had as well"
    return f"{what}, {right}: choose another port"


def items(name: str, front: Any) -> Iterator[tuple[Path, str]]:
    """The entries of the front *name* that are text, each with its path."""
    listen = front.get("listen") if isinstance(front, dict) else None
    path: Path = ("fronts", name, "listen")
    if isinstance(listen, str):
        yield path, listen
    for index, item in enumerate(listen if isinstance(listen, list) else ()):
        if isinstance(item, str):
            yield (*path, index), item


def _entries(
    fronts: Mapping[str, Any], interfaces: Mapping[str, str]
) -> Iterator[_Entry]:
    for name, front in fronts.items():
        for path, item in items(name, front):
            try:
                listens = parse_listen(item)
                dual = switch(front.get("dual_stack", False))
                hidden = whole(front.get("tproxy_port", TPROXY_PORT))
            except ValueError:
                continue  # the model reports it
            profile = front.get("profile")
            known = isinstance(profile, str)
            interface = interfaces.get(profile) if known else None
            yield _Entry(path, listens, dual, interface, hidden)


def _one_way(listen: UnixPath | SystemdName) -> str:
    """A path may be written in many ways."""
    if isinstance(listen, UnixPath):
        return f"unix:{normpath(listen.path).lstrip('/')}"
    return str(listen)


def _claims(entry: _Entry) -> Iterator[_Place]:
    """What an entry occupies: nothing where the kernel picks a free port."""
    for listen in entry.listens:
        if isinstance(listen, PrefixListen):
            yield _claim_of_prefix(entry, listen)
        elif not isinstance(listen, Address):
            yield _Place(_one_way(listen), "-", None, listen, entry)
        elif listen.port:
            # bind(2) to a link-local address binds to its interface too.
            interface = listen.scope or entry.interface
            host = "" if listen.host in WILDCARDS else listen.host
            at = (listen.family, listen.port)
            yield _Place(at, host, interface, listen, entry)
            if listen.host == "::" and entry.dual_stack:
                yield _Place((4, listen.port), "", interface, listen, entry)


def _claim_of_prefix(entry: _Entry, listen: PrefixListen) -> _Place:
    """
    A socket for every address takes one port, and one of ::1 takes all.

    The former may be had beside sockets of single addresses, which the kernel prefers
    (SO_REUSEPORT).
    """
    if listen.port is not None:
        return _Place((6, listen.port), _PREFIX, entry.interface, listen, entry)
    hidden = Address("::1", entry.tproxy_port)
    return _Place((6, hidden.port), hidden.host, entry.interface, hidden, entry)
