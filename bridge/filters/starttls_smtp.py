"""TLS within a session of SMTP (RFC 3207), or LMTP."""

from __future__ import annotations

from bridge.filters.starttls_said import Heard, Protocol, Ruling, Word, text_of
from bridge.wire.smtp_reply import SmtpReply, smtp_reply

HELLO = {b"EHLO", b"HELO", b"LHLO"}
HARMLESS = {b"NOOP", b"QUIT", b"RSET", b"HELP"}
ANY_TIME = HARMLESS | {b"VRFY", b"EXPN"}
"""Commands that need no EHLO (RFC 5321, section 4.1.4)."""

UNREADABLE = b"500 5.5.2 Syntax error\r\n"
ARGUMENTS = b"501 5.5.4 STARTTLS has no parameters\r\n"
TWICE = b"503 5.5.1 TLS is active already\r\n"
READY = b"220 2.0.0 Ready to start TLS\r\n"
FIRST = b"530 5.7.0 Must issue a STARTTLS command first\r\n"
HELLO_FIRST = b"503 5.5.1 Send EHLO first\r\n"


class Smtp(Protocol):
    """
    After TLS nothing holds that was said before (RFC 3207, section 4.2).  The server
    knows of the first EHLO and cannot be made to forget; so until it has heard another
    one, no command gets to it that the first would serve.
    """

    sorry = b"421 4.3.0 Service not available, try again later\r\n"

    def __init__(self, required: bool) -> None:
        super().__init__(required)
        self._hello_first = False
        self._asked = b""

    def secured(self) -> None:
        super().secured()
        self._hello_first = True

    def said(self, line: bytes) -> Ruling:
        text = text_of(line)
        if text is None:
            return Word.NO, UNREADABLE
        verb, *arguments = text.split(None, 1) or [b""]
        verb = verb.upper()
        if verb == b"STARTTLS":
            return self._starttls(bool(arguments))
        self._asked = verb
        if verb in HELLO or verb in (HARMLESS if self.barred else ANY_TIME):
            return Word.GO, b""
        if not (self.barred or self._hello_first):
            return Word.REST, b""
        # The bytes of a chunk come with it, whatever is replied (RFC 3030).
        word = Word.END if verb == b"BDAT" else Word.NO
        return word, FIRST if self.barred else HELLO_FIRST

    def _starttls(self, arguments: bool) -> Ruling:
        if self.secure:
            return Word.NO, TWICE
        return (Word.NO, ARGUMENTS) if arguments else (Word.TLS, READY)

    def heard(self, data: bytes) -> Heard | None:
        reply = smtp_reply(data)
        if reply is None:
            return None
        if self._asked not in HELLO or reply.code != 250:
            return Heard(len(reply.raw))
        self._hello_first = False
        if self._asked == b"HELO":
            return Heard(len(reply.raw))
        return Heard(len(reply.raw), self._capabilities(reply))

    def _capabilities(self, reply: SmtpReply) -> bytes:
        hidden = {b"STARTTLS"} | ({b"AUTH"} if self.barred else set())
        name, *offered = reply.lines
        lines = [each for each in offered if _keyword(each) not in hidden]
        if not self.secure:
            lines.insert(0, b"STARTTLS")
        *most, last = [name, *lines]
        return b"".join(b"250-%b\r\n" % each for each in most) + b"250 %b\r\n" % last


def _keyword(line: bytes) -> bytes:
    """``AUTH``, of ``AUTH=LOGIN`` too, which some servers say for old clients."""
    return line.replace(b"=", b" ").partition(b" ")[0].upper()
