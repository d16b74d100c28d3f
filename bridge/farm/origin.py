"""
Where a farm's dials leave from, as its ``source`` says.

Here: an address of ours for each dial, whose it stands for, and what is counted of it.
Not here: how a socket comes to have it (``net.dial``), or what a pseudonym follows from
(``net.pseudonym``).
"""

from __future__ import annotations

from ipaddress import ip_network
from socket import AF_INET, AF_INET6
from typing import TYPE_CHECKING, NamedTuple

from bridge.net.dial import NO_PORT
from bridge.net.hosts import number
from bridge.net.prefixes import NOBODY, Prefixes
from bridge.net.pseudonym import NoPseudonymError, Sharing

if TYPE_CHECKING:
    from bridge.farm.server import Server
    from bridge.farm.sources import Back, Sources
    from bridge.net.dial import Target
    from bridge.net.pseudonym import Pseudonyms
    from bridge.net.sockaddr import SocketAddress


class NoWayError(LookupError):
    """There is nothing to dial a server from.  Says why, without naming anybody."""


class Avoided(NamedTuple):
    """Of the farm's own addresses, those that a session was not served from."""

    unable: tuple[str, ...] = ()
    """They had no port left for a dial."""
    stuck: tuple[str, ...] = ()
    """A dial did not get through from them: others come first."""


NONE = Avoided()


class Way(NamedTuple):
    """Whom to dial, and from where."""

    target: Target
    source: str = ""
    """The address of which a port is taken; empty: the kernel's choice, not counted."""
    bound: SocketAddress | None = None
    """That, to bind to; None: as the target says."""
    transparent: bool = False
    """It is not ours."""
    whose: str = ""
    """The clients that it stands for, where it is a pseudonym."""


class Origin:
    """The addresses that servers have ``ways`` from; else the kernel's choice."""

    per_client = False
    """Whether it depends on the client."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        """Ports in use, by source address and server."""
        self.dials: list[float] | None = None
        """Gets the seconds that each took which was answered; None: nobody asks."""
        self.sharing = Sharing()
        """Which pseudonyms stand for several clients."""

    def way(self, client: str, server: Server, avoided: Avoided = NONE) -> Way:
        """For a session of *client* to *server*.  Raises NoWayError."""
        if not server.ways:
            return Way(server.target)
        ways, (unable, stuck) = tuple(server.ways), avoided
        source = self.sources.pick(ways, server.counted, unable + stuck)
        if source is None and stuck:
            source = self.sources.pick(ways, server.counted, unable)
        if source is None:
            raise NoWayError(NO_PORT)
        return Way(server.ways[source], source)

    def took(self, way: Way, back: Back) -> None:
        """A dial of *back* begins."""
        if way.source:
            self.sources.took(way.source, back)
        if way.whose:
            self.sharing.took(way.source, way.whose)

    def gave_back(self, source: str, back: Back, whose: str) -> None:
        """The socket of one that began at *source* is closed."""
        self.sources.gave_back(source, back)
        if whose:
            self.sharing.gave_back(source, whose)

    def _with_port(self, way: Way, server: Server) -> Way:
        """*way*, if it has a port left.  There is no other for that client."""
        if self.sources.left(way.source, server.counted) <= 0:
            raise NoWayError(NO_PORT)
        return way


class PoolOrigin(Origin):
    """Each client's pseudonym, the same towards every server."""

    per_client = True

    def __init__(self, sources: Sources, pseudonyms: Pseudonyms) -> None:
        super().__init__(sources)
        self._pseudonyms = pseudonyms

    def way(self, client: str, server: Server, avoided: Avoided = NONE) -> Way:
        target = _of_family(server, AF_INET)
        if target is None:
            raise NoWayError("the server is not of the pool's family")
        try:
            source, whose = self._pseudonyms.seen_as(client)
        except NoPseudonymError:
            raise NoWayError("every address of the pool is left out") from None
        way = Way(target, source, (source, 0), False, whose)
        return self._with_port(way, server)


class ClientOrigin(Origin):
    """
    Each client's own address.

    With a port of the kernel's choice: the client's may be in use towards that server,
    by the client itself or through another front.
    """

    per_client = True

    def __init__(self, sources: Sources, otherwise: Origin | None) -> None:
        """*otherwise*: for who is not of the server's family; None: nothing is."""
        super().__init__(sources)
        self._otherwise = otherwise
        if otherwise is not None:  # what it gives is given back here
            otherwise.sources = sources
            self.sharing = otherwise.sharing

    def way(self, client: str, server: Server, avoided: Avoided = NONE) -> Way:
        target = _answering(server, client)
        if target is not None:
            six = target.family == AF_INET6
            bound: SocketAddress = (client, 0, 0, 0) if six else (client, 0)
            way = Way(target, client, bound, transparent=True)
            return self._with_port(way, server)
        if self._otherwise is None:
            what = "the client has no address of the server's family"
            raise NoWayError(f"{what} that it could answer")
        return self._otherwise.way(client, server, avoided)


def _of_family(server: Server, family: int) -> Target | None:
    """The server's first target of it."""
    for target in server.race or (server.target,):
        if target.family == family:
            return target
    return None


def _answering(server: Server, client: str) -> Target | None:
    """
    The server's target that answers to *client*'s own address, if one could.

    None could to what is no host's (a header may name any), nor to the server's own
    address or a loopback one: it would drop all as forged, and seem to be down.
    """
    value = number(client)
    if value == NOBODY or _HOSTLESS.longest(value) is not None:
        return None
    target = _of_family(server, AF_INET if value < 0 else AF_INET6)
    if target is None:
        return None
    there = number(target.host)
    if _LOOPBACK.longest(there) is not None:  # all is, on one host
        return target
    strange = value == there or _LOOPBACK.longest(value) is not None
    return None if strange else target


_LOOPBACK = Prefixes(map(ip_network, ("127.0.0.0/8", "::1/128")))
_HOSTLESS = Prefixes(
    map(
        ip_network,
        # unspecified, multicast with reserved and broadcast, and link-local: that means
        # nothing on another link, whatever its scope id here
        ("0.0.0.0/8", "::/128", "224.0.0.0/3", "ff00::/8", "fe80::/10"),
    )
)
