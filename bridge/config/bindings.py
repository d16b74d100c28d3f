"""
The sockets that a configuration asks for, each by the name it keeps over reloads.

A front's name is no part of that: a front that is called otherwise tomorrow, or leads
elsewhere, goes on with the socket it has.  What is part of it besides the address is
what a socket cannot be given or rid of once it is bound.

Here: what ``listen`` says becomes bindings.  Not here: sockets (``service.sockets``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv6Network
from posixpath import normpath
from typing import Literal, TypeAlias

from bridge.config.model import Config, Front
from bridge.config.profile import Profile
from bridge.net.address import WILDCARDS, Address, Listen, SystemdName, UnixPath
from bridge.net.prefix_listen import PrefixListen

Kind: TypeAlias = Literal["tcp", "any", "diverted", "unix", "systemd"]
"""
One address; every address of prefixes at one port; all ports of prefixes, diverted to
one of ::1; a path; what systemd passed by one name.
"""


@dataclass(frozen=True, slots=True)
class Binding:
    """A socket that is asked for, or those that systemd passed by one name."""

    key: str
    """What a reload knows it by: ``tcp [::1]:80``, ``unix /run/x.sock``."""
    kind: Kind
    front: str
    """Who listens there."""
    listen: Address | UnixPath | SystemdName
    """What is bound."""
    asked: Listen | str
    """What the front calls it; several prefixes as one text."""
    profile: Profile
    networks: tuple[IPv6Network, ...] = ()
    """Of the prefixes."""
    dual_stack: bool = False
    transparent: bool = False

    @property
    def interface(self) -> str | None:
        """Whose packets it is for (SO_BINDTODEVICE, or a zone); None: all of them."""
        scope = self.listen.scope if isinstance(self.listen, Address) else ""
        return scope or self.profile.interface

    def overlaps(self, other: Binding) -> bool:
        """Whether the kernel would not let both have their address by themselves."""
        mine, its = self.listen, other.listen
        if not isinstance(mine, Address) or not isinstance(its, Address):
            return False
        if mine.port != its.port or not mine.port:
            return False
        if self.interface and other.interface and self.interface != other.interface:
            return False
        if mine.family == its.family:
            return (
                mine.host == its.host or mine.host in WILDCARDS or its.host in WILDCARDS
            )
        wide = self if mine.family == 6 else other
        return wide.dual_stack and wide.listen.host in WILDCARDS  # type: ignore[union-attr]


class Neighbours:
    """Bindings by what they take, to find those that others overlap with."""

    def __init__(self) -> None:
        self._at: dict[tuple[int, str], list[Binding]] = {}
        self._every: dict[int, list[Binding]] = {}

    def add(self, binding: Binding) -> None:
        where = binding.listen
        if isinstance(where, Address) and where.port:
            self._at.setdefault((where.port, where.host), []).append(binding)
            self._every.setdefault(where.port, []).append(binding)

    def of(self, binding: Binding) -> list[Binding]:
        """Those that *binding* overlaps with; there may be many at the same port."""
        where = binding.listen
        if not isinstance(where, Address):
            return []
        if where.host in WILDCARDS:
            near = self._every.get(where.port, [])
        else:
            hosts = (where.host, *WILDCARDS)
            near = [x for host in hosts for x in self._at.get((where.port, host), ())]
        return [each for each in near if each.overlaps(binding)]


def bindings(config: Config) -> dict[str, Binding]:
    """All that *config* asks for by their keys, front by front."""
    found: dict[str, Binding] = {}
    for name, front in config.fronts.items():
        for each in _of_front(name, front, config.profile(front.profile)):
            number = 1
            while each.key in found:  # of port 0, or the check would have refused it
                number += 1
                key = each.key.partition(" #")[0]
                each = replace(each, key=f"{key} #{number}")
            found[each.key] = each
    return found


def _of_front(name: str, front: Front, profile: Profile) -> Iterator[Binding]:
    for listen in front.listen:
        if isinstance(listen, Address):
            made = _tcp(name, listen, front, profile)
        elif isinstance(listen, UnixPath):
            key = f"unix {normpath(listen.path)}"
            made = Binding(key, "unix", name, listen, listen, profile)
        elif isinstance(listen, SystemdName):
            key = f"systemd {listen.name}"
            made = Binding(key, "systemd", name, listen, listen, profile)
        else:
            continue
        yield made
    for port, prefixes in _by_port(front.listen).items():
        yield _of_prefixes(name, port, prefixes, front, profile)


def _tcp(name: str, listen: Address, front: Front, profile: Profile) -> Binding:
    dual = front.dual_stack and listen.family == 6
    return Binding(
        f"tcp {listen}{_fixed(profile, dual)}",
        "tcp",
        name,
        listen,
        listen,
        profile,
        dual_stack=dual,
        transparent=front.transparent,
    )


def _by_port(listens: Iterable[Listen]) -> Mapping[int | None, list[PrefixListen]]:
    """Prefixes of one port share a socket, which takes that of every address."""
    found: dict[int | None, list[PrefixListen]] = {}
    for listen in listens:
        if isinstance(listen, PrefixListen):
            found.setdefault(listen.port, []).append(listen)
    return found


def _of_prefixes(
    name: str,
    port: int | None,
    prefixes: Iterable[PrefixListen],
    front: Front,
    profile: Profile,
) -> Binding:
    kind: Kind = "any"
    where = Address("::", port or 0)
    if port is None:
        kind, where = "diverted", Address("::1", front.tproxy_port)
    networks = tuple(dict.fromkeys(prefix.network for prefix in prefixes))
    asked = " ".join(map(str, prefixes))
    key = f"{kind} {where}{_fixed(profile)}"
    return Binding(key, kind, name, where, asked, profile, networks)


def _fixed(profile: Profile, dual_stack: bool = False) -> str:
    """What a bound socket can neither be given nor rid of, in words."""
    words = " dual" if dual_stack else ""
    if profile.mptcp:
        words += " mptcp"
    return words + (f" on {profile.interface}" if profile.interface else "")


def bound_anew(old: Config, new: Config) -> Iterator[str]:
    """
    A line for each address of both that gets another socket, and why.

    For a moment there are two.  Who waits at the old one is served; the handshakes that
    are under way as it is closed are lost, as they would be by a restart.
    """
    before, after = bindings(old), bindings(new)
    places = {(b.kind, b.listen): b for b in before.values() if b.key not in after}
    for binding in after.values():
        was = places.get((binding.kind, binding.listen))
        if was is not None and binding.key not in before:
            words = (_fixed(b.profile, b.dual_stack).strip() for b in (was, binding))
            what = "another socket, " + " → ".join(each or "plain" for each in words)
            yield f"fronts.{binding.front}: {binding.asked} gets {what}"
