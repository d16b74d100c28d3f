"""
Who or what a session was limited by, from what was counted of it.

A pure function: of both sides' ``TCP_INFO``, and of the time that was spent waiting for
whom.  docs/limited.md has the table, and the reasons for each number.  Not here:
counting that time (``net.spent``), or asking the kernel (``session.recording``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bridge.net.spent import Times
    from bridge.net.tcpinfo import TcpInfo

NONE = "none"
CAUSES = ("gateway", "front_net", "front_app", "back_net", "back_app")
"""In the order in which they are believed when two are equal."""
VERDICTS = (*CAUSES, NONE)

SHORTEST = 0.5
"""Seconds: of a session that lasted less nothing is said.  Ten beats (``pulse``)."""

LEAST = 0.25
"""Seconds that a cause has to have cost."""

SHARE = 1 / 3
"""Of the time in which anything was to be done, that it has to have cost, too."""

ASTRAY = 0.01
"""
Share of a side's segments that came out of order, or had to be sent again, from which
on it is the path that makes it slow: at 1 % a loss-based sender has some 12 segments
under way (Mathis et al., "The macroscopic behavior of the TCP congestion avoidance
algorithm", 1997).
"""

FEW = 5
"""Segments out of order that may be chance."""

DELAYED = 0.2
"""
Seconds for which an acknowledgement may be kept back, to go with an answer (RFC 9293,
section 3.8.6.3: less than 0.5; Linux: TCP_DELACK_MAX).  What a round trip takes longer
than the shortest one, beyond that, it spends in a queue.
"""

_MICRO = 1e-6


class _Side(NamedTuple):
    """Seconds that one side has cost, by cause."""

    net: float
    app: float
    gateway: float
    drained: float
    """In which nothing more was to be sent, and not all had arrived."""


def limited_by(front: TcpInfo, back: TcpInfo, times: Times) -> str:
    """
    One of VERDICTS.  Total: any numbers have a verdict.

    *front* and *back* are of the sockets towards client and server; of one that is no
    TCP connection all is 0, and whatever it costs is its program's.
    """
    total = times.total
    if total < SHORTEST:
        return NONE
    quiet = times.idle + times.front_silent
    to_front = _as_sink(front, times.front_full, quiet, total)
    to_back = _as_sink(back, times.back_full, times.back_silent, total)
    idle = max(0.0, times.idle - to_front.drained)
    ahead = max(0.0, to_front.drained - times.idle)
    away = min(idle, _distance(front))
    if away < idle / 2:  # it is the client who thinks
        away = 0.0
    distance = min(times.back_silent, _distance(back))
    of_front = _as_source(front, times.front_silent - ahead, times.front_flow)
    late = times.back_silent - to_back.drained - distance
    of_back = _as_source(back, late, times.back_flow)
    costs = (
        times.gateway + to_front.gateway + to_back.gateway,
        to_front.net + of_front[0] + away,
        to_front.app + of_front[1],
        to_back.net + of_back[0] + distance,
        to_back.app + of_back[1],
    )
    cost, cause = max(zip(costs, CAUSES, strict=True), key=lambda each: each[0])
    if cost < LEAST or cost < SHARE * (total - idle + away):
        return NONE
    return cause


def _as_sink(info: TcpInfo, full: float, quiet: float, total: float) -> _Side:
    """
    What it has cost that bytes were to be sent there: while its socket was *full*, and
    while they were on their way and nobody spoke.

    In *quiet* seconds it was the one to be waited for.  What the kernel was busy for
    longer than all the others was within these, for certain; but it is busy, too, while
    an acknowledgement waits for an answer that it can go with.
    """
    busy = info.busy_time * _MICRO - _exchanges(info) * DELAYED
    drained = max(0.0, min(busy - (total - quiet), quiet))
    cost = full + drained
    if info.busy_time <= 0:
        return _Side(0.0, cost, 0.0, drained)
    window = min(1.0, max(0, info.rwnd_limited) / info.busy_time)
    buffer = min(1.0 - window, max(0, info.sndbuf_limited) / info.busy_time)
    queues = (info.rtt - info.min_rtt) * _MICRO > DELAYED
    if queues:  # more under way would only wait there
        window = 0.0
    if queues or _more(info.total_retrans, info.data_segs_out):
        buffer = 0.0  # full of what is in that queue, or was lost
    elif window >= SHARE and info.total_retrans <= ASTRAY * info.data_segs_out:
        # The path would have taken more, again and again.
        window = 1.0 - buffer
    net = 1.0 - window - buffer
    return _Side(cost * net, cost * window, cost * buffer, drained)


def _more(some: int, segments: int) -> bool:
    """Whether *some* of so many segments are more than a path should lose."""
    return some > FEW and some > ASTRAY * segments


def _exchanges(info: TcpInfo) -> int:
    """How often, at most, one side has answered the other."""
    return max(0, min(info.data_segs_in, info.data_segs_out))


def _distance(info: TcpInfo) -> float:
    """Seconds that these take, if both sides answer at once."""
    return _exchanges(info) * max(0, info.min_rtt) * _MICRO


def _as_source(info: TcpInfo, silent: float, flow: float) -> tuple[float, float]:
    """
    What it has cost, by path and program, that something was to come from there.

    A receiver does not see what its sender waits for, but for one thing: after a loss
    the next segments come out of order.  What flows quickly and whole costs nothing.
    """
    silent = max(0.0, silent)
    if _more(info.rcv_ooopack, info.data_segs_in):
        return silent + max(0.0, flow), 0.0
    return 0.0, silent
