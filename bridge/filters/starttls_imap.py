"""TLS within a session of IMAP (RFC 9051, section 6.2.1)."""

from __future__ import annotations

import re

from bridge.filters.starttls_said import Heard, Protocol, Ruling, Word, text_of

HARMLESS = {b"CAPABILITY", b"NOOP", b"LOGOUT", b"ID"}

_COMMAND = re.compile(rb'([^\x00-\x20\x7f-\xff(){%*"\\+]{1,64}) ([A-Za-z]+)(?: (.*))?')
_LITERAL = re.compile(rb"~?\{([0-9]{1,10})(\+?)\}")
_CAPABILITY = re.compile(
    rb"(\* |[^ ]+ (?:OK|NO|BAD|PREAUTH) \[)(CAPABILITY(?: [^\]\r\n]*)?)",
    re.IGNORECASE,
)
_PREAUTH = re.compile(rb"\* PREAUTH\b", re.IGNORECASE)


class Imap(Protocol):
    sorry = b"* BYE Service not available, try again later\r\n"

    def __init__(self, required: bool) -> None:
        super().__init__(required)
        self._tag = b"*"
        """Of what the server has to reply to; the greeting has none."""
        self._within = False
        """A literal has ended, and the line that it is part of goes on."""

    def said(self, line: bytes) -> Ruling:
        text = text_of(line)
        command = None if text is None else _COMMAND.fullmatch(text)
        if command is None:
            return Word.NO, b"* BAD Syntax error\r\n"
        tag, verb, arguments = command[1], command[2].upper(), command[3]
        if verb == b"STARTTLS":
            return self._starttls(tag, bool(arguments))
        literal = _literal(line)
        if verb in HARMLESS and literal is None:
            self._tag = tag
            return Word.GO, b""
        if not self.barred:
            return Word.REST, b""
        # What a client does not ask leave for comes, whatever is replied (RFC 7888).
        word = Word.END if literal is not None and literal[2] else Word.NO
        return word, tag + b" NO [PRIVACYREQUIRED] STARTTLS comes first\r\n"

    def _starttls(self, tag: bytes, arguments: bool) -> Ruling:
        if self.secure:
            return Word.NO, tag + b" BAD TLS is active already\r\n"
        if arguments:
            return Word.NO, tag + b" BAD STARTTLS has no arguments\r\n"
        return Word.TLS, tag + b" OK Begin TLS negotiation now\r\n"

    def heard(self, data: bytes) -> Heard | None:
        size = data.find(b"\n") + 1
        if not size:
            return None
        line, whole = data[:size], not self._within
        literal = _literal(line)
        self._within = literal is not None
        if literal is not None:
            return Heard(size + int(literal[1]), answers=False)
        if not whole:
            return Heard(size, answers=False)
        if self._tag == b"*" and _PREAUTH.match(line):
            return Heard(size, rest=not self.barred)
        answers = line.startswith(self._tag + b" ")
        if answers:
            self._tag = b""
        found = _CAPABILITY.match(line)
        if found is None:
            return Heard(size, None, answers)
        changed = line[: found.start(2)] + self._offer(found[2]) + line[found.end(2) :]
        return Heard(size, changed, answers)

    def _offer(self, capabilities: bytes) -> bytes:
        words = [each for each in capabilities.split() if each.upper() != b"STARTTLS"]
        if self.barred:
            words = [each for each in words if not _logs_in(each)] + [b"LOGINDISABLED"]
        if not self.secure:
            words.append(b"STARTTLS")
        return b" ".join(words)


def _logs_in(capability: bytes) -> bool:
    upper = capability.upper()
    return upper.startswith(b"AUTH=") or upper in (b"SASL-IR", b"LOGINDISABLED")


def _literal(line: bytes) -> re.Match[bytes] | None:
    """What *line* ends in, if that many bytes belong to it that are no line."""
    text = line.rstrip(b"\r\n")
    start = text.rfind(b"{")
    if start < 0 or not text.endswith(b"}"):
        return None
    return _LITERAL.fullmatch(text, start)
