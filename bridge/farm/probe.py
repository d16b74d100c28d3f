"""
One probe of one server: a question, and what its answer says of the server.

Here: the questions that a check can ask (they touch no socket), the protocol that asks
one over any transport, and the factory that sees a probe through from dial to outcome.
Not here: when to probe, how long it may take, how many outcomes make a verdict
(``check``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from twisted.internet.error import ConnectError, ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IAddress, IConnector, ITCPTransport
from twisted.internet.protocol import ClientFactory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from bridge.net.dial import is_ours
from bridge.net.security import TLSError

HEAD_LIMIT = 8 * 1024
"""Bytes in which an HTTP status must come: what nginx and Apache allow a head."""

ANSWER_LIMIT = 16 * 1024
"""Bytes in which an expected answer must come: HAProxy's default (tune.bufsize)."""

QUOTED = 60
"""Bytes of an answer that a reason quotes: it is one line of a log."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a probe found, and in a few words why."""

    passed: bool | None
    """None: nothing was learned of the server, because the fault is this host's."""
    reason: str
    """One line; what came from the network is quoted and escaped."""


class Question(Protocol):
    """What is sent to a server, and how its answer is read.  A value: it keeps none."""

    def says(self, answer: bytes) -> bytes:
        """
        All that we are to have said once *answer* has come.

        Empty to an empty answer: the server speaks first, or need not speak.  It may
        grow with the answer, and end with a farewell to a server that works.
        """
        return b""

    @property
    def leaves_last(self) -> bool:
        """A server that works closes first: its protocol ends with that."""
        return False

    def judge(self, answer: bytes) -> Outcome | None:
        """What all bytes that came so far say; None as long as more are needed."""

    def lack(self, answer: bytes) -> str:
        """What is wrong with *answer*, on which ``judge`` waited for more in vain."""


@dataclass(frozen=True, slots=True)
class Tcp(Question):
    """Being connected is answer enough."""

    send = b""

    def judge(self, answer: bytes) -> Outcome | None:
        return Outcome(True, "connected")

    def lack(self, answer: bytes) -> str:
        raise AssertionError("it never waits for more")


@dataclass(frozen=True, slots=True)
class Exchange(Question):
    """
    *send* is sent, and *expect* must be contained in the answer, anywhere.

    Contained, not at its beginning: servers that greet first, and binary greetings
    whose length comes first, can be checked as well.
    """

    send: bytes
    expect: bytes

    def __post_init__(self) -> None:
        if not 0 < len(self.expect) <= ANSWER_LIMIT:
            raise ValueError(f"expect must have 1 to {ANSWER_LIMIT} bytes")

    def says(self, answer: bytes) -> bytes:
        return self.send

    def judge(self, answer: bytes) -> Outcome | None:
        window = answer[:ANSWER_LIMIT]
        if self.expect in window:
            return Outcome(True, f"answered {quoted(self.expect)}")
        if len(answer) < ANSWER_LIMIT:
            return None
        return Outcome(False, f"{self.lack(answer)} in {ANSWER_LIMIT} bytes")

    def lack(self, answer: bytes) -> str:
        return f"answered {quoted(answer)} instead of {quoted(self.expect)}"


_STATUS_LINE = re.compile(rb"HTTP/1\.[0-9] ([0-9]{3})(?: [^\n]*)?\r?\n")
"""RFC 9112, section 4; a bare LF is taken for a line's end (section 2.2)."""

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_VERSION = b"HTTP/1."
_TARGET = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Http(Question):
    """A GET, of whose answer only the status line is read."""

    path: str
    host: str
    """What the Host field says: the server need not be reachable by it."""
    statuses: tuple[range, ...] = (range(200, 400),)
    """Those that pass."""

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise ValueError(f"{self.path!r} is no path: it begins with /")
        for text in (self.path, self.host):
            if not _TARGET.fullmatch(text):  # else it could end the line it stands in
                raise ValueError(f"{text!r} must be printable ASCII without spaces")

    @property
    def send(self) -> bytes:
        return (
            f"GET {self.path} HTTP/1.1\r\n"
            f"Host: {self.host}\r\n"
            "User-Agent: bridge-check\r\n"
            "Connection: close\r\n\r\n"
        ).encode("ascii")

    def says(self, answer: bytes) -> bytes:
        return self.send

    def judge(self, answer: bytes) -> Outcome | None:
        window = answer[:HEAD_LIMIT]
        status = self._status(window)
        if status is not None:
            passed = any(status in accepted for accepted in self.statuses)
            return Outcome(passed, f"status {status}")
        if not self._may_become_http(window):
            return Outcome(False, self.lack(answer))
        if len(answer) < HEAD_LIMIT:
            return None
        return Outcome(False, f"no status in {HEAD_LIMIT} bytes")

    def lack(self, answer: bytes) -> str:
        return f"answered {quoted(answer)} instead of an HTTP status"

    def _status(self, window: bytes) -> int | None:
        """The final status, once its line is whole."""
        at = 0
        while line := _STATUS_LINE.match(window, at):
            status = int(line[1])
            # An interim answer, like 103 Early Hints, is followed by another; after
            # 101 there would be no more HTTP (RFC 9110, section 15.2).
            if status == 101 or not 100 <= status < 200:
                return status
            end = _HEAD_END.search(window, line.start())
            if end is None:
                return None
            at = end.end()
        return None

    def _may_become_http(self, window: bytes) -> bool:
        """False for what is certainly no HTTP, before it has filled the limit."""
        return window[: len(_VERSION)] == _VERSION[: len(window)] and (
            b"\n" not in window or _STATUS_LINE.match(window) is not None
        )


