"""
Looking at the paths to servers: many at a time, in one thread, within a time.

A server is connected to, which tells what TCP would send; then it is asked for sizes by
TCP, if we may, or else by UDP.  Not here: what is asked (``size_search``), and
what follows from the answers (``verdict``).
"""

from __future__ import annotations

import errno
import select
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from bridge.doctor.asking_path import Asking
from bridge.doctor.connecting import Connected, Connecting
from bridge.doctor.size_search import Search
from bridge.doctor.syn_probe import SynProbe
from bridge.doctor.udp_probe import UdpProbe
from bridge.doctor.verdict import NEEDED, Seen, Verdict, judge
from bridge.net.address import Address
from bridge.net.sockopt import Options

PATIENCE = 5.0
"""Seconds for all of them together."""
AT_ONCE = 128
"""Servers; each has two descriptors at most."""
CONNECT = 1.0
"""Seconds for a server to accept."""

GLANCE = 0.02
"""Seconds between two looks whether another one has its answer."""

BLIND = f"asking by TCP as well needs root ({NEEDED})"


@dataclass(frozen=True, slots=True)
class Target:
    """Where sessions would go, and how."""

    address: Address
    wanted: int
    """Bytes that a packet to it should be able to have."""
    options: Options = ()
    """Of sockets that take the way of sessions: an interface, a mark."""
    source: str = ""
    """The address of ours that they have; empty: the kernel's choice."""


_Hosts = dict[tuple[str, str, Options, str, int], Asking]
"""
Who asks by UDP, by all that makes a difference: of a host with several ports one does,
since it answers all of them together no more often than one.
"""


class _Look:
    """At one target: a connection, then questions."""

    def __init__(self, target: Target, hosts: _Hosts, now: float) -> None:
        self.target = target
        self._hosts = hosts
        self._awaited: Asking | None = None
        self.seen = Seen(target.wanted)
        self.verdict: Verdict | None = None
        self.until = now
        self._connecting: Connecting | None = None
        self._asking: Asking | None = None
        try:
            source = target.source
            self._connecting = Connecting(target.address, target.options, source)
            self.until = now + CONNECT
            self._decide(now)
        except OSError as error:
            self._fail(error)

    @property
    def events(self) -> dict[int, int]:
        """What its descriptors are watched for."""
        found = {}
        if self._connecting is not None:
            found[self._connecting.socket.fileno()] = select.POLLOUT
        if self._asking is not None:
            by_syn = isinstance(self._asking.probe, SynProbe)
            found[self._asking.probe.socket.fileno()] = select.POLLIN if by_syn else 0
        return found

    def ready(self, now: float) -> None:
        """Something has come for it."""
        try:
            if self._connecting is not None:
                self._connecting.look()
                self._decide(now)
            elif self._asking is not None:
                self._asking.heard(now)
                self._go_on(now)
        except OSError as error:
            self._fail(error)

    def late(self, now: float) -> None:
        """Perhaps its time is over."""
        if now < self.until:
            return
        try:
            if self._awaited is not None:
                self._await(self._awaited, now)
            if self._connecting is not None:
                self._connecting.give_up()
                self._decide(now)
            elif self._asking is not None:
                self._asking.late(now)
                self._go_on(now)
        except OSError as error:
            self._fail(error)

    def end(self, why: str = "") -> None:
        """Judge by what is known; *why* no more is."""
        self._close()
        if self.verdict is None:
            self.verdict = judge(replace(self.seen, blind=why or self.seen.blind))

    def _decide(self, now: float) -> None:
        """Once the connection is there, or will not be."""
        connecting = self._connecting
        if connecting is not None and connecting.outcome is not None:
            self.seen = replace(self.seen, connected=connecting.outcome)
            self._close()
            if connecting.outcome.why:
                self._ask_by_udp(now)
            else:
                self._ask_by_tcp(connecting.outcome.source, now)

    def _ask_by_tcp(self, source: str, now: float) -> None:
        """No host is tired of answering that; but not everybody may ask so."""
        target = self.target
        try:
            probe = SynProbe(target.address, target.options, source)
        except PermissionError:
            self.seen = replace(self.seen, blind=BLIND)
            self._ask_by_udp(now)
        else:
            self._ask(probe, now)
            self._go_on(now)

    def _ask_by_udp(self, now: float) -> None:
        target, at = self.target, self.target.address
        key = at.host, at.scope, target.options, target.source, self.seen.goal
        other = self._hosts.get(key)
        if other is not None:
            self._await(other, now)
            return
        probe = UdpProbe(target.address, target.options, target.source)
        self._hosts[key] = self._ask(probe, now)
        self._go_on(now)

    def _await(self, other: Asking, now: float) -> None:
        """Somebody asks the same host the same."""
        self._awaited, self.until = other, now + GLANCE
        if other.over:
            searches = (*self.seen.searches, other.search)
            self.seen, self._awaited = replace(self.seen, searches=searches), None
            self.end()

    def _ask(self, probe: UdpProbe | SynProbe, now: float) -> Asking:
        search = Search(self.seen.goal)
        self.seen = replace(self.seen, searches=(*self.seen.searches, search))
        met = self.seen.connected or Connected()
        self._asking = asking = Asking(probe, search, met.rtt, now)
        return asking

    def _go_on(self, now: float) -> None:
        asking = self._asking
        if asking is None:
            return
        self.until = asking.until
        if not asking.over:
            return
        by_tcp = isinstance(asking.probe, SynProbe)
        self._close()
        if by_tcp and not asking.search.passes:
            self._ask_by_udp(now)
        else:
            self.end()

    def _fail(self, error: OSError) -> None:
        if self._asking is not None:
            self._asking.over = True
        why = error.strerror or str(error)
        denied = error.errno in (errno.EPERM, errno.EACCES)
        self.end(f"{why}: needs root ({NEEDED})" if denied else why)

    def _close(self) -> None:
        if self._connecting is not None:
            self._connecting.close()
        if self._asking is not None:
            self._asking.probe.close()
        self._connecting = self._asking = None


