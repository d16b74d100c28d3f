"""
Whoever hears of this host's interfaces while the gateway runs, and logs what changes.

Here: the rtnetlink socket's reading, on the reactor that there is anyway, and how much
of what it says reaches the log.  Nothing else comes of it: no session is touched, since
the kernel knows better what a change means for a connection.  Not here: what has
changed (``watch.links``), and what a change makes of the configuration's warnings
(``warned``).

The reactor reads it and not a pump: an event a day needs no speed, and pumps belong to
generations, of which one process has several or none.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from twisted.application.service import Service
from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from bridge.net import rtnetlink
from bridge.net.rtnetlink import GET_ADDRESS, GET_LINK, Message
from bridge.watch.links import Change, Links
from bridge.watch.repeated import Repeated

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from bridge.net.pump import Reactor

BURST, KINDS = 10, 50
"""Lines of one kind (an interface's MTU) within a minute, and kinds, before they are
counted instead: an interface that flaps fills no disk."""

READS = 16
"""Datagrams before others have their turn."""

AGAIN = 1.0
"""Seconds until all is asked for again, after too much had changed to be heard."""


class Heard(Protocol):
    """Who wants to know: see ``warned``."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def host_changed(self) -> None: ...


@implementer(IReadDescriptor)
class Interfaces(Service):
    """Logs changes while it runs, and *warned* hears that there were some."""

    _log = Logger()

    def __init__(
        self,
        reactor: Reactor,
        warned: Heard,
        opened: Callable[[], socket.socket] = rtnetlink.open_socket,
    ) -> None:
        self._reactor = reactor
        self._warned = warned
        self._open = opened
        self._socket: socket.socket | None = None
        self._links = Links()
        self._told = Repeated(reactor, BURST, KINDS)
        self._sequence = 0
        self._asked: list[int] = []
        """Of what the kernel tells all now, and of what next."""
        self._incomplete = False
        """What it tells may lack something."""
        self._waits = False
        """All is asked for again in a moment."""
        self._later: IDelayedCall | None = None

    def startService(self) -> None:
        super().startService()
        try:
            self._socket = self._open()
        except OSError as error:  # no rtnetlink in this container: all else runs
            why = error.strerror
            self._unwatched("interfaces are not watched: {why}", why)
            return
        self._reactor.addReader(self)
        self._warned.start()
        self._ask_anew()

    def stopService(self) -> None:
        super().stopService()
        self._told.stop()
        self._warned.stop()
        self._close()

    def _unwatched(self, line: str, why: str | None) -> None:
        """What there was to hear is not heard; all else runs."""
        self._log.warn(line, why=why, event="interfaces_unwatched")

    def _close(self) -> None:
        made, self._socket = self._socket, None
        if self._later is not None and self._later.active():
            self._later.cancel()
        if made is not None:
            self._reactor.removeReader(self)
            made.close()

    # What the reactor calls

    def fileno(self) -> int:
        return -1 if self._socket is None else self._socket.fileno()

    def logPrefix(self) -> str:
        return "bridge.interfaces"

    def doRead(self) -> None:
        """Take what has come; does not raise."""
        try:
            for _ in range(READS):
                if self._socket is None:
                    return
                data = self._socket.recv(rtnetlink.LONGEST)
                for message in rtnetlink.messages(data):
                    self._take(message)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno == errno.ENOBUFS:  # some of it was lost: netlink(7)
                self._ask_again()
                return
            self._unwatched("interfaces are watched no more: {why}", error.strerror)
            self._close()
        except Exception:
            self._log.failure("A bug in the gateway; interfaces are watched no more")
            self._close()

    def connectionLost(self, reason: Failure) -> None:
        """The reactor is shutting down."""

    # All there is

    def _ask_all(self) -> None:
        self._incomplete = False
        self._asked = [GET_LINK, GET_ADDRESS]
        self._links.begin_round()
        self._ask()

    def _ask(self) -> None:
        if self._socket is None:
            return
        self._sequence += 1
        with suppress(BlockingIOError):
            self._socket.send(rtnetlink.ask(self._asked[0], self._sequence))
            return
        self._ask_again()

    def _ask_again(self) -> None:
        """In a moment: whatever has changed so much changes on."""
        if not self._waits:
            self._waits, self._asked = True, []
            self._later = self._reactor.callLater(AGAIN, self._ask_anew)

    def _ask_anew(self) -> None:
        self._waits = False
        try:
            self._ask_all()
        except OSError as error:
            self._unwatched("interfaces are watched no more: {why}", error.strerror)
            self._close()

    def _round(self, message: Message) -> None:
        """The end of one of its two halves."""
        if message.sequence != self._sequence or not self._asked:
            return
        if message.kind == rtnetlink.ERROR:
            self._asked = []
            if message.error == errno.EBUSY:  # one that was given up is under way
                self._ask_again()
            else:
                why = os.strerror(message.error)
                self._unwatched("interfaces are not told of: {why}", why)
            return
        del self._asked[0]
        if self._incomplete:
            self._ask_again()
        elif self._asked:
            self._ask()
        else:
            self._tell(self._links.end_round())

    # One message

    def _take(self, message: Message) -> None:
        if message.flags & rtnetlink.INTERRUPTED:
            self._incomplete = True
        if message.kind in (rtnetlink.DONE, rtnetlink.ERROR):
            self._round(message)
        elif message.about is None:
            return
        elif message.kind in (rtnetlink.NEW_LINK, rtnetlink.NEW_ADDRESS):
            self._tell(self._links.meet(message.about))
        else:
            self._tell(self._links.remove(message.about))

    def _tell(self, changes: Iterable[Change]) -> None:
        changed = False
        for subject, what, detail in changes:
            self._told.tell(subject, what, detail)
            changed = True
        if changed:
            self._warned.host_changed()