def quoted(data: bytes) -> str:
    """
    The beginning of *data* as printable ASCII in quotes.

    >>> quoted(b"-ERR\\x1b[31m\\r\\n")
    "'-ERR\\\\x1b[31m\\\\r\\\\n'"
    """
    more = "…" if len(data) > QUOTED else ""
    return repr(data[:QUOTED])[1:] + more


class Asker(TwistedProtocol):
    """Asks *question* of whoever it is connected to; *told* hears the outcome once."""

    transport: ITCPTransport

    def __init__(self, question: Question, told: Callable[[Outcome], None]) -> None:
        self._question = question
        self._told: Callable[[Outcome], None] | None = told
        self._answer = b""
        self._said = 0
        self._gone = False

    def give_up(self, how: str) -> None:
        """No more is waited for; *how*: "within 1 s", "before it closed"."""
        what = self._question.lack(self._answer) if self._answer else "no answer"
        self._tell(Outcome(False, f"{what} {how}"))

    def abort(self) -> None:
        """Be gone, whatever is still in flight.  Tells nobody."""
        self._told = None
        if not self._gone:
            self.transport.abortConnection()

    def connectionMade(self) -> None:
        self._judge()

    def dataReceived(self, data: bytes) -> None:
        if self._told is not None:
            self._answer += data
            self._judge()

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._gone = True
        if reason is None or reason.check(ConnectionDone):
            self.give_up("before it closed")
        elif reason.check(ConnectionAborted):  # by us: a bug met this probe
            self._tell(Outcome(None, "given up"))
        else:
            self.give_up("before a reset")

    def _judge(self) -> None:
        outcome = self._question.judge(self._answer)
        if outcome is None or outcome.passed:
            self._speak()
        if outcome is not None:
            self._tell(outcome)

    def _speak(self) -> None:
        says = self._question.says(self._answer)[self._said :]
        if says:
            self._said += len(says)
            self.transport.write(says)

    def _tell(self, outcome: Outcome) -> None:
        """
        The outcome is clear: part from the server, and say so.

        In good order from one that works: postgres, say, logs every reset; whoever is
        owed a last word closes first, or meets ``abort``.  With a reset from one that
        does not work, which may never acknowledge a FIN.
        """
        told, self._told = self._told, None
        if told is None:
            return
        if not self._gone:
            if not outcome.passed:
                self.transport.abortConnection()
            elif not self._question.leaves_last:
                self.transport.loseConnection()
        told(outcome)


Dialer = Callable[[ClientFactory], Callable[[], None]]
"""
Begins to connect for the factory, which is told exactly once, perhaps from within; and
returns what gives up.  After that the factory is told nothing.
"""


class Probe(ClientFactory):
    """
    One question to one server.

    *told* hears the outcome exactly once, perhaps from within ``begin``; not after
    ``stop``.
    """

    noisy = False

    def __init__(self, question: Question, told: Callable[[Outcome], None]) -> None:
        self._question = question
        self._told: Callable[[Outcome], None] | None = told
        self._asker: Asker | None = None
        self._cancel: Callable[[], None] | None = None

    @property
    def connected(self) -> bool:
        """It has somebody to ask."""
        return self._asker is not None

    def begin(self, dial: Dialer) -> None:
        """Connect, and ask."""
        cancel = dial(self)
        if self._told is not None and self._asker is None:
            self._cancel = cancel

    def late(self, seconds: float) -> None:
        """Its time is up: no connection or no answer, within *seconds*."""
        if self._asker is not None:
            self._asker.give_up(f"within {seconds:g} s")
        else:
            self._undo_dial()
            self._tell(Outcome(False, f"no connection within {seconds:g} s"))

    def stop(self) -> None:
        """Leave nothing behind, and tell nobody."""
        self._told = None
        self._undo_dial()
        if self._asker is not None:
            self._asker.abort()

    def buildProtocol(self, addr: IAddress | None) -> Asker:
        self._cancel = None
        self._asker = Asker(self._question, self._tell)
        return self._asker

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        self._cancel = None
        error = reason.value
        if isinstance(error, TLSError):
            self._tell(Outcome(False, f"TLS: {error}"))
            return
        passed = None if is_ours(error) else False
        if not isinstance(error, ConnectError) or not any(error.args):
            self._tell(Outcome(None, "given up"))
            return
        why = str(error.args[0])
        self._tell(Outcome(passed, why[:1].lower() + why[1:]))

    def _undo_dial(self) -> None:
        cancel, self._cancel = self._cancel, None
        if cancel is not None:
            cancel()

    def _tell(self, outcome: Outcome) -> None:
        told, self._told = self._told, None
        if told is not None:
            told(outcome)
