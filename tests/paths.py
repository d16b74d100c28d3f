"""Sockets on loopback, which carries 65,536 bytes, for what asks about paths."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from bridge.net.address import Address

T = TypeVar("T")

HOSTS = ("127.0.0.1", "::1")
EACH_FAMILY = pytest.mark.parametrize("host", HOSTS)


@contextmanager
def listening(host: str) -> Iterator[Address]:
    """Where somebody accepts."""
    six = ":" in host
    family = socket.AF_INET6 if six else socket.AF_INET
    # Room for all who are not accepted, or the kernel drops their SYNs.
    with socket.create_server((host, 0), family=family, backlog=1024) as server:
        yield Address(host, server.getsockname()[1])


def closed(host: str) -> Address:
    """Where nobody does."""
    with listening(host) as address:
        return address


def first(find: Callable[[], Iterator[T]], seconds: float = 5.0) -> T:
    """What *find* has first; it is asked until then."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for found in find():
            return found
        time.sleep(0.001)
    raise AssertionError("nothing came")
