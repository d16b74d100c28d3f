"""
FTP's control connection: commands and replies, bytes to values (RFC 959, sections 4
and 5.3).

Both are lines, and both may have Telnet's own bytes within (RFC 854): those are not
looked at, and whoever passes a line on passes them, too.  A line ends at its LF,
whatever is before that: this is what servers go by.  Not here: what is said of
addresses and ports (``ftp_addresses``).
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_LINE = 8192
"""
Bytes of a line with its end.  Servers take 4096, a path's length (PATH_MAX), or less.
"""

MAX_REPLY = 16384
"""Bytes of a reply of several lines that is to be seen whole."""

_IAC = b"\xff"
_TELNET = re.compile(rb"\xff(?:(\xff)|[\xfb-\xfe].|[\xf0-\xfa])?", re.DOTALL)
"""A doubled 255; an option offered or refused; another command."""

_UNPRINTED = re.compile(rb"[\0-\x1f\x7f\xf0-\xff]+")
"""What is Telnet's, or nobody's, within a verb."""

_CODE = re.compile(rb"([1-6][0-9]{2})(?:([ -])|(?=\r?\n))")
"""
How a reply's first line begins, and its last one (section 4.2).  6: protected replies
(RFC 2228, section 5).  Some servers leave out the space where there is no text.
"""


class Command(NamedTuple):
    """One line of a client's."""

    verb: bytes
    """In capitals; empty for a line without any."""
    argument: bytes
    """All behind the space."""


class Reply(NamedTuple):
    """One of a server's, be it of several lines."""

    code: int
    """0: what is none."""
    length: int
    """Bytes, from the first line's first to the last line's end."""


def plain(line: bytes) -> bytes:
    """*line* without Telnet's commands, and with its doubled 255 as one."""
    return _TELNET.sub(rb"\1", line) if _IAC in line else line


def read_command(line: bytes) -> Command:
    """*line*, with its end or without; Telnet's NUL is nothing at all."""
    text = plain(line).replace(b"\0", b"").rstrip(b"\r\n").lstrip(b" \t")
    verb, _, argument = text.partition(b" ")
    return Command(verb.upper(), argument)


def bare_verb(line: bytes) -> bytes:
    """
    The verb as it is for a reader who leaves out what cannot be printed, instead of
    what is Telnet's; in capitals.
    """
    return _UNPRINTED.sub(b"", line).lstrip(b" ").partition(b" ")[0].upper()


def has_hidden_end(line: bytes) -> bool:
    """
    Whether *line*, which ends with LF, has what another reader may take for its end: a
    CR that is followed by neither LF nor NUL (RFC 854; RFC 2640, section 3.1).
    """
    at = line.find(b"\r")
    while at >= 0:
        if line[at + 1] not in b"\n\0":
            return True
        at = line.find(b"\r", at + 1)
    return False


def read_reply(data: bytes, at: int = 0) -> Reply | None:
    """
    The reply that begins at *at*; None: more is needed.

    Never raises: a line that is none is a reply of code 0.
    """
    end = data.find(b"\n", at) + 1
    if not end:
        return None
    code, goes_on = start_of(data[at:end])
    while goes_on:
        start, end = end, data.find(b"\n", end) + 1
        if not end:
            return None
        goes_on = not ends(data[start:end], code)
    return Reply(code, end - at)


def start_of(line: bytes) -> tuple[int, bool]:
    """The code of the reply that *line* begins, or 0; and whether more lines follow."""
    found = _CODE.match(plain(line))
    if found is None:
        return 0, False
    return int(found[1]), found[2] == b"-"


def ends(line: bytes, code: int) -> bool:
    """Whether *line* is the last one of a reply of *code* that several lines make."""
    found = _CODE.match(plain(line))
    return found is not None and int(found[1]) == code and found[2] != b"-"
