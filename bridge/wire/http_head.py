"""
Heads of HTTP/1: bytes in, a value out, or one error that says how to answer it.

The grammar is llhttp's (through ``httptools``), without any of its leniencies.  Beside
h11 it took 1.5 µs instead of 16 for a browser's head of 360 bytes, and is the stricter
of the two: h11 takes folded lines, bare LF, control characters in values, both kinds of
length at once, a length that is told twice, methods in any case.  What llhttp lets
through and we do not is checked here, each with its reason.  What becomes of a head is
``filters``' to say; where its request goes, ``http_target``'s.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache
from typing import Final, NamedTuple

from httptools import HttpParserError, HttpParserUpgrade
from httptools import HttpRequestParser as RequestParser
from httptools import HttpResponseParser as ResponseParser

END: Final = b"\r\n\r\n"
MAX_FIELDS: Final = 128
"""Apache and gunicorn take 100, HAProxy 101: a browser sends 20."""
MAX_LENGTH: Final = 1 << 60
"""
Of a body, and of a chunk.  Some servers take more for a negative number; a session
takes it for all that will ever come.
"""

REMEMBERED: Final = 256
"""
So many heads of requests, and of answers, are not read again if they come again, from
anybody: clients that ask the same over and over, and what a server says within a second
(of its Date).  Those are up to ...
"""
SHORT: Final = 1024
"""... bytes long, so that this takes 1 MB or two."""

CHUNKED: Final = -1
UNTIL_CLOSE: Final = -2
"""What a body is if it has no length in bytes."""

_FRAMING: Final = frozenset(
    {
        b"connection", b"content-length", b"expect", b"host", b"te",
        b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip
_LENGTHS: Final = frozenset({b"content-length", b"transfer-encoding"})
_ONCE: Final = (b"content-length", b"host")
_TWICE: Final = b"\n"
"""Between two values where there may be one: llhttp lets it into none."""
# "_" becomes "-" on the way into CGI and WSGI, and other signs in other places.
_USUAL: Final = (string.digits + string.ascii_lowercase + "-").encode()
_COMMON: Final = {each: frozenset({each}) for each in (b"close", b"keep-alive")}
_UNLIKE: Final = re.compile(rb"[^0-9a-z]")
_VERSIONS: Final = {b"HTTP/1.0": 0, b"HTTP/1.1": 1}
_VERSION: Final = re.compile(rb"[!-~]+ [!-~]+ HTTP/([0-9])\.([0-9])\r")
_STATUS: Final = re.compile(rb"HTTP/1\.[01] [1-5][0-9]{2}(?: [\t -~\x80-\xff]*)?\r\n")
_METHOD: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [!-~]")


class HeadError(ValueError):
    """
    This may not be passed on.  The message is one line, without the peer's bytes.

    ``status``: what the client is to be answered, if it is the client's.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


class Head:
    """
    What requests and responses have in common.

    Never changed once it is made: the next like it may be the same one.
    """

    __slots__ = (
        "body", "first", "keeps", "known", "lines", "minor", "names", "options",
    )  # fmt: skip

    first: bytes
    """The first line, without its end."""
    lines: list[bytes]
    """The others, as they came."""
    names: list[bytes]
    """Of each of the *lines*, in lower case."""
    known: dict[bytes, bytes]
    """Fields that say how the message is to be read; several of a name as a list."""
    minor: int
    """Of the version: HTTP/1.*minor*."""
    options: frozenset[bytes] | tuple[()]
    """What Connection lists, in lower case."""
    body: int
    """Its length, or CHUNKED or UNTIL_CLOSE."""
    keeps: bool
    """Its sender sends, or takes, more over the same connection."""

    def __init__(self) -> None:
        self.names = []
        self.known = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser has found a field; it calls this by its name."""
        name = name.lower()
        self.names.append(name)
        if name in _FRAMING:
            known = self.known
            if name in known:
                value = known[name] + (_TWICE if name in _ONCE else b", ") + value
            known[name] = value.strip(b" \t")

    def split(self, head: bytes) -> None:
        """The parser has gone through all of *head*.  Raises HeadError."""
        lines = head.split(b"\r\n")
        self.first = lines[0]
        self.lines = lines = lines[1:-2]
        # Each line is a field, to llhttp as to us, and nothing is left out.
        if len(lines) != len(self.names):
            raise HeadError("its lines and its fields differ in number")
        known = self.known
        for name in _ONCE:
            if name in known and _TWICE in known[name]:
                raise HeadError(f"{name.decode()} is there twice")
        self.options = ()
        if b"connection" in known:
            value = known[b"connection"]
            self.options = _COMMON.get(value) or listed(value)

    def all_of(self, name: bytes) -> list[bytes]:
        """The values of all fields of that *name*, in order."""
        return [
            line.partition(b":")[2].strip(b" \t")
            for line, one in zip(self.lines, self.names, strict=True)
            if one == name
        ]

    def _length(self) -> int | None:
        """What Content-Length says, or CHUNKED; None: nothing does.  Raises."""
        coding = self.known.get(b"transfer-encoding")
        length = self.known.get(b"content-length")
        if coding is not None:
            if length is not None:
                raise HeadError("it has two kinds of length")
            if coding.lower() != b"chunked":
                raise HeadError("its transfer coding is not chunked alone", 501)
            self._refuse_tabs()
            if self.minor == 0:
                raise HeadError("HTTP/1.0 knows no transfer codings")
            return CHUNKED
        if length is None:
            return None
        if not length.isdigit() or len(length) > 19 or int(length) > MAX_LENGTH:
            raise HeadError("its length is no number of bytes")
        return int(length)

    def _lasts(self) -> bool:
        """What version and Connection say of the connection."""
        if self.minor:
            return b"close" not in self.options
        return b"keep-alive" in self.options and b"close" not in self.options

    def _refuse_tabs(self) -> None:
        """Some servers take the tab before a coding for a part of it."""
        for line, name in zip(self.lines, self.names, strict=True):
            if name in _LENGTHS and b"\t" in line:
                raise HeadError("there is a tab where its length is told")


class Target(NamedTuple):
    """Whom a request is for, and what it wants there."""

    path: bytes
    """What stands in the request line that goes on: never with an authority in it,
    but CONNECT's, which is one."""
    authority: bytes
    """As it stands in the one Host that goes on; or empty."""
    name: str
    """The host's name or address, in lower case, without port, brackets and a dot at
    its end; or empty."""


