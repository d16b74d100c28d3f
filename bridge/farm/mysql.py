"""
The question to a MySQL or MariaDB server: a login that is meant to be refused.

Who connects and leaves without one is counted, and after ``max_connect_errors`` of
those (100) the server refuses every connection of that address with error 1129 until
somebody flushes its hosts.  A login that was refused is not counted.

Here: as much of the protocol as that takes (MySQL's documentation, "Connection Phase").
Not here: how a question is asked (``probe``).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.farm.probe import Outcome, Question, quoted
from bridge.farm.products import LIMIT, bounded

USER = b"bridge-check"
"""It need not exist.  If it does, without password and rights, nothing is logged."""

_OK, _MORE, _SWITCH, _ERROR = 0x00, 0x01, 0xFE, 0xFF  # a packet's first byte
_PROTOCOL = 10
_GREETING = re.compile(rb"\x0a[^\0]+\0[\x00-\xff]{31,}")  # of version 10
_NATIVE = b"mysql_native_password"
_FAST = b"\x01\x03"  # caching_sha2_password: the password was known, OK follows
_PACKETS = 8
"""More than that no login takes."""

# Long passwords, protocol 4.1, secure connection, plugins: what 5.5 knows already.
_CAPABILITIES = 0x00000001 | 0x00000200 | 0x00008000 | 0x00080000
_UTF8 = 33

_DOWN = frozenset({1037, 1038, 1040, 1041, 1042, 1043, 1053, 1129, 1130, 1135})
"""
Errors that sessions would get too: out of memory, too many connections, a host that is
not resolved, blocked or allowed, a bad handshake, a shutdown, no thread.  Any other is
about the user.
"""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came so far, understood: what to say to it, and what it proves."""

    says: bytes = b""
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Mysql(Question):
    """The whole handshake of a user without password; a QUIT if that is let in."""

    def says(self, answer: bytes) -> bytes:
        return self._hear(answer).says

    @property
    def leaves_last(self) -> bool:
        return True

    def judge(self, answer: bytes) -> Outcome | None:
        if not _may_become_greeting(answer):
            return Outcome(False, self.lack(answer))
        outcome = self._hear(answer).outcome
        return bounded(outcome, answer, self.lack(answer))

    def lack(self, answer: bytes) -> str:
        if self._hear(answer).says:
            return "greeted, and left the login unanswered"
        return f"answered {quoted(answer)} instead of MySQL's greeting"

    def _hear(self, answer: bytes) -> _Heard:
        says = b""
        for number, (sequence, body) in enumerate(_packets(answer[:LIMIT])):
            if body[0] == _ERROR:
                return _Heard(says, _error(body, greeted=number > 0))
            if number == 0:
                if not _GREETING.fullmatch(body):
                    return _Heard(outcome=Outcome(False, f"greeted {quoted(body)}"))
                says += _packet(sequence + 1, _login())
            elif body[0] == _OK:
                bye = _packet(0, b"\x01")  # COM_QUIT
                return _Heard(says + bye, Outcome(True, "let us in"))
            elif number == _PACKETS or body[0] not in (_SWITCH, _MORE):
                wrong = f"answered the login with {quoted(body)}"
                return _Heard(says, Outcome(False, wrong))
            elif body != _FAST:
                says += _packet(sequence + 1, _no_password(body))
        return _Heard(says)


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Sequence number and payload of each packet that is whole; none is empty."""
    at = 0
    while len(data) >= at + 4:
        size, sequence = int.from_bytes(data[at : at + 3], "little"), data[at + 3]
        body = data[at + 4 : at + 4 + size]
        if len(body) < max(1, size):
            return
        yield sequence, body
        at += 4 + size


def _packet(sequence: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([sequence & 0xFF]) + body


def _login() -> bytes:
    """HandshakeResponse41."""
    fixed = struct.pack("<IIB23x", _CAPABILITIES, 1 << 24, _UTF8)
    return fixed + USER + b"\0" + b"\0" + _NATIVE + b"\0"


def _no_password(body: bytes) -> bytes:
    """The answer to AuthSwitchRequest and AuthMoreData of who has none."""
    native = body[0] == _SWITCH and body[1:].startswith(_NATIVE + b"\0")
    return b"" if native else b"\0"


def _error(body: bytes, *, greeted: bool) -> Outcome:
    """What ERR_Packet says: its number, a state after ``#`` once greeted, its words."""
    number = int.from_bytes(body[1:3], "little")
    words = body[9:] if body[3:4] == b"#" else body[3:]
    told = f"answered error {number}, {quoted(words)}"
    return Outcome(greeted and number not in _DOWN, told)


def _may_become_greeting(answer: bytes) -> bool:
    """False for what is certainly no MySQL, before it has filled the limit."""
    size = int.from_bytes(answer[:3].ljust(3, b"\0"), "little")
    return (
        size <= LIMIT - 4
        and answer[3:4] in (b"", b"\0")
        and (len(answer) < 5 or answer[4] in (_PROTOCOL, _ERROR))
        and not (len(answer) >= 4 and not size)
    )
