"""
What the kernel knows of a connection: ``TCP_INFO`` (tcp(7), linux/tcp.h).

The structure only ever grew at its end, so a short answer of an older kernel is
padded with zeroes.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
import termios
from socket import IPPROTO_TCP, TCP_INFO
from typing import NamedTuple

SO_PROTOCOL = 38  # asm-generic/socket.h

SIZE = 228
"""Bytes up to and including ``tcpi_rcv_ooopack`` (Linux 5.4)."""

PICK = struct.Struct(
    "=8x"  # state .. app_limited
    "8x"  # rto, ato
    "2I"  # snd_mss, rcv_mss
    "36x"  # unacked .. last_ack_recv
    "I"  # pmtu
    "4x"  # rcv_ssthresh
    "I"  # rtt
    "12x"  # rttvar, snd_ssthresh, snd_cwnd
    "I"  # advmss
    "12x"  # reordering, rcv_rtt, rcv_space
    "I"  # total_retrans
    "16x"  # pacing_rate, max_pacing_rate
    "Q"  # bytes_acked
    "8x"  # bytes_received
    "2I"  # segs_out, segs_in
    "4x"  # notsent_bytes
    "I"  # min_rtt
    "2I"  # data_segs_in, data_segs_out
    "Q"  # delivery_rate
    "3Q"  # busy_time, rwnd_limited, sndbuf_limited
    "32x"  # delivered .. reord_seen
    "I"  # rcv_ooopack
)
"""Out of ``raw`` what ``TcpInfo`` has, in its order; but for NO_RTT."""

SENT = struct.Struct("=16xI80xI124x")
"""Of that, ``snd_mss`` and ``total_retrans``."""

NO_RTT = 0xFFFFFFFF
"""min_rtt before the first sample (tcp_min_rtt, net/ipv4/tcp_input.c)."""


class TcpInfo(NamedTuple):
    """
    The part of ``struct tcp_info`` that a record tells.

    Sizes in bytes, times in microseconds, rate in bytes a second, as the kernel
    gives them.
    """

    snd_mss: int
    rcv_mss: int
    pmtu: int
    rtt: int
    advmss: int
    total_retrans: int
    bytes_acked: int
    segs_out: int
    segs_in: int
    min_rtt: int
    data_segs_in: int
    data_segs_out: int
    delivery_rate: int
    busy_time: int
    rwnd_limited: int
    sndbuf_limited: int
    rcv_ooopack: int = 0
    """Segments that came out of order: after a loss, mostly."""


NOTHING = TcpInfo(*[0] * len(TcpInfo._fields))
"""Of a side that has no TCP connection (none yet, or a unix socket)."""


NO_ANSWER = bytes(SIZE)
"""NOTHING, as the kernel would have it."""


def raw(sock: socket.SocketType) -> bytes:
    """
    What the kernel knows about *sock*, for ``decoded``: most is told a little later, in
    batches, and much of it never.  Works on a reset connection too.

    NO_ANSWER where there is no TCP to ask about.
    """
    try:
        answer = sock.getsockopt(IPPROTO_TCP, TCP_INFO, SIZE)
    except OSError:  # a unix socket: EOPNOTSUPP
        return NO_ANSWER
    return answer if len(answer) == SIZE else answer.ljust(SIZE, b"\0")


def decoded(answer: bytes) -> TcpInfo:
    """Of what ``raw`` gave."""
    info = TcpInfo._make(PICK.unpack(answer))
    return info if info.min_rtt != NO_RTT else info._replace(min_rtt=0)


def tcp_info(sock: socket.SocketType) -> TcpInfo:
    """The same at once; NOTHING where there is no TCP to ask about."""
    return decoded(raw(sock))


class Segments(NamedTuple):
    """The segments that a connection sends; sizes in bytes."""

    mss: int
    """Data in the largest; 0: nobody knows."""
    options: int
    """What TCP's options take of each."""
    pmtu: int
    """The largest packet, as the route says."""
    rtt: float
    """Of the path, in seconds."""


TIMESTAMPS_OPTION = 1  # TCPI_OPT_TIMESTAMPS
TIMESTAMPS = 12
"""Bytes that they take of every segment, with padding (RFC 7323, appendix A)."""