class Request(Head):
    """The head of a request."""

    __slots__ = ("leads", "method", "odd", "target")

    leads: Target | None
    """Whom it is for, once ``http_target`` has found that out."""

    odd: bool
    """A name is not of letters, digits and hyphens alone: see ``plain``."""

    def complete(self, head: bytes, method: bytes) -> None:
        """*head* is all of it, and *method* its method to the parser.  Raises."""
        self.split(head)
        # llhttp also takes two spaces, HTTP/0.9, HTTP/2.0, RTSP and ICE.
        first = self.first.split(b" ")
        if len(first) != 3 or first[0] != method or first[2] not in _VERSIONS:
            raise _why_no_request(head)
        self.method, self.target, version = first
        self.leads = None
        self.minor = _VERSIONS[version]
        self.odd = bool(b"".join(self.names).translate(None, _USUAL))
        if self.odd:
            self._refuse_lookalikes()
        self.body = self._length() or 0
        if self.body and method == b"CONNECT":
            raise HeadError("CONNECT with a body")
        self.keeps = self._lasts()

    def _refuse_lookalikes(self) -> None:
        """A length that some server sees and some gateway does not."""
        for name in self.names:
            if name not in _FRAMING and plain(name) in _LENGTHS:
                raise HeadError("a field looks like one that frames the message")


class Response(Head):
    """The head of an answer to a request."""

    __slots__ = ("status",)

    def complete(self, head: bytes, method: bytes) -> None:
        """*head* is all of it, the answer to a request with *method*.  Raises."""
        self.split(head)
        self.minor = 0 if self.first[7:8] == b"0" else 1
        self.status = int(self.first[9:12])
        length = self._length()
        # RFC 9112 section 6.3, in its order.
        bodiless = self.status < 200 or self.status in (204, 304) or method == b"HEAD"
        if bodiless or (method == b"CONNECT" and self.status < 300):
            self.body = 0
        else:
            self.body = UNTIL_CLOSE if length is None else length
        self.keeps = self.body != UNTIL_CLOSE and self._lasts()


def read_request(head: bytes) -> Request:
    """Read *head*, which ends with its empty line.  Raises HeadError."""
    return _request_again(head) if len(head) <= SHORT else _read_request(head)


def read_response(head: bytes, method: bytes) -> Response:
    """The same of the answer to a request with *method*.  Raises HeadError."""
    if len(head) <= SHORT:
        return _response_again(head, method)
    return _read_response(head, method)


def _read_request(head: bytes) -> Request:
    if head.count(b"\n") > MAX_FIELDS + 2:
        raise HeadError("it has too many fields", 431)
    request = Request()
    parser = RequestParser(request)
    try:
        parser.feed_data(head)
    except HttpParserUpgrade:
        pass  # what follows is not HTTP any more, if the server agrees
    except HttpParserError as error:
        raise _why_no_request(head, str(error)) from None
    request.complete(head, parser.get_method())
    return request


def _read_response(head: bytes, method: bytes) -> Response:
    if head.count(b"\n") > MAX_FIELDS + 2:
        raise HeadError("it has too many fields")
    # llhttp takes empty lines before it, other versions, any three digits, and control
    # characters in the words.
    if not _STATUS.match(head):
        raise HeadError("it does not begin with a status line of HTTP/1")
    response = Response()
    try:
        ResponseParser(response).feed_data(head)
    except HttpParserUpgrade:
        pass
    except HttpParserError as error:
        # A 101 without Upgrade, whose fields are all read: one we have not asked for.
        if str(error) != "Pause on CONNECT/Upgrade":
            raise HeadError(str(error)) from None
    response.complete(head, method)
    return response


_request_again = lru_cache(REMEMBERED)(_read_request)
_response_again = lru_cache(REMEMBERED)(_read_response)


def listed(value: bytes) -> frozenset[bytes]:
    """The elements of a list of tokens, in lower case."""
    return frozenset(each.strip(b" \t") for each in value.lower().split(b","))


def plain(name: bytes) -> bytes:
    """*name* in lower case, with a hyphen for all that is no letter and no digit."""
    return _UNLIKE.sub(b"-", name)


def wrong_end(data: bytes, since: int = 0) -> bool:
    """
    Whether a line of *data*, the beginning of a head, does not end in CR LF.

    Those that end before *since* have been looked at.
    """
    return data.count(b"\n", since) != data.count(b"\r\n", max(since - 1, 0))


def _why_no_request(head: bytes, reason: str = "") -> HeadError:
    """What to answer to a head that is not HTTP/1's, or not a request at all."""
    version = _VERSION.match(head)
    if version and version.groups() not in ((b"1", b"0"), (b"1", b"1")):
        return HeadError("its version is not spoken here", 505)
    if reason == "Invalid method encountered" and version and _METHOD.match(head):
        return HeadError("its method is not known", 501)
    return HeadError(reason or "it does not begin with a request line")
