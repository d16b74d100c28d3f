"""
The admin socket: where ``bridgectl`` and programs ask the running gateway.

Here: a unix socket for this user and root, its clients, one line asked and one answered
at a time, all of it bounded in size, number and time.  Not here: what a line says
(``orders``), who its sender is (``peer``), and what is answered: *ask* knows.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.unix import Server
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from bridge.control.client import Client
from bridge.control.orders import COMMANDS, Answer, AnswerError, Request
from bridge.control.peer import Peer
from bridge.control.slices import Slices
from bridge.control.turnstile import Turnstile
from bridge.net.listener import Listener, listen_unix

if TYPE_CHECKING:
    from bridge.net.pump import Reactor

Ask = Callable[[str, "dict[str, Any]", Peer], "Deferred[Answer]"]
"""
Command, its arguments, who asks: the answer.

Fails with AnswerError where it cannot be done; anything else is a bug of ours.
"""

MOST = 256
"""Clients at a time.  One more ends whoever has been silent for the longest."""

BACKLOG = 1024
"""Who may wait to be taken: a unix socket turns the next one away (EAGAIN)."""

RETRY = 0.25
"""Seconds until the next try after this host was short of something."""

MODE = 0o600

_log = Logger()


@implementer(IReadDescriptor)
class AdminSocket:
    """
    At *path*, from ``bind`` until ``close``; *owner* is the user and group that it is
    given to, None: those of this process.
    """

    def __init__(
        self,
        reactor: Reactor,
        path: str,
        ask: Ask,
        owner: tuple[int, int] | None = None,
    ) -> None:
        self.path = path
        self.clock = reactor
        self.slices = Slices(reactor)
        self.silent: dict[Client, None] = {}
        """Clients who are not being answered, the longest silent first."""
        self.clients: set[Client] = set()
        self._turnstile = Turnstile(reactor, self.slices)
        self._ask = ask
        self._owner = owner
        self._listener: Listener | None = None
        self._listens = False

    # Opening and closing

    def bind(self) -> None:
        """
        Have the socket, without a moment in which others may use it; who connects waits
        until ``start``.  Raises OSError.
        """
        self._listener = made = listen_unix(self.path, MODE)
        try:
            if self._owner is not None:
                os.chown(self.path, *self._owner, follow_symlinks=False)
            made.socket.setblocking(False)
            made.socket.listen(BACKLOG)
        except BaseException:
            self._remove(made)
            raise

    def start(self) -> None:
        """Take clients."""
        self._listens = True
        self._turnstile.addReader(self)

    def close(self) -> None:
        """Take and answer nobody any more, and remove the socket's name."""
        self._listens = False
        for client in tuple(self.clients):
            client.abort()
        self._turnstile.close()
        self.slices.close()
        made, self._listener = self._listener, None
        if made is not None:
            self._remove(made)

    @staticmethod
    def _remove(made: Listener) -> None:
        made.socket.close()
        with suppress(OSError):  # not ours any more, or of a user that this one was
            made.remove_name()

    # What the reactor calls

    def fileno(self) -> int:
        return -1 if self._listener is None else self._listener.socket.fileno()

    def logPrefix(self) -> str:
        return "bridge.control"

    def doRead(self) -> None:
        """Take one client."""
        assert self._listener is not None
        try:
            accepted, _ = self._listener.socket.accept()
        except BlockingIOError:
            return
        except OSError:
            self._pause()
            return
        accepted.setblocking(False)
        client = Client(self)
        client.makeConnection(Server(accepted, client, "", None, 0, self._turnstile))

    def connectionLost(self, reason: Failure) -> None:
        """The reactor's word that it has met a bug; it reads no more."""
        self._listens = False

    def _pause(self) -> None:
        """Of descriptors, mostly; sessions and clients end meanwhile."""
        self._turnstile.removeReader(self)
        self.clock.callLater(RETRY, self._resume)

    def _resume(self) -> None:
        if self._listens:
            self._turnstile.addReader(self)

    # Clients

    def came(self, client: Client) -> bool:
        """Whether there is room for *client*, after whoever makes it has left."""
        if len(self.clients) >= MOST:
            longest = next(iter(self.silent), None)
            if longest is None:
                return False
            longest.refuse("there are too many clients, and this one was silent")
        self.clients.add(client)
        return True

    def went(self, client: Client) -> None:
        self.clients.discard(client)
        self.silent.pop(client, None)

    def ask(self, request: Request, peer: Peer) -> Deferred[Answer]:
        """What the gateway says to it.  Fails with AnswerError only."""
        changes = COMMANDS[request.command].changes
        if changes:
            _log.info(
                "ordered: {what}, by {who}",
                event="ordered",
                what=str(request),
                who=str(peer),
            )
        done = maybeDeferred(self._ask, request.command, dict(request.args), peer)
        return done.addErrback(_not_done, request, changes)


def _not_done(failure: Failure, request: Request, changes: bool) -> Failure:
    if failure.check(AnswerError) is None:
        _log.failure("A bug in the gateway; {what} is not done", failure, what=request)
        failure = Failure(
            AnswerError("a bug in the gateway: its log has the traceback")
        )
    elif changes:
        why = failure.getErrorMessage()
        _log.warn(
            "not done: {what}: {why}", event="not_done", what=str(request), why=why
        )
    return failure