def asked(sock: socket.SocketType, size: int) -> bytes | None:
    """
    The first *size* bytes of ``TCP_INFO``, or as many as the kernel has; None where
    there is no TCP to ask about.
    """
    try:
        return sock.getsockopt(IPPROTO_TCP, TCP_INFO, size)
    except OSError:  # a unix socket, or one that was closed
        return None


def segments(sock: socket.SocketType) -> Segments:
    """How large those of *sock* may be; zeroes where there is no TCP to ask about."""
    answer = raw(sock)
    if answer is NO_ANSWER:
        return Segments(0, 0, 0, 0.0)
    info = decoded(answer)
    options = TIMESTAMPS if answer[5] & TIMESTAMPS_OPTION else 0
    return Segments(info.snd_mss, options, info.pmtu, info.rtt / 1e6)


class Unanswered(NamedTuple):
    """What the kernel waits for, of a connection that has sent."""

    attempts: int
    """Retransmissions, or window probes in a row, since something was heard last."""
    window_is_zero: bool
    """The other end takes nothing: only window probes are sent."""
    silent: float
    """Seconds since anything came from it, an answer to a probe included."""


_WAITING = struct.Struct(
    "=B"  # state
    "x"  # ca_state
    "3B"  # retransmits, probes, backoff
    "3x"  # options, wscales, delivery_rate_app_limited
    "36x"  # rto .. fackets
    "I"  # last_data_sent
    "4x"  # last_ack_sent
    "2I"  # last_data_recv, last_ack_recv
    "168x"  # pmtu .. rcv_ooopack
    "I"  # snd_wnd
)


_FIN_SENT = (4, 9, 11)
"""FIN_WAIT1, LAST_ACK and CLOSING: our FIN is not acknowledged (net/tcp_states.h)."""


def unanswered(sock: socket.SocketType) -> Unanswered | None:
    """
    What *sock* waits for; None if the kernel has no reason yet to try again.

    None, too, where there is no TCP to ask about.
    """
    answer = asked(sock, _WAITING.size)
    if answer is None:
        return None
    if len(answer) < _WAITING.size:  # before 5.4 Linux said nothing of the window
        answer = answer.ljust(_WAITING.size, b"\xff")
    state, again, probes, backoff, sent, data, ack, window = _WAITING.unpack(answer)
    if not (again or probes or backoff):
        return None
    silent = min(data, ack)  # an ACK with data may count as data alone
    if window:
        # The last one may have been answered, and the answer acknowledge nothing; but a
        # FIN, whose sending is not counted as that of data, is acknowledged by whoever
        # gets it.
        lone = state in _FIN_SENT and unacknowledged(sock) == 1
        attempts = again if lone or silent > sent else 0
        return Unanswered(attempts, False, silent / 1000)
    return Unanswered(probes, True, silent / 1000)


def is_tcp(sock: socket.SocketType) -> bool:
    """
    Whether ``TCP_INFO`` tells of all of *sock*'s connection.

    Of Multipath TCP it is the first subflow alone, and the others may go on.
    """
    return sock.getsockopt(socket.SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP


def unacknowledged(sock: socket.SocketType) -> int:
    """
    Bytes written to *sock* that the other end has not acknowledged (SIOCOUTQ, tcp(7);
    a FIN counts as one).  On a unix socket: bytes not yet read.
    """
    try:
        answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except OSError:  # Multipath TCP before Linux 5.17 does not say
        return 0
    return int(struct.unpack("=i", answer)[0])


def why_broken(sock: socket.SocketType, error: OSError | None = None) -> str:
    """
    What became of a connection that broke, in the kernel's words: ``Connection timed
    out`` where keep-alive or retransmissions gave up, ``Connection reset by peer``.

    The kernel tells it once: whoever met it already has it as *error*.
    """
    if error is not None:
        number = error.errno or 0
        if error.strerror and error.strerror != os.strerror(number):
            return error.strerror  # of TLS
    else:
        try:
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        except OSError:  # closed meanwhile
            number = 0
    if number == errno.EPIPE:  # a reset behind a FIN (tcp_reset, net/ipv4/tcp_input.c)
        number = errno.ECONNRESET
    return os.strerror(number) if number else ""
