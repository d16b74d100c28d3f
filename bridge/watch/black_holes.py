"""
Paths on which segments of full size seem to vanish, as a connection shows it that is
stuck.

Some links drop what is too long for them, and the ICMP that should say so is filtered
(RFC 2923): a handshake gets through, a short request, too, and then nothing does.  So
suspected is a connection on which no segment of full size ever arrived, although it was
sent again and again, while the other end shows that it is alive, or gets what is
shorter.

What looks alike and is not: a peer that is away (nothing at all comes from it), one
that reads nothing (its window is zero), a path that loses much (of many segments of
full size some arrive).

Not here: asking the kernel (``session.vanishing``), and whom to tell (``suspects``).
"""

from __future__ import annotations

from enum import Enum

from bridge.net.mtu import SAFE_MSS
from bridge.net.path_info import PathSent
from bridge.net.tcpinfo import TIMESTAMPS

AGAIN = 4
"""
Retransmission time-outs in a row; with the usual ones that is three seconds.  The same
segment is lost by chance so often once in some 100,000 times where a tenth is.
"""

LONG = SAFE_MSS[6] - TIMESTAMPS
"""Bytes that every path carries in a segment.  What is longer may vanish, though it is
none of full size: what a client has sent is not all of a jumbo frame."""

SPOKE = 1000.0
"""Milliseconds before what vanishes within which a silent end must have spoken: then it
was hardly away."""


class Verdict(Enum):
    """What one look at a connection shows."""

    FINE = "fine"
    """Nothing is stuck that has full size."""
    SILENT = "silent"
    """It may be one.  So looks a peer that vanished in that very moment, too."""
    TALKS = "talks"
    """It may be one: the other end was away until now, or is heard all the time."""
    VANISHES = "vanishes"


def verdict(sent: PathSent, waiting: int) -> Verdict:
    """Of a connection with *waiting* bytes that are not acknowledged, or not sent."""
    if (
        sent.backoff < AGAIN
        or sent.probes
        or not sent.window
        or not _full(sent, waiting - sent.unsent)
    ):
        return Verdict.FINE
    if sent.sacked:
        return Verdict.VANISHES
    silent = min(sent.last_ack, sent.last_data)
    first = sent.rto / (1 << sent.backoff)  # the first time-out; each doubled the next
    since = sent.last_sent + sent.rto - first  # it was sent for the first time
    if silent > since - first:
        return Verdict.SILENT if silent <= since + first + SPOKE else Verdict.FINE
    # It was heard after much had been sent in vain: did it get another one since?
    answers = sent.last_sent + first < silent and sent.last_sent > first
    return Verdict.VANISHES if answers else Verdict.TALKS


def arrives(sent: PathSent) -> bool:
    """Whether segments of full size have."""
    return not _never(sent)


def _full(sent: PathSent, in_flight: int) -> bool:
    """What is missing is long, and nothing of full size has ever arrived."""
    missing = sent.unacked - sent.sacked
    long = min(sent.mss, LONG)
    return 0 < long <= in_flight >= missing * long > 0 and _never(sent)


def _never(sent: PathSent) -> bool:
    """By what was acknowledged, it was all shorter."""
    return sent.acked < sent.mss or 2 * sent.acked < sent.delivered * sent.mss
