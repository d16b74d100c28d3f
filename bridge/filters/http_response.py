"""
A response's head as it goes on to the client: what is taken out, and what is put in.

Most need no change at all, and are passed on as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.filters.http_fields import CLOSE, KEEP, KEPT, LENGTHS, OPTIONS
from bridge.filters.http_request import values_of

if TYPE_CHECKING:
    from bridge.filters.about import About
    from bridge.filters.http_settings import HttpSettings
    from bridge.wire.http_head import Response

_CONNECTION: Final = frozenset({b"connection"})
_UPGRADE_REQUIRED: Final = 426


class ResponseWriter:
    """Writes the heads of answers of one session."""

    __slots__ = ("_about", "_changes", "_gone", "_last")

    def __init__(self, about: About, settings: HttpSettings) -> None:
        self._about = about
        self._changes = settings.response_headers
        self._gone = settings.response_gone
        self._last: tuple[str | None, bytes] = (None, b"")
        """What the configuration puts in, for whom, and the end."""

    def write(
        self, response: Response, host: str, *, keeps: bool, older: bool
    ) -> bytes | None:
        """
        The head that goes on, or None: as it came.

        *keeps*: the client may send more requests.  *older*: it speaks HTTP/1.0, or is
        answered in it, so that it has to be told so.
        """
        options = response.options
        if not keeps:
            right = options == CLOSE
        elif older:
            right = options == KEEP
        else:
            right = not options or options == KEEP
        bare = response.status == 204 and not LENGTHS.isdisjoint(response.names)
        as_it_came = right and not bare and not self._changes.lines
        if as_it_came and self._gone.intersection(response.names) <= _CONNECTION:
            return None
        gone = self._gone | LENGTHS if bare else self._gone
        connection = b"close" if not keeps else b"keep-alive" if older else b""
        return self._written(response, host, gone, connection)

    def interim(self, response: Response, host: str) -> bytes:
        """An answer before the final one (1xx), which has no body."""
        return self._written(response, host, self._gone | LENGTHS, b"")

    def switched(self, response: Response, host: str) -> bytes:
        """From here on it is not HTTP: a 101, or what CONNECT asked for."""
        upgrade = b"" if b"upgrade" not in response.known else b"upgrade"
        return self._written(response, host, self._gone | LENGTHS, upgrade)

    def _written(
        self, response: Response, host: str, gone: frozenset[bytes], connection: bytes
    ) -> bytes:
        if response.options:
            gone |= response.options - OPTIONS - KEPT
        lines = [response.first]
        lines += [
            line
            for line, name in zip(response.lines, response.names, strict=True)
            if name not in gone
        ]
        known = response.known
        if b"upgrade" in known and response.status in (101, _UPGRADE_REQUIRED):
            lines.append(b"Upgrade: " + known[b"upgrade"])
            if response.status == _UPGRADE_REQUIRED:
                connection += b", upgrade" if connection else b"upgrade"
        if connection:
            lines.append(b"Connection: " + connection)
        lines.append(b"")
        return b"\r\n".join(lines) + self._behind(host)

    def _behind(self, host: str) -> bytes:
        if not self._changes.lines:
            return b"\r\n"
        last, behind = self._last
        if last != host:
            values = values_of(self._about) | {"host": host.encode()}
            behind = self._changes.filled(values) + b"\r\n"
            self._last = host, behind
        return behind
