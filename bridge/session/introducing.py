"""
What filters are told of a session when they are made.

Not here: what a session is (``session``), and what servers are told (``preface``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.filters.about import About
from bridge.net.sockaddr import told, told_peer
from bridge.net.tls import TLSStream
from bridge.session.recording import asked_by, name_of
from bridge.wire.proxy_value import told_end

if TYPE_CHECKING:
    from bridge.session.session import Session


def about_of(session: Session) -> About:
    """Of *session*, as it is now."""
    front, house, rare = session.front, session.terms.house, session.rare
    who, whom = rare.client, None
    if who is not None and rare.identity is not None:
        whom = rare.identity.destination
    name = rare.name
    if not name:
        session.name = name = house.next_name()
    alpn = b""
    if isinstance(front, TLSStream) and front.protected:
        alpn = front.connection.get_alpn_proto_negotiated()
    return About(
        who or told_peer(front.known),
        told_end(whom) if whom is not None else session.live.address or name_of(front),
        session.terms.front,
        front.secure,
        rare.asked or (asked_by(front) if front.secure else ""),
        alpn.decode("ascii", "replace"),
        told(front.peer) if who is not None else None,
        name,
        house.seconds,
    )
