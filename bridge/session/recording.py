"""
From a session that is ending to its record.

Here: asking the two sockets, while they are still open, what they know, and saying
the ending in HAProxy's letters.  Not here: what becomes of the record (``watch``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.net.names import escaped
from bridge.net.sockaddr import describe, told
from bridge.net.tcpinfo import NOTHING, TcpInfo, tcp_info, unacknowledged
from bridge.net.tls import TLSStream
from bridge.net.tlsinfo import TlsInfo, tls_info
from bridge.session.flow import Ending, State
from bridge.watch.record import Record, Sides

if TYPE_CHECKING:
    from bridge.net.direction import Direction
    from bridge.net.stream import Stream
    from bridge.session.session import Session

_BY_WHOM = {
    Ending.DENIED: "P",
    Ending.LIMITED: "P",
    Ending.BAD_HEADER: "P",
    Ending.NO_SERVER: "S",
    Ending.QUEUE_TIMEOUT: "s",
    Ending.DIAL_FAILED: "S",
    Ending.TLS_FAILED: "S",
    Ending.IDLE: "c",
    Ending.HALF_CLOSED_IDLE: "s",
    Ending.FRONT_RESET: "C",
    Ending.BACK_RESET: "S",
    Ending.DRAINED: "K",
    Ending.KILLED: "K",
    Ending.ERROR: "I",
}
"""First letter of HAProxy's termination state (configuration manual, section 8.5)."""

_WHEN = {
    State.ACCEPTED: "R",
    State.SECURING: "R",
    State.READING: "R",
    State.QUEUED: "Q",
    State.DIALING: "C",
    State.OPEN: "D",
    State.FRONT_ENDED: "D",
    State.BACK_ENDED: "L",
}
"""
Second letter: request, queue, connection, data, last data (the server has finished
and the client has not).
"""


def record_of(session: Session) -> Record:
    """What is said of *session*, whose sockets must still be open."""
    terms, server = session.terms, session.server
    house = terms.house
    ending = session.ending or Ending.ERROR
    done = ending is Ending.DONE
    # Terms with routes are a front's, of which no name has led on yet.
    farm = terms.farm.name if terms.routes is None else ""
    up, down = session.up, session.down
    sides = _sides(session) if terms.needs_sides else None
    return Record(
        f"{house.prefix}-{next(house.numbers)}",
        terms.front,
        farm,
        server.name if server is not None else "",
        _back_of(session),
        told(session.front.peer),
        ending._value_,
        "--" if done else _letters(session, ending),
        session.reason,
        session.accepted,
        session.dial_began,
        session.dialed,
        terms.seconds(),
        up.bytes if up is not None else 0,
        down.bytes if down is not None else 0,
        # Nothing is: the kernel goes on delivering after close(2).
        0 if done else _lost(session, sides),
        session.attempts - 1 if session.attempts > 1 else 0,
        session.queued,
        house.room.taken,
        len(terms.sessions),
        terms.farm.active if farm else 0,
        server.active if server is not None else 0,
        sides,
        _tls(session.front) if sides is not None and session.front.secure else None,
        session.asked or _asked(session.front),
    )


def _tls(front: Stream) -> TlsInfo | None:
    """None where there is no TLS, or the handshake was not through."""
    if isinstance(front, TLSStream) and front.protected:
        return tls_info(front.connection)
    return None


def _asked(front: Stream) -> str:
    """Where only OpenSSL has read the hello, since there is only one certificate."""
    if not isinstance(front, TLSStream):
        return ""
    return escaped(front.connection.get_servername() or b"")


def _back_of(session: Session) -> tuple[str, int]:
    server = session.server
    if server is None:
        return "", 0
    if server.various and session.back is not None:  # the address that has won
        return told(session.back.peer)
    return server.back


def _letters(session: Session, ending: Ending) -> str:
    whom = _BY_WHOM[ending]
    if ending is Ending.TLS_FAILED and session.ended_in is State.SECURING:
        whom = "C"
    if ending is Ending.HALF_CLOSED_IDLE and session.ended_in is State.BACK_ENDED:
        whom = "c"  # the server has finished; it is the client that is waited for
    return whom + _WHEN.get(session.ended_in, "-")


def _name(stream: Stream | None) -> tuple[str, int]:
    if stream is None or stream.fd < 0:
        return "", 0
    name = stream.socket.getsockname()
    return told(name) if isinstance(name, tuple) else (describe(name), 0)


def _info(stream: Stream | None) -> TcpInfo:
    if stream is None or stream.fd < 0:
        return NOTHING
    return tcp_info(stream.socket)


def _sides(session: Session) -> Sides:
    return Sides(
        listen=_name(session.front),
        source=_name(session.back),
        front=_info(session.front),
        back=_info(session.back),
    )


def _lost(session: Session, sides: Sides | None) -> int:
    """
    Bytes received from one side and not delivered to the other.

    What was in our hands; and, where the kernel was asked, what the receiving end
    never acknowledged.
    """
    if session.up is None or session.down is None:
        return 0
    back, front = (sides.back, sides.front) if sides else (NOTHING, NOTHING)
    # The dialing end's count includes the SYN it sent (tcp_snd_una_update).
    return _undelivered(session.up, back.bytes_acked - 1) + _undelivered(
        session.down, front.bytes_acked
    )


def _undelivered(direction: Direction, acknowledged: int) -> int:
    if acknowledged < 0:  # not asked for
        return direction.held
    if not isinstance(direction.sink.peer, tuple):
        # A unix socket acknowledges nothing: what is written is the reader's already.
        return direction.held
    if direction.sink.secure:  # bytes of records; those outstanding are known exactly
        outstanding = direction.held + unacknowledged(direction.sink.socket)
        return min(direction.bytes, outstanding)
    return max(direction.held, direction.bytes - acknowledged)
