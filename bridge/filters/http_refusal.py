"""
What a client is answered by the gateway itself: short, in HTTP, and nothing of a
version.  Why and when is ``http``'s to say.
"""

from __future__ import annotations

from typing import Final

WORDS: Final = {
    301: "Moved Permanently",
    308: "Permanent Redirect",
    400: "Bad Request",
    408: "Request Timeout",
    414: "URI Too Long",
    421: "Misdirected Request",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}
RETRY_AFTER: Final = 5
"""Seconds: as long as checks need to find a server again, by their defaults."""


def refusal(status: int, *, bodiless: bool = False) -> bytes:
    """
    An answer behind which the connection is closed.

    *bodiless*: to HEAD, whose answer has no body, but what would be said of it.
    """
    more = b"Retry-After: %d\r\n" % RETRY_AFTER if status == 503 else b""
    return _answer(status, more, b"%s\n" % WORDS[status].encode(), bodiless)


def redirect(status: int, location: bytes, *, bodiless: bool = False) -> bytes:
    """To *location*, which has to be a field's value."""
    return _answer(status, b"Location: %b\r\n" % location, b"", bodiless)


def _answer(status: int, fields: bytes, body: bytes, bodiless: bool) -> bytes:
    return (
        b"HTTP/1.1 %d %b\r\n%bContent-Type: text/plain\r\nContent-Length: %d\r\n"
        b"Cache-Control: no-store\r\nConnection: close\r\n\r\n%b"
    ) % (status, WORDS[status].encode(), fields, len(body), b"" if bodiless else body)
