"""TLS within a session of POP3: ``STLS`` (RFC 2595, section 4)."""

from __future__ import annotations

from bridge.filters.starttls_said import Heard, Protocol, Ruling, Word, text_of

HARMLESS = {b"CAPA", b"QUIT", b"NOOP"}


class Pop3(Protocol):
    sorry = b"-ERR [SYS/TEMP] Service not available, try again later\r\n"

    def __init__(self, required: bool) -> None:
        super().__init__(required)
        self._asked = b""
        self._listing = False
        """The capabilities come, a line each."""

    def said(self, line: bytes) -> Ruling:
        text = text_of(line)
        if text is None:
            return Word.NO, b"-ERR Syntax error\r\n"
        verb, *arguments = text.split(None, 1) or [b""]
        verb = verb.upper()
        if verb == b"STLS":
            return self._stls(bool(arguments))
        if verb in HARMLESS:
            self._asked = verb
            return Word.GO, b""
        if self.barred:
            return Word.NO, b"-ERR STLS comes first\r\n"
        return Word.REST, b""

    def _stls(self, arguments: bool) -> Ruling:
        if self.secure:
            return Word.NO, b"-ERR TLS is active already\r\n"
        if arguments:
            return Word.NO, b"-ERR STLS has no arguments\r\n"
        return Word.TLS, b"+OK Begin TLS negotiation\r\n"

    def heard(self, data: bytes) -> Heard | None:
        size = data.find(b"\n") + 1
        if not size:
            return None
        if self._listing:
            return self._listed(data[:size])
        good = data.startswith(b"+OK")
        if not good and not data.startswith(b"-ERR"):
            raise ValueError(f"{data[:40]!r} is no reply")
        self._listing = good and self._asked == b"CAPA"
        if not self._listing:
            return Heard(size)
        offer = b"" if self.secure else b"STLS\r\n"
        return Heard(size, data[:size] + offer, answers=False)

    def _listed(self, line: bytes) -> Heard:
        capability, *_ = line.split() or [b""]
        if capability == b".":
            self._listing = False
            return Heard(len(line))
        hidden = {b"STLS"} | ({b"USER", b"SASL"} if self.barred else set())
        if capability.upper() in hidden:
            return Heard(len(line), b"", answers=False)
        return Heard(len(line), answers=False)
