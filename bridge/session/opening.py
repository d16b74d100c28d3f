"""
What is read of a client before its session has a farm: one stage after another.

Here: the stages there are, each of which ends well or refuses the client.  Not here: in
which order they come (``flow.stages``), how a ClientHello (``greeting``) or a PROXY
header (``identifying``) is read, which names lead where (``destination``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from bridge.net.direction import Owner
from bridge.net.handshake import Handshake
from bridge.net.security import TLSError
from bridge.net.stream import READ_SIZE
from bridge.net.tls import TLSStream
from bridge.session.admission import Guest
from bridge.session.flow import Event
from bridge.session.greeting import Greeting

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.net.deadlines import Deadlines
    from bridge.net.security import Security
    from bridge.net.stream import Stream
    from bridge.session.destination import Destination
    from bridge.session.live import Silent
    from bridge.session.rare import Said
    from bridge.session.terms import Terms
    from bridge.wire.client_hello import ClientHello
    from bridge.wire.proxy_value import ProxyHeader

UNRECOGNIZED_NAME = b"\x15\x03\x03\x00\x02\x02\x70"
"""A fatal alert as one record (RFC 6066, section 3; RFC 8446, sections 5.1 and 6)."""

DECODE_ERROR = b"\x15\x03\x03\x00\x02\x02\x32"
"""Likewise, of what is no ClientHello (RFC 8446, section 6.2)."""

_NO_NAME = "who asks for no name"


class Opened(Guest, Owner, Protocol):
    """Whose opening it is: a session."""

    front: Stream
    """The client's; TLS puts another in its place."""
    destination: Destination | None
    """Where it goes, once that is known."""
    asked: str
    """Whom the client asks for."""
    rare: Said
    """What a PROXY header says, mostly unread."""
    identity: ProxyHeader | None
    """Whom its peer speaks for: what is kept of that; None: it is the client."""
    ahead: int
    """Bytes of a PROXY header that stay in front of the client's own."""

    at: Any
    """What it is at."""

    @property
    def terms(self) -> Terms: ...

    def handle(self, event: Event) -> None:
        """What has become of a stage."""


class Stage(Protocol):
    """One of the things that are read."""

    def begin(self) -> None:
        """Read.  The opening may hear what has become of it from within this call."""

    def give_up(self) -> None:
        """Wait for a word no longer; what has begun goes on."""

    def cancel(self) -> None:
        """Read no more.  Nobody is told."""


class Opening:
    """
    Of *opened*, on *terms*.

    *silence* has the time for which a client may say nothing, where one may.
    """

    __slots__ = ("_passed", "_stage", "opened", "silence", "terms")

    def __init__(
        self, opened: Opened, terms: Terms, silence: Deadlines[Silent]
    ) -> None:
        self.opened = opened
        self.terms = terms
        self.silence = silence
        self._passed = 0
        """Stages that are over."""
        self._stage: Stage | None = None

    def begin(self, stage: Callable[[Opening], Stage]) -> None:
        """*stage* is the next one."""
        self._stage = begun = stage(self)
        begun.begin()

    def give_up(self) -> None:
        """What the client would say first is waited for no longer."""
        if self._stage is not None:
            self._stage.give_up()

    def cancel(self) -> None:
        """Read no more.  Nobody is told."""
        stage, self._stage = self._stage, None
        if stage is not None:
            stage.cancel()

    # What the stages report

    def passed(self) -> None:
        """It is over: the next one, or the farm."""
        self._stage = None
        self._passed += 1
        self.opened.handle(self.terms.stages[self._passed])

    def refuse(self, event: Event, reason: str) -> None:
        """Its *event* is the end."""
        self.opened.reason = reason
        self.opened.handle(event)

    # What the deadline reports

    def silent(self) -> None:
        """The client has not said a word for ``greeting`` seconds."""
        self.opened.handle(Event.SILENT)


class Later(Opening):
    """TLS in the middle of a session: nothing of it is before, and no farm behind."""

    __slots__ = ("_secured",)

    def __init__(
        self,
        opened: Opened,
        terms: Terms,
        silence: Deadlines[Silent],
        secured: Callable[[], object],
    ) -> None:
        super().__init__(opened, terms, silence)
        self._secured = secured

    def passed(self) -> None:
        self._stage = None
        self._secured()


