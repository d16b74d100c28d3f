"""Checks of servers that speak TLS."""

from __future__ import annotations

import socket

import pytest

from tests.e2e.certified import Certified, Nginx
from tests.e2e.conftest import Start
from tests.e2e.gateway import Configuration, relay, until
from tests.e2e.peers import accept, name_of

HASTE = {"interval": "100ms", "timeout": "100ms", "rise": 1, "fall": 1}


def checked(
    server: str, certified: Certified, kind: str, **tls: object
) -> Configuration:
    farm = {"tls": certified.farm(**tls), "check": HASTE | {"kind": kind}}
    return relay(server, farm=farm)


@pytest.mark.parametrize("kind", ["tls", "http"])
def test_a_server_that_proves_who_it_is_is_up(
    start: Start, nginx: Nginx, certified: Certified, kind: str
) -> None:
    (nginx.files / "index.html").write_text("hello")
    server = f"127.0.0.1:{nginx.secure}"
    gateway = start(checked(server, certified, kind))
    before = gateway.log
    with socket.create_server(("127.0.0.1", 0)) as closing:
        where = closing.getsockname()
    other = start(checked(f"127.0.0.1:{where[1]}", certified, kind))
    until(lambda: "is down, connection refused" in other.log, "a check to have run")
    assert "is down" not in gateway.log.removeprefix(before)


@pytest.mark.parametrize("kind", ["tls", "http"])
def test_a_server_that_is_somebody_else_is_down(
    start: Start, nginx: Nginx, certified: Certified, kind: str
) -> None:
    server = f"127.0.0.1:{nginx.secure}"
    gateway = start(checked(server, certified, kind, identity="else.test"))
    until(lambda: "is down, TLS: " in gateway.log, "the check to find it")


def test_a_tcp_check_says_no_hello(
    start: Start, server: socket.socket, certified: Certified
) -> None:
    start(checked(name_of(server), certified, "tcp"))
    with accept(server) as probe:
        assert probe.recv(100) == b""
