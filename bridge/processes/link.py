"""
What the supervisor and a worker say to each other: AMP over a pair of sockets.

One AMP command carries it all: messages, which are JSON objects with a topic, in
pieces, since a value of AMP's holds 64 KiB and ten thousand sessions take more.  Both
sides are one program, or two versions of it (after an upgrade): a topic that one of
them does not know is passed over, and asking for it is answered with an error.

Not here: what is said (``worker``, ``forked``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols import amp
from twisted.python.failure import Failure
from zope.interface import implementer

PIECE = 60_000
"""Bytes of a message that go into one box of AMP's, which hold 65,535."""

MOST = 64 << 20
"""Bytes of one message.  More is a bug of the other side: the link is cut."""

Message: TypeAlias = dict[str, Any]
"""What JSON knows as an object."""

Hears: TypeAlias = Callable[[Message], "Message | Deferred[Message] | None"]
"""Told of a message; what it returns is the answer, where one is asked for."""

_ANSWER, _ASKED, _ERROR = "answer", "ask", "error"


class Piece(amp.Command):
    """Some of a message; it is whole with the *last* one."""

    commandName = b"piece"
    arguments = [(b"piece", amp.String()), (b"last", amp.Boolean())]
    requiresAnswer = False


class Bytes(amp.Command):
    """
    A piece of the hub's stream (``service.hub``), whose answer says that it was taken:
    who hangs is sent no more, and so costs bounded memory.
    """

    commandName = b"bytes"
    arguments = [(b"piece", amp.String())]


class AskError(Exception):
    """The other side cannot answer.  The text is its reason, in one line."""


class LinkLostError(Exception):
    """The other side is gone, with what it was asked."""


@implementer(IPushProducer)
class Link(amp.AMP):
    """One end.  *lost* is called once the other is gone."""

    _log = Logger()

    def __init__(self, lost: Callable[[], None]) -> None:
        super().__init__()
        self._lost = lost
        self._topics: dict[str, Hears] = {}
        self._asked: dict[int, Deferred[Message]] = {}
        self._number = 0
        self._pieces: list[bytes] = []
        self._size = 0
        self.up = False
        self.full = False
        """The other side does not read: what can be left out should be."""
        self.taken: Callable[[bytes], object] = lambda piece: None
        """Told of the hub's stream.  Raises nothing."""

    def pass_on(self, piece: bytes) -> Deferred[object]:
        """Some of the hub's stream.  Fires once the other side has taken it."""
        sent: Deferred[object] = self.callRemote(Bytes, piece=piece)
        return sent

    def on(self, topic: str, hears: Hears) -> None:
        """Have *hears* told of messages of that *topic*."""
        self._topics[topic] = hears

    def send(self, topic: str, message: Message) -> None:
        """Say it, and expect nothing; to one that is gone it is not said."""
        self._send({"topic": topic, "message": message})

    def ask(self, topic: str, message: Message) -> Deferred[Message]:
        """The answer.  Fails with AskError, or with LinkLostError."""
        answer: Deferred[Message] = Deferred()
        if not self.up:
            answer.errback(LinkLostError())
            return answer
        self._number += 1
        self._asked[self._number] = answer
        self._send({"topic": topic, "message": message, _ASKED: self._number})
        return answer

    def cut(self) -> None:
        """Say nothing more."""
        transport = cast(Any, self.transport)
        if transport is not None:
            transport.unregisterProducer()  # a paused one would be waited for
            transport.loseConnection()

    # AMP's side

    def connectionMade(self) -> None:
        super().connectionMade()
        self.up = True
        cast(Any, self.transport).registerProducer(self, True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self.up = False
        asked, self._asked = self._asked, {}
        for answer in asked.values():
            answer.errback(LinkLostError())
        self._lost()

    # What the transport asks for

    def pauseProducing(self) -> None:
        self.full = True

    def resumeProducing(self) -> None:
        self.full = False

    def stopProducing(self) -> None:
        """Its loss is told by ``connectionLost``."""

    @Piece.responder
    def _piece(self, piece: bytes, last: bool) -> dict[str, object]:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > MOST:
            self._log.error("a message of another process is too long: it is cut off")
            self.cut()
        elif last:
            whole = b"".join(self._pieces)
            self._pieces, self._size = [], 0
            try:
                self._hear(json.loads(whole))
            except Exception:  # a bug, and no reason to lose the other process
                self._log.failure("A bug in the gateway, met by a message")
        return {}

    @Bytes.responder
    def _bytes(self, piece: bytes) -> dict[str, object]:
        self.taken(piece)
        return {}

    def _send(self, box: Message) -> None:
        if not self.up:
            return
        data = json.dumps(box, separators=(",", ":")).encode()
        for start in range(0, len(data), PIECE):
            last = start + PIECE >= len(data)
            self.callRemote(Piece, piece=data[start : start + PIECE], last=last)

    def _hear(self, box: Message) -> None:
        message = box["message"]
        if _ANSWER in box:
            self._answered(box[_ANSWER], message, box.get(_ERROR))
            return
        hears = self._topics.get(box["topic"])
        number = box.get(_ASKED)
        if number is None:
            if hears is not None:
                hears(message)
            return
        asked: Deferred[Any] = maybeDeferred(self._reply, hears, box)
        asked.addCallbacks(
            lambda said: self._send({"message": said or {}, _ANSWER: number}),
            lambda failure: self._send(
                {"message": {}, _ANSWER: number, _ERROR: self._why(failure)}
            ),
        )

    def _reply(self, hears: Hears | None, box: Message) -> Any:
        if hears is None:
            raise AskError(f"this version knows nothing of {box['topic']}")
        return hears(box["message"])

    def _why(self, failure: Failure) -> str:
        if failure.check(AskError) is not None:
            return str(failure.value)
        self._log.failure("A bug in the gateway, met by a question", failure)
        return f"a bug in the gateway: {failure.getErrorMessage()}; see its log"

    def _answered(self, number: int, message: Message, error: str | None) -> None:
        answer = self._asked.pop(number, None)
        if answer is None:
            return
        if error is not None:
            answer.errback(AskError(error))
        else:
            answer.callback(message)
