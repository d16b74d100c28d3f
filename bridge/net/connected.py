"""
A connected socket that the pump watches, and that directions move bytes from and to.

Here: what readiness means for the two directions that it is an end of, and the ways to
end it.  Not here: those (``direction``), and what a Twisted protocol expects of it
meanwhile (``stream``).
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, ClassVar, Protocol

from bridge.net import sockopt
from bridge.net.marks import (
    CLOSED,
    ENDED,
    FINISHED,
    HASTENED,
    IN_PIECES,
    PIECEMEAL,
    URGENT,
    Mark,
)
from bridge.net.pump import ERR, IN, OUT, PRI, RDHUP, Pump, Runnable
from bridge.net.sockaddr import Peer, Socket, SocketAddress, unpacked
from bridge.net.spent import UNCOUNTED
from bridge.net.tcpinfo import unacknowledged
from bridge.net.unread import Unread

if TYPE_CHECKING:
    from twisted.internet.interfaces import IProtocol
    from twisted.python.failure import Failure

READABLE = IN | PRI
"""A lone urgent byte is readable too, and not always called so (tcp_poll)."""

_ODD = PRI | ERR
_RARE = RDHUP | _ODD
_FIN = ENDED | FINISHED


class Moving(Runnable, Protocol):
    """What a stream knows of the directions it is an end of."""

    bytes: int
    held: int
    wrote: bool
    paced: bool
    exact: ClassVar[bool]

    @property
    def waits(self) -> bool:
        """It has to wait before it may move more."""

    def move(self) -> None:
        """The source may have bytes, or the sink room."""

    def flows(self) -> None:
        """Much has come of the source in a beat, and nothing went back."""

    def fail(self) -> None:
        """The source's socket reports an error."""


class Connected:
    """
    *sock*, which does not block; *peer* is its other end.

    The socket is owned.  Nothing is read before somebody asks for it.
    """

    __slots__ = (
        "inward", "known", "lost", "marks", "outward", "protocol", "pump",
        "socket", "spent",
    )  # fmt: skip

    secure: ClassVar[bool] = False
    """Whether its bytes are TLS records (``tls``): no splice then."""

    def __init__(self, pump: Pump, sock: Socket, peer: Peer) -> None:
        self.pump = pump
        self.socket = sock
        self.known = peer
        """Its other end, as it is kept."""
        self.protocol: IProtocol | None = None
        """Who hears of it while no direction reads from it."""
        self.outward: Moving | None = None
        """The direction that reads from this socket."""
        self.inward: Moving | None = None
        """The one that writes to it; None: its protocol may."""
        self.spent = UNCOUNTED
        """Where its session's time goes."""
        self.marks = IN_PIECES if isinstance(peer, str) else 0
        """What is noted of it, bit by bit (``marks``)."""
        self.lost: Failure | OSError | None = None
        """Why it was, if nobody has heard of it yet."""

    ended, urgent = Mark(ENDED), Mark(URGENT)

    @property
    def fd(self) -> int:
        """-1 when closed.  Not kept: most numbers are objects of their own."""
        return -1 if self.marks & CLOSED else self.socket.fileno()

    @property
    def peer(self) -> SocketAddress:
        """Its other end, as the kernel says it."""
        return unpacked(self.known)

    @property
    def piecemeal(self) -> bool:
        """
        A read may stop short of what there is, so that only "would block" proves the
        socket empty.

        At an urgent mark (tcp_recvmsg, net/ipv4/tcp.c); and on a unix socket behind
        each message that descriptors were passed with (unix_stream_read_generic,
        net/unix/af_unix.c), which are nobody's here, so that the kernel drops them.
        """
        return bool(self.marks & PIECEMEAL)

    # The pump calls these

    def ready(self, events: int) -> None:
        """Pass an epoll mask on to the two directions, or to the protocol."""
        outward = self.outward
        if outward is None:
            self._ready_alone(events)
            return
        if events & _RARE:
            if events & _ODD:
                self._odd(events, outward)
            else:
                self.marks |= _FIN
        if events & READABLE:
            spent = self.spent
            if spent.beat is spent.pulse.beat:
                spent.events += 1
            else:
                spent.note(self.fd, outward, self.inward)
            if not outward.held:  # else the sink tells when it has room
                outward.move()
        if events & OUT:
            inward = self.inward
            if inward is not None:
                if inward.held:
                    spent = self.spent
                    if spent.beat is not spent.pulse.beat:
                        spent.note(self.fd, outward, self.inward)
                    inward.move()
            elif not self.marks & CLOSED:  # else it is over since the last lines
                self._room()

    def _odd(self, events: int, outward: Moving) -> None:
        if events & PRI:
            self.keep_urgent_inline()
        if events & (RDHUP | ERR):
            self.marks |= ENDED
        if events & ERR:
            self.marks &= ~FINISHED
            outward.fail()

    def _ready_alone(self, events: int) -> None:
        """An epoll mask while no direction reads from it."""

    def _room(self) -> None:
        """There may be room for what is not a direction's."""

    def crashed(self) -> None:
        """A bug of ours met it."""
        if self.outward is not None:
            self.outward.crashed()

    # Urgent data

    def keep_urgent_inline(self) -> None:
        """There is some: it is to be read in its place."""
        if not self.marks & URGENT:
            self.marks |= URGENT
            sockopt.set_urgent_inline(self.socket)  # as ours are already, from birth

    # The ends

    def end(self) -> None:
        """Send a FIN.  The other direction stays open."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:  # reset meanwhile; the pump reports that, if it matters
            pass

    def hurry(self) -> None:
        """
        Send what was held back for a FIN to go with it, which does not come after all.

        The kernel would, too, but 200 ms later (TCP_CORK in tcp(7)).
        """
        try:
            sockopt.set_nodelay(self.socket, True)
        except OSError:  # a unix socket, which holds nothing back; or a reset
            pass

    def acknowledge(self) -> None:
        """
        Send the ACK that ends the handshake, unless it has gone with bytes: later it
        would be one for the answer, which goes with more of those.
        """
        inward = self.inward
        if inward is not None and (
            inward.wrote or (inward.exact and inward.bytes > inward.held)
        ):
            return
        if not self.marks & CLOSED:
            sockopt.release_ack(self.socket)

    def let_syn_go(self) -> None:
        """
        Connect although there is nothing to send.

        After a ``connect`` with TCP_FASTOPEN_CONNECT the SYN waits for the first bytes,
        and if the other end is the one to speak first, for ever.
        """
        try:
            self.socket.send(b"")
        except OSError:  # the pump reports it
            pass

    def close(self) -> None:
        """Close, and let the kernel deliver what it still has.  Tells nobody."""
        if not self.marks & CLOSED:
            self.marks |= CLOSED
            self.outward = self.inward = self.protocol = None
            self.spent = UNCOUNTED
            if self.marks & HASTENED and unacknowledged(self.socket):
                Unread(self.pump, self.socket)
            else:
                self.pump.close(self.socket)

    def abort(self) -> None:
        """Close with a RST, at once.  Tells nobody."""
        if not self.marks & CLOSED:
            self.marks &= ~HASTENED
            try:
                sockopt.reset_on_close(self.socket)
            except OSError:  # nothing is left that could be reset
                pass
            Connected.close(self)  # and not with a farewell, which TLS would send
