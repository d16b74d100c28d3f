"""The farm of --demo, without a gateway in front of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.demo import FRONT, Demo
from bridge.net.address import Address
from tests.zones import Iterated


@pytest.fixture
def run() -> Iterator[Iterated]:
    made = Iterated()
    yield made
    made.close()


def answer(run: Iterated, server: Address) -> tuple[str, str]:
    """What *server* says, and who asked it."""
    said = b""
    with socket.create_connection((server.host, server.port), 5) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        sock.setblocking(False)

        def closed() -> bool:
            nonlocal said
            try:
                data = sock.recv(4096)
            except BlockingIOError:
                return False
            said += data
            return not data

        run.until(closed)
        return said.decode(), "{}:{}".format(*sock.getsockname())


def test_each_server_of_its_configuration_says_who_it_is_and_whom_it_sees(
    run: Iterated,
) -> None:
    demo = Demo()
    config = demo.document().config
    assert config.fronts["demo"].listen == (Address.parse(FRONT),)
    servers = config.farms["demo"].servers
    assert [each.name for each in servers] == ["red", "green", "blue"]
    reactor: Any = run.reactor
    service = demo.service(reactor)
    service.startService()
    for each in servers:
        assert isinstance(each.address, Address)
        said, asker = answer(run, each.address)
        assert f"Hello from {each.name}, " in said
        assert f"came from {asker}." in said
    service.stopService()
