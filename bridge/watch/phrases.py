"""
What lines of the access log are made of: dates, names, addresses, in both formats.

Everything here is built by hand rather than by a serializer, and remembered where it
comes again: a line costs a few microseconds.
"""

from __future__ import annotations

import json
import re
import socket
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii


def month(when: datetime) -> str:
    """English, whatever the locale."""
    return "JanFebMarAprMayJunJulAugSepOctNovDec"[when.month * 3 - 3 :][:3]


@lru_cache(maxsize=64)
def to_the_second(second: int) -> str:
    """As HAProxy's %t, but UTC: the other log's clock."""
    when = datetime.fromtimestamp(second, UTC)
    return f"{when:%d}/{month(when)}/{when:%Y:%H:%M:%S}"


@lru_cache(maxsize=64)
def syslog(second: int, pid: int) -> str:
    """
    What a syslog daemon writes before a line of HAProxy's (RFC 3164, section 4.1).
    """
    when = datetime.fromtimestamp(second, UTC)
    host = socket.gethostname().partition(".")[0]
    return f"{month(when)} {when.day:2} {when:%H:%M:%S} {host} haproxy[{pid}]: "


def stamp(when: float) -> str:
    """
    Unix seconds by RFC 3339, to the millisecond.

    >>> stamp(0.25), stamp(1.9999999)
    ('1970-01-01T00:00:00.250Z', '1970-01-01T00:00:02.000Z')
    """
    second, milliseconds = to_the_millisecond(when)
    return f"{second}.{int(milliseconds):03}Z"


def to_the_millisecond(when: float) -> tuple[str, float]:
    """Of it the part that ends with the second, and milliseconds with a rest."""
    when += _HALF
    second = int(when)
    return _by_rfc_3339(second), (when - second) * 1000


_HALF = 0.0000005
"""Of a microsecond: what a float may lack of a round date."""


@lru_cache(maxsize=64)
def _by_rfc_3339(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"


@lru_cache(maxsize=1024)
def word(name: str) -> str:
    """*name* as one field: a server may be a unix socket with a space in its path."""
    shown = json.dumps(name)[1:-1]
    return shown.replace(" ", "\\x20") or "-"


quoted = lru_cache(maxsize=1024)(json.dumps)
"""For JSON; what differs from line to line is not worth remembering."""


quoted_once = encode_basestring_ascii
"""The same of a string that does not come again: a fifth of what ``dumps`` costs."""


def or_null(text: str) -> str:
    """For JSON: *text*, quoted, which is not worth remembering; null if it is empty."""
    return quoted_once(text) if text else "null"


def seconds(began: float | None, over: float | None) -> str:
    """For JSON: the time between, unless one of them was not reached."""
    if began is None or over is None:
        return "null"
    return f"{over - began:.6f}"


def endpoint(host: str, port: int) -> str:
    if not port:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


CUT = "..."
"""Stands for the rest of what is too long."""

_UNSAFE = re.compile(r"[^!$-~]")


def encoded(text: str, most: int) -> str:
    """
    What the network sent (each byte a character) as HAProxy writes it: what could break
    out of a field, and ``#``, as ``#XX``; at most *most* characters of it.

    >>> encoded('/a"b\\r', 9), encoded("/long", 2)
    ('/a#22b#0D', '/l...')
    """
    if len(text) > most:
        text = cut(text, most)
    if _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(lambda found: f"#{ord(found[0]):02X}", text)


def cut(text: str, most: int) -> str:
    """No more than *most* characters of *text*, and then that there were more."""
    return text if len(text) <= most else text[:most] + CUT
