"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.e2e.certified import Certified, certified, fronted_by, nginx
from tests.e2e.ftp_bed import bed
from tests.e2e.gateway import Configuration, Gateway
from tests.e2e.loading import echoing
from tests.e2e.peers import Crowded, echo, listen, name_of, serving

__all__ = ["bed", "certified", "nginx"]


class Start(Protocol):
    """Starts a gateway that ends with the test; *options* are Gateway's."""

    def __call__(self, configuration: Configuration, **options: Any) -> Gateway: ...


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:
        count = 0

        def make(configuration: Configuration, **options: Any) -> Gateway:
            nonlocal count
            count += 1
            gateway = Gateway(tmp_path / f"gateway{count}", configuration, **options)
            stack.callback(gateway.close)
            return gateway.wait()

        yield make


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A listening socket on 127.0.0.1 for the servers of a farm."""
    with listen() as listener:
        yield listener


@pytest.fixture
def echoed() -> Iterator[str]:
    """A server that echoes, as ``host:port``, in a process of its own."""
    with echoing() as name:
        yield name


@pytest.fixture
def crowded() -> Iterator[Crowded]:
    """A server to which dials take as long as the test wants."""
    made = Crowded()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def fronted(start: Start, server: socket.socket, certified: Certified) -> Gateway:
    """TLS in front, plain behind."""
    return start(fronted_by(certified, name_of(server)))


@pytest.fixture
def gateway_to_echo(
    start: Start, server: socket.socket, certified: Certified
) -> Iterator[Gateway]:
    with serving(server, echo):
        yield start(fronted_by(certified, name_of(server)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    One that fails is run once more: real programs race on a machine that is busy.  The
    summary lists these (RERUN); whatever is there often is a fault.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))
