"""By which word a failed dial is counted."""

from __future__ import annotations

import errno

import pytest
from twisted.internet.error import ConnectError, getConnectError

from bridge.net.dial import BUG, NO_PORT, OwnError
from bridge.net.dial_kinds import KINDS, kind_of


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ECONNREFUSED, "refused"),
        (errno.ENOENT, "refused"),
        (errno.ECONNRESET, "reset"),
        (errno.ETIMEDOUT, "timeout"),
        (errno.EHOSTUNREACH, "unreachable"),
        (errno.ENETUNREACH, "unreachable"),
        (errno.EPROTO, "other"),
    ],
)
def test_the_kernels_reasons(number: int, kind: str) -> None:
    assert kind_of(getConnectError(OSError(number, "why"))) == kind
    assert kind in KINDS


def test_what_this_host_is_short_of() -> None:
    assert kind_of(OwnError(errno.EADDRNOTAVAIL, NO_PORT)) == "source"
    assert kind_of(OwnError(None, BUG)) == "own"
    assert kind_of(getConnectError(OSError(errno.EMFILE, "why"))) == "own"


def test_what_nobody_has_thought_of() -> None:
    assert kind_of(ConnectError()) == kind_of(ValueError()) == "other"
