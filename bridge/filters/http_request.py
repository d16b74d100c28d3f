"""
A request's head as it goes on to a server: what is taken out, and what is put in.

Taken out: fields for one hop (RFC 9110 section 7.6.1), what would pass as ours, what
the configuration takes out.  Put in: who the client is, and what the configuration puts
in.  All else stays byte by byte.  No ``Via`` is added: nobody in front of a farm is
served by it, and RFC 9110 section 7.6.3, which asks for it, names the price.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bridge.filters.http_fields import (
    CLOSE,
    FORWARDED,
    KEEP,
    KEPT,
    OPTIONS,
    X_FORWARDED_FOR,
)
from bridge.filters.http_settings import clean
from bridge.wire.http_head import listed, plain

if TYPE_CHECKING:
    from bridge.filters.about import About
    from bridge.filters.http_settings import HttpSettings
    from bridge.wire.http_head import Request, Target

_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]+")
_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Cleartext HTTP/2 behind an upgrade is not read by us any more: what the front refuses
# would pass (h2c smuggling).  TLS the same.
_NEVER_UPGRADED: Final = re.compile(rb"(?:h2c?|http|tls)(?:/|\Z)", re.IGNORECASE)


# What most say of the connection, and what is said behind us then in HTTP/1.1.
_PLAIN: Final[dict[frozenset[bytes] | tuple[()], bytes]] = {
    (): b"",
    KEEP: b"",
    CLOSE: b"Connection: close\r\n",
}


class RequestWriter:
    """Writes the requests of one session."""

    __slots__ = (
        "_about", "_client", "_host", "_last", "_ours", "_settings", "_who",
        "_written",
    )  # fmt: skip

    def __init__(self, about: About, settings: HttpSettings) -> None:
        self._about = about
        self._settings = settings
        self._client = b""
        """Its address, as others are told of it; nothing: it has none."""
        self._host: bytes | None = None
        """What the next two are for: they are the same for all requests to one host."""
        self._last: Request | None = None
        """What was written last, and how: clients ask the same again and again."""
        self._written = b""
        self._who = b""
        """What says who the client is, if nobody has said so before."""
        self._ours = b""
        """What is put behind all fields, the empty line included."""

    def write(self, request: Request, target: Target) -> bytes:
        """The head that goes on, its empty line included."""
        if request is not self._last:
            self._last, self._written = request, self._write(request, target)
        return self._written

    def _write(self, request: Request, target: Target) -> bytes:
        gone = self._settings.request_gone
        first = request.first
        host = b""
        if request.options and request.options not in _PLAIN:
            gone |= request.options - OPTIONS - KEPT
        if request.odd:
            gone |= self._lookalikes(request)
        if target.path is not request.target:
            first = b"%b %b HTTP/1.%d" % (request.method, target.path, request.minor)
        if target.authority != request.known.get(b"host", b""):
            gone |= {b"host"}
            host = (
                b""
                if b"host" in self._settings.ours
                else b"Host: %b\r\n" % target.authority
            )
        if not request.minor and b"expect" in request.known:
            gone |= {b"expect"}  # RFC 9110 section 10.1.1: HTTP/1.0 has none
        lines = [first]
        lines += [
            line
            for line, name in zip(request.lines, request.names, strict=True)
            if name not in gone
        ]
        return b"\r\n".join(lines) + b"\r\n" + host + self._behind(request, target)

    def trailers(self, lines: bytes) -> bytes:
        """Of trailers, what may go on: no server may take one for a field of ours."""
        never = self._settings.request_gone | KEPT
        kept = [
            line
            for line in lines.split(b"\r\n")
            if plain(line.partition(b":")[0].lower()) not in never
        ]
        return b"\r\n".join(kept)

    def _behind(self, request: Request, target: Target) -> bytes:
        """What is put behind the fields that stay."""
        if self._host != target.authority:
            self._be_for(target)
        settings, line = self._settings, self._who
        appends = line and settings.x_forwarded == "append"
        if appends and X_FORWARDED_FOR in request.names:
            client = _behind(request.all_of(X_FORWARDED_FOR), self._client)
            line = b"X-Forwarded-For: " + client + b"\r\n"
        if settings.forwarded != "off":
            line += self._forwarded(request, target)
        return line + _connection(request) + self._ours

    def _be_for(self, target: Target) -> None:
        """The next requests are to that host."""
        about, settings = self._about, self._settings
        self._host, self._client = target.authority, _peer(about.client[0])
        self._who = ours = b""
        if settings.x_forwarded != "off":
            if self._client:
                self._who = b"X-Forwarded-For: " + self._client + b"\r\n"
            ours = b"X-Forwarded-Proto: %b\r\n" % _scheme(about)
            if about.listen[1]:
                ours += b"X-Forwarded-Port: %d\r\n" % about.listen[1]
            if target.authority:
                ours += b"X-Forwarded-Host: %b\r\n" % target.authority
        if settings.request_headers.lines:
            values = values_of(about) | {"host": target.name.encode()}
            ours += settings.request_headers.filled(values)
        self._ours = ours + b"\r\n"

    def _forwarded(self, request: Request, target: Target) -> bytes:
        """RFC 7239's field.  Without ``by``: what we are called inside is not told."""
        client = self._client
        if not client:
            client = b"unknown"
        elif b":" in client:
            client = b'"[%b]"' % client
        element = b"for=%b;proto=%b" % (client, _scheme(self._about))
        if target.authority:
            host = target.authority
            quoted = host if _TOKEN.fullmatch(host) else b'"%b"' % host
            element += b";host=" + quoted
        if self._settings.forwarded == "append" and FORWARDED in request.names:
            element = _behind(request.all_of(FORWARDED), element)
        return b"Forwarded: %b\r\n" % element

    def _lookalikes(self, request: Request) -> set[bytes]:
        """Names that some server takes for one of ours: ``X_Forwarded_For``."""
        never = self._settings.request_gone | KEPT
        return {name for name in request.names if plain(name) in never} - never


