"""
From a session that has ended to its record.

Here: asking the two sockets, while they are still open, what they know, and saying the
ending in HAProxy's letters.  Not here: what becomes of the record (``watch``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bridge.net.address import Address
from bridge.net.marks import CLOSED
from bridge.net.names import escaped
from bridge.net.sockaddr import describe, told, told_peer
from bridge.net.spent import UNCOUNTED
from bridge.net.tcpinfo import (
    NO_ANSWER,
    NOTHING,
    TcpInfo,
    decoded,
    raw,
    tcp_info,
    unacknowledged,
)
from bridge.net.tls import TLSStream
from bridge.net.tlsinfo import TlsInfo, tls_info
from bridge.session.flow import Ending, State
from bridge.session.rare import UNSAID
from bridge.watch.limited import NONE, SHORTEST, limited_by
from bridge.watch.record import Record, Sides
from bridge.wire.proxy_value import UnixName

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.farm.server import Server
    from bridge.net.direction import Direction
    from bridge.net.spent import Times
    from bridge.net.stream import Stream
    from bridge.session.destination import Destination
    from bridge.session.place import Place
    from bridge.session.rare import Said
    from bridge.session.terms import Terms
    from bridge.wire.proxy_value import ProxyHeader

BY_WHOM = {
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


_DONE = Ending.DONE  # whose look-up takes as long as a call


class Coming(Protocol):
    """Who has come, to which address of ours, and for whom it speaks."""

    @property
    def identity(self) -> ProxyHeader | None: ...

    @property
    def front(self) -> Stream: ...


class Accepting(Protocol):
    """The front of it, as it runs."""

    @property
    def address(self) -> tuple[str, int] | None: ...


class Ended(Coming, Protocol):
    """What there is to know of a session that is over, and does not change any more."""

    @property
    def terms(self) -> Terms: ...

    @property
    def live(self) -> Accepting: ...

    @property
    def accepted(self) -> float: ...

    @property
    def client(self) -> tuple[str, int]: ...

    @property
    def rare(self) -> Said: ...

    @property
    def destination(self) -> Destination | None: ...

    @property
    def place(self) -> Place | None: ...

    @property
    def back(self) -> Stream | None: ...

    @property
    def up(self) -> Direction | None: ...

    @property
    def down(self) -> Direction | None: ...

    @property
    def ending(self) -> Ending | None: ...

    @property
    def ended_in(self) -> State: ...

    @property
    def reason(self) -> str: ...


def tell(ended: Ended, active: int, listener: Callable[[Record], None]) -> None:
    """Have *listener* hear its record: see ``record_of``."""
    listener(record_of(ended, active))


def record_of(ended: Ended, active: int) -> Record:
    """
    What is said of it, one of *active* sessions of its front; its sockets are open yet.

    By position, and not by calling Record, since either would cost every session a
    microsecond: a test compares all fields, each with a value of its own.
    """
    terms, place, up, down = ended.terms, ended.place, ended.up, ended.down
    house, front, back = terms.house, ended.front, ended.back
    rare, now = ended.rare, terms.house.seconds()
    who = rare.client if rare is not UNSAID else None
    peer = told_peer(front.known)
    farm = ended.destination.farm if ended.destination is not None else None
    server = place.server if place is not None else None
    ending = ended.ending or Ending.ERROR
    sides = sides_of(ended, now) if terms.needs_sides else None
    # Nothing is: the kernel goes on delivering after close(2).
    lost = 0 if ending is _DONE else _lost(up, down, sides, _said(ended))
    record: Record = tuple.__new__(
        Record,
        (
            rare.name or house.next_name(), terms.front,
            farm.name if farm is not None else "",
            server.name if server is not None else "",
            ("", 0) if server is None else reached(server, back),
            who or peer,
            ending._value_,
            "--" if ending is _DONE else letters(ending, ended.ended_in),
            ended.reason, ended.accepted,
            place.dial_began if place is not None else None,
            place.dialed if place is not None else None,
            now, up.bytes if up is not None else 0,
            down.bytes if down is not None else 0, lost,
            place.attempts - 1 if place is not None and place.attempts > 1 else 0,
            place.rare.queued if place is not None else 0,
            house.room.taken, active, farm.active if farm is not None else 0,
            server.active if server is not None else 0, sides,
            tls_of(front) if sides is not None and front.secure else None,
            rare.asked or (asked_by(front) if front.secure else ""),
            peer if who is not None else None,
            place.farm.control if place is not None else "",
        ),
    )  # fmt: skip
    return record


def letters(ending: Ending, ended_in: State) -> str:
    """How HAProxy would say it: who ended the session, and in which phase."""
    whom = BY_WHOM[ending]
    if ending is Ending.TLS_FAILED and ended_in is State.SECURING:
        whom = "C"
    if ending is Ending.HALF_CLOSED_IDLE and ended_in is State.BACK_ENDED:
        whom = "c"  # the server has finished; it is the client that is waited for
    return whom + _WHEN.get(ended_in, "-")


def reached(server: Server, back: Stream | None) -> tuple[str, int]:
    """Of several addresses, the one that has won."""
    return told(back.peer) if server.various and back is not None else server.back


def tls_of(front: Stream) -> TlsInfo | None:
    """None where there is no TLS, or the handshake was not through."""
    if isinstance(front, TLSStream) and front.protected:
        return tls_info(front.connection)
    return None


def asked_by(front: Stream) -> str:
    """Where only OpenSSL has read the hello, since there is only one certificate."""
    if not isinstance(front, TLSStream):
        return ""
    return escaped(front.seal.asked)


def via(ended: Ended) -> tuple[str, int] | None:
    """Who has named the client, if somebody has."""
    return told(ended.front.peer) if ended.rare.client is not None else None


def sides_of(ended: Ended, now: float) -> Sides:
    """
    What both sockets know *now*; and whom the client has connected to, if that is said.
    """
    front, back, identity = ended.front, ended.back, ended.identity
    listen = ended.live.address if identity is None else None
    if listen is None:
        end = identity.destination if identity is not None else None
        listen = (str(end), 0) if isinstance(end, UnixName) else wanted(ended)
    of_front = of_back = NO_ANSWER
    if not front.marks & CLOSED:
        of_front = raw(front.socket)
    if back is not None and not back.marks & CLOSED:
        of_back = raw(back.socket)
    limited, times = NONE, None
    if now - ended.accepted >= SHORTEST:  # else nothing is said, without being asked
        times = times_of(ended, now)
    if times is not None:
        limited = limited_by(decoded(of_front), decoded(of_back), times)
    told_of = listen, name_of(back), of_front, of_back, limited, times
    sides: Sides = tuple.__new__(Sides, told_of)
    return sides


def times_of(ended: Ended, now: float) -> Times | None:
    """Whom it has waited for until *now*; None: too short a time to say anything."""
    spent = ended.front.spent
    if spent is UNCOUNTED or now - spent.began < SHORTEST:
        return None
    return spent.times(now, ended.up, ended.down)


def wanted(coming: Coming) -> tuple[str, int]:
    """
    The address and port that the client wanted to go to: by a PROXY header, if that
    names an address, or our own.
    """
    identity = coming.identity
    end = identity.destination if identity is not None else None
    if isinstance(end, Address):
        return end.host, end.port
    return name_of(coming.front)


def name_of(stream: Stream | None) -> tuple[str, int]:
    """Our own address and port; with a client, those that it wanted to go to."""
    if stream is None or stream.marks & CLOSED:
        return "", 0
    name = stream.socket.getsockname()
    if isinstance(name, tuple):
        return name if len(name) == 2 else told(name)
    return describe(name), 0


def info_of(stream: Stream | None) -> TcpInfo:
    if stream is None or stream.marks & CLOSED:
        return NOTHING
    return tcp_info(stream.socket)


def _lost(
    up: Direction | None,
    down: Direction | None,
    sides: Sides | None,
    said: int = 0,
) -> int:
    """
    Bytes received from one side and not delivered to the other.

    What was in our hands; and, where the kernel was asked, what the receiving end
    never acknowledged.  *said* is what the server got first (``_said``).
    """
    if up is None or down is None:
        return 0
    if sides is None:
        return min(up.undelivered, up.bytes) + down.undelivered
    by_back, by_front = (decoded(it).bytes_acked for it in (sides.back, sides.front))
    # The dialing end's count includes the SYN it sent (tcp_snd_una_update).
    acknowledged = max(0, by_back - 1 - said)
    return _undelivered(up, acknowledged) + _undelivered(down, by_front)


def _undelivered(direction: Direction, acknowledged: int) -> int:
    # More is held than came of the client if a header of its (``ahead``) is held too.
    held = min(direction.undelivered, direction.bytes)
    if acknowledged < 0:  # not asked for
        return held
    if not isinstance(direction.sink.peer, tuple):
        # A unix socket acknowledges nothing: what is written is the reader's already.
        return held
    if direction.sink.secure or not direction.exact:
        # Not the same bytes; but those outstanding are known exactly.
        outstanding = direction.undelivered
        if direction.sink.fd >= 0:
            outstanding += unacknowledged(direction.sink.socket)
        return min(direction.bytes, outstanding)
    return max(held, direction.bytes - acknowledged)


def _said(ended: Ended) -> int:
    """Bytes of the PROXY header that the server got."""
    place = ended.place
    if place is None or place.rare.preface is None:
        return ended.rare.ahead
    return place.rare.preface.size
