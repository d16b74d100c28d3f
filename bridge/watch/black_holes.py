"""
Paths on which segments of full size seem to vanish, as records show it.

Some links drop what is too long for them, and the ICMP that should say so is filtered
(RFC 2923): a handshake gets through, a short request, too, and then nothing does.  So
suspected is who never acknowledged a byte of full size, although it was sent again and
again, and yet had spoken to us.  A client that vanished just then looks the same: one
is no proof, many are.

Not here: asking the kernel (``session.recording``), and counting them
(``service.measured``).
"""

from __future__ import annotations

from bridge.net.tcpinfo import TcpInfo
from bridge.watch.record import Record

AGAIN = 3
"""Segments sent again: with the usual back-off that is more than a second."""

SPOKEN = 2
"""Segments that came: a handshake's and one more."""


def towards_client(record: Record) -> bool:
    """Whether one is suspected in front."""
    sides = record.sides
    return sides is not None and _vanishes(sides.front, record.down, 0)


def towards_server(record: Record) -> bool:
    """Whether one is suspected behind."""
    sides = record.sides
    # The dialing end's count includes the SYN it sent (tcp_snd_una_update).
    return sides is not None and _vanishes(sides.back, record.up, 1)


def _vanishes(info: TcpInfo, sent: int, before: int) -> bool:
    acknowledged = max(0, info.bytes_acked - before)
    return (
        info.total_retrans >= AGAIN
        and 0 < info.snd_mss <= sent - acknowledged
        and acknowledged < info.snd_mss
        and info.segs_in >= SPOKEN
    )
