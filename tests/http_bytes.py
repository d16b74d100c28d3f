"""Bytes of HTTP/1, and a filter of it to show them to."""

from __future__ import annotations

from dataclasses import replace

from bridge.filters.http import HttpFilter
from bridge.filters.http_settings import HttpSettings
from bridge.filters.trial import ABOUT, Trial
from bridge.watch.exchange import Exchange


def request(first: str = "GET / HTTP/1.1", *fields: str, host: str = "a") -> bytes:
    """A head; without Host if *host* is empty."""
    hosts = (f"Host: {host}",) if host else ()
    return "\r\n".join((first, *hosts, *fields, "", "")).encode("latin-1")


def response(first: str = "HTTP/1.1 200 OK", *fields: str) -> bytes:
    return "\r\n".join((first, *fields, "", "")).encode("latin-1")


GET = request()
POST = request("POST / HTTP/1.1", "Content-Length: 5") + b"hello"
CHUNKED = (
    request("POST / HTTP/1.1", "Transfer-Encoding: chunked")
    + b"5\r\nhello\r\n3;x=y\r\n!!!\r\n0\r\n\r\n"
)
OK = response("HTTP/1.1 200 OK", "Content-Length: 2") + b"hi"
OK_CHUNKED = (
    response("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + b"2\r\nhi\r\n0\r\n\r\n"
)
UNTIL_CLOSE = response("HTTP/1.1 200 OK") + b"all there is"
PLAIN = HttpSettings(x_forwarded="off")
"""With which heads go on as they come, but for one hop's fields."""


class Talk(Trial):
    """A client's connection, with a clock that goes when it is told to."""

    def __init__(
        self,
        settings: HttpSettings = PLAIN,
        unreachable: tuple[str | None, ...] = (),
        *,
        secure: bool = False,
    ) -> None:
        self.now = 100.0
        about = replace(ABOUT, seconds=lambda: self.now, secure=secure)
        super().__init__(
            HttpFilter, about=about, unreachable=unreachable, settings=settings
        )

    @property
    def client(self) -> bytes:
        """What it has got."""
        return self.outcome.to_client

    @property
    def servers(self) -> tuple[bytes, ...]:
        return self.outcome.to_servers

    @property
    def ending(self) -> str:
        return self.outcome.ending

    @property
    def told(self) -> list[Exchange]:
        return [each for each in self.outcome.told if isinstance(each, Exchange)]

    @property
    def statuses(self) -> list[int]:
        """What is told that the requests were answered."""
        return [each.status for each in self.told]


def refused_with(talk: Talk) -> int:
    """The status of the answer that is the gateway's own, and the last."""
    *_, last = talk.client.split(b"HTTP/1.1 ")
    assert b"\r\nConnection: close\r\n" in last
    return int(last[:3])