def upgrades(request: Request) -> bool:
    """Whether the server is asked to speak something else than HTTP from here on."""
    if b"upgrade" not in request.options or request.body or not request.minor:
        return False
    wanted = request.known.get(b"upgrade", b"")
    return bool(wanted) and not any(map(_NEVER_UPGRADED.match, listed(wanted)))


def values_of(about: About) -> dict[str, bytes]:
    """What ``${…}`` stands for, but for the host."""
    via = about.via[0] if about.via else ""
    values = {
        "client": _zoneless(about.client[0]),
        "client.port": str(about.client[1]),
        "front": about.front,
        "listen": _zoneless(about.listen[0]),
        "listen.port": str(about.listen[1]),
        "scheme": _scheme(about).decode(),
        "session": about.session,
        "tls.alpn": about.alpn,
        "tls.sni": about.asked,
        "via": _zoneless(via),
    }
    return {
        name: clean(text.encode("utf-8", "replace")) for name, text in values.items()
    }


def _connection(request: Request) -> bytes:
    """The fields for the next hop, which are ours."""
    plain = _PLAIN.get(request.options)
    if plain is not None and request.minor and b"te" not in request.known:
        return plain
    options, lines = [], b""
    if not request.minor and request.keeps:
        options.append(b"keep-alive")
    elif b"close" in request.options:
        options.append(b"close")
    known = request.known
    if b"upgrade" in known and upgrades(request):
        options.append(b"upgrade")
        lines += b"Upgrade: %b\r\n" % known[b"upgrade"]
    # All that may be told of TE: who sends trailers on may be sent some.
    if b"te" in known and b"trailers" in listed(known[b"te"]):
        options.append(b"TE")
        lines += b"TE: trailers\r\n"
    if options:
        lines += b"Connection: %b\r\n" % b", ".join(options)
    return lines


def _behind(chain: list[bytes], ours: bytes) -> bytes:
    """A list in one field, ours as its last element: servers count from the right."""
    return b", ".join([*filter(None, chain), ours])


def _scheme(about: About) -> bytes:
    return b"https" if about.secure else b"http"


def _peer(host: str) -> bytes:
    """An address as others are told of it; nothing for what is none."""
    if "%" in host:
        host = _zoneless(host)
    return host.encode() if _ADDRESS.fullmatch(host) else b""


def _zoneless(host: str) -> str:
    """Zones are never told to peers (RFC 4007)."""
    return host.partition("%")[0]
