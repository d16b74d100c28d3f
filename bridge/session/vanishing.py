"""
Looks at connections that wait for something of full size to be acknowledged, and has
those told of on which that seems to vanish on its way.

Here: whom the kernel is asked about, and what is remembered of a connection from one
walk of the sweep to the next.  Not here: when walks are (``sweep``), the judgement
(``watch.black_holes``), and what becomes of it (``watch.suspects``).

Asked is about who has as much unacknowledged as could be a segment of full size, and
not only about who made no progress since the last walk: that may be just before it got
stuck.  A suspicion does nothing to a session.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bridge.net.path_info import path_sent
from bridge.net.sockaddr import told
from bridge.watch.black_holes import Verdict, arrives, verdict

if TYPE_CHECKING:
    from bridge.net.stream import Stream
    from bridge.session.session import Session
    from bridge.watch.suspects import Suspects

LEAST = 500
"""Bytes; less is no segment of full size on any link there is."""


class Vanishing:
    """On both sides of the sessions of one front."""

    def __init__(self, front: Suspects, farms: Mapping[str, Suspects]) -> None:
        self._front = front
        self._farms = farms
        self._stuck: dict[Stream, int] = {}
        """Those that the last walk has met, and how much they had sent again by then:
        -1 where they are suspected already."""
        self._now: dict[Stream, int] = {}
        """The same of this walk."""

    def look(self, session: Session, to_front: int, to_back: int) -> None:
        """So many bytes are not acknowledged, or not even sent."""
        if to_front >= LEAST:
            self._ask(session, session.front, to_front, self._front)
        place, back = session.place, session.back
        if to_back >= LEAST and back is not None and place is not None:
            farm = self._farms.get(place.farm.name)
            if farm is not None:
                self._ask(session, back, to_back, farm)

    def walked(self) -> None:
        """The walk is through: forget who was not met in it."""
        self._stuck, self._now = self._now, {}

    def _ask(
        self, session: Session, stream: Stream, waiting: int, suspects: Suspects
    ) -> None:
        sent = path_sent(stream.socket)
        if sent is None:
            return
        shown = verdict(sent, waiting)
        if shown is Verdict.FINE:
            if arrives(sent):
                suspects.carries(told(stream.peer)[0])
            return
        before, host = self._stuck.get(stream), told(stream.peer)[0]
        self._now[stream] = sent.retransmits
        if before == -1:
            found = True
        elif shown is Verdict.SILENT:
            found = suspects.may_be(host, session.accepted, sent)
        elif shown is Verdict.TALKS and (before is None or sent.retransmits <= before):
            found = False  # it has to get one again, while it talks
        else:
            suspects.suspect(host, sent)
            found = True
        if found:
            self._now[stream] = -1
