"""
Replies of an SMTP server (RFC 5321, section 4.2): bytes in, one reply out.

Lines may end in LF alone.  A reply is as long as the server makes it; who reads from
the network says how many bytes it is worth.
"""

from __future__ import annotations

from typing import NamedTuple

LINE = 2048
"""Bytes that a line may have.  RFC 5321 has 512; servers have been seen with more."""


class SmtpReplyError(ValueError):
    """This is no reply.  The message says what is wrong."""


class SmtpReply(NamedTuple):
    code: int
    lines: tuple[bytes, ...]
    """What stands behind the code in each line."""
    raw: bytes
    """All of it, line ends included."""

    def __str__(self) -> str:
        """For a log, in one line; what is not ASCII is escaped."""
        text = b" ".join((b"%d" % self.code, *self.lines))[:200]
        return text.decode("ascii", "backslashreplace")


def smtp_reply(data: bytes) -> SmtpReply | None:
    """
    The reply that *data* begins with; None: more of it has to come.

    Raises SmtpReplyError.
    """
    lines: list[bytes] = []
    start, code = 0, b""
    while True:
        end = data.find(b"\n", start)
        line = data[start : end if end >= 0 else None].removesuffix(b"\r")
        if len(line) > LINE:
            raise SmtpReplyError("a line is too long")
        if end < 0:
            return None
        if not (line[:3].isdigit() and line[3:4] in (b"", b" ", b"-")):
            raise SmtpReplyError(f"{line[:40]!r} is no reply")
        if code not in (b"", line[:3]):
            raise SmtpReplyError(f"codes {code.decode()} and {line[:3].decode()}")
        code, start = line[:3], end + 1
        lines.append(line[4:])
        if line[3:4] != b"-":
            return SmtpReply(int(code), tuple(lines), data[:start])
