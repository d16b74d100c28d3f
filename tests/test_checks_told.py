"""Checks of servers that expect a PROXY header: every kind says one, and first."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bridge.config import parse
from bridge.farm.check import Check
from bridge.farm.server import Server
from bridge.net.dial import Target
from bridge.service.checks import checks_of
from bridge.wire.proxy_header import read_header
from bridge.wire.proxy_value import ProxyHeader
from tests.pumping import PATIENCE, Turner
from tests.secured import Far, dialing
from tests.test_mysql import DENIED, GREETING


@dataclass(frozen=True)
class Kind:
    """One kind of check, and a server's words in it that pass."""

    written: str
    asked: bytes = b""
    """What it begins to ask with, unless the server speaks first."""
    answer: bytes = b""


KINDS = {
    "tcp": Kind("kind: tcp"),
    "tls": Kind("kind: tls"),
    "http": Kind("kind: http", b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n\r\n"),
    "exchange": Kind('kind: exchange, send: "PING", expect: "PONG"', b"PING", b"PONG"),
    "silent": Kind('kind: exchange, expect: "hello"', b"", b"hello\r\n"),
    "redis": Kind("kind: redis", b"*1\r\n$4\r\nPING", b"+PONG\r\n"),
    "smtp": Kind("kind: smtp", b"", b"220 mx.test ESMTP\r\n"),
    "mysql": Kind("kind: mysql", b"", GREETING + DENIED),
    "postgres": Kind("kind: postgres", b"\0\0\0\x08\x04\xd2\x160", b"N"),
}


@pytest.fixture
def turner() -> Iterator[Turner]:
    made = Turner()
    yield made
    made.settle()
    assert len(made.pump) == 0
    made.pump.stop()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(PATIENCE)
        yield made


def begun(
    turner: Turner, made: socket.socket, kind: Kind, version: int, tls: bool
) -> Any:
    """A check that has connected, and its verdicts."""
    text = (
        'fronts: {web: {listen: "[::]:1", to: web}}\n'
        f"farms: {{web: {{servers: [192.0.2.1:80], send_proxy: v{version}, "
        f"{'tls: {identity: web.test}, ' if tls else ''}"
        f"check: {{{kind.written}, interval: 1s, fall: 1, rise: 1}}}}}}"
    )
    farm = parse(text).config.farms["web"]
    assert farm.check is not None
    make: Callable[..., Check] = checks_of(farm, farm.check, turner.pump, print)
    security = dialing() if tls else None
    target = Target(socket.AF_INET, made.getsockname(), (), security=security)
    verdicts: list[tuple[bool, str]] = []
    check = make(Server("s", target), lambda up, why: verdicts.append((up, why)))
    check.start()
    turner.reactor.advance(1)
    turner.settle()
    return check, verdicts


def introduced(accepted: socket.socket) -> ProxyHeader:
    """The header, taken off; what follows is left."""
    header = read_header(accepted.recv(1000, socket.MSG_PEEK))
    assert header is not None
    accepted.recv(header.length)
    return header


def speaks_for_nobody(header: ProxyHeader, accepted: socket.socket) -> bool:
    """LOCAL, or in version 1 the addresses of the check's own connection."""
    if header.version == 2:
        return header.local and header.length == 16
    ends = accepted.getpeername(), accepted.getsockname()
    said = str(header.source), str(header.destination)
    return said == tuple(f"{host}:{port}" for host, port in ends)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "tls"])
def test_each_kind_says_it_first_and_passes(
    turner: Turner, listening: socket.socket, kind: str, version: int
) -> None:
    meant = KINDS[kind]
    check, verdicts = begun(turner, listening, meant, version, tls=False)
    accepted, _ = listening.accept()
    with accepted:
        assert speaks_for_nobody(introduced(accepted), accepted)
        if meant.asked:
            assert accepted.recv(1000).startswith(meant.asked)
        accepted.sendall(meant.answer)
        turner.until(lambda: check.said)
    check.stop()
    assert verdicts == [], check.said


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", ["tls", "http", "redis", "smtp"])
def test_it_comes_before_the_handshake_where_the_farm_has_tls(
    turner: Turner, listening: socket.socket, kind: str, version: int
) -> None:
    check, verdicts = begun(turner, listening, KINDS[kind], version, tls=True)
    accepted, _ = listening.accept()
    assert speaks_for_nobody(introduced(accepted), accepted)
    far = Far(accepted, server=True)
    far.first = KINDS[kind].answer
    turner.until(lambda: far.has("never") or check.said)
    check.stop()
    far.close()
    assert verdicts == [], check.said
    assert far.received.startswith(KINDS[kind].asked)


def test_a_tcp_check_says_it_in_clear_though_the_farm_has_tls(
    turner: Turner, listening: socket.socket
) -> None:
    check, verdicts = begun(turner, listening, KINDS["tcp"], 2, tls=True)
    accepted, _ = listening.accept()
    with accepted:
        assert speaks_for_nobody(introduced(accepted), accepted)
        assert accepted.recv(100) == b"", "and leaves in good order"
        turner.settle()
    check.stop()
    assert verdicts == []
