"""
A web application that tells what was asked of it, for gunicorn to serve.

Whoever asks through something else learns from the answer how that has read it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

PIECES = 200
Start = Callable[[str, list[tuple[str, str]]], object]


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """WSGI (PEP 3333)."""
    path = environ["PATH_INFO"]
    if path == "/pieces":
        start("200 OK", [("Content-Type", "text/plain")])
        return pieces()  # of a length that nobody says: chunked
    if path == "/early":
        start("413 Content Too Large", [("Content-Length", "4")])
        return [b"much"]
    body = environ["wsgi.input"].read()
    told = {
        "method": environ["REQUEST_METHOD"],
        "target": environ["RAW_URI"],
        "protocol": environ["SERVER_PROTOCOL"],
        "fields": {
            name[5:].replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        },
        "size": len(body),
        "sum": hashlib.blake2b(body).hexdigest(),
    }
    answer = json.dumps(told).encode()
    start("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]


def pieces() -> Iterator[bytes]:
    """The same for everybody."""
    for index in range(PIECES):
        yield b"%06d " % index * 150
