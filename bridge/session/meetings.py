"""
The data connections of one front's sessions: how many there are, and at which ports.

Here: a port for each, and what it counts with.  A data connection is a session of the
front's, so that its limits, time-outs and records hold for it; its control session is
not silent meanwhile, and may end before it: when that is over, the server closes what
moves, if anybody does (RFC 959, section 3.2).  Not here: who comes (``meeting``).
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bridge.net.free_ports import FreePorts
from bridge.net.listener import listen_tcp
from bridge.net.mapping import Refusal
from bridge.net.port import Port
from bridge.net.sockaddr import told
from bridge.session.destination import Destination
from bridge.session.meeting import BackMeeting, FrontMeeting, Meeting
from bridge.session.meeting_ends import (
    Where,
    address,
    client_target,
    ours,
    server_at,
    theirs,
)

if TYPE_CHECKING:
    from bridge.farm.farm import Farm
    from bridge.filters.answers import Meet
    from bridge.net.sockopt import Tuning
    from bridge.session.live import Live
    from bridge.session.session import Session
    from bridge.session.terms import Terms

MOST = 4
"""
Data connections of one control session, waited for or there.  FTP has one at a time;
the next may be asked for before the last one is through, and one that is asked for may
never come.
"""

TRIES = 16
"""Ports that are tried, where others listen on some of the range."""

NONE_FREE = "no port is free"
"""All of the range are lent, or TRIES of them are others'."""


@dataclass(frozen=True, slots=True)
class DataPorts:
    """What a front opens for data, and how those sockets are tuned."""

    ports: range
    front: Tuning
    back: Mapping[str, Tuning]
    """By the name of the farm."""


class MeetingsOf:
    """Those of the front that runs on *terms*."""

    def __init__(self, terms: Terms, live: Live[Session], opened: DataPorts) -> None:
        self.live = live
        self._opened = opened
        self._free = FreePorts(opened.ports)
        self._front, self._house = terms.front, terms.house
        self._terms: dict[Destination, Terms] = {}
        self._of: dict[Session, list[Meeting]] = {}
        """By control session."""
        self._moving: dict[Session, Meeting] = {}
        """By the session that it has become."""
        self._at: dict[tuple[str, int], FrontMeeting] = {}
        """Those that a client is waited for at, by address and port."""
        for each in terms.destinations:
            data = Destination(each.farm, each.connect, each.gone, mapped=self)
            self._terms[each] = replace(
                terms,
                destination=data,
                routes=None,
                security=None,
                securities=None,
                filters=(),
            )
            live.dials(data)

    # What the front's sessions ask for

    def meet(self, control: Session, meet: Meet) -> tuple[tuple[str, int] | None, str]:
        """Listen for one more of *control*'s: where, or None and why not."""
        if not self._has_place(control):
            return None, f"there are {MOST} already"
        try:
            meeting, where, tuning = self._made(control, meet)
            port = self._listen(meeting, where, tuning)
        except OSError as error:
            self._complain(error.strerror or str(error))
            return None, "not possible now"
        if port is None:
            self._complain(NONE_FREE)
            return None, NONE_FREE
        self._of.setdefault(control, []).append(meeting)
        meeting.wait(port, meet.within)
        return meeting.where, ""

    def moves(self, control: Session) -> bool:
        """Whether one of *control*'s is there: no silence of it counts."""
        return any(each.came for each in self._of.get(control, ()))

    def left(self, session: Session) -> None:
        """*session*, whatever it was, is over."""
        meeting = self._moving.pop(session, None)
        if meeting is not None:
            self.over(meeting)
        for each in self._of.pop(session, ()):
            if not each.came:
                each.cancel()

    def find(self, front: str, port: int) -> Farm | Refusal:
        """Where a client leads to that has come to *port* of *front*."""
        meeting = self._at.get((front, port))
        return Refusal.UNMAPPED if meeting is None else meeting.leads_to

    # What the meetings report

    def terms(self, control: Session) -> Terms:
        """Of the sessions that *control* has met."""
        assert control.destination is not None
        return self._terms[control.destination]

    def began(self, meeting: Meeting, session: Session) -> None:
        """It has become *session*."""
        self._moving[session] = meeting

    def over(self, meeting: Meeting) -> None:
        """It has become none, and will not; or it was one."""
        each = self._of.get(meeting.control)
        if each is not None and meeting in each:
            each.remove(meeting)
            if not each:
                del self._of[meeting.control]

    def give_back(self, meeting: Meeting) -> None:
        """Its port is closed."""
        self._at.pop(meeting.where, None)
        self._free.give(meeting.where[1])

    def close(self) -> None:
        """Wait for nobody any more."""
        for meetings in tuple(self._of.values()):
            for each in tuple(meetings):
                each.cancel()
        self._of.clear()

    # How one is made

    def _has_place(self, control: Session) -> bool:
        """If need be, that of the oldest that has not come."""
        each = self._of.get(control, [])
        if len(each) < MOST:
            return True
        waiting = next((one for one in each if not one.came), None)
        if waiting is None:
            return False
        waiting.cancel()
        self.over(waiting)
        return True

    def _made(self, control: Session, meet: Meet) -> tuple[Meeting, Where, Tuning]:
        """It, and where it is to listen, and how."""
        front, back, place = control.front, control.back, control.place
        if back is None or place is None or place.server is None:
            raise OSError(errno.ENOTCONN, "there is no server")
        host, _ = control.client
        if meet.side == "front":
            server = server_at(place, back, meet.port)
            client_comes = FrontMeeting(self, control, host, server)
            return client_comes, ours(front), self._opened.front
        target = client_target(front, host, meet.port, self._opened.front)
        server_comes = BackMeeting(self, control, theirs(back)[0], target)
        return server_comes, ours(back), self._opened.back[place.farm.name]

    def _listen(self, meeting: Meeting, where: Where, tuning: Tuning) -> Port | None:
        """Have it listen at *where*; None: all ports are taken.  Raises OSError."""
        for _ in range(TRIES):
            port = self._free.take()
            if port is None:
                return None
            try:
                return self._listen_at(meeting, where, port, tuning)
            except OSError as error:
                self._free.give(port)
                if error.errno != errno.EADDRINUSE:
                    raise
        return None

    def _listen_at(
        self, meeting: Meeting, where: Where, port: int, tuning: Tuning
    ) -> Port:
        at = address(where, port)
        listener = listen_tcp(at, tuning, dual_stack=False, transparent=True)
        house = self._house
        listens = Port(house.pump, listener, meeting.factory(), house.room)
        try:
            listens.startListening()
        except BaseException:
            listener.socket.close()
            raise
        meeting.where = told(listener.socket.getsockname())
        if isinstance(meeting, FrontMeeting):
            self._at[meeting.where] = meeting
        return listens

    def _complain(self, why: str) -> None:
        if self._house.failures is not None:
            what = "a data connection could not be listened for"
            self._house.failures.tell(f"front {self._front}", what, why)
