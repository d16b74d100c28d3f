"""
Fields of HTTP that mean something to a gateway.

Names in lower case, as heads that are read have them.  Not here: those that say where
a body ends, which is ``wire``'s to read.
"""

from __future__ import annotations

from typing import Final

HOP: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"}
)
"""
For one hop (RFC 9110 section 7.6.1).  Transfer-Encoding is too, and goes on with the
chunks; Trailer with them.
"""
KEEP: Final = frozenset({b"keep-alive"})
CLOSE: Final = frozenset({b"close"})
OPTIONS: Final = KEEP | CLOSE | {b"upgrade", b"te", b""}
"""What Connection may list that names no field to be taken out, or one that is."""
KEPT: Final = frozenset(
    {b"content-length", b"expect", b"host", b"trailer", b"transfer-encoding"}
)
"""What a Connection field cannot take out, as the message would be another one."""
LENGTHS: Final = frozenset({b"content-length", b"transfer-encoding"})

FORWARDED: Final = b"forwarded"
X_FORWARDED_FOR: Final = b"x-forwarded-for"
X_FORWARDED: Final = frozenset(
    {X_FORWARDED_FOR, b"x-forwarded-proto", b"x-forwarded-port", b"x-forwarded-host"}
)