def look(
    targets: Sequence[Target],
    patience: float = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
) -> list[Verdict]:
    """
    A verdict on each of *targets*, in their order, after *patience* seconds at most.
    """
    until = clock() + patience
    looks: dict[int, _Look] = {}
    hosts: _Hosts = {}
    waiting = deque(enumerate(targets))
    under_way: dict[int, _Look] = {}
    while (waiting or under_way) and clock() < until:
        while waiting and len(under_way) < AT_ONCE:
            number, target = waiting.popleft()
            looks[number] = under_way[number] = _Look(target, hosts, clock())
        _turn(under_way.values(), until, clock)
        for number, one in list(under_way.items()):
            if one.verdict is not None:
                del under_way[number]
    late = f"no time was left within {patience:g} s (--patience)"
    for one in under_way.values():
        one.end(late)
    missed = {number: judge(Seen(each.wanted, blind=late)) for number, each in waiting}
    found = {number: one.verdict for number, one in looks.items()} | missed
    return [verdict for _, verdict in sorted(found.items()) if verdict is not None]


def _turn(looks: Iterable[_Look], until: float, clock: Callable[[], float]) -> None:
    """Wait for the first that something comes for, or whose time is over."""
    poll = select.poll()
    owners: dict[int, _Look] = {}
    first = until
    for one in looks:
        first = min(first, one.until) if one.verdict is None else 0.0
        for descriptor, events in one.events.items():
            owners[descriptor] = one
            poll.register(descriptor, events)
    wait = max(0.0, first - clock())
    for descriptor, _ in poll.poll(int(wait * 1000 + 0.999)):
        owners[descriptor].ready(clock())
    for one in looks:
        one.late(clock())
