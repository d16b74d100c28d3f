"""
Why a dial failed, in one word out of few: what it is counted by.

Not here: the reason in the words of whoever knows it (``dial``).
"""

from __future__ import annotations

import errno

from bridge.net.dial import is_ours

REFUSED = "refused"
RESET = "reset"
TIMEOUT = "timeout"
"""``connect_timeout`` passed, or the kernel gave up before."""
UNREACHABLE = "unreachable"
TLS = "tls"
SOURCE = "source"
"""There was no address, or no port, to dial it from."""
OWN = "own"
"""This host had no means, or there was a bug: it says nothing of the server."""
OTHER = "other"

KINDS = (REFUSED, RESET, TIMEOUT, UNREACHABLE, TLS, SOURCE, OWN, OTHER)

_OF = {
    errno.ECONNREFUSED: REFUSED,
    errno.ENOENT: REFUSED,  # a unix socket that is not there
    errno.ECONNRESET: RESET,
    errno.EPIPE: RESET,
    errno.ETIMEDOUT: TIMEOUT,
    errno.EHOSTUNREACH: UNREACHABLE,
    errno.ENETUNREACH: UNREACHABLE,
    errno.EHOSTDOWN: UNREACHABLE,
    errno.EADDRNOTAVAIL: SOURCE,
    errno.EAGAIN: SOURCE,
}


def kind_of(error: BaseException) -> str:
    """Of what ``clientConnectionFailed`` is told."""
    found = _OF.get(getattr(error, "osError", None) or 0)
    return found or (OWN if is_ours(error) else OTHER)
