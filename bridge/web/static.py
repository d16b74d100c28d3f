"""
The files of the page, and what a browser may do with them.

They are read once.  Not here: what they ask for (``questions``, ``streams``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.web.plain import Plain

if TYPE_CHECKING:
    from twisted.web.server import Request

FOLDER = Path(__file__).with_name("files")

TYPES: Mapping[str, bytes] = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
}

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # No text becomes markup, whatever a module of the page is told to do.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
).encode()
"""Nothing from elsewhere, nothing in line, and no frame of anybody's."""

HEADERS: Mapping[bytes, bytes] = {
    b"Content-Security-Policy": POLICY,
    b"Cross-Origin-Opener-Policy": b"same-origin",
    b"Cross-Origin-Resource-Policy": b"same-origin",
    b"Permissions-Policy": b"camera=(), geolocation=(), microphone=()",
    b"Referrer-Policy": b"no-referrer",
    b"X-Content-Type-Options": b"nosniff",
    b"X-Frame-Options": b"DENY",
}
"""Of every answer of the page's, data included."""


def protect(request: Request) -> None:
    """Give its answer the ``HEADERS``."""
    for name, value in HEADERS.items():
        request.setHeader(name, value)


class File(Plain):
    """One of them: *data*, of the content type *kind*."""

    isLeaf = True

    def __init__(self, data: bytes, kind: bytes) -> None:
        super().__init__()
        self._data = data
        self._kind = kind
        self._tag = b'"' + hashlib.sha256(data).hexdigest()[:32].encode() + b'"'

    def render_GET(self, request: Request) -> bytes:
        """Asked for again it costs nothing, and after an upgrade it is the new one."""
        protect(request)
        request.setHeader(b"Content-Type", self._kind)
        request.setHeader(b"Cache-Control", b"no-cache")
        if request.setETag(self._tag):
            return b""
        return self._data


def files() -> Iterator[tuple[tuple[str, ...], bytes, bytes]]:
    """Of each its path, as a browser asks for it, its bytes and its type."""
    for path in sorted(FOLDER.rglob("*")):
        kind = TYPES.get(path.suffix)
        if kind is not None:
            yield path.relative_to(FOLDER).parts, path.read_bytes(), kind


def add_files(root: Plain) -> None:
    """Hang all below *root*; ``index.html`` is *root* itself."""
    for parts, data, kind in files():
        here = root
        for part in parts[:-1]:
            found = here.children.get(part.encode())
            if not isinstance(found, Plain):
                found = Plain()
                here.putChild(part.encode(), found)
            here = found
        name = b"" if parts == ("index.html",) else parts[-1].encode()
        here.putChild(name, File(data, kind))
