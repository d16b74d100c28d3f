"""
TLS in front of mail servers that have none, begun within the session (STARTTLS).

    tls: {certificates: [{certificate: mx.pem, key: mx.key}]}
    filters: [{use: "bridge.filters.starttls:StartTls", with: {protocol: smtp}}]

The capability is put into what the server says of itself, and the client's command is
answered here.  Until the client logs in or sends mail, one command at a time goes to
the server, so that its reply is known from others; from then on this filter sees
nothing, and no line of a mail can be taken for a command.  What is said of each
protocol is in ``starttls_smtp``, ``starttls_imap`` and ``starttls_pop3``.
"""

from __future__ import annotations

from bridge.filters.about import About
from bridge.filters.answers import (
    Answers,
    Drop,
    Pass,
    PassRest,
    Refuse,
    Reply,
    Secure,
    Send,
    Wait,
    Want,
)
from bridge.filters.filter import Filter
from bridge.filters.starttls_imap import Imap
from bridge.filters.starttls_pop3 import Pop3
from bridge.filters.starttls_said import Protocol, Word
from bridge.filters.starttls_smtp import Smtp

LINE = 16 * 1024
"""
Bytes of a command, and of a reply.  RFC 4954 allows 12,288 for one that logs in; IMAP's
recommendation is 8,192 (RFC 7162, section 4).
"""

PROTOCOLS: dict[str, type[Protocol]] = {"smtp": Smtp, "imap": Imap, "pop3": Pop3}


class StartTls(Filter):
    """*protocol*: smtp, imap or pop3.  *required*: nothing but TLS before TLS."""

    secures_later = True

    def __init__(self, about: About, protocol: str, required: bool = False) -> None:
        super().__init__(about)
        if protocol not in PROTOCOLS:
            raise ValueError(f"protocol is one of {', '.join(PROTOCOLS)}")
        if not isinstance(required, bool):  # "no" would be as good as true
            raise ValueError("required is true or false")
        self._protocol = PROTOCOLS[protocol](required)
        self._settled = about.secure
        self._replies = 1
        """That the server owes: the greeting, or one to a command."""

    def up(self, data: bytes, ended: bool) -> Answers:
        if self._settled:
            return (PassRest(),)
        if self._replies:
            return (Wait(),)
        line = data[: data.find(b"\n") + 1]
        if line:
            return self._said(line, alone=len(line) == len(data) and not ended)
        if not ended:
            return (Want(LINE),)
        return (Drop(len(data)),) if data else ()  # half a command is none

    def _said(self, line: bytes, alone: bool) -> Answers:
        word, reply = self._protocol.said(line)
        if word is Word.GO:
            self._replies = 1
            return (Pass(len(line)),)
        if word is Word.REST:
            self._settled = True
            return (PassRest(),)
        if word is Word.NO:
            return (Drop(len(line)), Reply(reply))
        if word is Word.END:
            return (Refuse("denied", "a command before TLS that has bytes", reply),)
        if not alone:
            sorry = self._protocol.sorry
            return (Refuse("bad_header", "bytes behind the command for TLS", sorry),)
        return (Drop(len(line)), Reply(reply), Secure())

    def down(self, data: bytes, ended: bool) -> Answers:
        if self._settled:
            return (PassRest(),)
        try:
            heard = self._protocol.heard(data)
        except ValueError as error:
            reason = f"the server does not speak as it should: {error}"
            return (Refuse("dial_failed", reason, self._protocol.sorry),)
        if heard is None:
            if not ended:
                return (Want(LINE),)
            return (Pass(len(data)),) if data else ()
        if heard.answers:
            self._replies = 0
        if heard.rest:
            self._settled = True
            return (PassRest(),)
        if heard.instead is None:
            return (Pass(heard.size),)
        return (Send(heard.instead, heard.size),)

    def secured(self, about: About) -> Answers:
        self._protocol.secured()
        return super().secured(about)

    def lost(self, ending: str, reason: str) -> Answers:
        """A client that has not begun is told, instead of a reset."""
        if self._settled:
            return ()
        return (Refuse(ending, reason, self._protocol.sorry),)
