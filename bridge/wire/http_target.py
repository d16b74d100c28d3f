"""
Whom a request of HTTP/1 is for: the four forms of its target, and Host (RFC 9112
section 3).

Bytes in, a value out, or HeadError.  Not here: which farm that is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from bridge.wire.http_head import HeadError, Request, Target

# RFC 3986 section 3.2.2, without percent signs and sub-delims: no host's name has any,
# and who reads them how is anybody's guess.
_AUTHORITY: Final = re.compile(
    rb"(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9A-Za-z._~-]{1,255}))(?::([0-9]{0,5}))?"
)
_ABSOLUTE: Final = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


def read_target(request: Request) -> Target:
    """Raises HeadError where target or Host are not HTTP's, or there is no Host."""
    if request.leads is None:
        request.leads = _read_target(request)
    return request.leads


def _read_target(request: Request) -> Target:
    target, host = request.target, request.known.get(b"host")
    # RFC 9112 section 3.2: without one, 400.
    if host is None and request.minor:
        raise HeadError("it has no Host")
    if host == b"":  # RFC 9110 section 4.2.1: there is no such URI
        raise HeadError("its Host is empty")
    host = host or b""
    name = _name(host) if host else ""
    if b"#" in target:  # llhttp takes it, and servers differ in what they make of it
        raise HeadError("its target has a fragment")
    if target.startswith(b"/"):
        if request.method == b"CONNECT":
            raise HeadError("CONNECT to no host")
        return Target(target, host, name)
    if request.method == b"CONNECT":
        # A port must be there: section 3.2.3.
        if not target.rpartition(b":")[2].isdigit():
            raise HeadError("CONNECT to no port")
        return Target(target, target, _name(target))
    if target == b"*":
        if request.method != b"OPTIONS":
            raise HeadError("its target is * and it is not OPTIONS")
        return Target(target, host, name)
    return _absolute(request)


def _absolute(request: Request) -> Target:
    """
    Of a target with an authority, which wins over Host (section 3.2.2).

    It goes on without it, and Host agrees: no server can take the other one.
    """
    found = _ABSOLUTE.fullmatch(request.target)
    if found is None:
        raise HeadError("its target is not HTTP's")
    authority, path = found.groups()
    name = _name(authority)
    if not path.startswith(b"/"):
        if not path and request.method == b"OPTIONS":
            path = b"*"
        else:
            path = b"/" + path
    return Target(path, authority, name)


@lru_cache(1024)  # those that were read last; no longer than a name may be
def _name(authority: bytes) -> str:
    found = _AUTHORITY.fullmatch(authority)
    if found is None or int(found[3] or 0) > 65535:
        raise HeadError("its Host is none")
    literal, name, _ = found.groups()
    if literal is not None:
        return str(literal.lower(), "ascii")
    return str(name.lower().removesuffix(b"."), "ascii")
