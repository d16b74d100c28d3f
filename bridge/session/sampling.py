"""
What is learnt of clients' paths as they come, from so few that it costs nothing.

A connection that was just accepted has what its other end advertised, and what the
kernel remembers of the way to it.  Asked is the first one after each hundredth of a
second, and so a page's burst of connections counts once.  Not here: what it means
(``watch.path_kinds``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.net.path_info import path_sizes
from bridge.watch.path_kinds import Clients, family_of

if TYPE_CHECKING:
    from bridge.net.stream import Stream

EVERY = 0.01
"""Seconds from one to the next, at least: a hundred system calls a second."""


class Sampling:
    """Of the clients of one front."""

    __slots__ = ("clients", "due")

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        self.due = float("-inf")
        """Whoever comes from then on is looked at."""

    def look(self, stream: Stream, now: float) -> None:
        """It was accepted just *now*."""
        self.due = now + EVERY
        sizes = path_sizes(stream.socket)
        if sizes is not None:
            self.clients.see(sizes, family_of(str(stream.peer[0])))
