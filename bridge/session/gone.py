"""
Whether the other end of a connection is gone: ``user_timeout``.

Here: the look at one connection that has sent and not been answered, and what is
remembered of it until the next.  Not here: when looks are taken, and what follows
(``sweep``).

The kernel has an option of that name, TCP_USER_TIMEOUT, and it is not set.  Linux takes
it for more than RFC 5482 says: it resets a connection whose window was zero for so
long, although every window probe is answered (tcp_probe_timer, net/ipv4/tcp_timer.c),
and an idle one after a single keep-alive probe without answer (tcp_keepalive_timer).
A peer is gone when nothing at all comes from it:

* While its window is open, what we send is retransmitted, after 0.2, 0.4, 0.8 …
  seconds: gone when that has gone on for ``user_timeout`` and nothing was heard.
* While its window is zero, nobody sends anything but window probes, which come ever
  more seldom, so that silence alone proves nothing and one lost probe is no death: gone
  when several in a row were not answered, and ``user_timeout`` has passed since the
  first of them.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from bridge.net import sockopt
from bridge.net.marks import HASTENED
from bridge.net.tcpinfo import is_tcp, unanswered

if TYPE_CHECKING:
    from bridge.net.stream import Stream

PROBES = 3
"""Window probes in a row that must be unanswered.  One in ten is lost on a bad path."""

SHARE = 3
"""Probes within ``user_timeout``, where the kernel can be told so."""


def hear_no_more(stream: Stream) -> None:
    """What the other end of *stream* has sent is read, and nothing comes after it."""
    try:
        stream.socket.shutdown(socket.SHUT_RD)
    except OSError:  # the kernel has given up, too
        pass


class Gone:
    """What is remembered, from one walk to the next, of ends that do not answer."""

    def __init__(self) -> None:
        self._since: dict[Stream, float] = {}
        """From when on nothing has come from it, as far as looks have shown."""
        self._now: dict[Stream, float] = {}
        """The same of those that this walk has come to."""
        self._hastened: dict[Stream, bool] = {}
        """Those probed more often, and whether this walk found that still needed."""

    def look(self, stream: Stream, limit: float, now: float) -> bool:
        """
        Whether the other end of *stream*, which owes us an answer, has been gone for
        *limit* seconds.
        """
        waits = unanswered(stream.socket)
        if waits is None:
            return False
        if waits.window_is_zero:
            self._hasten(stream, limit)
        if not waits.attempts:
            return False
        since = self._since.get(stream, now)
        if now - waits.silent > since:  # something was heard after that look
            since = now
        self._now[stream] = since
        return (
            min(now - since, waits.silent) >= limit
            and (not waits.window_is_zero or waits.attempts >= PROBES)
            and is_tcp(stream.socket)
        )

    def walked(self) -> None:
        """The walk is through: forget who was not met in it, or has answered."""
        self._since, self._now = self._now, {}
        for stream, needed in tuple(self._hastened.items()):
            if needed and stream.fd >= 0:
                self._hastened[stream] = False
                continue
            del self._hastened[stream]
            if stream.fd >= 0:
                sockopt.set_longest_wait(stream.socket, sockopt.LONGEST_WAIT)

    def _hasten(self, stream: Stream, limit: float) -> None:
        """
        Have it probed often enough to find within about *limit* that it is gone.

        The kernel's own probes are up to two minutes apart.  Only while it is needed:
        a closed socket is given up sooner with it (``net.unread``).
        """
        if stream not in self._hastened:
            stream.marks |= HASTENED
            wait = max(1.0, limit / SHARE)
            if wait < sockopt.LONGEST_WAIT:
                sockopt.set_longest_wait(stream.socket, wait)
        self._hastened[stream] = True
