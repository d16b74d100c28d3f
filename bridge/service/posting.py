"""
Messages between the supervisor and a worker, as bytes in pieces of a bounded size.

A message is a dict of JSON.  They go as lines of one stream that is cut into pieces
anywhere; a piece is under way at a time, until the other end has taken it.  So what
waits for an end that is slow, or stopped, waits here, where a later message takes the
place of an earlier one about the same thing.

Here: the two ends of such a stream.  Not here: what carries the pieces, and what is
said.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

PIECE = 32 * 1024
"""Bytes in one at most: what carries them (AMP) takes 64 KiB."""

LONGEST = 16 * 1024 * 1024
"""
Bytes of one message, which none comes near: what is longer is a stream that has lost
its lines, and not to be kept.
"""

Message: TypeAlias = dict[str, Any]
Send: TypeAlias = Callable[[bytes], Deferred[object]]
"""Carries one piece; fires when the other end has it, fails when there is none."""


class Post:
    """
    What is said to one other end, through *send*, in the order it was said.

    What is put within one turn of the reactor goes together.
    """

    def __init__(self, clock: IReactorTime, send: Send) -> None:
        self._clock = clock
        self._send = send
        self._waiting: OrderedDict[Hashable, Message] = OrderedDict()
        self._begun = b""
        """Lines that have left the queue, as far as they are not sent."""
        self._under_way = False
        self._timer: IDelayedCall | None = None
        self._stopped = False

    def put(self, message: Message, about: Hashable = None) -> None:
        """
        Say *message*, in the place of one that waits still and is *about* the same;
        None: it is about nothing else.
        """
        if not self._stopped:
            self._waiting[object() if about is None else about] = message
            self._soon()

    def withdraw(self, about: Hashable) -> bool:
        """Do not say what waits *about* that.  False: nothing does, it may be said."""
        return self._waiting.pop(about, None) is not None

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def stop(self) -> None:
        """Say nothing any more."""
        self._stopped = True
        self._waiting.clear()
        self._begun = b""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _soon(self) -> None:
        if self._timer is None and not self._under_way and not self._stopped:
            self._timer = self._clock.callLater(0, self._go)

    def _go(self) -> None:
        self._timer = None
        piece = self._piece()
        if piece:
            self._under_way = True
            maybeDeferred(self._send, piece).addCallbacks(self._arrived, self._lost)

    def _piece(self) -> bytes:
        lines, size = [self._begun], len(self._begun)
        while self._waiting and size < PIECE:
            _, message = self._waiting.popitem(last=False)
            lines.append(json.dumps(message, separators=(",", ":")).encode() + b"\n")
            size += len(lines[-1])
        whole = b"".join(lines)
        self._begun = whole[PIECE:]
        return whole[:PIECE]

    def _arrived(self, _: object) -> None:
        self._under_way = False
        if self._begun or self._waiting:
            self._soon()

    def _lost(self, _: Failure) -> None:
        """There is nobody there; whoever carries the pieces says so."""
        self.stop()


class Lines:
    """The messages in a stream of pieces."""

    _log = Logger()

    def __init__(self) -> None:
        self._begun = b""

    def deliver(self, piece: bytes, to: Callable[[Message], None]) -> None:
        """
        Hand those that end in *piece* over.

        Both ends are ours, so what raises is a bug: it is logged, and the rest goes on.
        """
        try:
            for message in self.feed(piece):
                self._hand_over(message, to)
        except ValueError:
            self._log.failure("A bug in the gateway, met in what a process says")

    def _hand_over(self, message: Message, to: Callable[[Message], None]) -> None:
        try:
            to(message)
        except Exception:
            self._log.failure(
                "A bug in the gateway, met in a message of kind {kind}",
                kind=message.get("kind"),
            )

    def feed(self, piece: bytes) -> Iterator[Message]:
        """Those that end in *piece*.  Raises ValueError: there are none to be had."""
        *whole, self._begun = (self._begun + piece).split(b"\n")
        if len(self._begun) > LONGEST:
            self._begun = b""
            raise ValueError(f"a message is longer than {LONGEST} bytes")
        for line in whole:
            message = json.loads(line)
            if not isinstance(message, dict):
                raise ValueError("a message is no object")
            yield message
