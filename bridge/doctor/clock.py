"""Whether somebody keeps the clock right: adjtimex(2), which anybody may ask."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable

from bridge.doctor.report import Finding, Severity

_SIZE = 512
"""Bytes; struct timex has 208 (linux/timex.h)."""
_STATUS_AT = 40
_UNSYNCHRONISED = 0x40  # STA_UNSYNC

SUBJECT = "clock"


def status() -> int:
    """The status bits of the kernel's clock.  Raises OSError."""
    held = ctypes.create_string_buffer(_SIZE)  # no mode is set: nothing is changed
    if ctypes.CDLL(None, use_errno=True).adjtimex(held) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    found: int = struct.unpack_from("=i", held.raw, _STATUS_AT)[0]
    return found


def finding(ask: Callable[[], int] = status) -> Finding:
    """What is to be said of it."""
    try:
        bits = ask()
    except (OSError, AttributeError) as error:
        why = getattr(error, "strerror", None) or "this system has no adjtimex"
        return Finding(SUBJECT, Severity.UNKNOWN, f"whether it is kept right: {why}")
    if bits & _UNSYNCHRONISED:
        what = "nobody keeps it right: certificates and the times of logs go by it"
        return Finding(SUBJECT, Severity.WARN, what, "timedatectl set-ntp true")
    return Finding(SUBJECT, Severity.OK, "it is synchronised")
