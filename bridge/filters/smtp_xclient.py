"""
The server of a mail session learns who its client is, by Postfix's ``XCLIENT``.

    filters: ["bridge.filters.smtp_xclient:XClient"]

Before the client hears a word we greet the server, see what it lets us say of the
client, and say it; the server begins anew then, and that greeting is the client's.
https://www.postfix.org/XCLIENT_README.html says what the attributes are.  Postfix gives
nobody but us the command: once it knows the client, it asks whether *that* one may.
So a session goes on without it only where it is not offered; where it is and fails, the
client could call itself anything, and the session ends.
"""

from __future__ import annotations

from enum import Enum, auto
from ipaddress import IPv4Address, IPv6Address, ip_address

from bridge.filters.about import About
from bridge.filters.answers import (
    Answers,
    Drop,
    Pass,
    PassRest,
    Refuse,
    Reply,
    Wait,
    Want,
)
from bridge.filters.filter import Filter
from bridge.wire.smtp_reply import SmtpReply, SmtpReplyError, smtp_reply

MOST = 16 * 1024
"""Bytes of a reply.  Postfix's to EHLO has some 300."""
WITHIN = 300.0
"""Seconds for one, as RFC 5321 section 4.5.3.2 has it for a greeting."""
UNKNOWN = "[UNAVAILABLE]"
SORRY = b"421 4.3.0 Service not available, try again later\r\n"

_UNHEARD_OF = (500, 502)
"""What a server answers that knows no EHLO."""
_NOT_UNDERSTOOD = (500, 501, 502, 503, 504, 550)
"""To the command; any other refusal is meant for the client."""


class _Step(Enum):
    """What the server says next."""

    GREETING = auto()
    OFFER = auto()
    ANSWER = auto()
    OVER = auto()


class XClient(Filter):
    """*required*: a server that does not offer it is none."""

    def __init__(self, about: About, required: bool = False) -> None:
        super().__init__(about)
        if not isinstance(required, bool):  # "no" would be as good as true
            raise ValueError("required is true or false")
        self._required = required
        self._step = _Step.GREETING

    def up(self, data: bytes, ended: bool) -> Answers:
        return (PassRest(),) if self._step is _Step.OVER else (Wait(),)

    def late(self) -> Answers:
        return _sorry("the server does not answer")

    def down(self, data: bytes, ended: bool) -> Answers:
        """The greeting is left to be shown again, until it is known whose it is."""
        try:
            first = smtp_reply(data)
            second = smtp_reply(data[len(first.raw) :]) if first else None
        except SmtpReplyError as error:
            return _sorry(f"this is no SMTP: {error}")
        last = second if self._step is _Step.OFFER else first
        if first is None or last is None:
            return _sorry("the server has gone") if ended else (_WANT,)
        if not data.endswith(last.raw):
            return _sorry("the server speaks out of turn")
        if self._step is _Step.GREETING:
            return self._greeted(first)
        if self._step is _Step.OFFER:
            return self._offered(len(data), last)
        return self._answered(last)

    def lost(self, ending: str, reason: str) -> Answers:
        if self._step is _Step.OVER:
            return ()
        return (Refuse(ending, reason, SORRY),)

    # What the server says, step by step

    def _greeted(self, greeting: SmtpReply) -> Answers:
        if greeting.code != 220:
            return self._go_on()
        self._step = _Step.OFFER
        return (Reply(f"EHLO {_literal(self.about.listen[0])}\r\n".encode()), _WANT)

    def _offered(self, seen: int, reply: SmtpReply) -> Answers:
        if reply.code not in (250, *_UNHEARD_OF):
            return _sorry(f"the server answers EHLO with {reply}")
        offered = _offer(reply)
        if offered is not None:
            self._step = _Step.ANSWER
            return (Drop(seen), Reply(self._command(offered)), _WANT)
        if self._required:
            return _sorry("the server offers no XCLIENT")
        greeting = seen - len(reply.raw)
        self._step = _Step.OVER
        return (Pass(greeting), Drop(len(reply.raw)), PassRest())

    def _answered(self, reply: SmtpReply) -> Answers:
        if reply.code == 220:
            return self._go_on()
        if reply.code in _NOT_UNDERSTOOD:
            return _sorry(f"the server answers XCLIENT with {reply}")
        return (Refuse("denied", f"the server says {reply}", reply.raw),)

    def _go_on(self) -> Answers:
        """All of this, and what follows, is for the client."""
        self._step = _Step.OVER
        return (PassRest(),)

    def _command(self, offered: frozenset[str]) -> bytes:
        (client, port), (listen, listened) = self.about.client, self.about.listen
        known = _address(client) is not None
        values = {
            "ADDR": _value(client),
            "PORT": str(port) if known else UNKNOWN,
            "NAME": UNKNOWN,
            "REVERSE_NAME": UNKNOWN,
            "DESTADDR": _value(listen),
            "DESTPORT": str(listened) if _address(listen) else UNKNOWN,
        }
        said = (f" {name}={xtext(values[name])}" for name in values if name in offered)
        return f"XCLIENT{''.join(said)}\r\n".encode()


_WANT = Want(MOST, WITHIN)


def _sorry(reason: str) -> Answers:
    return (Refuse("dial_failed", reason, SORRY),)


def _offer(reply: SmtpReply) -> frozenset[str] | None:
    """The attributes that a reply to EHLO offers; None: no XCLIENT."""
    for line in reply.lines[1:]:
        word, *attributes = line.decode("ascii", "replace").upper().split()[:32] or [""]
        if word == "XCLIENT":
            return frozenset(attributes)
    return None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """None: it is no address, as that of a unix socket's client is none."""
    try:
        return ip_address(host.partition("%")[0])  # zones are local (RFC 4007)
    except ValueError:
        return None


def _value(host: str) -> str:
    """*host* as an attribute has it."""
    address = _address(host)
    if address is None:
        return UNKNOWN
    return f"IPV6:{address}" if address.version == 6 else str(address)


def _literal(host: str) -> str:
    """*host* as EHLO has it, when there is no name (RFC 5321, section 4.1.3)."""
    address = _address(host)
    if address is None:
        return "localhost"
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def xtext(value: str) -> str:
    """*value* so that it stays one word (RFC 3461, section 4)."""
    return "".join(
        chr(byte) if 33 <= byte <= 126 and byte not in b"+=" else f"+{byte:02X}"
        for byte in value.encode()
    )