class Reading:
    """The stage of TO_READ: whom the client asks for, unopened, is its farm."""

    __slots__ = ("_greeting", "_opening")

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._greeting: Greeting | None = None

    def begin(self) -> None:
        """Read; one who says nothing may have a farm too."""
        opening = self._opening
        self._greeting = greeting = Greeting(opening.opened.front, self)
        greeting.begin()
        routes, silence = opening.terms.routes, opening.silence
        over = self._greeting is None
        if over or greeting.seen or routes is None or routes.default is None:
            return
        silence[opening] = opening.terms.house.seconds() + silence.seconds
        if not silence.armed:
            silence.arm()

    def give_up(self) -> None:
        """The client waits for the server to speak first: to the default."""
        greeting = self._greeting
        if greeting is not None and not greeting.seen:
            greeting.give_up()
            self._go(None, "")

    def cancel(self) -> None:
        self._greeting = None
        self._opening.silence.pop(self._opening, None)

    # What the greeting reports

    def greeted(self, stream: Stream, hello: ClientHello) -> None:
        self._opening.opened.asked = hello.asked
        self._go(hello.server_name, f"no farm for {hello.asked or _NO_NAME}")

    def ungreeted(self, stream: Stream, error: ValueError) -> None:
        self._go(None, str(error))

    def broken(self, stream: Stream, error: OSError) -> None:
        self._opening.opened.broken(stream, error)

    def _go(self, name: str | None, otherwise: str) -> None:
        self.cancel()
        opening = self._opening
        routes = opening.terms.routes
        assert routes is not None
        destination = opening.opened.destination = routes.find(name)
        if destination is not None:
            opening.passed()
        else:
            opening.refuse(Event.BAD_HEADER, otherwise)


class Securing:
    """The stage of TO_SECURE: TLS, with the certificate that the client asks for."""

    __slots__ = ("_opening",)

    def __init__(self, opening: Opening) -> None:
        self._opening = opening

    def begin(self) -> None:
        """Begin the handshake, or read first which certificate it is to have."""
        security = self._opening.terms.security
        if security is not None:
            self._shake(security)
        else:
            Greeting(self._opening.opened.front, self).begin()

    def give_up(self) -> None:
        """Nobody may be silent here."""

    def cancel(self) -> None:
        """Who closes the stream ends its handshake."""

    def _shake(self, security: Security) -> None:
        opening = self._opening
        opened, linger = opening.opened, opening.terms.timeouts.close
        opened.front = front = TLSStream(opened.front, security, linger)
        Handshake(front, self).begin()

    # What the handshake reports

    def secured(self, stream: TLSStream) -> None:
        self._opening.passed()

    def unsecured(self, stream: TLSStream, error: TLSError) -> None:
        self._refuse(stream, str(error))

    def _refuse(self, stream: Stream, why: str) -> None:
        try:  # with bytes unread, close(2) resets and the alert is lost
            stream.socket.recv(READ_SIZE)
        except OSError:  # it will be said again
            pass
        self._opening.refuse(Event.TLS_FAILED, why)

    # What the greeting reports

    def greeted(self, stream: Stream, hello: ClientHello) -> None:
        securities = self._opening.terms.securities
        assert securities is not None
        self._opening.opened.asked = hello.asked
        security = securities.find(hello.server_name, hello.offer)
        if security is not None:
            self._shake(security)
        else:
            stream.write(UNRECOGNIZED_NAME)
            self._refuse(stream, f"no certificate for {hello.asked or _NO_NAME}")

    def ungreeted(self, stream: Stream, error: ValueError) -> None:
        """
        What cannot be read is OpenSSL's to refuse, with its alert: as on a front with
        one certificate, where nobody looks at the hello before.
        """
        securities = self._opening.terms.securities
        assert securities is not None
        if securities.first is not None:
            self._shake(securities.first)
        else:
            stream.write(DECODE_ERROR)
            self._refuse(stream, str(error))

    def broken(self, stream: Stream, error: OSError) -> None:
        self._opening.opened.broken(stream, error)
