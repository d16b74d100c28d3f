"""
Who is suspected to sit behind a black hole, and what is told of it: one line a prefix
and hour, with the cure.

Here: what is remembered of networks and of single addresses, all of it bounded.  Not
here: what a connection shows (``black_holes``), and who asks them
(``session.vanishing``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any, Protocol

from twisted.logger import Logger

from bridge.net.mtu import SAFE_MTU
from bridge.net.path_info import PathSent

HOUR = 3600.0

PREFIX = {4: 24, 6: 48}
"""What is told as one: mostly one site, or one provider's access network."""

MOST = 256
"""Networks that are told of in an hour, at one front or farm: with more it is rather
our own link."""

MOST_SILENT, MOST_CARRY = 1000, 4000
"""Addresses of which one connection is suspected, and nothing is told yet; networks to
which segments of full size were seen to arrive."""

LONG = 5
"""Retransmission time-outs in a row, with the usual ones six seconds, after which one
connection is enough."""


@dataclass(slots=True)
class Suspect:
    """A network, since it was told of."""

    since: float
    last: float
    host: str
    mss: int
    sessions: int = 0
    told: bool = False
    """By this process."""


class Turns(Protocol):
    """Who of several processes tells of a network: see ``service.paths``."""

    def take(self, network: str) -> bool:
        """Whether this one may, since no other has within the hour."""

    def give(self, network: str) -> None:
        """The hour of one that was taken is over."""


class Suspects:
    """
    At one place: *what* is ``front web``, *cure* says where ``mss: safe`` would have to
    be written, *now* is the monotonic clock.  *turns*: there are more processes.
    """

    _log = Logger()

    def __init__(
        self,
        what: str,
        cure: str,
        now: Callable[[], float],
        turns: Turns | None = None,
    ) -> None:
        self._what = what
        self._cure = cure
        self._now = now
        self._turns = turns
        self.sessions = 0
        """Of all networks, since the start."""
        self._networks: OrderedDict[str, Suspect] = OrderedDict()
        """Those of the last hour, the one first that is told of again first."""
        self._silent: OrderedDict[str, float] = OrderedDict()
        """By address: when a connection was met that may be one."""
        self._carries: OrderedDict[bytes, float] = OrderedDict()
        """By network: when a segment of full size was seen to arrive there."""
        self._full = -HOUR
        """When it was told that there are more."""

    def suspect(self, host: str, sent: PathSent) -> None:
        """A session with *host* shows one."""
        now, network = self._now(), network_of(host)
        self.sessions += 1
        self._forget(now)
        known = self._networks.get(network)
        if known is None and len(self._networks) < MOST:
            known = self._networks[network] = Suspect(now, now, host, sent.mss)
        if known is not None:
            known.sessions += 1
            known.last, known.host, known.mss = now, host, sent.mss
            if not known.told and (self._turns is None or self._turns.take(network)):
                known.told = True
                self._tell(network, host, sent)
        elif now - self._full >= HOUR:
            self._full = now
            self._log.warn(
                "{what}: segments of full size seem to vanish on the way to more than "
                "{most} networks: is it a link of our own? {cure}",
                what=self._what,
                most=MOST,
                cure=self._cure,
                event="black_holes_many",
            )

    def may_be(self, host: str, accepted: float, sent: PathSent) -> bool:
        """
        A silent connection with *host*, *accepted* then, may show one.  Whether it is
        taken for one.

        It is not where segments of full size were seen to arrive nearby: then the host
        has vanished.  Else it is once it was tried LONG in vain, or when the host comes
        back and meets the same again.
        """
        now, key = self._now(), _key(host)
        if self._carries.get(key, -HOUR) > now - HOUR:
            return False
        before = self._silent.get(host, now)
        if sent.backoff >= LONG or accepted > before > now - HOUR:
            self._silent.pop(host, None)
            self.suspect(host, sent)
            return True
        self._silent[host] = before if before > now - HOUR else now
        if len(self._silent) > MOST_SILENT:
            self._silent.popitem(last=False)
        return False

    def carries(self, host: str) -> None:
        """Segments of full size arrive there."""
        key = _key(host)
        self._carries[key] = self._now()
        self._carries.move_to_end(key)
        if len(self._carries) > MOST_CARRY:
            self._carries.popitem(last=False)

    def _forget(self, now: float) -> None:
        while self._networks:
            first = next(iter(self._networks.values()))
            if now - first.since < HOUR:
                return
            network, _ = self._networks.popitem(last=False)
            if first.told and self._turns is not None:
                self._turns.give(network)

    def _tell(self, network: str, host: str, sent: PathSent) -> None:
        self._log.warn(
            "{what}: segments of full size seem to vanish on the way to {network} (as "
            "to {host}): {mss} bytes, {again} times sent again, while shorter ones "
            "arrived: {cure}, or net.ipv4.tcp_mtu_probing=1, or a route to it with "
            "mtu lock {safe}",
            what=self._what,
            network=network,
            host=host,
            mss=sent.mss,
            again=sent.backoff,
            cure=self._cure,
            safe=SAFE_MTU,
            event="black_hole_suspected",
        )

    def told(self) -> list[dict[str, Any]]:
        """The networks of the last hour, for whoever asks."""
        now = self._now()
        self._forget(now)
        return [
            {
                "network": network,
                "host": each.host,
                "mss": each.mss,
                "sessions": each.sessions,
                "seconds": round(now - each.last, 3),
            }
            for network, each in self._networks.items()
        ]


def _key(host: str) -> bytes:
    """The same in a tenth of the time."""
    try:
        if ":" in host:
            return inet_pton(AF_INET6, host.partition("%")[0])[: PREFIX[6] // 8]
        return inet_pton(AF_INET, host)[: PREFIX[4] // 8]
    except OSError:
        return host.encode()


def network_of(host: str) -> str:
    """
    What an address is told with.

    >>> network_of("192.0.2.7"), network_of("2001:db8:1:2::3")
    ('192.0.2.0/24', '2001:db8:1::/48')
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    return str(ip_network((address, PREFIX[address.version]), strict=False))
