"""
What the fields of a PROXY header are called: types of TLVs, and their names in a
configuration.

After the PROXY protocol's specification of 2026-04-27, section 2.2.  Not here: their
bytes (``wire.proxy_tlv``).  It stands on the ground because the configuration and the
wire, which do not know each other, both speak of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

ALPN, AUTHORITY, CRC32C, NOOP, UNIQUE_ID = 0x01, 0x02, 0x03, 0x04, 0x05
SSL = 0x20
SSL_VERSION, SSL_CN, SSL_CIPHER, SSL_SIG_ALG = 0x21, 0x22, 0x23, 0x24
SSL_KEY_ALG, SSL_GROUP, SSL_SIG_SCHEME, SSL_CLIENT_CERT = 0x25, 0x26, 0x27, 0x28
NETNS = 0x30

SINGLE = frozenset((ALPN, AUTHORITY, CRC32C, UNIQUE_ID, SSL, NETNS))
"""Types that mean one thing of one connection, and so stand in a header once."""
MAX_UNIQUE_ID = 128
"""Bytes, section 2.2.5."""

_CUSTOM, _LAST = 0xE0, 0xF7
# From here on values may have more bytes than one can tell now, section 2.2.8.
_FUTURE = 0xF8

PASSED: Mapping[str, int] = MappingProxyType(
    {
        "alpn": ALPN,
        "authority": AUTHORITY,
        "unique_id": UNIQUE_ID,
        "ssl": SSL,
        "netns": NETNS,
    }
)
"""What ``send_proxy: {pass: …}`` may name.  All others go by number, like ``0xE0``."""
ADDED: Mapping[str, int] = MappingProxyType(
    {
        "alpn": ALPN,
        "authority": AUTHORITY,
        "ssl": SSL,
        "unique_id": UNIQUE_ID,
        "crc32c": CRC32C,
    }
)
"""What ``send_proxy: {add: …}`` may name."""

_NAMES = {kind: name for name, kind in PASSED.items()}
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,2}")


def passed_type(name: str) -> int:
    """
    The type that one entry of ``send_proxy: {pass: …}`` stands for.

    Raises ValueError, whose message quotes *name* and says what would be right.

    >>> passed_type("authority"), passed_type("0xE0")
    (2, 224)
    """
    if name in PASSED:
        return PASSED[name]
    if name in ("crc32c", "noop"):
        raise ValueError(f"{name!r} {_why_not(ADDED.get(name, NOOP))}")
    if not _NUMBER.fullmatch(name):
        raise ValueError(
            f"{name!r} is none of {', '.join(PASSED)}, nor a type in hexadecimal, "
            f"like '0x{_CUSTOM:X}'"
        )
    kind = int(name, 16)
    if kind in _NAMES:
        raise ValueError(f"{name!r} has a name: write {_NAMES[kind]}")
    if kind in (CRC32C, NOOP):
        raise ValueError(f"{name!r} {_why_not(kind)}")
    if kind >= _FUTURE:
        raise ValueError(
            f"{name!r} is reserved: types for own use are 0x{_CUSTOM:X} to 0x{_LAST:X}"
        )
    return kind


def added_type(name: str) -> int:
    """
    The type that one entry of ``send_proxy: {add: …}`` stands for.

    Raises ValueError, whose message quotes *name*.
    """
    if name not in ADDED:
        raise ValueError(f"{name!r} cannot be made: {', '.join(ADDED)} can")
    return ADDED[name]


def _why_not(kind: int) -> str:
    if kind == CRC32C:
        return "is made anew and never passed: write crc32c under add"
    return "is padding, which is never passed"
