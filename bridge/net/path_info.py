"""
What ``TCP_INFO`` says of the path: how large segments may be, and whether those that
were sent arrive (tcp(7), linux/tcp.h).

Not here: what a record tells (``tcpinfo``), and what is made of this
(``watch.path_kinds``, ``watch.black_holes``).
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

from bridge.net.tcpinfo import TIMESTAMPS, TIMESTAMPS_OPTION, asked

UNKNOWN_WINDOW = 0xFFFFFFFF
"""Before Linux 5.4, which says nothing of it."""

_SIZES = struct.Struct(
    "=5x"  # state .. backoff
    "B"  # options
    "10x"  # wscales, app_limited, rto, ato
    "I"  # snd_mss
    "40x"  # rcv_mss .. last_ack_recv
    "I"  # pmtu
    "20x"  # rcv_ssthresh .. snd_cwnd
    "I"  # advmss
)

_SENT = struct.Struct(
    "=3x"  # state, ca_state, retransmits
    "2B"  # probes, backoff
    "3x"  # options, wscales, app_limited
    "I"  # rto
    "4x"  # ato
    "I"  # snd_mss
    "4x"  # rcv_mss
    "2I"  # unacked, sacked
    "12x"  # lost, retrans, fackets
    "I"  # last_data_sent
    "4x"  # last_ack_sent
    "2I"  # last_data_recv, last_ack_recv
    "I"  # pmtu
    "36x"  # rcv_ssthresh .. rcv_space
    "I"  # total_retrans
    "16x"  # pacing_rate, max_pacing_rate
    "Q"  # bytes_acked
    "16x"  # bytes_received, segs_out, segs_in
    "I"  # notsent_bytes
    "44x"  # min_rtt .. sndbuf_limited
    "I"  # delivered
    "32x"  # delivered_ce .. rcv_ooopack
    "I"  # snd_wnd
)


class PathSizes(NamedTuple):
    """In bytes."""

    mss: int
    """The lesser of what the other end has advertised and what goes on our own side,
    options not counted, as both advertise it."""
    pmtu: int
    """What goes to there, as far as the kernel knows."""
    advertised: int
    """What we have advertised: our own side's, or what a profile says."""


class PathSent(NamedTuple):
    """What has become of what was sent: bytes, segments, and times in milliseconds."""

    probes: int
    """Window probes in a row, of a window that was zero."""
    backoff: int
    """Retransmission time-outs in a row: each doubles the next."""
    rto: float
    """How long the next one takes."""
    mss: int
    unacked: int
    sacked: int
    """Of those, the ones that arrived although others before them did not."""
    last_sent: int
    """Since data was sent last, or sent again."""
    last_data: int
    """Since data came."""
    last_ack: int
    pmtu: int
    retransmits: int
    acked: int
    unsent: int
    delivered: int
    """Segments; 0 before Linux 4.18."""
    window: int


def path_sizes(sock: socket.SocketType) -> PathSizes | None:
    """None where there is no TCP, or no connection yet."""
    raw = asked(sock, _SIZES.size)
    if raw is None:
        return None
    options, mss, pmtu, advertised = _SIZES.unpack(raw)
    if options & TIMESTAMPS_OPTION:
        mss, advertised = mss + TIMESTAMPS, advertised + TIMESTAMPS
    return PathSizes(mss, pmtu, advertised) if advertised else None


def path_sent(sock: socket.SocketType) -> PathSent | None:
    """None where there is no TCP."""
    raw = asked(sock, _SENT.size)
    if raw is None:
        return None
    if len(raw) < _SENT.size:
        raw = raw.ljust(_SENT.size - 4, b"\0").ljust(_SENT.size, b"\xff")
    sent = PathSent._make(_SENT.unpack(raw))
    return sent._replace(rto=sent.rto / 1000)
