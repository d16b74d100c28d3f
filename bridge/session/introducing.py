"""
What filters are told of a session when they are made.

Not here: what a session is (``session``), and what servers are told (``preface``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.filters.about import About
from bridge.net.sockaddr import told
from bridge.net.tls import TLSStream
from bridge.session.recording import asked_by, name_of, named, told_end

if TYPE_CHECKING:
    from bridge.session.session import Session


def about_of(session: Session) -> About:
    """Of *session*, as it is now."""
    front, identity, house = session.front, session.identity, session.terms.house
    session.name = session.name or house.next_name()
    who = named(identity)
    whom = identity.destination if identity is not None and who is not None else None
    alpn = b""
    if isinstance(front, TLSStream) and front.protected:
        alpn = front.connection.get_alpn_proto_negotiated()
    return About(
        who or told(front.peer),
        told_end(whom) if whom is not None else session.live.address or name_of(front),
        session.terms.front,
        front.secure,
        session.asked or (asked_by(front) if front.secure else ""),
        alpn.decode("ascii", "replace"),
        told(front.peer) if who is not None else None,
        session.name,
        house.seconds,
    )
