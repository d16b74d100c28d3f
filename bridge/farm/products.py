"""
Questions to servers of one product, put so that it neither counts nor logs them.

Here: Redis, SMTP and PostgreSQL, one question each; MySQL has a dialogue of its own
(``mysql``).  Not here: how a question is asked (``probe``).  What each server does with
its question was tried on the real one; docs/farms.md tells it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.farm.probe import Outcome, Question, quoted

LIMIT = 4 * 1024
"""Bytes in which an answer must come: a greeting has some hundred, an error fewer."""


def bounded(outcome: Outcome | None, answer: bytes, lack: str) -> Outcome | None:
    """*outcome*, or that there is none in what may be read."""
    if outcome is None and len(answer) >= LIMIT:
        return Outcome(False, f"{lack} in {LIMIT} bytes")
    return outcome


_PING, _QUIT = b"*1\r\n$4\r\nPING\r\n", b"*1\r\n$4\r\nQUIT\r\n"


@dataclass(frozen=True, slots=True)
class Redis(Question):
    """
    PING, then QUIT.

    As arrays, not as plain words, which not every proxy of Redis understands.
    """

    def says(self, answer: bytes) -> bytes:
        outcome = self.judge(answer)
        passed = outcome is not None and outcome.passed
        return _PING + (_QUIT if passed else b"")

    @property
    def leaves_last(self) -> bool:
        return True

    def judge(self, answer: bytes) -> Outcome | None:
        """
        Up if it answers the PING, or wants to know first who asks.

        Any other error says that sessions would get the same: -LOADING, -MASTERDOWN,
        -BUSY, -MISCONF, "max number of clients reached", protected mode.
        """
        line, end, _ = answer[:LIMIT].partition(b"\r\n")
        if line[:1] not in (b"", b"+", b"-"):
            return Outcome(False, self.lack(answer))
        outcome = None
        if end:
            knows = line.startswith((b"+PONG", b"-NOAUTH ", b"-NOPERM "))
            outcome = Outcome(knows, f"answered {quoted(line)}")
        return bounded(outcome, answer, self.lack(answer))

    def lack(self, answer: bytes) -> str:
        return f"answered {quoted(answer)} instead of '+PONG'"


_REPLY = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\n]*?))?\r?\n")
"""One line of a reply, RFC 5321 section 4.2."""

_REPLY_BEGINS = re.compile(rb"(?:[2-5](?:[0-9](?:[0-9](?:[ -][^\n]*|\r)?)?)?)?")


@dataclass(frozen=True, slots=True)
class Smtp(Question):
    """
    The greeting, in full, then QUIT; and it is the server that closes.

    Nothing is said before the greeting is over: who does that is taken for a spammer
    (Postfix's postscreen, "pregreet").  Without a QUIT Postfix logs a lost connection.
    """

    def says(self, answer: bytes) -> bytes:
        outcome = self.judge(answer)
        return b"QUIT\r\n" if outcome is not None and outcome.passed else b""

    @property
    def leaves_last(self) -> bool:
        return True

    def judge(self, answer: bytes) -> Outcome | None:
        window, at = answer[:LIMIT], 0
        while line := _REPLY.match(window, at):
            at = line.end()
            if line[2] != b"-":
                return Outcome(
                    line[1] == b"220", f"answered {quoted(line[0].rstrip())}"
                )
        if not _REPLY_BEGINS.fullmatch(window, at):
            return Outcome(False, self.lack(answer))
        return bounded(None, answer, self.lack(answer))

    def lack(self, answer: bytes) -> str:
        return f"answered {quoted(answer)} instead of an SMTP greeting"


_UNSUPPORTED = "0A000"
"""``feature_not_supported``: an older server's word for a question it does not know."""


@dataclass(frozen=True, slots=True)
class Postgres(Question):
    """
    A GSSENCRequest, which is answered with one byte and forgotten without a word.

    Its elder sister, the SSLRequest, makes a server that does have TLS log "could not
    accept SSL connection" once we leave; a StartupMessage makes it log a role that does
    not exist.  PostgreSQL knows it since version 12; older ones log an error, and are
    up all the same.
    """

    def says(self, answer: bytes) -> bytes:
        # PostgreSQL's documentation, 55.7: its length, and 1234 and 5680.
        return b"\0\0\0\x08\x04\xd2\x16\x30"

    def judge(self, answer: bytes) -> Outcome | None:
        """Up if it answers the question: with yes (G), no (N) or, some proxies, S."""
        window = answer[:LIMIT]
        kind = window[:1]
        if kind in (b"G", b"N", b"S"):
            return Outcome(True, f"answered {quoted(kind)}")
        if kind not in (b"", b"E"):
            return Outcome(False, self.lack(answer))
        return bounded(self._error(window), answer, self.lack(answer))

    def _error(self, window: bytes) -> Outcome | None:
        """What an ErrorResponse says, once it is whole."""
        size = int.from_bytes(window[1:5], "big")
        if len(window) < 5:
            return None
        if size > LIMIT:  # of protocol 2, as before a protocol is agreed on: a text
            text, end, _ = window[1:].partition(b"\0")
            known = b"unsupported frontend protocol" in text
            return Outcome(known, f"answered {quoted(text.strip())}") if end else None
        if len(window) <= size:
            return None
        fields = dict(_fields(window[5 : size + 1]))
        code = fields.get(b"C", b"").decode("ascii", "replace")
        told = quoted(fields.get(b"M", b"")), quoted(code.encode())
        return Outcome(code == _UNSUPPORTED, "answered {} ({})".format(*told))

    def lack(self, answer: bytes) -> str:
        return f"answered {quoted(answer)} instead of what PostgreSQL would"


def _fields(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each field's letter and text (55.8, "Error and Notice Message Fields")."""
    for field in body.split(b"\0"):
        if field:
            yield field[:1], field[1:]
